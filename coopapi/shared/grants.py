"""Access to one case: the grants that its owner gives and withdraws, and the queries that evaluate them."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    ForeignKeyConstraint,
    Select,
    SmallInteger,
    and_,
    literal_column,
    or_,
    select,
)
from sqlalchemy.orm import InstrumentedAttribute, Mapped, mapped_column

from coopapi.access import Action, Actor, Level
from coopapi.shared.lifecycle import Awaited, Lifecycle, Side, Transition
from coopapi.store.db import UnitOfWork
from coopapi.store.rows import Versioned
from coopapi.store.statements import Statement
from coopapi.store.together import together

RESPONSIBLE: Final = "responsible"
"""The kind of a grant that makes its authority responsible for the case."""

_owner = partial(Transition, by=Action.CASE_SHARE, side=Side.OWNER, reason=True)
_named = partial(Transition, by=Action.CASE_ANSWER, side=Side.RECEIVER, human=True)

ACCESS_LIFECYCLE: Final = Lifecycle(
    "given",
    _owner("withdraw", "given", "withdrawn"),
    _named("accept", "named", "given", awaited=Awaited.NOW),
    _named("refuse", "named", "withdrawn", reason=True),
    _owner("withdraw", "named", "withdrawn"),
    also=("named",),
)


class CaseAccess(Versioned):
    """A grant of access to one case, for a whole authority or for one of its people, optionally with a start and an end."""

    __kind__ = "caseaccess"
    __tablename__ = "case_access"
    __table_args__ = (
        ForeignKeyConstraint(["case_id", "owner_id"], ["cases.id", "cases.authority_id"]),
        ForeignKeyConstraint(["principal_id", "authority_id"], ["principals.id", "principals.authority_id"]),
    )

    case_id: Mapped[UUID] = mapped_column()
    owner_id: Mapped[UUID] = mapped_column()
    authority_id: Mapped[UUID] = mapped_column(ForeignKey("authorities.id"))
    level: Mapped[int] = mapped_column(SmallInteger)
    principal_id: Mapped[UUID | None] = mapped_column()
    since: Mapped[datetime | None] = mapped_column()
    until: Mapped[datetime | None] = mapped_column()
    reason: Mapped[str] = mapped_column()
    granted_by: Mapped[UUID | None] = mapped_column()
    granted_at: Mapped[datetime] = mapped_column()
    withdrawn_at: Mapped[datetime | None] = mapped_column()
    withdrawn_by: Mapped[UUID | None] = mapped_column()
    withdrawal_reason: Mapped[str | None] = mapped_column()
    via_id: Mapped[UUID | None] = mapped_column()
    kept_out: Mapped[bool] = mapped_column(default=False)
    kind: Mapped[str] = mapped_column(default="access")

    @property
    def level_name(self) -> str:
        """Return the name of the access level, as it is written in the codelist."""
        return Level(self.level).name.lower()

    @property
    def state(self) -> str:
        """Return `given`, `withdrawn`, or `named` if the authority has not accepted to be responsible for the case yet."""
        if self.withdrawn_at:
            return "withdrawn"
        return "named" if self.kind == RESPONSIBLE and self.level == Level.INDEX else "given"

    @classmethod
    def visible_to(cls, actor: Actor, now: datetime) -> ColumnElement[bool]:
        """Return the condition for visible grants: the owner sees all of them, the receiving authority those that have started."""
        begun = or_(cls.since.is_(None), cls.since <= now)
        return or_(and_(cls.authority_id == actor.authority_id, begun), cls.owner_id == actor.authority_id)

    @classmethod
    def live_for(cls, actor: Actor, now: datetime) -> ColumnElement[bool]:
        """Return the condition for grants that the actor can use now: not withdrawn, started, and not ended."""
        return and_(
            cls.authority_id == actor.authority_id,
            or_(cls.principal_id.is_(None), cls.principal_id == actor.id),
            cls.withdrawn_at.is_(None),
            or_(cls.since.is_(None), cls.since <= now),
            or_(cls.until.is_(None), cls.until > now),
        )


_LEVELS: Final = Statement("select c.id, priv.level(c.id) as level from unnest(cast(:cases as uuid[])) c (id)")
_ANSWERS: Final = or_(CaseAccess.level == Level.OWN, and_(CaseAccess.level == Level.CONTRIBUTE, CaseAccess.kind == RESPONSIBLE))


def answering(
    case_id: InstrumentedAttribute[UUID] | InstrumentedAttribute[UUID | None], actor: Actor, now: datetime
) -> ColumnElement[bool]:
    """Return the condition for rows whose case the actor answers for: it owns the case or is responsible for it."""
    return _grant_on(case_id, actor, now).where(_ANSWERS).offset(literal_column("0")).exists()


def _grant_on(
    case_id: InstrumentedAttribute[UUID] | InstrumentedAttribute[UUID | None], actor: Actor, now: datetime
) -> Select[Any]:
    return select(CaseAccess.case_id).where(CaseAccess.case_id == case_id, CaseAccess.live_for(actor, now))


def granted(
    case_id: InstrumentedAttribute[UUID] | InstrumentedAttribute[UUID | None], level: Level, actor: Actor, now: datetime
) -> ColumnElement[bool]:
    """Return the condition for rows whose case the actor may access at this level or a higher one.

    Because of the offset, PostgreSQL looks the grant up for each row instead of reading all grants of the authority.
    """
    return _grant_on(case_id, actor, now).where(CaseAccess.level >= level).offset(literal_column("0")).exists()


@together
def _levels(work: UnitOfWork, case_ids: Sequence[UUID]) -> dict[UUID, Level | None]:
    return {case_id: Level(level) if level else None for case_id, level in _LEVELS.rows(work.session, cases=case_ids)}


def level_of(work: UnitOfWork, case_id: UUID | None) -> Level | None:
    """Return the caller's highest level of access to a case, or None if it has no access."""
    return None if case_id is None else _levels(work, case_id)


def reaches(work: UnitOfWork, case_id: UUID | None, level: Level) -> bool:
    """Tell whether the caller has at least this level of access to a case."""
    return (level_of(work, case_id) or 0) >= level


def answers(work: UnitOfWork, case_id: UUID) -> bool:
    """Tell whether the caller answers for a case: it owns the case, or is responsible for it and has accepted that."""
    return _answered_for(work, case_id)


@together
def _answered_for(work: UnitOfWork, case_ids: Sequence[UUID]) -> dict[UUID, bool]:
    query = select(CaseAccess.case_id).where(CaseAccess.case_id.in_(case_ids), CaseAccess.live_for(work.actor, work.now), _ANSWERS)
    found = set(work.session.scalars(query))
    return {case_id: case_id in found for case_id in case_ids}
