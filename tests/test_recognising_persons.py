"""Recognising persons: what two records have to share to be found, compared, and reported as one person."""

from collections import Counter

import pytest

from coopapi.persons.data import load
from coopapi.persons.families import texts
from coopapi.persons.profile import Name, profile, rarity
from coopapi.persons.score import judge, judge_digests


def person(name, born="", **more):
    return profile([Name(name)], [born] if born else [], **more)


@pytest.mark.parametrize(
    ("rare", "common"),
    [("Urubleuski", "Smith"), ("Shcherbak", "Brown"), ("Zarepur", "Garcia"), ("Щербак", "Хан")],
)
def test_a_rare_name_tells_more_than_a_common_one(rare, common):
    def scored(name):
        return judge(person(f"Adam {name}", "1984"), person(f"Adam {name}", "1984")).score

    assert rarity_of(rare) > rarity_of(common)
    assert scored(rare) > scored(common)


def rarity_of(name):
    return person(name).spellings[0][0].rarity


def test_the_table_of_rarity_names_its_sources_and_what_is_not_in_it_is_rare():
    table = load("rarity")
    assert {"surnames", "given_names", "licence"} <= table["provenance"].keys()
    assert rarity("ZVZNKTVRMT") == 1
    assert all(rarity(code) < 1 for codes in table["classes"].values() for code in codes.split())


def by_digests(one, other):
    ours, theirs = set(texts(one)), set(texts(other))
    shared, *held = (Counter(text.family for text in found) for found in (ours & theirs, ours, theirs))
    return judge_digests(shared, *held)


def test_digests_that_are_left_over_on_both_sides_make_one_person_less_likely():
    named = person("Anna Maria Kowalczyk", "1984")
    assert by_digests(named, named).score > by_digests(named, person("Anna Maria Wojciechowska", "1984")).score
    assert by_digests(named, named).score > by_digests(named, person("Anna Maria Kowalczyk Dobrowolska", "1984")).score
