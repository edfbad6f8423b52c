"""Exclusions: values, kinds or authorities that are not evidence for an overlap. They apply at once and can be withdrawn."""

from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from coopapi.access import Level
from coopapi.cases import service as cases
from coopapi.directory.models import Authority
from coopapi.errors import fault
from coopapi.identifiers.keys import listed_tokens
from coopapi.identifiers.kinds import ImpossibleValue
from coopapi.identifiers.registration import identifier_of
from coopapi.matching import engine
from coopapi.overlaps.models import EXCLUSION_LIFECYCLE, Exclusion
from coopapi.shared.lifecycle import Side
from coopapi.shared.workflow import Standing, Step, Workflow
from coopapi.store.db import UnitOfWork
from coopapi.unicode_text import NORMALISER_VERSION


def exclude(work: UnitOfWork, data: dict[str, Any]) -> Exclusion:
    """Exclude the value of an identifier, a kind of identifier, or everything that is shared with one authority."""
    value = data.pop("value", None)
    if data.get("other_id") and work.session.scalar(work.all(Authority).where(Authority.id == data["other_id"])) is None:
        raise fault("/other_id", "unknown", "There is no authority with this id.")
    if data.get("until") and data["until"] <= work.now:
        raise fault("/until", "order_of_time", "The time must be in the future.")
    listed = value if value and "kind" in value else None
    tokens = _listed_tokens(work, listed) if listed else _tokens(work, **value) if value else None
    row = work.add(
        Exclusion(
            authority_id=work.actor.authority_id,
            everywhere=work.actor.operator,
            tokens=tokens,
            identifier_id=value["identifier_id"] if value and not listed else None,
            listed=listed,
            normaliser=NORMALISER_VERSION if listed else None,
            created_by=work.actor.id,
            created_at=work.now,
            **data,
        )
    )
    engine.reconsider(work, row.id)
    what = "value" if value else "kind" if row.kind else "authority"
    work.note("exclusion.made", row, event=True, what=what, kind=row.kind)
    return row


def _listed_tokens(work: UnitOfWork, listed: dict[str, Any]) -> list[bytes]:
    """Return the tokens of a value that the operator lists without a case."""
    if not work.actor.operator:
        raise fault("/value/kind", "operator", "Only the operator lists a value. Name an identifier of your case.")
    try:
        return listed_tokens(work.keys, listed)
    except ImpossibleValue as wrong:
        raise fault("/value/value", wrong.rule, wrong.detail) from None


def _tokens(work: UnitOfWork, case_id: UUID, identifier_id: UUID) -> list[bytes]:
    cases.changeable(work, case_id, Level.CONTRIBUTE)
    identifier_of(work, case_id, identifier_id)
    tokens: list[bytes] | None = work.session.scalar(
        text("select priv.value_tokens(:case, :identifier)"), {"case": case_id, "identifier": identifier_id}
    )
    if tokens is None:
        detail = "Persons and withdrawn identifiers have no single value that can be excluded. Reject the overlap instead."
        raise fault("/value/identifier_id", "one_value", detail)
    return [bytes(token) for token in tokens]


def _standing(work: UnitOfWork, row: Exclusion) -> Standing:
    return Standing.on(Side.ANY) if row.authority_id == work.actor.authority_id else Standing()


def _withdraw(step: Step[Exclusion]) -> None:
    """Withdraw an exclusion. What it excluded counts as evidence again at once."""
    work, row = step.work, step.thing
    row.withdrawn_at, row.withdrawn_by = work.now, work.actor.id
    engine.reconsider(work, row.id)
    work.note("exclusion.withdrawn", row, event=True)


EXCLUSION: Final = Workflow[Exclusion](
    name="exclusion",
    other_states=("lapsed",),
    lifecycles=(EXCLUSION_LIFECYCLE,),
    find=lambda work, exclusion_id: work.one(Exclusion, exclusion_id),
    standing=_standing,
    finish=_withdraw,
)
