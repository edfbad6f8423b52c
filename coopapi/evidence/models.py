"""Items of evidence, to whom they go, their words, chain of custody, and uses (Budapest Art. 28, Regulation (EU) 2023/969)."""

from datetime import date, datetime
from functools import partial
from typing import Final
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, ForeignKey, UniqueConstraint, and_, case, func, or_, select
from sqlalchemy.orm import Mapped, mapped_column

from coopapi.access import Action, Actor, Level
from coopapi.shared.grants import granted
from coopapi.shared.lifecycle import Lifecycle, Side, Transition
from coopapi.shared.parties import partied
from coopapi.store.db import Row, Versioned

_receiver = partial(Transition, by=Action.EVIDENCE_USE, side=Side.RECEIVER, human=True)
_takes_back = partial(Transition, by=Action.EVIDENCE_WRITE, side=Side.PROVIDER, reason=True)
_consents = partial(Transition, by=Action.EVIDENCE_CONSENT, side=Side.PROVIDER, human=True)
_user = partial(Transition, by=Action.EVIDENCE_USE, side=Side.ASKING, level=Level.CONTRIBUTE)

_verifies = partial(Transition, by=Action.EVIDENCE_USE, side=Side.VERIFIER, human=True)

EVIDENCE_LIFECYCLE: Final = Lifecycle(
    "offered",
    _verifies("verify", "to_verify", "offered"),
    _verifies("reject", "to_verify", "rejected", reason=True),
    _receiver("accept", "offered", "accepted"),
    _receiver("decline", "offered", "declined", reason=True),
    _takes_back("withdraw", "to_verify", "withdrawn"),
    _takes_back("withdraw", "offered", "withdrawn"),
    _takes_back("recall", "accepted", "recalled"),
    derived=("to_verify",),
    parts="of_a_third_State",
)
"""The life of an item as one side sees it: each receiver answers for itself, what the provider takes back is taken from all."""
USE_LIFECYCLE: Final = Lifecycle(
    "consent_asked",
    _consents("consent", "consent_asked", "recorded"),
    _consents("deny", "consent_asked", "denied", reason=True),
    _user("withdraw", "consent_asked", "withdrawn", reason=True),
    _consents("revoke", "recorded", "revoked", reason=True),
)


class Recipient(Versioned):
    """An authority to which an item is given, what it answered, and when it received it."""

    __kind__ = "recipient"
    __tablename__ = "evidence_recipients"
    __table_args__ = (UniqueConstraint("evidence_id", "authority_id"),)

    evidence_id: Mapped[UUID] = mapped_column(ForeignKey("evidence.id"))
    object_id: Mapped[UUID] = mapped_column()
    provider_id: Mapped[UUID] = mapped_column(ForeignKey("authorities.id"))
    authority_id: Mapped[UUID] = mapped_column(ForeignKey("authorities.id"))
    state: Mapped[str] = mapped_column()
    answer: Mapped[bytes | None] = mapped_column()
    decided_by: Mapped[UUID | None] = mapped_column(ForeignKey("principals.id"))
    decided_at: Mapped[datetime | None] = mapped_column()
    received_at: Mapped[datetime | None] = mapped_column()

    @classmethod
    def visible_to(cls, actor: Actor, now: datetime) -> ColumnElement[bool]:
        """Seen by those who take part in the thing that the item is shared through."""
        return partied(cls.object_id, actor, now)

    @classmethod
    def own(cls, actor: Actor) -> ColumnElement[bool]:
        """The actor's own among those of an item."""
        return and_(cls.evidence_id == Evidence.id, cls.authority_id == actor.authority_id)


class Evidence(Versioned):
    """One item that a party of a shared thing gives to others: what it is, never its content.

    Without a digest it is a physical object. Of a third State's item, a verifier says whether it may go to the team.
    """

    __kind__ = "evidence"
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
    terms: Mapped[bytes | None] = mapped_column()
    state: Mapped[str] = mapped_column()
    answer: Mapped[bytes | None] = mapped_column()
    decided_by: Mapped[UUID | None] = mapped_column(ForeignKey("principals.id"))
    decided_at: Mapped[datetime | None] = mapped_column()
    created_by: Mapped[UUID] = mapped_column(ForeignKey("principals.id"))
    created_at: Mapped[datetime] = mapped_column()
    verifier_id: Mapped[UUID | None] = mapped_column(ForeignKey("authorities.id"))
    verified_at: Mapped[datetime | None] = mapped_column()
    erase_at: Mapped[datetime | None] = mapped_column()

    @property
    def bound(self) -> bool:
        """Whether it is given on conditions, which a receiver accepts before it reads the words."""
        return bool(self.conditions) or self.handling_code == "H3"

    def over(self, now: datetime) -> bool:
        """Whether what is said in words about it is to be read no more, also where it was not erased yet."""
        return self.erase_at is not None and self.erase_at <= now

    @classmethod
    def visible_to(cls, actor: Actor, now: datetime) -> ColumnElement[bool]:
        """Seen by its provider, by whoever verifies it, and from then on by those to whom it is given."""
        verified = or_(cls.verifier_id.is_(None), cls.verified_at.is_not(None))
        exchanged = func.priv.exchanges(cls.object_id, actor.authority_id)
        given = and_(verified, select(Recipient.id).where(Recipient.own(actor)).exists(), exchanged)
        near = or_(cls.provider_id == actor.authority_id, cls.created_by == actor.id, cls.verifier_id == actor.authority_id)
        return and_(partied(cls.object_id, actor, now), or_(near, given))

    @classmethod
    def standing(cls, actor: Actor) -> ColumnElement[str]:
        """The state as the actor's side sees it: a receiver by its own answer, the others accepted as soon as one accepted."""
        own = select(Recipient.state).where(Recipient.own(actor)).scalar_subquery()
        taken = select(Recipient.id).where(Recipient.evidence_id == cls.id, Recipient.state == "accepted").exists()
        any_ = case((taken, "accepted"), else_="offered")
        mine = cls.provider_id == actor.authority_id
        return case((cls.state != "given", cls.state), (mine, any_), else_=func.coalesce(own, any_))

    @classmethod
    def opened(cls, actor: Actor) -> ColumnElement[bool]:
        """Whether the words are open to the actor: the provider's own, and what it accepted the conditions of."""
        accepted = select(Recipient.id).where(Recipient.own(actor), Recipient.state == "accepted").exists()
        return or_(cls.provider_id == actor.authority_id, and_(cls.state == "given", accepted))


class EvidenceText(Row):
    """The words about one item, sealed: title, description, tool, formalities, admissibility."""

    __tablename__ = "evidence_texts"

    evidence_id: Mapped[UUID] = mapped_column(ForeignKey("evidence.id"), primary_key=True)
    sealed: Mapped[bytes] = mapped_column()

    @classmethod
    def visible_to(cls, actor: Actor, now: datetime) -> ColumnElement[bool]:
        """Seen by those to whom the words are open and by whoever verifies them, until they are to be erased."""
        there = or_(Evidence.erase_at.is_(None), Evidence.erase_at > now)
        verifying = and_(Evidence.verifier_id == actor.authority_id, Evidence.state == "to_verify")
        open_ = and_(there, or_(Evidence.opened(actor), verifying), Evidence.visible_to(actor, now))
        return select(Evidence.id).where(Evidence.id == cls.evidence_id, open_).exists()


class Custody(Versioned):
    """One link of an item's chain of custody; it is added to, never changed (ISO/IEC 27037)."""

    __kind__ = "custody"
    __tablename__ = "custody"

    evidence_id: Mapped[UUID] = mapped_column(ForeignKey("evidence.id"))
    object_id: Mapped[UUID] = mapped_column()
    act: Mapped[str] = mapped_column()
    at: Mapped[datetime] = mapped_column()
    authority_id: Mapped[UUID] = mapped_column(ForeignKey("authorities.id"))
    sealed: Mapped[bytes | None] = mapped_column()
    principal_id: Mapped[UUID] = mapped_column(ForeignKey("principals.id"))
    recorded_at: Mapped[datetime] = mapped_column()

    @classmethod
    def visible_to(cls, actor: Actor, now: datetime) -> ColumnElement[bool]:
        """One's own acts are always there; the others' once the words about the item are open."""
        told = select(Evidence.id).where(Evidence.id == cls.evidence_id, Evidence.opened(actor)).exists()
        return and_(partied(cls.object_id, actor, now), or_(cls.authority_id == actor.authority_id, told))


class EvidenceUse(Versioned):
    """The use of an item in one case: recorded, or asked for because the provider must consent."""

    __kind__ = "evidenceuse"
    __tablename__ = "evidence_uses"

    evidence_id: Mapped[UUID] = mapped_column(ForeignKey("evidence.id"))
    object_id: Mapped[UUID] = mapped_column()
    provider_id: Mapped[UUID] = mapped_column(ForeignKey("authorities.id"))
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"))
    authority_id: Mapped[UUID] = mapped_column(ForeignKey("authorities.id"))
    purpose: Mapped[str] = mapped_column()
    use_as: Mapped[str] = mapped_column()
    consent_needed: Mapped[bool] = mapped_column()
    serious_threat: Mapped[bool] = mapped_column()
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
