"""Show deadlines with their articles and states, and with what of them was not compared with the official text."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from coopapi.deadlines import computation, rules
from coopapi.deadlines.models import Deadline, StatedTime
from coopapi.deadlines.rules import DeadlineRule
from coopapi.deadlines.service import reason_key, state
from coopapi.store import vault
from coopapi.store.db import UnitOfWork

Instruments = Callable[[UnitOfWork, Collection[UUID]], Mapping[UUID, str]]
"""Returns the instrument of each object with one of these ids that the caller sees."""
INSTRUMENTS: Final[dict[str, Instruments]] = {}
"""How the instruments of objects are found, by the type of the object. `features.py` fills it."""


def show(work: UnitOfWork, rows: Sequence[Deadline]) -> list[dict[str, Any]]:
    """Return deadlines with their articles and states."""
    named = [row.time_id for row in rows if row.time_id]
    doubted = work.all(StatedTime).where(StatedTime.id.in_(named), StatedTime.state == "contested")
    contested = {time.id for time in work.session.scalars(doubted)} if named else set()
    under = _instruments(work, rows)
    return [
        {
            **_show(row, rules.load()[row.rule], under.get(row.object_id, ""), work.now),
            "extensions": _extensions(work, row),
            "contested": row.time_id in contested,
        }
        for row in rows
    ]


def _instruments(work: UnitOfWork, rows: Sequence[Deadline]) -> Mapping[UUID, str]:
    """Return the instrument of each object with a deadline whose rule was not compared under every instrument."""
    found: dict[UUID, str] = {}
    for kind, instruments in INSTRUMENTS.items():
        ids = {row.object_id for row in rows if row.object_type == kind and rules.load()[row.rule].unchecked_under}
        found |= instruments(work, ids) if ids else {}
    return found


def _extensions(work: UnitOfWork, row: Deadline) -> list[dict[str, Any]]:
    """Return the extensions of a deadline with their decrypted reasons."""
    told = []
    for entry in row.extensions:
        sealed = entry.get("sealed")
        reason = vault.open_bytes(reason_key(work), bytes.fromhex(sealed), f"deadlines/{row.id}").decode() if sealed else None
        told.append({"at": entry["at"], "to": entry["to"], "reason": reason, "estimate": entry.get("estimate")})
    return told


def _show(row: Deadline, rule: DeadlineRule, instrument: str, now: datetime) -> dict[str, Any]:
    unchecked = rule.unchecked(instrument)
    return {
        **row.shown(),
        "article": rule.article,
        "titles": rule.titles,
        "nature": rule.nature,
        "verify": bool(unchecked),
        "unchecked": unchecked,
        "state": state(row, now),
        "zone": computation.zone_of(row.country),
        "calendar": "national law" if rule.national else computation.calendar_of(row.country) if rule.moves else "none",
        "moved_over_holidays": rule.moves,
    }
