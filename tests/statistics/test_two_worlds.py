"""Who may not know of a hidden case, or of an overlap about victims, gets the same bytes with and without it."""

from contextlib import contextmanager

import pytest
from assisting import sent

from coopapi.statistics import publication
from coopapi.statistics.tables import NAMES

EXACT = (
    "requests", "requests?by=kind,requesting_country,crime_category", "stages?by=kind", "overlaps", "overlaps?by=strength,state,quarter",
    "overlaps?by=identifier_kind,counterpart_country", "cases", "cases?by=crime_category,state,owner_country", "meetings?by=level", "teams",
    "e-evidence?year=2026", "eurojust?year=2026",
)  # fmt: skip


def answers(world, who, *, published):
    """The bytes of every figure that somebody may ask for."""
    paths = [f"/statistics/{path}" for path in EXACT]
    paths += [f"/statistics/published/2026-Q4/{name}" for name in NAMES if published]
    return {path: (found.status_code, found.get_data()) for path in paths if (found := world.as_(who).get(path))}


def publish(world, owner, clock):
    """Publish what is to be published on New Year's Day as if nothing had been published before."""
    with owner.cursor() as cursor:
        cursor.execute("truncate published_periods, published_cells, usual_times")
    kept = clock.offset
    clock.at("2027-01-01T00:01:00Z")
    while publication.publish_once(world.app.extensions["coopapi"].database):
        pass
    clock.offset = kept


def story(world, clock):
    """What everybody may count: four requests, four overlaps, some cases."""
    clock.at("2026-11-28T10:00:00+01:00")
    for number in range(4):
        mine, theirs = world.case("investigator", crime_categories=["ocsea"]), world.case("foreign")
        world.hold("investigator", mine, f"owl{number}@example.org")
        world.hold("foreign", theirs, f"owl{number}@example.org")
        sent(world, reference=f"eio-{number}", case_id=mine)


def hidden(world):
    """A hidden French case that overlaps with Dutch ones, with requests to Romania."""
    for number in range(3):
        case = world.case("foreign", visibility="hidden", visibility_reason="covert", crime_categories=["ocsea"])
        world.hold("foreign", case, "owl0@example.org", f"owl{number}@example.org")
        sent(world, "prosecutor_fr", to="ro", reference=f"hidden-{number}", case_id=case)


def victims(world):
    """Overlaps whose evidence is all about victims."""
    for number in range(3):
        mine, theirs = (
            world.case("investigator", crime_categories=["thb_sexual"]),
            world.case("foreign", crime_categories=["thb_sexual"]),
        )
        for who, case in (("investigator", mine), ("foreign", theirs)):
            subject = world.subject(who, case, "victim")
            world.hold(who, case, f"heron{number}@example.org", subject_id=subject)


def cases_of_victims(world):
    """The same cases without what they share."""
    for _ in range(3):
        world.case("investigator", crime_categories=["thb_sexual"])
        world.case("foreign", crime_categories=["thb_sexual"])


def both(world, owner, clock, register, common, secret, callers):
    """The answers of each caller in the world with the secret and in the world without it. Both begin from the same rows."""
    found = []
    for tell in (secret, common):
        register.as_of("statistics in two worlds", lambda: story(world, clock))
        clock.at("2026-11-28T12:00:00+01:00")
        if tell:
            tell(world)
        publish(world, owner, clock)
        found.append({who: answers(world, who, published=who == callers[0]) for who in callers})
    return found


NOT_TOLD_OF_HIDDEN = ("prosecutor", "analyst", "desk", "auditor", "central", "contact", "system", "europol")
NOT_TOLD_OF_VICTIMS = ("central", "analyst", "auditor", "system", "contact", "auditor_fr", "central_fr")


@pytest.fixture
def both_hidden(world, owner, clock, register):
    return lambda callers: both(world, owner, clock, register, None, hidden, callers)


@pytest.fixture
def both_victims(world, owner, clock, register):
    return lambda callers: both(world, owner, clock, register, cases_of_victims, victims, callers)


def test_a_hidden_case_and_its_requests_leave_no_trace(both_hidden):
    full, empty = both_hidden(NOT_TOLD_OF_HIDDEN)
    assert full == empty


def test_the_owner_of_a_hidden_case_counts_it(both_hidden):
    full, empty = both_hidden(("prosecutor_fr", "prosecutor_ro"))
    assert full["prosecutor_fr"] != empty["prosecutor_fr"]
    assert full["prosecutor_ro"] != empty["prosecutor_ro"]  # the addressee of its requests counts these


def test_overlaps_about_victims_leave_no_trace(both_victims):
    full, empty = both_victims(NOT_TOLD_OF_VICTIMS)
    assert full == empty


def test_the_cleared_count_overlaps_about_victims(both_victims):
    full, empty = both_victims(("prosecutor",))
    differ = {path for path in full["prosecutor"] if full["prosecutor"][path] != empty["prosecutor"][path]}
    assert {"/statistics/overlaps", "/statistics/overlaps?by=strength,state,quarter"} <= differ
    assert not any("published" in path for path in differ)


@contextmanager
def planted(owner, name, good, bad):
    """A function of the database with a leak in it."""
    with owner.cursor() as cursor:
        cursor.execute("select pg_get_functiondef(%s::regproc)", (f"priv.{name}",))
        function = cursor.fetchone()[0]
        assert good in function
        try:
            cursor.execute(function.replace(good, bad))
            yield
        finally:
            cursor.execute(function)


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("published_things", "c.visibility = 'hidden'", "c.visibility = 'none'"),
        ("cases_to_count", "c.visibility <> 'hidden'", "c.visibility <> 'none'"),
    ],
)
def test_a_leak_about_hidden_cases_is_seen(owner, both_hidden, name, good, bad):
    with planted(owner, name, good, bad):
        full, empty = both_hidden(("analyst",))
        assert full != empty


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ("cleared boolean := not p_published and (select priv.cleared())", "cleared boolean := true"),
        ("when cleared then o.detected_a else o.open_detected_a", "when true then o.detected_a else o.open_detected_a"),
    ],
)
def test_a_leak_about_victims_is_seen(owner, both_victims, good, bad):
    with planted(owner, "overlaps_to_count", good, bad):
        full, empty = both_victims(("central",))
        assert full != empty
