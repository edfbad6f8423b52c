"""Lines that a second process reads in advance are stored as if one process did both."""

import os
import signal
from contextlib import suppress
from weakref import ref

import pytest
from test_imports import CASE, FILE, PERSON, emails, report, sent

from coopapi.imports import ahead, running, storing_identifiers
from coopapi.imports.ahead import Ahead, Staged
from coopapi.ops import abuse_controls

BAD = (
    {"type": "case"},
    b"{",
    {**PERSON, "external_id": "I9", "subjects": []},
    {"type": "identifier", "case": "C1", "external_id": "I8", "kind": "email", "value": "no address"},
)
MIXED = (*FILE, *emails(30), *BAD, {**CASE, "title": "Another title"}, *emails(3))


@pytest.fixture
def reader(database):
    made = Ahead(database.keys)
    yield made
    made.end()


def told(world, database, reader=None):
    job = sent(world, *MIXED)
    while running.import_once(database, reader):
        pass
    return report(world, job)


def test_the_report_is_the_same_as_without_a_second_process(world, idle, reader, monkeypatch):
    monkeypatch.setattr(running, "MOST_LINES", 7)
    monkeypatch.setattr(ahead, "_TOGETHER", 3)
    alone = told(world, idle)
    world.register.as_of("world", lambda: None)
    assert told(world, idle, reader) == alone
    assert {one["outcome"] for one in alone} == {"stored", "updated", "unchanged", "refused"}
    assert [one["outcome"] for one in told(world, idle, reader)].count("unchanged") > 30
    assert reader.values is False


def test_an_attempt_begins_with_what_was_read_and_a_killed_reader_is_replaced(reader):
    plain = b'{"type": "withdrawal", "of": "case", "external_id": "C", "reason": "x"}\n' * 5
    place = Staged("an import", 11)
    (first, *_), again = reader.lines(place, lambda: plain, 12, 2), reader.lines(place, lambda: plain, 12, 9)
    first.outcome = "refused"
    assert [line.number for line in again] == [13, 14, 15]
    assert reader.lines(place, lambda: plain, 12, 9)[0].outcome is None
    (pid,) = reader.processes
    os.kill(pid, signal.SIGKILL)
    with suppress(ChildProcessError):  # the pool may have waited for it already
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    other = Staged("an import", 16)
    reader.ask(other, lambda: plain, 15)
    assert [line.number for line in reader.lines(other, lambda: plain, 15, 9)] == [16, 17, 18, 19, 20]
    assert reader.processes != [pid]


def test_a_line_whose_reading_fails_unexpectedly_is_left_to_the_storing_process(world, idle, database, monkeypatch):
    read = ahead.registration.read_item

    def failing(item):
        if item["kind"] == "email" and "5" in item["value"]:
            raise RecursionError
        return read(item)

    monkeypatch.setattr(ahead.registration, "read_item", failing)  # before the process is started, which inherits it
    reader = Ahead(database.keys)
    try:
        outcomes = [one["outcome"] for one in told(world, idle, reader)]
    finally:
        reader.end()
    assert "stored" in outcomes
    job = world.as_("system").get("/imports").json["items"][0]
    assert job["state"] == "finished", job


def test_a_line_that_was_read_without_its_tokens_gets_them_when_it_is_stored(world, idle, owner, monkeypatch):
    read = running._read

    def without_tokens(*asked):
        lines = read(*asked)
        ahead.prepare(lines, idle.keys)
        for line in lines:
            line.held = None
        return lines

    monkeypatch.setattr(running, "_read", without_tokens)
    sent(world, *FILE)
    assert running.import_once(idle)
    with owner.cursor() as cursor:
        cursor.execute("select count(*) from identifiers i where not exists (select from holdings h where h.identifier_id = i.id)")
        assert cursor.fetchone() == (0,)
        cursor.execute("select count(*) from identifiers")
        assert cursor.fetchone() > (0,)


STORED = """
    select (select count(*) from holdings), (select count(*) from registered_values), (select count(*) from imported_rows),
           (select count(*) from identifier_subjects), (select array_agg((case_id is null, cardinality(tokens)) order by id) from matching_queue),
           (select array_agg((action, object_type, detail - 'kinds') order by id) from journal_entries where action not like 'import.%')
"""


def test_the_same_is_stored_however_few_lines_of_new_cases_are_stored_together(world, idle, owner, monkeypatch):
    cases = [{**CASE, "external_id": f"C{n}", "reference": f"R-{n}"} for n in range(4)]
    values = [
        one for n in (2, 0, 3, 1) for one in (*emails(3, case=f"C{n}"), {**emails(1, case=f"C{n}")[0], "external_id": "again"})
    ]
    found, behind = [], []
    register = storing_identifiers.register_in_cases

    def counted(work, several):
        register(work, several)
        behind.append(work.session._behind is not None)

    monkeypatch.setattr(storing_identifiers, "register_in_cases", counted)
    for together in (600, 1):
        monkeypatch.setattr(storing_identifiers, "_TOGETHER", together)
        job = sent(world, *cases, *values)
        while running.import_once(idle):
            pass
        with owner.cursor() as cursor:
            cursor.execute(STORED)
            found.append((report(world, job), cursor.fetchone()))
        world.register.as_of("world", lambda: None)
    assert found[0] == found[1]
    assert [one["outcome"] for one in found[0][0]].count("refused") == len(cases)
    assert behind == [True] * (1 + len(cases))


def test_a_quota_that_is_exceeded_while_lines_are_prepared_keeps_all_of_the_portion_from_being_stored(
    world, idle, owner, monkeypatch
):
    monkeypatch.setattr(storing_identifiers, "_TOGETHER", 1)
    abuse_controls.set_quota(idle, world.authorities["nl"], [2, 100, 100, 100], None, "test")
    cases = [{**CASE, "external_id": f"C{n}", "reference": f"R-{n}"} for n in range(3)]
    job = sent(world, *cases, *[one for n in range(3) for one in emails(1, case=f"C{n}")])
    while running.import_once(idle):
        pass
    told = world.as_("system").get(f"/imports/{job}").json
    assert (told["state"], told["stored"]) == ("waiting_for_quota", 5)
    with owner.cursor() as cursor:
        cursor.execute("select used from quota_use where policy = 'hour' and used > 0")
        assert cursor.fetchall() == [(2,), (2,)]


def test_what_a_failed_attempt_leaves_in_memory_is_freed_at_the_next_one():
    class Left:
        """What refers to itself, so only the garbage collector frees it."""

    def fail():
        left = Left()
        left.itself = left
        made.append(ref(left))
        raise ValueError

    made = []
    for _ in range(3):
        with suppress(ValueError), ahead.uncollected():
            fail()
    with ahead.uncollected():
        assert [one() for one in made] == [None] * 3


@pytest.mark.parametrize("ends", ["asked", "revoked", "taken"])
def test_what_was_read_of_an_import_that_does_not_go_on_here_is_forgotten(world, idle, owner, reader, monkeypatch, ends):
    monkeypatch.setattr(running, "MOST_LINES", 3)
    job = sent(world, *FILE, *emails(30))
    assert running.import_once(idle, reader)
    assert {str(one) for one in reader.imports} == {job}
    if ends == "asked":
        assert world.as_("system").post(f"/imports/{job}/stop").status_code == 200
    elif ends == "revoked":
        with owner.cursor() as cursor:
            cursor.execute("update principals set roles = '{}' where subject = 'system'")
    else:
        monkeypatch.setattr(running, "_locked", lambda *_: None)
    running.import_once(idle, reader)
    assert reader.imports == set()


def test_what_was_read_is_kept_while_an_import_only_waits(world, idle, reader, monkeypatch):
    monkeypatch.setattr(running, "MOST_LINES", 3)
    sent(world, *FILE, *emails(30))
    assert running.import_once(idle, reader)
    monkeypatch.setattr(running, "_MOST_WAITING", 0)
    assert not running.import_once(idle, reader)
    assert len(reader.imports) == 1
