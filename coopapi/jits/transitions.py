"""The workflow of a team: drafted, signed, ended, evaluated, closed."""

from typing import Final

from coopapi.errors import Conflict, Forbidden, fault
from coopapi.jits import agreement, amendments, authorization, evaluations, expiry_deadlines, public_statements, signatures
from coopapi.jits.lifecycles import JIT_LIFECYCLE, TWO
from coopapi.jits.models import Jit
from coopapi.jits.notifications import tell
from coopapi.shared.workflow import Step, Workflow
from coopapi.store.vault import put_words


class ProposersOnly(Forbidden):
    """Only the State that proposed a team may abandon it.

    You can remove your own State from the draft instead.
    """


class TheOthersGoOn(Conflict):
    """The team continues without your State, because at least two other States remain.

    To leave the team, propose an amendment with `change` set to `leave`. Only your State has to sign it.
    """


class EvaluationIsMissing(Conflict):
    """A team can be closed only after its joint evaluation.

    Submit the joint evaluation. A team whose evaluation has not begun can be closed with a reason.
    """


def _require_ready(step: Step[Jit]) -> None:
    agreement.require_ready(step.work, step.thing)


def _require_unsigned(step: Step[Jit]) -> None:
    signatures.require_unsigned(step.work, step.thing, step.thing)


def _require_proposer(step: Step[Jit]) -> None:
    if step.thing.maker_id != step.work.actor.authority_id:
        raise ProposersOnly


def _require_evaluation(step: Step[Jit]) -> None:
    if step.transition.source == "evaluation" and not evaluations.joint_there(step.work, step.thing.id):
        raise EvaluationIsMissing


def _reopen(step: Step[Jit]) -> None:
    """Open the text again and void its signatures."""
    signatures.void(step.work, step.thing.id)


def _abandon(step: Step[Jit]) -> None:
    authorization.seat_participants(step.work, step.thing, step.work.now)


def _end(step: Step[Jit]) -> None:
    """End the team because its goal is reached or a State withdraws. Access to the cases ends at once.

    Raises `TheOthersGoOn` if at least two other States remain, and `Unprocessable`.
    """
    work, jit, end_reason = step.work, step.thing, step.data.get("end_reason")
    if end_reason is None:
        raise fault("/end_reason", "required", "State whether the goal was reached or a State withdraws.")
    if end_reason == "withdrawal" and len(authorization.of_team(work, jit.id)) > TWO:
        raise TheOthersGoOn
    jit.end_reason, jit.ended_at = end_reason, work.now
    jit.state = "ended"
    work.session.flush()
    expiry_deadlines.stop(work, jit)
    authorization.dissolve(work, jit)
    amendments.release_joining(work, jit)


def _retract(step: Step[Jit]) -> None:
    public_statements.retract(step.work, step.thing)


def _finish(step: Step[Jit]) -> None:
    """Set the state. A team whose period has passed is marked as expired by the first step after that."""
    work, jit = step.work, step.thing
    if step.event == "sign":
        return
    if jit.stands(work.now) != jit.state:
        jit.end_reason, jit.ended_at = "expiry", jit.until
    jit.state, jit.updated_at = step.transition.target, work.now
    jit.words = put_words(work, jit, jit.id, step.data.get("reason"))
    tell(work, jit, step.event)


TEAM: Final = Workflow[Jit](
    name="jit",
    lifecycles=(JIT_LIFECYCLE,),
    find=lambda work, jit_id: work.one(Jit, jit_id),
    lock=lambda work, jit, version: authorization.locked(work, jit.id, version),
    state=lambda work, jit: jit.stands(work.now),
    standing=lambda work, jit: authorization.standing(work, jit.id),
    guards={
        "request_signatures": (_require_ready,),
        "sign": (signatures.require_period, _require_unsigned),
        "abandon": (_require_proposer,),
        "close": (_require_evaluation,),
    },
    effects={"sign": signatures.sign, "reopen": _reopen, "abandon": _abandon, "end": _end, "retract": _retract},
    finish=_finish,
    wrong_side=authorization.NotAParty,
    details=lambda work, jit, _: {"place": authorization.place_of(work, jit.id)},
)
