"""Competences: what is declared, and who is found for a measure, a kind, an instrument and a place."""

from uuid import uuid4

import pytest
from entries import COMPETENCE, change, competence

from coopapi.auth.authentication import actor_of
from coopapi.contacts import service


def find(world, query, who="romanian"):
    found = world.as_(who).get(f"/authorities/competent?{query}")
    assert found.status_code == 200, found.json
    return [(f["authority"]["name"], f["why"]) for f in found.json["items"]]


def accepted(world, country, instrument=None, measure=None):
    """The languages a country accepts, as a Dutch request is checked against them."""
    database = world.app.extensions["coopapi"].database
    with database.work(lambda s: actor_of(s, "https://issuer.test", "prosecutor", None), uuid4().hex) as work:
        return service.accepted_languages(work, country, instrument, measure)


def for_the_court(world, **more):
    return competence(world, "operator", authority_id=str(world.authorities["fr_court"]), **more)


def test_an_authority_declares_its_own_and_everybody_who_is_signed_in_reads_it(world):
    made = competence(world, measures=["traffic"], languages=["nl"], channels=["direct_judicial"])
    assert made["authority_id"] == str(world.authorities["nl"])
    assert made["last_confirmed_at"]
    assert world.as_("analyst").get(f"/competences/{made['id']}").json["channels"] == ["direct_judicial"]
    assert [c["id"] for c in world.as_("romanian").get("/competences?country=NL").json["items"]] == [made["id"]]
    assert world.as_("romanian").get("/competences?country=FR").json["items"] == []
    assert world.as_("romanian").get(f"/competences?authority_id={world.authorities['fr']}").json["items"] == []
    assert world.as_("anonymous").get("/competences").status_code == 401


def test_nobody_declares_for_another_authority_but_the_operator(world):
    french = {**COMPETENCE, "authority_id": str(world.authorities["fr"])}
    for who in ("admin", "central", "contact"):
        assert world.as_(who).post("/competences", french).status_code == 403
    made = world.as_("operator").post("/competences", french).json
    assert change(world, "central", "competences", made, languages=["nl"]).status_code == 403
    assert change(world, "central_fr", "competences", made, languages=["fr"]).json["languages"] == ["fr"]
    assert change(world, "central_fr", "competences", made, languages=["en"]).status_code == 412


def test_a_provider_is_competent_for_nothing(world):
    body = {**COMPETENCE, "authority_id": str(world.authorities["provider"])}
    refused = world.as_("operator").post("/competences", body)
    assert (refused.status_code, refused.json["type"]) == (422, "/problems/only-for-itself")
    assert find(world, "country=IE") == []


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"languages": ["heronish"]}, "/languages/0"),
        ({"measures": ["torture"]}, "/measures/0"),
        ({"kinds": ["letter"]}, "/kinds/0"),
        ({"instruments": ["magna_carta"]}, "/instruments/0"),
        ({"channels": ["pigeon"]}, "/channels/0"),
        ({"places": [""]}, "/places/0"),
        ({"valid_until": "2025-01-01"}, "/valid_until"),
    ],
)
def test_a_competence_says_nothing_wrong_and_neither_does_its_change(world, wrong, pointer):
    made = world.as_("central").post("/competences", {**COMPETENCE, **wrong})
    changed = change(world, "central", "competences", competence(world), **wrong)
    for answer in (made, changed):
        assert (answer.status_code, [f["pointer"] for f in answer.json["errors"]]) == (422, [pointer])


def test_a_competence_is_confirmed_without_a_change(world, clock):
    made = competence(world)
    clock.forward(days=40)
    confirmed = change(world, "central", "competences", made, confirmed=True).json
    assert confirmed["last_confirmed_at"] > made["last_confirmed_at"]


def test_the_place_comes_first_then_the_whole_country_then_the_central_authority(world):
    competence(world, "central_fr", languages=["fr"])
    for_the_court(world, places=["Rennes", "Brest"], languages=["fr", "en"], channels=["direct_judicial"])
    ministry = {"name": "Ministry of Justice", "type": "central_authority", "country": "FR", "languages": ["fr"]}
    assert world.as_("operator").post("/authorities", ministry).status_code == 201

    everybody = [
        ("Court of First Instance", "place"),
        ("Prosecution Office", "country"),
        ("Ministry of Justice", "central_authority"),
    ]
    assert find(world, "country=FR&place=Brest") == everybody
    assert find(world, "country=FR&place=BREST") == everybody
    assert find(world, "country=FR&place=Lyon") == everybody[1:]
    first = world.as_("romanian").get("/authorities/competent?country=FR&place=Brest").json["items"][0]
    assert (first["languages"], first["channels"]) == (["fr", "en"], ["direct_judicial"])


def test_without_a_place_those_for_some_places_come_after_those_for_the_whole_country(world):
    for_the_court(world, places=["Rennes"])
    competence(world, "central_fr")
    assert find(world, "country=FR") == [("Prosecution Office", "country"), ("Court of First Instance", "some_places")]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("measure=traffic&kind=eio&instrument=eio", True),
        ("measure=traffic", True),
        ("kind=eio", True),
        ("instrument=eio", True),
        ("measure=interception", False),
        ("kind=preservation", False),
        ("instrument=budapest", False),
        ("measure=traffic&kind=eio&instrument=budapest", False),
    ],
)
def test_who_is_competent_is_so_for_all_that_is_asked(world, query, found):
    competence(world, "central_fr", measures=["traffic", "content"], kinds=["eio"], instruments=["eio"])
    assert find(world, f"country=FR&{query}") == ([("Prosecution Office", "country")] if found else [])


def test_whoever_names_nothing_is_competent_for_all(world):
    competence(world, "central_fr")
    assert find(world, "country=FR&measure=freezing&kind=mla_letter&instrument=untoc") == [("Prosecution Office", "country")]


def test_where_nobody_declared_anything_the_central_authority_is_found(world):
    assert find(world, "country=US&measure=traffic") == [("Office of International Affairs", "central_authority")]
    assert find(world, "country=RO&measure=traffic") == []


def test_the_finder_wants_a_country_and_codes_that_exist(world):
    for query, pointer in {"measure=traffic": "/country", "country=QQ": "/country", "country=FR&measure=x": "/measure"}.items():
        answer = world.as_("romanian").get(f"/authorities/competent?{query}")
        assert (answer.status_code, [f["pointer"] for f in answer.json["errors"]]) == (422, [pointer])


def test_a_competence_holds_from_its_first_day_to_its_last(world, clock):
    competence(world, "central_fr", valid_from="2026-12-01", valid_until="2026-12-31", languages=["fr"])
    for moment, holds in {
        "2026-11-30T23:59:00+00:00": False,
        "2026-12-01T00:00:00+00:00": True,
        "2026-12-31T23:59:00+00:00": True,
        "2027-01-01T00:00:00+00:00": False,
    }.items():
        clock.at(moment)
        assert bool(find(world, "country=FR")) is holds, moment
        assert bool(accepted(world, "FR")) is holds, moment


def test_the_languages_accepted_are_those_of_whoever_is_competent(world):
    competence(world, "central_fr", instruments=["eio"], measures=["traffic"], languages=["fr"])
    for_the_court(world, instruments=["eio"], measures=["hearing"], languages=["es"])
    competence(world, languages=["nl"])

    assert accepted(world, "FR", "eio", "traffic") == {"fr"}
    assert accepted(world, "FR", "eio", "hearing") == {"es"}
    assert accepted(world, "FR", "eio") == {"fr", "es"}
    assert accepted(world, "FR", "budapest", "traffic") == set()
    assert accepted(world, "RO", "eio", "traffic") == set()
