"""An authority keeps an administrator, also when two end each other's access at the same moment."""

import threading
from contextlib import contextmanager

import pytest
from approving import account, change, from_shell
from serving import until

from coopapi.ops import administration

ROUNDS = 6


def together(*jobs):
    barrier = threading.Barrier(len(jobs))
    answers = [None] * len(jobs)

    def run(index, job):
        barrier.wait()
        answers[index] = job()

    threads = [threading.Thread(target=run, args=item) for item in enumerate(jobs)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    return answers


def ending(world, by, whom, home="nl"):
    """A request that ends the access of an administrator, ready to be sent."""
    path, row = account(world, by, whom, home)
    me = world.as_(by)
    return lambda: me.patch(path, {"active": False}, If_Match=f'"{row["etag"]}"').status_code


def administrators(owner, authority):
    with owner.cursor() as cursor:
        cursor.execute(
            "select count(*) from principals where authority_id = %s and active and 'admin' = any (roles)", (str(authority),)
        )
        return cursor.fetchone()[0]


@pytest.mark.parametrize("less", [{"active": False}, {"roles": ["auditor"]}], ids=["access", "role"])
@pytest.mark.parametrize(("who", "home"), [("admin", "nl"), ("operator", None)])
def test_the_last_administrator_does_not_end_their_own_access(world, who, home, less):
    refused = change(world, who, who, home, **less)
    assert (refused.status_code, refused.json["type"]) == (409, "/problems/last-administrator")

    from_shell(world, "second", home)
    assert change(world, who, who, home, **less).status_code == 200


def test_an_account_that_is_no_administrator_or_has_ended_is_no_second_one(world):
    from_shell(world, "second")
    assert change(world, "admin", "second", active=False).status_code == 200
    assert change(world, "admin", "admin", active=False).status_code == 409


def test_the_operator_ends_the_last_administrator_of_another_authority_and_names_a_new_one(world):
    assert change(world, "operator", "admin", active=False).status_code == 200
    body = {"name": "N", "issuer": "https://issuer.test", "subject": "new", "roles": ["admin"]}
    assert world.as_("operator").post(f"/authorities/{world.authorities['nl']}/people", body).status_code == 201


def test_the_shell_ends_the_last_administrator(world, database):
    administration.change(database, world.people["admin"], {"active": False})
    assert world.as_("admin").get("/me").status_code == 401


@pytest.mark.parametrize("own", [False, True], ids=["each other's", "their own"])
@pytest.mark.parametrize(("who", "home"), [("admin", "nl"), ("operator", None)])
def test_two_who_end_access_at_the_same_moment_leave_one_administrator(world, owner, database, who, home, own):
    second = from_shell(world, "second", home)
    authority = world.authorities.get(home, administration.OPERATOR)
    for _ in range(ROUNDS):
        pairs = [(who, who), (second, second)] if own else [(who, second), (second, who)]
        answers = together(*(ending(world, by, whom, home) for by, whom in pairs))

        assert sorted(answers) in ([200, 409], [200, 401], [200, 403])
        assert administrators(owner, authority) == 1
        for one in (who, second):
            administration.change(database, world.people[one], {"active": True})


LOCK = "pg_advisory_xact_lock(hashtextextended('coopapi.administration', 0))"
WRITE = "perform priv.write_account("


@contextmanager
def unserialised(owner):
    """Plant a breach: changes of accounts no longer wait for one another, and write only when the test lets them."""
    kept = []
    with owner.cursor() as cursor:
        for name in ("require_administrator", "change_account"):
            cursor.execute("select pg_get_functiondef(%s::regproc)", (f"priv.{name}",))
            kept.append(cursor.fetchone()[0])
            broken = kept[-1].replace(LOCK, "pg_sleep(0)").replace(WRITE, f"perform pg_advisory_xact_lock_shared(42); {WRITE}")
            cursor.execute(broken)
        cursor.execute("select pg_advisory_lock(42)")
        try:
            yield
        finally:
            cursor.execute("select pg_advisory_unlock_all()")
            for definition in kept:
                cursor.execute(definition)


def waiting(cursor):
    cursor.execute("select count(*) from pg_locks where locktype = 'advisory' and objid = 42 and not granted")
    return cursor.fetchone()[0]


def let_both_write(owner):
    """Wait until both have looked and are about to write, then let them."""
    with owner.cursor() as cursor:
        until(lambda: waiting(cursor) == 2)
        cursor.execute("select pg_advisory_unlock_all()")


def test_without_the_lock_two_administrators_leave_nobody(world, owner):
    from_shell(world, "second")
    with unserialised(owner):
        answers = together(ending(world, "admin", "second"), ending(world, "second", "admin"), lambda: let_both_write(owner))
    assert answers[:2] == [200, 200]
    assert administrators(owner, world.authorities["nl"]) == 0
