"""What a thief of the database finds of facts: no text, no source, no place; and whom the digest of a place tells what."""

import json

import pytest
from recording import SAID, correct, facts, history, record
from test_secrecy import everything

from coopapi.facts.places import place_token

WHO = "investigator"
CANARIES = ("canary in the reeds", "canary witness", "canary harbour")


def tokens(owner):
    with owner.cursor() as cursor:
        cursor.execute("select id::text, place_token from facts")
        return {fact: token and bytes(token) for fact, token in cursor.fetchall()}


def test_neither_the_database_nor_the_logs_hold_words_in_clear(world, owner, postgres):
    text, source, place = CANARIES
    said = {**SAID, "text": text, "source": source, "place": {"name": place, "latitude": 51.987654, "longitude": 4.123456}}
    (fact,) = record(world, WHO, world.case(WHO), said)
    correct(world, WHO, fact, text="canary again")
    searched = (*CANARIES, "canary again", "51.987654", "51.988")
    found = [(place, word) for place, content in everything(owner, postgres) for word in searched if word.encode() in content]
    assert found == []


def test_the_same_place_has_the_same_digest_in_all_cases(world, owner):
    places = [
        {"place": {"name": "Gare du Nord"}, "country": "FR"},
        {"place": {"name": " GARE  du nord "}, "country": "FR"},
        {"place": {"name": "Gare-du-Nord"}, "country": "FR"},
        {"place": {"name": "Gare du Nord"}, "country": "BE"},
        {"place": {"name": "Gare du Nord", "latitude": 48.88091, "longitude": 2.35529}, "country": "FR"},
        {"place": {"latitude": 48.88124, "longitude": 2.35493}},
        {"place": {"latitude": 48.89, "longitude": 2.355}},
        {},
    ]
    made = [record(world, who, world.case(who), {"kind": "stay", **said})[0]["id"] for who in (WHO, "romanian") for said in places]
    found = [tokens(owner)[one] for one in made]
    assert found[:8] == found[8:]
    assert found[0] == found[1] == found[2]
    assert found[4] == found[5]
    assert len({*found}) == 5
    assert found[7] is None


def test_a_correction_of_the_country_or_the_place_changes_the_digest(world, owner):
    (fact,) = record(world, WHO, world.case(WHO), {"kind": "stay", "place": {"name": "Delft"}, "country": "NL"})
    before = tokens(owner)[fact["id"]]
    correct(world, WHO, fact, country="BE")
    other = tokens(owner)[fact["id"]]
    correct(world, WHO, fact, place=None)
    assert len({before, other, tokens(owner)[fact["id"]]}) == 3
    assert tokens(owner)[fact["id"]] is None


def test_the_digest_leaves_the_service_nowhere(world, owner):
    case = world.case(WHO)
    (fact,) = record(world, WHO, case, SAID)
    correct(world, WHO, fact, confidence="high")
    token = tokens(owner)[fact["id"]]
    said = json.dumps([facts(world, WHO, case), history(world, WHO, fact), world.as_(WHO).get(f"/events?case_id={case}").json])
    assert "token" not in said
    assert token.hex() not in said


def test_the_digest_needs_the_key_of_the_service(keys):
    assert place_token(keys, {"name": "Delft"}, "NL") != place_token(type(keys)(b"a" * 32, b"b" * 32), {"name": "Delft"}, "NL")


@pytest.mark.parametrize(
    ("one", "other"),
    [("Łódź", "lodz"), ("Tromsø", "Tromso"), ("Αθήνα", "αθηνα"), ("Киев", "киев"), ("Sankt-Gallen", "sankt gallen"), ("!?", "!?")],
)
def test_spellings_of_a_place_meet(keys, one, other):
    assert place_token(keys, {"name": one}, "NL") == place_token(keys, {"name": other}, "NL")
