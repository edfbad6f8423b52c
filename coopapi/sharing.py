"""What the owner of a case gives to a shared thing: access for those who take part, while they do, and not a moment longer."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, ForeignKeyConstraint, SmallInteger, Text, UniqueConstraint, and_, bindparam, or_, text
from sqlalchemy.orm import Mapped, mapped_column

from coopapi.access import Actor, Level
from coopapi.db import Kept, Work
from coopapi.grants import granted
from coopapi.lifecycle import Side
from coopapi.parties import partied

_RESHARE = text("select priv.reshare(:object, :sides, :reason)").bindparams(bindparam("sides", type_=ARRAY(Text())))


class SharedCase(Kept):
    """A case that its owner shares with a team or a meeting, how far, and whether it still does."""

    __tablename__ = "shared_cases"
    __table_args__ = (
        ForeignKeyConstraint(["case_id", "owner_id"], ["cases.id", "cases.authority_id"]),
        UniqueConstraint("object_id", "case_id"),
    )

    object_id: Mapped[UUID] = mapped_column()
    case_id: Mapped[UUID] = mapped_column()
    owner_id: Mapped[UUID] = mapped_column()
    level: Mapped[int] = mapped_column(SmallInteger)
    shared_by: Mapped[UUID] = mapped_column()
    shared_at: Mapped[datetime] = mapped_column()
    ended_at: Mapped[datetime | None] = mapped_column()

    @classmethod
    def visible_to(cls, actor: Actor, now: datetime) -> ColumnElement[bool]:
        """Seen by those who take part in the thing, and by those of its owner who may read the case."""
        own = and_(cls.owner_id == actor.authority_id, granted(cls.case_id, Level.READ, actor, now))
        return or_(partied(cls.object_id, actor, now), own)


def reshare(work: Work, object_id: UUID, sides: Sequence[Side], reason: str) -> None:
    """Bring access to the shared cases in line with who takes part now on these sides, each until its own end."""
    work.session.flush()
    work.session.execute(_RESHARE, {"object": object_id, "sides": [str(side) for side in sides], "reason": reason})


def end_shares(work: Work, object_id: UUID, authority_id: UUID) -> None:
    """End what an authority shared with a thing in which it takes no part any more."""
    work.session.flush()
    work.session.execute(text("select priv.end_shares(:object, :authority)"), {"object": object_id, "authority": authority_id})
