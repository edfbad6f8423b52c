"""Identifiers that older readers read are read again by the worker, and end as if they had been registered today."""

import contextlib
import multiprocessing
import os
import random
import signal
import time
from dataclasses import replace

import pytest
from test_guarding import hidden_by_machine, machine  # noqa: F401 (a fixture)
from test_guarding import step as confirm
from test_handling import step
from test_hidden_cases import news
from test_worker import ALEKSANDR, OLEKSANDR, register

from coopapi.identifiers import kinds, rereading
from coopapi.identifiers.kinds import ImpossibleValue, MatchKey, Reading, Strength
from coopapi.ops import administration, worker
from coopapi.ops.digests import digest_person, keys_for_an_authority

SMALL, CAPITAL = "heron@example.org", "heron@EXAMPLE.org"
SAYS_WHERE_IT_CAME_FROM = {"source": "seized phone", "context": {"observed_at": "2026-03-02T20:14:09Z"}}


def read_letter_by_letter(value, context):
    """An older reader of e-mail addresses, which took capital letters of a domain for others."""
    return Reading(value, (MatchKey("email", "old " + value, Strength.STRONG),))


def read_anything_as_one(value, context):
    """An older reader of e-mail addresses, which took all of them for one."""
    return Reading(value, (MatchKey("email", "old", Strength.STRONG),), identity=value)


def refuse(value, context):
    raise ImpossibleValue("refused", "The value is refused.")


@pytest.fixture
def older(monkeypatch, owner):
    """Register with another reader of e-mail addresses. Afterwards everything counts as read by an older version."""

    @contextlib.contextmanager
    def reading_by(reader=read_letter_by_letter):
        with monkeypatch.context() as patched:
            patched.setitem(kinds.KINDS, "email", replace(kinds.KINDS["email"], read=reader))
            yield
        with owner.cursor() as cursor:
            cursor.execute("update identifiers set normaliser = 1")

    return reading_by


@pytest.fixture
def one_by_one(monkeypatch):
    monkeypatch.setattr(rereading, "MOST_IDENTIFIERS", 1)
    monkeypatch.setattr(rereading, "MOST_HOLDINGS", 1)


def rows(owner, sql, *values):
    with owner.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall()


def holders(owner):
    return rows(
        owner, "select token, case_id, identifier_id, kind, strength, roles, hidden, since, open_since, outdated from holdings"
    )


def settled(world, owner):
    """Have the worker do everything, and look whether a complete computation finds the same."""
    world.work()
    assert rows(owner, "select count(*) from identifiers where normaliser < 3") == [(0,)]
    assert rows(owner, "select count(*) from holdings where outdated") == [(0,)]
    assert not any(administration.reconcile(world.app.extensions["coopapi"].database, repair=False).values())


def two_cases(world, mine=SMALL, theirs=CAPITAL):
    case, there = world.case("investigator"), world.case("foreign")
    return case, there, world.hold("investigator", case, mine)[0], world.hold("foreign", there, theirs)[0]


def test_values_that_only_todays_reader_joins_meet_afterwards(world, owner, older):
    with older():
        case, there, *_ = two_cases(world)
    assert world.overlaps("investigator", case) == []
    settled(world, owner)
    assert [o["strength"] for o in world.overlaps("investigator", case)] == ["strong"]
    assert len(world.overlaps("foreign", there)) == 1


def test_values_that_only_the_older_reader_joined_do_not_meet_any_more(world, owner, older):
    with older(read_anything_as_one):
        case, *_ = two_cases(world, SMALL, "owl@example.org")
    assert len(world.overlaps("investigator", case)) == 1
    settled(world, owner)
    assert world.overlaps("investigator", case) == []
    assert [action for action, _ in feed(world, "foreign")] == ["overlap.detected", "overlap.withdrawn"]


def test_what_is_stored_is_what_todays_reader_would_have_stored(world, owner, older):
    """The version stays, so that the ETags of callers are good."""
    case = world.case("investigator")
    with older():
        (held,) = world.hold("investigator", case, CAPITAL, **SAYS_WHERE_IT_CAME_FROM)
    path = f"/cases/{case}/identifiers/{held}"
    before = world.as_("investigator").get(path)
    (since,) = rows(owner, "select distinct since, open_since from holdings")
    world.clock.forward(days=1)
    settled(world, owner)
    after = world.as_("investigator").get(path)
    assert after.json == {**before.json, "normalised": SMALL}
    assert rows(owner, "select distinct since, open_since from holdings") == [since]

    changed = world.as_("investigator").patch(path, {"basis": "assessment"}, If_Match=before.headers["ETag"])
    assert changed.status_code == 200, changed.json

    again = world.case("investigator")
    world.hold("investigator", again, CAPITAL)
    assert len(rows(owner, "select token from holdings group by 1 having count(*) = 2")) == len(holders(owner)) / 2


def feed(world, who):
    return [(e["action"], e["object_id"]) for e in news(world, who)]


def met_under_old_rules(world, older):
    """An overlap under two tokens of the older reader, which the Dutch rejected."""
    with older():
        case, there, *_ = two_cases(world, CAPITAL, CAPITAL)
        (overlap,) = world.overlaps("investigator", case)
        step(world, "investigator", overlap["id"], "take")
        assert step(world, "investigator", overlap["id"], "reject", "another bird").status_code == 200
    return case, there


def test_an_overlap_stays_and_so_does_what_a_side_made_of_it(world, owner, older, one_by_one):
    case, there = met_under_old_rules(world, older)
    before = [(world.overlaps(who, c), feed(world, who)) for who, c in (("investigator", case), ("foreign", there))]
    assert before[0][0][0]["state"] == "rejected"
    world.clock.forward(days=1)
    settled(world, owner)
    assert [(world.overlaps(who, c), feed(world, who)) for who, c in (("investigator", case), ("foreign", there))] == before


def test_without_the_old_tokens_it_would_be_withdrawn_and_detected_again(world, owner, older, one_by_one):
    """The sabotage of the test above."""
    met_under_old_rules(world, older)
    ((good,),) = rows(owner, "select pg_get_functiondef('priv.store_reread'::regproc)")
    last = "    perform priv.append(("
    assert last in good
    with owner.cursor() as cursor:
        cursor.execute(good.replace(last, "    perform priv.drop_outdated(0, 1000);\n" + last))
        try:
            world.work()
        finally:
            cursor.execute(good)
    assert "overlap.withdrawn" in [action for action, _ in feed(world, "foreign")]


def test_a_value_that_is_refused_today_keeps_its_tokens_and_says_so(world, owner, older, monkeypatch):
    with older():
        case, _, held, _ = two_cases(world, CAPITAL, CAPITAL)
    before = holders(owner)
    monkeypatch.setitem(kinds.KINDS, "email", replace(kinds.KINDS["email"], read=refuse))
    settled(world, owner)
    assert holders(owner) == before
    assert [o["state"] for o in world.overlaps("investigator", case)] == ["detected"]
    shown = world.as_("investigator").get(f"/cases/{case}/identifiers/{held}").json
    (warning,) = shown["warnings"]
    assert (warning["code"], warning["detail"] != warning["code"]) == ("read_by_old_rules", True)


def test_a_reader_that_fails_keeps_no_other_value_waiting(world, owner, older, monkeypatch):
    with older():
        two_cases(world)

    def fail_at_capitals(value, context):
        return 1 / 0 if value == CAPITAL else read_letter_by_letter(value, context)

    monkeypatch.setitem(kinds.KINDS, "email", replace(kinds.KINDS["email"], read=fail_at_capitals))
    settled(world, owner)
    assert rows(owner, "select warnings from identifiers order by warnings") == [([],), (["read_by_old_rules"],)]


def test_a_withdrawn_identifier_gets_only_the_number(world, owner, older):
    with older():
        case, _, held, _ = two_cases(world)
        path = f"/cases/{case}/identifiers/{held}"
        etag = world.as_("investigator").get(path).headers["ETag"]
        gone = world.as_("investigator").post(f"{path}/transitions", {"event": "withdraw", "reason": "inaccurate"}, If_Match=etag)
        assert gone.status_code == 200, gone.json
    sealed = rows(owner, "select sealed, fingerprint from identifiers where id = %s", held)
    settled(world, owner)
    assert rows(owner, "select sealed, fingerprint from identifiers where id = %s", held) == sealed
    assert world.overlaps("investigator", case) == []


def test_two_identifiers_of_a_case_that_become_one_value_are_both_kept(world, owner, older):
    with older():
        case, there = world.case("investigator"), world.case("foreign")
        one, other = world.hold("investigator", case, SMALL, CAPITAL)
        world.hold("foreign", there, SMALL)
    settled(world, owner)
    assert len(world.as_("investigator").get(f"/cases/{case}/identifiers").json["items"]) == 2
    (overlap,) = world.overlaps("foreign", there)
    assert {e["identifier_id"] for e in world.overlaps("investigator", case)[0]["evidence"]} == {one, other}
    assert world.hold("investigator", case, "Heron@example.org".lower()) == [min(one, other)]
    assert overlap["state"] == "detected"


def test_an_authority_is_told_which_of_its_digests_are_old(world, owner, older, keys):
    case = world.case("investigator")
    subject = world.subject("investigator", case)
    with older():
        made = digest_person(ALEKSANDR, keys_for_an_authority(keys))
        register(world, "investigator", case, {"kind": "person", "digests": made, "subjects": [{"id": subject}]})
    register(world, "investigator", case, {"kind": "person", "person": OLEKSANDR, "subjects": [{"id": subject}]})
    settled(world, owner)
    (listed,) = world.as_("investigator").get(f"/cases/{case}/identifiers?warning=old_digests").json["items"]
    assert (listed["person"], [w["code"] for w in listed["warnings"]]) == (None, ["old_digests"])


def test_nobody_else_is_told_of_a_hidden_case(world, owner, older):
    with older():
        case, hidden = world.case("investigator"), world.case("foreign", visibility="hidden")
        world.hold("investigator", case, SMALL)
        world.hold("foreign", hidden, CAPITAL)
    settled(world, owner)
    assert len(world.overlaps("foreign", hidden)) == 1
    assert (world.overlaps("investigator", case), news(world, "investigator")) == ([], [])


def test_what_waits_for_the_confirmation_of_hiding_is_read_again_where_it_waits(world, owner, older, machine):  # noqa: F811
    with older():
        case, hidden = world.case("foreign"), hidden_by_machine(machine).json["id"]
        world.hold("foreign", case, SMALL)
        world.hold("system", hidden, CAPITAL)
    waited = rows(owner, "select token from pending_holdings")
    settled(world, owner)
    assert rows(owner, "select count(*) from holdings where case_id = %s", hidden) == [(0,)]
    assert rows(owner, "select token from pending_holdings") != waited
    assert confirm(world.as_("investigator"), hidden, "confirm_hidden").status_code == 200
    assert len(world.overlaps("investigator", hidden)) == 1


def test_no_quota_counts_it_and_the_value_stays_counted(world, owner, older):
    with older():
        case, *_ = two_cases(world)
    counted = "select holder_id, policy, used from quota_use where used > 0 order by 1, 2"
    before, values = rows(owner, counted), rows(owner, "select count(*) from registered_values")
    settled(world, owner)
    world.hold("investigator", case, SMALL)
    assert rows(owner, counted) == before
    assert rows(owner, "select count(*) from registered_values") == values


def test_an_exclusion_follows_its_value(world, owner, older, one_by_one):
    """Its identifier is read first, so that no overlap appears for a moment. Here it has the largest id."""
    with older():
        case, there = world.case("investigator"), world.case("foreign")
        world.hold("foreign", there, CAPITAL)
        world.hold("investigator", case, CAPITAL)
        last = world.case("investigator")
        (held,) = world.hold("investigator", last, CAPITAL)
        value = {"case_id": last, "identifier_id": held}
        made = world.as_("investigator").post("/exclusions", {"value": value, "reason": "our own"})
        assert made.status_code == 201, made.json
    before = feed(world, "foreign")
    settled(world, owner)
    assert feed(world, "foreign") == before
    assert world.overlaps("foreign", there) == []


def test_similar_persons_stay_similar(world, owner, older, one_by_one):
    with older():
        case, there = world.case("investigator"), world.case("foreign")
        for who, at, person in (("investigator", case, ALEKSANDR), ("foreign", there, OLEKSANDR)):
            register(world, who, at, {"kind": "person", "person": person, "subjects": [{"id": world.subject(who, at)}]})
    before = world.overlaps("investigator", case), feed(world, "foreign")
    assert len(before[0]) == 1
    settled(world, owner)
    assert (world.overlaps("investigator", case), feed(world, "foreign")) == before


def test_the_auditors_are_told_how_many_and_nobody_else(world, owner, older):
    with older():
        case, *_ = two_cases(world)
        world.hold("investigator", case, "owl@example.org")
    settled(world, owner)
    (entry,) = world.as_("auditor").get("/journal?action=identifiers.reread").json["items"]
    assert (entry["role"], entry["detail"]) == ("machine", {"case": case, "count": 2})
    assert "identifiers.reread" not in [e["action"] for e in world.as_("investigator").get("/events").json["items"]]


def test_readiness_tells_how_many_wait(world, older, monkeypatch):
    gate = world.app.extensions["gate"]

    def waiting():
        gate.known_until = 0
        return world.app.test_client().get("/readyz").json["rereading"]

    with older():
        two_cases(world)
    assert waiting() == 2
    world.work()
    assert waiting() == 0


def test_it_waits_until_nothing_else_does(world, idle, owner, older):
    with older():
        two_cases(world)
    register(world, "investigator", world.case("investigator"), {"kind": "email", "value": "owl@example.org"})
    worker.work_once(idle)
    assert rows(owner, "select count(*) from identifiers where normaliser = 1") == [(2,)]


def test_a_worker_that_is_killed_at_any_moment_loses_and_doubles_nothing(world, idle, owner, older, one_by_one):
    with older():
        pairs = [(world.case("investigator"), world.case("foreign")) for _ in range(10)]
        for number, (mine, theirs) in enumerate(pairs):
            register(world, "investigator", mine, {"kind": "email", "value": f"bird-{number}@example.org"})
            register(world, "foreign", theirs, {"kind": "email", "value": f"bird-{number}@EXAMPLE.org"})
    fork, chance, killed = multiprocessing.get_context("fork"), random.Random(7), 0

    def work():
        idle.engine.dispose(close=False)
        worker.run(idle)

    while rows(owner, "select count(*) from holdings where outdated") != [(0,)] or killed < 3:
        process = fork.Process(target=work)
        process.start()
        time.sleep(chance.uniform(0.1, 0.5) + killed / 50)  # on a busy machine the worker needs longer to finish anything
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        killed += 1
    settled(world, owner)
    met = rows(owner, "select shared_a, shared_b, state from case_overlaps")
    assert met == [(1, 1, "detected")] * len(pairs)
    told = "select count(*) from journal_entries where action = 'overlap.detected' group by object_id, case_id"
    assert rows(owner, told) == [(1,)] * 2 * len(pairs)
    counted = "select sum((detail ->> 'count')::int) from journal_entries where action = 'identifiers.reread'"
    assert rows(owner, counted) == [(20,)]
