"""Waiting for overlaps: the worker finds them after the commit, and a caller may wait for that."""

import fcntl
from uuid import UUID, uuid4

import pytest

from coopapi.http.gateway import STOPPING
from coopapi.http.waiting import Places
from coopapi.ops.worker import work_until_done

HERON = {"identifiers": [{"kind": "email", "value": "heron@example.org"}]}


@pytest.fixture
def pair(world):
    """Cases of two countries."""
    return world.case("investigator"), world.case("foreign")


def register(world, who, case, **headers):
    made = world.as_(who).post(f"/cases/{case}/identifiers", HERON, **headers)
    assert made.status_code == 201, made.json
    return made


@pytest.fixture
def pauses(monkeypatch):
    """The pauses of a request that waits, each in seconds. None of them takes time."""
    taken = []
    monkeypatch.setattr(STOPPING, "wait", taken.append)
    return taken


@pytest.fixture
def at_work_meanwhile(idle, monkeypatch):
    """The worker does its work while a request waits, and not before."""
    monkeypatch.setattr(STOPPING, "wait", lambda _: work_until_done(idle))


@pytest.mark.usefixtures("at_work_meanwhile")
def test_the_next_call_of_a_newcomer_sees_the_overlap(world, pair):
    mine, theirs = pair
    register(world, "foreign", theirs)
    register(world, "investigator", mine)
    answer = world.as_("investigator").get(f"/cases/{mine}/overlaps")
    assert (len(answer.json["items"]), answer.json["settled"]) == (1, True)
    assert "Preference-Applied" not in answer.headers


@pytest.mark.usefixtures("at_work_meanwhile")
def test_a_caller_whose_account_has_just_changed_waits_too(world, pair, owner):
    mine, theirs = pair
    register(world, "foreign", theirs)
    register(world, "investigator", mine)
    with owner.cursor() as cursor:  # the service remembers the account as it was
        cursor.execute("update principals set name = 'Investigator Finch' where subject = 'investigator'")
    answer = world.as_("investigator").get(f"/cases/{mine}/overlaps")
    assert (len(answer.json["items"]), answer.json.get("settled")) == (1, True)


@pytest.mark.usefixtures("at_work_meanwhile")
def test_a_registration_waits_when_it_is_asked_to(world, pair):
    made = register(world, "investigator", pair[0], Prefer="respond-async, wait=5")
    assert (made.json["settled"], made.headers["Preference-Applied"]) == (True, "wait=5")
    assert "settled" not in register(world, "investigator", pair[0]).json


@pytest.mark.parametrize("prefer", ["wait=0", "wait=x", "wait=-1", "return=minimal", "waiting=5"])
def test_what_asks_for_no_wait_is_answered_at_once(world, idle, pair, prefer):
    made = register(world, "investigator", pair[0], Prefer=prefer)
    assert made.json.get("settled") is (False if prefer == "wait=0" else None)


@pytest.mark.usefixtures("idle")
def test_while_the_worker_is_behind_nobody_waits(world, pair, owner, pauses):
    """Otherwise every thread would wait its full time, for nothing."""
    register(world, "investigator", pair[0])
    with owner.cursor() as cursor:
        cursor.execute("update matching_queue set at = at - interval '1 minute'")
    answer = world.as_("investigator").get(f"/cases/{pair[0]}/overlaps", Prefer="wait=5")
    assert (answer.json["settled"], pauses) == (False, [])


@pytest.mark.usefixtures("idle")
def test_beyond_a_quarter_of_the_threads_nobody_waits(world, pair, app, pauses):
    register(world, "investigator", pair[0])
    with app.extensions["waiting places"].take() as taken:
        assert taken
        answer = world.as_("investigator").get(f"/cases/{pair[0]}/overlaps", Prefer="wait=5")
    assert (answer.json["settled"], answer.headers["Retry-After"], pauses) == (False, "5", [])


@pytest.mark.usefixtures("idle")
def test_one_request_of_a_caller_waits_for_the_worker_at_a_time(world, pair, app, pauses, monkeypatch):
    """Otherwise one client could take all places of a process."""
    monkeypatch.setitem(app.extensions, "waiting places", Places(threads=16))
    places, caller = app.extensions["waiting places"], UUID(world.as_("investigator").get("/me").json["id"])
    path = f"/cases/{pair[0]}/overlaps"
    with places.take(caller, "worker") as taken, places.take(caller, "events") as feed:
        assert taken
        assert feed
        made = register(world, "investigator", pair[0], Prefer="wait=5")
        read = world.as_("investigator").get(path, Prefer="wait=5")
    for answer in (made, read):
        assert (answer.json["settled"], answer.headers["Retry-After"], answer.headers["Preference-Applied"]) == (
            False,
            "5",
            "wait=5",
        )
    assert pauses == []
    assert "Retry-After" not in world.as_("investigator").get(path, Prefer="wait=5").headers
    assert pauses


def test_the_changes_of_others_are_not_waited_for(world, idle, pair):
    mine, theirs = pair
    register(world, "investigator", mine)
    work_until_done(idle)
    register(world, "foreign", theirs)
    assert world.as_("investigator").get(f"/cases/{mine}/overlaps").json["settled"] is True
    assert world.as_("investigator").get(f"/cases/{theirs}/overlaps").status_code == 404


TAKING_AWAY = {
    "withdrawing a value": ("POST", "/identifiers/{identifier}/transitions", {"event": "withdraw", "reason": "inaccurate"}),
    "correcting a value": ("PATCH", "/identifiers/{identifier}", {"value": "stork@example.org"}),
    "hiding the case": ("PATCH", "", {"visibility": "hidden"}),
    "withdrawing the case": ("POST", "/transitions", {"event": "withdraw", "reason": "filed by mistake"}),
}


@pytest.mark.parametrize("how", TAKING_AWAY)
def test_what_takes_evidence_away_holds_for_readers_although_the_worker_does_nothing(world, idle, pair, how):
    mine, theirs = pair
    (identifier,) = world.hold("foreign", theirs, "heron@example.org")
    world.hold("investigator", mine, "heron@example.org")
    work_until_done(idle)
    (overlap,) = world.overlaps("investigator", mine)
    method, path, body = TAKING_AWAY[how]
    path = f"/cases/{theirs}" + path.format(identifier=identifier)
    etag = world.as_("foreign").get(path.removesuffix("/transitions")).headers["ETag"]
    done = world.as_("foreign").send(method, path, body, If_Match=etag)
    assert done.status_code == 200, done.json
    unseen(world, mine, overlap["id"], "investigator")


def test_a_value_that_is_now_about_a_victim_is_unseen_by_the_uncleared_although_the_worker_does_nothing(world, idle, pair):
    mine, theirs = pair
    subject = world.subject("foreign", theirs)
    world.hold("foreign", theirs, "heron@example.org", subject_id=subject)
    world.hold("investigator", mine, "heron@example.org")
    work_until_done(idle)
    (overlap,) = world.overlaps("colleague", mine)
    changed = world.as_("foreign").patch(f"/cases/{theirs}/subjects/{subject}", {"category": "victim"}, If_Match='"v1"')
    assert changed.status_code == 200, changed.json
    unseen(world, mine, overlap["id"], "colleague")
    assert [o["id"] for o in world.overlaps("investigator", mine)] == [overlap["id"]]


@pytest.mark.parametrize("what", [{"kind": "email"}, {"other": "fr"}])
def test_an_exclusion_holds_for_both_sides_although_the_worker_does_nothing(world, idle, pair, what):
    mine, theirs = pair
    world.hold("foreign", theirs, "heron@example.org")
    world.hold("investigator", mine, "heron@example.org")
    work_until_done(idle)
    (overlap,) = world.overlaps("investigator", mine)
    body = {"reason": "shared machines", **({"other_id": str(world.authorities["fr"])} if "other" in what else what)}
    assert world.as_("investigator").post("/exclusions", body).status_code == 201
    unseen(world, mine, overlap["id"], "investigator")
    unseen(world, theirs, overlap["id"], "foreign")


def unseen(world, case, overlap, who):
    """Every way to an overlap shows nothing of it."""
    me = world.as_(who)
    for path in (f"/cases/{case}/overlaps", "/overlaps", "/overlaps?state=withdrawn", "/overlaps/clusters"):
        answer = me.get(path, Prefer="wait=0")
        assert (answer.status_code, answer.json["items"]) == (200, []), path
    for path in (f"/overlaps/{overlap}", f"/overlaps/{overlap}/transitions"):
        assert me.get(path).status_code == 404
    asked = {"purpose": "investigation", "offence": "ocsea", "items_asked": ["names"], "case_id": case}
    assert me.post(f"/overlaps/{overlap}/disclosures", asked).status_code == 404


def test_the_sabotage_of_showing_what_is_not_settled_is_seen(world, idle, pair, owner):
    """Without `priv.unsettled`, the overlap of a withdrawn value is listed until the worker has followed."""
    mine, theirs = pair
    (identifier,) = world.hold("foreign", theirs, "heron@example.org")
    world.hold("investigator", mine, "heron@example.org")
    work_until_done(idle)
    with owner.cursor() as cursor:
        cursor.execute("select pg_get_functiondef('priv.unsettled'::regproc)")
        (good,) = cursor.fetchone()
        try:
            cursor.execute(good.replace("begin\n", "begin\n return;\n", 1))
            path = f"/cases/{theirs}/identifiers/{identifier}/transitions"
            world.as_("foreign").post(path, {"event": "withdraw", "reason": "inaccurate"}, If_Match='"v1"')
            assert len(world.as_("investigator").get(f"/cases/{mine}/overlaps", Prefer="wait=0").json["items"]) == 1
        finally:
            cursor.execute(good)


def test_a_registration_is_answered_with_ids_only_if_the_caller_prefers_that(world, pair):
    mine, _ = pair
    full = register(world, "investigator", mine).json["identifiers"]
    short = register(world, "investigator", mine, Prefer="return=minimal, wait=5")
    assert short.json == {"identifiers": [], "ids": [full[0]["id"]], "settled": True}
    assert short.headers["Preference-Applied"] == "return=minimal, wait=5"
    assert "Preference-Applied" not in register(world, "investigator", mine, Prefer="return=representation").headers


def test_a_place_is_free_again_although_the_caller_cannot_be_unlocked(monkeypatch):
    lock = fcntl.lockf

    def failing(file, how, *where):
        if how == fcntl.LOCK_UN:
            raise OSError("no locks available")
        lock(file, how, *where)

    monkeypatch.setattr(fcntl, "lockf", failing)
    places, caller = Places(threads=1), uuid4()
    for _ in range(2):
        with places.take(caller) as taken:
            assert taken
