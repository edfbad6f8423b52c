"""Actions with their owners and days, outcomes that begin the next thing, the log of a coordination centre."""

from datetime import timedelta

import pytest
from assisting import CONTENT, TRAFFIC
from gathering import held, overlap, proposed, scheduled

from coopapi.directory import codelists


def undertaken(world, meeting, owner="fr", day="2031-02-10", text="Search the flat"):
    body = {"owner": str(world.authorities[owner]), "due_on": day, "text": text}
    made = world.as_("desk").post(f"/meetings/{meeting}/actions", body)
    assert made.status_code == 201, made.json
    return made.json


def act(world, who, action, event, **more):
    path = f"/actions/{action['id']}/transitions"
    return world.as_(who).post(path, {"event": event, **more}, If_Match=f'"{action["etag"]}"')


def actions(world, who, query=""):
    return [a["id"] for a in world.as_(who).get(f"/actions?{query}").json["items"]]


@pytest.mark.parametrize(
    ("whose", "day", "due"),
    [
        ("fr", "2031-02-10", "2031-02-10T23:00:00"),
        ("ro", "2031-02-10", "2031-02-10T22:00:00"),
        ("nl", "2031-07-01", "2031-07-01T22:00:00"),
        ("nl", "2031-03-30", "2031-03-30T22:00:00"),
        ("europol", "2031-02-10", "2031-02-11T00:00:00"),
    ],
)
def test_an_action_is_due_at_the_end_of_the_day_where_it_is_owed(world, whose, day, due):
    action = undertaken(world, world.once(held), whose, day)

    assert (action["due_on"], action["due_at"][:19]) == (day, due)


def test_an_action_is_overdue_when_its_day_is_over(world):
    meeting = world.once(held)
    action = undertaken(world, meeting)
    later = undertaken(world, meeting, "ro", "2031-03-01")
    assert actions(world, "prosecutor_fr", "side=mine") == [action["id"]]
    assert actions(world, "desk") == [action["id"], later["id"]]

    world.clock.at("2031-02-10T22:59:00+00:00")
    assert actions(world, "prosecutor_fr", "side=mine&within=1") == [action["id"]]
    assert actions(world, "prosecutor_fr", "overdue=true") == []
    world.clock.at("2031-02-10T23:00:01+00:00")

    assert actions(world, "prosecutor_fr", "overdue=true") == [action["id"]]
    assert actions(world, "prosecutor_fr", "state=overdue&side=mine") == [action["id"]]
    assert world.as_("prosecutor_fr").get(f"/actions/{action['id']}").json["state"] == "overdue"


def test_the_last_day_is_counted_where_the_owner_is(world):
    meeting = world.once(held)
    body = {"owner": str(world.authorities["ro"]), "due_on": "2031-12-01", "text": "T"}
    world.clock.at("2031-12-01T22:30:00+00:00")  # half past midnight on the second in Bucharest
    assert world.as_("desk").post(f"/meetings/{meeting}/actions", body).json["errors"][0]["pointer"] == "/due_on"
    world.clock.at("2031-12-01T21:30:00+00:00")
    assert world.as_("desk").post(f"/meetings/{meeting}/actions", body).json["state"] == "open"


def test_the_owner_says_that_it_is_done(world):
    action = undertaken(world, world.once(held))
    assert [act(world, who, action, "done").status_code for who in ("desk", "prosecutor_ro")] == [403, 403]
    assert world.as_("prosecutor_fr").get(f"/actions/{action['id']}/transitions").json["state"] == "open"

    done = act(world, "prosecutor_fr", action, "done")

    assert (done.status_code, done.json["state"]) == (200, "done")
    assert act(world, "prosecutor_fr", done.json, "drop", reason="R").status_code == 409
    again = act(world, "prosecutor_fr", done.json, "reopen", reason="One room was left out")
    assert (again.json["state"], again.json["reason"]) == ("open", "One room was left out")
    assert act(world, "prosecutor_fr", again.json, "drop").status_code == 422
    assert act(world, "prosecutor_fr", again.json, "drop", reason="He moved").json["state"] == "dropped"
    told = {e["action"] for e in world.as_("desk").get("/events?limit=200").json["items"]}
    assert {"meeting.action_undertaken", "meeting.action_done", "meeting.action_open", "meeting.action_dropped"} <= told


def test_an_owner_whose_access_has_ended_still_does_what_it_undertook(world):
    action = undertaken(world, world.once(held), day="2031-06-30")
    world.clock.forward(days=40)

    done = act(world, "prosecutor_fr", action, "done")

    assert (done.status_code, done.json["text"]) == (200, "Search the flat")
    assert world.as_("desk_fr").get(f"/actions/{action['id']}").status_code == 404


@pytest.mark.parametrize(("whose", "day"), [("us", "2031-02-10"), ("fr", "2020-01-01")])
def test_an_action_is_of_somebody_who_came_and_in_the_future(world, whose, day):
    meeting = world.once(held)
    body = {"owner": str(world.authorities[whose]), "due_on": day, "text": "T"}

    assert world.as_("desk").post(f"/meetings/{meeting}/actions", body).status_code == 422


def test_before_the_meeting_there_are_no_conclusions_no_actions_no_outcomes(world):
    meeting = world.once(scheduled)
    me = world.as_("desk")
    action = me.post(f"/meetings/{meeting}/actions", {"due_on": "2099-01-01", "text": "T"})
    conclusion = me.post(f"/meetings/{meeting}/conclusions", {"country": "NL", "text": "T"})
    outcome = world.as_("prosecutor").post(
        f"/meetings/{meeting}/outcomes", {"kind": "request", "request": {"reference": "r", "kind": "eio"}}
    )

    assert [r.status_code for r in (action, conclusion, outcome)] == [409] * 3


def test_a_request_is_begun_in_one_step(world):
    meeting = world.once(held)
    request = {
        "reference": "EIO-1", "kind": "eio", "instrument": "eio", "executing_authority": str(world.authorities["fr"]),
        "language": "en", "content": CONTENT, "measures": [TRAFFIC],
    }  # fmt: skip

    made = world.as_("prosecutor").post(f"/meetings/{meeting}/outcomes", {"kind": "request", "request": request})

    assert (made.status_code, made.json["made_type"]) == (201, "request")
    begun = world.as_("prosecutor").get(made.json["href"])
    assert (begun.status_code, begun.json["state"], begun.json["reference"]) == (200, "draft", "EIO-1")
    assert world.as_("prosecutor_ro").get(made.json["href"]).status_code == 404


def test_a_team_is_proposed_in_one_step(world):
    meeting = world.once(held)
    team = {
        "reference": "JIT-1", "legal_basis": min(codelists.load("jit_legal_bases").codes),
        "parties": [{"authority_id": str(world.authorities["fr"])}],
    }  # fmt: skip

    made = world.as_("prosecutor").post(f"/meetings/{meeting}/outcomes", {"kind": "jit_proposal", "jit_proposal": team})

    assert (made.status_code, made.json["made_type"]) == (201, "jit"), made.json
    assert world.as_("prosecutor_fr").get(made.json["href"]).json["state"] == "proposed"
    assert world.as_("prosecutor_ro").get(made.json["href"]).status_code == 404


def test_what_was_begun_is_named_to_those_who_see_it(world):
    meeting = world.once(held)
    team = {"reference": "JIT-1", "legal_basis": "bilateral", "parties": [{"authority_id": str(world.authorities["fr"])}]}
    request = {"reference": "EIO-1", "kind": "eio"}
    begun = [
        world.as_("prosecutor").post(f"/meetings/{meeting}/outcomes", {"kind": kind, kind: what}).json
        for kind, what in (("request", request), ("jit_proposal", team))
    ]

    def named(who):
        there = world.as_(who).get(f"/meetings/{meeting}/outcomes").json["items"]
        return {outcome["kind"]: (outcome["made_id"], outcome["href"]) for outcome in there}

    drafted, proposal = [(outcome["made_id"], outcome["href"]) for outcome in begun]
    assert named("prosecutor") == {"request": drafted, "jit_proposal": proposal}
    assert named("prosecutor_fr") == {"request": (None, None), "jit_proposal": proposal}
    assert named("prosecutor_ro") == {"request": (None, None), "jit_proposal": (None, None)}
    told = world.as_("prosecutor_ro").get("/events?limit=200").get_data(as_text=True)
    assert "meeting.outcome" in told
    assert not [outcome for outcome in begun if outcome["made_id"] in told]


def test_a_consultation_and_a_disclosure_are_begun_in_one_step(world):
    _, _, found = overlap(world)
    meeting = held(world, origin=("overlap", found))
    consultation = {"overlap_id": found, "facts": "The same streams", "in_custody": True}

    made = world.as_("prosecutor").post(f"/meetings/{meeting}/outcomes", {"kind": "consultation", "consultation": consultation})
    assert made.status_code == 201, made.json
    begun = world.as_("prosecutor_ro").get(made.json["href"])
    assert (begun.status_code, begun.json["meeting_id"]) == (200, meeting)
    assert world.take("prosecutor", found).status_code == 200
    asked = {"overlap_id": found, "purpose": "investigation", "offence": "ocsea", "items_asked": ["names"]}
    disclosure = world.as_("prosecutor").post(f"/meetings/{meeting}/outcomes", {"kind": "disclosure", "disclosure": asked})

    assert disclosure.status_code == 201, disclosure.json
    assert world.as_("prosecutor_ro").get(disclosure.json["href"]).json["side"] == "owner"


def test_an_outcome_needs_the_right_to_begin_it_and_what_is_begun(world):
    meeting = world.once(held)
    consultation = {"kind": "consultation", "consultation": {"contacted": [str(world.authorities["fr"])], "facts": "F"}}

    assert world.as_("desk").post(f"/meetings/{meeting}/outcomes", consultation).status_code == 403
    empty = world.as_("prosecutor").post(f"/meetings/{meeting}/outcomes", {"kind": "request"})
    assert (empty.status_code, empty.json["errors"][0]["pointer"]) == (422, "/request")


def test_a_coordination_centre_logs_and_adds_up(world):
    meeting = scheduled(world, proposed(world, level="coordination_centre"))
    world.clock.forward(hours=25)

    def log(who, country, measure, minutes, **figures):
        at = (world.clock() - timedelta(minutes=minutes)).isoformat()
        body = {"at": at, "country": country, "measure": measure, "figures": figures, "note": "Flat 2"}
        return world.as_(who).post(f"/meetings/{meeting}/log", body).status_code

    assert log("prosecutor_fr", "FR", "arrest", 20, arrests=2, devices=5) == 201
    assert log("prosecutor_fr", "FR", "search", 30, searches=3) == 201
    assert log("desk", "RO", "arrest", 10, arrests=1) == 201
    assert log("prosecutor_ro", "FR", "arrest", 10, arrests=9) == 403
    assert log("desk", "NL", "arrest", -60, arrests=9) == 422
    assert log("desk", "ES", "arrest", 5, arrests=9) == 422
    assert log("desk", "NL", "arrest", 5, medals=9) == 422

    found = world.as_("europol").get(f"/meetings/{meeting}/results").json
    assert found["total"] == {"arrests": 3, "searches": 3, "devices": 5}
    assert found["countries"] == [
        {"country": "FR", "figures": {"searches": 3, "arrests": 2, "devices": 5}},
        {"country": "RO", "figures": {"arrests": 1}},
    ]
    lines = world.as_("europol").get(f"/meetings/{meeting}/log").json["items"]
    assert [(line["country"], line["measure"], line["note"]) for line in lines] == [
        ("FR", "search", "Flat 2"),
        ("FR", "arrest", "Flat 2"),
        ("RO", "arrest", "Flat 2"),
    ]


def test_only_a_coordination_centre_keeps_a_log(world):
    body = {"at": "2026-01-01T00:00:00Z", "country": "NL", "measure": "arrest"}

    assert world.as_("desk").post(f"/meetings/{scheduled(world)}/log", body).status_code == 409
