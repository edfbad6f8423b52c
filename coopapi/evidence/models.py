"""Items of evidence, their words, their chain of custody, and the uses that are made of them (Budapest Art. 28, DOMAIN D16)."""

from datetime import date, datetime
from functools import partial
from typing import Final
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, ForeignKey, and_, or_, select
from sqlalchemy.orm import Mapped, mapped_column

from coopapi.access import Action, Actor, Level
from coopapi.db import Kept, Row
from coopapi.grants import granted
from coopapi.lifecycle import Lifecycle, Move, Side
from coopapi.parties import partied

_receiver = partial(Move, by=Action.EVIDENCE_USE, side=Side.RECEIVER, human=True)
_takes_back = partial(Move, by=Action.EVIDENCE_WRITE, side=Side.PROVIDER, reason=True)
_consents = partial(Move, by=Action.EVIDENCE_CONSENT, side=Side.PROVIDER, human=True)
_user = partial(Move, by=Action.EVIDENCE_USE, side=Side.ASKING, level=Level.CONTRIBUTE)

EVIDENCE_LIFE: Final = Lifecycle(
    "offered",
    _receiver("accept", "offered", "accepted"),
    _receiver("decline", "offered", "declined", reason=True),
    _takes_back("withdraw", "offered", "withdrawn"),
    _takes_back("recall", "accepted", "recalled"),
)
USE_LIFE: Final = Lifecycle(
    "consent_asked",
    _consents("consent", "consent_asked", "recorded"),
    _consents("deny", "consent_asked", "denied", reason=True),
    _user("withdraw", "consent_asked", "withdrawn", reason=True),
    _consents("revoke", "recorded", "revoked", reason=True),
)


class Evidence(Kept):
    """One item that a party of a shared thing gives to the others: what it is, never its content (D27).

    Without a digest it is a physical object.
    """

    __tablename__ = "evidence"

    object_id: Mapped[UUID] = mapped_column()
    object_type: Mapped[str] = mapped_column()
    item_id: Mapped[UUID | None] = mapped_column()
    provider_id: Mapped[UUID] = mapped_column(ForeignKey("authorities.id"))
    source_country: Mapped[str] = mapped_column()
    sha256: Mapped[str | None] = mapped_column()
    size: Mapped[int | None] = mapped_column(BigInteger)
    media_type: Mapped[str | None] = mapped_column()
    obtained_on: Mapped[date] = mapped_column()
    obtained_under: Mapped[str] = mapped_column()
    handling_code: Mapped[str] = mapped_column()
    conditions: Mapped[list[str]] = mapped_column()
    usable_until: Mapped[datetime | None] = mapped_column()
    terms: Mapped[bytes] = mapped_column()
    state: Mapped[str] = mapped_column()
    answer: Mapped[bytes | None] = mapped_column()
    decided_by: Mapped[UUID | None] = mapped_column(ForeignKey("principals.id"))
    decided_at: Mapped[datetime | None] = mapped_column()
    created_by: Mapped[UUID] = mapped_column(ForeignKey("principals.id"))
    created_at: Mapped[datetime] = mapped_column()

    @classmethod
    def visible_to(cls, actor: Actor, now: datetime) -> ColumnElement[bool]:
        """Seen by those who take part in the thing that it is shared through."""
        return partied(cls.object_id, actor, now)


class EvidenceText(Row):
    """The words about one item, sealed: title, description, tool, formalities, admissibility."""

    __tablename__ = "evidence_texts"

    evidence_id: Mapped[UUID] = mapped_column(ForeignKey("evidence.id"), primary_key=True)
    sealed: Mapped[bytes] = mapped_column()

    @classmethod
    def visible_to(cls, actor: Actor, now: datetime) -> ColumnElement[bool]:
        """Seen by the provider, and by the others while its conditions are accepted (D21)."""
        opened = or_(Evidence.state == "accepted", Evidence.provider_id == actor.authority_id)
        return select(Evidence.id).where(Evidence.id == cls.evidence_id, opened, Evidence.visible_to(actor, now)).exists()


class Custody(Kept):
    """One link of an item's chain of custody; it is added to, never changed (ISO/IEC 27037)."""

    __tablename__ = "custody"

    evidence_id: Mapped[UUID] = mapped_column(ForeignKey("evidence.id"))
    object_id: Mapped[UUID] = mapped_column()
    act: Mapped[str] = mapped_column()
    at: Mapped[datetime] = mapped_column()
    authority_id: Mapped[UUID] = mapped_column(ForeignKey("authorities.id"))
    sealed: Mapped[bytes] = mapped_column()
    principal_id: Mapped[UUID] = mapped_column(ForeignKey("principals.id"))
    recorded_at: Mapped[datetime] = mapped_column()

    @classmethod
    def visible_to(cls, actor: Actor, now: datetime) -> ColumnElement[bool]:
        """One's own acts are always there; the others' together with the words about the item."""
        opened = or_(Evidence.state == "accepted", Evidence.provider_id == actor.authority_id)
        told = select(Evidence.id).where(Evidence.id == cls.evidence_id, opened).exists()
        return and_(partied(cls.object_id, actor, now), or_(cls.authority_id == actor.authority_id, told))


class EvidenceUse(Kept):
    """The use of an item in one case: recorded, or asked for because the provider must consent."""

    __tablename__ = "evidence_uses"

    evidence_id: Mapped[UUID] = mapped_column(ForeignKey("evidence.id"))
    object_id: Mapped[UUID] = mapped_column()
    provider_id: Mapped[UUID] = mapped_column(ForeignKey("authorities.id"))
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"))
    authority_id: Mapped[UUID] = mapped_column(ForeignKey("authorities.id"))
    purpose: Mapped[str] = mapped_column()
    use_as: Mapped[str] = mapped_column()
    consent_needed: Mapped[bool] = mapped_column()
    state: Mapped[str] = mapped_column()
    sealed: Mapped[bytes] = mapped_column()
    answer: Mapped[bytes | None] = mapped_column()
    asked_by: Mapped[UUID] = mapped_column(ForeignKey("principals.id"))
    asked_at: Mapped[datetime] = mapped_column()
    decided_by: Mapped[UUID | None] = mapped_column(ForeignKey("principals.id"))
    decided_at: Mapped[datetime | None] = mapped_column()

    @classmethod
    def visible_to(cls, actor: Actor, now: datetime) -> ColumnElement[bool]:
        """Seen by those who may read its case, and by the provider, to whom it is an account (Budapest Art. 28(4))."""
        given = and_(cls.provider_id == actor.authority_id, partied(cls.object_id, actor, now))
        return or_(granted(cls.case_id, Level.READ, actor, now), given)
