"""The journal: complete, append-only, chained, read as timeline, feed and audit log."""

import threading
from functools import partial
from uuid import uuid4

import pytest
from serving import until
from sqlalchemy import text

from coopapi.access import Role
from coopapi.auth.authentication import actor_of
from coopapi.journal import service as journal
from coopapi.journal.service import link_entries
from coopapi.ops import administration
from coopapi.ops.administration import machine
from coopapi.store.db import as_json
from coopapi.store.putting_off import Batch
from coopapi.store.statements import Statement
from coopapi.timelines import service as feed

OF_NL = "authority_id = %(nl)s"
SECOND = f"id = (select entry_id from journal_links where seq = 2 and {OF_NL})"
LAST = f"id = (select entry_id from journal_links where {OF_NL} order by seq desc limit 1)"
TAMPER = {
    "edit": f"update journal_entries set role = 'analyst' where {SECOND}",
    "detail": f"update journal_entries set detail = detail || '{{\"count\": 9}}' where {LAST}",
    "public id": f"update journal_entries set uid = gen_random_uuid() where {LAST}",
    "delete": f"delete from journal_entries where {SECOND}",
    "truncate": f"delete from journal_entries where {LAST}",
    "delete with its link": f"delete from journal_entries where {LAST}; delete from journal_links where {OF_NL}"
    f" and seq = (select max(seq) from journal_links where {OF_NL})",
    "swap": f"update journal_links set seq = -seq where seq in (2, 3) and {OF_NL};"
    " update journal_links set seq = case seq when -2 then 3 else 2 end where seq < 0",
    "insert": "insert into journal_entries (authority_id, at, role, action, object_type, purpose, request_id, consultation, event,"
    " victims_only, detail, xid) select authority_id, at, role, action, object_type, purpose, request_id, consultation, event,"
    f" victims_only, detail, xid from journal_entries where {LAST}",
    "unlink": f"delete from journal_links where {OF_NL}",
    "all of it": f"delete from journal_entries where {OF_NL}",
}


@pytest.fixture
def busy(world):
    """A world in which something happened."""
    case = world.case("investigator")
    world.hold("investigator", case, "heron@example.org")
    world.as_("investigator").get(f"/cases/{case}")
    return case


def test_an_untouched_journal_holds(world, busy, database):
    verified = administration.verify_journal(database)
    assert [fault for chain in verified for fault in chain.breaks] == []
    assert sum(chain.entries for chain in verified) >= 4


def test_entries_are_linked_only_when_no_earlier_one_can_still_appear(world, busy, database):
    """Without the limit by running transactions, the entry that commits last would have no place in the chain."""
    last = _note_and_wait(world, database, busy)
    world.as_("investigator").patch(f"/cases/{busy}", {"title": "later"}, If_Match='"v1"')
    verified = administration.verify_journal(database)
    assert sum(chain.waiting for chain in verified) == 1
    assert all(chain.waiting_since for chain in verified if chain.waiting)
    last()
    world.work()
    verified = administration.verify_journal(database)
    assert [fault for chain in verified for fault in chain.breaks] == []
    assert sum(chain.waiting for chain in verified) == 0


def test_the_sabotage_of_linking_too_early_is_seen(world, busy, database, owner):
    with owner.cursor() as cursor:
        cursor.execute("select pg_get_functiondef('priv.link_entries'::regproc)")
        (good,) = cursor.fetchone()
        bad = good.replace("pg_snapshot_xmin(pg_current_snapshot())", "pg_snapshot_xmax(pg_current_snapshot())")
        assert bad != good
        try:
            cursor.execute(bad)
            last = _note_and_wait(world, database, busy)
            world.as_("investigator").patch(f"/cases/{busy}", {"title": "later"}, If_Match='"v1"')
            link_entries(database, Batch("journal"))
            last()
            link_entries(database, Batch("journal"))
        finally:
            cursor.execute(good)
    faults = [fault.fault for chain in administration.verify_journal(database) for fault in chain.breaks]
    assert faults == ["1 entries have no place in the chain"]


def test_a_chain_is_verified_that_takes_longer_than_a_context_is_good_for(world, busy, database, monkeypatch):
    class Slow(Statement):
        def rows(self, session, **values):
            found = super().rows(session, **values)
            Statement("set local coopapi.context = 'expired'").rows(session)
            return found

    link_entries(database, Batch("journal"))
    monkeypatch.setattr(journal, "_NEXT_LINKS", Slow("fetch 1 from chain"))
    chains = {chain.entries: chain.breaks for chain in administration.verify_journal(database)}
    assert max(chains) > 1
    assert not any(chains.values())


def test_an_entry_that_is_linked_meanwhile_breaks_no_chain(world, busy, database, monkeypatch):
    class Linking(Statement):
        def rows(self, session, **values):
            link_entries(database, Batch("journal"))
            return super().rows(session, **values)

    with database.work(lambda s: actor_of(s, "https://issuer.test", "investigator", None), uuid4().hex) as work:
        work.note("case.reopen", case_id=_uuid(busy), object_type="case", event=True)
    monkeypatch.setattr(journal, "_NEXT_LINKS", Linking("fetch 2000 from chain"))
    home = world.authorities["nl"]
    with database.work(lambda _: machine(home, Role.AUDITOR), uuid4().hex) as work:
        before = journal.verify(work.session, home, partial(database.renew, work))
    with database.work(lambda _: machine(home, Role.AUDITOR), uuid4().hex) as work:
        after = journal.verify(work.session, home, partial(database.renew, work))
    assert before.entries < after.entries
    assert (before.breaks, after.breaks) == ([], [])


@pytest.mark.parametrize("how", TAMPER)
def test_tampering_is_found(world, busy, database, owner, how):
    with owner.cursor() as cursor:
        cursor.execute(TAMPER[how], {"nl": str(world.authorities["nl"])})
        assert cursor.rowcount
    breaks = [fault for chain in administration.verify_journal(database) for fault in chain.breaks]
    assert {fault.authority_id for fault in breaks} == {world.authorities["nl"]}


def test_every_write_and_every_consultation_is_one_entry(world, owner):
    case = world.case("investigator")
    subject = world.subject("investigator", case)
    before = _entries(owner, case)
    reads = ["", "/subjects", f"/subjects/{subject}", "/identifiers", "/overlaps", "/timeline", "/overlaps/high-frequency"]
    for path in reads:
        assert world.as_("investigator").get(f"/cases/{case}{path}").status_code == 200
    (identifier,) = world.hold("investigator", case, "x@example.org")
    world.as_("investigator").patch(f"/cases/{case}", {"title": "New"}, If_Match='"v1"')
    world.as_("investigator").patch(f"/cases/{case}/identifiers/{identifier}", {"source": "file"}, If_Match='"v1"')
    written = _entries(owner, case)[len(before) :]
    assert written == [
        "case.consulted", "subjects.consulted", "subjects.consulted", "identifiers.consulted", "overlaps.consulted", "timeline.consulted",
        "overlaps.consulted", "identifiers.registered", "case.changed", "identifier.corrected",
    ]  # fmt: skip


def _entries(owner, case):
    with owner.cursor() as cursor:
        cursor.execute("select action from journal_entries where case_id = %s order by id", (case,))
        return [action for (action,) in cursor.fetchall()]


def test_the_owner_sees_who_looked_and_others_do_not(world):
    case = world.case("investigator", access=[{"authority_id": str(world.authorities["fr"]), "level": "read", "reason": "joint"}])
    world.as_("foreign").get(f"/cases/{case}", Coopapi_Purpose="coordination")
    seen = world.as_("investigator").get(f"/cases/{case}/consultations").json["items"]
    assert [(e["authority_id"], e["purpose"], e["action"]) for e in seen] == [
        (str(world.authorities["fr"]), "coordination", "case.consulted")
    ]
    assert world.as_("foreign").get(f"/cases/{case}/consultations").status_code == 403
    assert "case.consulted" not in [e["type"] for e in world.as_("foreign").get(f"/cases/{case}/timeline").json["items"]]


def test_an_overlap_is_found_by_the_machine_and_names_no_officer_on_either_side(world):
    theirs = world.case("foreign")
    world.hold("foreign", theirs, "heron@example.org")
    world.hold("investigator", world.case("investigator"), "heron@example.org")

    (told,) = [e for e in world.as_("auditor_fr").get("/journal").json["items"] if e["action"] == "overlap.detected"]
    (own,) = [e for e in world.as_("auditor").get("/journal").json["items"] if e["action"] == "overlap.detected"]

    for entry in (told, own):
        assert (entry["role"], entry["principal_id"], entry["request_id"]) == ("machine", None, "")


def test_an_auditor_reads_the_authoritys_own_journal_and_that_is_in_it(world, busy):
    entries = world.as_("auditor").get("/journal").json["items"]
    assert {e["authority_id"] for e in entries} == {str(world.authorities["nl"])}
    assert world.as_("auditor").get("/journal?action=journal.consulted").json["items"]
    assert not [e for e in world.as_("auditor_fr").get("/journal").json["items"] if e["case_id"] == busy]


def test_nothing_personal_is_in_the_journal(world, owner):
    case = world.case("investigator", title="Canary title")
    subject = world.subject("investigator", case, pseudonym="Canary-S1")
    (identifier,) = world.hold("investigator", case, "canary@example.org", subject_id=subject, source="canary source")
    world.as_("investigator").get(f"/cases/{case}/identifiers/{identifier}")
    with owner.cursor() as cursor:
        cursor.execute("select string_agg(e::text, ' ') from journal_entries e")
        assert "canary" not in cursor.fetchone()[0].lower()


def test_the_feed_is_followed_with_its_cursor(world):
    first = world.as_("investigator").get("/events").json
    case = world.case("investigator")
    second = world.as_("investigator").get(f"/events?cursor={first['next']}").json
    assert [(e["action"], e["case_id"]) for e in second["items"]] == [("case.registered", case)]
    third = world.as_("investigator").get(f"/events?cursor={second['next']}").json
    assert third["items"] == []
    assert "case.registered" not in [e["action"] for e in world.as_("foreign").get("/events").json["items"]]


def test_the_index_shows_that_a_case_exists_and_its_overlaps_and_no_other_event(world):
    case = world.case("investigator")
    world.subject("investigator", case, "victim")
    world.hold("investigator", case, "heron@example.org")
    world.hold("foreign", world.case("foreign"), "heron@example.org")
    assert [e["action"] for e in world.as_("desk").get("/events").json["items"]] == ["case.registered", "overlap.detected"]
    assert len(world.as_("investigator").get("/events").json["items"]) > 3


def test_the_feed_misses_nothing_while_many_write(world, database):
    """S35: ids are given before commits; a feed by id alone would skip what commits late."""
    case = world.case("investigator")
    seen = []

    def write(number):
        for _ in range(15):
            with database.work(lambda s: actor_of(s, "https://issuer.test", "investigator", None), uuid4().hex) as work:
                work.note("case.reopen", case_id=_uuid(case), object_type="case", event=True)
                work.session.execute(text("select pg_sleep(:s)"), {"s": 0.002 * (number + 1)})

    caller = world.as_("prosecutor")
    pages = [caller.get("/events").json]

    def all_are_seen():
        pages.append(caller.get(f"/events?limit=200&cursor={pages[-1]['next']}").json)
        seen.extend(e["id"] for e in pages[-1]["items"] if e["action"] == "case.reopen")
        return len(seen) >= 60

    threads = [threading.Thread(target=write, args=(n,)) for n in range(4)]
    follower = threading.Thread(target=until, args=(all_are_seen,))
    follower.start()
    [t.start() for t in threads]
    [t.join() for t in threads]
    follower.join()
    assert len(seen) == len(set(seen)) == 60


def test_an_event_of_a_transaction_that_is_still_open_holds_back_later_ones_until_it_is_certain(world, database):
    """The sabotage `id > last` would hand out the later event and skip the earlier one for ever."""
    case = world.case("investigator")
    first = _note_and_wait(world, database, case)
    start = world.as_("prosecutor").get("/events").json["next"]
    world.as_("investigator").patch(f"/cases/{case}", {"title": "later"}, If_Match='"v1"')
    held = world.as_("prosecutor").get(f"/events?cursor={start}").json
    first()
    after = world.as_("prosecutor").get(f"/events?cursor={held['next']}").json
    actions = [e["action"] for e in held["items"] + after["items"]]
    assert sorted(actions) == ["case.changed", "case.reopen"]


def _note_and_wait(world, database, case):
    """Open a transaction in another authority's chain that has its event written; return how to commit it."""
    grant = {"authority_id": str(world.authorities["fr"]), "level": "read", "reason": "joint work"}
    assert world.as_("investigator").post(f"/cases/{case}/access", grant).status_code == 201
    session_work = database.work(lambda s: actor_of(s, "https://issuer.test", "foreign", None), uuid4().hex)
    work = session_work.__enter__()
    work.note("case.reopen", case_id=_uuid(case), object_type="case", event=True)
    Statement("select priv.record(cast(:notes as jsonb))").rows(work.session, notes=as_json(work.notes))
    work.notes.clear()
    return lambda: session_work.__exit__(None, None, None)


def _uuid(value):
    from uuid import UUID

    return UUID(str(value))


def test_a_page_of_events_looks_at_a_limited_number_and_says_whether_there_are_more(world, monkeypatch):
    investigator = world.as_("investigator")
    start = investigator.get("/events?limit=200").json["next"]
    for _ in range(3):
        world.case("foreign")
    mine = {world.case("investigator") for _ in range(3)}
    whole = investigator.get(f"/events?limit=200&cursor={start}").json
    assert whole["complete"]
    monkeypatch.setattr(feed, "MOST_LOOKED_AT", 2)

    pages = [investigator.get(f"/events?cursor={start}").json]
    while not pages[-1]["complete"]:
        pages.append(investigator.get(f"/events?cursor={pages[-1]['next']}").json)

    assert [event for page in pages for event in page["items"]] == whole["items"]
    assert {event["case_id"] for event in whole["items"]} == mine
    assert len(pages) > 2
