"""The tables of facts, their links to subjects and identifiers, and their earlier states."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    ForeignKeyConstraint,
    SmallInteger,
    UniqueConstraint,
    and_,
    literal_column,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import InstrumentedAttribute, Mapped, mapped_column
from sqlalchemy.types import Uuid

from coopapi.access import Action, Actor, Level
from coopapi.cases.models import InCase
from coopapi.journal.models import tell_only_with
from coopapi.shared.lifecycle import Lifecycle, Transition
from coopapi.store import vault
from coopapi.store.rows import Row, Versioned

FACT_LIFECYCLE: Final = Lifecycle(
    "recorded",
    Transition("withdraw", "recorded", "withdrawn", by=Action.FACT_WRITE, level=Level.CONTRIBUTE, reason=True),
)
CONFIDENCES: Final = ("low", "medium", "high")

vault.register_readers("fact", Action.IDENTIFIER_CLEAR, words=("text", "source", "place"))


class _Told(InCase):
    """Base class of what a fact says. What is about victims is visible to cleared callers only."""

    kind: Mapped[str] = mapped_column()
    begins_at: Mapped[datetime | None] = mapped_column()
    ends_at: Mapped[datetime | None] = mapped_column()
    precision: Mapped[str | None] = mapped_column()
    utc_offset: Mapped[int | None] = mapped_column(SmallInteger)
    zone: Mapped[str | None] = mapped_column()
    country: Mapped[str | None] = mapped_column()
    basis: Mapped[str] = mapped_column()
    confidence: Mapped[str | None] = mapped_column()
    source_grading: Mapped[str | None] = mapped_column()
    information_grading: Mapped[str | None] = mapped_column()
    handling_code: Mapped[str] = mapped_column()
    words: Mapped[bytes | None] = mapped_column()
    """The text, the source and the place, sealed under the key of the case."""
    place_token: Mapped[bytes | None] = mapped_column()
    """A keyed digest of the place, for the search for facts of other cases at the same place. It is shown to nobody."""
    about_victim: Mapped[bool] = mapped_column()
    victims: Mapped[bool] = mapped_column()
    """Whether it is about a victim: `about_victim`, or because a subject is a victim, or an identifier that of victims alone."""
    external_id: Mapped[str | None] = mapped_column()

    @classmethod
    def visible_to(cls, actor: Actor, now: datetime) -> ColumnElement[bool]:
        """Return the condition for rows of cases that the actor may read, about victims only if it is cleared."""
        return and_(super().visible_to(actor, now), true() if actor.cleared else cls.victims.is_(False))


class Fact(_Told, Versioned):
    """Something that happened in the world, at a time that is known more or less precisely, or not at all."""

    __kind__ = "fact"
    __tablename__ = "facts"
    __table_args__ = (UniqueConstraint("case_id", "id"),)

    authority_id: Mapped[UUID] = mapped_column(ForeignKey("authorities.id"))
    recorded_by: Mapped[UUID] = mapped_column(ForeignKey("principals.id"))
    recorded_at: Mapped[datetime] = mapped_column()
    changed_by: Mapped[UUID] = mapped_column()
    changed_at: Mapped[datetime] = mapped_column()
    withdrawn_at: Mapped[datetime | None] = mapped_column()
    withdrawal_reason: Mapped[str | None] = mapped_column()

    @property
    def state(self) -> str:
        """Return `recorded` or `withdrawn`."""
        return "withdrawn" if self.withdrawn_at else "recorded"


def of_fact(
    object_id: InstrumentedAttribute[UUID] | InstrumentedAttribute[UUID | None], actor: Actor, now: datetime
) -> ColumnElement[bool]:
    """Return the condition for the ids of facts that the actor may see. Because of the offset, each is looked up by itself."""
    return select(Fact.id).where(Fact.id == object_id, Fact.visible_to(actor, now)).offset(literal_column("0")).exists()


tell_only_with(Fact.__kind__, of_fact)


class EarlierFact(_Told, Row):
    """An earlier state of a fact. It was known from `recorded_at` until it was corrected at `superseded_at`."""

    __tablename__ = "fact_history"
    __table_args__ = (ForeignKeyConstraint(["case_id", "fact_id"], ["facts.case_id", "facts.id"]),)

    fact_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[UUID] = mapped_column()
    subjects: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))
    identifiers: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))
    recorded_by: Mapped[UUID] = mapped_column()
    recorded_at: Mapped[datetime] = mapped_column()
    superseded_at: Mapped[datetime] = mapped_column()


class _Link(InCase):
    """Base class of links of facts. A link is visible to those who see the fact."""

    fact_id: Mapped[UUID] = mapped_column(primary_key=True)

    @classmethod
    def visible_to(cls, actor: Actor, now: datetime) -> ColumnElement[bool]:
        """Return the condition for links of facts that the actor may see."""
        return and_(super().visible_to(actor, now), of_fact(cls.fact_id, actor, now))


class FactSubject(_Link, Row):
    """A subject of the case who is involved in a fact."""

    __tablename__ = "fact_subjects"
    __table_args__ = (
        ForeignKeyConstraint(["case_id", "fact_id"], ["facts.case_id", "facts.id"]),
        ForeignKeyConstraint(["subject_id", "case_id"], ["subjects.id", "subjects.case_id"]),
    )

    subject_id: Mapped[UUID] = mapped_column(primary_key=True)
    case_id: Mapped[UUID] = mapped_column()


class FactIdentifier(_Link, Row):
    """An identifier of the case that is involved in a fact."""

    __tablename__ = "fact_identifiers"
    __table_args__ = (
        ForeignKeyConstraint(["case_id", "fact_id"], ["facts.case_id", "facts.id"]),
        ForeignKeyConstraint(["case_id", "identifier_id"], ["identifiers.case_id", "identifiers.id"]),
    )

    identifier_id: Mapped[UUID] = mapped_column(primary_key=True)
    case_id: Mapped[UUID] = mapped_column()


TOLD: Final = (
    "kind", "begins_at", "ends_at", "precision", "utc_offset", "zone", "country", "basis", "confidence", "source_grading",
    "information_grading", "handling_code", "about_victim", "external_id",
)  # fmt: skip
"""The columns that say what a fact is, in clear."""


def columns_told(row: Any) -> dict[str, Any]:
    """Return the columns of a fact that a correction can change, except the sealed ones."""
    return {name: getattr(row, name) for name in TOLD}
