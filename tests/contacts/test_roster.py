"""Rosters: who is on duty, whether an office can be reached, and whom to try next."""

from datetime import timedelta

import pytest
from assisting import SENT, draft, read, walk
from entries import change, point


def shift(world, made, who="contact", person=None, hours=(-1, 8)):
    since, until = ((world.clock() + timedelta(hours=n)).isoformat() for n in hours)
    body = {"person_id": str(world.people[person or who]), "since": since, "until": until}
    return world.as_(who).post(f"/contact-points/{made['id']}/roster", body)


def reachable(world, made, who="foreign"):
    return world.as_(who).get(f"/contact-points/{made['id']}").json["reachable_now"]


def verified(world, who="contact", **more):
    made = point(world, who, always=True, **more)
    return change(world, who, "contact-points", made, verified=True).json


def test_an_office_is_reachable_if_it_is_open_and_verified_and_somebody_is_on_duty(world):
    made = verified(world)
    assert reachable(world, made) == "yes"
    assert shift(world, made, hours=(-20, -10)).status_code == 201
    assert reachable(world, made) == "unverified"  # it keeps a roster, and nobody is on duty
    there = shift(world, made)
    assert (there.status_code, reachable(world, made)) == (201, "yes")
    until = there.json["since"]
    path = f"/contact-points/{made['id']}/roster/{there.json['id']}"
    assert world.as_("contact").patch(path, {"until": until}, If_Match=f'"{there.json["etag"]}"').status_code == 200
    assert reachable(world, made) == "unverified"
    world.clock.forward(days=200)
    assert reachable(world, made) == "unverified"  # stale, and the roster is long past


def test_only_the_authority_sees_who_is_on_duty_and_only_its_keepers_enter_it(world):
    made = verified(world)
    assert shift(world, made).status_code == 201
    path = f"/contact-points/{made['id']}/roster"
    assert len(world.as_("investigator").get(path).json["items"]) == 1
    assert world.as_("contact_fr").get(path).json["items"] == []
    assert shift(world, made, "contact_fr").status_code == 403
    assert shift(world, made, "contact", "contact_fr").status_code == 422
    assert shift(world, made, "contact", hours=(5, 4)).status_code == 422
    assert shift(world, made, "contact", hours=(0, 24 * 32)).status_code == 422


def test_routing_prefers_who_can_be_reached_and_leaves_nobody_out(world):
    doubtful = point(world, "contact_fr", always=True)
    assert reachable(world, doubtful) == "unverified"
    request = draft(world, by="contact", kind="preservation", to=None, executing_country="FR")
    walk(world, request, ("contact", "ready"), ("contact", "transmit", {"transmission": SENT}))
    assert read(world, "contact", request)["executing"]["id"] == str(world.authorities["fr"])


@pytest.mark.parametrize("minutes", [14, 16])
def test_after_15_minutes_without_answer_the_next_contact_is_offered(world, minutes):
    verified(world, "contact_fr")
    second = world.as_("operator").post(
        "/contact-points",
        {"authority_id": str(world.authorities["fr_court"]), "network": "g7_24_7", "always": True, "time_zone": "Europe/Paris",
         "declared_by": "Ministry of Justice", "valid_from": "2026-01-01"},
    ).json  # fmt: skip
    request = draft(world, by="contact", kind="preservation", to=None, executing_country="FR")
    walk(world, request, ("contact", "ready"), ("contact", "transmit", {"transmission": SENT}))
    world.clock.forward(minutes=minutes)
    offered = [s for s in read(world, "contact", request)["suggestions"] if s["do"] == "try_next_contact"]
    assert [s["href"] for s in offered] == ([f"/api/v1/contact-points/{second['id']}"] if minutes > 15 else [])
    assert not [s for s in read(world, "contact_fr", request)["suggestions"] if s["do"] == "try_next_contact"]
    walk(world, request, ("contact_fr", "receive"))
    assert not [s for s in read(world, "contact", request)["suggestions"] if s["do"] == "try_next_contact"]
