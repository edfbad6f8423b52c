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


def level(one, other):
    """The level of two persons: None also if they share no key by which they are compared."""
    ours, theirs = ({(text.family, text.text): text.answers_only for text in texts(who)} for who in (one, other))
    compared = any(not (ours[key] and theirs[key]) for key in ours.keys() & theirs.keys())
    return judge(one, other).level if compared else None


COMPARED = [
    ("short whole names", "SO Ki-ha", "", "So Ki Ha", ""),
    ("short whole names in another order, one with a date", "Vo Ha Thi", "", "Thi Ha Vo", "1979-03-02"),
    ("a name of one word with a year", "Wibisono", "1966", "WIBISONO", "1966"),
    ("another form of the given name, a slip in the day", "Elena Trubnikova", "1981-04-12", "Helena Trubnikova", "1981-04-13"),
    ("another form of the given name, only the year", "Giuseppe Lombardini", "1969-02-11", "Beppe Lombardini", "1969"),
]


@pytest.mark.parametrize(
    ("name", "born", "other", "other_born"), [case[1:] for case in COMPARED], ids=[case[0] for case in COMPARED]
)
def test_what_was_never_compared_is_found(name, born, other, other_born):
    assert level(person(name, born), person(other, other_born))


def test_estimated_years_that_differ_by_one_are_compared_and_whole_dates_that_do_are_not():
    def compared(one, other):
        return {text for text in texts(person("Sena Okoro", one)) if text.family == "pair+year"} & set(
            texts(person("Sena Okoro", other))
        )

    assert compared("1977", "1978")
    assert compared("1977-01-01", "1978-05-17")
    assert not compared("1977-03-02", "1978-05-17")
