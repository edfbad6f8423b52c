"""Whether a timeline has changed for its reader since an earlier answer.

The answer rests on the acts that this reader sees, because every change of a case or a fact is one, and on which cases it reads. The
numbers of acts are assigned before the commit. A reader is therefore told of an act by the oldest transaction that was still running when
it last asked, and by the newer acts that it had seen already.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from coopapi.cases.views import CaseView
from coopapi.http.paging import open_cursor, seal_cursor
from coopapi.store.db import UnitOfWork, as_json
from coopapi.store.statements import Statement

_CHANGE: Final = Statement(
    "select * from priv.change_of_timeline(cast(:cases as uuid[]), cast(:xid as xid8), cast(:seen as bigint[]),"
    " cast(:since as timestamptz), cast(:recent as timestamptz))"
)
_LONGEST: Final = timedelta(minutes=10)
"""No transaction takes longer between the time of its acts and its commit."""
_MOST_SEEN: Final = 50
_FOR_EVER: Final = 1e12


@dataclass(frozen=True, slots=True)
class Change:
    """The counter of this answer, and whether there is anything new since the one that was sent."""

    counter: str
    changed: bool


def look(work: UnitOfWork, cases: Mapping[UUID, CaseView], since: str | None) -> Change:
    """Return the counter of now, and whether the timeline of these cases changed. Raises `BadCursor` for what is no counter."""
    place = f"change|{work.actor.authority_id}|{work.actor.id}|{work.actor.role}|{work.actor.cleared}"
    before = open_cursor(work, since, place) if since else None
    read = _digest(cases)
    asked = before or {"xid": None, "seen": [], "at": work.now.isoformat()}
    row = _CHANGE.one(
        work.session,
        cases=list(cases),
        xid=asked["xid"],
        seen=asked["seen"],
        since=datetime.fromisoformat(asked["at"]) - _LONGEST,
        recent=work.now - _LONGEST,
    )
    changed = row.changed or before is None or (before["epoch"], before["cases"]) != (row.epoch, read)
    if before and since and not changed:
        return Change(since, changed=False)
    return Change(_sealed(work, row, read, place), changed)


def _sealed(work: UnitOfWork, row: Any, read: str, place: str) -> str:
    seen: Sequence[int] = row.seen[:_MOST_SEEN]
    content = {"xid": row.certain, "seen": seen, "at": work.now.isoformat(), "epoch": row.epoch, "cases": read, "until": _FOR_EVER}
    return seal_cursor(work, content, place)


def _digest(cases: Mapping[UUID, CaseView]) -> str:
    return sha256(as_json(sorted((str(one), case["level"]) for one, case in cases.items())).encode()).hexdigest()
