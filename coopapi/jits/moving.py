"""Steps in the life of a team: what each needs, and what it sets (DOMAIN 6)."""

from collections.abc import Callable, Mapping
from typing import Any, Final
from uuid import UUID

from coopapi.db import Work
from coopapi.errors import Conflict, Forbidden, fault
from coopapi.jits import agreeing, amending, clocks, evaluating, publishing, sides, signing
from coopapi.jits.lives import JIT_LIFE, TWO
from coopapi.jits.models import Jit
from coopapi.jits.telling import tell
from coopapi.sealing import put_words


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


def take(work: Work, jit_id: UUID, version: int, data: Mapping[str, Any]) -> Jit:
    """Take one step, if the table, the side and the role allow it."""
    jit = sides.locked(work, jit_id, version)
    move = JIT_LIFE.move(jit.state, data["event"], data.get("reason"))
    sides.take(work, jit, move)
    if move.event == "sign":
        signing.sign(work, jit_id, data)
        return jit
    EFFECTS.get(move.event, _nothing)(work, jit, data)
    jit.state, jit.updated_at = move.target, work.now
    jit.words = put_words(work, jit, jit.id, data.get("reason"))
    tell(work, jit, move.event)
    return jit


def _nothing(work: Work, jit: Jit, data: Mapping[str, Any]) -> None:
    del work, jit, data


def _request_signatures(work: Work, jit: Jit, data: Mapping[str, Any]) -> None:
    del data
    agreeing.require_ready(work, jit)


def _reopen(work: Work, jit: Jit, data: Mapping[str, Any]) -> None:
    """The text is open again: whoever had signed it signs the new one."""
    del data
    signing.void(work, jit.id)


def _abandon(work: Work, jit: Jit, data: Mapping[str, Any]) -> None:
    del data
    if jit.maker_id != work.actor.authority_id:
        raise ProposersOnly
    sides.seat_participants(work, jit, work.now)


def _end(work: Work, jit: Jit, data: Mapping[str, Any]) -> None:
    """The goal is reached, or a State withdraws: access to the cases is gone with this step."""
    if data.get("end_reason") is None:
        raise fault("/end_reason", "required", "say whether its goal is reached or a State withdraws")
    if data["end_reason"] == "withdrawal" and len(sides.of_team(work, jit.id)) > TWO:
        raise TheOthersGoOn
    jit.end_reason, jit.ended_at = data["end_reason"], work.now
    jit.state = "ended"
    work.session.flush()
    clocks.stop(work, jit)
    sides.dissolve(work, jit)
    amending.release_joining(work, jit)


def _close(work: Work, jit: Jit, data: Mapping[str, Any]) -> None:
    del data
    if jit.state == "evaluation" and not evaluating.joint_there(work, jit.id):
        raise EvaluationIsMissing


def _retract(work: Work, jit: Jit, data: Mapping[str, Any]) -> None:
    del data
    publishing.retract(work, jit)


EFFECTS: Final[Mapping[str, Callable[[Work, Jit, Mapping[str, Any]], None]]] = {
    "request_signatures": _request_signatures,
    "reopen": _reopen,
    "abandon": _abandon,
    "end": _end,
    "close": _close,
    "retract": _retract,
}


def moves(work: Work, jit_id: UUID) -> dict[str, Any]:
    """Say where a team stands, where the caller stands in it, and what it may do now."""
    jit = work.one(Jit, jit_id)
    state = jit.stands(work.now)
    place = sides.place_of(work, jit.id)
    signed = work.actor.authority_id in {row.authority_id for row in signing.standing(work, jit.id)}
    allowed = [
        m.told()
        for m in JIT_LIFE.leaving(state)
        if place == "party" and work.actor.may(m.by) and (work.actor.human or not m.human)
        if m.event != "abandon" or jit.maker_id == work.actor.authority_id
        if m.event != "sign" or not signed
    ]
    return {"state": state, "allowed": allowed, "etag": jit.etag, "place": place}
