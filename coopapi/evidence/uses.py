"""Use an item in a case: at once where it was obtained for that case, otherwise after the provider's consent.

Budapest Art. 28; for teams the Convention of 29 May 2000, Art. 13(10): (a) the purpose of the team, (b) consent, (c) a threat.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, select

from coopapi.access import Action, Level
from coopapi.errors import Conflict, broken, fault
from coopapi.evidence import authorization
from coopapi.evidence.models import USE_LIFECYCLE, Evidence, EvidenceUse
from coopapi.evidence.sealing import seal, unseal
from coopapi.evidence.service import check_conditions, conditions_of, standing
from coopapi.shared import parties
from coopapi.shared.grants import level_of, reaches
from coopapi.shared.lifecycle import IllegalMove, Side
from coopapi.shared.recording import may_record_for, recorded_of
from coopapi.shared.shared_cases import SharedCase
from coopapi.shared.workflow import Standing, Step, Workflow
from coopapi.store.db import UnitOfWork
from coopapi.store.rows import matching
from coopapi.store.together import together


class ConsentNeeded(Conflict):
    """The use of the item needs the consent of the provider.

    Send `ask_consent` to ask for consent. You may use the item when the provider has consented.
    """


class NotForUse(Conflict):
    """The item may not be used, because its conditions were not accepted or because it was withdrawn.

    Accept the conditions of the item first. If the item was withdrawn, ask its provider to give it again.
    """


class TimeLimitPassed(Conflict):
    """The period in which the item may be used has ended.

    Ask the provider to give the item again with a longer period.
    """


_WHY = {
    "H1": "The handling code H1 does not allow use in judicial proceedings without the permission of the provider.",
    "consent_before_use_as_evidence": "The provider must consent before the item is used as evidence.",
    "only_for_this_case": "The item was given for one case only.",
    "other_case": "The item was obtained for another case.",
    "outside_purpose": "The case is outside the team: Art. 13(10)(b) requires consent of the State where the item was obtained.",
}


def ask(work: UnitOfWork, evidence_id: UUID, data: Mapping[str, Any]) -> EvidenceUse:
    """Record a use, or ask the provider for consent if it is needed.

    Raises `ConsentNeeded`, `NotForUse`, `TimeLimitPassed`, `Forbidden` and `Unprocessable`.
    """
    item = work.one(Evidence, evidence_id)
    authorization.require_acting(work, item.object_id)
    if not reaches(work, data["case_id"], Level.CONTRIBUTE):
        raise fault("/case_id", "case", "You have no access that lets you add to this case.")
    _require_usable(work, item)
    threat = data.get("serious_threat", False)
    _check_threat(item, data)
    reasons = blocked(work, item, data["case_id"], data["use_as"], threat=threat)
    if reasons and not data.get("ask_consent"):
        raise ConsentNeeded(errors=[broken("/ask_consent", r, _WHY[r]) for r in reasons])
    if reasons and not data.get("reason"):
        raise fault("/reason", "reason", "Give the provider the reason for your request.")
    row_id = work.new_id()
    row = work.add(
        EvidenceUse(
            id=row_id,
            evidence_id=item.id,
            object_id=item.object_id,
            provider_id=item.provider_id,
            case_id=data["case_id"],
            authority_id=work.actor.authority_id,
            purpose=data["purpose"],
            use_as=data["use_as"],
            consent_needed=bool(reasons),
            serious_threat=threat,
            state="consent_asked" if reasons else "recorded",
            sealed=seal(work, "use", row_id, {"reason": data.get("reason")}),
            asked_by=work.actor.id,
            asked_at=work.now,
        )
    )
    _tell(work, row, row.state, row.case_id, None)
    return row


def _check_threat(item: Evidence, data: Mapping[str, Any]) -> None:
    """Raise `Unprocessable` if a serious threat is claimed outside a team or without a reason for the provider."""
    if data.get("serious_threat") and item.object_type != "jit":
        raise fault("/serious_threat", "art_13_10_c", "This ground applies only to items that were given to a team.")
    if data.get("serious_threat") and not data.get("reason"):
        raise fault("/reason", "reason", "Describe the threat for the provider.")


def blocked(work: UnitOfWork, item: Evidence, case_id: UUID, use_as: str, *, threat: bool) -> list[str]:
    """Return the reasons why a use needs the provider's consent. The provider itself needs none."""
    if item.provider_id == work.actor.authority_id:
        return []
    elsewhere = case_id not in _obtained_for(work, item)
    as_evidence = use_as == "evidence"
    only_here = "only_for_this_case" in item.conditions
    reasons = {
        "H1": as_evidence and item.handling_code == "H1",
        "consent_before_use_as_evidence": as_evidence and "consent_before_use_as_evidence" in item.conditions,
        "only_for_this_case": elsewhere and only_here,
        "outside_purpose": elsewhere and not only_here and item.object_type == "jit" and not threat,
        "other_case": elsewhere and not only_here and item.object_type != "jit",
    }
    return [reason for reason, holds in reasons.items() if holds]


def _obtained_for(work: UnitOfWork, item: Evidence) -> set[UUID | None]:
    """Return the cases for which the item was obtained, which its provider knew of.

    They are the cases of the request, or those shared with the team when the item was given.
    """
    linked = work.all(SharedCase).where(SharedCase.object_id == item.object_id, SharedCase.shared_at <= item.created_at)
    return {part.case_id for part in parties.parts(work, item.object_id)} | {
        shared.case_id for shared in work.session.scalars(linked)
    }


def _require_usable(work: UnitOfWork, item: Evidence) -> None:
    if not _opened(work, item.id):
        raise NotForUse(state=standing(work, item))
    if item.usable_until and item.usable_until <= work.now:
        raise TimeLimitPassed


@together
def _opened(work: UnitOfWork, item_ids: Sequence[UUID]) -> dict[UUID, bool]:
    """Tell of items whether they are given, and the caller gave them or accepted their conditions."""
    query = select(Evidence.id).where(Evidence.id.in_(item_ids), Evidence.state == "given", Evidence.opened(work.actor))
    found = set(work.session.scalars(query))
    return {item_id: item_id in found for item_id in item_ids}


def uses(work: UnitOfWork, wanted: Mapping[str, Any]) -> Select[EvidenceUse]:
    """Select uses by side and state: those of the caller, or those of items that it gave."""
    query = matching(work.all(EvidenceUse), wanted, state=EvidenceUse.state)
    if side := wanted.get("side"):
        column = EvidenceUse.provider_id if side == Side.PROVIDER else EvidenceUse.authority_id
        query = query.where(column == work.actor.authority_id)
    return query


def _standing(work: UnitOfWork, row: EvidenceUse) -> Standing:
    """Return the caller's sides: it uses the item in a case it may add to, it gave the item, or it records for the provider."""
    level = level_of(work, row.case_id) if row.authority_id == work.actor.authority_id else None
    own = {} if level is None else {Side.ASKING: level}
    recorded: frozenset[Side] = frozenset()
    if authorization.acts(work, row.object_id):
        if row.provider_id == work.actor.authority_id:
            own[Side.PROVIDER] = Level.OWN
        elif may_record_for(work, row.object_id, row.provider_id):
            recorded = frozenset({Side.PROVIDER})
    return Standing(own, recorded, "This step needs contribute access to the case, or your authority must be the provider.")


def _require_asked(step: Step[EvidenceUse]) -> None:
    """Raise `IllegalMove` if the use needed no consent, so that none can be revoked. The item itself can be recalled."""
    row = step.thing
    if row.state == "recorded" and not row.consent_needed:
        raise IllegalMove(f"The step {step.event} is not possible, because the use needed no consent.", state=row.state, allowed=[])


def _require_usable_item(step: Step[EvidenceUse]) -> None:
    _require_usable(step.work, step.work.one(Evidence, step.thing.evidence_id))


def _finish(step: Step[EvidenceUse]) -> None:
    work, row, recorded = step.work, step.thing, step.data.get("recorded")
    asks = step.transition.side is Side.ASKING
    authorization.require_acting_for(work, row.object_id, row.authority_id if asks else row.provider_id, recorded)
    conditions = _conditions(step)
    row.state = step.transition.target
    row.answer = seal(work, "answer", row.id, {"reason": step.data.get("reason"), "conditions": conditions, "recorded": recorded})
    row.decided_by, row.decided_at = work.actor.id, work.now
    mine = row.authority_id == work.actor.authority_id
    _tell(work, row, step.event, row.case_id if mine else parties.case_of(work, row.object_id), recorded)


def _conditions(step: Step[EvidenceUse]) -> Sequence[Mapping[str, Any]]:
    """Return the conditions of a consent, which stay readable after it is revoked."""
    given: Sequence[Mapping[str, Any]] = step.data.get("conditions", ())
    if step.event == "consent":
        check_conditions(given)
        return given
    if given:
        raise fault("/conditions", "consent", "Conditions are allowed only together with a consent.")
    before: Sequence[Mapping[str, Any]] = unseal(step.work, "answer", step.thing.id, step.thing.answer).get("conditions", ())
    return before


USE: Final = Workflow[EvidenceUse](
    name="evidence_use",
    lifecycles=(USE_LIFECYCLE,),
    find=lambda work, use_id: work.one(EvidenceUse, use_id),
    standing=_standing,
    always=(_require_asked,),
    guards={"consent": (_require_usable_item,)},
    finish=_finish,
    wrong_side=authorization.OtherSide,
    recorded_by=Action.EVIDENCE_WRITE,
)


def _tell(work: UnitOfWork, row: EvidenceUse, act: str, case_id: UUID | None, recorded: Mapping[str, Any] | None) -> None:
    """Write an event of a use to the journals of the user and of the provider. Only the user's entry names the case."""
    work.session.flush()
    about: dict[str, Any] = {"item": str(row.evidence_id), "use": str(row.id), "state": row.state, "recorded": recorded is not None}
    only = (row.provider_id, row.authority_id)
    work.note(f"evidence.use_{act}", row, case_id=case_id, parties=row.object_id, only=only, event=True, **about)


def show(work: UnitOfWork, rows: Sequence[EvidenceUse]) -> list[dict[str, Any]]:
    """Return uses. The provider sees the case only if it may know of it."""
    return [_show(work, row) for row in rows]


def _show(work: UnitOfWork, row: EvidenceUse) -> dict[str, Any]:
    answer = unseal(work, "answer", row.id, row.answer)
    return {
        **row.shown(),
        "case_id": row.case_id if reaches(work, row.case_id, Level.INDEX) else None,
        "side": Side.PROVIDER if row.provider_id == work.actor.authority_id else Side.ASKING,
        "reason": unseal(work, "use", row.id, row.sealed).get("reason"),
        "conditions": conditions_of(answer),
        "answer": answer.get("reason"),
        "decision_recorded": recorded_of(answer),
    }
