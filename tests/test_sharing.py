"""What an owner shares with a team or a meeting is its own to take back: for good, and seen by those alone who take part."""

import threading

import gathering
import teaming
from teaming import items


def open_to(world, who, case):
    return world.as_(who).get(f"/cases/{case}").status_code == 200


def keep_out(world, case, person):
    """The Dutch owner withdraws what somebody has of a case."""
    (grant,) = [a for a in items(world, "prosecutor", f"/cases/{case}/access") if a["state"] == "given" and person(a)]
    path = f"/cases/{case}/access/{grant['id']}/transitions"
    body = {"event": "withdraw", "reason": "lost phone"}
    assert world.as_("prosecutor").post(path, body, If_Match=f'"{grant["etag"]}"').status_code == 200


def test_whom_the_owner_keeps_out_of_a_case_no_step_of_another_lets_in(world):
    case = world.case("investigator")
    jit = teaming.active(world, "fr", "ro", cases=[case])
    keep_out(world, case, lambda a: a["principal_id"] == str(world.people["foreign"]))
    assert (open_to(world, "foreign", case), open_to(world, "prosecutor_fr", case)) == (False, True)
    assert teaming.member(world, jit, "uncleared").status_code == 201
    assert (open_to(world, "uncleared", case), open_to(world, "foreign", case)) == (True, False)

    (share,) = items(world, "prosecutor", f"/jits/{jit}/cases")
    path = f"/jits/{jit}/cases/{share['id']}/transitions"
    assert world.as_("prosecutor").post(path, {"event": "end"}, If_Match=f'"{share["etag"]}"').status_code == 200
    assert world.as_("prosecutor").post(f"/jits/{jit}/cases", {"case_id": case, "level": "read"}).status_code == 201
    assert open_to(world, "foreign", case)


def meeting(world):
    """A meeting about a Dutch case at which the French and the Romanians have places, and the Romanians share a case."""
    made = gathering.proposed(world)
    case = world.case("romanian")
    shared = world.as_("prosecutor_ro").post(f"/meetings/{made}/cases", {"case_id": case})
    assert shared.status_code == 201, shared.json
    return made, case


def test_what_somebody_shared_who_declines_or_is_removed_is_taken_back(world):
    for by, event in (("prosecutor_ro", "decline"), ("desk", "remove")):
        made, case = meeting(world)
        assert open_to(world, "prosecutor_fr", case)
        gathering.answer(world, by, made, "ro", event, reason="R")
        assert not open_to(world, "prosecutor_fr", case)


def test_a_case_that_is_shared_while_its_meeting_is_cancelled_is_open_to_nobody(world):
    for _ in range(6):
        made, case = gathering.proposed(world, origin=("case", world.case("prosecutor"))), world.case("romanian")
        tag = world.as_("desk").get(f"/meetings/{made}").headers["ETag"]
        barrier, answers = threading.Barrier(2), {}

        def share(made=made, case=case, barrier=barrier, answers=answers):
            barrier.wait()
            answers["share"] = world.as_("prosecutor_ro").post(f"/meetings/{made}/cases", {"case_id": case}).status_code

        def cancel(made=made, tag=tag, barrier=barrier, answers=answers):
            barrier.wait()
            body = {"event": "cancel", "reason": "R"}
            answers["cancel"] = world.as_("desk").post(f"/meetings/{made}/transitions", body, If_Match=tag).status_code

        both = [threading.Thread(target=one) for one in (share, cancel)]
        [one.start() for one in both]
        [one.join() for one in both]
        assert answers["share"] in (201, 409)
        if answers["cancel"] == 200:
            assert not open_to(world, "prosecutor_fr", case)


def test_whoever_merely_reads_a_case_learns_of_no_team_and_no_meeting(world):
    case = world.case("investigator")
    given = {"authority_id": str(world.authorities["ro"]), "level": "read", "reason": "R"}
    assert world.as_("prosecutor").post(f"/cases/{case}/access", given).status_code == 201
    jit = teaming.active(world, cases=[case])
    made = gathering.proposed(world, origin=("case", case), guests=("fr",))

    def told(who):
        line = {e["object"]["id"] for e in items(world, who, f"/cases/{case}/timeline?limit=200")}
        return (line | {e["object_id"] for e in items(world, who, "/events?limit=200")}) & {jit, made}

    assert open_to(world, "romanian", case)
    assert told("romanian") == set()
    assert told("investigator") == {jit, made}
    assert jit in told("prosecutor_fr")
