"""The evaluation of an ended team: each State answers the form of the JITs Network, then all States answer together."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from coopapi.errors import Conflict
from coopapi.jits import authorization
from coopapi.jits.lifecycles import QUESTIONS
from coopapi.jits.models import JitEvaluation
from coopapi.jits.notifications import tell
from coopapi.shared.parties import owners_of, with_texts
from coopapi.store.db import UnitOfWork
from coopapi.store.together import together
from coopapi.store.vault import key_of, seal


class NotInEvaluation(Conflict):
    """The team is not in the state of evaluation.

    An evaluation begins after the team has ended and before it is closed.
    """


class StatesFirst(Conflict):
    """The joint evaluation is possible only after every State has answered.

    Wait for the missing answers, or record them for States whose authority has no users in this register.
    """


def answer(work: UnitOfWork, jit_id: UUID, data: Mapping[str, Any]) -> JitEvaluation:
    """Save the answers of the caller's State, of a State without users here, or the joint ones; they replace earlier answers.

    Raises `NotInEvaluation`, and `StatesFirst` for joint answers before those of every State.
    """
    jit = authorization.locked(work, jit_id)
    authorization.require_party(work, jit)
    if jit.state != "evaluation":
        raise NotInEvaluation(state=jit.state)
    whose = None if data.get("joint") else authorization.acting_authority(work, jit, data.get("recorded"))
    there = {row.authority_id: row for row in work.session.scalars(work.all(JitEvaluation).where(JitEvaluation.jit_id == jit.id))}
    waiting = [p.country for p in authorization.of_team(work, jit.id) if p.authority_id not in there]
    if whose is None and waiting:
        raise StatesFirst(waiting=sorted(waiting))
    said = {name: data.get(name) for name in QUESTIONS}
    row = there.get(whose)
    if row is None:
        row = JitEvaluation(id=work.new_id(), jit_id=jit.id, authority_id=whose)
    row.sealed = seal(key_of(work, jit), said, row.id)
    row.recorded = authorization.put_recorded(work, jit, row.id, data.get("recorded"))
    row.answered_by, row.answered_at = work.actor.id, work.now
    work.add(row)
    tell(work, jit, "evaluated", joint=whose is None, answers=len({*there, whose}), recorded=row.recorded is not None)
    return row


def joint_there(work: UnitOfWork, jit_id: UUID) -> bool:
    """Tell whether the joint evaluation exists."""
    return _joint(work, jit_id)


@together
def _joint(work: UnitOfWork, jit_ids: Sequence[UUID]) -> dict[UUID, bool]:
    query = work.all(JitEvaluation).where(JitEvaluation.jit_id.in_(jit_ids), JitEvaluation.authority_id.is_(None))
    found = {row.jit_id for row in work.session.scalars(query)}
    return {jit_id: jit_id in found for jit_id in jit_ids}


def show(work: UnitOfWork, rows: Sequence[JitEvaluation]) -> list[dict[str, Any]]:
    """Return evaluations with their decrypted answers."""
    teams = owners_of(work, rows)
    return [
        {
            **said,
            "id": row.id,
            "authority_id": row.authority_id,
            "joint": row.authority_id is None,
            "answered_at": row.answered_at,
            "recorded": authorization.read_recorded(work, teams[row.jit_id], row),
            "etag": row.etag,
        }
        for row, said in with_texts(work, rows, teams)
    ]
