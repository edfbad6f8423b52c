"""A piece of work that always takes too long, or always fails, is put off: what is behind it is done, and so is the piece when the cause is gone."""

import logging
from datetime import timedelta

import pytest
from assisting import sent as asked
from assisting import walk
from exporting import Exports
from putting_off import ERRORS, planted, put_off, rounds, rounds_of_imports
from searching import found
from sqlalchemy import text
from test_imports import CASE, EMAIL, sent, state
from test_rereading import older  # noqa: F401 (a fixture)

from coopapi.ops import administration, worker
from coopapi.ops.worker import work_until_done
from coopapi.store import lag, putting_off
from coopapi.unicode_text import NORMALISER_VERSION


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
def test_a_change_that_fails_holds_up_no_other(world, idle, owner, error):
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
def test_a_pair_that_fails_holds_up_no_other(world, idle, owner, error):
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
            assert ask(owner, "select late from priv.settled(%s, '0 seconds', '{100,50}')", case) is False
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
        assert ask(owner, "select late from priv.settled(%s, '5 seconds', '{100,50}')", cases[1][0]) is False
        assert ask(owner, "select late from priv.settled(%s, '5 seconds', '{100,50}')", cases[0][0]) is True


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
def test_an_exclusion_that_cannot_lapse_holds_up_no_other(world, idle, owner, error):
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
        assert rounds(idle, 12)
        assert put_off(owner) == ["timers"]
        assert [met(world, mine)[0] for mine, _ in cases] == [1, 1]
    later(world)
    assert (ask(owner, "select count(*) from exclusions where lapsed_at is null"), put_off(owner)) == (0, [])


def test_the_hourly_look_for_missing_clearance_holds_up_nothing_if_it_fails(world, idle, owner):
    cases = pairs_of(world, 2)
    world.clock.forward(hours=2)
    with planted(owner, "clearance_watch", "before update", "true"):
        assert rounds(idle, 4)
        assert put_off(owner) == ["timers"]
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
def test_a_deadline_of_which_nobody_can_be_told_holds_up_no_other(world, idle, owner, error):
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
def test_a_thing_that_cannot_be_indexed_holds_up_no_other(world, idle, owner, error):
    bad, *_ = [world.case("investigator", f"NL-{n}", title="heron") for n in range(4)]
    with planted(owner, "search_words", "before insert", f"new.object_id = '{bad}'", error):
        assert rounds(idle, 16)
        assert (put_off(owner), sorted(found(world, "investigator", "heron"))) == (["words"], ["NL-1", "NL-2", "NL-3"])
    later(world)
    assert (put_off(owner), len(found(world, "investigator", "heron"))) == ([], 4)


@ERRORS
def test_a_saved_search_that_fails_holds_up_no_other(world, idle, owner, error, monkeypatch):
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
def test_an_identifier_that_cannot_be_read_again_holds_up_no_other(world, idle, owner, older, error):  # noqa: F811
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
def test_an_import_that_fails_holds_up_no_other(world, idle, owner, error):
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


def test_an_export_that_fails_holds_up_no_other(world, idle, owner):
    exports, case = Exports(world), world.case("investigator")
    bad, good = exports.ask(case), exports.ask(case)
    with planted(owner, "export_pieces", "before insert", f"new.export_id = '{bad['id']}'"):
        assert rounds_of_imports(idle, 6)
        assert (put_off(owner), exports.shown(good)["state"], exports.shown(bad)["state"]) == (["exports"], "ready", "queued")
    later(world)
    assert (put_off(owner), exports.shown(bad)["state"]) == ([], "ready")


@ERRORS
def test_a_period_that_cannot_be_published_holds_up_no_other(world, idle, owner, clock, error):
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
    assert [kind for kind, pace in paces.items() if pace.pause] == [("pairs", False)]
    assert 0 < paces["pairs", False].pause <= worker.TICK


def test_the_operator_is_told_of_the_kinds_and_of_no_id(world, idle, owner, caplog, monkeypatch):
    ((mine, theirs),) = pairs_of(world, 1)
    gate = world.app.extensions["gate"]

    def ready():
        gate.known_until = 0
        gate.alarmed_until.clear()
        caplog.clear()
        assert world.app.test_client().get("/readyz").status_code == 200
        return [vars(record) for record in caplog.records if record.name == "coopapi.alarms"]

    with planted(owner, "pairs_due", "before delete", "true"), caplog.at_level(logging.WARNING):
        rounds(idle, 16)
    said = str([vars(record) for record in caplog.records])
    assert ("a piece of work is put off" in said, mine in said, theirs in said) == (True, False, False)
    assert ready() == []
    monkeypatch.setattr(putting_off, "TOO_LONG", -1)
    (alarm,) = ready()
    assert (alarm["kind"], alarm["pieces"]) == ("work_put_off", {"pairs": 1})
    assert putting_off.PUT_OFF.labels("pairs")._value.get() == 1
    (check,) = [one for one in administration.check(idle) if one.name == "work put off"]
    assert check.fault == "work has failed for more than a minute and is put off: pairs 1"
    later(world)
    assert ready() == []
    assert putting_off.PUT_OFF.labels("pairs")._value.get() == 0


def test_the_listing_of_saved_searches_that_fails_is_tried_again(world, idle, owner):
    saved = world.as_("investigator").post("/saved-searches", {"name": "N", "q": "heron"}).json["id"]
    world.case("investigator", title="heron")
    told = "select count(*) from journal_entries where action = 'search.found' and object_id = %s"
    gone = world.as_("colleague").post("/saved-searches", {"name": "N", "q": "heron"}).json["id"]
    with owner.cursor() as cursor:
        cursor.execute("update saved_searches set active = false where id = %s", (gone,))
        cursor.execute("insert into saved_search_checks (search_id, object_id) values (%s, gen_random_uuid())", (gone,))
    with planted(owner, "saved_search_checks", "before delete", f"old.search_id = '{gone}'"):
        assert rounds(idle, 16)
        assert (put_off(owner), ask(owner, told, saved)) == (["searches"], 0)
        assert ask(owner, "select piece from put_off") == ""
        world.clock.forward(seconds=3)
        assert rounds(idle, 1)
        assert put_off(owner) == ["searches"]
    later(world, seconds=10)
    assert (put_off(owner), ask(owner, told, saved)) == ([], 1)


def test_one_saved_search_that_fails_ends_the_batch(world, idle, owner):
    """Otherwise twenty slow ones would hold up the worker for five minutes."""
    saved = [
        world.as_(who).post("/saved-searches", {"name": "N", "q": "heron"}).json["id"] for who in ("investigator", "colleague")
    ]
    world.case("investigator", title="heron")
    paces = worker.Paces(worker.Pace)
    with planted(owner, "saved_search_finds", "before insert", f"new.search_id in ('{saved[0]}', '{saved[1]}')"):
        faults = next((found for found in (worker._faults(idle, paces) for _ in range(10)) if found), [])
        assert (len(faults), put_off(owner), paces["searches", False].share) == (1, ["searches"], 1 / 16)


def test_a_kind_of_which_many_pieces_fail_holds_up_no_retry_of_another(world, idle, owner):
    bad = world.case("investigator", "NL-words", title="heron")
    with planted(owner, "search_words", "before insert", f"new.object_id = '{bad}'"):
        rounds(idle, 16)
    cases = pairs_of(world, 5)
    with planted(owner, "pairs_due", "before delete", "true"):
        rounds(idle, 40)
        assert put_off(owner) == ["pairs"] * len(cases) + ["words"]
        with owner.cursor() as cursor:
            cursor.execute("update put_off set until = until - interval '1 hour' where kind = 'pairs'")
        world.clock.forward(seconds=10)
        paces = worker.Paces(worker.Pace)
        for _ in range(2):
            worker._faults(idle, paces)
        assert "words" not in put_off(owner)


def test_a_hidden_pair_is_not_tried_again_while_others_wait(world, idle, owner):
    ((mine, _),) = pairs_of(world, 1, visibility="hidden")
    with planted(owner, "pairs_due", "before delete", "true"):
        rounds(idle, 16)
        assert put_off(owner) == ["hidden_pairs"]
    world.clock.forward(seconds=3)
    again = "select count(*) from priv.waiting(0) w where w.again"
    with idle.worker() as session:
        assert session.execute(text(again)).scalar() == 1
    world.hold("investigator", mine, "owl@example.org")
    with idle.worker() as session:
        assert session.execute(text(again)).scalar() == 0


def test_exclusions_lapse_together(world, idle, owner):
    until = (world.clock() + timedelta(days=1)).isoformat()
    for kind in ("email", "phone", "iban"):
        assert (
            world.as_("investigator").post("/exclusions", {"kind": kind, "reason": "for a while", "until": until}).status_code
            == 201
        )
    work_until_done(idle)
    world.clock.forward(days=2)
    assert rounds(idle) == []
    assert ask(owner, "select count(*) from exclusions where lapsed_at is null") == 0


OPEN_VALUES = {
    "excluded": {"exclusion": {"kind": "phone", "reason": "a hotline"}},
    "of too many": {"others": 3},
    "none": {"value": None},
}


@pytest.mark.parametrize("victim", [True, False], ids=["victim", "nobody"])
@pytest.mark.parametrize("more", OPEN_VALUES.values(), ids=OPEN_VALUES)
def test_the_uncleared_learn_nothing_of_a_pair_that_is_evidence_for_the_cleared_alone(
    world, idle, owner, monkeypatch, victim, more
):
    """The two worlds differ in whether the victim's value is shared. What else is shared is no evidence."""
    monkeypatch.setattr(type(idle.settings), "high_frequency", 2, raising=False)
    mine, theirs = world.case("investigator"), world.case("foreign")
    if exclusion := more.get("exclusion"):
        assert world.as_("investigator").post("/exclusions", exclusion).status_code == 201
    for n in range(more.get("others", 0)):
        world.hold("foreign", world.case("foreign", f"FR-more-{n}"), "+31612345678", kind="phone")
    work_until_done(idle)
    if more.get("value", True):
        world.hold("foreign", theirs, "+31612345678", kind="phone")
        world.hold("investigator", mine, "+31612345678", kind="phone")
    subject = world.subject("foreign", theirs, "victim")
    world.hold("foreign", theirs, "heron@example.org" if victim else "owl@example.org", subject_id=subject)
    world.hold("investigator", mine, "heron@example.org")
    with planted(owner, "pairs_due", "before delete", f"'{mine}' in (old.case_a, old.case_b)"):
        rounds(idle, 24)
        assert ("pairs" in put_off(owner)) or not victim
        assert met(world, mine, "colleague") == met(world, theirs, "uncleared") == (0, True)
        assert met(world, mine, "investigator")[1] is not victim


@pytest.mark.parametrize("victim", [True, False], ids=["victim", "nobody"])
def test_the_cleared_of_one_side_learn_nothing_of_a_pair_that_waits_for_the_other(world, idle, owner, victim):
    mine, theirs = world.case("investigator"), world.case("romanian")
    subject = world.subject("romanian", theirs, "victim")
    world.hold("romanian", theirs, "heron@example.org" if victim else "owl@example.org", subject_id=subject)
    with owner.cursor() as cursor:
        cursor.execute("update principals set victim_cleared = false where authority_id = %s", (str(world.authorities["ro"]),))
    world.hold("investigator", mine, "heron@example.org")
    with planted(owner, "pairs_due", "before delete", "true"):
        rounds(idle, 16)
        assert put_off(owner) == ["pairs"] * victim
        assert met(world, mine) == (0, True)
    with owner.cursor() as cursor:
        cursor.execute("update principals set victim_cleared = true where id = %s", (str(world.people["romanian"]),))
    with planted(owner, "pairs_due", "before delete", "true"):
        assert met(world, mine) == (0, not victim)


def test_an_uncleared_caller_learns_of_open_evidence_that_came_after_the_pair_was_put_off(world, idle, owner):
    mine, theirs = world.case("investigator"), world.case("foreign")
    world.hold("foreign", theirs, "heron@example.org", subject_id=world.subject("foreign", theirs, "victim"))
    world.hold("investigator", mine, "heron@example.org")
    with planted(owner, "pairs_due", "before delete", "true"):
        rounds(idle, 16)
        assert met(world, mine, "colleague") == (0, True)
        for who, case in (("foreign", theirs), ("investigator", mine)):
            world.hold(who, case, "owl@example.org")
        rounds(idle, 8)
        assert met(world, mine, "colleague") == (0, False)


def test_what_ended_or_is_not_tried_any_more_is_no_cause_of_an_alarm(world, idle, owner):
    exports, case = Exports(world), world.case("investigator")
    bad = exports.ask(case)
    with planted(owner, "export_pieces", "before insert", "true"):
        rounds_of_imports(idle, 2)
    counted = "select coalesce(sum(pieces), 0)::int from priv.pieces_put_off()"
    assert ask(owner, counted) == 1
    with owner.cursor() as cursor:
        cursor.execute("begin")
        cursor.execute("update put_off set until = clock_timestamp() - interval '11 minutes'")
        assert ask(owner, counted) == 0
        cursor.execute("rollback")
        cursor.execute(
            "update exports set state = 'stopped', state_reason = 'cancelled', wrapped = null, ended_at = now() where id = %s",
            (bad["id"],),
        )
    assert ask(owner, counted) == 0


def test_each_kind_of_alarm_has_a_time_of_its_own(world, caplog):
    gate = world.app.extensions["gate"]
    gate.alarmed_until.clear()
    with caplog.at_level(logging.WARNING):
        gate.lag = lag.Lag(matching=100)
        gate._alarm()
        gate.put_off = putting_off.PutOff(pairs=1)
        gate._alarm()
        gate._alarm()
    assert [vars(one)["kind"] for one in caplog.records if one.name == "coopapi.alarms"] == ["worker_late", "work_put_off"]
