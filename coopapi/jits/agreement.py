"""Propose a team, draft its agreement and check that it is complete."""

from collections.abc import Iterable, Mapping
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select

from coopapi.directory import codelists
from coopapi.directory.entries import known_authority
from coopapi.errors import Conflict, Unprocessable, broken, fault
from coopapi.instruments import service as instruments
from coopapi.jits import authorization, case_sharing
from coopapi.jits.lifecycles import CLAUSES, OPEN, TERMS, TWO
from coopapi.jits.models import Jit, JitParty
from coopapi.jits.notifications import tell
from coopapi.shared import parties
from coopapi.shared.lifecycle import Side
from coopapi.store.db import UnitOfWork
from coopapi.store.vault import key_of, seal, unseal
from coopapi.unicode_text import fold_reference

_COLUMNS: Final = ("legal_basis", "operation_name", "states_of_operation", "working_language", "until")


class JitReferenceTaken(Conflict):
    """Your authority already has a team with this reference.

    Use the team that `existing` names, or choose another reference for the new team.
    """


class TextIsSettled(Conflict):
    """The text of the agreement can no longer be changed.

    Reopen the text if not all parties have signed it. If all have signed, propose an amendment.
    """


class NotReadyToSign(Unprocessable):
    """The agreement is not complete enough to be signed.

    Complete what `errors` lists.
    """


def propose(work: UnitOfWork, data: Mapping[str, Any]) -> Jit:
    """Propose a team. The caller's authority is its first party; the other parties see it from now on.

    Raises `JitReferenceTaken`.
    """
    taken = select(Jit).where(Jit.maker_id == work.actor.authority_id, Jit.reference_folded == fold_reference(data["reference"]))
    if found := work.session.scalar(taken):
        raise JitReferenceTaken(existing=f"/api/v1/jits/{found.id}")
    jit_id = work.new_id()
    parties.admit(work, jit_id, work.actor.authority_id, Side.NEGOTIATING)
    about = {"maker_id": work.actor.authority_id, "reference": data["reference"], "states_of_operation": []}
    jit = parties.new_object(work, Jit, jit_id, {}, **about)
    _set(work, jit, data)
    work.add(jit)
    own = {"authority_id": work.actor.authority_id, "leader": data.get("leader")}
    for n, wish in enumerate([own, *data.get("parties", ())]):
        invite(work, jit, wish, f"/parties/{n - 1}/authority_id" if n else "/")
    for wish in data.get("cases", ()):
        case_sharing.link(work, jit, wish)
    tell(work, jit, "proposed", legal_basis=jit.legal_basis, parties_count=len(authorization.of_team(work, jit.id)))
    return jit


def change(work: UnitOfWork, jit_id: UUID, version: int, data: Mapping[str, Any]) -> Jit:
    """Change the text of the agreement; raise `TextIsSettled` unless it is open."""
    jit = authorization.locked(work, jit_id, version)
    authorization.require_party(work, jit)
    require_open(jit)
    _set(work, jit, data)
    jit.updated_at = work.now
    tell(work, jit, "changed", fields=sorted(data))
    return jit


def require_open(jit: Jit) -> None:
    """Raise `TextIsSettled` unless the text may still change."""
    if jit.state not in OPEN:
        raise TextIsSettled(state=jit.state)


def _set(work: UnitOfWork, jit: Jit, data: Mapping[str, Any]) -> None:
    for name in _COLUMNS:
        if name in data:
            setattr(jit, name, data[name])
    _check_basis(jit.legal_basis)
    if jit.until is not None and jit.until <= work.now and "until" in data:
        raise fault("/until", "order_of_time", "The end of the team must be in the future.")
    amend_terms(work, jit, {name: data[name] for name in TERMS if name in data})


def _check_basis(code: str) -> None:
    basis = _basis(code)
    if basis.extra.get("in_force") is False:
        raise fault("/legal_basis", "in_force", f"{basis.labels['en']} is not in force.")


def _basis(code: str) -> codelists.CodelistItem:
    return next(item for item in codelists.load("jit_legal_bases").items if item.code == code)


def not_bound(work: UnitOfWork, jit: Jit, countries: Iterable[str]) -> str | None:
    """Return which States the instrument of the legal basis does not bind today, or None if none is known to be unbound."""
    instrument = _basis(jit.legal_basis).extra.get("instrument")
    outside = instruments.unbound(instrument, countries, work.now.date()) if instrument else []
    return " ".join(f"{country} is not bound by {instrument}." for country in outside) or None


def amend_terms(work: UnitOfWork, jit: Jit, terms: Mapping[str, Any]) -> None:
    """Write the given terms of the agreement; the other terms stay as they are."""
    key = key_of(work, jit)
    agreed = {**unseal(key, jit.sealed, jit.id), **terms}
    jit.sealed = seal(key, agreed, jit.id)
    administrator = (agreed.get("clauses") or {}).get("platform", {}).get("space_administrator")
    at = "/clauses/platform/space_administrator"
    jit.administrator_id = known_authority(work, UUID(str(administrator)), at).id if administrator else None


def invite(work: UnitOfWork, jit: Jit, wish: Mapping[str, Any], pointer: str) -> JitParty:
    """Add an authority as a future party. It sees the draft and negotiates from now on."""
    authority = authorization.state_authority(work, wish["authority_id"], pointer)
    authorization.check_new_state(work, jit.id, authority.country, pointer)
    if authority.id != work.actor.authority_id:
        parties.admit(work, jit.id, authority.id, Side.NEGOTIATING)
    row_id = work.new_id()
    party = JitParty(id=row_id, jit_id=jit.id, authority_id=authority.id, country=authority.country, joined_at=work.now)
    lead(work, jit, party, wish.get("leader") or {})
    return work.add(party)


def lead(work: UnitOfWork, jit: Jit, party: JitParty, leader: Mapping[str, Any]) -> None:
    """Set the leader of a State: an office, or a person of the caller's own State."""
    person = leader.get("principal_id")
    if person is not None:
        case_sharing.own_person(work, party.authority_id, person)
    party.leader_id = person
    party.sealed = seal(key_of(work, jit), {"office": leader.get("office")}, party.id)


def require_ready(work: UnitOfWork, jit: Jit) -> None:
    """Raise `NotReadyToSign` unless the agreement contains everything that it needs before it can be signed."""
    key = key_of(work, jit)
    terms = unseal(key, jit.sealed, jit.id)
    there = authorization.of_team(work, jit.id)
    clauses = terms.get("clauses", {})
    led = [p for p in there if p.leader_id or unseal(key, p.sealed, p.id).get("office")]
    lacking = {
        "/parties": "The agreement needs authorities of at least two States." if len(there) < TWO else None,
        "/parties/leader": None if len(led) == len(there) else "Each State must name one leader.",
        "/legal_basis": not_bound(work, jit, [party.country for party in there]),
        "/until": None if jit.until and jit.until > work.now else "The agreement needs an end in the future.",
        "/purpose": None if terms.get("purpose") else "The agreement needs a purpose.",
        "/states_of_operation": None if jit.states_of_operation else "The agreement must name the States of operation.",
        "/working_language": None if jit.working_language else "The agreement must name the working language.",
        "/clauses/platform/space_administrator": administration(jit.administrator_id, {p.authority_id: p.country for p in there}),
        **{f"/clauses/{name}": None if clauses.get(name) else "This clause is missing." for name in CLAUSES},
    }
    errors = [broken(at, "ready", why) for at, why in lacking.items() if why]
    if errors:
        raise NotReadyToSign(errors=errors)


def administration(administrator: UUID | None, there: Mapping[UUID, str | None]) -> str | None:
    """Return what is wrong with the space administrator for these parties and their countries, or None.

    With a third State, the administrator is from a Member State and verifies the third State's evidence (Reg. (EU) 2023/969 Art.
    17(3)).
    """
    union = codelists.member_states()
    within = {authority for authority, country in there.items() if country in union}
    if administrator is None:
        return "An agreement with a third State must name the space administrator." if 0 < len(within) < len(there) else None
    if administrator in (within or there):
        return None
    return "The space administrator must be a party from a Member State."
