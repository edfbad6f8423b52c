"""The workflow of a disclosure: the owner discloses, refuses, waits for authorisation or recalls; the asking side withdraws."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, bindparam, select, text

from coopapi.cases.models import Identifier
from coopapi.disclosures.models import DISCLOSURE_LIFECYCLE, DisclosedItem, Disclosure
from coopapi.disclosures.service import FourEyesOnDisclosure, tell
from coopapi.errors import Unprocessable, broken, fault
from coopapi.shared.grants import answers, level_of
from coopapi.shared.lifecycle import Side
from coopapi.shared.workflow import Standing, Step, Workflow
from coopapi.store.db import UnitOfWork

_OF_VICTIMS: Final = (
    text("select priv.of_victims_alone(:case, :identifiers) as id")
    .bindparams(bindparam("identifiers", type_=ARRAY(Uuid())))
    .columns(id=Uuid())
)


def _standing(work: UnitOfWork, row: Disclosure) -> Standing:
    """Return the caller's access level to the case of each side. On the owner's side act those who answer for the case."""
    own = level_of(work, row.owner_case) if answers(work, row.owner_case) else None
    levels = {Side.ASKING: level_of(work, row.asking_case), Side.OWNER: own}
    return Standing({side: level for side, level in levels.items() if level is not None})


def _require_four_eyes(step: Step[Disclosure]) -> None:
    if step.transition.side == Side.OWNER and step.thing.asked_by == step.work.actor.id:
        raise FourEyesOnDisclosure


def _refuse(step: Step[Disclosure]) -> None:
    if not step.data.get("ground"):
        raise fault("/ground", "required", "A refusal must name its ground.")


def _give(step: Step[Disclosure]) -> None:
    _disclose(step.work, step.thing, step.data)


def _items(work: UnitOfWork, data: Mapping[str, Any]) -> dict[UUID, Mapping[str, Any]]:
    """Return the items to disclose, by identifier.

    Raises `Unprocessable` if there are none, if one is named twice, or if the end is in the past.
    """
    items = data.get("items", ())
    wanted = {item["identifier_id"]: item for item in items}
    faults = []
    if not items:
        faults.append(broken("/items", "required", "List the items to disclose."))
    if len(wanted) < len(items):
        ids = [item["identifier_id"] for item in items]
        twice = [n for n, id_ in enumerate(ids) if id_ in ids[:n]]
        faults += [broken(f"/items/{n}/identifier_id", "distinct", "The item is listed twice.") for n in twice]
    if data.get("until") and data["until"] <= work.now:
        faults.append(broken("/until", "order_of_time", "The time must be in the future."))
    if faults:
        raise Unprocessable(errors=faults)
    return wanted


def _disclose(work: UnitOfWork, row: Disclosure, data: Mapping[str, Any]) -> None:
    """Add the disclosed items with their handling codes and conditions. Only named items are disclosed."""
    wanted = _items(work, data)
    query = select(Identifier).where(
        Identifier.visible_to(work.actor, work.now),
        Identifier.case_id == row.owner_case,
        Identifier.id.in_(wanted),
        Identifier.withdrawn_at.is_(None),
    )
    found = {identifier.id: identifier for identifier in work.session.scalars(query)}
    victims = set(work.session.scalars(_OF_VICTIMS, {"case": row.owner_case, "identifiers": list(found)}))
    faults = [
        broken(f"/items/{n}/identifier_id", "own_identifier", "Your case has no such identifier, or you are not cleared for it.")
        for n, id_ in enumerate(wanted)
        if id_ not in found or (id_ in victims and not work.actor.cleared)
    ]
    if faults:
        raise Unprocessable(errors=faults)
    row.until = data.get("until")
    for id_, item in wanted.items():
        code = item.get("handling_code", found[id_].handling_code)
        kept = {"identifier_id": id_, "handling_code": code, "conditions": item.get("conditions", "")}
        work.session.add(DisclosedItem(disclosure_id=row.id, victim=id_ in victims, **kept))


def _finish(step: Step[Disclosure]) -> None:
    work, row = step.work, step.thing
    row.state, row.reason = step.transition.target, step.data.get("reason")
    row.ground = step.data.get("ground") if step.event == "refuse" else None
    row.decided_by, row.decided_at = work.actor.id, work.now
    tell(work, row, step.event)


DISCLOSURE: Final = Workflow[Disclosure](
    name="disclosure",
    lifecycles=(DISCLOSURE_LIFECYCLE,),
    find=lambda work, disclosure_id: work.one(Disclosure, disclosure_id),
    standing=_standing,
    always=(_require_four_eyes,),
    effects={"refuse": _refuse, "disclose": _give, "disclose_in_part": _give},
    finish=_finish,
)
