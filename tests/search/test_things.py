"""Requests, teams and meetings are found by those who take part in them, and by nobody else."""

import assisting
import gathering
import teaming
from searching import found, hits


def paths(world, who, q, **more):
    return [item["path"].removeprefix("/api/v1/") for item in hits(world, who, q, **more)]


def test_a_request_is_found_by_both_sides_once_it_was_sent(world):
    request = assisting.draft(world, "investigator", reference="EIO-17")
    assert found(world, "prosecutor", "eio-17") == ["EIO-17"]
    assert found(world, "prosecutor_fr", "eio-17") == []
    assisting.walk(
        world,
        request,
        ("investigator", "submit"),
        ("prosecutor", "validate"),
        ("prosecutor", "transmit", {"transmission": assisting.SENT}),
    )
    assert found(world, "prosecutor_fr", "eio-17") == ["EIO-17"]
    assert paths(world, "prosecutor_fr", "investigation order transmitted", kind="request") == [f"mla-requests/{request}"]
    assert paths(world, "prosecutor_fr", "eio-17", country="FR") == [f"mla-requests/{request}"]
    assert paths(world, "prosecutor_fr", "eio-17", state="draft") == paths(world, "prosecutor_fr", "eio-17", kind="jit") == []
    assert found(world, "prosecutor_ro", "eio-17") == found(world, "analyst", "eio-17") == found(world, "desk", "eio-17") == []
    (item,) = world.as_("central_fr").get("/search?q=eio-17").json["items"]
    assert (item["title"], item["countries"], item["state"]) == (None, ["FR", "NL"], "transmitted")


def test_the_sealed_title_of_a_request_is_not_searched(world):
    assisting.draft(world, reference="EIO-17")
    assert found(world, "prosecutor", "streamed") == []


def test_a_request_through_a_case_is_for_those_who_may_read_the_case(world):
    """A part that is linked to a case counts for the readers of the case; here the case is hidden from nobody of the authority."""
    case = world.case("prosecutor")
    assisting.draft(world, reference="EIO-17", case_id=case)
    assert found(world, "prosecutor", "eio-17") == found(world, "colleague", "eio-17") == ["EIO-17"]


def test_a_team_and_a_meeting_are_found_by_their_participants(world):
    team = teaming.proposed(world, "fr")
    meeting = gathering.proposed(world, guests=("fr",))
    assert paths(world, "prosecutor_fr", "proposed", kind="jit") == [f"jits/{team}"]
    assert paths(world, "prosecutor_ro", "proposed", kind="jit") == []
    assert paths(world, "prosecutor_fr", "proposed", kind="meeting") == [f"meetings/{meeting}"]
    assert paths(world, "prosecutor_ro", "proposed", kind="meeting") == []
    assert paths(world, "central", "proposed", kind="meeting") == []
