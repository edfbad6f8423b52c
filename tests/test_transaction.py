"""A transaction begins and ends with its statements, and leaves no trace in its connection if it does not end."""

import gc
from collections import UserString
from concurrent.futures import Future
from contextlib import suppress
from threading import Thread
from weakref import ref

import pytest
from sending import statements_sent
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from coopapi.auth.authentication import actor_of
from coopapi.journal.models import JournalEntry
from coopapi.store.db import as_json
from coopapi.store.statements import Statement
from coopapi.store.transaction import Transaction, open_pool, renew_plans

ONE = Statement("select 1 as one")
RECORD = Statement("select priv.record(cast(:notes as jsonb))")
PID = Statement("select pg_backend_pid() as pid, current_setting('coopapi.context', true) as context")


class Refused(Exception):
    pass


def work(database, name="here", *, remembered=False):
    return database.work(
        lambda opening: actor_of(opening, "https://issuer.test", "investigator", None, remembered=remembered), name
    )


@pytest.fixture
def known(world, database):
    """The account of the caller is remembered."""
    with work(database, remembered=True):
        pass


def noted(owner, name):
    with owner.cursor() as cursor:
        cursor.execute("select count(*) from journal_entries where request_id = %s", (name,))
        return cursor.fetchone()[0]


def test_the_first_statement_begins_it_and_the_entries_of_the_journal_end_it(world, database, idle):
    with statements_sent(database.engine) as sent, work(database) as opened:
        assert ONE.value(opened.session) == 1
        opened.note("audit.consulted")
    assert [statement.split()[0] for statement in sent] == ["begin;", "select", "select"]
    assert sent[-1].endswith("; commit")


def test_without_an_account_its_first_statement_begins_it(database, idle):
    with statements_sent(database.engine) as sent, database.anonymous() as session:
        assert ONE.value(session) == 1
        assert ONE.value(session) == 1
    assert [statement.split()[0] for statement in sent] == ["begin;", "select", "commit"]
    assert sent[0].endswith("; select 1 as one")


def test_a_value_that_the_driver_refuses_does_not_count_as_begun(database, idle):
    with database.anonymous() as session:
        with pytest.raises(ValueError, match="NUL"):
            Statement("select :text as text").rows(session, text="a\0b")
        assert Statement("select current_setting('statement_timeout') as most").value(session) == "15s"


def test_without_entries_it_is_committed_too(world, database, idle):
    with statements_sent(database.engine) as sent, work(database) as opened:
        ONE.rows(opened.session)
    assert sent[-1] == "commit"


def test_a_statement_that_is_the_whole_transaction_is_committed_in_its_round_trip(known, database, owner, idle):
    with statements_sent(database.engine) as sent, work(database, "whole", remembered=True) as opened:
        opened.note("audit.consulted")
        RECORD.alone(opened.session, notes=opened.take_notes())
    assert len(sent) == 1
    assert not sent[0].startswith("begin")
    assert noted(owner, "whole") == 1


def test_it_is_like_any_other_in_a_transaction_that_was_begun_and_nothing_follows_it_otherwise(known, database, owner, idle):
    def follow(name, *begun):
        with work(database, name, remembered=True) as opened:
            for statement in begun:
                statement.rows(opened.session)
            opened.note("audit.consulted")
            RECORD.alone(opened.session, notes=opened.take_notes())
            ONE.rows(opened.session)

    follow("begun", ONE)
    with pytest.raises(RuntimeError, match="may follow"):
        follow("alone")
    assert noted(owner, "begun") == 1


def test_what_is_refused_is_rolled_back_and_its_connection_is_used_again_without_its_context(world, database, owner, idle):
    entry = {"action": "case.consulted", "object_type": "case", "purpose": "x", "request_id": "refused"}
    entry |= {"consultation": True, "event": False, "victims_only": False}
    seen = []

    def refuse():
        with work(database, "refused") as opened:
            RECORD.rows(opened.session, notes=as_json([entry]))
            seen.append(PID.one(opened.session))
            raise Refused

    with pytest.raises(Refused):
        refuse()
    ((pid, context),) = seen
    assert context
    assert noted(owner, "refused") == 0
    assert look(database) == (pid, "")  # the connection that returned last is taken first


def look(database):
    with database.anonymous() as session:
        return PID.one(session)


def test_another_connection_is_taken_if_one_is_dead_when_its_plans_are_renewed(settings, owner):
    engine = open_pool(settings.database_url, pool_size=1, max_overflow=0)
    renew_plans(engine, 0)

    def taken():
        with Transaction(engine, Statement("set local jit = off")) as opened:
            return PID.one(opened).pid

    first = taken()
    with owner.cursor() as cursor:
        cursor.execute("select pg_terminate_backend(%s, 10000)", (first,))
        assert cursor.fetchone() == (True,)
    assert taken() != first
    engine.dispose()


def test_what_begins_a_transaction_and_its_first_statement_may_name_their_values_alike(database):
    begin = Statement("select set_config('coopapi.context', :context, true)")
    first = Statement("select current_setting('coopapi.context') as begun, :context as context")
    with Transaction(database.engine, begin, context="100%s of 'it'") as opened:
        assert first.one(opened, context="5%") == ("100%s of 'it'", "5%")


def test_what_waits_for_the_next_statement_still_waits_if_one_ahead_of_the_transaction_is_refused(database, idle):
    put = Statement("select set_config('coopapi.context', :context, true)")
    with Transaction(database.engine, put, context="begun") as opened:
        Statement("select set_config('coopapi.waited', 'yes', true)").later(opened)
        with pytest.raises(DBAPIError):
            Statement("select 1 / 0").ahead(opened)
        seen = Statement("select current_setting('coopapi.context') as context, current_setting('coopapi.waited') as waited")
        assert (seen.one(opened), ONE.value(opened)) == (("begun", "yes"), 1)


def test_what_is_done_next_waits_for_a_statement_behind_and_gets_its_rows_first(database, idle):
    found = []
    with database.anonymous() as session:
        ONE.behind(session, found.append)
        ONE.behind(session, found.append)
        assert len(found) == 1
        assert session.scalar(text("select 2")) == 2
        assert [[row.one for row in rows] for rows in found] == [[1], [1]]


@pytest.mark.parametrize("then", ["flush", "commit", "begin", "rollback"])
def test_what_is_done_next_raises_what_a_statement_behind_raised(database, idle, then):
    with Transaction(database.engine, ONE) as opened:
        Statement("select 1 / 0").behind(opened, list)
        with pytest.raises(DBAPIError, match="division by zero"):
            getattr(opened, then)()


def test_a_transaction_is_closed_when_the_statement_behind_has_ended(database, idle):
    def refuse():
        with database.anonymous() as session:
            Statement("select 1 / 0").behind(session, list)
            raise Refused

    with pytest.raises(Refused):
        refuse()
    with database.anonymous() as session:
        assert ONE.value(session) == 1


def test_a_transaction_is_closed_if_no_thread_can_be_started_for_a_statement_behind(database, idle, monkeypatch):
    def refuse(_):
        raise RuntimeError("can't start new thread")

    opened = Transaction(database.engine, ONE)
    opened.begin()
    with monkeypatch.context() as patched:
        patched.setattr(Thread, "start", refuse)
        with pytest.raises(RuntimeError, match="new thread"):
            ONE.behind(opened, list)
    closing = Thread(target=opened.close, daemon=True)
    closing.start()
    closing.join(10)
    assert not closing.is_alive()


def test_a_transaction_whose_waiting_for_a_statement_behind_was_ended_by_a_signal_waits_again(database, idle, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    found = []
    with Transaction(database.engine, ONE) as opened:
        ONE.behind(opened, found.append)
        with monkeypatch.context() as patched:
            patched.setattr(Future, "result", interrupt)
            patched.setattr(Future, "exception", interrupt)
            with pytest.raises(KeyboardInterrupt):
                opened.catch_up()
        assert found == []
        opened.catch_up()
    assert [row.one for row in found[0]] == [1]


def test_what_was_sent_behind_is_taken_back_with_the_rest(database, idle, monkeypatch):
    started, catch_up = [], Transaction.catch_up

    def start_later(thread):
        started.append(thread)

    def start_now(opened):
        """Have the database carry out what was sent behind only now."""
        while started:
            start(started.pop())
        catch_up(opened)

    with monkeypatch.context() as patched, Transaction(database.engine, ONE) as opened:
        start = Thread.start
        patched.setattr(Thread, "start", start_later)
        patched.setattr(Transaction, "catch_up", start_now)
        with opened.taken_back():
            Statement("select set_config('coopapi.meanwhile', 'yes', true)").behind(opened, list)
        assert Statement("select current_setting('coopapi.meanwhile', true)").value(opened) in {None, ""}


def test_the_error_of_a_statement_behind_is_freed_when_it_was_handled(database, idle):
    class Watched(UserString):
        """A value of which one can tell whether it was freed."""

    def fail():
        value = Watched("one")
        with Transaction(database.engine, ONE) as opened, suppress(DBAPIError):
            Statement("select cast(:value as integer)").behind(opened, list, value=str(value), watched=value)
            opened.commit()
        return ref(value)

    gc.disable()
    try:
        assert fail()() is None
    finally:
        gc.enable()


def test_sqlalchemy_joins_the_same_transaction_when_it_is_used(world, database, idle):
    world.case("investigator")
    with work(database) as opened:
        (pid, _) = PID.one(opened.session)
        assert opened.session.scalar(text("select pg_backend_pid()")) == pid
        assert opened.session.scalars(opened.all(JournalEntry)).all()


def test_sqlalchemy_does_not_join_a_transaction_that_a_statement_has_ended(known, database, idle):
    with work(database, remembered=True) as opened:
        opened.note("audit.consulted")
        RECORD.alone(opened.session, notes=opened.take_notes())
        with pytest.raises(RuntimeError, match="may follow"):
            opened.session.scalar(text("select 1"))
