"""The comparison of two worlds can see: each leak that is planted here is a difference."""

from contextlib import contextmanager

import pytest
from sqlalchemy import update
from worlds.found import ABOUT_VICTIMS, FACTS_OF_VICTIMS, HIDDEN_CASES, OTHERS_HOLD_IT, VICTIMS_ONLY_BY_NOW, held, judged
from worlds.play import Secret

from coopapi.access import Role
from coopapi.cases.models import Case
from coopapi.errors import Conflict
from coopapi.facts import recording
from coopapi.graphs import neighbours
from coopapi.matching import engine
from coopapi.ops import administration
from coopapi.overlaps.models import Overlap
from coopapi.search import service as search
from coopapi.timelines import line
from coopapi.webhooks.sender import Sender

WHERE = (
    "/api/v1/cases/{case_id}/overlaps", "/api/v1/cases/{case_id}/transitions", "/api/v1/overlaps/{overlap_id}/evidence", "/api/v1/worklist",
    "/api/v1/events",
)  # fmt: skip
"""What is asked for where many leaks show: these are operations of which every story asks."""
THIRD = ABOUT_VICTIMS["a third case holds the value for a victim"]
VICTIMS_FIRST = ABOUT_VICTIMS["victims met before anybody else did"]
MADE_VISIBLE = HIDDEN_CASES["a hidden case is made visible"]
DECIDED_BY_CLEARED = [*VICTIMS_ONLY_BY_NOW, *judged("take", "confirm", who="cleared"), held("fr1", "owl")]
TWO_OF_DIFFERENT_STRENGTH = [
    *(held(case, "address") for case in ("nl1", "fr1")), *(held(case, "owl") for case in ("nl2", "ro1")),
    *(held("nl1", value) for value in ("heron", "jay")), *(held("fr1", value, "victim") for value in ("heron", "jay")),
]  # fmt: skip
IN_SQL = {
    "the number of holders counts victims": (THIRD, "links", "t.open_cases + o.open_held", "t.cases + o.held"),
    "the rarity counts victims": (THIRD, "totals", "then k.ow end", "then k.w end"),
    "an event about victims is for all": (VICTIMS_FIRST, "refresh", "r.hidden_b, true, stirred", "r.hidden_b, false, stirred"),
    "the id of an overlap tells when it was first found": (
        VICTIMS_FIRST, "refresh", "kept.id := gen_random_uuid()", "kept.id := priv.uuid7()",
    ),
    "an overlap was detected before it could be known": (
        VICTIMS_FIRST, "refresh", "coalesce(kept.open_detected_a, case", "coalesce(kept.open_detected_a, kept.detected_a, case",
    ),
    "a match with a victim moves the ETag of a case": (
        THIRD, "refresh", "o := kept;",
        "o := kept; update public.cases c set version = c.version + 1 where c.id in (kept.case_a, kept.case_b);",
    ),
    "the order of a list counts victims' evidence": (
        TWO_OF_DIFFERENT_STRENGTH, "refresh", "open_rank := priv.rank(r.os, r.ow, greatest(r.oi, r.oj))",
        "open_rank := priv.rank(r.s, r.w, greatest(r.si, r.sj))",
    ),
    "a text is longer by one space for each holder": (
        THIRD, "shown_evidence", "min(l.ki)", "min(l.ki) || repeat(' ', (select max(t.cases) from public.match_tokens t))",
    ),
    "evidence about victims is shown to all": (VICTIMS_FIRST, "shown_evidence", "caller.cleared or not k.v", "true"),
    "an overlap counts what victims share": (VICTIMS_FIRST, "shown_sides", "o.open_shared_", "o.shared_"),
    "a side shows what cleared colleagues decided": (DECIDED_BY_CLEARED, "shown_sides", "(caller.cleared or not s.victims)", "true"),
    "the worklist has what has evidence about victims only": (
        VICTIMS_ONLY_BY_NOW, "overlaps_to_verify", "o.open_strength > 0", "o.strength > 0",
    ),
    "the worklist says since when there was evidence about victims": (
        VICTIMS_FIRST, "overlaps_to_verify", "then o.open_detected_a else", "then o.detected_a else",
    ),
}  # fmt: skip


@contextmanager
def planted(owner, name, good, bad):
    """A function of the database with a leak in it."""
    with owner.cursor() as cursor:
        cursor.execute("select pg_get_functiondef(%s::regproc)", (f"priv.{name}",))
        function = cursor.fetchone()[0]
        assert good in function
        try:
            cursor.execute(function.replace(good, bad))
            yield
        finally:
            cursor.execute(function)


@pytest.mark.parametrize("leak", IN_SQL)
def test_a_leak_in_the_database_is_seen(lab, owner, leak):
    story, *where = IN_SQL[leak]
    with planted(owner, *where):
        assert lab.compare(Secret.VICTIMS, "colleague", "nl", story, only=WHERE) != []


IN_SQL_OF_HIDDEN = {
    "evidence tells since when a case was hidden": (MADE_VISIBLE, "shown_evidence", "greatest(t.at, p.shown)", "t.at"),
    "an overlap tells since when a case was hidden": (MADE_VISIBLE, "shown_sides", "greatest(v.first_at, s.shown)", "v.first_at"),
}


@pytest.mark.parametrize("leak", IN_SQL_OF_HIDDEN)
def test_a_leak_of_hidden_cases_in_the_database_is_seen(lab, owner, leak):
    story, *where = IN_SQL_OF_HIDDEN[leak]
    with planted(owner, *where):
        assert lab.compare(Secret.HIDDEN, "investigator", "nl", story, only=WHERE) != []


def test_a_step_of_cleared_colleagues_that_all_are_told_of_is_seen(lab, monkeypatch):
    monkeypatch.setattr(Overlap, "only_victims", False)
    assert (
        lab.compare(Secret.VICTIMS, "colleague", "nl", ABOUT_VICTIMS["cleared colleagues go on with what is withdrawn for others"])
        != []
    )


def _moves_the_version_of_the_case(work, row, *_, **__):
    work.session.execute(update(Case).where(Case.id == row.case_id).values(version=Case.version + 1))


def _tells_all_readers_of_the_case(work, row, act, **_):
    work.note(f"fact.{act}", case_id=row.case_id, object_type="case", event=True)


@pytest.mark.parametrize("leak", [_moves_the_version_of_the_case, _tells_all_readers_of_the_case])
def test_a_fact_about_a_victim_that_leaves_a_trace_is_seen(lab, monkeypatch, leak):
    monkeypatch.setattr(recording, "tell", leak)
    assert lab.compare(Secret.VICTIMS, "colleague", "nl", FACTS_OF_VICTIMS, only=WHERE) != []


def test_numbers_with_gaps_are_seen(lab, monkeypatch):
    read = line.read

    def numbered(*given):
        reading = read(*given)
        for row, entry in reading.found:
            entry["detail"] = {**entry["detail"], "number": row.act}
        return reading

    monkeypatch.setattr(line, "read", numbered)
    assert lab.compare(Secret.VICTIMS, "colleague", "nl", VICTIMS_FIRST) != []


def test_a_webhook_that_reads_with_more_rights_than_its_client_is_seen(lab, monkeypatch):
    def as_auditor(sender, endpoint):
        return sender.database.work(lambda _: administration.machine(endpoint.authority_id, Role.AUDITOR), "r")

    monkeypatch.setattr(Sender, "_client", as_auditor)
    differing = lab.compare(Secret.VICTIMS, "colleague", "nl", VICTIMS_FIRST)
    assert "/received?" in [path for path, *_ in differing]


def test_a_search_that_knows_words_of_others_is_seen(lab, owner, monkeypatch):
    find = search.found

    def leaky(work, wanted, most, **more):
        rows, complete = find(work, wanted, most, **more)
        with owner.cursor() as cursor:
            cursor.execute("select count(*) from search_words where word = 'fr3'")
            return rows, complete and not cursor.fetchone()[0]

    story = HIDDEN_CASES["a hidden case holds the value"]
    monkeypatch.setattr(search, "found", leaky)
    assert "/api/v1/search?q=case" in [path for path, *_ in lab.compare(Secret.HIDDEN, "investigator", "nl", story)]


def test_a_graph_that_shows_kinds_of_evidence_about_victims_is_seen(lab, monkeypatch):
    read = neighbours.overlaps_of_cases

    def told(work, edge):
        kinds = work.session.get(Overlap, edge.said["overlap_id"]).kinds
        return edge._replace(said={**edge.said, "kinds": sorted(kinds)})

    def leaky(work, ids, after):
        found = read(work, ids, after)
        return found._replace(edges=[(place, told(work, edge)) for place, edge in found.edges])

    story = [*(held(case, "owl") for case in ("nl1", "fr1")), held("nl1", "mironenko"), held("fr1", "mironenko", "victim")]
    assert lab.compare(Secret.VICTIMS, "colleague", "nl", story) == []
    monkeypatch.setitem(neighbours.READERS, "case", (leaky, *neighbours.READERS["case"][1:]))
    differing = [path for path, *_ in lab.compare(Secret.VICTIMS, "colleague", "nl", story)]
    assert differing
    assert all(path.startswith("/api/v1/graph/") for path in differing)


def test_a_registration_that_is_refused_because_others_hold_the_value_is_seen(lab, monkeypatch):
    register = engine.register

    def leaky(work, case_id, *given):
        fresh = register(work, case_id, *given)
        if work.session.scalar(Overlap.__table__.select().limit(1)):
            raise Conflict("somebody else holds it")
        return fresh

    monkeypatch.setattr(engine, "register", leaky)
    assert lab.compare(Secret.REGISTRATION, "investigator", "nl", OTHERS_HOLD_IT) != []
