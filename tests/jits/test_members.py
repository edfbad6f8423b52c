"""Members: the cases of a team are open to the people who are entered with their account, each for its own time."""

import pytest
from sqlalchemy import text
from teaming import active, amend, days, items, member, read, sign_amendment

from coopapi.auth.authentication import actor_of

PLACES = ("/cases/{case}", "/cases/{case}/identifiers", "/cases/{case}/timeline", "/cases/{case}/overlaps", "/cases/{case}/jits")


def seen(world, who, case):
    """Every way in which a case may show: itself, what hangs from it, lists, counts, the feed, and the rows of the database."""
    me = world.as_(who)
    found = [path for path in PLACES if me.get(path.format(case=case)).status_code == 200]
    found += ["list"] if case in {c["id"] for c in items(world, who, "/cases?limit=200")} else []
    found += ["overlaps"] if items(world, who, "/overlaps") else []
    found += ["events"] if any(e["case_id"] == case for e in items(world, who, "/events?limit=200")) else []
    database = world.app.extensions["coopapi"].database
    with database.work(lambda session: actor_of(session, "https://issuer.test", who, None), "r") as work:
        for table, column in (
            ("cases", "id"),
            ("identifiers", "case_id"),
            ("case_keys", "case_id"),
            ("journal_entries", "case_id"),
        ):
            count = work.session.scalar(text(f"select count(*) from {table} where {column} = :case"), {"case": case})
            found += [table] if count else []
    return found


ALL = [*PLACES, "list", "overlaps", "events", "cases", "identifiers", "case_keys", "journal_entries"]


@pytest.fixture
def team(world):
    return world.once(team_with_a_case)


def team_with_a_case(world):
    """A Dutch case that overlaps with a Romanian one, in a team of the Dutch and the French."""
    case = world.case("investigator")
    world.hold("investigator", case, "heron@example.org")
    world.hold("romanian", world.case("romanian"), "heron@example.org")
    return active(world, cases=[case]), case


def test_who_is_not_entered_sees_the_team_and_none_of_its_cases(world, team):
    jit, case = team
    assert seen(world, "prosecutor_fr", case) == ALL
    assert read(world, "uncleared", jit)["place"] == "party"
    assert seen(world, "uncleared", case) == []


def test_a_place_begins_and_ends_by_the_clock_although_nobody_does_anything(world, team):
    jit, case = team
    entered = member(world, jit, "uncleared", since=days(world, 2), until=days(world, 5), seconded=True)
    assert (entered.status_code, entered.json["principal_id"]) == (201, str(world.people["uncleared"]))
    assert seen(world, "uncleared", case) == []
    world.clock.forward(days=3)
    assert seen(world, "uncleared", case) == ALL
    world.clock.forward(days=2)
    assert seen(world, "uncleared", case) == []
    assert seen(world, "prosecutor_fr", case) == ALL
    again = member(world, jit, "uncleared")
    assert (again.status_code, seen(world, "uncleared", case)) == (201, ALL)


def test_a_place_that_is_ended_gives_nothing_from_the_next_request_on(world, team):
    jit, case = team
    place = next(
        m for m in items(world, "prosecutor_fr", f"/jits/{jit}/members") if m["principal_id"] == str(world.people["foreign"])
    )
    assert seen(world, "foreign", case) == ALL
    path = f"/jits/{jit}/members/{place['id']}/transitions"
    assert world.as_("prosecutor_fr").post(path, {"event": "end"}, If_Match=f'"{place["etag"]}"').status_code == 200
    assert seen(world, "foreign", case) == []
    assert seen(world, "prosecutor_fr", case) == ALL


def test_with_the_team_every_place_ends(world, team):
    jit, case = team
    assert member(world, jit, "uncleared", until=days(world, 900)).status_code == 201
    world.clock.forward(days=366)
    assert {tuple(seen(world, who, case)) for who in ("prosecutor_fr", "foreign", "uncleared")} == {()}


def test_a_person_is_entered_once_and_by_its_own_state(world, team):
    jit, _ = team
    twice = member(world, jit, "foreign")
    assert (twice.status_code, twice.json["type"]) == (409, "/problems/in-the-team-already")
    turned = member(world, jit, "uncleared", since=days(world, 2), until=days(world, 1))
    assert (turned.status_code, turned.json["errors"][0]["pointer"]) == (422, "/until")
    theirs = {"security_id": "1", "position": "P", "principal_id": str(world.people["foreign"])}
    refused = world.as_("prosecutor").post(f"/jits/{jit}/members", theirs)
    assert (refused.status_code, refused.json["errors"][0]["pointer"]) == (422, "/principal_id")


def test_a_case_shared_later_opens_to_the_members_alone(world, team):
    jit, _ = team
    case = world.case("investigator")
    assert world.as_("prosecutor").post(f"/jits/{jit}/cases", {"case_id": case}).status_code == 201
    status = {who: world.as_(who).get(f"/cases/{case}").status_code for who in ("prosecutor_fr", "foreign", "uncleared")}
    assert status == {"prosecutor_fr": 200, "foreign": 200, "uncleared": 404}
    owners = {a["principal_id"] for a in items(world, "prosecutor", f"/cases/{case}/access")}
    assert {str(world.people["prosecutor_fr"]), str(world.people["foreign"])} <= owners


def test_a_state_replaces_its_leader_while_the_team_runs(world, team):
    jit, case = team
    assert seen(world, "uncleared", case) == []

    def name(who, leader):
        (own,) = [p for p in items(world, "prosecutor_fr", f"/jits/{jit}/parties") if p["country"] == "FR"]
        path = f"/jits/{jit}/parties/{own['id']}/transitions"
        allowed = [m["event"] for m in world.as_(who).get(path).json["allowed"]]
        return allowed, world.as_(who).post(path, {"event": "lead", "leader": leader}, If_Match=f'"{own["etag"]}"')

    person = {"principal_id": str(world.people["uncleared"])}
    allowed, refused = name("prosecutor", {"office": "Somebody else"})
    assert (allowed, refused.json["type"]) == ([], "/problems/not-a-party")
    allowed, named = name("prosecutor_fr", person)
    assert (allowed, named.status_code, named.json["leader"]["principal_id"]) == (["lead"], 200, person["principal_id"])
    assert seen(world, "uncleared", case) == ALL
    told = [e for e in items(world, "prosecutor", "/events?limit=200") if e["action"] == "jit.leader_named"]
    assert [e["object_id"] for e in told].count(jit) == 2

    assert name("prosecutor_fr", {"office": "Head of the cybercrime section"})[1].status_code == 200
    assert seen(world, "uncleared", case) == []
    world.clock.forward(days=366)
    allowed, late = name("prosecutor_fr", person)
    assert (allowed, late.json["type"]) == ([], "/problems/text-is-settled")


def test_a_person_of_another_authority_of_the_state_works_in_the_team(world, team):
    """The prosecution signs, the police works: here a French judge, of a court that is no party."""
    jit, case = team
    assert seen(world, "judge_fr", case) == []
    court = str(world.authorities["fr_court"])
    body = {"security_id": "7", "position": "Judge", "principal_id": str(world.people["judge_fr"])}

    def enter(who, **more):
        return world.as_(who).post(f"/jits/{jit}/members", {**body, **more})

    assert enter("prosecutor_fr").json["errors"][0]["pointer"] == "/principal_id"
    assert enter("prosecutor", authority_id=court).json["errors"][0]["pointer"] == "/authority_id"
    entered = enter("prosecutor_fr", authority_id=court)
    assert (entered.status_code, seen(world, "judge_fr", case)) == (201, ALL)
    assert world.as_("judge_fr").get(f"/jits/{jit}").status_code == 404
    path = f"/jits/{jit}/members/{entered.json['id']}/transitions"
    assert world.as_("prosecutor").post(path, {"event": "end"}, If_Match=f'"{entered.json["etag"]}"').status_code == 403
    assert world.as_("prosecutor_fr").post(path, {"event": "end"}, If_Match=f'"{entered.json["etag"]}"').status_code == 200
    assert seen(world, "judge_fr", case) == []


def test_a_machine_is_no_member(world, team):
    jit, _ = team
    body = {"security_id": "8", "position": "Robot", "principal_id": str(world.people["system"])}
    as_person = world.as_("prosecutor").post(f"/jits/{jit}/members", body)
    made = world.as_("admin").post(f"/authorities/{world.authorities['nl']}/clients", {"name": "C", "roles": ["system"]}).json["id"]
    as_client = world.as_("prosecutor").post(f"/jits/{jit}/members", {**body, "principal_id": made})
    assert (as_person.status_code, as_client.status_code) == (201, 422)


def test_who_left_and_joins_again_enters_its_people_anew(world):
    case = world.case("investigator")
    jit = active(world, "fr", "ro", cases=[case])
    assert world.as_("romanian").get(f"/cases/{case}").status_code == 200
    romanian = str(world.authorities["ro"])

    def all_sign(amendment, *signers):
        for who in signers:
            assert sign_amendment(world, who, jit, amendment).status_code == 201

    everybody = ("prosecutor", "prosecutor_fr", "prosecutor_ro")
    all_sign(amend(world, jit, change="leave", authority_id=romanian), *everybody)
    running = [d for d in items(world, "prosecutor", "/deadlines?limit=200") if d["object_id"] == jit]
    assert {d["country"] for d in running if d["state"] == "running"} == {"NL", "FR"}
    joining = amend(world, jit, change="join", authority_id=romanian, leader={"office": "Head"})
    for place in ("members", "associates", "cases"):
        assert items(world, "prosecutor_ro", f"/jits/{jit}/{place}") == []
    all_sign(joining, *everybody)
    assert len(items(world, "prosecutor_ro", f"/jits/{jit}/members")) > 0
    assert world.as_("romanian").get(f"/cases/{case}").status_code == 404
    assert member(world, jit, "romanian").status_code == 201
    assert world.as_("romanian").get(f"/cases/{case}").status_code == 200


def test_a_place_whose_time_has_passed_is_ended_everywhere(world, team):
    """Its transitions once said `serving`, and ending it again gave it a later end."""
    jit, _ = team
    entered = member(world, jit, "uncleared", until=days(world, 5)).json
    path = f"/jits/{jit}/members/{entered['id']}/transitions"
    assert [step["event"] for step in world.as_("prosecutor_fr").get(path).json["allowed"]] == ["end"]
    world.clock.forward(days=6)
    told = world.as_("prosecutor_fr").get(path).json
    assert (told["state"], told["allowed"]) == ("ended", [])
    late = world.as_("prosecutor_fr").post(path, {"event": "end", "reason": "over"}, If_Match=f'"{told["etag"]}"')
    assert late.status_code == 409
