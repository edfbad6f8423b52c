"""How a transaction begins: one statement identifies the caller and sets the context, and only a question of the service is answered."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, OperationalError

from coopapi.auth.authentication import actor_of
from coopapi.store.db import Opening

ISSUER = "https://issuer.test"
ASK = text("select * from priv.identify(:issuer, :subject, :role, :signed)")


@pytest.fixture
def signed(database, clock):
    """The signed question for one subject, as the service asks it."""

    def ask(subject, role=None):
        opening = Opening(database, clock())
        caught = {}

        class Caught(Exception):
            pass

        def keep(_statement, **values):
            caught.update(values)
            raise Caught

        object.__setattr__(opening, "database", _Asking(database, keep))
        with pytest.raises(Caught):
            opening.begin(ISSUER, subject, role)
        return caught

    return ask


class _Asking:
    def __init__(self, database, keep):
        self.sign, self.settings, self._open = database.sign, database.settings, keep


def answer(database, values):
    with database.anonymous() as session:
        found = session.execute(ASK, values).one_or_none()
        return found, session.execute(text("select priv.authority(), priv.principal(), priv.role(), priv.cleared()")).one()


def test_one_statement_identifies_the_caller_and_sets_the_context(world, database, signed):
    found, context = answer(database, signed("investigator"))
    assert (found.id, found.roles) == (world.people["investigator"], ["investigator"])
    assert tuple(context) == (world.authorities["nl"], world.people["investigator"], "investigator", True)


def test_clearance_counts_only_in_a_role_that_can_be_cleared(world, database, signed, owner):
    with owner.cursor() as cursor:
        cursor.execute("update principals set roles = '{investigator,analyst}' where subject = 'investigator'")
    for role, cleared in (("investigator", True), ("analyst", False)):
        _, context = answer(database, signed("investigator", role))
        assert tuple(context)[2:] == (role, cleared)


def test_without_a_clear_role_there_is_no_context(world, database, signed, owner):
    with owner.cursor() as cursor:
        cursor.execute("update principals set roles = '{investigator,analyst}' where subject = 'investigator'")
    for role in (None, "admin"):
        found, context = answer(database, signed("investigator", role))
        assert found.id == world.people["investigator"]
        assert tuple(context)[:3] == (None, None, None)


def test_nobody_is_identified_by_a_question_that_the_service_did_not_sign(world, database, signed):
    asked = signed("investigator")
    for change in ({"subject": "prosecutor_fr"}, {"role": "admin"}, {"issuer": "https://other.test"}, {"signed": ""},
                   {"signed": database.context(_actor(database), database.clock())}):  # fmt: skip
        with database.anonymous() as session:
            with pytest.raises(DBAPIError) as error:
                session.execute(ASK, asked | change)
            assert error.value.orig.pgcode == "42501"
            session.rollback()


def _actor(database):
    with database.work(lambda opening: actor_of(opening, ISSUER, "investigator", None), "r") as work:
        return work.actor


def test_a_signed_question_is_no_context(world, database, signed):
    with database.anonymous() as session:
        session.execute(text("set local coopapi.context = :signed"), {"signed": signed("investigator")["signed"]})
        with pytest.raises(DBAPIError):
            session.execute(text("select priv.authority()"))
        session.rollback()


def test_a_connection_that_died_is_replaced_before_anything_was_done(world, database, owner):
    """There is no ping before a request: the first statement finds out, and is sent again on another connection, once."""
    assert world.as_("investigator").get("/cases").status_code == 200
    with owner.cursor() as cursor:
        cursor.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'coopapi_app' and datname = 'coopapi'"
        )
    assert world.as_("investigator").get("/cases").status_code == 200


def test_a_connection_that_dies_later_is_an_error_and_nothing_is_repeated(world, database, owner):
    times = []

    def die():
        with database.work(lambda opening: actor_of(opening, ISSUER, "investigator", None), "r") as work:
            times.append(1)
            pid = work.session.scalar(text("select pg_backend_pid()"))
            owner.cursor().execute("select pg_terminate_backend(%s)", (pid,))
            work.session.execute(text("select 1"))

    with pytest.raises(OperationalError):
        die()
    assert times == [1]
