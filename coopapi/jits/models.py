"""Tables of teams and of the people named in their agreements. The agreement is encrypted with a key of the team."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, ForeignKey, SmallInteger, UniqueConstraint, and_, case, select
from sqlalchemy.orm import InstrumentedAttribute, Mapped, mapped_column

from coopapi.access import Action, Actor
from coopapi.jits.lifecycles import AMENDMENT_LIFECYCLE, JIT_LIFECYCLE, QUESTIONS, STATEMENT_LIFECYCLE
from coopapi.shared.lifecycle import Side
from coopapi.shared.parties import PartOf, Party, SharedObject
from coopapi.store import vault
from coopapi.store.rows import folded

INSIDE: Final = (Side.NEGOTIATING, Side.MEMBER)
"""The sides on which States act; participants are not among them (Convention of 29 May 2000, Art. 13(12))."""

# participants see the text, but neither the people nor the amendments: `__seen_by__` of the rows
vault.register_readers(
    "jit",
    Action.JIT_READ,
    content=(
        *("purpose", "facts", "objectives", "clauses", "appendices", "further_terms"),  # the text
        *("office", "name", "security_id", "position", "terms", "contact"),  # leaders, members, participants, associates
        *("clause", "text", "platform", "leader", "role", "evidence", "states_of_operation"),  # amendments
        *QUESTIONS,  # evaluations
        "texts",  # public statements
    ),
    recorded=("recorded",),
    words=("reason",),
)


def inside(
    jit_id: InstrumentedAttribute[UUID] | InstrumentedAttribute[UUID | None], actor: Actor, now: datetime
) -> ColumnElement[bool]:
    """Return the condition for rows of a team that the States in it see, but participants do not."""
    part = select(Party.id).where(Party.object_id == jit_id, Party.side.in_(INSIDE), Party.visible_to(actor, now))
    return part.exists()


class Jit(SharedObject):
    """A joint investigation team. All its parties share one agreement."""

    __kind__ = "jit"
    __tablename__ = "jits"
    __table_args__ = (UniqueConstraint("maker_id", "reference_folded"),)

    maker_id: Mapped[UUID] = mapped_column(ForeignKey("authorities.id"))
    reference: Mapped[str] = mapped_column()
    legal_basis: Mapped[str] = mapped_column()
    operation_name: Mapped[str | None] = mapped_column()
    states_of_operation: Mapped[list[str]] = mapped_column()
    working_language: Mapped[str | None] = mapped_column()
    since: Mapped[datetime | None] = mapped_column()
    until: Mapped[datetime | None] = mapped_column()
    state: Mapped[str] = mapped_column(default=JIT_LIFECYCLE.start)
    administrator_id: Mapped[UUID | None] = mapped_column(ForeignKey("authorities.id"))
    end_reason: Mapped[str | None] = mapped_column()
    ended_at: Mapped[datetime | None] = mapped_column()
    words: Mapped[bytes | None] = mapped_column()
    reference_folded: Mapped[str] = folded("reference")

    def stands(self, now: datetime) -> str:
        """Return the state at this time: an active team whose period has passed is `ended`, even if no step ended it."""
        return "ended" if self.state == "active" and self.until is not None and self.until <= now else self.state

    @classmethod
    def standing(cls, now: datetime) -> ColumnElement[str]:
        """Return the SQL expression of the same state."""
        return case((and_(cls.state == "active", cls.until <= now), "ended"), else_=cls.state)


class OfJit(PartOf):
    """Base class of the rows that belong to a team."""

    __abstract__ = True
    __owner__ = Jit
    __column__ = "jit_id"

    jit_id: Mapped[UUID] = mapped_column(ForeignKey("jits.id"))


class JitParty(OfJit):
    """A State in the team, represented by one authority, with its leader."""

    __kind__ = "jitparty"
    __tablename__ = "jit_parties"

    authority_id: Mapped[UUID] = mapped_column(ForeignKey("authorities.id"))
    country: Mapped[str] = mapped_column()
    leader_id: Mapped[UUID | None] = mapped_column(ForeignKey("principals.id"))
    sealed: Mapped[bytes | None] = mapped_column()
    state: Mapped[str] = mapped_column(default="party")
    joined_at: Mapped[datetime] = mapped_column()
    left_at: Mapped[datetime | None] = mapped_column()


def belonging(jit_id: InstrumentedAttribute[UUID], actor: Actor, now: datetime) -> ColumnElement[bool]:
    """Return the condition for rows that the parties of a team see, but a State that is still to join does not."""
    own = select(JitParty.id).where(
        JitParty.jit_id == jit_id, JitParty.authority_id == actor.authority_id, JitParty.state == "party"
    )
    return and_(inside(jit_id, actor, now), own.exists())


class JitMember(OfJit):
    """A person who works in the team under a name or a security number; seconded if working outside the own State (Art. 13(4)).

    Only people who are members with their account have access to the team's cases, not others of their authority.
    """

    __kind__ = "jitmember"
    __tablename__ = "jit_members"
    __seen_by__ = staticmethod(belonging)

    authority_id: Mapped[UUID] = mapped_column(ForeignKey("authorities.id"))
    sealed: Mapped[bytes] = mapped_column()
    principal_id: Mapped[UUID | None] = mapped_column()
    seconded: Mapped[bool] = mapped_column()
    state: Mapped[str] = mapped_column(default="serving")
    since: Mapped[datetime] = mapped_column()
    until: Mapped[datetime | None] = mapped_column()


class JitParticipant(OfJit):
    """An organisation that takes part under the terms of an appendix and is never a member (Art. 13(12))."""

    __kind__ = "jitparticipant"
    __tablename__ = "jit_participants"

    authority_id: Mapped[UUID] = mapped_column(ForeignKey("authorities.id"))
    role: Mapped[str] = mapped_column()
    evidence: Mapped[bool] = mapped_column()
    sealed: Mapped[bytes] = mapped_column()
    state: Mapped[str] = mapped_column(default="serving")
    since: Mapped[datetime] = mapped_column()
    until: Mapped[datetime | None] = mapped_column()


class JitAssociate(OfJit):
    """An informal contact of the team: a name and contact details, without any access."""

    __kind__ = "jitassociate"
    __tablename__ = "jit_associates"
    __seen_by__ = staticmethod(belonging)

    sealed: Mapped[bytes] = mapped_column()
    state: Mapped[str] = mapped_column(default="serving")
    since: Mapped[datetime] = mapped_column()
    until: Mapped[datetime | None] = mapped_column()


def through(jit_id: UUID) -> ColumnElement[bool]:
    """Return the condition for the present parties of a team."""
    return and_(JitParty.jit_id == jit_id, JitParty.state == "party")


class JitSignature(OfJit):
    """One party's signature under the agreement, an amendment or the public statement. A change of the text voids it.

    Another party may record it for a State without users here: when, how and by which proof it is known.
    """

    __kind__ = "jitsignature"
    __tablename__ = "jit_signatures"

    subject_id: Mapped[UUID] = mapped_column()
    authority_id: Mapped[UUID] = mapped_column(ForeignKey("authorities.id"))
    principal_id: Mapped[UUID] = mapped_column(ForeignKey("principals.id"))
    text_sha256: Mapped[str] = mapped_column()
    signed_at: Mapped[datetime] = mapped_column()
    voided_at: Mapped[datetime | None] = mapped_column()
    recorded: Mapped[bytes | None] = mapped_column()


class JitAmendment(OfJit):
    """A change of the agreement. It takes effect when all parties, and a joining State, have signed."""

    __kind__ = "jitamendment"
    __tablename__ = "jit_amendments"
    __seen_by__ = staticmethod(inside)

    change: Mapped[str] = mapped_column()
    authority_id: Mapped[UUID | None] = mapped_column(ForeignKey("authorities.id"))
    until: Mapped[datetime | None] = mapped_column()
    sealed: Mapped[bytes] = mapped_column()
    words: Mapped[bytes | None] = mapped_column()
    recorded: Mapped[bytes | None] = mapped_column()
    state: Mapped[str] = mapped_column(default=AMENDMENT_LIFECYCLE.start)
    proposed_by: Mapped[UUID] = mapped_column(ForeignKey("authorities.id"))
    proposed_at: Mapped[datetime] = mapped_column()
    decided_at: Mapped[datetime | None] = mapped_column()

    @property
    def joining(self) -> UUID | None:
        """Return the authority that joins the team by this amendment, or None."""
        return self.authority_id if self.change == "join" else None


class JitEvaluation(OfJit):
    """The evaluation of a team by one State or by all jointly. A party may record that of a State without users here."""

    __kind__ = "jitevaluation"
    __tablename__ = "jit_evaluations"
    __seen_by__ = staticmethod(inside)
    __table_args__ = (UniqueConstraint("jit_id", "authority_id", postgresql_nulls_not_distinct=True),)

    authority_id: Mapped[UUID | None] = mapped_column(ForeignKey("authorities.id"))
    sealed: Mapped[bytes] = mapped_column()
    recorded: Mapped[bytes | None] = mapped_column()
    answered_by: Mapped[UUID] = mapped_column(ForeignKey("principals.id"))
    answered_at: Mapped[datetime] = mapped_column()


class JitStatement(OfJit):
    """The public statement about a team, which every party has to approve."""

    __kind__ = "jitstatement"
    __tablename__ = "jit_statements"
    __seen_by__ = staticmethod(inside)
    __table_args__ = (UniqueConstraint("jit_id"),)

    names_operation: Mapped[bool] = mapped_column()
    victims_checked: Mapped[bool] = mapped_column()
    no_ongoing_trial: Mapped[bool] = mapped_column()
    sealed: Mapped[bytes] = mapped_column()
    state: Mapped[str] = mapped_column(default=STATEMENT_LIFECYCLE.start)
    proposed_by: Mapped[UUID] = mapped_column(ForeignKey("authorities.id"))
    proposed_at: Mapped[datetime] = mapped_column()


class JitRelease(OfJit):
    """A published statement: the only data about a team that the public may read. Its id is not that of the team."""

    __kind__ = "jitrelease"
    __tablename__ = "jit_releases"
    __seen_by__ = staticmethod(inside)

    operation_name: Mapped[str | None] = mapped_column()
    countries: Mapped[list[str]] = mapped_column()
    year: Mapped[int] = mapped_column(SmallInteger)
    texts: Mapped[dict[str, Any]] = mapped_column()
    released_at: Mapped[datetime] = mapped_column()
    retracted_at: Mapped[datetime | None] = mapped_column()


OfTeam = JitParty | JitMember | JitParticipant | JitAssociate | JitAmendment | JitStatement
"""The rows of a team that have a state of their own."""
