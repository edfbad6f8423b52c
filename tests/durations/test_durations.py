"""How long things were in each state, and on whom a case waits, over HTTP."""

from datetime import UTC, datetime, timedelta

import gathering
import pytest
from assisting import SUBSCRIBER, TRAFFIC, act, draft, read, sent, step, walk
from test_definer_rights import run
from waiting import START, answer, ask, durations, figures, judge, overlapping, stages, waiting, whom


def test_a_request_waits_for_one_authority_after_the_other(world, clock):
    clock.at(START)
    case = world.case("prosecutor")
    request = draft(world, case_id=case, measures=[SUBSCRIBER, TRAFFIC])
    assert whom(world, "prosecutor", case) == [("own", "NL", "request", "ready")]
    clock.forward(hours=2)
    walk(world, request, ("prosecutor", "ready"))
    clock.forward(hours=1)
    walk(world, request, ("prosecutor", "transmit", {"transmission": {"channel": "post", "security": "classified_network"}}))
    assert whom(world, "prosecutor", case) == [("authority", "FR", "request", "receive")]
    clock.forward(hours=5)
    walk(world, request, ("prosecutor_fr", "receive"))
    clock.forward(hours=7)
    walk(world, request, ("prosecutor_fr", "acknowledge"))
    clock.forward(hours=3)
    walk(world, request, ("prosecutor_fr", "ask", {"reason": "Which mailbox?"}))
    assert whom(world, "prosecutor", case) == [("own", "NL", "request", "supply")]
    clock.forward(hours=4)
    walk(world, request, ("prosecutor", "supply", {"reason": "The one of the heron."}), ("prosecutor_fr", "recognise"))
    clock.forward(hours=10)
    assert act(world, "prosecutor_fr", request, 0, "execute").status_code == 200
    clock.forward(hours=10)
    (request_row,) = stages(world, "prosecutor", case, "request")
    assert request_row == [
        ("draft", 2.0), ("ready", 1.0), ("transmitted", 5.0), ("received", 7.0), ("acknowledged", 3.0), ("information_requested", 4.0),
        ("acknowledged", 0.0), ("recognised", 10.0), ("in_execution", 10.0),
    ]  # fmt: skip
    assert sorted(stages(world, "prosecutor", case, "measure")) == [
        [("pending", 10.0), ("executed", 10.0)], [("pending", 20.0)],
    ]  # fmt: skip
    told = waiting(world, "prosecutor", case)
    hours = {(one["who"], one["country"]): (one["hours"], one["waiting"]) for one in told["waited"]}
    assert hours == {("own", "NL"): (7.0, 0), ("authority", "FR"): (5 + 7 + 3 + 10 + 10 + 20, 2)}
    assert sorted((one["type"], one["step"], one["overdue"]) for one in told["waiting"]) == [
        ("measure", "execute", False), ("measure", "transfer", False),
    ]  # fmt: skip
    assert told["waiting"][0]["due_at"] is not None
    clock.forward(days=120)
    assert any(one["overdue"] for one in waiting(world, "prosecutor", case)["waiting"])


def test_who_asks_alone_sees_how_long_it_drafted(world, clock):
    clock.at(START)
    request = draft(world, case_id=world.case("prosecutor"))
    clock.forward(hours=2)
    walk(
        world,
        request,
        ("prosecutor", "ready"),
        ("prosecutor", "transmit", {"transmission": {"channel": "post", "security": "classified_network"}}),
    )
    clock.forward(hours=3)
    walk(world, request, ("prosecutor_fr", "receive"))
    assert ("request", "eio", "draft") in figures(world, "central")
    assert set(figures(world, "central_fr")) == {("request", "eio", "transmitted"), ("request", "eio", "received")}
    assert figures(world, "central_fr")["request", "eio", "transmitted"]["hours"]["median"] == 3
    assert figures(world, "prosecutor_ro") == {}


def test_time_before_a_request_is_forwarded_is_that_of_who_forwarded_it(world, clock):
    clock.at(START)
    case = world.case("prosecutor")
    request = sent(world, case_id=case)
    clock.forward(hours=5)
    walk(world, request, ("prosecutor_fr", "receive"))
    clock.forward(hours=5)
    court = str(world.authorities["fr_court"])
    walk(world, request, ("prosecutor_fr", "forward", {"reason": "competent", "to_authority": court}))
    clock.forward(hours=20)
    told = waiting(world, "prosecutor", case)
    assert {(one["who"], one["authority"]): one["hours"] for one in told["waited"] if one["who"] != "own"} == {
        ("authority", "Prosecution Office"): 10.0, ("court", "Court of First Instance"): 20.0,
    }  # fmt: skip


def test_an_overlap_and_a_disclosure_wait_for_each_side_and_for_a_court(world, clock):
    clock.at(START)
    mine, theirs, overlap = overlapping(world)
    clock.forward(hours=4)
    assert whom(world, "prosecutor", mine) == [("own", "NL", "overlap", "take")]
    judge(world, "prosecutor", overlap, "take")
    clock.forward(hours=6)
    judge(world, "prosecutor", overlap, "confirm")
    assert stages(world, "prosecutor", mine, "overlap") == [[("detected", 4.0), ("under_verification", 6.0), ("confirmed", 0.0)]]
    assert stages(world, "prosecutor_fr", theirs, "overlap") == [[("detected", 10.0)]]
    disclosure = ask(world, "prosecutor", overlap)
    assert whom(world, "prosecutor", mine) == [("authority", "FR", "disclosure", "disclose")]
    assert ("own", "FR", "disclosure", "disclose") in whom(world, "prosecutor_fr", theirs)
    clock.forward(hours=3)
    answer(world, "prosecutor_fr", disclosure, "await_authorisation")
    assert whom(world, "prosecutor", mine) == [("court", "FR", "disclosure", "disclose")]
    clock.forward(hours=8)
    answer(world, "prosecutor_fr", disclosure, "refuse", reason="no", ground="authorisation_refused")
    assert stages(world, "prosecutor", mine, "disclosure") == [
        [("requested", 3.0), ("awaiting_judicial_authorisation", 8.0), ("refused", 0.0)]
    ]
    assert whom(world, "prosecutor", mine) == []
    row = figures(world, "prosecutor")["overlap", "strong", "under_verification"]
    assert (row["hours"]["number"], row["hours"]["p90"], row["now_in"]) == (1, 6.0, 0)


def test_only_who_may_read_a_case_sees_its_durations_and_each_role_what_it_reads(world):
    mine, _, _ = overlapping(world)
    sent(world, case_id=mine)
    for who in ("prosecutor_fr", "romanian", "desk_fr"):
        assert world.as_(who).get(f"/cases/{mine}/durations").status_code == 404, who
        assert world.as_(who).get(f"/cases/{mine}/waiting").status_code == 404, who
    assert world.as_("desk").get(f"/cases/{mine}/durations").status_code == 403
    assert world.as_("auditor").get(f"/cases/{mine}/durations").status_code == 403
    seen = {who: {item["type"] for item in durations(world, who, mine)} for who in ("prosecutor", "central", "analyst")}
    assert seen == {"prosecutor": {"request", "overlap"}, "central": {"request"}, "analyst": {"overlap"}}
    assert world.as_("investigator").get("/statistics/durations").status_code == 403
    assert world.as_("admin").get("/statistics/durations").status_code == 403


def test_things_come_in_pages_and_bad_input_is_refused_with_its_place(world):
    case = world.case("prosecutor")
    for number in range(3):
        sent(world, case_id=case, reference=f"eio-{number}")
    me, whole = world.as_("prosecutor"), durations(world, "prosecutor", case)
    found, path = [], f"/cases/{case}/durations?limit=2"
    while path:
        answered = me.get(path).json
        found += answered["items"]
        path = answered["next"] and f"/cases/{case}/durations?limit=2&cursor={answered['next']}"
    assert [item["id"] for item in found] == [item["id"] for item in whole]
    assert len(waiting(world, "prosecutor", case, "?limit=1")["waiting"]) == 1
    assert waiting(world, "prosecutor", case, "?limit=1")["total"] == 3
    paths = (f"/cases/{case}/durations?type=letter", f"/cases/{case}/waiting?limit=0", "/statistics/durations?since=yesterday")
    for path in paths:
        refused = me.get(path)
        assert (refused.status_code, len(refused.json["errors"])) == (422, 1), path


def test_what_was_not_recorded_is_unknown(world, owner, clock):
    """An overlap that was confirmed before states were recorded."""
    clock.at(START)
    mine, _, overlap = overlapping(world)
    judge(world, "prosecutor", overlap, "take")
    with owner.cursor() as cursor:
        cursor.execute("delete from object_stages")
        cursor.execute(
            "insert into object_stages (object_type, object_id, case_id, was, state, since) values"
            " ('overlap', %s, %s, 'detected', 'unknown', null), ('overlap', %s, %s, 'unknown', 'under_verification', null)",
            (overlap, mine, overlap, mine),
        )
    assert stages(world, "prosecutor", mine, "overlap") == [[("detected", None), ("unknown", None), ("under_verification", None)]]
    row = figures(world, "prosecutor", "?type=overlap")["overlap", "strong", "detected"]
    assert (row["hours"], row["not_known"], row["now_in"]) == (None, 1, 0)


def test_a_time_in_which_states_were_left_is_chosen(world, clock):
    clock.at(START)
    request = sent(world, case_id=world.case("prosecutor"))
    clock.forward(hours=5)
    walk(world, request, ("prosecutor_fr", "receive"))
    until = (datetime.fromisoformat(START) + timedelta(hours=1)).astimezone(UTC).isoformat().replace("+00:00", "Z")
    assert figures(world, "central", f"?until={until}").get(("request", "eio", "transmitted")) is None
    assert figures(world, "central", f"?since={until}")["request", "eio", "transmitted"]["hours"]["number"] == 1
    assert step(world, "prosecutor_fr", request, "acknowledge").status_code == 200
    assert read(world, "prosecutor", request)["state"] == "acknowledged"


def test_a_case_waits_for_a_provider_and_for_a_desk_of_eurojust(world, clock):
    clock.at(START)
    case, _, found = gathering.overlap(world)
    order = sent(world, "prosecutor", "epoc", "provider", reference="e-1", measures=[SUBSCRIBER], case_id=case)
    meeting = gathering.proposed(world, origin=("overlap", found))
    told = {one["id"]: (one["who"], one["country"], one["step"]) for one in waiting(world, "prosecutor", case)["waiting"]}
    assert told[order] == ("provider", "IE", "receive")
    assert told[meeting] == ("eurojust_desk", "NL", "schedule")
    clock.forward(hours=3)
    assert gathering.step(world, "desk", meeting, "schedule", **gathering.hours(world, 24, 27)).status_code == 200
    assert stages(world, "prosecutor", case, "meeting") == [[("proposed", 3.0), ("scheduled", 0.0)]]
    assert figures(world, "desk", "?type=meeting")["meeting", "III", "proposed"]["hours"]["median"] == 3


@pytest.mark.parametrize("who", ["investigator", "prosecutor", "analyst"])
@pytest.mark.parametrize(
    "asked",
    [
        "select * from priv.page_of_durations(cast(:case as uuid), array['request', 'overlap'], '{}', null, 9)",
        "select * from priv.case_waiting(cast(:case as uuid), array['request', 'overlap'], '{}', '[]', '[]', 9)",
    ],
)
def test_the_database_tells_the_times_of_one_case_only(world, who, asked):
    case = world.case("investigator")
    assert run(world, who, asked, case=None) == "42501"
    assert run(world, who, asked, case=case) != "42501"
