"""What a caller sees of teams: everybody who takes part sees the agreement; only its States see the people."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select

from coopapi.directory.entries import authorities_of
from coopapi.directory.models import Authority
from coopapi.jits import amendments, authorization, signatures
from coopapi.jits.models import Jit, JitAmendment, JitAssociate, JitMember, JitParticipant, JitParty, JitSignature
from coopapi.shared.parties import owners_of, with_texts
from coopapi.shared.shared_cases import SharedCase
from coopapi.store.db import UnitOfWork
from coopapi.store.rows import matching
from coopapi.store.vault import key_of, read_words, unseal


def select_jits(work: UnitOfWork, wanted: Mapping[str, Any]) -> Select[Jit]:
    """Select the teams that the caller takes part in and that match the filters."""
    query = matching(work.all(Jit), wanted, state=Jit.standing(work.now), legal_basis=Jit.legal_basis)
    if country := wanted.get("country"):
        party = select(JitParty.id).where(JitParty.jit_id == Jit.id, JitParty.country == country, JitParty.state == "party")
        query = query.where(party.exists())
    if case_id := wanted.get("case_id"):
        shared = work.all(SharedCase).where(SharedCase.object_id == Jit.id, SharedCase.case_id == case_id)
        query = query.where(shared.exists())
    if days := wanted.get("expires_within"):
        query = query.where(Jit.standing(work.now) == "active", Jit.until <= work.now + timedelta(days=days))
    return query


def brief(work: UnitOfWork, rows: Sequence[Jit]) -> list[dict[str, Any]]:
    """Return teams as lists show them, with two queries in total."""
    parties: dict[UUID, list[JitParty]] = {}
    query = work.all(JitParty).where(JitParty.jit_id.in_([row.id for row in rows]), JitParty.state == "party")
    for party in work.session.scalars(query.order_by(JitParty.id)):
        parties.setdefault(party.jit_id, []).append(party)
    named = {party.authority_id for group in parties.values() for party in group}
    there = authorities_of(work, named)
    return [_brief(work, row, parties.get(row.id, []), there) for row in rows]


def _brief(work: UnitOfWork, row: Jit, parties: Sequence[JitParty], there: Mapping[UUID, Authority]) -> dict[str, Any]:
    state = row.stands(work.now)
    expired = state != row.state
    running = state == "active" and row.until is not None
    return {
        **row.shown(),
        "state": state,
        "end_reason": "expiry" if expired else row.end_reason,
        "ended_at": row.until if expired else row.ended_at,
        "parties": [there[party.authority_id] for party in parties],
        "countries": sorted(party.country for party in parties),
        "alarms": signatures.alarms(row, work.now),
        "days_left": (row.until - work.now).days if running and row.until else None,
    }


def whole(work: UnitOfWork, rows: Sequence[Jit]) -> list[dict[str, Any]]:
    """Return teams with their agreements, and record in the journal that they were read."""
    shown = []
    for view, row in zip(brief(work, rows), rows, strict=True):
        terms = unseal(key_of(work, row), row.sealed, row.id)
        about = {
            "text_sha256": signatures.text_of(work, row),
            "signed_by": [signature.authority_id for signature in signatures.in_force(work, row.id)],
            "place": authorization.place_of(work, row.id),
            "reason": read_words(work, row, row.id, row.words),
        }
        shown.append({**view, "clauses": {}, "appendices": [], **terms, **about})
        work.note("jit.consulted", row, consultation=True)
    return shown


def show_parties(work: UnitOfWork, rows: Sequence[JitParty]) -> list[dict[str, Any]]:
    """Return parties with their leaders and the time of their signature."""
    teams = owners_of(work, rows)
    signed = {(jit_id, s.authority_id): s for jit_id in teams for s in signatures.in_force(work, jit_id)}
    shown = []
    for row, said in with_texts(work, rows, teams):
        office = said.get("office")
        signature = signed.get((row.jit_id, row.authority_id)) if row.state == "party" else None
        leader = {"principal_id": row.leader_id, "office": office} if row.leader_id or office else None
        by = _signed(work, teams[row.jit_id], signature) if signature else {}
        shown.append({**row.shown(), "leader": leader, "signed_at": None, "signed_by": None, "recorded": None, **by})
    return shown


def show_people(work: UnitOfWork, rows: Sequence[JitMember | JitParticipant | JitAssociate]) -> list[dict[str, Any]]:
    """Return members, participants or associates. A member whose State has left is shown as `ended`."""
    teams = owners_of(work, rows)
    countries = {jit_id: authorization.countries_of(work, jit_id) for jit_id in teams}
    named = {row.authority_id for row in rows if isinstance(row, JitMember)}
    there = authorities_of(work, named)
    shown = []
    for row, said in with_texts(work, rows, teams):
        jit = teams[row.jit_id]
        gone = isinstance(row, JitMember) and there[row.authority_id].country not in countries[row.jit_id]
        shown.append({**row.shown(), **said, "state": authorization.state_of_place(work, jit, row, gone=gone)})
    return shown


def show_signatures(work: UnitOfWork, rows: Sequence[JitSignature]) -> list[dict[str, Any]]:
    """Return signatures, with the source of those that were recorded for a State."""
    teams = owners_of(work, rows)
    return [{**row.shown(), "recorded": authorization.read_recorded(work, teams[row.jit_id], row)} for row in rows]


def _signed(work: UnitOfWork, jit: Jit, row: JitSignature) -> dict[str, Any]:
    return {"signed_at": row.signed_at, "signed_by": row.principal_id, "recorded": authorization.read_recorded(work, jit, row)}


def show_amendments(work: UnitOfWork, rows: Sequence[JitAmendment]) -> list[dict[str, Any]]:
    """Return amendments with their changes, digest and signatories."""
    teams = owners_of(work, rows)
    shown = []
    for row, said in with_texts(work, rows, teams):
        jit = teams[row.jit_id]
        about = {
            "text_sha256": amendments.text_of(work, jit, row),
            "signed_by": [signature.authority_id for signature in signatures.in_force(work, row.id)],
            "reason": read_words(work, jit, row.id, row.words),
            "recorded": authorization.read_recorded(work, jit, row),
        }
        shown.append({**said, **row.shown(), **about})
    return shown
