"""The mistakes about requests that a practitioner spots at once (DOMAIN 12), each refused or impossible here."""

import pytest
from assisting import CONTENT, SENT, SUBSCRIBER, TRAFFIC, act, clocks, draft, read, recognised, sent, step, walk


@pytest.fixture
def authority(world):
    """An authority of another country, without anybody here."""

    def enter(country, kind="court"):
        body = {"name": f"Authority of {country}", "type": kind, "country": country}
        made = world.as_("operator").post("/authorities", body)
        assert made.status_code == 201, made.json
        world.authorities[country] = made.json["id"]
        return country

    return enter


def test_m1_each_measure_has_its_own_outcome(world):
    request = recognised(world, measures=[TRAFFIC, SUBSCRIBER])
    act(world, "prosecutor_fr", request, 0, "execute")
    assert [m["state"] for m in read(world, "prosecutor", request)["measures"]] == ["executed", "pending"]


@pytest.mark.parametrize(("country", "better"), [("DK", "eu2000"), ("IE", "eu2000"), ("US", "eu_us_mla")])
def test_m2_no_investigation_order_where_it_does_not_bind(world, authority, country, better):
    request = draft(world, to=authority(country))
    refused = step(world, "prosecutor", request, "ready")
    (fault,) = [f for f in refused.json["errors"] if f["pointer"] == "/instrument"]
    assert (refused.status_code, better in fault["detail"]) == (422, True)


def test_m3_ninety_days_run_from_the_decision_and_not_from_receipt(world, clock):
    clock.at("2026-12-01T10:00:00+01:00")
    request = sent(world)
    walk(world, request, ("prosecutor_fr", "receive"), ("prosecutor_fr", "acknowledge"))
    assert "eio_execution" not in clocks(world, "prosecutor", request)
    clock.at("2026-12-14T10:00:00+01:00")
    walk(world, request, ("prosecutor_fr", "recognise"))
    # ninety days from Monday 14 December 2026 end on Sunday 14 March 2027, so at the end of Monday 15
    assert clocks(world, "prosecutor", request)["eio_execution"] == ("2027-03-15T23:00", "running")


def test_m4_sixty_days_are_a_minimum(world, clock):
    clock.at("2026-12-01T10:00:00+01:00")
    least = sent(world, kind="preservation")
    walk(world, least, ("contact_fr", "receive"), ("contact_fr", "preserve"))
    # sixty days from 1 December, each to its last hour, and not moved: the end of Saturday 30 January
    assert clocks(world, "prosecutor", least)["bud_29_min"] == ("2027-01-30T23:00", "running")

    longer = sent(world, kind="preservation", reference="longer")
    walk(world, longer, ("contact_fr", "receive"), ("contact_fr", "preserve", {"until": "2027-06-01T00:00:00+02:00"}))
    assert clocks(world, "prosecutor", longer)["preservation_expiry"] == ("2027-05-31T22:00", "running")


def test_m5_the_second_protocol_is_not_in_force(world):
    request = world.once(draft, kind="subscriber_information", instrument="budapest_p2", measures=[SUBSCRIBER])
    refused = step(world, "prosecutor", request, "ready")
    assert [f["rule"] for f in refused.json["errors"] if f["pointer"] == "/instrument"] == ["not_in_force"]


def test_m7_a_contact_point_does_not_recognise(world):
    request = world.once(sent)
    assert world.as_("contact_fr").get(f"/mla-requests/{request}/transitions").json["allowed"] == []
    assert step(world, "contact_fr", request, "receive").json["type"] == "/problems/not-round-the-clock"


def test_m8_an_order_goes_to_a_legal_entity_and_not_to_an_authority(world):
    request = world.once(draft, kind="epoc", to="fr", measures=[SUBSCRIBER])
    refused = step(world, "prosecutor", request, "ready")
    assert "/executing_authority" in {f["pointer"] for f in refused.json["errors"]}


def test_m9_urgent_opens_no_clock_of_emergencies(world):
    request = world.once(draft, kind="epoc", to="provider", measures=[SUBSCRIBER], urgency="urgent")
    walk(world, request, ("prosecutor", "ready"), ("prosecutor", "transmit", {"transmission": SENT}))
    told = {"channel": "provider_portal", "proof": "ticket 1", "at": world.clock().isoformat()}
    walk(world, request, ("prosecutor", "receive", {"recorded": told}))
    assert set(clocks(world, "prosecutor", request)) == {"epoc_std", "epoc_conflict"}


def test_m17_an_address_has_a_time_or_does_not_go(world):
    bare = {**SUBSCRIBER, "identifiers": [{"kind": "ip", "value": "198.51.100.7"}]}
    timed = {**SUBSCRIBER, "identifiers": [{**bare["identifiers"][0], "context": {"observed_at": "2026-10-01T12:00:00+02:00"}}]}
    request = draft(world, measures=[bare])
    assert step(world, "prosecutor", request, "ready").status_code == 422
    tag = f'"{read(world, "prosecutor", request)["etag"]}"'
    assert world.as_("prosecutor").patch(f"/mla-requests/{request}", {"measures": [timed]}, If_Match=tag).status_code == 200
    walk(world, request, ("prosecutor", "ready"))


def test_content_that_nobody_asked_for_is_refused(world):
    for field in ("photo", "image", "file", "data"):
        body = {"reference": "x", "kind": "eio", "content": {**CONTENT, field: "iVBORw0KGgo="}}
        refused = world.as_("prosecutor").post("/mla-requests", body)
        assert (refused.status_code, refused.json["errors"][0]["pointer"]) == (422, f"/content/{field}")
