"""A match key that too many persons share is no reason to compare: it counts persons, not cases, and a request takes 50 of them."""

import itertools

import pytest
from sqlalchemy import create_engine

from bench import persons as brute
from coopapi.persons.families import FAMILIES
from coopapi.provisioning import migration

NAME = {"names": [{"full": "Oleksandr Myronenko"}]}
CROWD = 4  # as the settings of the tests have it


def persons(subject, count, at):
    """People of one name, no two of them the same."""
    return [
        {"kind": "person", "subjects": [{"id": subject}], "person": {**NAME, "places": [f"Town {at}{n}"]}} for n in range(count)
    ]


def enter(world, who, case, items):
    return world.as_(who).post(f"/cases/{case}/identifiers", {"identifiers": items})


def test_a_request_takes_fifty_persons_and_says_which_one_is_too_many(world):
    case = world.case("investigator")
    subject = world.subject("investigator", case)
    mail = {"kind": "email", "value": "heron@example.org"}

    refused = enter(world, "investigator", case, [mail, *persons(subject, 51, "x")])

    assert (refused.status_code, refused.json["type"]) == (422, "/problems/too-many-persons")
    assert [fault["pointer"] for fault in refused.json["errors"]] == ["/identifiers/51"]
    assert world.as_("investigator").get(f"/cases/{case}/identifiers").json["items"] == []
    assert enter(world, "investigator", case, [mail, *persons(subject, 50, "x")]).status_code == 201


PARTS = [("investigator", 2, "a"), ("investigator", 1, "b"), ("foreign", 2, "c")]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))), ids=str)
def test_two_cases_with_more_people_of_one_name_than_the_limit_are_not_compared_in_any_order(world, order):
    """Two cases hold the key, five persons do: the limit once let all of them be compared with each other."""
    cases = {who: world.case(who) for who in ("investigator", "foreign")}
    subjects = {who: world.subject(who, case) for who, case in cases.items()}
    for who, count, at in (PARTS[n] for n in order):
        assert enter(world, who, cases[who], persons(subjects[who], count, at)).status_code == 201

    found = {who: [o["state"] for o in world.overlaps(who, case)] for who, case in cases.items()}
    assert all(state == "withdrawn" for states in found.values() for state in states)
    for who, case in cases.items():
        listed = world.as_(who).get(f"/cases/{case}/overlaps/high-frequency").json["items"]
        held = world.as_(who).get(f"/cases/{case}/identifiers").json["items"]
        assert {item["identifier_id"] for item in listed} == {item["id"] for item in held}
        assert {item["holders"] for item in listed} == {CROWD + 1}


def test_when_one_of_them_goes_all_that_are_left_are_compared(world, database):
    mine, theirs = world.case("investigator"), world.case("foreign")
    for who, case, count in (("investigator", mine, 3), ("foreign", theirs, 2)):
        enter(world, who, case, persons(world.subject(who, case), count, who))
    assert world.overlaps("foreign", theirs) == []

    one = world.as_("investigator").get(f"/cases/{mine}/identifiers").json["items"][0]
    path = f"/cases/{mine}/identifiers/{one['id']}"
    me = world.as_("investigator")
    done = me.post(f"{path}/transitions", {"event": "withdraw", "reason": "inaccurate"}, If_Match=me.get(path).headers["ETag"])
    assert done.status_code == 200

    (overlap,) = world.overlaps("foreign", theirs)
    assert (overlap["of_mine"], overlap["of_theirs"]) == (2, 2)
    assert world.as_("foreign").get(f"/cases/{theirs}/overlaps/high-frequency").json["items"] == []


def test_hidden_people_do_not_count_for_others(world):
    hidden, mine, theirs = world.case("romanian", visibility="hidden"), world.case("investigator"), world.case("foreign")
    enter(world, "romanian", hidden, persons(world.subject("romanian", hidden), 4, "h"))
    for who, case in (("investigator", mine), ("foreign", theirs)):
        enter(world, who, case, persons(world.subject(who, case), 2, who))
    assert len(world.overlaps("foreign", theirs)) == 1


MARGOLEC = {"names": [{"full": "Ivana Margolec"}], "birth_dates": ["1989-06-03"], "gender": "F"}
ONE_BEGINNING = {"names": [{"full": "I. Marfolec"}], "birth_dates": ["1989"], "gender": "F"}
TWO_BEGINNINGS = {"names": [{"full": "Iva Marfolec"}], "birth_dates": ["1989"], "gender": "F"}


@pytest.mark.parametrize(("other", "comparisons", "overlaps"), [(ONE_BEGINNING, 0, 0), (TWO_BEGINNINGS, 2, 1)])
@pytest.mark.parametrize("first", ["investigator", "foreign"])
def test_one_shared_beginning_of_a_name_with_a_year_is_no_reason_to_compare_and_two_are(
    world, owner, other, comparisons, overlaps, first
):
    """Of 80,000 persons more than ten shared such a key alone with a new one, and hardly one of them was the same person."""
    people = {"investigator": MARGOLEC, "foreign": other}
    cases = {who: world.case(who) for who in people}
    for who in sorted(people, key=lambda who: who != first):
        item = {"kind": "person", "subjects": [{"id": world.subject(who, cases[who])}], "person": people[who]}
        assert enter(world, who, cases[who], [item]).status_code == 201

    found = world.overlaps("foreign", cases["foreign"])
    with owner.cursor() as cursor:
        cursor.execute(
            "select coalesce(sum((detail ->> 'count')::integer), 0) from journal_entries where action = 'identifiers.compared'"
        )
        assert cursor.fetchone() == (comparisons,)
    assert len(found) == overlaps


def test_the_rules_and_the_measurement_let_as_many_persons_hold_a_key(owner):
    with owner.cursor() as cursor:
        for family in FAMILIES:
            cursor.execute("select priv.key_limit(%s, %s)", (f"person:{family}", brute.CROWD))
            assert cursor.fetchone() == (brute.FEWER.get(family, brute.CROWD),)


def one_person(world, who, name):
    """A case with one person of this name, who was born on the day of the others; gives the case."""
    case = world.case(who)
    said = {"names": [{"full": name}], "birth_dates": ["1989-06-03"], "gender": "F"}
    item = {"kind": "person", "subjects": [{"id": world.subject(who, case)}], "person": said}
    assert enter(world, who, case, [item]).status_code == 201
    return case


def crowded(world, who, case):
    return [one["holders"] for one in world.as_(who).get(f"/cases/{case}/overlaps/high-frequency").json["items"]]


def test_persons_who_share_but_a_key_that_too_many_hold_for_its_family_are_listed(world):
    """The initial of a name with a date has a lower limit. One who is compared by another key is not listed."""
    people = {"investigator": "Karin Bolt", "foreign": "Kevin Zaalmann", "romanian": "Klara Novak"}
    cases = {who: one_person(world, who, name) for who, name in people.items()}
    assert [crowded(world, who, case) for who, case in cases.items()] == [[3]] * 3
    again = one_person(world, "foreign", "Karin Bolt")
    assert [crowded(world, who, case) for who, case in cases.items()] == [[], [4], [4]]
    assert crowded(world, "foreign", again) == []


def alike(world):
    """Two cases with persons who are alike."""
    return one_person(world, "investigator", "Oleksandr Myronenko"), one_person(world, "foreign", "Aleksandr Mironenko")


def test_keys_that_older_readers_made_of_both_are_no_evidence(world, owner, idle):
    """They are not compared by these, so an overlap must not rest on them."""
    mine, theirs = alike(world)
    world.work()
    (overlap,) = world.overlaps("investigator", mine)
    evidence = f"/overlaps/{overlap['id']}/evidence"

    def known():
        with owner.cursor() as cursor:
            cursor.execute("select priv.may_know_of_pair(%s, %s, '{4,50}')", (mine, theirs))
            return cursor.fetchone()[0]

    def rests():
        return len(world.as_("investigator").get(evidence).json["items"]), known()

    with owner.cursor() as cursor:
        cursor.execute("update case_overlaps set strength = 0, open_strength = 0")
        assert rests() == (1, True)
        cursor.execute("update holdings set outdated = true where case_id = %s", (mine,))
        assert rests() == (1, True)
        cursor.execute("update holdings set outdated = true where case_id = %s", (theirs,))
        assert rests() == (0, False)


def test_after_an_upgrade_the_worker_computes_the_overlaps_of_similar_persons_anew(world, owner, idle, postgres):
    """Of the keys on which they rest, the new rules may let fewer identifiers hold one."""
    mine, theirs = alike(world)
    world.hold("investigator", mine, "heron@example.org")
    world.hold("foreign", world.case("foreign"), "heron@example.org")
    world.work()
    assert len(world.overlaps("investigator", mine)) == 2
    with owner.cursor() as cursor:
        cursor.execute("update match_tokens set cases = 40, open_cases = 40 where not exact")
        engine = create_engine(postgres.url("coopapi"))
        with engine.begin() as connection:
            migration._make_likenesses_due(connection)
        engine.dispose()
        cursor.execute("select case_a::text, case_b::text from pairs_due")
        assert cursor.fetchall() == [tuple(sorted((mine, theirs)))]
    assert world.as_("investigator").get(f"/cases/{mine}/overlaps").json["settled"] is True
    world.work()
    assert world.overlaps("foreign", theirs) == []
    assert len(world.overlaps("investigator", mine)) == 1
