"""A registration is two transactions: one counts its values, the other does all the rest. Nothing comes between them unseen."""

from contextlib import ExitStack

import psycopg2
import pytest
from sending import statements_sent

from coopapi.http import idempotency
from coopapi.store.transaction import Transaction

HERON = {"identifiers": [{"kind": "email", "value": "heron@example.org"}]}


@pytest.fixture
def case(world):
    """A case whose owner has asked before, so that its account is remembered."""
    made = world.case("investigator")
    assert world.as_("investigator").get(f"/cases/{made}").status_code == 200
    return made


def register(world, case, **headers):
    return world.as_("investigator").post(f"/cases/{case}/identifiers", HERON, **headers)


def stored(owner, case):
    with owner.cursor() as cursor:
        cursor.execute(
            "select (select count(*) from identifiers where case_id = %(case)s), (select count(*) from holdings where case_id = %(case)s) > 0,"
            " (select count(*) from journal_entries where case_id = %(case)s and action = 'identifiers.registered'),"
            " (select count(*) from idempotency_keys)",
            {"case": case},
        )
        return cursor.fetchone()


def between(monkeypatch, do):
    """Do something once, after the values were counted and before they are stored."""
    send_ahead, done = Transaction.send_ahead, []

    def then(session, sql, values):
        found = send_ahead(session, sql, values)
        if not done:
            done.append(do())
        return found

    monkeypatch.setattr(Transaction, "send_ahead", then)


def end(owner, case, state):
    with owner.cursor() as cursor:
        cursor.execute("update cases set state = %s, state_reason = 'x', ended_at = now() where id = %s", (state, case))


@pytest.mark.parametrize("key", [{}, {"Idempotency_Key": "k"}])
def test_all_of_it_is_committed_by_one_statement(world, case, database, owner, idle, key):
    with statements_sent(database.engine) as sent:
        assert register(world, case, **key).status_code == 201
    counted, kept = sent
    assert ("priv.open_registration" in counted, "priv.confirm_account" in counted, counted.startswith("begin")) == (
        True,
        True,
        False,
    )
    assert ("priv.register(" in kept, "priv.record" in kept, kept.startswith("begin")) == (True, True, False)
    assert stored(owner, case) == (1, True, 1, len(key))


@pytest.mark.parametrize("key", [{}, {"Idempotency_Key": "k"}])
def test_what_is_killed_after_the_count_leaves_nothing_but_the_count(world, case, owner, monkeypatch, key):
    def die():
        raise psycopg2.OperationalError("killed")

    with monkeypatch.context() as patched:
        between(patched, die)
        assert register(world, case, **key).status_code >= 500
    assert stored(owner, case) == (0, False, 0, 0)
    first, again = register(world, case, **key), register(world, case, **key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json["identifiers"] == again.json["identifiers"]
    assert stored(owner, case)[0] == 1


@pytest.mark.parametrize("state", ["withdrawn", "transferred"])
def test_a_case_that_ends_after_the_count_gets_nothing(world, case, owner, monkeypatch, state):
    between(monkeypatch, lambda: end(owner, case, state))
    answer = register(world, case)
    assert (answer.status_code, answer.json["type"]) == (409, "/problems/case-is-final")
    assert stored(owner, case)[:3] == (0, False, 0)


def test_a_value_that_another_registers_after_the_count_is_the_existing_one(world, case, monkeypatch):
    others = []

    def other():
        world.app.extensions["coopapi"].database.accounts.clear()
        others.append(world.as_("colleague").post(f"/cases/{case}/identifiers", HERON))

    between(monkeypatch, other)
    mine = register(world, case)
    assert (others[0].status_code, mine.status_code) == (201, 201)
    assert mine.json["identifiers"][0]["id"] == others[0].json["identifiers"][0]["id"]


def test_access_that_ends_after_the_count_registers_nothing(world, case, owner, monkeypatch):
    def withdraw():
        with owner.cursor() as cursor:
            cursor.execute("update case_access set withdrawn_at = now(), withdrawal_reason = 'x' where case_id = %s", (case,))

    between(monkeypatch, withdraw)
    assert register(world, case).status_code == 403
    assert stored(owner, case)[:3] == (0, False, 0)


def test_a_repeat_is_answered_as_before_also_when_the_case_is_final_and_the_quota_used_up(world, case, owner, monkeypatch):
    first = register(world, case, Idempotency_Key="k")
    end(owner, case, "transferred")
    monkeypatch.setattr("coopapi.config.Settings.quotas", property(lambda _: ""))
    again = register(world, case, Idempotency_Key="k")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json == again.json
    assert register(world, case).status_code == 409


def test_each_entry_by_itself_is_answered_as_before_under_a_key(world, case):
    body = {"on_error": "each", "identifiers": [*HERON["identifiers"] * 2, {"kind": "email", "value": "owl@example.org"}]}
    first, again = (world.as_("investigator").post(f"/cases/{case}/identifiers", body, Idempotency_Key="k") for _ in range(2))
    assert [one["outcome"] for one in first.json["results"]] == ["stored", "existing", "stored"]
    assert first.json == again.json


def test_a_key_is_free_again_after_a_week_and_old_ones_are_deleted(world, case, database, owner):
    assert register(world, case, Idempotency_Key="k").status_code == 201
    other = world.as_("investigator").post("/cases", {"reference": "NL-K", "title": "T"}, Idempotency_Key="old")
    assert other.status_code == 201
    assert not idempotency.forget(database)
    world.clock.forward(days=8)
    made = world.as_("investigator").post("/cases", {"reference": "NL-L", "title": "T"}, Idempotency_Key="k")
    assert made.status_code == 201
    assert idempotency.forget(database)
    with owner.cursor() as cursor:
        cursor.execute("select key, made ->> 'ids' from idempotency_keys")
        assert cursor.fetchall() == [("k", made.json["id"])]


def test_a_key_is_stored_without_reading_the_other_keys_of_its_caller(world, database, owner):
    def read():
        """How many rows were read so far. Each connection of the application tells what it has read, and then it is asked."""
        with ExitStack() as held:
            for one in [held.enter_context(database.engine.connect()) for _ in range(database.engine.pool.checkedin())]:
                one.exec_driver_sql("select pg_stat_force_next_flush()")
        with owner.cursor() as cursor:
            cursor.execute("select pg_stat_clear_snapshot()")
            cursor.execute("select seq_tup_read + idx_tup_fetch from pg_stat_user_tables where relname = 'idempotency_keys'")
            return cursor.fetchone()[0]

    with owner.cursor() as cursor:
        cursor.execute(
            "insert into idempotency_keys (principal_id, key, authority_id, fingerprint, created_at)"
            " select id, 'k' || n, authority_id, '', %s from principals, generate_series(1, 500) n where subject = 'investigator'",
            (world.clock(),),
        )
    before = read()
    assert world.as_("investigator").post("/cases", {"reference": "NL-K", "title": "T"}, Idempotency_Key="new").status_code == 201
    assert read() - before < 10
