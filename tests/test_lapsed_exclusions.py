"""Exclusions after their end."""

from datetime import timedelta

from test_handling import HERON, pair

from coopapi.ops import administration


def test_a_lapsed_exclusion_is_told_in_the_feed(world, clock):
    case, _, _, _ = pair(world, HERON)
    until = (clock() + timedelta(days=365)).isoformat()
    world.as_("investigator").post("/exclusions", {"kind": "email", "reason": "for a while", "until": until})
    clock.forward(days=367)
    world.work()
    events = world.as_("investigator").get("/events").json["items"]
    assert [e["action"] for e in events if e["object_type"] == "overlap"][-2:] == ["overlap.withdrawn", "overlap.detected"]
    assert [o["state"] for o in world.overlaps("investigator", case)] == ["detected"]


def test_after_the_worker_followed_what_lapsed_the_reconciler_finds_no_difference(world, clock, database):
    case, _, _, _ = pair(world, HERON)
    until = (clock() + timedelta(days=365)).isoformat()
    world.as_("investigator").post("/exclusions", {"kind": "email", "reason": "for a while", "until": until})
    clock.forward(days=367)
    world.work()
    assert not any(administration.reconcile(database, repair=False).values())
    assert len(world.overlaps("investigator", case)) == 1
