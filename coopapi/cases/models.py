"""The tables of cases, their subjects and identifiers, and the links and keys of identifiers."""

from datetime import date, datetime
from typing import Any, ClassVar, Final
from uuid import UUID

from sqlalchemy import ColumnElement, ForeignKey, ForeignKeyConstraint, SmallInteger, UniqueConstraint, and_, select, true
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from coopapi.access import Action, Actor, Level
from coopapi.shared.grants import granted
from coopapi.shared.lifecycle import Lifecycle, Transition
from coopapi.store.rows import Row, Versioned, folded, own_id

CASE_LIFECYCLE: Final = Lifecycle(
    "registered",
    Transition("open", "registered", "open", by=Action.CASE_EDIT),
    Transition("close", "open", "closed", by=Action.CASE_EDIT, reason=True),
    Transition("reopen", "closed", "open", by=Action.CASE_EDIT, reason=True),
    Transition("transfer", "registered", "transferred", by=Action.CASE_EDIT, reason=True),
    Transition("transfer", "open", "transferred", by=Action.CASE_EDIT, reason=True),
    Transition("withdraw", "registered", "withdrawn", by=Action.CASE_EDIT, reason=True),
    Transition("withdraw", "open", "withdrawn", by=Action.CASE_EDIT, reason=True),
    Transition("withdraw", "closed", "withdrawn", by=Action.CASE_EDIT, reason=True),
    Transition("confirm_hidden", "hidden_pending", "registered", by=Action.CASE_EDIT, human=True),
    Transition("refuse_hidden", "hidden_pending", "registered", by=Action.CASE_EDIT, human=True),
    Transition("withdraw", "hidden_pending", "withdrawn", by=Action.CASE_EDIT, reason=True),
    also=("hidden_pending",),
)

IDENTIFIER_LIFECYCLE: Final = Lifecycle(
    "registered",
    Transition("withdraw", "registered", "withdrawn", by=Action.IDENTIFIER_WRITE, level=Level.CONTRIBUTE, reason=True),
)


class Case(Versioned):
    """An investigation, as registered by the authority that owns it.

    `just_opened`: the caller opened it in this transaction and named neither a handler nor a responsible authority, so it is shown
    without being read.
    """

    just_opened = False
    __kind__ = "case"
    __tablename__ = "cases"
    __table_args__ = (UniqueConstraint("authority_id", "reference_folded"), UniqueConstraint("id", "authority_id"))

    authority_id: Mapped[UUID] = mapped_column(ForeignKey("authorities.id"))
    reference: Mapped[str] = mapped_column()
    title: Mapped[str] = mapped_column()
    operation_name: Mapped[str | None] = mapped_column()
    case_type: Mapped[str] = mapped_column()
    crime_categories: Mapped[list[str]] = mapped_column()
    countries: Mapped[list[str]] = mapped_column()
    visibility: Mapped[str] = mapped_column()
    visibility_reason: Mapped[str | None] = mapped_column()
    desk: Mapped[str] = mapped_column(default="index")
    handling_code: Mapped[str] = mapped_column()
    handler_id: Mapped[UUID | None] = mapped_column(ForeignKey("principals.id"))
    eurojust_number: Mapped[str | None] = mapped_column()
    siena_reference: Mapped[str | None] = mapped_column()
    ecodex_id: Mapped[str | None] = mapped_column()
    external_id: Mapped[str | None] = mapped_column()
    state: Mapped[str] = mapped_column(default=CASE_LIFECYCLE.start)
    state_reason: Mapped[str | None] = mapped_column()
    created_at: Mapped[datetime] = mapped_column()
    updated_at: Mapped[datetime] = mapped_column()
    ended_at: Mapped[datetime | None] = mapped_column()
    reference_folded: Mapped[str] = folded("reference")

    @classmethod
    def visible_to(cls, actor: Actor, now: datetime) -> ColumnElement[bool]:
        """Return the condition for cases on which the actor has a grant that it can use now."""
        return granted(cls.id, Level.INDEX, actor, now)


class InCase:
    """Base class of rows that belong to a case and are visible to callers who may read the case."""

    __level__: ClassVar[Level] = Level.READ

    @declared_attr
    @classmethod
    def case_id(cls) -> Mapped[UUID]:
        """The case that the row belongs to."""
        return mapped_column(ForeignKey("cases.id"))

    @classmethod
    def visible_to(cls, actor: Actor, now: datetime) -> ColumnElement[bool]:
        """Return the condition for rows whose case the actor may access at the level `__level__`."""
        return granted(cls.case_id, cls.__level__, actor, now)


class CaseKey(InCase, Row):
    """The data key of a case, stored encrypted. Without it, no encrypted value of the case can be read again."""

    __tablename__ = "case_keys"

    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    wrapped: Mapped[bytes] = mapped_column()


class Subject(InCase, Versioned):
    """A person in the case, under a pseudonym and in one of the categories of people that the law requires (LED Art. 6)."""

    __kind__ = "subject"
    __tablename__ = "subjects"
    __table_args__ = (UniqueConstraint("case_id", "pseudonym_folded"), UniqueConstraint("id", "case_id"))

    pseudonym: Mapped[str] = mapped_column()
    category: Mapped[str] = mapped_column()
    age_status: Mapped[str] = mapped_column()
    external_id: Mapped[str | None] = mapped_column()
    created_at: Mapped[datetime] = mapped_column()
    pseudonym_folded: Mapped[str] = folded("pseudonym")


class Identifier(InCase, Versioned):
    """A value that may identify a person: encrypted, with its factual basis (LED Art. 7) and its handling code.

    `victim_version` counts the changes of its links to victims. Only cleared callers see these links, so only their ETag has it:
    `for_cleared` tells whether the caller is one. `known_more` is what `shown_beside` would read, if it is known
    already.
    """

    __kind__ = "identifier"
    __tablename__ = "identifiers"
    __table_args__ = (UniqueConstraint("case_id", "id"),)
    for_cleared = False
    known_more: ClassVar[Any] = None

    victim_version: Mapped[int] = mapped_column(default=0)
    kind: Mapped[str] = mapped_column()
    fingerprint: Mapped[bytes] = mapped_column()
    sealed: Mapped[bytes] = mapped_column()
    normaliser: Mapped[int] = mapped_column(SmallInteger)
    strength: Mapped[int] = mapped_column(SmallInteger)
    warnings: Mapped[list[str]] = mapped_column()
    basis: Mapped[str] = mapped_column()
    source_grading: Mapped[str | None] = mapped_column()
    information_grading: Mapped[str | None] = mapped_column()
    handling_code: Mapped[str] = mapped_column()
    exceptional_reason: Mapped[str | None] = mapped_column()
    exceptional_until: Mapped[datetime | None] = mapped_column()
    external_id: Mapped[str | None] = mapped_column()
    same_as: Mapped[UUID | None] = mapped_column(ForeignKey("identifiers.id", ondelete="SET NULL"))
    """The earlier identifier of the case that has the same value by rules of reading that came after both were registered."""
    created_at: Mapped[datetime] = mapped_column()
    created_by: Mapped[UUID] = mapped_column()
    withdrawn_at: Mapped[datetime | None] = mapped_column()
    withdrawal_reason: Mapped[str | None] = mapped_column()

    @property
    def state(self) -> str:
        """Return `registered`, or `withdrawn` if the identifier no longer takes part in matching."""
        return "withdrawn" if self.withdrawn_at else "registered"

    @property
    def etag(self) -> str:
        """Return the version as the caller may know of it."""
        return f"v{self.seen_version}"

    @property
    def seen_version(self) -> int:
        """The number of changes that the caller may know of."""
        return self.version + (self.victim_version if self.for_cleared else 0)


class IdentifierSubject(InCase, Row):
    """A person to whom an identifier belongs or belonged. Links to victims are visible with victim clearance only."""

    __tablename__ = "identifier_subjects"
    __table_args__ = (
        ForeignKeyConstraint(["case_id", "identifier_id"], ["identifiers.case_id", "identifiers.id"]),
        ForeignKeyConstraint(["subject_id", "case_id"], ["subjects.id", "subjects.case_id"]),
    )

    identifier_id: Mapped[UUID] = mapped_column(primary_key=True)
    subject_id: Mapped[UUID] = mapped_column(primary_key=True)
    case_id: Mapped[UUID] = mapped_column()
    since: Mapped[datetime | None] = mapped_column()
    basis: Mapped[str] = mapped_column()
    created_at: Mapped[datetime] = mapped_column()
    created_by: Mapped[UUID] = mapped_column()

    @classmethod
    def visible_to(cls, actor: Actor, now: datetime) -> ColumnElement[bool]:
        """Return the condition for links of cases that the actor may read, to victims only if it is cleared."""
        victim = select(Subject.id).where(Subject.id == cls.subject_id, Subject.category == "victim").exists()
        return and_(super().visible_to(actor, now), true() if actor.cleared else ~victim)


class SubjectCategory(InCase, Row):
    """One category that a subject has or had, with the time and the person who set it. The history is kept (LED Art. 6)."""

    __tablename__ = "subject_categories"
    __table_args__ = (ForeignKeyConstraint(["subject_id", "case_id"], ["subjects.id", "subjects.case_id"]),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=own_id)
    case_id: Mapped[UUID] = mapped_column()
    subject_id: Mapped[UUID] = mapped_column()
    category: Mapped[str] = mapped_column()
    since: Mapped[datetime] = mapped_column()
    set_by: Mapped[UUID] = mapped_column()


class Proceedings(InCase, Versioned):
    """How far the proceedings of a case came: one stage, when it was reached, with which result, by which procedure."""

    __kind__ = "proceedings"
    __tablename__ = "case_proceedings"

    authority_id: Mapped[UUID] = mapped_column(ForeignKey("authorities.id"))
    stage: Mapped[str] = mapped_column()
    result: Mapped[str] = mapped_column()
    procedure: Mapped[str | None] = mapped_column()
    reached_on: Mapped[date] = mapped_column()
    created_by: Mapped[UUID] = mapped_column(ForeignKey("principals.id"))
    created_at: Mapped[datetime] = mapped_column()
