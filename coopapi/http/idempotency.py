"""Idempotency keys: a request that is sent twice takes effect once. The key is stored in the transaction of the effect."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, ForeignKey, func, select
from sqlalchemy.orm import Mapped, mapped_column

from coopapi.access import Actor, Level
from coopapi.errors import BadRequest, CoopError, Forbidden, NotFound, Unprocessable
from coopapi.http.outcomes import ItemOutcome, Outcomes
from coopapi.http.transactions import tried_before
from coopapi.shared.grants import CaseAccess
from coopapi.store.db import Database, UnitOfWork, as_json
from coopapi.store.rows import Row, Versioned
from coopapi.store.statements import Statement

KEPT: Final = timedelta(days=7)
LONGEST: Final = 200
_CLAIM: Final = Statement("select priv.claim_key(:key, :fingerprint)")
_MADE: Final = Statement("select priv.note_made(:key, :fingerprint, cast(:made as jsonb))")
_FOUND: Final = Statement(
    "select fingerprint, made, created_at from idempotency_keys where principal_id = :principal and key = :key"
)
_FORGET: Final = Statement("select priv.forget_keys(:before, :most)")
_MOST_FORGOTTEN: Final = 10_000
_FREE: Final = Statement("delete from idempotency_keys where principal_id = :principal and key = :key")
Made = Versioned | Sequence[Versioned] | Outcomes


class IdempotencyKey(Row):
    """One key of one caller, with a fingerprint of the request and a reference to what it created."""

    __tablename__ = "idempotency_keys"

    principal_id: Mapped[UUID] = mapped_column(ForeignKey("principals.id"), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    authority_id: Mapped[UUID] = mapped_column()
    fingerprint: Mapped[bytes] = mapped_column()
    made: Mapped[dict[str, Any] | None] = mapped_column()
    created_at: Mapped[datetime] = mapped_column()

    @classmethod
    def visible_to(cls, actor: Actor, now: datetime) -> ColumnElement[bool]:
        """Return the condition for keys of the actor."""
        del now
        return cls.principal_id == actor.id


class KeyReused(Unprocessable):
    """The Idempotency-Key was already used for a different request.

    Use a new key for each new request. Send a key again only to repeat exactly the same request.
    """


def once(work: UnitOfWork, key: str, asked: bytes, effect: Callable[[], Made], case_id: UUID | None = None) -> Made:
    """Run the effect, or return what an earlier request with the same key created, as the caller may see it now.

    A simultaneous request with the same key waits until the first one commits. Raises `BadRequest` for a malformed key, `KeyReused`
    if the request differs, and `NotFound` or `Forbidden` if the caller may no longer see everything that was created. `case_id` is
    the case in the path, if there is one.
    """
    found = claim(work, key, asked)
    if found is not None:
        return _again(work, found.made, case_id)
    made = effect()
    work.session.flush()
    note_made(work, made)
    return made


def claim(work: UnitOfWork, key: str, asked: bytes) -> Any | None:
    """Have a key stored together with the next statement of the transaction, or return what is stored under it.

    If the key is stored already, the database says so and `KnownKey` is raised, so the request is tried again (`retried`). Only
    then it is looked for, because it is new to nearly every request. If it is being stored, this waits until that is committed.

    Raises `BadRequest` for a malformed key, and `KeyReused` if the key was used for a different request.
    """
    _require_readable(key)
    me = {"principal": work.actor.id, "key": key}
    fingerprint = work.keys.mac("idempotency", asked)
    found = _FOUND.first(work.session, **me) if tried_before() else None
    if found is not None and found.created_at < work.now - KEPT:
        _FREE.rows(work.session, **me)
    elif found is not None and bytes(found.fingerprint) != fingerprint:
        raise KeyReused
    elif found is not None:
        return found
    work.claimed.update(key=key, fingerprint=fingerprint)
    _CLAIM.later(work.session, **work.claimed)
    return None


def note_made(work: UnitOfWork, made: Made) -> None:
    """Have the reference to what was created stored under the key of the request, if it has one, together with the next statement.

    Call this before a statement that is the whole transaction. Otherwise `once` does it.
    """
    if work.claimed:
        _MADE.later(work.session, **work.claimed, made=as_json(_reference(made)))
        work.claimed.clear()


def forget(database: Database) -> bool:
    """Delete keys that are too old, in a transaction of the worker. Returns False if there were none."""
    with database.worker() as session:
        return bool(_FORGET.value(session, before=database.clock() - KEPT, most=_MOST_FORGOTTEN))


def _require_readable(key: str) -> None:
    if not (0 < len(key) <= LONGEST and key.isascii() and key.isprintable()):
        raise BadRequest(f"The Idempotency-Key must have 1 to {LONGEST} printable ASCII characters.")


def _again(work: UnitOfWork, made: Mapping[str, Any], case_id: UUID | None) -> Made:
    single = isinstance(made["ids"], str)
    ids = [UUID(row_id) for row_id in ([made["ids"]] if single else made["ids"])]
    rows = _rows(work, made["model"], ids)
    if rows.keys() != set(ids):
        raise _withheld(work, case_id)
    if "outcomes" in made:
        left = iter(ids)
        return Outcomes(
            ItemOutcome(outcome, problem=problem) if problem else ItemOutcome(outcome, rows[next(left)])
            for outcome, problem in made["outcomes"]
        )
    return rows[ids[0]] if single else [rows[row_id] for row_id in ids]


def _rows(work: UnitOfWork, name: str, ids: Sequence[UUID]) -> dict[UUID, Versioned]:
    """Return the rows of a model that the caller may see now, by their id."""
    if not ids:
        return {}
    model: type[Versioned] = next(m.class_ for m in Row.registry.mappers if _is_of(m.class_, name))
    return {row.id: row for row in work.session.scalars(work.all(model).where(model.id.in_(ids)))}


def _is_of(model: type[Any], stored: str) -> bool:
    """Tell whether a stored key refers to this model. Keys of version 0.1 contain the class name, which differs only in case."""
    return issubclass(model, Versioned) and model.__kind__ == stored.lower()


def _withheld(work: UnitOfWork, case_id: UUID | None) -> CoopError:
    """Return the error that a GET would raise: `Forbidden` if the caller sees the case but may not read it, else `NotFound`."""
    grants = select(func.max(CaseAccess.level)).where(CaseAccess.case_id == case_id, CaseAccess.live_for(work.actor, work.now))
    if case_id is not None and work.session.scalar(grants) == Level.INDEX:
        return Forbidden("This needs read access to the case.")
    return NotFound()


def _reference(made: Made) -> dict[str, Any]:
    if isinstance(made, Versioned):
        return {"model": made.__kind__, "ids": made.id}
    if isinstance(made, Outcomes):
        said = [(one.outcome, one.problem) for one in made]
        return {"model": made.rows[0].__kind__ if made.rows else "", "ids": [row.id for row in made.rows], "outcomes": said}
    return {"model": made[0].__kind__, "ids": [row.id for row in made]}
