"""Amendments: a State joins or leaves, purpose, period or a clause change, with the last signature of all and not before."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select

from coopapi.errors import NotFound
from coopapi.jits import amendment_kinds, authorization, signatures
from coopapi.jits.amendment_kinds import CHANGES
from coopapi.jits.lifecycles import AMENDMENT_LIFECYCLE
from coopapi.jits.models import Jit, JitAmendment, JitSignature
from coopapi.jits.notifications import tell
from coopapi.shared import parties
from coopapi.shared.lifecycle import IllegalMove, Side
from coopapi.store.db import UnitOfWork
from coopapi.store.vault import key_of, put_words, seal, unseal

_DETAILS: Final = ("purpose", "clause", "text", "platform", "leader", "role", "terms", "evidence", "states_of_operation")


def propose(work: UnitOfWork, jit_id: UUID, data: Mapping[str, Any]) -> JitAmendment:
    """Propose to change the agreement of a running team; a State that is to join sees it from now on, to sign it."""
    jit = authorization.locked(work, jit_id)
    authorization.require_party(work, jit)
    _require_active(jit, "amend")
    details = {name: data.get(name) for name in _DETAILS}
    row_id = work.new_id()
    row = JitAmendment(
        id=row_id,
        jit_id=jit.id,
        change=data["change"],
        authority_id=data.get("authority_id"),
        until=data.get("until"),
        sealed=seal(key_of(work, jit), details, row_id),
        proposed_by=work.actor.authority_id,
        proposed_at=work.now,
    )
    CHANGES[row.change].check(work, jit, row)
    if row.change == "join" and row.authority_id:
        parties.admit(work, jit.id, row.authority_id, Side.NEGOTIATING, until=jit.until)
    work.add(row)
    tell(work, jit, "amendment_proposed", amendment=str(row.id), change=row.change)
    return row


def _require_active(jit: Jit, event: str) -> None:
    if jit.state != "active":
        raise IllegalMove(f"{event} is not possible from {jit.state}", state=jit.state, allowed=[])


def text_of(work: UnitOfWork, jit: Jit, row: JitAmendment) -> str:
    """The digest of an amendment, as each party signs it."""
    return signatures.digest(
        {
            "jit": jit.id,
            "amendment": row.id,
            "change": row.change,
            "authority": row.authority_id,
            "until": int(row.until.timestamp()) if row.until else None,
            "details": unseal(key_of(work, jit), row.sealed, row.id),
        }
    )


def sign(work: UnitOfWork, jit_id: UUID, row_id: UUID, data: Mapping[str, Any]) -> JitSignature:
    """Sign an amendment for one's own State, party or joining; or record that one signed which has nobody here."""
    jit, row = _open(work, jit_id, row_id)
    move = AMENDMENT_LIFECYCLE.move(row.state, "sign", None)
    _require_signer(work, jit, row)
    work.require(move.by, human=move.human)
    _require_active(jit, "sign")
    CHANGES[row.change].check(work, jit, row)
    signature = signatures.put(work, jit, row.id, data, text_of(work, jit, row), *_joining(row))
    figures = {"signed": len(signatures.standing(work, row.id)), "recorded": signature.recorded is not None}
    tell(work, jit, "amendment_signed", amendment=str(row.id), change=row.change, **figures)
    _apply_what_is_complete(work, jit)
    return signature


def _open(work: UnitOfWork, jit_id: UUID, row_id: UUID, version: int | None = None) -> tuple[Jit, JitAmendment]:
    jit = authorization.locked(work, jit_id)
    row = work.one(JitAmendment, row_id, version=version)
    if row.jit_id != jit.id:
        raise NotFound
    work.session.refresh(row)
    return jit, row


def _require_signer(work: UnitOfWork, jit: Jit, row: JitAmendment) -> None:
    if work.actor.authority_id not in _joining(row):
        authorization.require_party(work, jit)


def _joining(row: JitAmendment) -> list[UUID]:
    return [row.authority_id] if row.change == "join" and row.authority_id else []


def step(work: UnitOfWork, jit_id: UUID, row_id: UUID, version: int, data: Mapping[str, Any]) -> JitAmendment:
    """Refuse an amendment for one's own State or for one that has nobody here, or withdraw what one proposed; `sign` signs it."""
    jit, row = _open(work, jit_id, row_id, version)
    move = AMENDMENT_LIFECYCLE.move(row.state, data["event"], data.get("reason"))
    if move.event == "sign":
        sign(work, jit_id, row_id, data)
        return row
    _require_signer(work, jit, row)
    work.require(move.by, human=move.human)
    if move.event == "withdraw" and row.proposed_by != work.actor.authority_id:
        raise authorization.NotAParty("whoever proposed an amendment withdraws it")
    authorization.speaker(work, jit, data.get("recorded"), *_joining(row))
    row.state, row.decided_at = move.target, work.now
    row.recorded = authorization.put_recorded(work, jit, row.id, data.get("recorded"))
    row.words = put_words(work, jit, row.id, data.get("reason"))
    work.session.flush()
    if row.change == "join" and row.authority_id:
        authorization.release(work, jit, row.authority_id, Side.NEGOTIATING)
    tell(work, jit, f"amendment_{move.target}", amendment=str(row.id), change=row.change, recorded=row.recorded is not None)
    return row


def _apply_what_is_complete(work: UnitOfWork, jit: Jit) -> None:
    """Apply every amendment that all have signed: after a State has left, its signature lacks under no other."""
    for row in amendment_kinds.pending(work, jit):
        if _signed_by_all(work, jit, row) and amendment_kinds.holds(work, jit, row):
            figures = CHANGES[row.change].apply(work, jit, row) or {}
            row.state, row.decided_at, jit.updated_at = "applied", work.now, work.now
            tell(work, jit, "amended", amendment=str(row.id), change=row.change, **figures)
            _apply_what_is_complete(work, jit)
            return


def _signed_by_all(work: UnitOfWork, jit: Jit, row: JitAmendment) -> bool:
    """Tell whether all have signed whose signature it takes; of whoever gives notice that it leaves, its own is enough."""
    present = text_of(work, jit, row)
    if row.change == "leave" and row.authority_id == row.proposed_by:
        return row.authority_id in {s.authority_id for s in signatures.standing(work, row.id) if s.text_sha256 == present}
    return signatures.complete(work, jit, row.id, present, *_joining(row))


def release_joining(work: UnitOfWork, jit: Jit) -> None:
    """Let those go who were to join a team that ended."""
    for row in amendment_kinds.pending(work, jit):
        if row.change == "join" and row.authority_id:
            authorization.release(work, jit, row.authority_id, Side.NEGOTIATING)


def of_team(work: UnitOfWork, jit_id: UUID) -> Select[JitAmendment]:
    """Select the amendments of a team."""
    return work.all(JitAmendment).where(JitAmendment.jit_id == work.one(Jit, jit_id).id)


def moves(work: UnitOfWork, jit_id: UUID, row_id: UUID) -> dict[str, Any]:
    """Say where an amendment stands, and what the caller may do now."""
    jit, row = work.one(Jit, jit_id), work.one(JitAmendment, row_id)
    if row.jit_id != jit.id:
        raise NotFound
    signer = authorization.mine(work, jit_id) is not None or (row.change == "join" and row.authority_id == work.actor.authority_id)
    signed = work.actor.authority_id in {s.authority_id for s in signatures.standing(work, row.id)}
    allowed = [
        m.to_dict()
        for m in AMENDMENT_LIFECYCLE.leaving(row.state)
        if signer and work.actor.may(m.by) and (work.actor.human or not m.human)
        if m.event != "withdraw" or row.proposed_by == work.actor.authority_id
        if m.event != "sign" or (not signed and jit.stands(work.now) == "active")
    ]
    return {"state": row.state, "allowed": allowed, "etag": row.etag}
