"""What a caller is offered with a deadline is what it may do with it: every state, side and role."""

from datetime import timedelta

import pytest
from assisting import sent, walk

from coopapi.access import Action
from coopapi.deadlines.transitions import DEADLINE
from workflows.gate import Scene, expect

PEOPLE = ("prosecutor", "prosecutor_fr", "romanian")


def running(world, request, rule):
    """A deadline of a request that the French prosecution received, and the scene in which it is extended."""
    (row,) = [d for d in world.as_("prosecutor").get(f"/mla-requests/{request}/deadlines").json["items"] if d["rule"] == rule]
    return row["id"]


def received(world, **more):
    request = sent(world, **more)
    walk(world, request, ("prosecutor_fr", "receive"))
    return request


def scene_of(world, deadline, idle=()):
    """Put the deadline into a state by the moments of which its state follows."""
    now, ago = world.clock(), world.clock() - timedelta(days=2)
    moments = {
        "suspended": {"suspended_at": now},
        "met": {"met_at": now, "met_by": "recognise"},
        "met_late": {"met_at": now, "met_by": "recognise", "due_at": ago},
        "missed": {"due_at": ago},
        "cancelled": {"cancelled_at": now},
    }

    def put(owner, state):
        values = moments.get(state, {})
        if values:
            with owner.cursor() as cursor:
                changes = ", ".join(f"{name} = %s" for name in values)
                cursor.execute(f"update deadlines set {changes} where id = %s", (*values.values(), deadline))

    bodies = {"extend": {"estimate": now + timedelta(days=40)}}
    return Scene(DEADLINE, Action.DEADLINE_READ, Action.DEADLINE_READ, {"deadline_id": deadline}, put, PEOPLE, bodies, idle)


@pytest.mark.parametrize("state", ["running", "suspended", "met", "met_late", "missed", "cancelled"])
def test_a_deadline(world, database, owner, state):
    deadline = running(world, received(world), "eio_recognition")
    expect(world, database, owner, scene_of(world, deadline), state)


def test_a_deadline_that_its_article_does_not_let_be_extended(world, database, owner):
    deadline = running(world, received(world), "eio_ack")
    assert expect(world, database, owner, scene_of(world, deadline, idle=("running",)), "running") == set()


def test_those_who_only_read_the_case_of_a_request_do_not_extend_its_deadlines(world, database, owner):
    request = received(world)
    case = world.case("prosecutor_fr")
    assert world.as_("prosecutor_fr").post(f"/mla-requests/{request}/case", {"case_id": case}).status_code == 200
    with owner.cursor() as cursor:
        cursor.execute("update case_access set level = 2 where case_id = %s", (case,))
    deadline = running(world, request, "eio_recognition")
    assert expect(world, database, owner, scene_of(world, deadline, idle=("running",)), "running") == set()
