"""Signatures: each party signs the text for itself, and only the last signature makes the team active.

Another party may record the signature of a State without users here.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from coopapi.errors import Conflict, fault
from coopapi.jits import authorization, expiry_deadlines
from coopapi.jits.models import Jit, JitAmendment, JitParticipant, JitParty, JitSignature, JitStatement, through
from coopapi.jits.notifications import tell
from coopapi.shared.workflow import Step, Workflow
from coopapi.store.db import UnitOfWork, as_json
from coopapi.store.together import grouped, together
from coopapi.store.vault import key_of, unseal

Subject = Jit | JitAmendment | JitStatement
ALARMS: Final = (60, 30, 14)
"""Days before the end of a team at which its parties are reminded to extend it or wind it up."""


class AnotherText(Conflict):
    """The digest does not match the current text.

    The text has changed. Read the agreement again and sign with its current digest.
    """


class AlreadySigned(Conflict):
    """The State has already signed this text.

    No action is necessary for this State. The team shows the signatures of the other States.
    """


class PeriodHasPassed(Conflict):
    """The period of the agreement ended before the last signature.

    Reopen the text and set a later end.
    """


def digest(content: Mapping[str, Any]) -> str:
    """Return the SHA-256 digest of a canonical form of the text, so that a signature is valid for this text only."""
    return sha256(as_json(_ordered(content)).encode()).hexdigest()


def _ordered(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _ordered(value[name]) for name in sorted(value, key=str) if value[name] is not None}
    if isinstance(value, list | tuple):
        return [_ordered(item) for item in value]
    return value


def agreement(work: UnitOfWork, jit: Jit) -> dict[str, Any]:
    """Return the whole agreement as it is signed: terms, period, parties with leaders, participants with their terms."""
    key = key_of(work, jit)
    parties = work.session.scalars(work.all(JitParty).where(through(jit.id))).all()
    beside = work.all(JitParticipant).where(JitParticipant.jit_id == jit.id, JitParticipant.state == "serving")
    return {
        "id": jit.id,
        "reference": jit.reference,
        "legal_basis": jit.legal_basis,
        "operation_name": jit.operation_name,
        "states_of_operation": sorted(jit.states_of_operation),
        "working_language": jit.working_language,
        "until": int(jit.until.timestamp()) if jit.until else None,
        "terms": unseal(key, jit.sealed, jit.id),
        "parties": sorted(
            [str(p.authority_id), p.country, str(p.leader_id or ""), unseal(key, p.sealed, p.id).get("office", "")] for p in parties
        ),
        "participants": sorted(
            [str(p.authority_id), p.role, p.evidence, unseal(key, p.sealed, p.id).get("terms", "")]
            for p in work.session.scalars(beside)
        ),
    }


def text_of(work: UnitOfWork, jit: Jit) -> str:
    """Return the digest of the present agreement."""
    return digest(agreement(work, jit))


def in_force(work: UnitOfWork, subject_id: UUID) -> list[JitSignature]:
    """Return the signatures under a text that have not been voided."""
    return _in_force(work, subject_id)


@together
def _in_force(work: UnitOfWork, subject_ids: Sequence[UUID]) -> dict[UUID, list[JitSignature]]:
    query = work.all(JitSignature).where(JitSignature.subject_id.in_(subject_ids), JitSignature.voided_at.is_(None))
    return grouped(subject_ids, work.session.scalars(query.order_by(JitSignature.id)), lambda row: row.subject_id)


def signers(work: UnitOfWork, subject_id: UUID) -> set[UUID]:
    """Return the authorities that have signed a text."""
    return {row.authority_id for row in in_force(work, subject_id)}


def _joining(subject: Subject) -> UUID | None:
    return subject.joining if isinstance(subject, JitAmendment) else None


def require_unsigned(work: UnitOfWork, jit: Jit, subject: Subject) -> None:
    """Raise `AlreadySigned` when every State for which the caller may sign or record a signature has signed."""
    signed = signers(work, subject.id)
    if work.actor.authority_id in signed and authorization.recordable(work, jit, _joining(subject)) <= signed:
        raise AlreadySigned


def put(work: UnitOfWork, jit: Jit, subject: Subject, data: Mapping[str, Any], present: str) -> JitSignature:
    """Add a signature to a text, or record one.

    Raises `AnotherText` if the text has changed, `AlreadySigned` and `Unprocessable`.
    """
    recorded, signed = data.get("recorded"), signers(work, subject.id)
    if recorded is None and work.actor.authority_id in signed:
        raise fault("/recorded", "required", "Your own State has already signed. Name the State whose signature you record.")
    authority_id = authorization.acting_authority(work, jit, recorded, _joining(subject))
    if "text_sha256" not in data:
        raise fault("/text_sha256", "required", "Give the digest of the text that you sign.")
    if data["text_sha256"] != present:
        raise AnotherText(text_sha256=present)
    if authority_id in signed:
        raise AlreadySigned
    row_id = work.new_id()
    return work.add(
        JitSignature(
            id=row_id,
            jit_id=jit.id,
            subject_id=subject.id,
            authority_id=authority_id,
            principal_id=work.actor.id,
            text_sha256=present,
            signed_at=work.now,
            recorded=authorization.put_recorded(work, jit, row_id, recorded),
        )
    )


def void(work: UnitOfWork, subject_id: UUID) -> int:
    """Void the signatures under a text that is about to change and return their number."""
    rows = in_force(work, subject_id)
    for row in rows:
        row.voided_at = work.now
    work.session.flush()
    return len(rows)


def complete(work: UnitOfWork, jit: Jit, subject: Subject, present: str) -> bool:
    """Tell whether every party, and the joining State, has signed the present text."""
    needed = authorization.signing(work, jit, _joining(subject))
    return needed <= {row.authority_id for row in in_force(work, subject.id) if row.text_sha256 == present}


def take_step(work: UnitOfWork, workflow: Workflow[Any], event: str, data: Mapping[str, Any], **ids: UUID) -> JitSignature:
    """Sign a text through the step of its workflow and return the signature. The request needs no version here."""
    authorization.locked(work, ids["jit_id"])
    subject = workflow.row(workflow.find(work, **ids))
    workflow.take(work, subject.version, {**data, "event": event}, **ids)
    authority_id = (data.get("recorded") or {}).get("authority_id", work.actor.authority_id)
    return next(row for row in in_force(work, subject.id) if row.authority_id == authority_id)


def require_period(step: Step[Jit]) -> None:
    """Raise `PeriodHasPassed` if the period of the agreement ends before all parties have signed."""
    if step.thing.until is None or step.thing.until <= step.work.now:
        raise PeriodHasPassed


def sign(step: Step[Jit]) -> None:
    """Sign the agreement for the caller's State, or record the signature of a State without users here.

    The last signature makes the team active.
    """
    work, jit = step.work, step.thing
    present = text_of(work, jit)
    signature = put(work, jit, jit, step.data, present)
    figures = {"signed": len(in_force(work, jit.id)), "parties_needed": len(authorization.of_team(work, jit.id))}
    tell(work, jit, "signed", **figures, recorded=signature.recorded is not None)
    if complete(work, jit, jit, present):
        _activate(work, jit)


def _activate(work: UnitOfWork, jit: Jit) -> None:
    """Activate the team: its members have access to its cases until its end."""
    jit.state, jit.since, jit.updated_at = "active", work.now, work.now
    authorization.seat(work, jit)
    expiry_deadlines.start(work, jit, authorization.of_team(work, jit.id))
    tell(work, jit, "activated", parties_count=len(authorization.of_team(work, jit.id)))


def alarms(jit: Jit, now: Any) -> list[dict[str, Any]]:
    """Return the reminder days before the end of an active team, and whether each has been reached."""
    if jit.until is None or jit.stands(now) != "active":
        return []
    ends = jit.until
    return [{"days": days, "at": ends - timedelta(days=days), "due": ends - timedelta(days=days) <= now} for days in ALARMS]
