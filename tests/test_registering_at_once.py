"""A registration is two transactions: one counts its values, the other does all the rest. Nothing comes between them unseen."""

import re
from contextlib import ExitStack, contextmanager

import psycopg2
import pytest
from sending import statements_sent
from sqlalchemy.exc import DBAPIError

from coopapi.cases.models import CASE_LIFECYCLE
from coopapi.http import idempotency
from coopapi.identifiers.kinds import Context
from coopapi.migrate import migrations
from coopapi.ops import abuse_controls
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
            done.append(True)  # before it is done, because that may count values too
            do()
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

    me = world.as_("investigator")
    assert me.post("/cases", {"reference": "NL-I", "title": "T"}, Idempotency_Key="first").status_code == 201
    with owner.cursor() as cursor:
        cursor.execute("analyze idempotency_keys")
    # Plans of this request are kept from when PostgreSQL knew that the table had one row.
    assert me.post("/cases", {"reference": "NL-J", "title": "T"}, Idempotency_Key="second").status_code == 201
    with owner.cursor() as cursor:
        cursor.execute(
            "insert into idempotency_keys (principal_id, key, authority_id, fingerprint, created_at)"
            " select id, 'k' || n, authority_id, '', %s from principals, generate_series(1, 500) n where subject = 'investigator'",
            (world.clock(),),
        )
    before = read()
    assert me.post("/cases", {"reference": "NL-K", "title": "T"}, Idempotency_Key="new").status_code == 201
    assert read() - before < 10


OWL = {"kind": "email", "value": "owl@example.org"}


def spent(owner):
    """What is counted and announced, and when alarms for honey values were raised."""
    with owner.cursor() as cursor:
        cursor.execute(
            "select (select array_agg(q::text order by q::text) from quota_use q),"
            " (select array_agg(r::text order by r::text) from registered_values r)"
        )
        return cursor.fetchone()


def withdraw(world, path):
    me = world.as_("investigator")
    etag = me.get(path).headers["ETag"]
    assert me.post(f"{path}/transitions", {"event": "withdraw", "reason": "inaccurate"}, If_Match=etag).status_code == 200


@contextmanager
def errors_of_the_database(monkeypatch):
    """The errors with which the database refuses statements meanwhile. PostgreSQL writes them to its log."""
    refused, seen = Transaction._refused, []

    def note(session, fault):
        seen.append(fault)
        return refused(session, fault)

    with monkeypatch.context() as patched:
        patched.setattr(Transaction, "_refused", note)
        yield seen


def test_a_value_of_a_withdrawn_case_is_corrected_and_neither_counted_nor_matched(world, case, owner):
    (one,) = register(world, case).json["identifiers"]
    withdraw(world, f"/cases/{case}")
    before = spent(owner)
    path = f"/cases/{case}/identifiers/{one['id']}"
    answer = world.as_("investigator").patch(path, {"value": OWL["value"]}, If_Match=f'"{one["etag"]}"')
    assert (answer.status_code, answer.json["value"]) == (200, OWL["value"])
    assert (spent(owner), stored(owner, case)[:2]) == (before, (1, False))


@pytest.mark.parametrize("state", ["withdrawn", "transferred"])
@pytest.mark.parametrize("again", [True, False])
def test_a_case_that_ends_after_the_count_gets_nothing_also_if_it_had_one_of_the_values(
    world, case, owner, monkeypatch, state, again
):
    (one,) = register(world, case).json["identifiers"]
    if again:
        withdraw(world, f"/cases/{case}/identifiers/{one['id']}")
    before = stored(owner, case)
    between(monkeypatch, lambda: end(owner, case, state))
    sent = HERON["identifiers"] if again else [*HERON["identifiers"], OWL]
    answer = world.as_("investigator").post(f"/cases/{case}/identifiers", {"identifiers": sent})
    assert (answer.status_code, answer.json["type"]) == (409, "/problems/case-is-final")
    assert stored(owner, case) == before


def test_a_key_that_was_used_for_another_request_counts_nothing_and_raises_no_alarm(world, case, database, owner):
    assert register(world, case, Idempotency_Key="k").status_code == 201
    abuse_controls.plant(database, "email", OWL["value"], Context())
    before = spent(owner)
    other = world.as_("investigator").post(f"/cases/{case}/identifiers", {"identifiers": [OWL]}, Idempotency_Key="k")
    assert (other.status_code, other.json["type"]) == (422, "/problems/key-reused")
    assert spent(owner) == before


def test_a_repeat_counts_nothing_raises_no_alarm_and_is_no_error_of_the_database(world, case, database, owner, monkeypatch):
    first = register(world, case, Idempotency_Key="k")
    abuse_controls.plant(database, "email", HERON["identifiers"][0]["value"], Context())
    with owner.cursor() as cursor:
        cursor.execute("update cases set visibility = 'hidden' where id = %s", (case,))
    before = spent(owner)
    with errors_of_the_database(monkeypatch) as refused, statements_sent(database.engine) as sent:
        again = register(world, case, Idempotency_Key="k")
    assert (again.status_code, again.json) == (first.status_code, first.json)
    assert (spent(owner), refused) == (before, [])
    assert not any("priv.identify" in statement for statement in sent)


def test_a_repeat_is_answered_although_nothing_can_be_counted(world, case, owner):
    first = register(world, case, Idempotency_Key="k")
    with owner.cursor() as cursor:
        cursor.execute("alter table quota_use rename to elsewhere")
        try:
            again = register(world, case, Idempotency_Key="k")
        finally:
            cursor.execute("alter table elsewhere rename to quota_use")
    assert (again.status_code, again.json) == (first.status_code, first.json)


def test_a_repeat_of_another_request_is_no_error_of_the_database(world, case, database, monkeypatch):
    def opened(title="T"):
        return world.as_("investigator").post("/cases", {"reference": "NL-K", "title": title}, Idempotency_Key="k")

    first = opened()
    with errors_of_the_database(monkeypatch) as refused, statements_sent(database.engine) as sent:
        again, other = opened(), opened("Other")
    assert (first.status_code, again.status_code, other.json["type"]) == (201, 201, "/problems/key-reused")
    assert (again.json["id"], refused) == (first.json["id"], [])
    assert not any("priv.identify" in statement for statement in sent)


@pytest.mark.parametrize("body", [HERON, {"identifiers": [*HERON["identifiers"], OWL]}])
def test_two_registrations_with_one_key_at_the_same_moment_are_one(world, case, owner, monkeypatch, body):
    """The second is sent and answered after the first has counted its values."""
    answers = []

    def send():
        return world.as_("investigator").post(f"/cases/{case}/identifiers", body, Idempotency_Key="k")

    between(monkeypatch, lambda: answers.append(send()))
    answers.append(send())
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json["identifiers"] == answers[1].json["identifiers"]
    assert stored(owner, case) == (len(body["identifiers"]), True, 1, 1)


def test_of_two_registrations_with_one_key_and_other_values_the_second_is_refused(world, case, owner, monkeypatch):
    """The second has counted its values when the first is sent and answered."""
    answers = []

    def send(body):
        return world.as_("investigator").post(f"/cases/{case}/identifiers", body, Idempotency_Key="k")

    between(monkeypatch, lambda: answers.append(send({"identifiers": [OWL]})))
    answers.append(send(HERON))
    assert [answer.status_code for answer in answers] == [201, 422]
    assert answers[1].json["type"] == "/problems/key-reused"
    assert stored(owner, case) == (1, True, 1, 1)


@pytest.mark.parametrize("known", [False, True])
def test_a_case_that_is_hidden_after_the_count_has_its_values_counted_again(world, case, owner, monkeypatch, known):
    def hide():
        with owner.cursor() as cursor:
            cursor.execute("update cases set visibility = 'hidden' where id = %s", (case,))

    if known:
        register(world, case)
    between(monkeypatch, hide)
    answer = world.as_("investigator").post(f"/cases/{case}/identifiers", {"identifiers": [*HERON["identifiers"], OWL]})
    assert answer.status_code == 201
    with owner.cursor() as cursor:
        cursor.execute("select count(*) from registered_values where case_id = %s and hidden", (case,))
        assert cursor.fetchone() == (2,)


def test_whether_all_values_are_new_does_not_depend_on_what_they_cost(world, case, database, monkeypatch, idle):
    """A cell with four addresses costs two values."""

    def send(value, *others):
        cell = {"kind": "email", "value": "; ".join(f"{value}@{n}.example" for n in range(4))}
        body = {"identifiers": [*others, cell]}
        with errors_of_the_database(monkeypatch) as refused, statements_sent(database.engine) as sent:
            assert world.as_("investigator").post(f"/cases/{case}/identifiers", body).status_code == 201
        assert refused == []
        return len(sent)

    register(world, case)
    assert send("one", *HERON["identifiers"]) > 2
    assert send("two", OWL) == 2


def test_a_registration_that_is_sent_twice_tells_its_event_once(world, case, monkeypatch):
    """The connection dies after the whole transaction was committed, so it is sent again on another one."""
    execute, lost = Transaction._execute, []

    def lose(session, sql, values, *, begins):
        found = execute(session, sql, values, begins=begins)
        if "priv.register(" in sql and not lost:
            lost.append(sql)
            raise DBAPIError(None, None, psycopg2.OperationalError("lost"), connection_invalidated=True)
        return found

    monkeypatch.setattr(Transaction, "_execute", lose)
    answer = register(world, case)
    assert (answer.status_code, len(lost)) == (201, 1)
    events = [e for e in world.as_("investigator").get("/events").json["items"] if e["action"] == "identifiers.registered"]
    assert [event["detail"]["count"] for event in events] == [1]


def test_the_account_is_forgotten_only_when_it_has_changed(world, case, database, monkeypatch):
    colleague = world.as_("colleague")
    assert colleague.get(f"/cases/{case}").status_code == 200
    between(monkeypatch, lambda: colleague.post(f"/cases/{case}/identifiers", HERON))
    with statements_sent(database.engine) as sent:
        assert register(world, case).status_code == 201
    assert sum("priv.register(" in statement for statement in sent) > 2  # the database asked for another attempt
    assert not any("priv.identify" in statement for statement in sent)


def test_the_final_states_of_the_rules_are_those_that_no_step_leaves():
    (template,) = re.findall(r"template FINAL\(.*\n(.*)\n", (migrations() / "rules" / "00_templates.sql").read_text())
    assert set(re.findall(r"'(\w+)'", template)) == {s for s in CASE_LIFECYCLE.states if not CASE_LIFECYCLE.leaving(s)}
