"""What a caller is offered with a stated time is what it may do with it: every state, side and role."""

import pytest
from assisting import sent, walk

from coopapi.access import Action
from coopapi.mla.times import TIME
from workflows.gate import Scene, expect, set_state

PEOPLE = ("prosecutor", "prosecutor_fr", "romanian")


def scene_of(world, row, idle=(), people=PEOPLE):
    now = world.clock()
    more = {"contested": {"contested_by": str(world.authorities["nl"]), "contested_at": now}}
    bodies = {"correct": {"at": now, "proof": "R 1"}}
    put = set_state("stated_times", row["id"], **more)
    return Scene(TIME, Action.MLA_READ, Action.MLA_TRANSMIT, {"time_id": row["id"]}, put, people, bodies, idle)


@pytest.mark.parametrize("state", ["stated", "contested", "replaced", "proposed", "rejected"])
def test_a_time(world, database, owner, state):
    request = sent(world)
    walk(world, request, ("prosecutor_fr", "receive"))
    (row,) = [t for t in world.as_("prosecutor").get(f"/mla-requests/{request}/times").json["items"] if t["what"] == "received"]
    taken = expect(world, database, owner, scene_of(world, row, idle=("replaced", "proposed", "rejected")), state)
    assert taken == {"stated": {"correct", "contest"}, "contested": {"correct", "accept"}}.get(state, set())


def test_a_time_of_an_authority_that_has_nobody_here(world, database, owner):
    request = sent(world, kind="mla_letter", to="us", instrument="eu_us_mla")
    walk(
        world,
        request,
        ("prosecutor", "receive", {"recorded": {"at": world.clock().isoformat(), "channel": "post", "proof": "R 9"}}),
    )
    rows = world.as_("prosecutor").get(f"/mla-requests/{request}/times").json["items"]
    (row,) = [t for t in rows if t["what"] == "received"]
    assert expect(world, database, owner, scene_of(world, row, people=("prosecutor", "romanian")), "stated") == {"correct"}
