"""Guessing the secret of a client: counted exactly, refused unseen, journaled, and told to the client's authority."""

import threading
from uuid import uuid4

import pytest
from serving import until
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from test_oauth import TYPE, assertion, client, keyed  # noqa: F401 (fixtures and a helper)
from test_policies import actor_named
from worlds.test_planted import planted

from coopapi.auth.jwks import new_signing_key
from coopapi.auth.tokens import Signer
from coopapi.oauth import service
from coopapi.oauth.attempts import ADDRESS_FAILURES, ALARMING_FAILURES, PAIR_FAILURES, Attempt

HERE, THERE = "192.0.2.7", "198.51.100.9"


def one_waits_for_a_lock(cursor):
    cursor.execute("select exists (select from pg_stat_activity where usename = 'coopapi_app' and wait_event_type = 'Lock')")
    return cursor.fetchone()[0]


def ask(world, address=HERE, **form):
    return world.app.test_client().post(
        "/oauth/token", data={"grant_type": "client_credentials", **form}, environ_base={"REMOTE_ADDR": address}
    )


def guess(world, client_id, count, address=HERE):
    return [ask(world, address, client_id=client_id, client_secret=f"guess {n}") for n in range(count)]


def prove(world, client, address=HERE):  # noqa: F811
    return ask(world, address, client_id=client["id"], client_secret=client["client_secret"])


def entries(owner, action):
    with owner.cursor() as cursor:
        cursor.execute("select authority_id, detail from journal_entries where action = %s order by id", (action,))
        return cursor.fetchall()


@pytest.fixture
def verified(monkeypatch):
    """How often a secret or an assertion was looked at."""
    looked = []
    real_same, real_read = service.same, service.tokens.read_assertion
    monkeypatch.setattr(service, "same", lambda *a: looked.append("secret") or real_same(*a))
    monkeypatch.setattr(service.tokens, "read_assertion", lambda *a, **k: looked.append("assertion") or real_read(*a, **k))
    return looked


def test_guesses_beyond_the_limit_are_refused_without_a_look_at_them(world, client, verified):  # noqa: F811
    answers = guess(world, client["id"], PAIR_FAILURES + 5)

    assert [a.status_code for a in answers] == [401] * PAIR_FAILURES + [429] * 5
    assert len(verified) == PAIR_FAILURES
    assert answers[-1].json["type"] == "/problems/too-many-failures"
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 900


def test_a_right_proof_is_taken_from_elsewhere_at_once_and_from_here_after_the_window(world, client):  # noqa: F811
    guess(world, client["id"], PAIR_FAILURES)
    refused = prove(world, client)
    assert refused.status_code == 429
    assert prove(world, client, THERE).status_code == 200

    world.clock.forward(seconds=int(refused.headers["Retry-After"]))

    assert prove(world, client).status_code == 200


@pytest.mark.parametrize("spelled", [str.upper, "{{{}}}".format, "urn:uuid:{}".format, lambda name: name.replace("-", "")])
def test_another_spelling_of_a_client_is_the_same_client(world, client, spelled):  # noqa: F811
    guess(world, client["id"], PAIR_FAILURES)
    (refused,) = guess(world, spelled(client["id"]), 1)
    assert refused.status_code == 429


def test_right_proofs_are_no_failures(world, client):  # noqa: F811
    assert {prove(world, client).status_code for _ in range(PAIR_FAILURES + 2)} == {200}


def test_one_address_has_a_limit_over_all_clients_it_tries_and_known_ones_look_like_unknown_ones(world, client, monkeypatch):  # noqa: F811
    monkeypatch.setattr("coopapi.oauth.attempts.ADDRESS_FAILURES", PAIR_FAILURES + 3)
    unknown = str(uuid4())
    known_answers = guess(world, client["id"], PAIR_FAILURES + 1, HERE)
    unknown_answers = guess(world, unknown, PAIR_FAILURES + 1, THERE)
    for known, other in zip(known_answers, unknown_answers, strict=True):
        assert (known.status_code, known.data.replace(client["id"].encode(), b"")) == (other.status_code, other.data)

    assert [a.status_code for a in guess(world, str(uuid4()), 5, HERE)] == [401] * 3 + [429] * 2
    assert [a.status_code for a in guess(world, "no uuid", 5, THERE)] == [401] * 3 + [429] * 2
    assert prove(world, client, HERE).status_code == 429


def test_a_wrong_signature_counts_and_looks_like_that_of_an_unknown_client(world, keyed, verified):  # noqa: F811
    client_id, _ = keyed
    thief = Signer("c1", new_signing_key()[1])

    def forge(claimed):
        return ask(world, client_assertion_type=TYPE, client_assertion=assertion(world, claimed, thief))

    known, unknown = forge(client_id), forge(str(uuid4()))
    assert (known.status_code, known.data) == (unknown.status_code, unknown.data)
    answers = [forge(client_id) for _ in range(PAIR_FAILURES + 1)]
    assert [a.status_code for a in answers[-3:]] == [401, 429, 429]
    assert verified.count("assertion") == PAIR_FAILURES


def test_all_addresses_of_one_ipv6_site_are_one(world, client):  # noqa: F811
    for n in range(PAIR_FAILURES):
        guess(world, client["id"], 1, f"2001:db8:1:2::{n:x}")
    assert prove(world, client, "2001:db8:1:2:ffff::1").status_code == 429
    assert prove(world, client, "2001:db8:1:3::1").status_code == 200


def test_the_limit_is_exact_when_many_guess_at_once(world, client, verified):  # noqa: F811
    answers = []

    def some():
        answers.extend(guess(world, client["id"], 10))

    threads = [threading.Thread(target=some) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(a.status_code for a in answers) == [401] * PAIR_FAILURES + [429] * (40 - PAIR_FAILURES)
    assert len(verified) == PAIR_FAILURES


WAITS = "perform priv.lock_place(a.place);"


def test_an_attempt_waits_for_the_one_before_it_and_then_sees_it_counted(world, client, database, owner):  # noqa: F811
    assert second_wait(world, client, database, owner) > 0


def test_without_the_lock_one_more_than_the_limit_is_verified(world, client, database, owner):  # noqa: F811
    with planted(owner, "attempt", WAITS, ""):
        assert second_wait(world, client, database, owner) == 0


def second_wait(world, client, database, owner):  # noqa: F811
    """How long the second of two attempts has to wait that begin at once, when one failure is left."""
    guess(world, client["id"], PAIR_FAILURES - 1)
    attempt, waits = Attempt.of(database, client["id"], HERE), []

    def begin():
        with database.anonymous() as session:
            waits.append(attempt.begin(session))

    second = threading.Thread(target=begin)
    with database.anonymous() as session, owner.cursor() as cursor:
        assert attempt.begin(session) == 0
        second.start()
        until(lambda: one_waits_for_a_lock(cursor))
    second.join()
    return waits[0]


def test_the_first_failure_is_journaled_at_once_and_the_others_as_one_count_a_minute(world, client, owner):  # noqa: F811
    guess(world, client["id"], 8)
    assert [detail["failures"] for _, detail in entries(owner, "client.refused")] == [1]

    world.clock.forward(minutes=1)
    prove(world, client, THERE)

    told = entries(owner, "client.refused")
    assert [detail["failures"] for _, detail in told] == [1, 7]
    assert {str(authority) for authority, _ in told} == {str(world.authorities["nl"])}
    assert HERE not in str(told)


def test_the_administrators_are_alarmed_once_when_failures_of_a_client_add_up_over_addresses(world, client, owner):  # noqa: F811
    each = ALARMING_FAILURES // 4
    for n in range(3):
        guess(world, client["id"], each, f"192.0.2.{n}")
    assert entries(owner, "alarm.client_secret_guessing") == []

    guess(world, client["id"], each + 3, "192.0.2.99")

    seen = world.as_("admin").get("/events?kind=alarm").json["items"]
    ((authority, detail),) = entries(owner, "alarm.client_secret_guessing")
    assert str(authority) == str(world.authorities["nl"])
    assert (detail["client"], detail["failures"], detail["addresses"]) == (client["id"], ALARMING_FAILURES, 4)
    assert [item["action"] for item in seen].count("alarm.client_secret_guessing") == 1
    others = world.as_("admin_fr").get("/events?kind=alarm").json["items"]
    assert "alarm.client_secret_guessing" not in [item["action"] for item in others]


def test_slow_guessing_is_told_too(world, client, owner):  # noqa: F811
    """Each window once forgot the failures of the one before, so that almost four times as many an hour alarmed nobody."""
    guess(world, client["id"], ALARMING_FAILURES - 1)
    world.clock.forward(minutes=16)
    assert entries(owner, "alarm.client_secret_guessing") == []
    guess(world, client["id"], 1)
    ((_, detail),) = entries(owner, "alarm.client_secret_guessing")
    assert (detail["failures"], detail["addresses"]) == (ALARMING_FAILURES, 1)


def test_nobody_but_the_service_tells_of_attempts(world, client, database, owner):  # noqa: F811
    """With the database's functions alone, anybody once wrote refusals and alarms into the journal of any client's authority."""
    signed = Attempt.of(database, client["id"], HERE).signed
    forged = [signed.replace(client["id"], str(uuid4())), database.context(actor_named(world, "admin"), world.clock()), "", None]
    for function in ("attempt", "attempt_failed", "attempt_proved"):
        for one in forged:
            with pytest.raises(DBAPIError, match="sign"), database.anonymous() as session:
                session.execute(text(f"select priv.{function}(:signed)"), {"signed": one})
    assert entries(owner, "client.refused") == []


def test_rows_of_the_past_go_and_those_that_are_not_told_yet_stay_until_they_are(world, client, owner):  # noqa: F811
    guess(world, client["id"], 2)
    guess(world, str(uuid4()), 1, "192.0.2.50")
    for _ in range(2):
        world.clock.forward(hours=2)
        prove(world, client, THERE)

    with owner.cursor() as cursor:
        cursor.execute("select count(*), min(failures), max(failures) from token_attempts")
        assert cursor.fetchone() == (2, 0, 0)
    assert [detail["failures"] for _, detail in entries(owner, "client.refused")] == [1, 1]


def test_the_limits_are_in_their_order():
    assert PAIR_FAILURES < ADDRESS_FAILURES
    assert ALARMING_FAILURES <= PAIR_FAILURES
