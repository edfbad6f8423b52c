"""A hidden case: nobody else knows of it, and when it becomes visible the other side is told as if it had just been made."""

from datetime import datetime
from uuid import UUID

from test_handling import OWL, step


def show(world, who, case, visibility="hit_no_hit"):
    etag = world.as_(who).get(f"/cases/{case}").headers["ETag"]
    assert world.as_(who).patch(f"/cases/{case}", {"visibility": visibility}, If_Match=etag).status_code == 200


def news(world, who):
    return [e for e in world.as_(who).get("/events").json["items"] if e["object_type"] == "overlap"]


def test_the_other_side_is_told_when_a_hidden_case_becomes_visible(world):
    case, hidden = world.case("investigator"), world.case("foreign", visibility="hidden")
    world.hold("investigator", case, OWL)
    world.hold("foreign", hidden, OWL)
    assert news(world, "investigator") == []
    (known,) = world.overlaps("foreign", hidden)
    world.clock.forward(days=3)
    show(world, "foreign", hidden)

    (told,) = news(world, "investigator")
    (seen,) = world.overlaps("investigator", case)
    assert (told["action"], told["object_id"], told["detail"]) == (
        "overlap.detected",
        seen["id"],
        {"strength": "strong", "new": True},
    )
    assert {seen["detected_at"], seen["first_seen"], seen["last_seen"], seen["changed_at"], seen["evidence"][0]["since"]} == {
        told["at"]
    }
    assert UUID(seen["id"]).version == 4
    (still,) = world.overlaps("foreign", hidden)
    assert (still["detected_at"], still["first_seen"]) == (known["detected_at"], known["first_seen"])
    assert datetime.fromisoformat(still["detected_at"]) < datetime.fromisoformat(told["at"])
    assert [e["action"] for e in news(world, "foreign")] == ["overlap.detected"]


def test_an_overlap_that_was_rejected_is_new_when_its_case_becomes_visible_again(world):
    case, there = world.case("investigator"), world.case("foreign")
    world.hold("investigator", case, OWL)
    world.hold("foreign", there, OWL)
    (overlap,) = world.overlaps("investigator", case)
    step(world, "investigator", overlap["id"], "take")
    step(world, "investigator", overlap["id"], "reject", "another bird")
    show(world, "foreign", there, "hidden")
    assert world.overlaps("investigator", case) == []
    world.clock.forward(days=1)
    show(world, "foreign", there)
    (again,) = world.overlaps("investigator", case)
    assert (again["id"], again["state"], again["new_since_decision"]) == (overlap["id"], "detected", True)


def test_nothing_is_asked_from_a_hidden_case(world):
    case, hidden = world.case("investigator"), world.case("foreign", visibility="hidden")
    world.hold("investigator", case, OWL)
    world.hold("foreign", hidden, OWL)
    (overlap,) = world.overlaps("foreign", hidden)
    assert world.take("foreign", overlap["id"]).status_code == 200
    body = {"purpose": "investigation", "offence": "ocsea", "items_asked": ["names"]}
    refused = world.as_("foreign").post(f"/overlaps/{overlap['id']}/disclosures", body)
    assert (refused.status_code, refused.json["type"].rsplit("/", 1)[-1]) == (409, "case-is-hidden")
