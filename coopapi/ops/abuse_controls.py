"""The operator's functions against guessing: quotas, honey values and daily figures."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Row, text

from coopapi.errors import NotFound, Unprocessable
from coopapi.identifiers import kinds
from coopapi.identifiers.keys import held
from coopapi.identifiers.kinds import Context, ImpossibleValue
from coopapi.ops.administration import operator
from coopapi.ops.reconciliation import UNLIMITED
from coopapi.store import quotas
from coopapi.store.db import Database

_PLANT = text("select priv.plant_honey(:id, :kind, cast(:tokens as bytea[]))")


def set_quota(database: Database, authority_id: UUID, figures: Sequence[int] | None, until: datetime | None, reason: str) -> None:
    """Set the quotas of one authority, or clear them without figures. Its auditors and administrators get an alarm."""
    with operator(database) as work:
        quotas.set_quota(work.session, authority_id, figures, until, reason)
        work.note("quota.set", object_type="authority", authority=str(authority_id), quotas=figures, until=until, reason=reason)


def plant(database: Database, kind: str, value: str, context: Context) -> UUID:
    """Add a honey value, which no real case contains, and return its id. Only its tokens are stored.

    Raises `Unprocessable` if the value cannot exist, or if it is a person, because match keys of persons also coincide by chance.
    """
    if kind == "person":
        raise Unprocessable("A person cannot be a honey value, because other persons may have the same match keys by chance.")
    try:
        read = held(database.keys, kinds.read(kind, value, context).keys)
    except ImpossibleValue as fault:
        raise Unprocessable(fault.detail) from None
    telling = [token for token, _, strength, _ in read if strength > 1] or [token for token, *_ in read]
    with operator(database) as work:
        made = work.new_id()
        work.session.execute(_PLANT, {"id": made, "kind": kind, "tokens": [f"\\x{token.hex()}" for token in telling]})
        work.note("honey.planted", object_type="honey", honey=str(made), kind=kind)
    return made


def planted(database: Database) -> Sequence[Row[tuple[UUID, str, datetime]]]:
    """Return id, kind and time of every honey value."""
    with operator(database) as work:
        return work.session.execute(text("select id, kind, added_at from priv.honey()")).all()


def remove(database: Database, honey_id: UUID) -> None:
    """Remove a honey value, or raise `NotFound`."""
    with operator(database) as work:
        if not work.session.scalar(text("select priv.remove_honey(:id)"), {"id": honey_id}):
            raise NotFound("There is no honey value with this id.")
        work.note("honey.removed", object_type="honey", honey=str(honey_id))


def write_figures(database: Database) -> int:
    """Write the figures of the days that have ended and raise their alarms. Returns how many figures were written."""
    with operator(database) as work:
        work.session.execute(UNLIMITED)
        found: int = work.session.scalar(text("select priv.write_figures()"))
        database.renew(work)
        work.note("figures.written", object_type="figures", count=found)
    return found
