"""What statements read and write does not grow with what they have nothing to do with, and nothing is written twice."""

from contextlib import contextmanager
from functools import partial
from uuid import UUID, uuid4

import pytest
from sending import statements_sent
from test_imports import CASE, emails, sent

from coopapi.auth.authentication import actor_of
from coopapi.matching import engine, settler
from coopapi.store.db import as_json
from coopapi.store.lag import measure
from coopapi.store.putting_off import Batch
from coopapi.store.statements import Statement

COUNTED = Statement(
    "select seq_tup_read + coalesce(idx_tup_fetch, 0) as read, n_tup_ins as added, n_tup_upd as changed"
    " from pg_stat_xact_user_tables where relname = :table"
)
LAST = UUID(int=2**128 - 1)
PAGE = "select (f.shown).external_id from priv.page_of_cases(cast(:wanted as jsonb), :before, 51) f"


def used(session, table, do):
    """How many rows of a table something reads, adds and changes."""
    before = COUNTED.one(session, table=table)
    do()
    return tuple(after - was for after, was in zip(COUNTED.one(session, table=table), before, strict=True))


@contextmanager
def in_the_name_of(database, who):
    with database.work(lambda s: actor_of(s, "https://issuer.test", who, None), uuid4().hex) as work:
        yield work.session


def read_by(database, who, table, sql, **values):
    """How many rows of a table a statement in the name of a caller reads."""
    with in_the_name_of(database, who) as session:
        return used(session, table, lambda: Statement(sql).rows(session, **values))[0]


@pytest.fixture
def crowded(owner):
    """Makes so many changes of imports wait."""

    def wait(count):
        with owner.cursor() as cursor:
            cursor.execute(
                "insert into matching_queue (case_id, imported) select gen_random_uuid(), true from generate_series(1, %s)",
                (count,),
            )

    return wait


def test_whether_a_case_is_settled_is_told_without_reading_what_imports_left(world, idle, crowded):
    case = world.case("investigator")
    crowded(2000)
    assert read_by(idle, "investigator", "matching_queue", "select priv.settled(:case, '5 seconds', '{100,50}')", case=case) == 0


def test_the_lag_of_the_worker_is_told_by_the_oldest_changes_alone(world, idle, crowded):
    crowded(2000)
    with idle.worker() as session:
        assert used(session, "matching_queue", lambda: measure(session))[0] <= 2


def test_changes_that_were_followed_are_deleted_without_reading_those_that_wait(world, idle, crowded):
    world.hold("investigator", world.case("investigator"), "heron@example.org")
    settler.follow_changes(idle, Batch("changes"))
    crowded(2000)
    settle = Statement("select priv.settle_pairs(priv.next_pairs(false, 100), :limits)")
    with idle.worker() as session:
        assert used(session, "matching_queue", lambda: settle.rows(session, limits=engine.limits(idle.settings)))[0] == 1


@pytest.mark.parametrize("analysed", [False, True])
def test_of_what_it_is_time_is_told_without_reading_overlaps_for_which_nobody_waits(world, idle, owner, analysed):
    cases = [{**CASE, "external_id": f"C{n}", "reference": f"R-{n}"} for n in range(40)]
    shared = [one for n in range(39) for case in (n, n + 1) for one in emails(1, case=f"C{case}", name=f"bird-{n}")]
    sent(world, *cases, *shared)
    world.work()
    with owner.cursor() as cursor:
        cursor.execute("select count(*) from case_overlaps")
        assert cursor.fetchone() == (39,)
        if analysed:
            cursor.execute("analyze")
    timers = Statement("select priv.next_timers(1)")
    with idle.worker() as session:
        assert used(session, "case_overlaps", lambda: timers.rows(session))[0] == 0


@pytest.mark.parametrize("wanted", [{"reference": "r-7"}, {"external_id": "C7"}, {"reference": "r-7", "external_id": "C7"}])
def test_an_own_case_is_found_by_its_name_without_reading_the_grants_of_its_authority(world, database, owner, wanted):
    def read(*numbers):
        sent(world, *({**CASE, "external_id": f"C{n}", "reference": f"R-{n}"} for n in numbers))
        with owner.cursor() as cursor:
            cursor.execute("analyze")
        return read_by(database, "investigator", "case_access", PAGE, wanted=as_json(wanted), before=LAST)

    few, many = read(*range(100)), read(*range(100, 400))
    assert few == many


def test_to_look_for_a_name_reads_no_case_that_an_owner_hides(world, database):
    shared = world.case("foreign", reference="FR-1")
    home = world.authorities["nl"]
    given = world.as_("foreign").post(f"/cases/{shared}/access", {"authority_id": home, "level": "read", "reason": "R"})
    assert given.status_code == 201, given.json

    world.case("foreign", reference="FR-2", visibility="hidden")

    with in_the_name_of(database, "investigator") as session:

        def read(reference):
            find = partial(Statement(PAGE).rows, session, wanted=as_json({"reference": reference}), before=LAST)
            return [used(session, table, find)[0] for table in ("cases", "case_access")]

        read("fr-0")  # the first call makes the plan
        assert read("fr-2") == read("fr-3") < read("fr-1")


def test_a_new_overlap_is_written_once(world, idle):
    for who in ("investigator", "foreign", "romanian"):
        world.hold(who, world.case(who), "heron@example.org")
    settler.follow_changes(idle, Batch("changes"))
    settle = Statement("select priv.settle_pairs(priv.next_pairs(false, 100), :limits)")
    with idle.worker() as session:
        written = used(session, "case_overlaps", lambda: settle.rows(session, limits=engine.limits(idle.settings)))
    assert written[1:] == (3, 0)


def compared_in_vain(plan):
    """How many pairs of rows the steps of a plan compare that do not belong together."""
    own = plan.get("Rows Removed by Join Filter", 0) + ("(token = ANY" in plan.get("Filter", "")) * plan.get(
        "Rows Removed by Filter", 0
    )
    return own * plan["Actual Loops"] + sum(compared_in_vain(step) for step in plan.get("Plans", ()))


def passed_over(plan):
    """How many rows that were computed before the steps of a plan look at for nothing."""
    own = plan.get("Rows Removed by Filter", 0) * plan["Actual Loops"] if plan["Node Type"] == "CTE Scan" else 0
    return own + sum(passed_over(step) for step in plan.get("Plans", ()))


def test_what_links_pairs_is_computed_without_comparing_each_pair_with_all_others(world, idle, owner):
    values = [f"bird{n}@example.org" for n in range(20)]
    world.hold("foreign", world.case("foreign"), *values)
    for value in values:
        world.hold("investigator", world.case("investigator"), value)
    settler.follow_changes(idle, Batch("changes"))
    with owner.cursor() as cursor:
        cursor.execute(
            "explain (analyze, format json) select t.* from (select array_agg(case_a) m, array_agg(case_b) n from pairs_due) d"
            " cross join lateral priv.totals(d.m, d.n, array[100, 50]) t"
        )
        plan = cursor.fetchone()[0][0]["Plan"]
    assert (plan["Actual Rows"], "CTE link" in str(plan), passed_over(plan)) == (20, True, 0), plan


@pytest.mark.parametrize("analysed", [False, True])
def test_what_two_cases_share_is_found_without_comparing_all_values_whatever_the_planner_prefers(world, owner, analysed):
    """Before tables are analysed, it expects one row of each case, and compared every value of one with every value of the other."""
    cases = [world.case(who) for who in ("investigator", "foreign")]
    for who, case, first in zip(("investigator", "foreign"), cases, (0, 280), strict=True):
        world.hold(who, case, *(f"bird{first + n}@example.org" for n in range(300)))
    with owner.cursor() as cursor:
        if analysed:
            cursor.execute("analyze")
        cursor.execute("set enable_mergejoin = off")
        cursor.execute("set enable_hashjoin = off")
        cursor.execute(
            "explain (analyze, format json) select * from priv.links(array[%s::uuid], array[%s::uuid], array[100, 50], false)",
            cases,
        )
        plan = cursor.fetchone()[0][0]["Plan"]
        cursor.execute("reset all")
    assert plan["Actual Rows"] == 20
    assert compared_in_vain(plan) == 0, plan


@pytest.mark.parametrize("large_first", [False, True])
def test_what_a_case_shares_with_a_very_large_one_is_found_without_reading_all_of_that(world, owner, large_first):
    small, large = [world.case(who) for who in ("investigator", "foreign")]
    world.hold("investigator", small, *(f"bird{n}@example.org" for n in range(20)))
    world.hold("foreign", large, "bird0@example.org")
    pair = [large, small] if large_first else [small, large]

    with owner.cursor() as cursor:
        cursor.execute(
            "insert into holdings select (jsonb_populate_record(h, jsonb_build_object('identifier_id', gen_random_uuid(),"
            " 'case_id', c.id, 'token', '\\x' || encode(sha256(n::text::bytea), 'hex')))).*"
            " from holdings h, generate_series(1, 20000) n, unnest(array[h.case_id, case when n > 0 then gen_random_uuid() end]) c (id)"
            " where h.ctid = (select min(ctid) from holdings where case_id = %s)",
            (large,),
        )
        cursor.execute("analyze holdings")
        cursor.execute("set plan_cache_mode = force_generic_plan")  # as the functions of pages have it
        cursor.execute("prepare linked as select * from priv.links(array[$1::uuid], array[$2::uuid], array[100, 50], false)")
        cursor.execute("explain (analyze, buffers, format json) execute linked(%s, %s)", pair)
        plan = cursor.fetchone()[0][0]["Plan"]
        cursor.execute("deallocate linked")
        cursor.execute("reset all")
    assert plan["Actual Rows"] == 1
    assert plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] < 700, plan  # 1,100 are read to look through both cases


def test_what_is_added_to_matching_is_looked_up_without_reading_the_other_identifiers_of_its_case(world, idle, owner):
    case = world.case("investigator")
    world.hold("investigator", case, *(f"bird{n}@example.org" for n in range(20)))
    added = "identifiers, tokens, families, strengths, kinds, commons"
    with owner.cursor() as cursor:
        cursor.execute(
            "select array_agg(identifier_id)::text, array_agg(token)::text, array_agg(''::text)::text, array_agg(strength)::text,"
            " array_agg(kind)::text, array_agg(common)::text from holdings where case_id = %s",
            (case,),
        )
        held = dict(zip(added.split(", "), cursor.fetchone(), strict=True))
    hold = (
        "select priv.hold(:case, cast(:identifiers as uuid[]), cast(:tokens as bytea[]), cast(:families as text[]),"
        " cast(:strengths as smallint[]), cast(:kinds as text[]), cast(:commons as boolean[]))"
    )

    def read(more):
        with owner.cursor() as cursor:
            cursor.execute("delete from holdings where case_id = %s", (case,))
            cursor.execute(
                "insert into identifiers select (jsonb_populate_record(x, jsonb_build_object('id', gen_random_uuid(),"
                " 'fingerprint', '\\x' || encode(sha256(n::text::bytea), 'hex')))).*"
                " from identifiers x, generate_series(1, %s) n where x.ctid = (select min(ctid) from identifiers where case_id = %s)",
                (more, case),
            )
            cursor.execute("analyze identifiers")
        return read_by(idle, "investigator", "identifiers", hold, case=case, **held)

    assert read(0) == read(3000) > 0


def test_what_a_registration_announces_is_looked_up_without_reading_what_others_announced(world, database, owner):
    case = world.case("investigator")
    with owner.cursor() as cursor:
        cursor.execute(
            "insert into registered_values (case_id, digest, identifier_id, principal_id, hidden, at)"
            " select gen_random_uuid(), sha256(n::text::bytea), gen_random_uuid(), (select id from principals limit 1), false, now()"
            " from generate_series(1, 5000) n"
        )
        cursor.execute("analyze registered_values")
    reserve = (
        "select priv.reserve(:case, array_agg(gen_random_uuid()), array_agg(sha256(n::text::bytea)), array_agg(1::smallint), null)"
        " from generate_series(1, 500) n"
    )
    assert read_by(database, "investigator", "registered_values", reserve, case=case) == 0


STEPS = Statement(
    "select relname as table, array[seq_scan, seq_tup_read, coalesce(idx_scan, 0), coalesce(idx_tup_fetch, 0)] as counts"
    " from pg_stat_xact_user_tables"
)
OF_A_CASE = (
    "select f.name from priv.shown_cases(array [cast(:case as uuid)]) f",
    "select f.id from priv.page_of_overlaps(cast(:case as uuid), '{\"strength\": 0}', 9223372036854775807, cast(:case as uuid), 9) f",
    "select priv.level(cast(:case as uuid))",
)


@pytest.mark.parametrize("sql", OF_A_CASE)
def test_a_hidden_case_is_looked_for_in_the_same_steps_as_one_that_does_not_exist(world, database, sql):
    mine, hidden = world.case("investigator"), world.case("foreign", visibility="hidden")
    for who, case in (("investigator", mine), ("foreign", hidden)):
        world.hold(who, case, "heron@example.org")
    assert world.overlaps("foreign", hidden)

    def steps(session, case):
        before = dict(STEPS.rows(session))
        Statement(sql).rows(session, case=case)
        return {table: [n - was for n, was in zip(counts, before[table], strict=True)] for table, counts in STEPS.rows(session)}

    absent = UUID(int=UUID(hidden).int ^ 1)
    with in_the_name_of(database, "investigator") as session:  # one, so that both have the same plan
        steps(session, absent)  # the first call makes the plan
        assert steps(session, hidden) == steps(session, absent)


@pytest.mark.parametrize("at", ["", "/overlaps", "/timeline", "/identifiers", "/subjects", "/access", "/proceedings"])
def test_a_hidden_case_is_asked_for_in_as_many_statements_as_one_that_does_not_exist(app, world, at):
    hidden = world.case("foreign", visibility="hidden")

    def sent_for(case):
        with statements_sent(app.extensions["coopapi"].database.engine) as sent:
            assert world.as_("investigator").get(f"/cases/{case}{at}").status_code == 404
        return len(sent)

    sent_for(uuid4())  # the service remembers the account
    assert sent_for(hidden) == sent_for(UUID(int=UUID(hidden).int ^ 1))
