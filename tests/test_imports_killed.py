"""An import whose worker is killed at every statement and at random moments: no line is lost, none takes effect twice."""

import multiprocessing
import random
import time

import pytest
from killing import killed_at
from test_imports import CASE, EMAIL, SUBJECT, emails, report, sent, state, withdrawn

from coopapi.imports import running, storing_identifiers
from coopapi.ops import worker
from coopapi.ops.worker import work_until_done

LINES = [
    {**line, **({"case": f"C{n}"} if line["type"] != "case" else {"external_id": f"C{n}", "reference": f"R-{n}"})}
    for n in range(4)
    for line in (CASE, SUBJECT, *({**one, "subjects": [{"external_id": "S1"}]} for one in emails(3, name=f"bird-{n}")))
]
COUNTED = """
    select (select count(*) from cases where external_id is not null), (select count(*) from subjects), (select count(*) from identifiers),
        (select count(*) from identifier_subjects), (select count(distinct identifier_id) from holdings),
        (select count(*) from registered_values), (select max(used) from quota_use where policy = 'hour'),
        (select count(*) from imported_rows), (select count(*) from import_lines where outcome = 'stored'), (select sum(stored) from imports),
        (select count(*) from journal_entries where action = 'case.registered'),
        (select sum((detail ->> 'count')::int) from journal_entries where action = 'identifiers.registered'),
        (select count(*) from journal_entries where action = 'import.finished')"""
ALL = (4, 4, 12, 12, 12, 12, 12, 20, 20, 20, 4, 12, 1)


def counted(owner):
    with owner.cursor() as cursor:
        cursor.execute(COUNTED)
        return cursor.fetchone()


@pytest.fixture
def small(monkeypatch):
    """Portions of two cases, whose identifiers are stored by two statements, the second while the first is behind."""
    monkeypatch.setattr(running, "MOST_LINES", 10)
    monkeypatch.setattr(storing_identifiers, "_TOGETHER", 1)


def test_a_worker_killed_before_any_statement_of_a_portion_loses_and_doubles_nothing(world, idle, owner, small):
    job = sent(world, *LINES)
    number = 1
    while killed_at(idle, number, running.import_once):
        assert counted(owner)[2] == 0
        number += 1
    assert number > 12
    work_until_done(idle)
    assert state(world, job)["state"] == "finished"
    assert [one["line"] for one in report(world, job)] == list(range(1, 21))
    assert counted(owner) == ALL


def test_the_count_would_see_a_portion_that_is_committed_in_two_steps(world, idle, owner, small):
    sent(world, *LINES)
    assert killed_at(idle, -1, running.import_once, also=lambda sql: b"into import_lines" in sql)
    work_until_done(idle)
    assert counted(owner) != ALL


CHANGED = """
    select (select count(*) from cases where state = 'withdrawn') cases_withdrawn,
        (select count(*) from subjects where category = 'witness') witnesses,
        (select count(*) from subject_categories) categories,
        (select count(*) from identifiers where withdrawn_at is not null) identifiers_withdrawn,
        (select count(distinct identifier_id) from holdings) held,
        (select sum(version) from cases where external_id is not null) versions_of_cases,
        (select sum(version) from subjects) versions_of_subjects, (select sum(version) from identifiers) versions_of_identifiers,
        (select count(*) from imported_rows where withdrawn) rows_withdrawn,
        (select count(*) from journal_entries where action in ('case.changed', 'case.withdraw', 'subject.changed',
            'identifier.withdrawn')) entries,
        (select sum(updated) from imports) updated, (select sum(withdrawn) from imports) withdrawn"""


def test_a_worker_killed_before_any_statement_of_changes_and_withdrawals_loses_and_doubles_nothing(world, idle, owner):
    sent(world, *LINES)
    work_until_done(idle)
    of = {kind: [line for line in LINES if line["type"] == kind] for kind in ("case", "subject", "identifier")}
    changes = [{**line, "title": "Another title"} for line in of["case"][:2]]
    changes += [{**line, "category": "witness"} for line in of["subject"][:2]]
    changes += [withdrawn(line) for line in (*of["identifier"][:4], *of["case"][2:])]
    job = sent(world, *changes)
    number = 1
    while killed_at(idle, number, running.import_once):
        number += 1
    assert number > 20
    assert state(world, job)["state"] == "finished"
    with owner.cursor() as cursor:
        cursor.execute(CHANGED)
        counts = {column.name: count for column, count in zip(cursor.description, cursor.fetchone(), strict=True)}
    assert counts == {
        "cases_withdrawn": 2,
        "witnesses": 2,
        "categories": 6,
        "identifiers_withdrawn": 4,
        "held": 2,
        "versions_of_cases": 8,
        "versions_of_subjects": 6,
        "versions_of_identifiers": 16,
        "rows_withdrawn": 6,
        "entries": 10,
        "updated": 4,
        "withdrawn": 6,
    }


def test_a_worker_killed_at_random_moments_loses_and_doubles_nothing(world, idle, owner, monkeypatch):
    monkeypatch.setattr(running, "MOST_LINES", 2)
    job = sent(world, *LINES)
    chance, fork = random.Random(3), multiprocessing.get_context("fork")

    def work():
        idle.engine.dispose(close=False)
        worker.run_imports(idle)

    for _ in range(12):
        process = fork.Process(target=work)
        process.start()
        time.sleep(chance.uniform(0.1, 1.5))
        process.kill()
        process.join()
    work_until_done(idle)
    assert state(world, job)["state"] == "finished"
    assert counted(owner) == ALL


def test_another_importer_does_not_take_the_same_lines(world, idle, owner, small):
    sent(world, *LINES)
    fork = multiprocessing.get_context("fork")

    def work():
        idle.engine.dispose(close=False)
        worker.run_imports(idle)

    processes = [fork.Process(target=work) for _ in range(2)]
    for process in processes:
        process.start()
    while counted(owner)[-1] == 0:
        time.sleep(0.05)
    for process in processes:
        process.kill()
        process.join()
    work_until_done(idle)
    assert counted(owner) == ALL


@pytest.mark.parametrize("error", ["check_violation", "query_canceled"], ids=["refuses", "takes too long for"])
def test_a_line_that_the_database_does_not_store_keeps_no_others_waiting(world, idle, owner, error):
    with owner.cursor() as cursor:
        cursor.execute(
            "create function public.planted() returns trigger language plpgsql as $$ begin if new.pseudonym = 'P-bad' then"
            f" raise exception 'planted' using errcode = '{error}'; end if; return new; end $$;"
            " create trigger planted before insert on subjects for each row execute function public.planted()"
        )
    try:
        job = sent(world, CASE, EMAIL, {**SUBJECT, "pseudonym": "P-bad"}, *emails(3))
        work_until_done(idle)
    finally:
        with owner.cursor() as cursor:
            cursor.execute("drop function public.planted() cascade")
    told = report(world, job)
    assert [one["outcome"] for one in told] == ["stored", "stored", "refused", "stored", "stored", "stored"]
    assert told[2]["faults"] == [{"pointer": "", "rule": "not_storable"}]
