"""Tables of requests for assistance, of their measures and transmissions, and of the messages about them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, ForeignKey, ForeignKeyConstraint, SmallInteger, UniqueConstraint, Uuid, and_, or_, select
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA
from sqlalchemy.orm import Mapped, mapped_column

from coopapi.access import Action, Actor
from coopapi.mla.lifecycles import BEFORE, KINDS, MEASURE_LIFECYCLE, RequestKind
from coopapi.shared.lifecycle import Side
from coopapi.shared.parties import PartOf, Party, SharedObject
from coopapi.store import vault
from coopapi.store.rows import folded

vault.register_readers(
    "request",
    Action.MLA_READ,
    content=(
        *("title", "offences", "facts", "link", "persons", "proceedings", "sentence", "stage", "necessity"),
        *("proportionality", "authorisation"),
        *("domestic_legal_basis", "urgency_reasons", "wanted_by", "confidentiality", "formalities", "officials_present"),
        *("legal_remedies", "contact", "investigating_authority", "court", "use_conditions", "conditions_text", "information"),
        *("translations", "attachments", "certification", "preservation", "order", "warrant", "extra"),
        *("urgency_grounds", "remedies_contact", "also_addressed_to", "assurances", "assurances_text"),
        # of measures
        *("description", "identifiers", "data_categories", "since", "until", "place_of_execution", "deadline", "duration_days"),
        *("questions", "details"),
        *("text", "proof", "legal_remedy"),  # of messages
    ),
)


class Request(SharedObject):
    """A request from one authority to another; both share one record. Its content is encrypted with a key of its own."""

    __kind__ = "request"
    __tablename__ = "mla_requests"
    __table_args__ = (
        UniqueConstraint("maker_id", "requesting_id", "reference_folded"),
        ForeignKeyConstraint(["case_id", "requesting_id"], ["cases.id", "cases.authority_id"]),
    )

    maker_id: Mapped[UUID] = mapped_column(ForeignKey("authorities.id"))
    reference: Mapped[str] = mapped_column()
    foreign_reference: Mapped[str | None] = mapped_column()
    kind: Mapped[str] = mapped_column()
    instrument: Mapped[str | None] = mapped_column()
    requesting_id: Mapped[UUID] = mapped_column(ForeignKey("authorities.id"))
    executing_id: Mapped[UUID | None] = mapped_column(ForeignKey("authorities.id"))
    executing_country: Mapped[str | None] = mapped_column()
    enforcing_id: Mapped[UUID | None] = mapped_column(ForeignKey("authorities.id"))
    case_id: Mapped[UUID | None] = mapped_column()
    overlap_id: Mapped[UUID | None] = mapped_column(ForeignKey("case_overlaps.id"))
    jit_id: Mapped[UUID | None] = mapped_column()
    previous_id: Mapped[UUID | None] = mapped_column(ForeignKey("mla_requests.id"))
    relation: Mapped[str | None] = mapped_column()
    state: Mapped[str] = mapped_column()
    urgency: Mapped[str] = mapped_column()
    emergency_ground: Mapped[str | None] = mapped_column()
    language: Mapped[str | None] = mapped_column()
    notices: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid()))
    grounds: Mapped[list[str]] = mapped_column()
    validated_by: Mapped[UUID | None] = mapped_column(ForeignKey("principals.id"))
    validated_at: Mapped[datetime | None] = mapped_column()
    validating_id: Mapped[UUID | None] = mapped_column(ForeignKey("authorities.id"))
    validated_as: Mapped[str | None] = mapped_column()
    transmitted_at: Mapped[datetime | None] = mapped_column()
    received_at: Mapped[datetime | None] = mapped_column()
    decided_at: Mapped[datetime | None] = mapped_column()
    until: Mapped[datetime | None] = mapped_column()
    path_countries: Mapped[list[str]] = mapped_column()
    reference_folded: Mapped[str] = folded("reference")

    requesting_country: Mapped[str | None] = mapped_column()
    channel: Mapped[str | None] = mapped_column()
    crime_categories: Mapped[list[str]] = mapped_column()
    data_categories: Mapped[list[str]] = mapped_column()
    measure_codes: Mapped[list[str]] = mapped_column()
    outcome: Mapped[str | None] = mapped_column()
    refusal_grounds: Mapped[list[str]] = mapped_column()
    validation: Mapped[str | None] = mapped_column()
    acknowledged_at: Mapped[datetime | None] = mapped_column()
    obtained_at: Mapped[datetime | None] = mapped_column()
    postponed_at: Mapped[datetime | None] = mapped_column()
    enforcement_at: Mapped[datetime | None] = mapped_column()
    """These twelve are for statistics. Only `statistical_codes` sets them."""

    @property
    def rules(self) -> RequestKind:
        """Return the rules that hold for requests of this kind."""
        return KINDS[self.kind]


class OfRequest(PartOf):
    """Base class of the rows that belong to a request."""

    __abstract__ = True
    __owner__ = Request
    __column__ = "request_id"

    request_id: Mapped[UUID] = mapped_column(ForeignKey("mla_requests.id"))


class Measure(OfRequest):
    """One measure that is requested, and its outcome."""

    __kind__ = "measure"
    __tablename__ = "mla_measures"

    place: Mapped[int] = mapped_column(SmallInteger)
    code: Mapped[str] = mapped_column()
    data_categories: Mapped[list[str]] = mapped_column()
    state: Mapped[str] = mapped_column(default=MEASURE_LIFECYCLE.start)
    sealed: Mapped[bytes] = mapped_column()
    tokens: Mapped[list[bytes]] = mapped_column(ARRAY(BYTEA))
    grounds: Mapped[list[str]] = mapped_column()
    outcome_reason: Mapped[str | None] = mapped_column()
    until: Mapped[datetime | None] = mapped_column()
    conditions: Mapped[list[str]] = mapped_column()
    started_at: Mapped[datetime | None] = mapped_column()
    ended_at: Mapped[datetime | None] = mapped_column()


class Transmission(OfRequest):
    """How a request was sent: by whom, through which channel, with which security (Budapest Art. 25(3))."""

    __kind__ = "transmission"
    __tablename__ = "mla_transmissions"

    from_id: Mapped[UUID] = mapped_column(ForeignKey("authorities.id"))
    to_id: Mapped[UUID] = mapped_column(ForeignKey("authorities.id"))
    at: Mapped[datetime] = mapped_column()
    sent_by: Mapped[UUID] = mapped_column()
    channel: Mapped[str] = mapped_column()
    security: Mapped[str] = mapped_column()
    receipt: Mapped[str | None] = mapped_column()
    formal_confirmation_due: Mapped[datetime | None] = mapped_column()


class Stage(OfRequest):
    """A state of a request, and since when it was in it. The stages before transmission are for the requesting side."""

    __kind__ = "stage"
    __tablename__ = "mla_stages"

    state: Mapped[str] = mapped_column()
    since: Mapped[datetime] = mapped_column()
    time_id: Mapped[UUID | None] = mapped_column(ForeignKey("stated_times.id"))

    @classmethod
    def visible_to(cls, actor: Actor, now: datetime) -> ColumnElement[bool]:
        """Select the stages of the requests that the actor sees; the drafting of a request only if it is on the requesting side."""
        asks = select(Party.id).where(
            Party.object_id == cls.request_id, Party.side == Side.REQUESTING, Party.visible_to(actor, now)
        )
        return and_(super().visible_to(actor, now), or_(cls.state.not_in(BEFORE), asks.exists()))


class Message(OfRequest):
    """One message: a question, an answer, or the text that accompanied a step. It may be recorded on behalf of the other side."""

    __kind__ = "message"
    __tablename__ = "mla_messages"

    measure_id: Mapped[UUID | None] = mapped_column(ForeignKey("mla_measures.id"))
    at: Mapped[datetime] = mapped_column()
    authority_id: Mapped[UUID] = mapped_column(ForeignKey("authorities.id"))
    side: Mapped[str] = mapped_column()
    act: Mapped[str] = mapped_column()
    reply_to: Mapped[UUID | None] = mapped_column(ForeignKey("mla_messages.id"))
    sealed: Mapped[bytes] = mapped_column()
    grounds: Mapped[list[str]] = mapped_column()
    recorded: Mapped[dict[str, Any] | None] = mapped_column()
    recorded_by: Mapped[UUID] = mapped_column(ForeignKey("authorities.id"))
    internal: Mapped[bool] = mapped_column()

    @classmethod
    def visible_to(cls, actor: Actor, now: datetime) -> ColumnElement[bool]:
        """Select the messages of the requests that the actor sees; internal messages only if the actor is on their side."""
        same_side = select(Party.id).where(Party.object_id == cls.request_id, Party.side == cls.side, Party.visible_to(actor, now))
        return and_(super().visible_to(actor, now), or_(cls.internal.is_(False), same_side.exists()))
