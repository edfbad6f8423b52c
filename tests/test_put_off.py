"""A piece of work that always takes too long, or always fails, is put off: what is behind it is done, and so is the piece when the cause is gone."""

import logging
from datetime import timedelta

import pytest
from assisting import sent as asked
from assisting import walk
from exporting import Exports
from putting_off import TOO_SLOW, planted, put_off, rounds, rounds_of_imports
from searching import found
from test_imports import CASE, EMAIL, sent, state
from test_rereading import older  # noqa: F401 (a fixture)

from coopapi.ops import administration, worker
from coopapi.ops.worker import work_until_done
from coopapi.store import lag
from coopapi.unicode_text import NORMALISER_VERSION

ERRORS = pytest.mark.parametrize("error", [TOO_SLOW, "check_violation"], ids=["too slow", "fails"])


def ask(owner, query, *values):
    with owner.cursor() as cursor:
        cursor.execute(query, values)
        return cursor.fetchone()[0]


def later(world, **time):
    """The cause is gone, and the worker tries again by itself."""
    world.clock.forward(**(time or {"seconds": 3}))
    world.work()


def met(world, case, who="investigator"):
    answer = world.as_(who).get(f"/cases/{case}/overlaps", Prefer="wait=0").json
    return len(answer["items"]), answer["settled"]


def pairs_of(world, number, **more):
    """Dutch cases, each of which shares a value with a French one of its own."""
    cases = [(world.case("investigator"), world.case("foreign", **more)) for _ in range(number)]
    for n, (mine, theirs) in enumerate(cases):
        world.hold("foreign", theirs, f"bird-{n}@example.org")
        world.hold("investigator", mine, f"bird-{n}@example.org")
    return cases


@ERRORS
def test_a_change(world, idle, owner, error):
    cases = pairs_of(world, 4)
    bad = cases[0][0]
    with planted(owner, "matching_queue", "before update", f"new.case_id = '{bad}'", error):
        assert rounds(idle, 16)
        assert put_off(owner) == ["changes"]
        assert [met(world, mine) for mine, _ in cases[1:]] == [(1, True)] * 3
        assert met(world, bad)[1] is False
        assert rounds(idle, 3) == []
    later(world)
    assert (met(world, bad), put_off(owner)) == ((1, True), [])
    assert not any(administration.reconcile(idle, repair=False).values())


@ERRORS
def test_a_pair(world, idle, owner, error):
    cases = pairs_of(world, 4)
    bad = cases[0]
    with planted(owner, "pairs_due", "before delete", f"'{bad[0]}' in (old.case_a, old.case_b)", error):
        assert rounds(idle, 16)
        assert put_off(owner) == ["pairs"]
        assert [met(world, mine) for mine, _ in cases[1:]] == [(1, True)] * 3
        assert met(world, bad[0]) == met(world, bad[1], "foreign") == (0, False)
        assert rounds(idle, 3) == []
    later(world)
    assert (met(world, bad[0]), met(world, bad[1], "foreign"), put_off(owner)) == ((1, True), (1, True), [])


def test_a_pair_with_a_hidden_case_is_put_off_unseen(world, idle, owner):
    cases = pairs_of(world, 2, visibility="hidden")
    with planted(owner, "pairs_due", "before delete", f"'{cases[0][0]}' in (old.case_a, old.case_b)"):
        assert rounds(idle, 16)
        assert put_off(owner) == ["hidden_pairs"]
        assert [met(world, mine) for mine, _ in cases] == [(0, True)] * 2
        assert [met(world, theirs, "foreign") for _, theirs in cases] == [(0, True), (1, True)]
        for case in cases[0]:
            assert ask(owner, "select late from priv.settled(%s, '0 seconds')", case) is False
    later(world)
    assert (met(world, cases[0][1], "foreign"), put_off(owner)) == ((1, True), [])


@pytest.mark.parametrize("victim", [False, True])
def test_a_pair_about_victims_alone_is_unsettled_for_the_cleared_alone(world, idle, owner, victim):
    mine, theirs = world.case("investigator"), world.case("foreign")
    world.hold(
        "foreign", theirs, "heron@example.org", **({"subject_id": world.subject("foreign", theirs, "victim")} if victim else {})
    )
    world.hold("investigator", mine, "heron@example.org")
    with planted(owner, "pairs_due", "before delete", "true"):
        assert rounds(idle, 16)
        assert put_off(owner) == ["pairs"]
        assert met(world, mine, "investigator") == met(world, theirs, "foreign") == (0, False)
        assert met(world, mine, "colleague") == met(world, theirs, "uncleared") == (0, victim)
        world.hold("colleague", mine, "owl@example.org")
        rounds(idle, 4)
        assert met(world, mine, "colleague") == (0, victim)


def test_what_is_put_off_makes_nobody_else_late_and_counts_for_no_lag(world, idle, owner):
    cases = pairs_of(world, 2)
    with planted(owner, "matching_queue", "before update", f"new.case_id = '{cases[0][0]}'"):
        rounds(idle, 16)
        with owner.cursor() as cursor:
            cursor.execute("update matching_queue set at = at - interval '1 day' where case_id <> %s", (cases[0][0],))
            cursor.execute("alter table matching_queue disable trigger planted")
            cursor.execute("update matching_queue set at = at - interval '1 day'")
            cursor.execute("alter table matching_queue enable trigger planted")
        with idle.worker() as session:
            assert lag.measure(session) == (0, 0, 0)
        assert ask(owner, "select late from priv.settled(%s, '5 seconds')", cases[1][0]) is False
        assert ask(owner, "select late from priv.settled(%s, '5 seconds')", cases[0][0]) is True


def test_what_somebody_withdraws_stays_unseen_while_that_is_put_off(world, idle, owner):
    ((mine, theirs),) = pairs_of(world, 1)
    work_until_done(idle)
    held = world.as_("foreign").get(f"/cases/{theirs}/identifiers").json["items"][0]["id"]
    path = f"/cases/{theirs}/identifiers/{held}"
    etag = world.as_("foreign").get(path).headers["ETag"]
    gone = world.as_("foreign").post(f"{path}/transitions", {"event": "withdraw", "reason": "inaccurate"}, If_Match=etag)
    assert gone.status_code == 200, gone.json
    for table, moment in (("matching_queue", "before update"), ("pairs_due", "before delete")):
        with planted(owner, table, moment, "true"):
            assert rounds(idle, 16)
            assert put_off(owner)
            assert met(world, mine)[0] == 0
        world.clock.forward(seconds=3)
    world.work()
    assert [one["state"] for one in world.overlaps("investigator", mine)] == []


@ERRORS
def test_an_exclusion_that_lapses(world, idle, owner, error):
    cases = pairs_of(world, 2)
    until = (world.clock() + timedelta(days=1)).isoformat()
    made = [
        world.as_("investigator").post("/exclusions", {"kind": kind, "reason": "for a while", "until": until}).json["id"]
        for kind in ("email", "phone")
    ]
    work_until_done(idle)
    assert [met(world, mine)[0] for mine, _ in cases] == [0, 0]
    world.clock.forward(days=2)
    with planted(owner, "exclusions", "before update", f"new.id = '{made[1]}'", error):
        assert rounds(idle, 4)
        assert put_off(owner) == ["times"]
        assert [met(world, mine)[0] for mine, _ in cases] == [1, 1]
    later(world)
    assert (ask(owner, "select count(*) from exclusions where lapsed_at is null"), put_off(owner)) == (0, [])


def test_the_hourly_look_for_missing_clearance(world, idle, owner):
    cases = pairs_of(world, 2)
    world.clock.forward(hours=2)
    with planted(owner, "clearance_watch", "before update", "true"):
        assert rounds(idle, 4)
        assert put_off(owner) == ["times"]
        assert [met(world, mine) for mine, _ in cases] == [(1, True)] * 2
    before = ask(owner, "select last_at from clearance_watch")
    later(world)
    assert (ask(owner, "select last_at from clearance_watch") > before, put_off(owner)) == (True, [])


@ERRORS
def test_the_journal_alone_waits_as_a_whole(world, idle, owner, error):
    cases = pairs_of(world, 2)
    with planted(owner, "journal_links", "before insert", "true", error):
        assert rounds(idle, 8)
        assert put_off(owner) == ["journal"]
        assert [met(world, mine) for mine, _ in cases] == [(1, True)] * 2
    later(world)
    assert put_off(owner) == []
    assert [chain.waiting for chain in administration.verify_journal(idle) if chain.waiting or chain.breaks] == []


@ERRORS
def test_a_deadline(world, idle, owner, error):
    for n in range(2):
        walk(world, asked(world, reference=f"eio-{n}"), ("prosecutor_fr", "receive"))
    work_until_done(idle)
    world.clock.forward(days=5)
    told = "select count(*) from journal_entries where action = 'alarm.deadline_unattended'"
    bad = ask(owner, "select id::text from deadlines where rule = 'eio_ack' order by due_at, id limit 1")
    with planted(owner, "deadlines", "before update", f"new.id = '{bad}'", error):
        assert rounds(idle, 6)
        assert (put_off(owner), ask(owner, told)) == (["deadlines"], 1)
    later(world)
    assert (put_off(owner), ask(owner, told)) == ([], 2)


@ERRORS
def test_a_thing_to_be_indexed(world, idle, owner, error):
    bad, *_ = [world.case("investigator", f"NL-{n}", title="heron") for n in range(4)]
    with planted(owner, "search_words", "before insert", f"new.object_id = '{bad}'", error):
        assert rounds(idle, 16)
        assert (put_off(owner), sorted(found(world, "investigator", "heron"))) == (["words"], ["NL-1", "NL-2", "NL-3"])
    later(world)
    assert (put_off(owner), len(found(world, "investigator", "heron"))) == ([], 4)


@ERRORS
def test_a_saved_search(world, idle, owner, error, monkeypatch):
    monkeypatch.setattr("coopapi.search.indexing.MOST_SEARCHES", 1)
    saved = [
        world.as_(who).post("/saved-searches", {"name": "N", "q": "heron"}).json["id"] for who in ("investigator", "colleague")
    ]
    world.case("investigator", title="heron")
    told = "select count(*) from journal_entries where action = 'search.found' and object_id = %s"
    with planted(owner, "saved_search_finds", "before insert", f"new.search_id = '{saved[0]}'", error):
        rounds(idle, 6)
        assert (put_off(owner), [ask(owner, told, one) for one in saved]) == (["searches"], [0, 1])
    later(world)
    assert (put_off(owner), [ask(owner, told, one) for one in saved]) == ([], [1, 1])


@ERRORS
def test_an_identifier_to_be_read_again(world, idle, owner, older, error):  # noqa: F811
    with older():
        case = world.case("investigator")
        held = world.hold("investigator", case, *(f"bird-{n}@EXAMPLE.org" for n in range(4)))
        work_until_done(idle)
    old = f"select count(*) from identifiers where normaliser < {NORMALISER_VERSION}"
    assert ask(owner, old) == 4
    with planted(owner, "identifiers", "before update", f"new.id = '{held[0]}'", error):
        assert rounds(idle, 16)
        assert (put_off(owner), ask(owner, old)) == (["rereading"], 1)
        assert ask(owner, "select count(*) > 0 from holdings where outdated") is True
    later(world)
    assert (put_off(owner), ask(owner, old), ask(owner, "select count(*) from holdings where outdated")) == ([], 0, 0)


def test_while_an_exclusion_is_read_later_so_are_the_identifiers_with_its_value(world, idle, owner, older):  # noqa: F811
    """Otherwise the overlap that is excluded would appear meanwhile."""
    with older():
        mine, theirs, last = world.case("investigator"), world.case("foreign"), world.case("investigator")
        for who, case in (("investigator", mine), ("foreign", theirs)):
            world.hold(who, case, "heron@EXAMPLE.org")
        world.hold("foreign", theirs, "owl@EXAMPLE.org")
        (held,) = world.hold("investigator", last, "heron@EXAMPLE.org")
        value = {"case_id": last, "identifier_id": held}
        assert world.as_("investigator").post("/exclusions", {"value": value, "reason": "our own"}).status_code == 201
        work_until_done(idle)
    old = f"select count(*) from identifiers where normaliser < {NORMALISER_VERSION}"
    told = "select count(*) from journal_entries where action like 'overlap.%%'"
    before = ask(owner, told)
    with planted(owner, "identifiers", "before update", f"new.id = '{held}'"):
        assert rounds(idle, 8)
        assert (put_off(owner), ask(owner, old), ask(owner, told)) == (["rereading"], 3, before)
    later(world)
    assert (put_off(owner), ask(owner, old), ask(owner, told)) == ([], 0, before)


@pytest.mark.parametrize("error", ["lock_not_available", "disk_full"])
def test_an_import(world, idle, owner, error):
    bad = sent(world, CASE, EMAIL)
    client = administration.provide_client(
        idle, world.authorities["nl"], {"name": "other", "roles": ["system"], "victim_cleared": False}
    )
    with owner.cursor() as cursor:
        cursor.execute("update principals set issuer = 'https://issuer.test', subject = 'other' where id = %s", (str(client.id),))
    good = sent(world, {**CASE, "external_id": "C2", "reference": "R-2"}, who="other")
    with planted(owner, "import_lines", "before insert", f"new.import_id = '{bad}'", error):
        assert rounds_of_imports(idle, 3)
        assert (put_off(owner), state(world, bad)["state"]) == (["imports"], "queued")
        assert ask(owner, "select state from imports where id = %s", good) == "finished"
    later(world)
    assert (put_off(owner), state(world, bad)["state"]) == ([], "finished")


def test_an_export(world, idle, owner):
    exports, case = Exports(world), world.case("investigator")
    bad, good = exports.ask(case), exports.ask(case)
    with planted(owner, "export_pieces", "before insert", f"new.export_id = '{bad['id']}'"):
        assert rounds_of_imports(idle, 6)
        assert (put_off(owner), exports.shown(good)["state"], exports.shown(bad)["state"]) == (["exports"], "ready", "queued")
    later(world)
    assert (put_off(owner), exports.shown(bad)["state"]) == ([], "ready")


@ERRORS
def test_the_figures_of_a_period(world, idle, owner, clock, error):
    clock.at("2026-01-01T00:01:00Z")
    with planted(owner, "published_periods", "before insert", "new.period = '2025-Q4'", error):
        assert rounds_of_imports(idle, 3)
        assert (put_off(owner), ask(owner, "select array_agg(period) from published_periods")) == (["figures"], ["2025"])
    world.clock.forward(seconds=3)
    assert rounds_of_imports(idle) == []
    assert (put_off(owner), ask(owner, "select array_agg(period order by period) from published_periods")) == (
        [],
        ["2025", "2025-Q4"],
    )


@pytest.mark.parametrize("lock", ["coopapi.matching", "coopapi.search"])
def test_a_worker_that_stands_by_does_not_take_a_piece_for_done(world, idle, owner, lock):
    ((mine, _),) = pairs_of(world, 1)
    table, kind = {"coopapi.matching": ("matching_queue", "changes"), "coopapi.search": ("search_words", "words")}[lock]
    moment = "before update" if kind == "changes" else "before insert"
    with planted(owner, table, moment, f"'{mine}' in (to_jsonb(new) ->> 'case_id', to_jsonb(new) ->> 'object_id')"):
        assert rounds(idle, 16)
    assert put_off(owner) == [kind]
    world.clock.forward(seconds=3)
    with owner.cursor() as cursor:
        cursor.execute("select pg_advisory_lock(hashtextextended(%s, 0))", (lock,))
        try:
            assert (rounds(idle, 3), put_off(owner)) == ([], [kind])
        finally:
            cursor.execute("select pg_advisory_unlock(hashtextextended(%s, 0))", (lock,))
    world.work()
    assert put_off(owner) == []


def test_the_pauses_grow_to_an_hour(world, idle, owner):
    pairs_of(world, 1)
    with planted(owner, "pairs_due", "before delete", "true"):
        pauses = []
        for _ in range(14):
            assert rounds(idle, 4)
            pauses.append(ask(owner, "select extract(epoch from until)::float8 from put_off") - world.clock().timestamp())
            world.clock.forward(seconds=pauses[-1] + 1)
    assert [round(pause) in {2**n - 1, 2**n} for n, pause in enumerate(pauses[:11], 1)] == [True] * 11
    assert 3595 < pauses[-1] <= 3600


def test_a_kind_of_work_that_fails_rests_by_itself(world, idle, owner):
    """Otherwise one piece that always fails would slow down all that the process does."""
    pairs_of(world, 1)
    paces = worker.Paces(worker.Pace)
    with planted(owner, "pairs_due", "before delete", "true"):
        assert worker._faults(idle, paces)
    assert [kind for kind, pace in paces.items() if pace.rests] == [("pairs", False)]
    assert 0 < paces["pairs", False].pause <= worker.TICK


def test_the_operator_is_told_of_the_kinds_and_of_no_id(world, idle, owner, caplog, monkeypatch):
    ((mine, theirs),) = pairs_of(world, 1)
    gate = world.app.extensions["gate"]

    def ready():
        gate.known_until = gate.alarmed_until = 0
        caplog.clear()
        assert world.app.test_client().get("/readyz").status_code == 200
        return [vars(record) for record in caplog.records if record.name == "coopapi.alarms"]

    with planted(owner, "pairs_due", "before delete", "true"), caplog.at_level(logging.WARNING):
        rounds(idle, 16)
    said = str([vars(record) for record in caplog.records])
    assert ("a piece of work is put off" in said, mine in said, theirs in said) == (True, False, False)
    assert ready() == []
    monkeypatch.setattr(lag, "TOO_LONG", -1)
    (alarm,) = ready()
    assert (alarm["kind"], alarm["pieces"]) == ("work_put_off", {"pairs": 1})
    assert lag.PUT_OFF.labels("pairs")._value.get() == 1
    (check,) = [one for one in administration.check(idle) if one.name == "work put off"]
    assert check.fault == "work that always fails is put off: 1 of pairs"
    later(world)
    assert ready() == []
    assert lag.PUT_OFF.labels("pairs")._value.get() == 0
