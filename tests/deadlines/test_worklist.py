"""The morning list of both sides, extensions by the side that owes, and nothing of it for anybody else."""

import json
from uuid import uuid4

import pytest

LONGER = {"reason": "the heron file is at the court", "estimate": "2027-01-20T00:00:00+01:00"}


@pytest.fixture
def asked(ask, clock):
    """An order that the French received on Friday 4 December 2026."""
    clock.at("2026-12-04T09:00:00+01:00")
    return ask().happens("receive")


def faults(answer):
    return [(fault["pointer"], fault["rule"]) for fault in answer.json["errors"]]


def test_both_sides_see_the_same_clocks_each_from_its_side(asked):
    for who in ("investigator", "prosecutor_fr", "central_fr"):
        assert [d["rule"] for d in asked.rows(who)] == ["eio_ack", "eio_recognition"]
    assert asked.rows("prosecutor_fr", side="mine") == asked.rows("prosecutor_fr")
    assert asked.rows("prosecutor_fr", side="theirs") == []
    assert asked.rows("investigator", side="theirs") == asked.rows("investigator")
    assert asked.rows("investigator", side="mine") == []


def test_the_morning_list_walks_with_time(asked, clock):
    def morning(**wanted):
        return [d["rule"] for d in asked.rows("central_fr", side="mine", **wanted)]

    assert (morning(overdue="true"), morning(within=24)) == ([], [])
    clock.at("2026-12-11T09:00:00+01:00")
    assert (morning(overdue="true"), morning(within=24)) == ([], ["eio_ack"])
    clock.at("2026-12-11T23:59:59+01:00")
    assert (morning(overdue="true"), morning(within=1)) == ([], ["eio_ack"])
    clock.at("2026-12-12T00:00:01+01:00")
    assert (morning(overdue="true"), morning(within=24)) == (["eio_ack"], [])
    asked.happens("acknowledge")
    assert (morning(overdue="true"), morning(state="met_late")) == ([], ["eio_ack"])
    assert morning(within=8760) == ["eio_recognition"]


def test_the_list_is_sorted_by_time_and_read_in_pages(asked, ask, world, clock):
    clock.at("2026-12-08T09:00:00+01:00")
    ask().happens("receive")
    me, found, path = world.as_("prosecutor_fr"), [], "/deadlines?limit=1"
    while path:
        page = me.get(path).json
        found += [(d["rule"], d["due_at"][:10]) for d in page["items"]]
        path = page["next"] and f"/deadlines?limit=1&cursor={page['next']}"
    # a week from the 4th and from the 8th; thirty days end on Sunday 3 January, so Monday 4, and on Thursday 7
    assert found == [
        ("eio_ack", "2026-12-11"), ("eio_ack", "2026-12-15"), ("eio_recognition", "2027-01-04"), ("eio_recognition", "2027-01-07"),
    ]  # fmt: skip


def test_the_list_is_narrowed_by_rule_authority_and_request(asked, ask, world):
    other = ask().happens("receive")
    me = world.as_("central_fr")
    assert {d["object_id"] for d in me.get("/deadlines?rule=eio_ack").json["items"]} == {str(asked.id), str(other.id)}
    assert len(me.get(f"/deadlines?authority={world.authorities['fr']}").json["items"]) == 4
    assert me.get(f"/deadlines?authority={world.authorities['nl']}").json["items"] == []
    assert {d["object_id"] for d in other.rows("central_fr")} == {str(other.id)}


def test_every_state_that_is_shown_can_be_looked_for(ask, clock):
    clock.at("2026-12-04T09:00:00+01:00")
    first, second = uuid4(), uuid4()
    everything = [
        ask().happens("receive", items=[first]).happens("acknowledge").happens("recognise", items=[first, second]),
        ask("preservation", "budapest").happens("preserve"),
        ask("preservation", "budapest").happens("preserve").happens("expire"),
        ask("preservation", "budapest").happens("preserve").happens("release"),
        ask("epoc", "e_evidence", executing="provider", enforcing="fr").happens("delivered", notified=True),
        ask("epoc", "e_evidence", executing="provider").happens("receive", items=[first]).happens("ask_clarification"),
        ask().happens("receive").happens("return"),
    ]
    everything[0].happens("measure.execute", item=first)
    seen = set()
    for days in (0, 11, 100):
        clock.at("2026-12-04T09:00:01+01:00")
        clock.forward(days=days)
        everything[0].happens("measure.execute", item=second) if days == 100 else None
        for asked in everything:
            rows = {d["id"]: d["state"] for d in asked.rows()}
            for state in ("running", "suspended", "met", "met_late", "missed", "lapsed", "cancelled"):
                wanted = {d["id"] for d in asked.rows(state=state)}
                assert wanted == {row for row, shown in rows.items() if shown == state}, (asked.kind, days, state)
                seen |= {state} if wanted else set()
    assert seen == {"running", "suspended", "met", "met_late", "missed", "lapsed", "cancelled"}


@pytest.mark.parametrize("who", ["romanian", "desk_fr", "judge_fr", "uncleared"])
def test_who_takes_no_part_finds_nothing(asked, world, who):
    here = who == "uncleared"  # of the French prosecution, which takes part as a whole
    row = asked.row("eio_ack")
    assert (asked.rows(who) == []) is not here
    for path in (f"/deadlines/{row['id']}", f"/deadlines/{row['id']}/transitions"):
        assert world.as_(who).get(path).status_code == (200 if here else 404)
    assert asked.extend(who, "eio_recognition", **LONGER).status_code == (403 if here else 404)


def test_one_deadline_says_by_which_article_and_in_which_calendar(asked, world):
    row = world.as_("investigator").get(f"/deadlines/{asked.row('eio_recognition')['id']}").json
    assert (row["article"], row["zone"], row["calendar"], row["moved_over_holidays"]) == (
        "EIO Art. 12(3)", "Europe/Paris", "holidays", True,
    )  # fmt: skip
    assert (row["started_by"], row["from_at"][:16], row["country"], row["rule_version"]) == (
        "receive", "2026-12-04T08:00", "FR", "2026-12",
    )  # fmt: skip
    assert row["titles"]["fr"] == "Décider de la reconnaissance"


def test_recognition_is_extended_once_by_thirty_days_with_reason_and_estimate(asked, world):
    silent = asked.extend("prosecutor_fr", "eio_recognition", estimate=LONGER["estimate"])
    assert (silent.status_code, silent.json["errors"][0]["pointer"]) == (422, "/reason")
    vague = asked.extend("prosecutor_fr", "eio_recognition", reason=LONGER["reason"])
    assert (vague.status_code, faults(vague)) == (422, [("/estimate", "estimate")])
    endless = asked.extend("prosecutor_fr", "eio_recognition", **{**LONGER, "estimate": "2027-02-03T00:00:01+01:00"})
    assert (endless.status_code, faults(endless)) == (422, [("/estimate", "at_most")])
    earlier = asked.extend("prosecutor_fr", "eio_recognition", **{**LONGER, "estimate": "2027-01-04T00:00:00+01:00"})
    assert (earlier.status_code, faults(earlier)) == (422, [("/estimate", "later")])

    done = asked.extend("prosecutor_fr", "eio_recognition", **LONGER)
    assert done.status_code == 200, done.json
    # sixty days from 4 December: 27 + 31 = 58 to 31 January, Tuesday 2 February
    assert (done.json["due_at"][:16], done.json["first_due_at"][:16]) == ("2027-02-02T23:00", "2027-01-04T23:00")
    again = asked.extend("prosecutor_fr", "eio_recognition", **LONGER)
    assert (again.status_code, again.json["article"]) == (409, "EIO Art. 12(5)")
    never = asked.extend("prosecutor_fr", "eio_ack", **LONGER)
    assert (never.status_code, never.json["article"]) == (409, "EIO Art. 16(1)")


def test_execution_is_extended_to_the_date_that_both_consult_on_as_often_as_it_takes(asked):
    asked.happens("recognise", items=[uuid4()])
    for estimate in ("2027-05-01T00:00:00+02:00", "2027-06-01T00:00:00+02:00"):
        done = asked.extend("prosecutor_fr", "eio_execution", reason="the expert is ill", estimate=estimate)
        assert done.status_code == 200, done.json
    assert done.json["due_at"] == "2027-05-31T22:00:00+00:00"
    assert [e["to"][:10] for e in done.json["extensions"]] == ["2027-04-30", "2027-05-31"]


def test_only_the_side_that_owes_extends_and_there_only_who_decides(asked, world):
    assert asked.extend("prosecutor", "eio_recognition", **LONGER).status_code == 403
    assert asked.extend("investigator", "eio_recognition", **LONGER).json["type"] == "/problems/not-your-deadline"
    assert asked.extend("foreign", "eio_recognition", **LONGER).status_code == 403
    path = f"/deadlines/{asked.row('eio_recognition')['id']}/transitions"
    assert world.as_("prosecutor_fr").get(path).json["allowed"] == [{"event": "extend", "target": "running", "reason_needed": True}]
    for who in ("investigator", "foreign"):
        assert world.as_(who).get(path).json["allowed"] == []


def test_what_has_ended_or_was_missed_is_extended_no_more(asked, clock):
    asked.happens("acknowledge")
    assert asked.extend("prosecutor_fr", "eio_ack", **LONGER).status_code == 409
    clock.at("2027-01-05T09:00:00+01:00")
    late = asked.extend("prosecutor_fr", "eio_recognition", **LONGER)
    assert (late.status_code, late.json["state"], late.json["allowed"]) == (409, "missed", [])


def test_an_extension_names_the_version_it_extends(asked, world):
    row, me = asked.row("eio_recognition"), world.as_("prosecutor_fr")
    path, body = f"/deadlines/{row['id']}/transitions", {"event": "extend", **LONGER}
    assert me.post(path, body).status_code == 428
    assert me.post(path, body, If_Match='"v9"').status_code == 412
    assert me.post(path, body, If_Match=f'"{row["etag"]}"').status_code == 200


def test_the_reason_is_for_both_sides_and_in_no_journal(asked, world, owner):
    assert asked.extend("prosecutor_fr", "eio_recognition", **LONGER).status_code == 200
    for who in ("investigator", "central_fr"):
        (told,) = asked.row("eio_recognition", who)["extensions"]
        assert (told["reason"], told["to"][:16], told["estimate"][:16]) == (
            LONGER["reason"], "2027-02-02T23:00", "2027-01-19T23:00",
        )  # fmt: skip
    for who in ("investigator", "prosecutor_fr"):
        events = [e for e in world.as_(who).get("/events").json["items"] if e["action"] == "deadline.extended"]
        assert [(e["object_id"], e["detail"]["rule"]) for e in events] == [(str(asked.id), "eio_recognition")]
    with owner.cursor() as cursor:
        for table in ("deadlines", "journal_entries"):
            cursor.execute(f"select coalesce(jsonb_agg(to_jsonb(t)), '[]') from {table} t")
            assert "heron" not in json.dumps(cursor.fetchone()[0])
