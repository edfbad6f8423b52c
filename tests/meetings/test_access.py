"""Who sees a meeting, and the cases shared for it: before, during, after; and nobody else."""

from datetime import timedelta

import pytest
from gathering import answer, guest, held, minuted, overlap, place, proposed, read, scheduled, step

PATHS = ("", "/transitions", "/participants", "/options", "/cases", "/calendar.ics", "/conclusions", "/actions", "/outcomes", "/log",
         "/results")  # fmt: skip
COMING = ("prosecutor_fr", "prosecutor_ro", "europol", "desk", "prosecutor", "investigator")
OUTSIDE = ("desk_fr", "judge_fr")


def statuses(world, who, meeting):
    me = world.as_(who)
    return {me.get(f"/meetings/{meeting}{path}").status_code for path in PATHS}


def listed(world, who):
    return [m["id"] for m in world.as_(who).get("/meetings").json["items"]]


def share(world, meeting, case, by="prosecutor", **more):
    return world.as_(by).post(f"/meetings/{meeting}/cases", {"case_id": case, **more})


def test_those_who_take_part_see_it_and_others_see_nothing(world):
    meeting = world.once(held)

    assert {who: statuses(world, who, meeting) for who in COMING} == {who: {200} for who in COMING}
    assert {who: statuses(world, who, meeting) for who in OUTSIDE} == {who: {404} for who in OUTSIDE}
    assert [listed(world, who) for who in OUTSIDE] == [[], []]


def test_who_merely_reads_a_case_of_one_of_them_sees_no_meeting(world):
    case = world.case("prosecutor")
    meeting = held(world, origin=("case", case))
    grant = {"authority_id": str(world.authorities["fr_court"]), "level": "read", "reason": "R"}
    assert world.as_("prosecutor").post(f"/cases/{case}/access", grant).status_code == 201

    assert statuses(world, "judge_fr", meeting) == {404}
    assert listed(world, "judge_fr") == []


def test_within_an_authority_it_is_for_those_who_read_the_case_it_hangs_from(world):
    case = world.case("prosecutor", access=[])
    meeting = proposed(world, origin=("case", case))

    assert read(world, "investigator", meeting)
    assert statuses(world, "analyst", meeting) == {403}


def test_access_ends_with_its_time_and_is_gone_everywhere(world):
    case = world.case("prosecutor")
    meeting = held(world, origin=("case", case))
    assert share(world, meeting, case).status_code == 201
    assert world.as_("prosecutor_ro").get(f"/cases/{case}").json["level"] == "read"
    due = (world.clock() + timedelta(days=60)).date().isoformat()
    for who in ("fr", "ro"):
        body = {"owner": str(world.authorities[who]), "due_on": due, "text": "Search"}
        assert world.as_("desk").post(f"/meetings/{meeting}/actions", body).status_code == 201

    world.clock.forward(days=31)

    guests = ("prosecutor_fr", "prosecutor_ro", "europol", "prosecutor")
    assert {who: statuses(world, who, meeting) for who in guests} == {who: {404} for who in guests}
    assert [listed(world, who) for who in guests] == [[], [], [], []]
    assert [world.as_(who).get(f"/cases/{case}").status_code for who in ("prosecutor_fr", "prosecutor_ro", "europol")] == [404] * 3
    assert world.as_("prosecutor_fr").get("/cases").json["items"] == []
    assert not [e for e in world.as_("prosecutor_fr").get("/events?limit=200").json["items"] if e["object_type"] == "meeting"]
    assert world.as_("desk").get(f"/cases/{case}").json["level"] == "index"
    own = world.as_("prosecutor_fr").get("/actions").json["items"]
    assert [(a["owner_id"], a["text"]) for a in own] == [(str(world.authorities["fr"]), "Search")]
    assert world.as_("europol").get("/actions").json["items"] == []


def test_the_host_keeps_the_record_and_gives_access_again(world):
    case = world.case("prosecutor")
    meeting = held(world, origin=("case", case))
    share(world, meeting, case)
    world.clock.forward(days=31)
    seen = read(world, "desk", meeting)
    until = (world.clock() + timedelta(days=5)).isoformat()

    extended = world.as_("desk").patch(f"/meetings/{meeting}", {"access_until": until}, If_Match=f'"{seen["etag"]}"')

    assert extended.status_code == 200
    assert statuses(world, "prosecutor_ro", meeting) == {200}
    assert world.as_("prosecutor_ro").get(f"/cases/{case}").status_code == 200
    world.clock.forward(days=6)
    assert statuses(world, "prosecutor_ro", meeting) == {404}
    assert world.as_("prosecutor_ro").get(f"/cases/{case}").status_code == 404


def test_a_meeting_without_a_date_does_not_give_access_for_ever(world):
    meeting = world.once(proposed)
    assert statuses(world, "prosecutor_fr", meeting) == {200, 409}

    world.clock.forward(days=91)

    assert statuses(world, "prosecutor_fr", meeting) == {404}


def test_who_declines_or_is_removed_is_out_at_once_and_may_be_invited_again(world):
    case = world.case("prosecutor")
    meeting = proposed(world, origin=("case", case))
    share(world, meeting, case)
    assert world.as_("prosecutor_fr").get(f"/cases/{case}").status_code == 200

    assert answer(world, "prosecutor_fr", meeting, "fr", "decline", reason="Another hearing").status_code == 200
    assert answer(world, "desk", meeting, "ro", "remove", reason="Not concerned").status_code == 200

    for who in ("prosecutor_fr", "prosecutor_ro"):
        assert statuses(world, who, meeting) == {404}
        assert world.as_(who).get(f"/cases/{case}").status_code == 404
    assert place(world, "desk", meeting, "fr")["state"] == "declined"
    assert world.as_("desk").post(f"/meetings/{meeting}/participants", guest(world, "fr", "judge")).status_code == 201
    assert place(world, "prosecutor_fr", meeting, "fr")["state"] == "invited"
    assert world.as_("prosecutor_fr").get(f"/cases/{case}").status_code == 200


def test_a_cancelled_meeting_is_still_told_of_and_shares_nothing(world):
    case = world.case("prosecutor")
    meeting = scheduled(world, origin=("case", case))
    share(world, meeting, case)

    assert step(world, "desk", meeting, "cancel", reason="Arrested yesterday").status_code == 200

    assert read(world, "prosecutor_fr", meeting)["reason"] == "Arrested yesterday"
    assert world.as_("prosecutor_fr").get(f"/cases/{case}").status_code == 404
    again = share(world, meeting, world.case("prosecutor"))
    assert (again.status_code, again.json["type"]) == (409, "/problems/nothing-to-meet-for")


def test_an_owner_takes_back_what_it_shared(world):
    case = world.case("prosecutor")
    meeting = proposed(world, origin=("case", case))
    made = share(world, meeting, case)
    assert share(world, meeting, case).status_code == 409
    path = f"/meetings/{meeting}/cases/{made.json['id']}/transitions"
    assert world.as_("prosecutor_fr").post(path, {"event": "end"}, If_Match='"v1"').status_code == 403

    ended = world.as_("prosecutor").post(path, {"event": "end"}, If_Match='"v1"')

    assert (ended.status_code, ended.json["state"]) == (200, "ended")
    assert world.as_("prosecutor_fr").get(f"/cases/{case}").status_code == 404
    assert share(world, meeting, case, level="index").status_code == 201
    assert world.as_("prosecutor_fr").get(f"/cases/{case}").json["level"] == "index"


def test_nobody_shares_a_case_of_another(world):
    case, other, found = overlap(world)
    meeting = proposed(world, origin=("overlap", found))

    assert share(world, meeting, other).status_code == 404
    assert share(world, meeting, case, by="prosecutor_fr").status_code == 404
    assert share(world, meeting, other, by="prosecutor_ro").status_code == 201
    assert world.as_("prosecutor").get(f"/cases/{other}").json["level"] == "read"


def test_the_timeline_of_each_shared_case_tells_of_the_meeting(world):
    case, other, found = overlap(world)
    meeting = scheduled(world, proposed(world, origin=("overlap", found)))
    share(world, meeting, other, by="prosecutor_ro")
    world.clock.forward(hours=28)
    step(world, "desk", meeting, "hold")

    for who, mine in (("prosecutor", case), ("prosecutor_ro", other)):
        told = [e["type"] for e in world.as_(who).get(f"/cases/{mine}/timeline").json["items"]]
        assert told[0] == "meeting.hold"


@pytest.mark.parametrize("who", ["analyst", "auditor", "admin", "central", "contact"])
def test_roles_that_do_not_meet_have_no_meetings(world, who):
    assert world.as_(who).get("/meetings").status_code == 403


def test_a_host_removes_nobody_after_the_meeting(world):
    meeting = world.once(held)
    minuted(world, meeting)

    late = answer(world, "desk", meeting, "fr", "remove", reason="It does not agree")

    assert (late.status_code, late.json["type"]) == (409, "/problems/meeting-is-over")
