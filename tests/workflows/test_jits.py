"""What a caller is offered in a joint investigation team is what it may do there: every state, event, side and role."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
import teaming
from sqlalchemy.exc import DBAPIError

from coopapi.access import Action
from coopapi.jits import authorization
from coopapi.jits.amendments import AMENDMENT
from coopapi.jits.case_sharing import JIT_SHARE
from coopapi.jits.lifecycles import AFTER, AMENDMENT_LIFECYCLE, JIT_LIFECYCLE, PARTY_LIFECYCLE
from coopapi.jits.membership import ASSOCIATE, MEMBER, PARTICIPANT, PARTY
from coopapi.jits.public_statements import STATEMENT
from coopapi.jits.transitions import TEAM
from coopapi.ops import administration
from workflows.gate import Scene, expect, set_state

PEOPLE = ("prosecutor", "prosecutor_fr", "europol")
LED = {"lead": {"leader": {"office": "Head of the team"}}}
RUNNING = ("active", *AFTER)


@pytest.fixture
def swiss(world):
    """A prosecution office that has nobody here."""
    office = {"name": "Federal prosecution office", "type": "public_prosecutor", "country": "CH"}
    return str(administration.add_authority(world.app.extensions["coopapi"].database, office))


def scene(workflow, ids, put, people=PEOPLE, act=Action.JIT_WRITE, **more):
    named = {name: UUID(value) for name, value in ids.items()}
    return Scene(workflow, Action.JIT_READ, act, named, put, people, **more)


def team_state(world, jit):
    """Return a function that puts a team into a state, with the dates that belong to it."""
    since = {state: {"since": world.clock() - timedelta(days=1)} for state in RUNNING}
    before = {"since": None, "ended_at": None, "end_reason": None}
    ended = {"ended_at": world.clock(), "end_reason": "goal"}
    not_ended = {"ended_at": None, "end_reason": None}
    more = {state: {**since[state], **(ended if state in AFTER else not_ended)} for state in RUNNING}
    return set_state("jits", jit, **{state: more.get(state, before) for state in JIT_LIFECYCLE.states})


def recorded(world, authority):
    at = world.clock() - timedelta(minutes=5)
    return {"authority_id": UUID(authority), "at": at, "channel": "post", "proof": "letter 7/2026"}


def of_three(world, swiss):
    """A team of the Dutch, the French and the Swiss, who have nobody here."""
    jit = teaming.proposed(world, legal_basis="ets182_art20", clauses=teaming.with_space(world))
    assert world.as_("prosecutor").post(f"/jits/{jit}/parties", {"authority_id": swiss}).status_code == 201
    (party,) = [party["id"] for party in teaming.parties(world, "prosecutor", jit) if party["country"] == "CH"]
    path = f"/jits/{jit}/parties/{party}/transitions"
    assert world.as_("prosecutor").post(path, {"event": "lead", **LED["lead"]}, If_Match='"v1"').status_code == 200
    return jit, party


def takes_part(world, jit, who="europol"):
    body = {"authority_id": str(world.authorities[who]), "role": "analysis"}
    made = world.as_("prosecutor").post(f"/jits/{jit}/participants", body)
    assert made.status_code == 201, made.json
    return made.json["id"]


def test_a_team(world, database, owner):
    jit, _ = world.once(teaming.published)
    bodies = {
        "sign": {"text_sha256": teaming.read(world, "prosecutor", jit)["text_sha256"]},
        "end": {"end_reason": "goal"},
    }
    with owner.cursor() as cursor:
        cursor.execute("update jit_signatures set voided_at = now() where subject_id = %s", (jit,))
    put = team_state(world, jit)
    taken = set()
    for state in JIT_LIFECYCLE.states:
        taken |= expect(world, database, owner, scene(TEAM, {"jit_id": jit}, put, bodies=bodies), state)
    assert taken == set(JIT_LIFECYCLE.events)
    with owner.cursor() as cursor:
        cursor.execute("delete from jit_evaluations where authority_id is null")
    expect(world, database, owner, scene(TEAM, {"jit_id": jit}, put, idle=("evaluation",)), "evaluation")
    world.clock.forward(days=400)
    assert expect(world, database, owner, scene(TEAM, {"jit_id": jit}, put), "signature_pending") == {"reopen", "abandon"}
    passed = scene(TEAM, {"jit_id": jit}, lambda owner, _: put(owner, "active"), bodies=bodies)
    assert expect(world, database, owner, passed, "ended") == {"evaluate", "close"}


def test_a_team_that_is_not_ready_to_sign(world, database, owner):
    jit = world.once(teaming.proposed)
    takes_part(world, jit)
    with owner.cursor() as cursor:
        cursor.execute("update jits set working_language = null where id = %s", (jit,))
    assert expect(world, database, owner, scene(TEAM, {"jit_id": jit}, team_state(world, jit)), "drafting") == {"abandon"}


def test_a_signature_that_is_recorded_for_a_state_with_nobody_here(world, database, owner, swiss):
    jit, _ = of_three(world, swiss)
    teaming.walk(world, jit, ("prosecutor", "draft"), ("prosecutor", "request_signatures"))
    body = {"text_sha256": teaming.read(world, "prosecutor", jit)["text_sha256"], "recorded": recorded(world, swiss)}
    team = scene(TEAM, {"jit_id": jit}, lambda *_: None, bodies={"sign": body})
    assert teaming.sign(world, "prosecutor", jit).status_code == 201
    assert "sign" in expect(world, database, owner, team, "signature_pending")
    silent = teaming.sign(world, "prosecutor", jit)
    assert (silent.status_code, silent.json["errors"][0]["pointer"]) == (422, "/recorded")
    told = {**recorded(world, swiss), "authority_id": swiss, "at": recorded(world, swiss)["at"].isoformat()}
    stepped = teaming.step(world, "prosecutor", jit, "sign", text_sha256=body["text_sha256"], recorded=told)
    assert (stepped.status_code, len(stepped.json["signed_by"])) == (200, 2)
    own = scene(TEAM, {"jit_id": jit}, lambda *_: None, bodies={"sign": {"text_sha256": body["text_sha256"]}})
    assert "sign" in expect(world, database, owner, own, "signature_pending")
    path = f"/jits/{jit}/transitions"
    offered = {who: [m["event"] for m in world.as_(who).get(path).json["allowed"]] for who in ("prosecutor", "prosecutor_fr")}
    assert offered == {"prosecutor": ["reopen", "abandon"], "prosecutor_fr": ["sign", "reopen"]}


@pytest.mark.parametrize("change", ["join", "participant"])
def test_an_amendment(world, database, owner, change):
    jit = world.once(teaming.active)
    said = {"join": ("ro", {"leader": {"office": "Head"}}), "participant": ("europol", {"role": "analysis"})}
    who, more = said[change]
    amendment = teaming.amend(world, jit, change=change, authority_id=str(world.authorities[who]), **more)
    ids = {"jit_id": jit, "amendment_id": amendment["id"]}
    bodies = {"sign": {"text_sha256": amendment["text_sha256"]}}
    put = set_state("jit_amendments", amendment["id"])
    people = ("prosecutor", "prosecutor_fr", "prosecutor_ro")
    for state in AMENDMENT_LIFECYCLE.states:
        taken = expect(world, database, owner, scene(AMENDMENT, ids, put, people, bodies=bodies), state)
        assert taken == (set(AMENDMENT_LIFECYCLE.events) if state == "proposed" else set())
    put(owner, "proposed")
    assert teaming.sign_amendment(world, "prosecutor", jit, amendment).status_code == 201
    expect(world, database, owner, scene(AMENDMENT, ids, put, people, bodies=bodies), "proposed")
    team_state(world, jit)(owner, "ended")
    assert expect(world, database, owner, scene(AMENDMENT, ids, put, people, bodies=bodies), "proposed") == {"refuse", "withdraw"}


@pytest.mark.parametrize("country", ["NL", "FR", "CH"])
def test_a_party(world, database, owner, swiss, country):
    jit, _ = of_three(world, swiss)
    takes_part(world, jit)
    (party,) = [party["id"] for party in teaming.parties(world, "prosecutor", jit) if party["country"] == country]
    gone = {"left_at": world.clock() + timedelta(seconds=1)}
    put = set_state("jit_parties", party, party={"left_at": None}, removed=gone, left=gone)
    for state in ("drafting", "signature_pending", "active", "ended"):
        team_state(world, jit)(owner, state)
        for place in PARTY_LIFECYCLE.states:
            idle = ("party",) if state in {"signature_pending", "ended"} else ()
            party_scene = scene(PARTY, {"jit_id": jit, "party_id": party}, put, bodies=LED, idle=idle)
            taken = expect(world, database, owner, party_scene, place)
            expected = {"drafting": {"lead", "remove"}, "active": {"lead"}}.get(state, set())
            assert taken == (expected if place == "party" else set())


@pytest.mark.parametrize("workflow", [MEMBER, PARTICIPANT, ASSOCIATE], ids=lambda workflow: workflow.name)
def test_a_place_beside_the_parties(world, database, owner, workflow):
    jit = world.once(teaming.proposed)
    kind = workflow.name.removeprefix("jit_")
    body = {
        "member": {"name": "A. Wren", "position": "Detective"},
        "participant": {"authority_id": str(world.authorities["europol"]), "role": "analysis"},
        "associate": {"name": "A. Owl", "contact": "Office"},
    }[kind]
    made = world.as_("prosecutor").post(f"/jits/{jit}/{kind}s", body)
    assert made.status_code == 201, made.json
    put = set_state(f"jit_{kind}s", made.json["id"])
    for state in ("drafting", "signature_pending", "active", "ended"):
        team_state(world, jit)(owner, state)
        idle = ("serving",) if state == "ended" or (kind, state) == ("participant", "signature_pending") else ()
        place = scene(workflow, {"jit_id": jit, f"{kind}_id": made.json["id"]}, put, idle=idle)
        assert expect(world, database, owner, place, "serving") == (set() if idle else {"end"})
    expect(world, database, owner, place, "ended")


def test_a_public_statement(world, database, owner):
    jit = world.once(teaming.active)
    team_state(world, jit)(owner, "closed")
    made = teaming.state(world, jit)
    assert made.status_code == 201, made.json
    bodies = {"approve": {"text_sha256": made.json["text_sha256"]}}
    statement = scene(STATEMENT, {"jit_id": jit}, lambda *_: None, act=Action.JIT_SIGN, bodies=bodies)
    assert expect(world, database, owner, statement, "proposed") == {"approve"}
    assert teaming.approve(world, "prosecutor", jit).status_code == 201
    assert expect(world, database, owner, statement, "proposed") == {"approve"}
    assert teaming.approve(world, "prosecutor", jit).json["type"] == "/problems/already-signed"


def test_a_case_that_is_shared_with_a_team(world, database, owner):
    jit = teaming.active(world, cases=[world.case("investigator")])
    ids = {"jit_id": jit, "link_id": world.as_("prosecutor").get(f"/jits/{jit}/cases").json["items"][0]["id"]}
    share = scene(JIT_SHARE, ids, lambda *_: None, act=Action.CASE_SHARE)
    assert expect(world, database, owner, share, "shared") == {"end"}


def test_reading_the_steps_of_a_team_whose_time_has_passed_changes_nothing(world, owner):
    jit = teaming.active(world, until=teaming.days(world, 30))
    world.clock.forward(days=31)

    def written():
        with owner.cursor() as cursor:
            cursor.execute("select state, version, end_reason from jits where id = %s", (jit,))
            return cursor.fetchone()

    before = written()
    found = world.as_("prosecutor").get(f"/jits/{jit}/transitions").json
    assert (found["state"], [m["event"] for m in found["allowed"]], written()) == ("ended", ["evaluate", "close"], before)
    ended = teaming.step(world, "prosecutor", jit, "evaluate").json
    assert (ended["end_reason"], ended["ended_at"]) == ("expiry", ended["until"])


def test_a_list_of_steps_that_wrote_would_be_found_out(world, database, owner):
    jit = world.once(teaming.proposed)
    locking = replace(TEAM, find=authorization.locked)
    with pytest.raises(DBAPIError, match="read-only transaction"):
        expect(world, database, owner, scene(locking, {"jit_id": jit}, lambda *_: None), "proposed")
