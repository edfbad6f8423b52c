"""Cases that are shared with a team or a meeting: its participants get access for as long as they take part."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    ForeignKeyConstraint,
    Select,
    SmallInteger,
    UniqueConstraint,
    or_,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from coopapi.access import Action, Actor, Level
from coopapi.errors import Conflict, Forbidden, NotFound
from coopapi.shared.grants import answering, answers
from coopapi.shared.lifecycle import Lifecycle, Side, Transition
from coopapi.shared.parties import takes_part
from coopapi.shared.workflow import Effect, Standing, Workflow
from coopapi.store.db import UnitOfWork
from coopapi.store.rows import Versioned

T = TypeVar("T")
SHARE_LIFECYCLE: Final = Lifecycle("shared", Transition("end", "shared", "ended", by=Action.CASE_SHARE, side=Side.OWNER))


class SharedAlready(Conflict):
    """The case is already shared here.

    Use the share that `existing` names. To change the access level, end that share first and share the case again.
    """


class OwnersOnly(Forbidden):
    """Only the owner of a case, or the authority that is responsible for it, may end the sharing of that case.

    Ask one of them to end the sharing.
    """


class SharedCase(Versioned):
    """A case that its owner shares, or has shared, with a team or a meeting, and the level of access that it gives."""

    __kind__ = "sharedcase"
    __tablename__ = "shared_cases"
    __table_args__ = (
        ForeignKeyConstraint(["case_id", "owner_id"], ["cases.id", "cases.authority_id"]),
        UniqueConstraint("object_id", "case_id"),
    )

    object_id: Mapped[UUID] = mapped_column()
    case_id: Mapped[UUID] = mapped_column()
    owner_id: Mapped[UUID] = mapped_column()
    sharer_id: Mapped[UUID] = mapped_column(ForeignKey("authorities.id"))
    level: Mapped[int] = mapped_column(SmallInteger)
    shared_by: Mapped[UUID] = mapped_column()
    shared_at: Mapped[datetime] = mapped_column()
    ended_at: Mapped[datetime | None] = mapped_column()

    @property
    def state(self) -> str:
        """Return `shared` or `ended`."""
        return "ended" if self.ended_at else "shared"

    @classmethod
    def visible_to(cls, actor: Actor, now: datetime) -> ColumnElement[bool]:
        """Return the condition for shares that the actor sees: as a participant, or because it answers for the case."""
        return or_(takes_part(cls.object_id, actor, now), answering(cls.case_id, actor, now))


def offer(work: UnitOfWork, object_id: UUID, case_id: UUID, owner_id: UUID, level: Level) -> SharedCase:
    """Share a case that the caller's authority answers for, for the first time or again.

    Call `reshare` afterwards to give the access. Raises `SharedAlready` if the case is shared with this team or meeting now.
    """
    there = work.all(SharedCase).where(SharedCase.object_id == object_id, SharedCase.case_id == case_id).with_for_update()
    row = work.session.scalar(there)
    if row is None:
        row = SharedCase(object_id=object_id, case_id=case_id, owner_id=owner_id)
    elif row.ended_at is None:
        raise SharedAlready(existing=str(row.id))
    row.level, row.shared_by, row.sharer_id, row.shared_at, row.ended_at = (
        level,
        work.actor.id,
        work.actor.authority_id,
        work.now,
        None,
    )
    return work.add(row)


@dataclass(slots=True)
class CaseShare(Generic[T]):
    """A shared case together with the team or meeting that it is shared with."""

    thing: T
    row: SharedCase


def workflow(
    name: str,
    find: Callable[..., CaseShare[T]],
    lock: Callable[[UnitOfWork, CaseShare[T], int], CaseShare[T]],
    end: Effect[CaseShare[T]],
) -> Workflow[CaseShare[T]]:
    """Return the workflow for cases shared with one kind of object: the owner ends the sharing, and `end` carries it out."""
    return Workflow(
        name=name,
        lifecycles=(SHARE_LIFECYCLE,),
        find=find,
        lock=lock,
        row=lambda shared: shared.row,
        state=lambda _, shared: shared.row.state,
        standing=_standing,
        finish=end,
        wrong_side=OwnersOnly,
    )


def _standing(work: UnitOfWork, shared: CaseShare[Any]) -> Standing:
    return Standing.on(Side.OWNER) if answers(work, shared.row.case_id) else Standing()


def one_of(work: UnitOfWork, object_id: UUID, row_id: UUID) -> SharedCase:
    """Return one case that is or was shared with this team or meeting, or raise `NotFound`."""
    row = work.one(SharedCase, row_id)
    if row.object_id != object_id:
        raise NotFound
    return row


def with_thing(work: UnitOfWork, object_id: UUID) -> Select[SharedCase]:
    """Select the cases that are or were shared with a team or meeting."""
    return work.all(SharedCase).where(SharedCase.object_id == object_id)


def show(work: UnitOfWork, rows: Sequence[SharedCase]) -> list[dict[str, Any]]:
    """Return the fields that are shown of shared cases, including the level of access and whether they are still shared."""
    del work
    return [{**row.shown(), "level": Level(row.level).name.lower(), "state": row.state} for row in rows]


def reshare(work: UnitOfWork, object_id: UUID, reason: str) -> None:
    """Update the access to shared cases so that it matches who takes part in the team or meeting now, and until when."""
    work.session.flush()
    work.session.execute(text("select priv.reshare(:object, :reason)"), {"object": object_id, "reason": reason})


def end_shares(work: UnitOfWork, object_id: UUID, authority_id: UUID) -> None:
    """End all sharing by an authority that no longer takes part in the team or meeting."""
    work.session.flush()
    work.session.execute(text("select priv.end_shares(:object, :authority)"), {"object": object_id, "authority": authority_id})
