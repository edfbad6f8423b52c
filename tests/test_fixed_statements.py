"""Statements that are sent as they are written: their values, their rows, and their errors."""

from contextlib import suppress
from uuid import UUID

import pytest
from sqlalchemy.exc import DBAPIError, IntegrityError, NoResultFound

from coopapi.store.statements import Statement, array

ID = UUID("0198c5a2-7b00-7000-8000-00000000002a")
PID = Statement("select pg_backend_pid() as pid")


def test_values_are_passed_and_rows_have_the_names_of_their_columns(database):
    with database.anonymous() as session:
        (row,) = Statement("select :id as id, cast(:ids as uuid[]) as ids, '10%' as share, '1'::text as t").rows(
            session, id=ID, ids=[ID, ID]
        )
        assert (row.id, row.ids, row.share, row.t) == (ID, [ID, ID], "10%", "1")
        assert (type(row.id), str(row.id), hash(row.id)) == (UUID, str(ID), hash(ID))
        assert Statement("set local jit = off; select 1 as one").one(session).one == 1
        assert Statement("set local jit = off").rows(session) == []
        assert Statement("select 1 where false").first(session) is None
        with pytest.raises(NoResultFound):
            Statement("select 1 where false").one(session)


def test_an_error_is_that_of_sqlalchemy(database):
    with pytest.raises(DBAPIError) as caught, database.anonymous() as session:
        Statement("select cast(:value as integer)").rows(session, value="secret-7")
    assert caught.value.orig.pgcode == "22P02"
    assert not caught.value.connection_invalidated
    with pytest.raises(IntegrityError), database.anonymous() as session:
        Statement("do $$ begin raise unique_violation; end $$").rows(session)


def lost(session):
    """Send a statement whose connection has just been lost."""
    with pytest.raises(DBAPIError) as caught:
        PID.one(session)
    return caught.value.connection_invalidated


def test_a_connection_that_was_lost_is_not_used_again(database, owner):
    with suppress(DBAPIError), database.anonymous() as session:  # it cannot be committed
        pid = PID.one(session).pid
        with owner.cursor() as cursor:
            cursor.execute("select pg_terminate_backend(%s, 5000)", (pid,))
        assert lost(session)
    with database.anonymous() as session:
        assert PID.one(session).pid != pid


def test_a_connection_that_the_driver_has_closed_is_lost(database):
    with suppress(DBAPIError), database.anonymous() as session:  # it cannot be committed
        session.begin()
        session.driver.close()
        assert lost(session)


def test_values_of_an_array_arrive_as_they_were(database):
    texts = ['a "quoted" one', "a\\b", "{,}", "NULL", "", None, "é", "it's", "100%"]
    kinds = {
        "text": texts,
        "bytea": [b"", b"\x00\\'\"", None],
        "uuid": [ID, None],
        "boolean": [True, False],
        "integer": [-1, 0],
        "jsonb": [None],
    }
    with database.anonymous() as session:
        for kind, values in kinds.items():
            found = Statement(f"select u.v from unnest(cast(:values as {kind}[])) u (v)").rows(session, values=array(values))
            assert [bytes(one.v) if kind == "bytea" and one.v is not None else one.v for one in found] == values
        assert Statement("select cast(:values as text[]) as v").one(session, values=array(())).v == []
