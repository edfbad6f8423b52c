"""What a caller is offered at a meeting is what it may do there: every state, event, side and role."""

from datetime import timedelta

import gathering
import pytest

from coopapi.access import Action
from coopapi.meetings.actions import ACTION
from coopapi.meetings.calendar_feeds import FEED
from coopapi.meetings.case_sharing import MEETING_SHARE
from coopapi.meetings.lifecycles import ACTION_LIFECYCLE, AHEAD, MEETING_LIFECYCLE, PLACE_LIFECYCLE
from coopapi.meetings.transitions import MEETING, PLACE
from coopapi.shared.workflow import Workflow
from workflows.gate import Scene, expect, set_state

PEOPLE = ("prosecutor", "desk", "prosecutor_fr", "prosecutor_ro", "europol", "desk_fr")


def soon(world):
    return {name: world.clock() + timedelta(hours=n) for name, n in (("starts_at", 24), ("ends_at", 27))}


@pytest.mark.parametrize("state", MEETING_LIFECYCLE.states)
def test_a_meeting(world, database, owner, state):
    meeting = world.once(gathering.held)
    assert gathering.minuted(world, meeting).status_code == 200
    bodies = {"schedule": soon(world), "reschedule": soon(world), "poll": {"options": [soon(world)]}}
    put = set_state("meetings", meeting, **{state: {"minutes": None} for state in (*AHEAD, "cancelled")})
    scene = Scene(MEETING, Action.MEETING_READ, Action.MEETING_WRITE, {"meeting_id": meeting}, put, PEOPLE, bodies)
    expect(world, database, owner, scene, state)


@pytest.mark.parametrize("meeting_state", ["scheduled", "held", "closed"])
@pytest.mark.parametrize("state", PLACE_LIFECYCLE.states)
def test_a_place_at_a_meeting(world, database, owner, state, meeting_state):
    meeting = world.once(gathering.held)
    set_state("meetings", meeting)(owner, meeting_state)
    seat = gathering.place(world, "prosecutor_fr", meeting, "fr")["id"]
    ids = {"meeting_id": meeting, "place_id": seat}
    put = set_state("meeting_participants", seat)
    idle = {"scheduled": (), "held": ("accepted",), "closed": ("invited", "accepted")}[meeting_state]
    scene = Scene(PLACE, Action.MEETING_READ, Action.MEETING_WRITE, ids, put, PEOPLE, idle=(*idle, "declined", "removed"))
    expect(world, database, owner, scene, state)


@pytest.mark.parametrize("state", ACTION_LIFECYCLE.states)
def test_an_action(world, database, owner, state):
    meeting = world.once(gathering.held)
    body = {"text": "Search the flat", "due_on": (world.clock() + timedelta(days=3)).date().isoformat()}
    made = world.as_("prosecutor_fr").post(f"/meetings/{meeting}/actions", body)
    assert made.status_code == 201, made.json
    ids = {"action_id": made.json["id"]}
    ended = {"ended_at": world.clock()}
    put = set_state("meeting_actions", made.json["id"], done=ended, dropped=ended)
    expect(world, database, owner, Scene(ACTION, Action.MEETING_READ, Action.MEETING_WRITE, ids, put, PEOPLE), state)


def test_a_case_that_is_shared_with_a_meeting(world, database, owner):
    meeting = world.once(gathering.scheduled)
    case = world.case("prosecutor")
    made = world.as_("prosecutor").post(f"/meetings/{meeting}/cases", {"case_id": case})
    assert made.status_code == 201, made.json
    ids = {"meeting_id": meeting, "share_id": made.json["id"]}
    scene = Scene(MEETING_SHARE, Action.MEETING_READ, Action.CASE_SHARE, ids, lambda *_: None, PEOPLE)
    expect(world, database, owner, scene, "shared")


def test_a_calendar_feed(world, database, owner):
    made = world.as_("prosecutor").post("/calendar-feeds")
    assert made.status_code == 201, made.json
    ids = {"feed_id": made.json["id"]}
    scene = Scene(FEED, Action.MEETING_READ, Action.MEETING_READ, ids, lambda *_: None, PEOPLE)
    expect(world, database, owner, scene, "live")


def test_a_list_that_offered_what_the_guards_prevent_would_be_found_out(world, database, owner, monkeypatch):
    meeting = gathering.scheduled(world)
    honest = Workflow.options

    def boastful(self, work, **ids):
        lists = honest(self, work, **ids)
        return {**lists, "allowed": [*lists["allowed"], *lists["blocked"]], "blocked": []}

    monkeypatch.setattr(Workflow, "options", boastful)
    scene = Scene(
        MEETING, Action.MEETING_READ, Action.MEETING_WRITE, {"meeting_id": meeting}, set_state("meetings", meeting), ("desk",)
    )
    with pytest.raises(AssertionError, match="hold from scheduled"):
        expect(world, database, owner, scene, "scheduled")
