"""Each reading of a list of overlaps is one entry of the journal, which has the number of overlaps that were shown."""

from uuid import uuid4

import pytest

from coopapi.http.gateway import STOPPING
from coopapi.ops.worker import work_until_done


@pytest.fixture
def case(world):
    """A case of the investigator with three overlaps, one of them with two values."""
    mine = world.case("investigator")
    world.hold("investigator", mine, *(f"bird{n}@example.org" for n in range(4)))
    for shared in ((0, 1), (2,), (3,)):
        world.hold("foreign", world.case("foreign"), *(f"bird{n}@example.org" for n in shared))
    return mine


@pytest.fixture
def recorded(owner):
    """Gives what the journal has of readings of lists of overlaps: the case, and how many were shown."""

    def read():
        with owner.cursor() as cursor:
            cursor.execute(
                "select case_id::text, (detail->>'count')::integer from journal_entries where action = 'overlaps.consulted'"
                " order by id"
            )
            return cursor.fetchall()

    return read


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        ("", 3),
        ("?limit=2", 2),
        ("?limit=3", 3),
        ("?scope=within", 0),
        ("?kind=email&state=detected", 3),
        ("?totals=true&limit=1", 1),
        ("?include=transitions", 3),
        ("?include=transitions&totals=true&limit=2", 2),
    ],
)
@pytest.mark.parametrize("of_case", [True, False])
def test_a_reading_of_a_list_is_one_entry_with_the_number_shown(world, case, recorded, asked, shown, of_case):
    answer = world.as_("investigator").get((f"/cases/{case}" if of_case else "") + f"/overlaps{asked}")
    assert (answer.status_code, len(answer.json["items"])) == (200, shown), answer.json
    assert recorded() == [(case if of_case else None, shown)]


def test_the_next_page_is_an_entry_of_its_own(world, case, recorded):
    caller, path = world.as_("investigator"), f"/cases/{case}/overlaps?limit=2"
    cursor = caller.get(path).json["next"]
    assert len(caller.get(f"{path}&cursor={cursor}").json["items"]) == 1
    assert recorded() == [(case, 2), (case, 1)]


@pytest.mark.parametrize("more", ["", "?totals=true", "?include=transitions"])
def test_a_case_that_the_caller_does_not_see_is_no_entry(world, recorded, more):
    for unseen in (world.case("foreign"), world.case("foreign", visibility="hidden"), uuid4()):
        assert world.as_("investigator").get(f"/cases/{unseen}/overlaps{more}").status_code == 404
    assert recorded() == []


@pytest.fixture
def waiting(world, idle, case, monkeypatch):
    """A change of the case that the worker follows, after something else, while a request waits."""

    def wait(first=lambda: None):
        world.hold("foreign", world.case("foreign"), "stork@example.org")
        world.hold("investigator", case, "stork@example.org")
        monkeypatch.setattr(STOPPING, "wait", lambda _: (first(), work_until_done(idle)))

    work_until_done(idle)
    return wait


@pytest.mark.parametrize(("prefer", "shown"), [({}, 4), ({"Prefer": "wait=5"}, 4), ({"Prefer": "wait=0"}, 3)])
def test_a_request_that_waits_is_one_entry(world, case, recorded, waiting, prefer, shown):
    waiting()
    assert len(world.as_("investigator").get(f"/cases/{case}/overlaps", **prefer).json["items"]) == shown
    assert recorded() == [(case, shown)]


def test_a_request_that_finds_its_case_gone_after_it_waited_is_no_entry(world, case, recorded, waiting, owner):
    def take_away():
        with owner.cursor() as cursor:
            cursor.execute("delete from case_access where case_id = %s and authority_id = %s", (case, str(world.authorities["nl"])))

    waiting(take_away)
    assert world.as_("investigator").get(f"/cases/{case}/overlaps").status_code == 404
    assert recorded() == []
