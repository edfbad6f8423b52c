"""How much a merged timeline looks at is bounded for all its cases together."""

import json

import pytest
from test_definer_rights import run
from timelining import merged, whole

from coopapi.timelines import line

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


@pytest.fixture
def undated(world):
    """Cases with 60 facts each that have no time, every tenth a payment; gives their ids and those of the payments."""
    ids = [world.case("investigator", reference=f"NL-{n}") for n in range(CASES)]
    paid = set()
    for case in ids:
        kinds = ["sighting" if n % 10 else "payment" for n in range(60)]
        made = world.as_("investigator").post(f"/cases/{case}/facts", {"facts": [{"kind": kind} for kind in kinds]}).json["facts"]
        paid |= {one["id"] for kind, one in zip(kinds, made, strict=True) if kind == "payment"}
    return ids, paid


@pytest.mark.parametrize("wanted", [{"types": ["login"]}, {"types": ["login"], "known": "2200-01-01T00:00:00Z"}, {"text": True}])
def test_facts_without_a_time_are_looked_at_in_all_cases_together(world, owner, undated, wanted):
    cases, _ = undated
    page = PAGE.replace("at, act, id", "at, fact, id")
    rows = run(world, "investigator", page, cases=cases, wanted=json.dumps({"descending": True, "undated": True, **wanted}))
    _, fact, last = rows[-1]
    with owner.cursor() as cursor:
        cursor.execute("select count(*) from facts where id >= %s", (fact,))
        passed = cursor.fetchone()[0]
    assert 0 < passed <= 200
    assert last is None, "it is the place where to go on"
    assert {at for at, *_ in rows} == {None}


@pytest.mark.parametrize("order", ["asc", "desc"])
def test_pages_of_facts_without_a_time_have_each_once(world, undated, monkeypatch, order):
    cases, paid = undated
    monkeypatch.setattr(line, "MOST_LOOKED_AT", 100)
    wanted = {"case_id": cases, "undated": "true", "order": order}
    page = merged(world, "investigator", **wanted, type="payment")
    assert (page["complete"], page["next"] is None) == (False, False)
    found = [entry["id"] for entry in whole(merged, world, "investigator", **wanted, type="payment", limit=7)]
    assert (set(found), len(found)) == (paid, len(paid))
    every = [entry["id"] for entry in whole(merged, world, "investigator", **wanted, limit=170)]
    assert every == sorted(every, reverse=order == "desc")
    assert len(every) == 60 * CASES
