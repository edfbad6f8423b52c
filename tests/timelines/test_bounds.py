"""How much a merged timeline looks at is bounded for all its cases together."""

import json

import pytest
from test_definer_rights import run

CASES = 20
WRITE = (
    "insert into journal_entries (authority_id, at, role, action, object_type, object_id, case_id, purpose, request_id, consultation,"
    " event, victims_only, detail) select %s, timestamptz '2026-11-02 10:00Z' + n * interval '1 ms', 'machine', 'subject.changed', 'subject',"
    " gen_random_uuid(), c::uuid, 'investigation', '', false, true, false, '{}' from generate_series(1, %s) n, unnest(%s) c"
)
COUNTER = "select priv.newest_in_timeline(cast(:cases as uuid[]), interval '2 minutes', 500)"
PAGE = "select at, act, id from priv.page_of_timeline(cast(:cases as uuid[]), cast(:wanted as jsonb), null, null, null, 50, 200)"


@pytest.fixture
def cases(world, owner):
    """Cases with 100 acts each within a fraction of a second, after their registration."""
    world.clock.at("2026-11-02T09:00:00+00:00")
    ids = [world.case("investigator", reference=f"NL-{n}") for n in range(CASES)]
    with owner.cursor() as cursor:
        cursor.execute(WRITE, (str(world.authorities["nl"]), 100, ids))
    return ids


def test_the_change_counter_counts_acts_of_all_cases_together(world, owner, cases):
    """500 acts of 20 cases are less than 50 of each, which are the least that are looked at."""
    counter = run(world, "investigator", COUNTER, cases=cases)
    assert counter != run(world, "investigator", COUNTER, cases=cases[1:])
    with owner.cursor() as cursor:
        which = "delete from journal_entries where case_id = %s and at = timestamptz '2026-11-02 10:00Z' + %s * interval '1 ms'"
        cursor.execute(which, (cases[0], 50))  # the 51st of the newest
        assert run(world, "investigator", COUNTER, cases=cases) == counter
        cursor.execute(which, (cases[0], 52))
        assert run(world, "investigator", COUNTER, cases=cases) != counter


@pytest.mark.parametrize("filtered", [{"types": ["case.closed"]}, {"text": True, "types": ["case.closed"]}, {"text": True}])
def test_a_page_with_filters_looks_at_entries_of_all_cases_together(world, owner, cases, filtered):
    rows = run(world, "investigator", PAGE, cases=cases, wanted=json.dumps({"descending": True, **filtered}))
    at, act, last = rows[-1]
    with owner.cursor() as cursor:
        cursor.execute(
            "select count(*) from journal_entries where case_id = any (%s::uuid[]) and (at, id) >= (%s, %s)", (cases, at, act)
        )
        passed = cursor.fetchone()[0]
    assert 0 < passed <= 200
    assert (last is None) is ("types" in filtered)
