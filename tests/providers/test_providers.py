"""Providers and memoranda: who keeps them, what they say, and what ends soon."""

from uuid import uuid4

import pytest
from entries import MOU, PROVIDER, change, mou, provider


def pointers(answer):
    assert answer.status_code == 422, answer.json
    return [fault["pointer"] for fault in answer.json["errors"]]


def established(country):
    return {"establishment": {**PROVIDER["establishment"], "country": country}}


def entry(world, **more):
    return {**PROVIDER, "authority_id": str(world.authorities["provider"]), **more}


def test_a_central_authority_enters_the_providers_established_in_its_country(world):
    made = provider(world)
    for who in ("romanian", "analyst", "desk_fr", "auditor"):
        assert world.as_(who).get(f"/providers/{made['id']}").json["legal_entity"] == "Heron Messaging Ireland Ltd"
    assert world.as_("anonymous").get(f"/providers/{made['id']}").status_code == 401
    assert made["retention"] == [{"data_category": "traffic", "days": 90}]


def test_nobody_enters_a_provider_of_another_country_but_the_operator(world):
    for who in ("central", "contact", "admin", "contact_fr", "admin_fr"):
        refused = world.as_(who).post("/providers", entry(world, **established("FR")))
        assert refused.json["type"] == "/problems/not-your-entry", who
    assert world.as_("prosecutor_fr").post("/providers", entry(world, **established("FR"))).status_code == 403
    assert world.as_("operator").post("/providers", entry(world, **established("FR"))).status_code == 201


def test_a_provider_is_changed_where_it_is_established_and_moved_by_the_operator(world):
    made = provider(world)
    assert change(world, "central_fr", "providers", made, costs="none").status_code == 403
    assert change(world, "central_fr", "providers", made, **established("FR")).status_code == 403
    assert change(world, "central", "providers", made, **established("FR")).status_code == 403
    moved = change(world, "operator", "providers", made, **established("FR")).json
    assert change(world, "central", "providers", moved, costs="none").status_code == 403
    assert change(world, "central_fr", "providers", moved, costs="none").json["costs"] == "none"
    assert change(world, "central_fr", "providers", moved, costs="some").status_code == 412


def test_a_profile_is_of_a_provider_and_there_once(world):
    for other in (str(world.authorities["nl"]), str(uuid4())):
        assert pointers(world.as_("operator").post("/providers", entry(world, authority_id=other))) == ["/authority_id"]
    provider(world)
    again = world.as_("operator").post("/providers", entry(world))
    assert (again.status_code, again.json["type"]) == (409, "/problems/profile-there")


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"languages": ["heronish"]}, "/languages/0"),
        ({"notification_policy": "sometimes"}, "/notification_policy"),
        ({"portal": "http://portal.example"}, "/portal"),
        ({"retention": [{"data_category": "traffic", "days": -1}]}, "/retention/0/days"),
        ({"retention": [{"data_category": "gossip", "days": 1}]}, "/retention/0/data_category"),
        ({"establishment": {"kind": "brand", "name": "Heron", "country": "NL"}}, "/establishment/kind"),
        ({"establishment": {"kind": "designated_establishment", "name": "Heron"}}, "/establishment/country"),
        ({"legal_entity": ""}, "/legal_entity"),
    ],
)
def test_a_profile_says_nothing_wrong_and_neither_does_its_change(world, wrong, pointer):
    assert pointers(world.as_("central").post("/providers", entry(world, **wrong))) == [pointer]
    assert pointers(change(world, "central", "providers", provider(world), **wrong)) == [pointer]


def test_a_brand_however_it_is_written_leads_to_the_legal_entity(world):
    provider(world)
    for brand, found in {"Heron": 1, "heronchat": 1, "HERON": 1, "Her": 0, "Owl": 0}.items():
        assert len(world.as_("romanian").get(f"/providers?brand={brand}").json["items"]) == found, brand
    for country, found in {"NL": 1, "IE": 0}.items():
        assert len(world.as_("romanian").get(f"/providers?country={country}").json["items"]) == found


def test_a_profile_is_confirmed_without_a_change(world, clock):
    made = provider(world)
    clock.forward(days=40)
    confirmed = change(world, "central", "providers", made, confirmed=True).json
    assert confirmed["last_confirmed_at"] > made["last_confirmed_at"]


def test_an_authority_keeps_its_own_memoranda_and_everybody_reads_them(world):
    made = mou(world, provider_id=provider(world)["id"], standards=["ETSI TS 103 120"])
    assert made["authority_id"] == str(world.authorities["nl"])
    assert world.as_("romanian").get(f"/mous/{made['id']}").json["standards"] == ["ETSI TS 103 120"]
    for who in ("investigator", "prosecutor", "desk", "system"):
        assert world.as_(who).post("/mous", MOU).status_code == 403
    for who in ("central_fr", "contact_fr", "admin_fr"):
        assert change(world, who, "mous", made, title="Ours").json["type"] == "/problems/not-your-entry"
    changed = change(world, "contact", "mous", made, title="Preservation and disclosure")
    assert (changed.status_code, changed.json["title"]) == (200, "Preservation and disclosure")
    assert change(world, "contact", "mous", made, title="Older").status_code == 412
    assert change(world, "operator", "mous", changed.json, title="Corrected").status_code == 200


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [({"parties": []}, "/parties"), ({"valid_until": "2025-12-31"}, "/valid_until"), ({"title": ""}, "/title")],
)
def test_a_memorandum_says_nothing_wrong_and_neither_does_its_change(world, wrong, pointer):
    assert pointers(world.as_("central").post("/mous", {**MOU, **wrong})) == [pointer]
    assert pointers(change(world, "central", "mous", mou(world), **wrong)) == [pointer]


def test_a_memorandum_is_with_a_provider_that_is_there(world):
    assert world.as_("central").post("/mous", {**MOU, "provider_id": str(uuid4())}).status_code == 404
    profile = provider(world)["id"]
    ours = mou(world, provider_id=profile)
    mou(world)
    assert [m["id"] for m in world.as_("romanian").get(f"/mous?provider_id={profile}").json["items"]] == [ours["id"]]


def test_those_that_end_within_some_days_are_listed_today_and_the_last_day_included(world, clock):
    clock.at("2026-11-25T12:00:00+00:00")
    for day in ("2026-11-24", "2026-11-25", "2026-12-25", "2026-12-26", None):
        mou(world, title=str(day), valid_until=day)

    def ending(days):
        return {m["title"] for m in world.as_("romanian").get(f"/mous?expiring_within={days}").json["items"]}

    assert ending(1) == {"2026-11-25"}
    assert ending(30) == {"2026-11-25", "2026-12-25"}
    assert ending(31) == {"2026-11-25", "2026-12-25", "2026-12-26"}
    assert pointers(world.as_("romanian").get("/mous?expiring_within=0")) == ["/expiring_within"]
