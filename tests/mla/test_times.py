"""Each side states when it sent and received, corrects its own times, and contests those of the other side."""

import json

import pytest
from assisting import SENT, act, clocks, draft, faults, read, recognised, sent, step, times, walk

PAPER = {"channel": "post", "security": "classified_network", "receipt": "RK 4711", "sent_at": "2026-10-01T09:00:00+02:00"}
RECEIPT = {"received_at": "2026-10-02T11:00:00+02:00", "channel": "post", "proof": "stamp of the registry"}
MONDAY = {"at": "2026-11-23T09:00:00+01:00", "proof": "the envelope", "reason": "the stamp was of another letter of the heron"}


def current(world, who, request, what):
    (row,) = [t for t in times(world, who, request) if t["what"] == what and t["state"] in {"stated", "contested"}]
    return row


def move(world, who, row, event, **body):
    return world.as_(who).post(f"/times/{row['id']}/transitions", {"event": event, **body}, If_Match=f'"{row["etag"]}"')


def approve(world, who, approval, event="approve", **body):
    row = world.as_(who).get(f"/approvals/{approval}").json
    return world.as_(who).post(f"/approvals/{approval}/transitions", {"event": event, **body}, If_Match=f'"{row["etag"]}"')


@pytest.fixture
def paper(world, clock):
    """A paper order of 1 October that arrived on 2 October and is entered by both sides on 28 November."""
    clock.at("2026-11-28T10:00:00+01:00")
    request = draft(world)
    walk(world, request, ("prosecutor", "ready"), ("prosecutor", "transmit", {"transmission": PAPER}))
    walk(world, request, ("prosecutor_fr", "receive", {"receipt": RECEIPT}))
    return request


def test_a_paper_order_that_is_entered_late_is_overdue_on_the_day_that_the_law_says(world, paper):
    # a week from Friday 2 October ends on Friday 9; thirty days end on Sunday 1 November, so on Monday 2
    for who in ("prosecutor", "prosecutor_fr"):
        assert clocks(world, who, paper) == {
            "eio_ack": ("2026-10-09T22:00", "missed"),
            "eio_recognition": ("2026-11-02T23:00", "missed"),
        }
        seen = read(world, who, paper)
        assert (seen["transmitted_at"], seen["received_at"]) == ("2026-10-01T07:00:00+00:00", "2026-10-02T09:00:00+00:00")
        assert [(t["what"], t["side"], t["at"][:16], t["channel"], t["proof"], t["stated_at"][:10]) for t in times(world, who, paper)] == [
            ("sent", "requesting", "2026-10-01T07:00", "post", "RK 4711", "2026-11-28"),
            ("received", "executing", "2026-10-02T09:00", "post", "stamp of the registry", "2026-11-28"),
        ]  # fmt: skip
    assert world.as_("prosecutor").get(f"/mla-requests/{paper}/transmissions").json["items"][0]["at"][:16] == "2026-10-01T07:00"


def test_an_order_that_an_authority_without_users_sent_on_paper_has_its_times_too(world, clock):
    clock.at("2026-11-28T10:00:00+01:00")
    came = {"at": PAPER["sent_at"], "channel": "post", "proof": "letter of 1 October"}
    incoming = {"requesting_authority": str(world.authorities["us"]), "recorded": came}
    body = {"reference": "DOJ-1", "kind": "mla_letter", "instrument": "eu_us_mla", "incoming": incoming, "language": "en"}
    made = world.as_("central_fr").post("/mla-requests", body)
    assert made.status_code == 201, made.json
    walk(world, made.json["id"], ("prosecutor_fr", "receive", {"receipt": RECEIPT}))
    found = [(t["what"], t["at"][:10], t["proof"]) for t in times(world, "prosecutor_fr", made.json["id"])]
    assert found == [("sent", "2026-10-01", "letter of 1 October"), ("received", "2026-10-02", "stamp of the registry")]


def test_what_is_sent_and_received_here_has_the_time_of_the_step(world, clock):
    clock.at("2026-12-04T09:00:00+01:00")
    request = sent(world)
    clock.at("2026-12-05T09:00:00+01:00")
    walk(world, request, ("prosecutor_fr", "receive"))
    assert [(t["what"], t["at"][:16], t["channel"]) for t in times(world, "prosecutor", request)] == [
        ("sent", "2026-12-04T08:00", SENT["channel"]), ("received", "2026-12-05T08:00", None),
    ]  # fmt: skip


def test_times_are_stated_in_their_order_and_never_in_the_future(world, clock):
    clock.at("2026-11-28T10:00:00+01:00")
    request = draft(world)
    walk(world, request, ("prosecutor", "ready"))
    for wrong, pointer, rule in (
        ({"sent_at": "2026-11-28T12:00:00+01:00"}, "/transmission/sent_at", "order_of_time"),
        ({"receipt": None}, "/transmission/receipt", "proof"),
    ):
        body = {name: value for name, value in {**PAPER, **wrong}.items() if value}
        assert faults(step(world, "prosecutor", request, "transmit", transmission=body)) == [(pointer, rule)]
    walk(world, request, ("prosecutor", "transmit", {"transmission": PAPER}))
    for at in ("2026-10-01T08:59:59+02:00", "2026-11-28T12:00:00+01:00"):
        answer = step(world, "prosecutor_fr", request, "receive", receipt={**RECEIPT, "received_at": at})
        assert faults(answer) == [("/receipt/received_at", "order_of_time")]


def test_the_result_of_a_measure_is_sent_when_it_was_sent(world, clock):
    clock.at("2026-11-28T10:00:00+01:00")
    request = recognised(world)
    clock.forward(days=3)
    assert act(world, "prosecutor_fr", request, 0, "execute").status_code == 200
    clock.forward(days=3)
    post = {"sent_at": "2026-12-02T10:00:00+01:00", "channel": "post", "proof": "R 12"}
    early = act(world, "prosecutor_fr", request, 0, "transfer", sending={**post, "sent_at": "2026-11-27T10:00:00+01:00"})
    assert faults(early) == [("/sending/sent_at", "order_of_time")]
    assert act(world, "prosecutor_fr", request, 0, "transfer", sending=post).status_code == 200
    row = current(world, "prosecutor", request, "transferred")
    assert (row["at"][:10], row["proof"], row["item_id"]) == (
        "2026-12-02",
        "R 12",
        read(world, "prosecutor", request)["measures"][0]["id"],
    )


def test_a_correction_that_relieves_nobody_holds_at_once_and_both_sides_see_old_and_new(world, paper):
    row = current(world, "prosecutor_fr", paper, "received")
    later = {"at": "2026-10-05T09:00:00+02:00", "proof": "register of the court", "reason": "it went to the court first"}
    assert move(world, "prosecutor_fr", row, "correct", **later).status_code == 200
    for who in ("prosecutor", "prosecutor_fr"):
        old, new = [t for t in times(world, who, paper) if t["what"] == "received"]
        assert (old["state"], old["replaced_by"], new["replaces"], new["state"]) == ("replaced", new["id"], old["id"], "stated")
        assert (old["at"][:10], new["at"][:10], new["reason"]) == ("2026-10-02", "2026-10-05", later["reason"])
        # a week from Monday 5 October; thirty days end on Wednesday 4 November
        assert clocks(world, who, paper) == {
            "eio_ack": ("2026-10-12T22:00", "missed"),
            "eio_recognition": ("2026-11-04T23:00", "missed"),
        }
        (moved,) = [d for d in world.as_(who).get(f"/mla-requests/{paper}/deadlines").json["items"] if d["rule"] == "eio_ack"]
        assert [(c["from_was"][:16], c["due_was"][:16], c["due"][:16]) for c in moved["corrections"]] == [
            ("2026-10-02T09:00", "2026-10-09T22:00", "2026-10-12T22:00")
        ]
        events = [e for e in world.as_(who).get("/events").json["items"] if e["object_id"] == paper]
        assert {"deadline.recomputed", "request.time_corrected"} <= {e["action"] for e in events}
        assert sorted(e["detail"]["rule"] for e in events if e["action"] == "deadline.recomputed") == ["eio_ack", "eio_recognition"]
    assert read(world, "prosecutor", paper)["received_at"] == "2026-10-05T07:00:00+00:00"


def test_a_correction_that_makes_a_missed_deadline_a_met_one_needs_two_persons(world, paper):
    row = current(world, "prosecutor_fr", paper, "received")
    before = clocks(world, "prosecutor_fr", paper)
    assert move(world, "prosecutor_fr", row, "correct", **MONDAY).status_code == 200
    assert clocks(world, "prosecutor_fr", paper) == before

    (proposed,) = [t for t in times(world, "prosecutor_fr", paper) if t["state"] == "proposed"]
    again = move(world, "prosecutor_fr", row, "correct", **MONDAY)
    assert (again.status_code, again.json["type"]) == (409, "/problems/correction-waits")
    own = approve(world, "prosecutor_fr", proposed["approval_id"])
    assert (own.status_code, own.json["type"]) == (403, "/problems/another-must-decide")
    for stranger in ("prosecutor", "admin", "judge_fr"):
        assert world.as_(stranger).get(f"/approvals/{proposed['approval_id']}").status_code == 404
    assert world.as_("investigator").get(f"/approvals/{proposed['approval_id']}").status_code == 403

    assert approve(world, "central_fr", proposed["approval_id"]).json["state"] == "approved"
    # a week from Monday 23 November; thirty days end on Wednesday 23 December
    assert clocks(world, "prosecutor", paper) == {
        "eio_ack": ("2026-11-30T23:00", "running"),
        "eio_recognition": ("2026-12-23T23:00", "running"),
    }
    assert current(world, "prosecutor", paper, "received")["reason"] == MONDAY["reason"]


@pytest.mark.parametrize(("who", "event"), [("central_fr", "reject"), ("prosecutor_fr", "withdraw")])
def test_a_correction_that_was_not_approved_changes_nothing(world, paper, who, event):
    row, before = current(world, "prosecutor_fr", paper, "received"), clocks(world, "prosecutor_fr", paper)
    move(world, "prosecutor_fr", row, "correct", **MONDAY)
    (proposed,) = [t for t in times(world, "prosecutor_fr", paper) if t["state"] == "proposed"]
    assert approve(world, who, proposed["approval_id"], event, reason="no").status_code == 200
    assert [t["state"] for t in times(world, "prosecutor_fr", paper) if t["what"] == "received"] == ["stated", "rejected"]
    assert clocks(world, "prosecutor_fr", paper) == before


def test_an_approval_of_what_was_corrected_in_the_meantime_is_refused(world, paper):
    row = current(world, "prosecutor_fr", paper, "received")
    move(world, "prosecutor_fr", row, "correct", **MONDAY)
    (proposed,) = [t for t in times(world, "prosecutor_fr", paper) if t["state"] == "proposed"]
    move(world, "prosecutor", row, "contest", reason="it was signed for on 2 October")
    answer = approve(world, "central_fr", proposed["approval_id"])
    assert (answer.status_code, answer.json["type"]) == (409, "/problems/changed-since")


def test_in_two_worlds_the_other_side_sees_nothing_of_a_proposal(world, paper):
    """With and without a proposal that waits, the Dutch see the same; the comparison itself sees a correction that holds."""

    def seen():
        me = world.as_("prosecutor")
        paths = [f"/mla-requests/{paper}{at}" for at in ("", "/times", "/deadlines", "/messages", "/transitions")]
        row = current(world, "prosecutor", paper, "received")["id"]
        lists = [me.get(path).json["items"] for path in ("/approvals", "/events")]
        return [json.dumps(me.get(path).json) for path in (*paths, f"/times/{row}/transitions")], lists

    without = seen()
    assert move(world, "prosecutor_fr", current(world, "prosecutor_fr", paper, "received"), "correct", **MONDAY).status_code == 200
    proposed = [t for t in times(world, "prosecutor_fr", paper) if t["state"] == "proposed"]
    assert len(proposed) == 1
    assert seen() == without
    assert world.as_("prosecutor").get(f"/times/{proposed[0]['id']}").status_code == 404
    approve(world, "central_fr", proposed[0]["approval_id"])
    assert seen() != without


def test_the_other_side_contests_and_then_both_times_are_shown(world, paper):
    row = current(world, "prosecutor_fr", paper, "received")
    move(world, "prosecutor_fr", row, "correct", **{**MONDAY, "at": "2026-10-05T09:00:00+02:00"})
    new = current(world, "prosecutor", paper, "received")
    assert move(world, "prosecutor_fr", new, "contest", reason="x").json["type"] == "/problems/not-your-time"
    assert faults(move(world, "prosecutor", new, "contest")) == [("/reason", "required")]
    assert move(world, "prosecutor", new, "contest", reason="the heron signed on 2 October").status_code == 200
    for who in ("prosecutor", "prosecutor_fr"):
        old, contested = [t for t in times(world, who, paper) if t["what"] == "received"]
        assert (old["at"][:10], contested["at"][:10], contested["state"]) == ("2026-10-02", "2026-10-05", "contested")
        assert contested["objection"] == "the heron signed on 2 October"
        rows = {d["rule"]: d for d in world.as_(who).get(f"/mla-requests/{paper}/deadlines").json["items"]}
        assert all(d["contested"] for d in rows.values())
        assert (rows["eio_ack"]["due_at"][:10], rows["eio_ack"]["corrections"][-1]["due_was"][:10]) == ("2026-10-12", "2026-10-09")
    contested = current(world, "prosecutor", paper, "received")
    assert move(world, "prosecutor", contested, "accept").json["state"] == "stated"
    assert current(world, "prosecutor_fr", paper, "received")["objection"] is None


def test_each_side_corrects_only_its_own_times_and_within_their_order(world, paper):
    received, dispatched = (current(world, "prosecutor", paper, what) for what in ("received", "sent"))
    assert move(world, "prosecutor", received, "correct", **MONDAY).json["type"] == "/problems/not-your-time"
    assert move(world, "foreign", received, "correct", **MONDAY).status_code == 403
    assert faults(move(world, "prosecutor", dispatched, "correct", **MONDAY)) == [("/at", "order_of_time")]
    for at in ("2026-10-01T08:00:00+02:00", "2026-11-28T12:00:00+01:00"):
        assert faults(move(world, "prosecutor_fr", received, "correct", **{**MONDAY, "at": at})) == [("/at", "order_of_time")]
    for lacking, pointer in ((("at",), "/at"), (("proof",), "/proof"), (("reason",), "/reason")):
        body = {name: value for name, value in MONDAY.items() if name not in lacking}
        assert faults(move(world, "prosecutor_fr", received, "correct", **body)) == [(pointer, "required")]


def test_the_times_of_those_who_have_nobody_here_are_corrected_by_those_who_recorded_them(world, clock):
    clock.at("2026-11-28T10:00:00+01:00")
    request = sent(world, kind="mla_letter", to="us", instrument="eu_us_mla")
    clock.forward(days=2)
    walk(
        world,
        request,
        ("prosecutor", "receive", {"recorded": {"at": "2026-11-29T10:00:00+01:00", "channel": "post", "proof": "R 9"}}),
    )
    row = current(world, "prosecutor", request, "received")
    assert (row["proof"], row["authority_id"]) == ("R 9", str(world.authorities["us"]))
    done = move(world, "prosecutor", row, "correct", at="2026-11-29T08:00:00+01:00", proof="R 9, page 2", reason="misread")
    assert done.status_code == 200, done.json
    assert current(world, "prosecutor", request, "received")["at"][:16] == "2026-11-29T07:00"


def test_proofs_and_reasons_are_in_no_journal_and_in_no_column(world, paper, owner):
    move(world, "prosecutor_fr", current(world, "prosecutor_fr", paper, "received"), "correct", **MONDAY)
    with owner.cursor() as cursor:
        for table in ("stated_times", "approvals", "journal_entries", "deadlines"):
            cursor.execute(f"select coalesce(jsonb_agg(to_jsonb(t)), '[]') from {table} t")
            kept = json.dumps(cursor.fetchone()[0])
            assert "heron" not in kept
            assert "envelope" not in kept
