"""What waits, as queries: each kind of thing is a `Source`, and which of its states wait for whom follows from its lifecycle."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    DateTime,
    Select,
    SQLColumnExpression,
    Text,
    Uuid,
    and_,
    case,
    cast,
    literal,
    null,
    or_,
    true,
)
from sqlalchemy.orm import aliased

from coopapi.access import Actor
from coopapi.deadlines.service import due_of
from coopapi.shared.assignments import assigned
from coopapi.shared.lifecycle import Awaited, Lifecycle, Side, Transition
from coopapi.shared.parties import Party
from coopapi.shared.workflow import Workflow
from coopapi.store.db import UnitOfWork

Expression = SQLColumnExpression[Any]
Rows = Select[*tuple[Any, ...]]
"""A query of items, as `columns_of` gives their columns."""
Condition = Callable[[UnitOfWork], ColumnElement[bool]]
FIRST: Final = 2**63 - 1
"""The rank of everything but overlaps, which come last, the strongest of them first: no deadline runs for them."""
NO_TIME: Final = null().cast(DateTime(timezone=True))


@dataclass(frozen=True, slots=True)
class PageStart:
    """Where a page begins and how many rows it takes: the rank, id and case of the last overlap before it, if there is one."""

    count: int
    after: tuple[int, UUID, UUID] | None = None


def _always(_work: UnitOfWork) -> ColumnElement[bool]:
    return true()


def _one_arm(_work: UnitOfWork) -> Sequence[ColumnElement[bool]]:
    return (true(),)


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """One kind of thing that can wait for the caller.

    `ids` returns the parameters of the workflow for a row of `model`. `thing` is the id of the shared object whose parties act;
    without it, `sides` gives the condition under which the caller acts on each side, and the case is `case_id`, or the one through
    which the caller takes part in the object `shared`. `due` is when it is due; without it, that is
    the earliest running deadline of the caller's side. `lives` tells which rows have which lifecycle. `ready` tells what must hold
    besides the state for an event to be awaited, as the guards of the event demand. Each condition of `arms` is read by an index of
    its own, and one of them suffices. `filters` are the filters that only some kinds have.
    """

    workflow: Workflow[Any]
    model: type[Any]
    ids: Callable[[Any], dict[str, UUID]]
    since: Expression
    thing: Expression | None = None
    sides: Callable[[UnitOfWork], Mapping[Side, ColumnElement[bool]]] | None = None
    joined: Sequence[tuple[type[Any], ColumnElement[bool]]] = ()
    state: Callable[[UnitOfWork], Expression] | None = None
    item: Expression | None = None
    due: Expression | None = None
    soon: timedelta = timedelta(days=14)
    case_id: Expression | None = None
    shared: Expression | None = None
    lives: Mapping[Lifecycle, ColumnElement[bool]] = field(default_factory=dict)
    ready: Mapping[str, Condition] = field(default_factory=dict)
    where: Condition = _always
    arms: Callable[[UnitOfWork], Sequence[ColumnElement[bool]]] = _one_arm
    filters: Mapping[str, Callable[[Any], ColumnElement[bool]]] = field(default_factory=dict)
    path: str = ""
    """Where the thing is, if its workflow has no routes."""

    @property
    def type(self) -> str:
        """Return the name of this kind: that of its workflow."""
        return self.workflow.name

    @property
    def titles(self) -> list[str]:
        """Return every title that an item of this kind can have."""
        events = [step.event for life in self.workflow.lifecycles for step in life.transitions.values() if step.awaited]
        return [f"{self.type}.{event}" for event in dict.fromkeys(events)]

    def awaits(self, actor: Actor) -> list[tuple[Lifecycle, Transition]]:
        """Return the awaited steps that the caller's role includes, without those for people only if a machine calls."""
        return [
            (life, step)
            for life in self.workflow.lifecycles
            for step in life.transitions.values()
            if step.awaited and actor.may(step.by) and (actor.human or not step.human)
        ]

    def concerns(self, actor: Actor) -> bool:
        """Tell whether anything of this kind can wait for the caller's role."""
        return bool(self.awaits(actor))

    def rows(self, work: UnitOfWork, wanted: Mapping[str, Any], place: PageStart) -> list[Rows]:
        """Select what waits for the caller, as one query for each arm; none if nothing of this kind can wait for its role."""
        del place
        if not self.concerns(work.actor) or not self.offers(wanted):
            return []
        awaited = self.awaits(work.actor)
        query = work.all(self.model)
        for target, on in self.joined:
            query = query.join(target, on)
        case_id: Expression = self._case(work)
        side: Expression = null().cast(Text())
        if self.sides is None:
            part = aliased(Party)  # beside the parts that decide whether the thing is visible
            query = query.join(part, part.object_id == self.thing)
            query = query.where(part.visible_to(work.actor, work.now), part.acting_for(work.actor, work.now))
            case_id, side = part.case_id, part.side
        due = self._due(work, side)
        found = self._events(work, awaited, due, side)
        event = case(*((condition, name) for name, _, condition in found))
        if self.sides is not None:
            side = case(*((condition, str(on)) for _, on, condition in found))
        query = query.where(
            or_(*(condition for *_, condition in found)), self.where(work), *self.chosen(work, wanted, due, case_id)
        )
        columns = columns_of(self.type, self.model.id, case_id, side=side, event=event, since=self.since, due=due)
        return [query.where(arm).with_only_columns(*columns) for arm in self.arms(work)]

    def _events(
        self, work: UnitOfWork, awaited: Sequence[tuple[Lifecycle, Transition]], due: Expression, part: Expression
    ) -> list[tuple[str, Side, ColumnElement[bool]]]:
        """Return each awaited event with its side and the condition under which it is awaited."""
        state = self.state(work) if self.state else self.model.state
        acts = self.sides(work) if self.sides else {}
        states: dict[tuple[Lifecycle, str, Side, Awaited | None], list[str]] = {}
        for life, step in awaited:
            states.setdefault((life, step.event, step.side, step.awaited), []).append(step.source)
        found = []
        for (life, event, side, when), sources in states.items():
            here = acts[side] if self.sides else part == side
            near = due <= work.now + self.soon if when is Awaited.SOON else true()
            ready = self.ready[event](work) if event in self.ready else true()
            found.append((event, side, and_(state.in_(sources), here, self.lives.get(life, true()), near, ready)))
        return found

    def _due(self, work: UnitOfWork, side: Expression) -> Expression:
        if self.due is not None:
            return self.due
        return NO_TIME if self.thing is None else due_of(work, self.thing, side, self.item)

    def _case(self, work: UnitOfWork) -> Expression:
        if self.shared is not None:
            return own_case(work, self.shared)
        return null() if self.case_id is None else self.case_id

    def offers(self, wanted: Mapping[str, Any]) -> bool:
        """Tell whether this kind is asked for, and has every filter that is asked for."""
        special = {name for name in SPECIAL if name in wanted}
        return wanted.get("type", self.type) == self.type and special <= self.filters.keys()

    def chosen(
        self, work: UnitOfWork, wanted: Mapping[str, Any], due: Expression, case_id: Expression
    ) -> list[ColumnElement[bool]]:
        """Return the conditions of the filters."""
        found = [condition(wanted[name]) for name, condition in self.filters.items() if name in wanted]
        if "case_id" in wanted:
            found.append(case_id == wanted["case_id"])
        if "due_before" in wanted:
            found.append(due < wanted["due_before"])
        if wanted.get("overdue"):
            found.append(due < work.now)
        if "assignee" in wanted:
            found.append(assigned(work, self.type, self.model.id, wanted["assignee"]))
        return found


SPECIAL: Final = ("requesting_country", "executing_country", "measure", "urgency", "reference")
"""The filters that only some kinds have. If one of them is asked for, the other kinds have no items."""


def columns_of(kind: str, object_id: Expression, case_id: Expression, **more: Expression) -> list[Expression]:
    """Return the columns of one item, which are the same for every kind."""
    named: list[Any] = [more[name].label(name) for name in ("side", "event", "since", "due")]
    rank: Any = more.get("rank", literal(FIRST).cast(BigInteger())).label("rank")
    return [literal(kind).label("type"), object_id.label("id"), cast(case_id, Uuid()).label("case_id"), *named, rank]


def own_case(work: UnitOfWork, thing: Expression) -> Expression:
    """Return the case through which the caller takes part in a shared object, or null."""
    there = work.all(Party).with_only_columns(Party.case_id).where(Party.object_id == thing, Party.case_id.is_not(None))
    return there.order_by(Party.id).limit(1).scalar_subquery()
