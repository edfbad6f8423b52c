"""The workflow of an item of evidence: recipients accept or decline it, a verifier releases it, the provider takes it back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from coopapi.access import Action
from coopapi.errors import fault
from coopapi.evidence import authorization, recipients, service
from coopapi.evidence.models import EVIDENCE_LIFECYCLE, Evidence, Recipient
from coopapi.evidence.sealing import seal
from coopapi.shared.lifecycle import Side
from coopapi.shared.recording import may_record_for
from coopapi.shared.workflow import Standing, Step, Workflow
from coopapi.store.db import UnitOfWork

_ANSWERS: Final = ("accept", "decline")


@dataclass(slots=True)
class EvidenceItem:
    """An item together with the recipient whose answer is meant: the caller's own, or one outside this register.

    None on other sides.
    """

    row: Evidence
    recipient: Recipient | None


def _find(work: UnitOfWork, evidence_id: UUID) -> EvidenceItem:
    row = work.one(Evidence, evidence_id)
    authorization.require_part(work, row.object_id)
    return EvidenceItem(row, recipients.one(work, row, work.actor.authority_id))


def _lock(work: UnitOfWork, item: EvidenceItem, version: int) -> EvidenceItem:
    row = recipients.hold(work, item.row.id, version)
    return EvidenceItem(row, recipients.one(work, row, work.actor.authority_id))


def _views(work: UnitOfWork, item: EvidenceItem) -> Sequence[EvidenceItem]:
    """Return the caller's own view, and one for each recipient that does not use this register."""
    others = [one for one in recipients.of_item(work, item.row) if one.authority_id != work.actor.authority_id]
    absent = [one for one in others if may_record_for(work, item.row.object_id, one.authority_id)]
    return (item, *(EvidenceItem(item.row, one) for one in absent))


def _view(work: UnitOfWork, item: EvidenceItem, data: Mapping[str, Any]) -> EvidenceItem:
    """Return the view of the recipient that a recorded answer names."""
    authority_id = (data.get("recorded") or {}).get("authority_id")
    if data["event"] not in _ANSWERS or authority_id is None:
        return item
    recipient = recipients.one(work, item.row, authority_id)
    if recipient is None:
        raise fault("/recorded/authority_id", "recipient", "The item was not given to this authority.")
    return EvidenceItem(item.row, recipient)


def _state(work: UnitOfWork, item: EvidenceItem) -> str:
    """Return the state of the recipient's answer. On other sides, and once the item was taken back, return that of the item."""
    if item.recipient is not None and item.row.state == "given":
        return item.recipient.state
    return service.standing(work, item.row)


def _is_anothers(work: UnitOfWork, item: EvidenceItem) -> bool:
    return item.recipient is not None and item.recipient.authority_id != work.actor.authority_id


def _standing(work: UnitOfWork, item: EvidenceItem) -> Standing:
    row = item.row
    if not authorization.acts(work, row.object_id):
        return Standing(refusal="You may read this, but your authority may not act in it.")
    if _is_anothers(work, item):
        absent = item.recipient is not None and may_record_for(work, row.object_id, item.recipient.authority_id)
        return Standing(
            recorded=frozenset({Side.RECEIVER} if absent else ()),
            refusal="This authority uses the register and must take the step itself.",
        )
    side = service.own_side(work, row)
    if side is Side.PROVIDER:
        return Standing.on(side)
    own = [side] if side is Side.VERIFIER or item.recipient is not None else []
    return Standing.on(*own, recorded=[Side.PROVIDER] if may_record_for(work, row.object_id, row.provider_id) else [])


def _finish(step: Step[EvidenceItem]) -> None:
    work, row, recipient = step.work, step.thing.row, step.thing.recipient
    recorded = step.data.get("recorded")
    authorization.require_acting_for(work, row.object_id, _acting_authority(step), recorded)
    said = {"reason": step.data.get("reason"), "recorded": recorded}
    if step.event in _ANSWERS and recipient is not None:
        recipient.state, recipient.answer = step.transition.target, seal(work, "answer", recipient.id, said)
        recipient.decided_by, recipient.decided_at = work.actor.id, work.now
        recipients.settle(work, row, answered=True)
    else:
        row.answer = seal(work, "answer", row.id, said)
        row.decided_by, row.decided_at = work.actor.id, work.now
        if step.event == "verify":
            recipients.verify(work, row)
        else:
            row.state = step.transition.target
    service.tell(work, row, step.event, recorded)


def _acting_authority(step: Step[EvidenceItem]) -> UUID:
    """Return the authority whose step it is."""
    row, recipient = step.thing.row, step.thing.recipient
    if step.transition.side is Side.PROVIDER:
        return row.provider_id
    if step.transition.side is Side.RECEIVER and recipient is not None:
        return recipient.authority_id
    return step.work.actor.authority_id


EVIDENCE: Final = Workflow[EvidenceItem](
    name="evidence",
    lifecycles=(EVIDENCE_LIFECYCLE,),
    find=_find,
    lock=_lock,
    views=_views,
    view=_view,
    row=lambda item: item.row,
    state=_state,
    standing=_standing,
    finish=_finish,
    wrong_side=authorization.OtherSide,
    recorded_by=Action.EVIDENCE_WRITE,
)
