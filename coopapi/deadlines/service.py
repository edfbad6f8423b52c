"""Start, meet, suspend, move and cancel deadlines when events happen, and list them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, SQLColumnExpression, and_, case, func, or_, select

from coopapi.deadlines import computation, rules
from coopapi.deadlines.models import Deadline
from coopapi.deadlines.rules import DeadlineRule
from coopapi.shared.lifecycle import Side
from coopapi.shared.parties import Party
from coopapi.store import vault
from coopapi.store.db import Database, UnitOfWork
from coopapi.store.putting_off import Batch
from coopapi.store.rows import matching
from coopapi.store.statements import Statement

_ESCALATE: Final = Statement("select priv.escalate(cast(:deadline as uuid))")


@dataclass(frozen=True, slots=True)
class Occasion:
    """An event of a shared object, with what the deadlines need to know of it.

    `sides` gives the authority and country of each side. `facts` are the values that rules refer to: measures, given dates and
    flags. `time_id` is the stated time of the event, if it is one of sending or receipt.
    """

    object_id: UUID
    object_type: str
    kind: str
    instrument: str
    urgency: str
    event: str
    at: datetime
    sides: Mapping[Side, tuple[UUID, str | None]]
    item_id: UUID | None = None
    items: Sequence[UUID] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    time_id: UUID | None = None


def happened(work: UnitOfWork, occasion: Occasion) -> None:
    """Apply an event: end, suspend, resume or move the open deadlines of the object, and start new ones."""
    query = select(Deadline).where(
        Deadline.object_id == occasion.object_id, Deadline.met_at.is_(None), Deadline.cancelled_at.is_(None)
    )
    restarted = set()
    for row in work.session.scalars(query):
        rule = rules.load()[row.rule]
        if occasion.event in rule.restarts_on:
            _restart(work, row, rule, occasion)
            restarted.add(rule.code)
        elif row.item_id in {None, occasion.item_id} or occasion.item_id is None:
            _touch(row, rule, occasion)
    for rule in rules.load().values():
        starts = occasion.event in rule.starts_on and rule.code not in restarted
        if starts and rule.fits(occasion.kind, occasion.instrument, occasion.urgency, occasion.facts):
            for item in _items(rule, occasion):
                _start(work, rule, occasion, item)
    work.session.flush()


def drop(work: UnitOfWork, object_id: UUID, authority_id: UUID) -> None:
    """Cancel the open deadlines of an authority that leaves a shared object."""
    running = select(Deadline).where(
        Deadline.object_id == object_id,
        Deadline.authority_id == authority_id,
        Deadline.met_at.is_(None),
        Deadline.cancelled_at.is_(None),
    )
    for row in work.session.scalars(running):
        row.cancelled_at = work.now


def escalate(database: Database, batch: Batch) -> None:
    """Tell those on duty of a deadline of which half, or four fifths, of the period is over. Only the worker does this."""
    with database.worker() as session:
        for deadline in batch.take(session):
            _ESCALATE.rows(session, deadline=deadline)


def _touch(row: Deadline, rule: DeadlineRule, occasion: Occasion) -> None:
    """Apply an event to one open deadline."""
    event, given = occasion.event, occasion.facts.get(rule.given or rule.or_later)
    if row.suspended_at is not None and event in rule.ends_on | rule.cancelled_on | rule.resumed_on:
        _resume(row, rule, row.suspended_at, occasion.at)
    if event in rule.ends_on:
        row.met_at, row.met_by = occasion.at, event
    elif event in rule.cancelled_on:
        row.cancelled_at = occasion.at
    elif event in rule.suspended_on and row.suspended_at is None:
        row.suspended_at = occasion.at
    elif event in rule.moved_on and given:
        row.due_at = max(given, row.due_at)
        row.extensions = [*row.extensions, {"at": occasion.at.isoformat(), "to": row.due_at.astimezone(UTC).isoformat()}]


def _restart(work: UnitOfWork, row: Deadline, rule: DeadlineRule, occasion: Occasion) -> None:
    """Let a deadline run from this event instead of the one that started it before."""
    moved_to(work, row, occasion.time_id, occasion.at, ends(rule, occasion.at, row.country))
    row.first_due_at, row.started_by = row.due_at, occasion.event


def moved_to(work: UnitOfWork, row: Deadline, time_id: UUID | None, start: datetime, due: datetime) -> None:
    """Let a deadline run from another time to another end, and remember from when to when it ran before."""
    told = {"at": work.now, "from_was": row.from_at, "due_was": row.due_at, "due": due}
    row.corrections = [*row.corrections, {name: moment.astimezone(UTC).isoformat() for name, moment in told.items()}]
    row.from_at, row.due_at, row.time_id = start, due, time_id


def _resume(row: Deadline, rule: DeadlineRule, suspended: datetime, again: datetime) -> None:
    """Resume a deadline with the time that was left. One that was overdue when it was suspended stays overdue."""
    row.suspended_at = None
    row.stood = [*row.stood, [suspended.astimezone(UTC).isoformat(), again.astimezone(UTC).isoformat()]]
    if row.due_at >= suspended:
        hours = rule.unit in {"hours", "given"}
        row.due_at = computation.resumed(row.due_at, (suspended, again), row.country, hours=hours, moves=rule.moves)


def _items(rule: DeadlineRule, occasion: Occasion) -> Sequence[UUID | None]:
    """Return for what the rule starts deadlines: each measure, the item of the event, or the whole object (None)."""
    if rule.per == "measure":
        return occasion.items
    return [occasion.item_id if rule.per == "item" else None]


def _start(work: UnitOfWork, rule: DeadlineRule, occasion: Occasion, item: UUID | None) -> None:
    owing = occasion.sides.get(Side(rule.owed_by))
    if owing is None:
        return
    authority, country = owing
    begins = occasion.facts[rule.counted_from] if rule.counted_from else occasion.at
    due = occasion.facts[rule.given] if rule.given else ends(rule, begins, country)
    due = max(due, occasion.facts.get(rule.or_later) or due)
    work.session.add(
        Deadline(
            object_id=occasion.object_id,
            object_type=occasion.object_type,
            item_id=item,
            rule=rule.code,
            owed_by=rule.owed_by,
            authority_id=authority,
            country=country,
            started_by=occasion.event,
            from_at=begins,
            due_at=due,
            first_due_at=due,
            extensions=[],
            counts_as_due=not rule.minimum and (rule.nature != "target" or occasion.facts["target_counts"]),
            time_id=occasion.time_id,
            rule_version=rules.version(),
        )
    )


def ends(rule: DeadlineRule, start: datetime, country: str | None, times: int = 0) -> datetime:
    """Return when a rule's period ends after so many extensions.

    Extensions in the same unit are added: thirty days and thirty more are sixty. An extension in another unit replaces the period.
    """
    length, unit = rule.length, rule.unit
    if times and rule.extension:
        same = rule.extension.unit == unit
        length, unit = (length if same else 0) + times * rule.extension.length, rule.extension.unit
    return computation.due(length, unit, start, country, moves=rule.moves, whole_hours=rule.lapses)


def state(row: Deadline, now: datetime, due_at: datetime | None = None) -> str:
    """Return the state: running, missed, suspended, met, met_late, cancelled, or lapsed if silence counts as an answer.

    A deadline that was missed before it was cancelled stays missed. A minimum period is met when it has passed, and missed when the
    event comes too early. With `due_at`, return the state that it would have with that end.
    """
    rule, end, due = rules.load()[row.rule], row.met_at or row.cancelled_at or now, due_at or row.due_at
    if rule.minimum and (end >= due or row.met_at):
        return "met" if end >= due else "missed"
    if row.met_at:
        return "met" if row.met_at <= due else "met_late"
    if row.suspended_at:
        return "suspended"
    if end > due:
        return "lapsed" if rule.lapses else "missed"
    return "cancelled" if row.cancelled_at else "running"


def _state(now: datetime) -> ColumnElement[str]:
    """Return the SQL expression of the same state."""
    end = func.coalesce(Deadline.met_at, Deadline.cancelled_at, now)
    minimum, lapses = (Deadline.rule.in_([r.code for r in rules.load().values() if getattr(r, w)]) for w in ("minimum", "lapses"))
    met, late = Deadline.met_at.is_not(None), end > Deadline.due_at
    return case(
        (minimum & (end >= Deadline.due_at), "met"),
        (minimum & met, "missed"),
        (met & late, "met_late"),
        (met, "met"),
        (Deadline.suspended_at.is_not(None), "suspended"),
        (late & lapses, "lapsed"),
        (late, "missed"),
        (Deadline.cancelled_at.is_not(None), "cancelled"),
        else_="running",
    )


def worklist(work: UnitOfWork, wanted: Mapping[str, Any]) -> Select[Deadline]:
    """Select the deadlines of everything that the caller takes part in, by authority, side, rule and state."""
    named = {"authority": Deadline.authority_id, "rule": Deadline.rule, "object_id": Deadline.object_id, "state": _state(work.now)}
    query = matching(work.all(Deadline), wanted, **named)
    if nature := wanted.get("nature"):
        query = query.where(Deadline.rule.in_([code for code, rule in rules.load().items() if rule.nature == nature]))
    if side := wanted.get("side"):
        own = work.all(Party).where(
            Party.object_id == Deadline.object_id, Party.side == Deadline.owed_by, Party.acting,
            Party.authority_id == work.actor.authority_id,
        )  # fmt: skip
        watched = func.priv.hosts_for(Deadline.object_id, Deadline.authority_id)
        mine = or_(
            Deadline.authority_id == work.actor.authority_id,
            and_(Deadline.object_type == "meeting", watched),
            and_(Deadline.object_type == "request", own.exists()),
        )
        query = query.where(mine if side == "mine" else ~mine)
    if wanted.get("overdue"):
        query = query.where(Deadline.running(), Deadline.due_at < work.now, _state(work.now) == "missed")
    if hours := wanted.get("within"):
        query = query.where(Deadline.running(), Deadline.due_at >= work.now, Deadline.due_at <= work.now + timedelta(hours=hours))
    return query


def due_of(
    work: UnitOfWork, thing: SQLColumnExpression[Any], side: SQLColumnExpression[Any], item: SQLColumnExpression[Any] | None = None
) -> SQLColumnExpression[Any]:
    """Return the earliest running deadline of the caller's side of a shared object, or of one item of it.

    A right that has lapsed is due no more.
    """
    mine = or_(Deadline.authority_id == work.actor.authority_id, and_(Deadline.object_type == "request", Deadline.owed_by == side))
    there = or_(Deadline.due_at > work.now, Deadline.rule.not_in(rules.lapsing()))
    query = select(func.min(Deadline.due_at)).where(
        Deadline.object_id == thing, Deadline.running(), mine, Deadline.counts_as_due, there
    )
    if item is not None:
        query = query.where(or_(Deadline.item_id.is_(None), Deadline.item_id == item))
    return query.scalar_subquery()


def reason_key(work: UnitOfWork) -> vault.SealKey:
    """Return the key that encrypts the reasons of extensions."""
    return vault.kind_key(work, "deadlines")
