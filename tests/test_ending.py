"""A case does not end while something of it is alive: what is told to whom, and what happens by force."""

import pytest
from assisting import draft, sent
from assisting import step as request_step
from exchanging import items
from gathering import proposed as meeting_about
from gathering import step as meeting_step
from sqlalchemy import text
from teaming import active, days, proposed, step

from coopapi.access import Actor, Role
from coopapi.cases.dependents import BRANCHES

ENDING = {"close": "closed", "withdraw": "withdrawn", "transfer": "transferred"}


def opened(world, by="prosecutor", **more):
    case = world.case(by, **more)
    assert move(world, by, case, "open").status_code == 200
    return case


def move(world, who, case, event, **more):
    me = world.as_(who)
    tag = me.get(f"/cases/{case}/transitions").json.get("etag", "v1")
    reason = {} if event == "open" else {"reason": "The court has decided."}
    return me.post(f"/cases/{case}/transitions", {"event": event, **reason, **more}, If_Match=f'"{tag}"')


def consulted(world, case):
    body = {"case_id": case, "contacted": [str(world.authorities["fr"])], "facts": "Heron may be tried in both States."}
    made = world.as_("prosecutor").post("/jurisdiction-consultations", body)
    assert made.status_code == 201, made.json
    return made.json["id"]


def overlapping(world, case, value="heron@example.org", **more):
    other = world.case("foreign")
    for who, one in (("prosecutor", case), ("foreign", other)):
        subject = {"subjects": [{"id": world.subject(who, one, **more)}]} if more else {}
        world.hold(who, one, value, **subject)
    return other


def in_use(world):
    """A case from which one thing of each kind hangs, each with the French."""
    case = opened(world)
    made = {
        "request": sent(world, case_id=case),
        "meeting": meeting_about(world, origin=("case", case), guests=("fr",)),
        "jit": active(world, cases=[case]),
        "consultation": consulted(world, case),
    }
    overlapping(world, case)
    return case, {**made, "disclosure": world.asked("prosecutor", case)["id"]}


@pytest.mark.parametrize("event", ENDING)
def test_a_case_does_not_end_while_something_of_it_is_alive(world, event):
    case, made = world.once(in_use)

    refused = move(world, "prosecutor", case, event)

    assert (refused.status_code, refused.json["type"]) == (409, "/problems/case-is-in-use")
    live = refused.json["live"]
    assert {one["type"]: one["id"] for one in live} == made
    assert {one["type"]: one["state"] for one in live} == {
        "request": "transmitted",
        "meeting": "proposed",
        "jit": "active",
        "consultation": "opened",
        "disclosure": "requested",
    }
    assert all(one["reference"] for one in live if one["type"] != "disclosure")
    assert all(world.as_("prosecutor").get(one["href"]).status_code == 200 for one in live)
    assert world.as_("prosecutor").get(f"/cases/{case}").json["state"] == "open"


@pytest.mark.parametrize("event", ENDING)
def test_by_force_it_ends_and_every_other_side_is_told(world, event):
    case, made = world.once(in_use)

    ended = move(world, "prosecutor", case, event, force=True)

    assert (ended.status_code, ended.json["state"]) == (200, ENDING[event])
    acts = {f"{kind}.case_{ENDING[event]}" for kind in made}
    told = [e for e in items(world, "prosecutor_fr", "/events?limit=200") if e["role"] == "machine" and e["action"] in acts]
    assert {e["action"] for e in told} == acts
    assert case not in str(told)
    own = {e["type"] for e in items(world, "prosecutor", f"/cases/{case}/timeline?limit=200")}
    assert acts <= own


def test_force_needs_a_reason(world):
    case, _ = world.once(in_use)
    tag = world.as_("prosecutor").get(f"/cases/{case}/transitions").json["etag"]
    refused = world.as_("prosecutor").post(f"/cases/{case}/transitions", {"event": "close", "force": True}, If_Match=f'"{tag}"')
    assert (refused.status_code, refused.json["errors"][0]["rule"]) == (422, "required")


def test_a_case_ends_once_everything_of_it_has_ended(world):
    case = world.once(opened)
    request = draft(world, case_id=case)
    meeting = meeting_about(world, origin=("case", case), guests=("fr",))
    jit = active(world, cases=[case])
    assert move(world, "prosecutor", case, "close").status_code == 409

    assert request_step(world, "prosecutor", request, "withdraw", reason="R").status_code == 200
    assert meeting_step(world, "desk", meeting, "cancel", reason="R").status_code == 200
    assert step(world, "prosecutor", jit, "end", end_reason="goal", reason="R").status_code == 200

    assert move(world, "prosecutor", case, "close").status_code == 200


def test_a_team_that_has_ended_by_the_clock_keeps_no_case(world):
    case = world.once(opened)
    active(world, cases=[case], until=days(world, 30))
    world.clock.forward(days=31)
    assert move(world, "prosecutor", case, "close").status_code == 200


def test_what_was_disclosed_stops_a_withdrawal_and_no_closing(world):
    case = world.once(opened)
    overlapping(world, case)
    other = world.overlaps("foreign")[0]
    assert world.take("foreign", other["id"]).status_code == 200
    body = {"purpose": "investigation", "offence": "ocsea", "items_asked": ["names"]}
    asked = world.as_("foreign").post(f"/overlaps/{other['id']}/disclosures", body).json["id"]
    item = world.as_("prosecutor").get(f"/cases/{case}/identifiers").json["items"][0]["id"]
    given = {"event": "disclose", "items": [{"identifier_id": item}]}
    assert world.as_("prosecutor").post(f"/disclosures/{asked}/transitions", given, If_Match='"v1"').status_code == 200

    (live,) = move(world, "prosecutor", case, "withdraw").json["live"]
    assert (live["id"], live["state"]) == (asked, "disclosed_full")
    assert move(world, "prosecutor", case, "close").status_code == 200
    assert move(world, "prosecutor", case, "withdraw", force=True).status_code == 200
    assert "disclosure.case_withdrawn" in {e["action"] for e in items(world, "foreign", "/events?limit=200")}


def test_what_the_caller_does_not_see_is_left_to_somebody_with_more_access(world):
    case = world.once(opened)
    overlapping(world, case, category="victim")
    asked = world.asked("prosecutor", case)["id"]

    for force in (False, True):
        refused = move(world, "colleague", case, "close", force=force)
        assert (refused.status_code, refused.json["type"]) == (409, "/problems/more-than-you-see")
        assert refused.json["live"] == []
        assert asked not in refused.text
    assert [one["id"] for one in move(world, "prosecutor", case, "close").json["live"]] == [asked]
    assert move(world, "prosecutor", case, "close", force=True).status_code == 200
    uncleared = {e["action"] for e in items(world, "uncleared", "/events?limit=200")}
    assert "disclosure.case_closed" not in uncleared


@pytest.mark.parametrize("who", ["analyst", "auditor", "admin", "central", "contact", "desk", "foreign", "prosecutor_fr"])
def test_those_who_may_not_end_a_case_are_told_nothing_of_it(world, who):
    case, made = world.once(in_use)
    refused = move(world, who, case, "close", force=True)
    assert refused.status_code in {403, 404}
    assert "live" not in refused.json
    assert not [one for one in made.values() if one in refused.text]


def test_the_database_counts_what_the_service_lists(world, database):
    case, made = world.once(in_use)
    nl = world.authorities["nl"]
    me = Actor(world.people["prosecutor"], "person", "P", nl, "NL", "NL", Role.PROSECUTOR, (Role.PROSECUTOR,), True, False)
    with database.work(lambda _: me, "r") as work:
        for branch in BRANCHES:
            named = [f"{branch.kind}:{state}" for state in branch.states("withdrawn")]
            counted = work.session.scalar(text("select priv.count_live(:case, :live)"), {"case": case, "live": named})
            assert (branch.kind, counted) == (branch.kind, 1)
    assert len(made) == len(BRANCHES)


def test_nothing_begins_from_a_case_that_was_withdrawn(world):
    """A withdrawn case could once still be shared with a meeting or a team, consulted about, and asked from."""
    case, me = opened(world), world.as_("prosecutor")
    meeting, team = meeting_about(world, origin=("case", case)), proposed(world)
    assert move(world, "prosecutor", case, "withdraw", force=True).status_code == 200
    begun = {
        f"/meetings/{meeting}/cases": {"case_id": case},
        f"/jits/{team}/cases": {"case_id": case},
        "/jurisdiction-consultations": {"facts": "F", "case_id": case, "contacted": [str(world.authorities["fr"])]},
    }
    for path, body in begun.items():
        refused = me.post(path, body)
        assert (refused.status_code, refused.json["type"]) == (409, "/problems/case-is-final"), (path, refused.json)
