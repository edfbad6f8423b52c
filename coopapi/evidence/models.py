"""Tables of evidence items, recipients, texts, custody and uses (Budapest Art. 28, Regulation (EU) 2023/969)."""

from datetime import date, datetime
from functools import partial
from typing import Final
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, ForeignKey, UniqueConstraint, and_, case, func, or_, select
from sqlalchemy.orm import Mapped, mapped_column

from coopapi.access import Action, Actor, Level
from coopapi.shared.grants import granted
from coopapi.shared.lifecycle import Awaited, Lifecycle, Side, Transition
from coopapi.shared.parties import takes_part
from coopapi.store import vault
from coopapi.store.rows import Row, Versioned

_receiver = partial(Transition, by=Action.EVIDENCE_USE, side=Side.RECEIVER, human=True)
_takes_back = partial(Transition, by=Action.EVIDENCE_WRITE, side=Side.PROVIDER, reason=True)
_consents = partial(Transition, by=Action.EVIDENCE_CONSENT, side=Side.PROVIDER, human=True)
_user = partial(Transition, by=Action.EVIDENCE_USE, side=Side.ASKING, level=Level.CONTRIBUTE)

_verifies = partial(Transition, by=Action.EVIDENCE_USE, side=Side.VERIFIER, human=True)

EVIDENCE_LIFECYCLE: Final = Lifecycle(
    "offered",
    _verifies("verify", "to_verify", "offered", awaited=Awaited.NOW),
    _verifies("reject", "to_verify", "rejected", reason=True),
    _receiver("accept", "offered", "accepted", awaited=Awaited.NOW),
    _receiver("decline", "offered", "declined", reason=True),
    _takes_back("withdraw", "to_verify", "withdrawn"),
    _takes_back("withdraw", "offered", "withdrawn"),
    _takes_back("recall", "accepted", "recalled"),
    derived=("to_verify",),
    parts="of_a_third_State",
)
"""The lifecycle of an item as one side sees it. Each receiver answers for itself; a withdrawal by the provider applies to all."""
USE_LIFECYCLE: Final = Lifecycle(
    "consent_asked",
    _consents("consent", "consent_asked", "recorded", awaited=Awaited.NOW),
    _consents("deny", "consent_asked", "denied", reason=True),
    _user("withdraw", "consent_asked", "withdrawn", reason=True),
    _consents("revoke", "recorded", "revoked", reason=True),
)

TEXTS: Final = ("title", "description", "tool", "formalities_requested", "formalities_observed", "admissibility_notes")

vault.register_readers(
    "evidence",
    Action.EVIDENCE_READ,
    terms=("handling", "conditions", "recorded"),
    sealed=TEXTS,
    custody=("tool", "standard", "note"),
    use=("reason",),
    answer=("reason", "conditions", "recorded"),
)


class Recipient(Versioned):
    """An authority to which an item is given, its answer, and when it received the item."""

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
        """Select the recipients in the shared objects that the actor takes part in."""
        return takes_part(cls.object_id, actor, now)

    @classmethod
    def own(cls, actor: Actor) -> ColumnElement[bool]:
        """Return the condition for the actor's own recipient row of an item."""
        return and_(cls.evidence_id == Evidence.id, cls.authority_id == actor.authority_id)


class Evidence(Versioned):
    """One item of evidence that a party gives to others. Only its metadata are stored, never its content.

    An item without a digest is a physical object. An item of a third State needs a verifier's release before the team sees it.
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
        """Tell whether a receiver has to accept conditions before it may read the text."""
        return bool(self.conditions) or self.handling_code == "H3"

    def over(self, now: datetime) -> bool:
        """Tell whether the text must not be read any more, even if it was not erased yet."""
        return self.erase_at is not None and self.erase_at <= now

    @classmethod
    def visible_to(cls, actor: Actor, now: datetime) -> ColumnElement[bool]:
        """Select the items of the actor: as provider or verifier, and after verification as a recipient."""
        verified = or_(cls.verifier_id.is_(None), cls.verified_at.is_not(None))
        exchanged = func.priv.may_have_evidence(cls.object_id, actor.authority_id)
        given = and_(verified, select(Recipient.id).where(Recipient.own(actor)).exists(), exchanged)
        near = or_(cls.provider_id == actor.authority_id, cls.created_by == actor.id, cls.verifier_id == actor.authority_id)
        return and_(takes_part(cls.object_id, actor, now), or_(near, given))

    @classmethod
    def standing(cls, actor: Actor) -> ColumnElement[str]:
        """Return the state as the actor's side sees it.

        A receiver sees its own answer. The other sides see `accepted` as soon as one receiver accepted.
        """
        own = select(Recipient.state).where(Recipient.own(actor)).scalar_subquery()
        taken = select(Recipient.id).where(Recipient.evidence_id == cls.id, Recipient.state == "accepted").exists()
        any_ = case((taken, "accepted"), else_="offered")
        mine = cls.provider_id == actor.authority_id
        return case((cls.state != "given", cls.state), (mine, any_), else_=func.coalesce(own, any_))

    @classmethod
    def opened(cls, actor: Actor) -> ColumnElement[bool]:
        """Return the condition that the actor may read the text: it gave the item, or accepted its conditions."""
        accepted = select(Recipient.id).where(Recipient.own(actor), Recipient.state == "accepted").exists()
        return or_(cls.provider_id == actor.authority_id, and_(cls.state == "given", accepted))


class EvidenceText(Row):
    """The encrypted text about one item: title, description, tool, formalities and admissibility."""

    __tablename__ = "evidence_texts"

    evidence_id: Mapped[UUID] = mapped_column(ForeignKey("evidence.id"), primary_key=True)
    sealed: Mapped[bytes] = mapped_column()

    @classmethod
    def visible_to(cls, actor: Actor, now: datetime) -> ColumnElement[bool]:
        """Select the texts that the actor may read or has to verify, until they have to be erased."""
        there = or_(Evidence.erase_at.is_(None), Evidence.erase_at > now)
        verifying = and_(Evidence.verifier_id == actor.authority_id, Evidence.state == "to_verify")
        open_ = and_(there, or_(Evidence.opened(actor), verifying), Evidence.visible_to(actor, now))
        return select(Evidence.id).where(Evidence.id == cls.evidence_id, open_).exists()


class Custody(Versioned):
    """One entry of an item's chain of custody. Entries are added, never changed (ISO/IEC 27037)."""

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
        """Select the actor's own entries, and those of others if the text about the item is open to the actor."""
        told = select(Evidence.id).where(Evidence.id == cls.evidence_id, Evidence.opened(actor)).exists()
        return and_(takes_part(cls.object_id, actor, now), or_(cls.authority_id == actor.authority_id, told))


class EvidenceUse(Versioned):
    """The use of an item in one case: recorded, or waiting for the provider's consent."""

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
        """Select the uses in cases that the actor may read, and the uses of items that its authority gave (Budapest Art. 28(4))."""
        given = and_(cls.provider_id == actor.authority_id, takes_part(cls.object_id, actor, now))
        return or_(granted(cls.case_id, Level.READ, actor, now), given)
