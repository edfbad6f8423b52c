"""Steps in the life of a team: what each needs, and what it sets (DOMAIN 6)."""

from collections.abc import Callable, Mapping
from typing import Any, Final
from uuid import UUID

from coopapi.errors import Conflict, Forbidden, fault
from coopapi.jits import agreement, amendments, authorization, evaluations, expiry_deadlines, public_statements, signatures
from coopapi.jits.lifecycles import JIT_LIFECYCLE, TWO
from coopapi.jits.models import Jit
from coopapi.jits.notifications import tell
from coopapi.store.db import UnitOfWork
from coopapi.store.vault import put_words


class ProposersOnly(Forbidden):
    """Only the State that proposed a team abandons it.

    Take your own State out of the draft instead.
    """


class TheOthersGoOn(Conflict):
    """Without you the team still has two States, so it goes on.

    Propose an amendment with `change` set to `leave`; you alone sign it.
    """


class EvaluationIsMissing(Conflict):
    """A team closes after its joint evaluation.

    Write the joint evaluation, or close the team before its evaluation begins, with a reason.
    """


def take(work: UnitOfWork, jit_id: UUID, version: int, data: Mapping[str, Any]) -> Jit:
    """Take one step, if the table, the side and the role allow it."""
    jit = authorization.locked(work, jit_id, version)
    move = JIT_LIFECYCLE.move(jit.state, data["event"], data.get("reason"))
    authorization.take(work, jit, move)
    if move.event == "sign":
        signatures.sign(work, jit_id, data)
        return jit
    EFFECTS.get(move.event, _nothing)(work, jit, data)
    jit.state, jit.updated_at = move.target, work.now
    jit.words = put_words(work, jit, jit.id, data.get("reason"))
    tell(work, jit, move.event)
    return jit


def _nothing(work: UnitOfWork, jit: Jit, data: Mapping[str, Any]) -> None:
    del work, jit, data


def _request_signatures(work: UnitOfWork, jit: Jit, data: Mapping[str, Any]) -> None:
    del data
    agreement.require_ready(work, jit)


def _reopen(work: UnitOfWork, jit: Jit, data: Mapping[str, Any]) -> None:
    """The text is open again: whoever had signed it signs the new one."""
    del data
    signatures.void(work, jit.id)


def _abandon(work: UnitOfWork, jit: Jit, data: Mapping[str, Any]) -> None:
    del data
    if jit.maker_id != work.actor.authority_id:
        raise ProposersOnly
    authorization.seat_participants(work, jit, work.now)


def _end(work: UnitOfWork, jit: Jit, data: Mapping[str, Any]) -> None:
    """The goal is reached, or a State withdraws: access to the cases is gone with this step."""
    if data.get("end_reason") is None:
        raise fault("/end_reason", "required", "say whether its goal is reached or a State withdraws")
    if data["end_reason"] == "withdrawal" and len(authorization.of_team(work, jit.id)) > TWO:
        raise TheOthersGoOn
    jit.end_reason, jit.ended_at = data["end_reason"], work.now
    jit.state = "ended"
    work.session.flush()
    expiry_deadlines.stop(work, jit)
    authorization.dissolve(work, jit)
    amendments.release_joining(work, jit)


def _close(work: UnitOfWork, jit: Jit, data: Mapping[str, Any]) -> None:
    del data
    if jit.state == "evaluation" and not evaluations.joint_there(work, jit.id):
        raise EvaluationIsMissing


def _retract(work: UnitOfWork, jit: Jit, data: Mapping[str, Any]) -> None:
    del data
    public_statements.retract(work, jit)


EFFECTS: Final[Mapping[str, Callable[[UnitOfWork, Jit, Mapping[str, Any]], None]]] = {
    "request_signatures": _request_signatures,
    "reopen": _reopen,
    "abandon": _abandon,
    "end": _end,
    "close": _close,
    "retract": _retract,
}


def moves(work: UnitOfWork, jit_id: UUID) -> dict[str, Any]:
    """Say where a team stands, where the caller stands in it, and what it may do now."""
    jit = work.one(Jit, jit_id)
    state = jit.stands(work.now)
    place = authorization.place_of(work, jit.id)
    signed = work.actor.authority_id in {row.authority_id for row in signatures.standing(work, jit.id)}
    allowed = [
        m.to_dict()
        for m in JIT_LIFECYCLE.leaving(state)
        if place == "party" and work.actor.may(m.by) and (work.actor.human or not m.human)
        if m.event != "abandon" or jit.maker_id == work.actor.authority_id
        if m.event != "sign" or not signed
    ]
    return {"state": state, "allowed": allowed, "etag": jit.etag, "place": place}
