"""A third State without users here takes part in a meeting: the host desk records what it does, and it does not block the others."""

import gathering
from gathering import step
from teaming import items

LIAISON = {"name": "A. Avocet", "post": "Liaison prosecutor at Eurojust"}


def recorded(world, **more):
    return {"recorded": {"at": world.clock().isoformat(), "channel": "secure_email", "proof": "Letter 7", **more}}


def with_americans(world):
    """A scheduled meeting to which the United States are invited, who have nobody here; gives it and their place."""
    guest = {"authority_id": str(world.authorities["us"]), "function": "liaison_prosecutor", "persons": [LIAISON]}
    meeting = gathering.proposed(world)
    invited = world.as_("desk").post(f"/meetings/{meeting}/participants", guest)
    assert invited.status_code == 201, invited.json
    return gathering.scheduled(world, meeting), invited.json["id"]


def take(world, who, path, body):
    tag = world.as_(who).get(f"{path}/transitions").json["etag"]
    return world.as_(who).post(f"{path}/transitions", body, If_Match=f'"{tag}"')


def place_of(world, meeting, place):
    return next(row for row in items(world, "prosecutor_fr", f"/meetings/{meeting}/participants") if row["id"] == place)


def held(world):
    meeting, place = with_americans(world)
    path = f"/meetings/{meeting}/participants/{place}"
    assert take(world, "desk", path, {"event": "accept", **recorded(world)}).status_code == 200
    world.clock.forward(hours=30)
    assert step(world, "desk", meeting, "hold").status_code == 200
    return meeting, place


def test_the_host_records_the_attendance_and_nobody_else_does(world):
    meeting, place = with_americans(world)
    path = f"/meetings/{meeting}/participants/{place}"
    assert take(world, "desk", path, {"event": "accept"}).status_code == 422
    assert take(world, "prosecutor_fr", path, {"event": "accept", **recorded(world)}).status_code == 403
    late = {"at": (world.clock() + gathering.timedelta(days=1)).isoformat()}
    assert take(world, "desk", path, {"event": "accept", **recorded(world, **late)}).status_code == 422
    assert take(world, "desk", path, {"event": "accept", **recorded(world)}).json["state"] == "accepted"
    seen = place_of(world, meeting, place)
    assert (seen["persons"], seen["recorded_answer"]["proof"]) == ([LIAISON], "Letter 7")


def test_for_an_authority_with_users_nobody_answers(world):
    meeting, _ = with_americans(world)
    french = gathering.place(world, "desk", meeting, "fr")["id"]
    path = f"/meetings/{meeting}/participants/{french}"
    declined = {"event": "decline", "reason": "R", **recorded(world)}
    assert take(world, "desk", path, declined).status_code == 403


def test_minutes_do_not_wait_for_a_state_without_users_and_it_stays_in_them(world):
    meeting, place = held(world)
    gathering.minuted(world, meeting)
    assert str(world.authorities["us"]) not in gathering.read(world, "desk", meeting)["awaited"]
    for who in ("prosecutor", "prosecutor_fr", "prosecutor_ro"):
        assert step(world, who, meeting, "agree").status_code == 200
    assert gathering.read(world, "desk", meeting)["state"] == "minutes_agreed"
    assert place_of(world, meeting, place)["state"] == "accepted"

    wrong = recorded(world, authority_id=str(world.authorities["fr"]))
    assert step(world, "desk", meeting, "agree", **wrong).status_code == 422
    assert step(world, "prosecutor_fr", meeting, "agree", **wrong).status_code == 409
    agreed = step(world, "desk", meeting, "agree", **recorded(world, authority_id=str(world.authorities["us"])))
    assert (agreed.status_code, agreed.json["state"]) == (200, "minutes_agreed")
    assert place_of(world, meeting, place)["recorded_agreement"]["channel"] == "secure_email"


def test_an_action_of_a_state_without_users_is_watched_and_recorded_by_the_host(world):
    meeting, _ = held(world)
    due = (world.clock() + gathering.timedelta(days=60)).date().isoformat()
    body = {"owner": str(world.authorities["us"]), "due_on": due, "text": "Ask the provider."}
    made = world.as_("desk").post(f"/meetings/{meeting}/actions", body)
    assert made.status_code == 201, made.json
    action = made.json["id"]
    assert [row["id"] for row in items(world, "desk", "/actions?side=mine")] == [action]
    assert [row["rule"] for row in items(world, "desk", "/deadlines?side=mine")] == ["meeting_action"]
    assert items(world, "prosecutor_fr", "/actions?side=mine") == []
    assert take(world, "prosecutor_fr", f"/actions/{action}", {"event": "done", **recorded(world)}).status_code == 403

    world.clock.forward(days=40)
    done = take(world, "desk", f"/actions/{action}", {"event": "done", **recorded(world)})
    assert (done.status_code, done.json["state"], done.json["recorded"]["proof"]) == (200, "done", "Letter 7")
    assert items(world, "desk", "/deadlines?side=mine&state=running") == []


def test_a_bilateral_meeting_of_two_delegations_is_about_many_cases(world):
    body = {**gathering.PLANNED, "level": "bilateral", "origin_type": "delegations"}
    guest = {"authority_id": str(world.authorities["fr"]), "function": "prosecutor"}
    made = world.as_("prosecutor").post("/meetings", {**body, "participants": [guest]})
    assert (made.status_code, made.json["origin_type"], made.json["origin_id"]) == (201, "delegations", None)
    path = f"/meetings/{made.json['id']}"
    for case in (world.case("prosecutor"), world.case("prosecutor")):
        assert world.as_("prosecutor").post(f"{path}/cases", {"case_id": case, "level": "index"}).status_code == 201
    shared = [row["case_id"] for row in items(world, "prosecutor_fr", f"{path}/cases")]
    assert len(shared) == 2
    assert {world.as_("prosecutor_fr").get(f"/cases/{case}").json["level"] for case in shared} == {"index"}
    for wrong in ({"level": "III"}, {"origin_id": shared[0]}, {"origin_type": "case"}):
        assert world.as_("prosecutor").post("/meetings", {**body, **wrong}).status_code == 422
