"""Tables of consultations on who prosecutes, of the position of each State, and of proceedings that were transferred."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, ForeignKey, ForeignKeyConstraint, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from coopapi.access import Action, Actor
from coopapi.cases.models import InCase
from coopapi.jurisdiction.lifecycles import CONSULTATION_LIFECYCLE
from coopapi.shared.grants import answering
from coopapi.shared.parties import PartOf, SharedObject
from coopapi.store import vault
from coopapi.store.rows import Versioned

vault.register_readers("consultation", Action.MEETING_READ, content=("facts", "reason", "reasons", "recorded", "handed_over"))


class Consultation(SharedObject):
    """Contact between authorities that prosecute the same person for the same facts.

    Its content is encrypted with a key of its own.
    """

    __kind__ = "consultation"
    __tablename__ = "consultations"

    reference: Mapped[str] = mapped_column()
    contacting_id: Mapped[UUID] = mapped_column(ForeignKey("authorities.id"))
    overlap_id: Mapped[UUID | None] = mapped_column(ForeignKey("case_overlaps.id"))
    meeting_id: Mapped[UUID | None] = mapped_column()
    in_custody: Mapped[bool] = mapped_column()
    reply_by: Mapped[datetime | None] = mapped_column()
    state: Mapped[str] = mapped_column(default=CONSULTATION_LIFECYCLE.start)
    prosecuting_country: Mapped[str | None] = mapped_column()
    reason: Mapped[bytes | None] = mapped_column()


class OfConsultation(PartOf):
    """Base class of the rows that belong to a consultation."""

    __abstract__ = True
    __owner__ = Consultation
    __column__ = "consultation_id"

    consultation_id: Mapped[UUID] = mapped_column(ForeignKey("consultations.id"))


class ConsultationPosition(OfConsultation):
    """The position of one State: it prosecutes, transfers or ends its proceedings, or is undecided."""

    __kind__ = "consultationposition"
    __tablename__ = "consultation_positions"
    __table_args__ = (UniqueConstraint("consultation_id", "authority_id"),)

    authority_id: Mapped[UUID] = mapped_column(ForeignKey("authorities.id"))
    country: Mapped[str | None] = mapped_column()
    side: Mapped[str] = mapped_column()
    position: Mapped[str] = mapped_column(default="undecided")
    sealed: Mapped[bytes] = mapped_column()
    replied_at: Mapped[datetime | None] = mapped_column()
    updated_at: Mapped[datetime] = mapped_column()


class ProceedingsTransfer(OfConsultation):
    """Proceedings that one State transferred to another: from which case, to whom, when, and what was handed over."""

    __kind__ = "proceedingstransfer"
    __tablename__ = "proceedings_transfers"
    __table_args__ = (
        ForeignKeyConstraint(["from_case", "from_id"], ["cases.id", "cases.authority_id"]),
        ForeignKeyConstraint(["to_case", "to_id"], ["cases.id", "cases.authority_id"]),
    )

    from_case: Mapped[UUID] = mapped_column()
    from_id: Mapped[UUID] = mapped_column()
    to_id: Mapped[UUID] = mapped_column(ForeignKey("authorities.id"))
    to_case: Mapped[UUID | None] = mapped_column()
    transferred_on: Mapped[date] = mapped_column()
    sealed: Mapped[bytes] = mapped_column()
    created_by: Mapped[UUID] = mapped_column(ForeignKey("principals.id"))
    created_at: Mapped[datetime] = mapped_column()
    received_at: Mapped[datetime | None] = mapped_column()


class EurojustRecord(InCase, Versioned):
    """What an authority records of its duties towards Eurojust: a notification, an exemption, or a written opinion."""

    __kind__ = "eurojustrecord"
    __tablename__ = "eurojust_records"

    authority_id: Mapped[UUID] = mapped_column(ForeignKey("authorities.id"))
    kind: Mapped[str] = mapped_column()
    article: Mapped[str] = mapped_column()
    recorded_on: Mapped[date] = mapped_column()
    reference: Mapped[str | None] = mapped_column()
    team_id: Mapped[UUID | None] = mapped_column(ForeignKey("jits.id"))
    team_step: Mapped[str | None] = mapped_column()
    answer: Mapped[str | None] = mapped_column()
    ground: Mapped[str | None] = mapped_column()
    answered_on: Mapped[date | None] = mapped_column()
    created_by: Mapped[UUID] = mapped_column(ForeignKey("principals.id"))
    created_at: Mapped[datetime] = mapped_column()

    @classmethod
    def visible_to(cls, actor: Actor, now: datetime) -> ColumnElement[bool]:
        """Return the condition for records of cases for which the actor's authority answers."""
        return answering(cls.case_id, actor, now)
