"""Overlaps within one authority, seen from either side."""

from test_handling import HERON, pair, step


def test_the_state_that_is_asked_for_is_that_of_ones_own_side(world):
    case, there, overlap, _ = pair(world, HERON, theirs="prosecutor")
    step(world, "investigator", overlap, "take", case_id=case)
    for mine, state, count in ((case, "under_verification", 1), (case, "detected", 0), (there, "detected", 1)):
        assert world.as_("investigator").get(f"/cases/{mine}/overlaps?state={state}&totals=true").json["total"] == count
    listed = world.as_("investigator").get("/overlaps").json["items"]
    assert world.as_("investigator").get(f"/overlaps?state={listed[0]['state']}").json["items"] == listed
