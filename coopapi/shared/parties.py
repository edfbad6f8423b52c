"""The authorities that take part in a shared object, such as a request, a team or a meeting. Access follows from taking part."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, Final, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, ForeignKey, UniqueConstraint, and_, or_, select, text
from sqlalchemy.orm import InstrumentedAttribute, Mapped, mapped_column

from coopapi.access import Actor, Level
from coopapi.shared.grants import granted
from coopapi.shared.lifecycle import Side
from coopapi.store import vault
from coopapi.store.db import UnitOfWork
from coopapi.store.rows import Row, Versioned, own_id
from coopapi.store.statements import Statement
from coopapi.store.together import together

P = TypeVar("P", bound="PartOf")
S = TypeVar("S", bound="SharedObject")


class Party(Row):
    """The part that one authority has in a shared object: its side, its case, whether it may act or only read, and until when.

    If the part names a case, it counts for those people of the authority who may read that case. Otherwise it counts for all of
    them.
    """

    __tablename__ = "parties"
    __table_args__ = (UniqueConstraint("object_id", "authority_id", "side"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=own_id)
    object_id: Mapped[UUID] = mapped_column()
    authority_id: Mapped[UUID] = mapped_column(ForeignKey("authorities.id"))
    side: Mapped[str] = mapped_column()
    case_id: Mapped[UUID | None] = mapped_column(ForeignKey("cases.id"))
    acting: Mapped[bool] = mapped_column()
    since: Mapped[datetime] = mapped_column()
    until: Mapped[datetime | None] = mapped_column()

    @classmethod
    def visible_to(cls, actor: Actor, now: datetime) -> ColumnElement[bool]:
        """Return the condition for parts that the actor has itself. It does not see the parts of other authorities."""
        need_to_know = or_(cls.case_id.is_(None), granted(cls.case_id, Level.READ, actor, now))
        return and_(or_(cls.until.is_(None), cls.until > now), cls.authority_id == actor.authority_id, need_to_know)

    @classmethod
    def acting_for(cls, actor: Actor, now: datetime) -> ColumnElement[bool]:
        """Return the condition for parts in which the actor may act. A part that names a case needs contribute access to it."""
        near = or_(cls.case_id.is_(None), granted(cls.case_id, Level.CONTRIBUTE, actor, now))
        return and_(cls.acting, near)


def takes_part(
    object_id: InstrumentedAttribute[UUID] | InstrumentedAttribute[UUID | None], actor: Actor, now: datetime
) -> ColumnElement[bool]:
    """Return the condition for rows whose shared object the actor takes part in."""
    return select(Party.id).where(Party.object_id == object_id, Party.visible_to(actor, now)).exists()


class SharedObject(Versioned):
    """Base class of objects that several authorities share: those that take part in an object see it.

    Each object has a key of its own, stored encrypted in `wrapped`, which encrypts its content and that of its parts.
    """

    __abstract__ = True

    wrapped: Mapped[bytes] = mapped_column()
    sealed: Mapped[bytes] = mapped_column()
    created_by: Mapped[UUID] = mapped_column(ForeignKey("principals.id"))
    created_at: Mapped[datetime] = mapped_column()
    updated_at: Mapped[datetime] = mapped_column()

    @classmethod
    def visible_to(cls, actor: Actor, now: datetime) -> ColumnElement[bool]:
        """Return the condition for the objects that the actor takes part in."""
        return takes_part(cls.id, actor, now)


class PartOf(Versioned):
    """Base class of rows that belong to a shared object.

    All who see the object see them, unless `__seen_by__` returns a narrower condition.
    """

    __abstract__ = True
    __owner__: ClassVar[type[SharedObject]]
    __column__: ClassVar[str]
    """The kind of the object, and the column with its id."""
    __seen_by__: ClassVar[Callable[..., ColumnElement[bool]]] = staticmethod(takes_part)
    """Returns the condition for rows that an actor sees, from the column with the object's id."""

    @classmethod
    def visible_to(cls, actor: Actor, now: datetime) -> ColumnElement[bool]:
        """Return the condition for the rows of this kind that the actor sees."""
        return cls.__seen_by__(getattr(cls, cls.__column__), actor, now)


def new_object(work: UnitOfWork, model: type[S], object_id: UUID, content: Mapping[str, Any], **columns: Any) -> S:
    """Return a new shared object with a key of its own and its encrypted content. It is not added to the database yet."""
    wrapped, key = vault.new_key(work, model.__kind__, object_id)
    sealed = vault.seal(key, content, object_id)
    made = {"created_by": work.actor.id, "created_at": work.now, "updated_at": work.now}
    return model(id=object_id, wrapped=wrapped, sealed=sealed, **made, **columns)


def new_part(work: UnitOfWork, model: type[P], owner: SharedObject, content: Mapping[str, Any], **columns: Any) -> P:
    """Return a new row of a shared object with its encrypted content. It is not added to the database yet."""
    row_id = work.new_id()
    sealed = vault.seal(vault.key_of(work, owner), content, row_id)
    made = {"created_by": work.actor.id, "created_at": work.now} if hasattr(model, "created_by") else {}
    return model(**{"id": row_id, model.__column__: owner.id, "sealed": sealed, **made, **columns})


def owners_of(work: UnitOfWork, rows: Iterable[PartOf]) -> dict[UUID, Any]:
    """Return the shared objects to which these rows belong. Each is read only once."""
    named: dict[UUID, type[SharedObject]] = {getattr(row, row.__column__): row.__owner__ for row in rows}
    return {owner_id: work.one(kind, owner_id) for owner_id, kind in named.items()}


def with_texts(
    work: UnitOfWork, rows: Sequence[P], owners: Mapping[UUID, SharedObject] | None = None
) -> list[tuple[P, dict[str, Any]]]:
    """Return rows of shared objects, each with its decrypted content. `owners` are the objects, if they were read already."""
    there = owners_of(work, rows) if owners is None else owners
    keys = {owner_id: vault.key_of(work, owner) for owner_id, owner in there.items()}
    owned: list[tuple[Any, UUID]] = [(row, getattr(row, row.__column__)) for row in rows]
    return [(row, vault.unseal(keys[owner_id], row.sealed, row.id)) for row, owner_id in owned]


def tell(work: UnitOfWork, thing: SharedObject, act: str, **detail: Any) -> None:
    """Write what was done to the journal of every authority that takes part: only ids and figures, no text."""
    work.session.flush()
    work.note(f"{thing.__kind__}.{act}", thing, case_id=case_of(work, thing.id), parties=thing.id, event=True, **detail)


def in_case(work: UnitOfWork, object_id: InstrumentedAttribute[UUID], case_id: UUID) -> ColumnElement[bool]:
    """Return the condition for objects in which the caller takes part through this case."""
    return work.all(Party).where(Party.object_id == object_id, Party.case_id == case_id).exists()


@together
def _parts(work: UnitOfWork, object_ids: Sequence[UUID]) -> dict[UUID, list[tuple[Party, bool]]]:
    """Return the parts through which the caller sees shared objects, and whether it may act in each."""
    acts = Party.acting_for(work.actor, work.now)
    query = work.all(Party).add_columns(acts).where(Party.object_id.in_(object_ids))
    found: dict[UUID, list[tuple[Party, bool]]] = {object_id: [] for object_id in object_ids}
    for part, acting in work.session.execute(query.order_by(Party.id)):
        found[part.object_id].append((part, acting))
    return found


def parts(work: UnitOfWork, object_id: UUID) -> Sequence[Party]:
    """Return the parts through which the caller sees a shared object."""
    return [part for part, _ in _parts(work, object_id)]


def acting_parts(work: UnitOfWork, object_id: UUID) -> Sequence[Party]:
    """Return the parts in which the caller may act. A part that names a case needs contribute access to that case."""
    return [part for part, acting in _parts(work, object_id) if acting]


def sides(work: UnitOfWork, object_id: UUID) -> set[Side]:
    """Return the sides of a shared object on which the caller takes part."""
    return {Side(part.side) for part in parts(work, object_id)}


def acting_sides(work: UnitOfWork, object_id: UUID) -> list[Side]:
    """Return the sides of a shared object on which the caller may act, each once, the first one first."""
    return list(dict.fromkeys(Side(part.side) for part in acting_parts(work, object_id)))


def case_of(work: UnitOfWork, object_id: UUID) -> UUID | None:
    """Return the case through which the caller's authority takes part, or None."""
    return next((part.case_id for part in parts(work, object_id) if part.case_id), None)


def admit(  # noqa: PLR0913 (one part, all of it)
    work: UnitOfWork,
    object_id: UUID,
    authority_id: UUID,
    side: Side,
    *,
    case_id: UUID | None = None,
    acting: bool = True,
    until: datetime | None = None,
) -> None:
    """Give an authority a part in a shared object, or change or end the part that it has."""
    work.session.flush()
    part: dict[str, Any] = {"object": object_id, "authority": authority_id, "side": side, "case": case_id}
    work.session.execute(
        text("select priv.admit(:object, :authority, :side, :case, :acting, :until)"), {**part, "acting": acting, "until": until}
    )


def stop_acting(work: UnitOfWork, object_id: UUID, side: Side, *, keep: UUID | None = None, until: datetime | None = None) -> None:
    """Stop all authorities on one side from acting, except `keep`. If `until` is given, their parts also end then."""
    work.session.flush()
    gone = {"object": object_id, "side": side, "keep": keep, "until": until}
    work.session.execute(text("select priv.stop_acting(:object, :side, :keep, :until)"), gone)


_HAVE_USERS: Final = Statement("select a.id, priv.has_users(a.id) from unnest(cast(:ids as uuid[])) a (id)")


@together
def _have_users(work: UnitOfWork, authority_ids: Sequence[UUID]) -> dict[UUID, bool]:
    return dict(_HAVE_USERS.rows(work.session, ids=list(authority_ids)))


def has_users(work: UnitOfWork, authority_id: UUID) -> bool:
    """Tell whether the authority has users in this register. If it has none, the other side records its steps."""
    return _have_users(work, authority_id)
