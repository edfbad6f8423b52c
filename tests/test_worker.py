"""The worker: it loses nothing when it is killed, and one thing that fails does not stop the rest."""

import contextlib
import multiprocessing
import os
import random
import signal
import threading

import pytest
from putting_off import rounds
from serving import PATIENCE, runs, until
from test_races import shared_by_brute_force, stored

from coopapi.ops import worker

ALEKSANDR = {"names": [{"full": "Александр Мироненко"}], "birth_dates": ["1984-05-17"]}
OLEKSANDR = {"names": [{"full": "Oleksandr Myronenko"}], "birth_dates": ["1984-05-17"]}


@pytest.fixture
def running(idle):
    """A worker in a process of its own, which is started again whenever it was killed."""
    fork = multiprocessing.get_context("fork")

    def work():
        idle.engine.dispose(close=False)
        worker.run(idle)

    workers = []

    def start():
        workers.append(fork.Process(target=work))
        workers[-1].start()
        return workers[-1]

    yield start
    for process in workers:
        process.kill()
        process.join()


def register(world, who, case, *items):
    made = world.as_(who).post(f"/cases/{case}/identifiers", {"identifiers": list(items)})
    assert made.status_code == 201, made.json


def test_a_worker_that_is_killed_at_any_moment_loses_nothing_and_tells_nothing_twice(world, idle, running, owner):
    chance, over = random.Random(7), threading.Event()

    def kill():
        while not over.is_set():
            process = running()
            over.wait(chance.uniform(0.05, 0.3))
            os.kill(process.pid, signal.SIGKILL)
            process.join()

    killer = threading.Thread(target=kill)
    killer.start()
    pairs = [(world.case("investigator"), world.case("foreign")) for _ in range(8)]
    for number, (mine, theirs) in enumerate(pairs * 3):
        value = {"kind": "email", "value": f"bird-{number}@example.org"}
        register(world, "foreign", theirs, value)
        register(world, "investigator", mine, value)
    over.set()
    killer.join()
    worker.work_until_done(idle)

    assert shared_by_brute_force(owner) == stored(owner)
    assert len(stored(owner)) == len(pairs)
    with owner.cursor() as cursor:
        cursor.execute("select object_id, case_id, count(*) from journal_entries where action = 'overlap.detected' group by 1, 2")
        assert [count for *_, count in cursor.fetchall()] == [1] * 2 * len(pairs)


def test_another_worker_takes_over(world, idle, running):
    mine, theirs = world.case("investigator"), world.case("foreign")

    def found(value, count):
        """Register a value in both cases, and wait until a worker has found it."""
        for who, case in (("foreign", theirs), ("investigator", mine)):
            register(world, who, case, {"kind": "email", "value": value})
        until(lambda: world.as_("investigator").get(f"/cases/{mine}/overlaps", Prefer="wait=0").json["settled"])
        (overlap,) = world.overlaps("investigator", mine)
        assert len(overlap["evidence"]) == count

    first = running()
    found("heron@example.org", 1)
    running()
    first.kill()
    found("wren@example.org", 2)


@contextlib.contextmanager
def failing(owner, function, signature):
    """Let a function of the database raise an error."""
    with owner.cursor() as cursor:
        cursor.execute("select pg_get_functiondef(%s::regprocedure)", (f"priv.{function}({signature})",))
        (good,) = cursor.fetchone()
        cursor.execute(good.replace("\nbegin\n", "\nbegin raise exception 'planted';\n", 1))
        try:
            yield
        finally:
            cursor.execute(good)


def test_what_fails_does_not_keep_the_worker_from_linking_the_journal_and_is_done_later(world, idle, owner):
    cases = {who: world.case(who) for who in ("investigator", "foreign")}
    for who, case in cases.items():
        register(world, who, case, {"kind": "email", "value": "heron@example.org"})
    with failing(owner, "settle_pairs", "text[], integer[]"):
        for _ in range(3):
            assert rounds(idle)
            world.clock.forward(hours=1)
        with owner.cursor() as cursor:
            cursor.execute("select count(*) from journal_links l join journal_entries e on e.id = l.entry_id where e.case_id = any (%s::uuid[])",
                           (list(cases.values()),))  # fmt: skip
            assert cursor.fetchone()[0] >= 4
        assert world.as_("investigator").get(f"/cases/{cases['investigator']}/overlaps", Prefer="wait=0").json["items"] == []
    world.clock.forward(hours=1)
    worker.work_until_done(idle)
    assert len(world.overlaps("investigator", cases["investigator"])) == 1


def test_work_that_is_too_much_at_once_is_done_in_smaller_portions(world, idle, owner):
    """A batch that runs into the time limit of the database would otherwise fail for ever."""
    mine = world.case("investigator")
    register(world, "investigator", mine, *({"kind": "email", "value": f"bird-{n}@example.org"} for n in range(6)))
    for n in range(6):
        register(world, "foreign", world.case("foreign"), {"kind": "email", "value": f"bird-{n}@example.org"})
    with owner.cursor() as cursor:
        cursor.execute("select pg_get_functiondef('priv.settle_pairs(text[], integer[])'::regprocedure)")
        (good,) = cursor.fetchone()
        bad = good.replace(
            "perform priv.refresh(", "if cardinality(due.a) > 1 then raise exception 'planted'; end if; perform priv.refresh("
        )
        assert bad != good
        try:
            cursor.execute(bad)
            assert len(rounds(idle, 20)) > 1
            cursor.execute("select (select count(*) from pairs_due), (select count(*) from put_off)")
            assert cursor.fetchone() == (0, 0)
        finally:
            cursor.execute(good)
    assert len(world.overlaps("investigator", mine)) == 6


def test_a_value_that_cannot_be_decrypted_is_similar_to_nothing_and_stops_nothing(world, idle, owner):
    cases = {who: world.case(who) for who in ("investigator", "foreign", "romanian")}
    subjects = {who: world.subject(who, case) for who, case in cases.items()}
    register(world, "foreign", cases["foreign"], {"kind": "person", "person": OLEKSANDR, "subjects": [{"id": subjects["foreign"]}]})
    with owner.cursor() as cursor:
        cursor.execute("update identifiers set sealed = sealed || '\\x00'::bytea where case_id = %s", (cases["foreign"],))
    for who in ("romanian", "investigator"):
        register(world, who, cases[who], {"kind": "person", "person": ALEKSANDR, "subjects": [{"id": subjects[who]}]})
    assert rounds(idle) == []
    worker.work_until_done(idle)
    (overlap,) = world.overlaps("investigator", cases["investigator"])
    assert overlap["counterpart"]["authority"]["country"] == "RO"


def test_the_worker_ends_with_the_process_that_started_it(idle):
    fork = multiprocessing.get_context("fork")
    told, tell = fork.Pipe(duplex=False)

    def parent():
        idle.engine.dispose(close=False)
        child = fork.Process(target=worker.run, args=(idle,))
        child.start()
        tell.send(child.pid)
        os._exit(0)

    process = fork.Process(target=parent)
    process.start()
    process.join()
    pid = told.recv()
    until(lambda: not runs(pid))


def test_a_worker_stands_by_without_a_fault_while_another_is_at_work(world, idle, owner):
    mine, theirs = world.case("investigator"), world.case("foreign")
    for who, case in (("investigator", mine), ("foreign", theirs)):
        register(world, who, case, {"kind": "email", "value": "heron@example.org"})
    with owner.cursor() as cursor:
        cursor.execute("select pg_advisory_lock(hashtextextended('coopapi.matching', 0))")
        try:
            assert rounds(idle) == []
            cursor.execute("select count(*) from matching_queue where followed")
            assert cursor.fetchone() == (0,)
        finally:
            cursor.execute("select pg_advisory_unlock(hashtextextended('coopapi.matching', 0))")
    worker.work_until_done(idle)
    assert len(world.overlaps("investigator", mine)) == 1


def test_a_value_that_both_cases_withdraw_before_the_worker_looks_is_no_evidence_any_more(world, idle):
    """Neither case found the other by its holdings then, and their overlap stayed."""
    mine, theirs = world.case("investigator"), world.case("foreign")
    (one,), (other,) = world.hold("investigator", mine, "heron@example.org"), world.hold("foreign", theirs, "heron@example.org")
    worker.work_until_done(idle)
    assert [o["state"] for o in world.overlaps("investigator", mine)] == ["detected"]
    for who, case, held in (("investigator", mine, one), ("foreign", theirs, other)):
        path = f"/cases/{case}/identifiers/{held}"
        etag = world.as_(who).get(path).headers["ETag"]
        gone = world.as_(who).post(f"{path}/transitions", {"event": "withdraw", "reason": "inaccurate"}, If_Match=etag)
        assert gone.status_code == 200, gone.json
    worker.work_until_done(idle)
    assert [o["state"] for o in world.overlaps("investigator", mine)] == []


def test_a_worker_whose_server_ended_before_it_was_ready_does_not_go_on(idle):
    worker_thread = threading.Thread(target=worker.run, args=(idle, os.getpid()), daemon=True)
    worker_thread.start()
    worker_thread.join(PATIENCE)
    assert not worker_thread.is_alive()
