"""The workflow of a consultation on jurisdiction (Framework Decision 2009/948/JHA, Art. 5 to 12)."""

from typing import Final

from coopapi.directory.models import Authority
from coopapi.errors import fault
from coopapi.jurisdiction.lifecycles import CONSULTATION_LIFECYCLE
from coopapi.jurisdiction.models import Consultation, ConsultationPosition
from coopapi.jurisdiction.service import NoConsensusYet, NotConsulted, RepliedAlready, acting_position, positions, start_clock, tell
from coopapi.shared import parties
from coopapi.shared.lifecycle import Side
from coopapi.shared.recording import may_record_for
from coopapi.shared.workflow import Standing, Step, Workflow
from coopapi.store.db import UnitOfWork
from coopapi.store.vault import key_of, seal


def _standing(work: UnitOfWork, row: Consultation) -> Standing:
    """Return the caller's sides, and whether it may record the reply of a contacted authority outside this register."""
    own = parties.acting_sides(work, row.id)
    recorded = [Side.EXECUTING] if own and _absent(work, row) else []
    return Standing.on(*own, recorded=recorded)


def _waiting(work: UnitOfWork, row: Consultation) -> list[ConsultationPosition]:
    return [p for p in positions(work, row.id) if p.side == Side.EXECUTING and p.replied_at is None]


def _absent(work: UnitOfWork, row: Consultation) -> list[ConsultationPosition]:
    """Return the missing replies of authorities that do not use this register."""
    others = [p for p in _waiting(work, row) if p.authority_id != work.actor.authority_id]
    return [p for p in others if may_record_for(work, row.id, p.authority_id)]


def _require_person(step: Step[Consultation]) -> None:
    step.work.require_person()


def _require_reply_awaited(step: Step[Consultation]) -> None:
    own = any(p.authority_id == step.work.actor.authority_id for p in _waiting(step.work, step.thing))
    if not own and not _absent(step.work, step.thing):
        raise RepliedAlready


def _require_consensus(step: Step[Consultation]) -> None:
    prosecuting_country(step.work, step.thing)


def prosecuting_country(work: UnitOfWork, row: Consultation) -> str:
    """Return the State that prosecutes; raise `NoConsensusYet` unless the positions leave exactly one."""
    rows = positions(work, row.id)
    prosecuting = list({p.country for p in rows if p.position == "prosecute" and p.country})
    if len(prosecuting) != 1 or any(p.position == "undecided" for p in rows):
        raise NoConsensusYet(state=row.state, positions={str(p.country): p.position for p in rows})
    return prosecuting[0]


def _agree(step: Step[Consultation]) -> None:
    step.thing.prosecuting_country = prosecuting_country(step.work, step.thing)


def _refer(step: Step[Consultation]) -> None:
    """Give a desk read access.

    Eurojust facilitates and may give an opinion (Art. 12(2), Regulation 2018/1727 Art. 4(4)). Raises `Unprocessable` unless a desk
    is named.
    """
    desks = step.work.all(Authority).where(Authority.type == "eurojust_desk")
    found = step.work.session.scalar(desks.where(Authority.id == step.data.get("desk")))
    if found is None:
        raise fault("/desk", "eurojust_desk", "Name the desk at Eurojust that you ask.")
    parties.admit(step.work, step.thing.id, found.id, Side.PARTICIPANT, acting=False)


def _reply(step: Step[Consultation]) -> None:
    """Record the reply of one contacted authority (Art. 6 and 9). The last reply makes the consultation `replied`."""
    work, row, data = step.work, step.thing, step.data
    rows = [p for p in positions(work, row.id) if p.side == Side.EXECUTING]
    own = acting_position(work, row, data.get("recorded"), rows)
    if own.replied_at:
        raise RepliedAlready
    own.replied_at = own.updated_at = work.now
    if data.get("position"):
        own.position = data["position"]
    own.sealed = seal(key_of(work, row), {"reasons": data.get("reasons"), "recorded": data.get("recorded")}, own.id)
    work.session.flush()
    start_clock(work, row, "consultation.reply", own)


def _finish(step: Step[Consultation]) -> None:
    work, row = step.work, step.thing
    row.state, row.updated_at = step.transition.target, work.now
    if step.event == "reply" and not _waiting(work, row):
        row.state = "replied"
    if reason := step.data.get("reason"):
        row.reason = seal(key_of(work, row), {"reason": reason}, row.id)
    if step.event == "close":
        start_clock(work, row, "consultation.close")
    tell(work, row, step.event, country=row.prosecuting_country, recorded="recorded" in step.data)


CONSULTATION: Final = Workflow[Consultation](
    name="consultation",
    lifecycles=(CONSULTATION_LIFECYCLE,),
    find=lambda work, consultation_id: work.one(Consultation, consultation_id),
    standing=_standing,
    always=(_require_person,),
    guards={"reply": (_require_reply_awaited,), "agree": (_require_consensus,)},
    effects={"agree": _agree, "refer": _refer, "reply": _reply},
    finish=_finish,
    wrong_side=NotConsulted,
)
