"""How a transaction begins: one statement identifies the caller and sets the context, and only a question of the service is answered."""

import pytest
from sending import statements_sent
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, OperationalError

from coopapi.auth.authentication import UnknownCaller, actor_of
from coopapi.store import opening
from coopapi.store.opening import Opening
from coopapi.store.statements import Statement

ISSUER = "https://issuer.test"
ASK = text("select * from priv.identify(:issuer, :subject, :role, :question)")


@pytest.fixture
def signed(database, clock):
    """The signed question for one subject, as the service asks it."""

    def ask(subject, role=None):
        return Opening(database, clock()).question(ISSUER, subject, role)

    return ask


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
    context = database.context(_actor(database), database.clock())
    for change in ({"subject": "prosecutor_fr"}, {"role": "admin"}, {"issuer": "https://other.test"},
                   {"question": ""}, {"question": context}):  # fmt: skip
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
        session.execute(text("set local coopapi.context = :signed"), {"signed": signed("investigator")["question"]})
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


def change(owner, **columns):
    with owner.cursor() as cursor:
        for name, value in columns.items():
            cursor.execute(f"update principals set {name} = %s where subject = 'investigator'", (value,))


NOTHING_READ = "/codelists/countries"  # an answer for which nothing is read but the account


@pytest.mark.parametrize("path", ["/cases", NOTHING_READ, "/cases?limit=0", "/journal"])
def test_an_account_that_is_remembered_counts_no_longer_than_it_is_active(world, owner, path):
    caller = world.as_("investigator")
    assert caller.get("/cases").status_code == 200
    before = caller.get(path).status_code
    change(owner, active=False)
    assert caller.get(path).status_code == 401
    change(owner, active=True)
    assert caller.get(path).status_code == before


def test_a_right_counts_from_the_next_request_on_whether_it_was_given_or_taken(world, owner):
    caller = world.as_("investigator")
    assert [caller.get(path).status_code for path in ("/cases", "/journal")] == [200, 403]
    change(owner, roles=["auditor"])
    assert [caller.get(path).status_code for path in ("/journal", "/cases")] == [200, 403]
    change(owner, roles=["auditor", "investigator"])
    assert [caller.get(path).status_code for path in ("/journal", "/cases")] == [400, 400]
    change(owner, roles=["investigator"])
    assert [caller.get(path).status_code for path in ("/journal", "/cases")] == [403, 200]


def test_nothing_is_counted_for_an_account_that_has_changed(world, database, owner):
    """The transaction that counts values, before that of the request, confirms the account itself."""
    assert world.as_("investigator").get("/cases").status_code == 200
    change(owner, active=False)
    counted = []

    def count():
        with database.work(lambda opening: actor_of(opening, ISSUER, "investigator", None, remembered=True), "r") as work:
            counted.append(work.in_second_transaction(Statement("select 1"), {}))

    with pytest.raises(DBAPIError) as error:
        count()
    assert (error.value.orig.pgcode, counted) == ("40001", [])
    with pytest.raises(UnknownCaller):
        count()


def test_accounts_are_remembered_unless_there_are_too_many_or_they_are_refused(world, database, monkeypatch):
    monkeypatch.setattr(opening, "_MOST_REMEMBERED", 2)
    database.accounts.clear()
    kept = []
    for who, path, role in (
        ("investigator", "/cases", None), ("colleague", "/cases", None), ("investigator", "/cases", None),
        ("colleague", "/cases", "admin"), ("prosecutor", "/cases", None),
    ):  # fmt: skip
        world.as_(who).get(path, **({"Coopapi_Role": role} if role else {}))
        kept.append(sorted(subject for _, subject, _ in database.accounts))
    both = ["colleague", "investigator"]
    assert kept == [["investigator"], both, both, both, ["prosecutor"]]


def test_a_remembered_account_is_confirmed_with_the_first_statement(world, database, idle):
    caller = world.as_("investigator")
    assert caller.get("/cases").status_code == 200
    with statements_sent(database.engine) as sent:
        assert caller.get("/cases").status_code == 200
    assert [("priv.confirm_account" in statement, "priv.page_of_cases" in statement) for statement in sent] == [(True, True)]


def test_an_account_that_another_request_has_forgotten_meanwhile_is_not_remembered_again(world, database, clock):
    """The database may have refused it there, because the account has changed."""

    def identify(opened):
        actor = actor_of(opened, ISSUER, "investigator", None, remembered=True)
        database.accounts.clear()
        return actor

    with Opening(database, clock()).identified(lambda opened: actor_of(opened, ISSUER, "investigator", None, remembered=True)):
        assert database.accounts
    with Opening(database, clock()).identified(identify):
        assert database.accounts == {}
