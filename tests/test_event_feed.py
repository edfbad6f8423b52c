"""The feed of events as a national system follows it: from now on, with filters, and by waiting for what is new."""

import random
import subprocess
import sys
import threading
import time
from contextlib import closing, contextmanager

import psycopg2
import pytest

SOON = 0.4


def feed(world, **wanted):
    query = "&".join(f"{name.rstrip('_')}={value}" for name, value in wanted.items())
    return world.as_("investigator").get(f"/events?{query}")


def from_now(world):
    began = feed(world, from_="now")
    assert (began.status_code, began.json["items"], began.json["complete"]) == (200, [], True)
    return began.json["next"]


@contextmanager
def meanwhile(work):
    """Do something in another thread, a moment later."""
    thread = threading.Thread(target=lambda: (time.sleep(SOON), work()))
    thread.start()
    yield
    thread.join()


def of(answer, name):
    assert answer.status_code == 200, answer.json
    return [event[name] for event in answer.json["items"]]


def test_from_now_on_is_what_comes_later_and_all_of_it(world):
    world.case("investigator", "before")
    cursor = from_now(world)
    assert feed(world, cursor=cursor).json["items"] == []
    later = world.case("investigator", "later")
    assert of(feed(world, cursor=cursor), "case_id") == [later]


def test_an_event_of_a_transaction_that_was_open_at_that_moment_comes_from_now_on(world, owner_apart):
    with owner_apart.cursor() as cursor:
        cursor.execute("select pg_current_xact_id()")  # a transaction that is still open, begun before the next one
    began = from_now(world)
    case = world.case("investigator")
    assert feed(world, cursor=began).json["items"] == []
    owner_apart.commit()
    assert of(feed(world, cursor=began), "case_id") == [case]


@pytest.fixture
def owner_apart(owner):
    """A second connection as the owner of the database, in a transaction of its own."""
    connection = psycopg2.connect(owner.dsn, password=owner.info.password)
    yield connection
    connection.close()


def test_a_waiting_request_is_answered_when_something_happens(world):
    cursor = from_now(world)
    began = time.monotonic()
    with meanwhile(lambda: world.case("investigator", "later")):
        answer = feed(world, cursor=cursor, wait=30)
    assert of(answer, "action") == ["case.registered"]
    assert time.monotonic() - began < 20


def test_it_is_not_answered_by_what_the_caller_must_not_see(world):
    cursor = from_now(world)
    with meanwhile(lambda: world.case("foreign")):
        answer = feed(world, cursor=cursor, wait=2)
    assert answer.json == feed(world, cursor=cursor).json | {"next": answer.json["next"]}
    assert answer.json["items"] == []


def test_one_request_of_a_caller_waits_at_a_time(world, app):
    cursor, places = from_now(world), app.extensions["waiting places"]
    first = []
    waiter = threading.Thread(target=lambda: first.append(feed(world, cursor=cursor, wait=30)))
    waiter.start()
    while not places.callers:
        time.sleep(0.01)

    second = feed(world, cursor=cursor, wait=30)

    assert (second.status_code, second.json["items"], second.headers["Retry-After"]) == (200, [], "5")
    assert not first
    world.case("investigator")
    waiter.join()
    assert of(first[0], "action") == ["case.registered"]
    assert places.callers == set()


TWO_PROCESSES = """
import os, sys
from uuid import UUID
from coopapi.http.waiting import Places

places = Places(16)
caller, other = UUID(int=7), UUID(int=8)
with places.take(caller) as taken:
    assert taken
    if not os.fork():
        with places.take(caller) as again, places.take(other) as free:
            os._exit((again, free) != (False, True))
    refused = os.waitstatus_to_exitcode(os.wait()[1])
if not os.fork():
    with places.take(caller) as after:
        os._exit(not after)
sys.exit(refused or os.waitstatus_to_exitcode(os.wait()[1]))
"""


def test_a_caller_who_waits_in_one_process_does_not_wait_in_another():
    subprocess.run([sys.executable, "-c", TWO_PROCESSES], check=True)


def test_beyond_a_quarter_of_the_threads_nobody_waits(world, app):
    cursor = from_now(world)
    with app.extensions["waiting places"].take() as taken:
        assert taken
        assert feed(world, cursor=cursor, wait=30).headers["Retry-After"] == "5"


def test_a_waiting_request_holds_no_connection_between_its_looks(world, app, database):
    cursor, places, held = from_now(world), app.extensions["waiting places"], set()

    def watch():
        while places.callers:
            held.add(database.engine.pool.checkedout())

    with meanwhile(watch):
        feed(world, cursor=cursor, wait=3)
    assert 0 in held


def test_events_of_one_type_and_of_one_case(world):
    cursor = from_now(world)
    one, other = world.case("investigator", "one"), world.case("investigator", "other")
    world.subject("investigator", one)

    assert of(feed(world, action="case.registered", limit=200), "case_id")[-2:] == [one, other]
    assert of(feed(world, case_id=one), "action") == ["case.registered", "subject.added"]
    assert of(feed(world, case_id=one, action="subject.added"), "case_id") == [one]
    assert feed(world, cursor=cursor, case_id=one).status_code == 400
    assert feed(world, case_id=one, cursor=feed(world, case_id=one).json["next"]).json["items"] == []


@pytest.mark.parametrize(
    "wanted", ["wait=31", "wait=x", "wait=-1", "from=then", "from=now&wait=5", "case_id=1", "action=overlap.detecetd"]
)
def test_what_makes_no_sense_is_refused_with_a_pointer(world, wanted):
    answer = world.as_("investigator").get(f"/events?{wanted}")
    assert answer.status_code == 422
    assert answer.json["errors"][0]["in"] == "query"


def test_now_and_a_cursor_are_two_places(world):
    answer = feed(world, from_="now", cursor=from_now(world))
    assert (answer.status_code, answer.json["errors"][0]["pointer"]) == (422, "/cursor")


WRITERS, EACH = 6, 40
WRITE = (
    "insert into journal_entries (authority_id, at, role, action, object_type, object_id, case_id, purpose, request_id, consultation,"
    " event, victims_only, detail) values (%s, now(), 'machine', 'subject.changed', 'subject', gen_random_uuid(), %s, 'investigation',"
    " '', false, true, false, '{}') returning id"
)


def write(owner, world, case, number):
    """Write events one after the other, and wait a little before each commit, so that they are not committed in the order of their ids."""
    dice = random.Random(number)
    with closing(psycopg2.connect(owner.dsn, password=owner.info.password)) as connection, connection.cursor() as cursor:
        for _ in range(EACH):
            cursor.execute(WRITE, (world.authorities["nl"], case))
            time.sleep(dice.random() / 50)
            connection.commit()


def follow(world, cursor, seen, over):
    """Follow the feed with `wait`, as a national system does, until the writers are done and nothing more comes."""
    while True:
        done = over.is_set()
        page = feed(world, cursor=cursor, wait=1, limit=7).json
        seen += [event["id"] for event in page["items"]]
        cursor = page["next"]
        if done and page["complete"] and not page["items"]:
            return


def follow_by_id(owner, seen, over):
    """Follow the journal by the largest id seen, which loses what is committed later under a smaller one."""
    with closing(psycopg2.connect(owner.dsn, password=owner.info.password)) as connection, connection.cursor() as cursor:
        cursor.execute("select max(id) from journal_entries")
        last = cursor.fetchone()[0]
        while True:
            done = over.is_set()
            connection.rollback()
            cursor.execute("select id from journal_entries where id > %s and event order by id", (last,))
            found = [row[0] for row in cursor.fetchall()]
            seen += found
            last = max(found, default=last)
            if done and not found:
                return
            time.sleep(0.002)


def test_a_follower_misses_nothing_of_six_writers_and_gets_nothing_twice(world, owner):
    case = world.case("investigator")
    began, over, seen, by_id = from_now(world), threading.Event(), [], []
    followers = [
        threading.Thread(target=follow, args=(world, began, seen, over)),
        threading.Thread(target=follow_by_id, args=(owner, by_id, over)),
    ]
    writers = [threading.Thread(target=write, args=(owner, world, case, number)) for number in range(WRITERS)]
    for thread in (*followers, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    over.set()
    for thread in followers:
        thread.join()
    assert (len(seen), len(set(seen))) == (WRITERS * EACH, WRITERS * EACH)
    assert len(by_id) < WRITERS * EACH  # the follower by id shows that the test can see a loss


def shared(world):
    """A case of the Dutch and one of the French that the Dutch may read, which overlap."""
    mine, theirs = world.case("investigator"), world.case("foreign")
    grant = {"authority_id": str(world.authorities["nl"]), "level": "read", "reason": "because"}
    assert world.as_("foreign").post(f"/cases/{theirs}/access", grant).status_code == 201
    for who, case in (("investigator", mine), ("foreign", theirs)):
        world.hold(who, case, "heron@example.org")
    return mine, theirs


@pytest.mark.parametrize("limit", [1, 200])
def test_who_may_read_both_cases_of_an_overlap_is_told_of_it_once(world, limit):
    began = from_now(world)
    mine, theirs = shared(world)
    events, cursor = [], began
    while True:
        page = feed(world, cursor=cursor, limit=limit).json
        events += page["items"]
        cursor = page["next"]
        if page["complete"]:
            break
    assert [event["action"] for event in events].count("overlap.detected") == 1
    for case in (mine, theirs):
        assert of(feed(world, case_id=case, action="overlap.detected", limit=limit), "case_id") == [case]
    assert of(feed(world, cursor=began, limit=200), "id") == [event["id"] for event in events]
