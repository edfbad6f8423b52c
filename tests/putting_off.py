"""Pieces of work that always fail, and a worker that works although they do."""

from contextlib import contextmanager
from os import getppid

import pytest

from coopapi.imports.ahead import Ahead
from coopapi.ops import worker

TOO_SLOW = "query_canceled"
ERRORS = pytest.mark.parametrize("error", [TOO_SLOW, "check_violation"], ids=["too slow", "fails"])


def rounds(database, number=1):
    """The exceptions of so many rounds of the worker, without the rests between them."""
    paces, faults = worker.Paces(worker.Pace), []
    for _ in range(number):
        rested(paces)
        faults += worker._faults(database, paces)
    return faults


def rounds_of_imports(database, number=1):
    """The same of the process of imports."""
    paces, faults, ahead = worker.Paces(worker.Pace), [], Ahead(database.keys)
    for _ in range(number):
        rested(paces)
        faults += worker._import_faults(database, paces, getppid(), ahead)
    ahead.end()
    return faults


def rested(paces):
    for pace in paces.values():
        pace.rests_until = 0


@contextmanager
def planted(owner, table, moment, bad, error=TOO_SLOW):
    """Let every change of a table at a moment, such as `before insert`, fail for the rows of a condition: by default it takes too long."""
    row = "old" if "delete" in moment else "new"
    with owner.cursor() as cursor:
        cursor.execute(
            f"create function public.planted() returns trigger language plpgsql as $$ begin if {bad} then"
            f" raise exception 'planted' using errcode = '{error}'; end if; return {row}; end $$;"
            f" create trigger planted {moment} on {table} for each row execute function public.planted()"
        )
    try:
        yield
    finally:
        with owner.cursor() as cursor:
            cursor.execute("drop function public.planted() cascade")


def put_off(owner):
    """What is put off: the kinds of work, each as often as pieces of it."""
    with owner.cursor() as cursor:
        cursor.execute("select kind from put_off order by kind")
        return [kind for (kind,) in cursor.fetchall()]
