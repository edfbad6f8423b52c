"""Amendments: a State joins or leaves, or purpose, period or a clause changes. The last signature puts an amendment into force."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from coopapi.jits import amendment_kinds, authorization, signatures
from coopapi.jits.amendment_kinds import CHANGES
from coopapi.jits.authorization import TeamRow
from coopapi.jits.lifecycles import AMENDMENT_LIFECYCLE
from coopapi.jits.models import Jit, JitAmendment
from coopapi.jits.notifications import tell
from coopapi.shared import parties
from coopapi.shared.lifecycle import IllegalMove, Side
from coopapi.shared.workflow import Standing, Step
from coopapi.store.db import UnitOfWork
from coopapi.store.vault import key_of, put_words, unseal

_DETAILS: Final = ("purpose", "clause", "text", "platform", "leader", "role", "terms", "evidence", "states_of_operation")


def propose(work: UnitOfWork, jit_id: UUID, data: Mapping[str, Any]) -> JitAmendment:
    """Propose an amendment to the agreement of an active team. A joining State sees the team from now on, so that it can sign."""
    jit = authorization.locked(work, jit_id)
    authorization.require_party(work, jit)
    _require_active(work, jit, "amend")
    details = {name: data.get(name) for name in _DETAILS}
    about = {name: data.get(name) for name in ("change", "authority_id", "until")}
    about |= {"proposed_by": work.actor.authority_id, "proposed_at": work.now}
    row = parties.new_part(work, JitAmendment, jit, details, **about)
    CHANGES[row.change].check(work, jit, row)
    if row.joining:
        parties.admit(work, jit.id, row.joining, Side.NEGOTIATING, until=jit.until)
    work.add(row)
    tell(work, jit, "amendment_proposed", amendment=str(row.id), change=row.change)
    return row


def _require_active(work: UnitOfWork, jit: Jit, event: str) -> None:
    state = jit.stands(work.now)
    if state != "active":
        raise IllegalMove(f"The step {event} is not possible in the state {state}.", state=state, allowed=[])


def text_of(work: UnitOfWork, jit: Jit, row: JitAmendment) -> str:
    """Return the digest of an amendment that each party signs."""
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


def _standing(work: UnitOfWork, found: TeamRow[JitAmendment]) -> Standing:
    """Return the standing: a State that joins by the amendment signs or refuses it like a party."""
    joins = found.row.joining == work.actor.authority_id
    return Standing.on(Side.NEGOTIATING) if joins else authorization.standing(work, found.jit.id)


def _require_possible(step: Step[TeamRow[JitAmendment]]) -> None:
    """Raise the fault unless the team is active and the amendment can still be applied."""
    jit, row = step.thing.jit, step.thing.row
    _require_active(step.work, jit, "sign")
    CHANGES[row.change].check(step.work, jit, row)


def _require_unsigned(step: Step[TeamRow[JitAmendment]]) -> None:
    signatures.require_unsigned(step.work, step.thing.jit, step.thing.row)


def _require_proposer(step: Step[TeamRow[JitAmendment]]) -> None:
    if step.thing.row.proposed_by != step.work.actor.authority_id:
        raise authorization.NotAParty("Only the State that proposed an amendment may withdraw it.")


def _sign(step: Step[TeamRow[JitAmendment]]) -> None:
    """Sign for the caller's State, or record the signature of a State without users here.

    The last signature applies the amendment.
    """
    work, jit, row = step.work, step.thing.jit, step.thing.row
    signature = signatures.put(work, jit, row, step.data, text_of(work, jit, row))
    figures = {"signed": len(signatures.in_force(work, row.id)), "recorded": signature.recorded is not None}
    tell(work, jit, "amendment_signed", amendment=str(row.id), change=row.change, **figures)
    _apply_what_is_complete(work, jit)


def _refuse(step: Step[TeamRow[JitAmendment]]) -> None:
    """Refuse an amendment for the caller's State, or record the refusal of a State without users here."""
    work, jit, row, recorded = step.work, step.thing.jit, step.thing.row, step.data.get("recorded")
    authorization.acting_authority(work, jit, recorded, row.joining)
    row.recorded = authorization.put_recorded(work, jit, row.id, recorded)


def _finish(step: Step[TeamRow[JitAmendment]]) -> None:
    """Set the state of an amendment that is refused or withdrawn. A signature leaves the state unchanged."""
    work, jit, row = step.work, step.thing.jit, step.thing.row
    if step.event == "sign":
        return
    row.state, row.decided_at = step.transition.target, work.now
    row.words = put_words(work, jit, row.id, step.data.get("reason"))
    work.session.flush()
    if row.joining:
        authorization.release(work, jit, row.joining, Side.NEGOTIATING)
    tell(work, jit, f"amendment_{row.state}", amendment=str(row.id), change=row.change, recorded=row.recorded is not None)


AMENDMENT: Final = authorization.workflow(
    JitAmendment,
    AMENDMENT_LIFECYCLE,
    _finish,
    standing=_standing,
    guards={"sign": (_require_possible, _require_unsigned), "withdraw": (_require_proposer,)},
    effects={"sign": _sign, "refuse": _refuse},
)


def _apply_what_is_complete(work: UnitOfWork, jit: Jit) -> None:
    """Apply every amendment that is fully signed.

    When a State has left, its signature is no longer needed, which may complete further amendments.
    """
    for row in amendment_kinds.pending(work, jit):
        if _signed_by_all(work, jit, row) and amendment_kinds.holds(work, jit, row):
            figures = CHANGES[row.change].apply(work, jit, row) or {}
            row.state, row.decided_at, jit.updated_at = "applied", work.now, work.now
            tell(work, jit, "amended", amendment=str(row.id), change=row.change, **figures)
            _apply_what_is_complete(work, jit)
            return


def _signed_by_all(work: UnitOfWork, jit: Jit, row: JitAmendment) -> bool:
    """Tell whether all required signatures exist. A State that announces its own leaving needs no other signature."""
    present = text_of(work, jit, row)
    if row.change == "leave" and row.authority_id == row.proposed_by:
        return row.authority_id in {s.authority_id for s in signatures.in_force(work, row.id) if s.text_sha256 == present}
    return signatures.complete(work, jit, row, present)


def release_joining(work: UnitOfWork, jit: Jit) -> None:
    """End the parts of the States that were about to join a team that has ended."""
    for row in amendment_kinds.pending(work, jit):
        if row.joining:
            authorization.release(work, jit, row.joining, Side.NEGOTIATING)
