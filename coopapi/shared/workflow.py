"""The one mechanism for steps. The same guards decide which steps are offered to a caller and whether a step may be taken."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from coopapi.access import Action, Level
from coopapi.errors import CoopError, Forbidden
from coopapi.shared.lifecycle import Lifecycle, Side, Transition
from coopapi.store.db import UnitOfWork
from coopapi.store.rows import Versioned

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Standing:
    """The sides on which a caller may act on an object.

    `own` maps each side on which the caller acts to its level of access there. `recorded` contains the sides that have no users in
    this register, so that the caller records their steps. `refusal` explains why the caller is on no side.
    """

    own: Mapping[Side, Level] = field(default_factory=dict)
    recorded: frozenset[Side] = frozenset()
    refusal: str | None = None

    @classmethod
    def on(cls, *sides: Side, recorded: Iterable[Side] = ()) -> "Standing":
        """Return the standing of a caller who acts with full access on these sides."""
        return cls(dict.fromkeys(sides, Level.OWN), frozenset(recorded))

    @property
    def acts(self) -> bool:
        """Tell whether the caller may change anything, and not only read."""
        return any(level >= Level.CONTRIBUTE for level in self.own.values())

    def level(self, side: Side) -> Level | None:
        """Return the caller's level of access on a side, or None if the caller is not on that side."""
        return max(self.own.values(), default=None) if side is Side.ANY else self.own.get(side)


@dataclass(slots=True)
class Step(Generic[T]):
    """One step on an object. `data` is the request body; it is empty while the system only checks whether the step is possible."""

    work: UnitOfWork
    thing: T
    transition: Transition
    standing: Standing
    data: Mapping[str, Any] = field(default_factory=dict)

    @property
    def event(self) -> str:
        """Return the name of the event."""
        return self.transition.event

    @property
    def is_recorded(self) -> bool:
        """Tell whether the caller records this step for a side that has no users in this register."""
        return self.standing.level(self.transition.side) is None


Guard = Callable[[Step[T]], None]
"""Raises the problem that prevents a step. A guard uses the object and the caller, but not the body, and changes nothing."""
Effect = Callable[[Step[T]], None]
"""Carries out what an event does besides changing the state. Raises `Unprocessable` with a pointer if the body is at fault."""


def no_details(_work: UnitOfWork, _thing: Any, _standing: Standing) -> dict[str, Any]:
    """Add nothing to the list of steps."""
    return {}


def the_row(thing: Any) -> Any:
    """Return the object itself, for workflows in which it is the row that a step changes."""
    return thing


def the_only_view(_work: UnitOfWork, thing: Any) -> Sequence[Any]:
    """Return only the object as the caller's own side sees it."""
    return (thing,)


def the_view(_work: UnitOfWork, thing: Any, _data: Mapping[str, Any]) -> Any:
    """Return the object unchanged, whatever the body contains."""
    return thing


def lock_row(work: UnitOfWork, row: Any, version: int) -> Any:
    """Read a row again and lock it against other writers. Raises `Stale` if its version is not the expected one."""
    return work.one(type(row), row.id, version=version, lock=True)


def state_of(_work: UnitOfWork, thing: Any) -> str:
    """Return the state that is stored in the row."""
    state: str = thing.state
    return state


@dataclass(frozen=True, kw_only=True)
class Workflow(Generic[T]):
    """The rules by which one kind of object moves through its lifecycle.

    `find` reads the object and raises `NotFound` if the caller does not see it. `lock` reads it again, locks it, and raises `Stale`
    if the version is not the expected one. `standing` tells on which sides the caller acts. `guards` can prevent one event,
    `always` can prevent every event, `effects` carry out one event, and `finish` sets the state, writes the journal and updates
    deadlines.

    A caller on another side gets `wrong_side`. `row` and `state` are given if the object is more than its row. `recorded_by` is the
    action that a caller needs to record a step for another side. If several authorities each have a state of their own, `views`
    returns the views in which the caller may act, its own first, and `view` chooses the one that the body names.
    `other_states` are the states to which no step leads.
    """

    name: str
    lifecycles: tuple[Lifecycle, ...]
    find: Callable[..., T]
    standing: Callable[[UnitOfWork, T], Standing]
    finish: Effect[T]
    lock: Callable[[UnitOfWork, T, int], T] = lock_row
    views: Callable[[UnitOfWork, T], Sequence[T]] = the_only_view
    view: Callable[[UnitOfWork, T, Mapping[str, Any]], T] = the_view
    row: Callable[[T], Any] = the_row
    state: Callable[[UnitOfWork, T], str] = state_of
    lifecycle: Callable[[T], Lifecycle] | None = None
    guards: Mapping[str, Sequence[Guard[T]]] = field(default_factory=dict)
    always: Sequence[Guard[T]] = ()
    effects: Mapping[str, Effect[T]] = field(default_factory=dict)
    wrong_side: type[Forbidden] = Forbidden
    recorded_by: Action | None = None
    details: Callable[[UnitOfWork, T, Standing], dict[str, Any]] = no_details
    other_states: tuple[str, ...] = ()

    @property
    def events(self) -> tuple[str, ...]:
        """Return every event of the lifecycles of this kind, once."""
        return tuple(dict.fromkeys(event for lifecycle in self.lifecycles for event in lifecycle.events))

    @property
    def steps(self) -> dict[str, set[Action]]:
        """Return for each event the actions of which a caller needs one."""
        found: dict[str, set[Action]] = {event: set() for event in self.events}
        for life in self.lifecycles:
            for transition in life.transitions.values():
                found[transition.event].add(transition.by)
        return found

    @property
    def states(self) -> tuple[str, ...]:
        """Every state that an object of this kind can have."""
        return tuple(dict.fromkeys((*(state for life in self.lifecycles for state in life.states), *self.other_states)))

    def options(self, work: UnitOfWork, **ids: Any) -> dict[str, Any]:
        """Return the state, the steps that the caller may take now, and the steps of its side and role that something prevents."""
        thing = self.find(work, **ids)
        allowed: dict[str, dict[str, Any]] = {}
        blocked: dict[str, dict[str, Any]] = {}
        standings = [(view, self.standing(work, view)) for view in self.views(work, thing)]
        for view, standing in standings:
            for transition in self._lifecycle(view).leaving(self.state(work, view)):
                step = Step(work, view, transition, standing)
                if self._refusal(step):
                    continue
                if problem := self._prevented(step):
                    blocked[step.event] = {"event": step.event, "detail": problem.explained}
                else:
                    allowed[step.event] = transition.to_dict()
        return {
            "state": self.state(work, thing),
            "allowed": list(allowed.values()),
            "blocked": [one for event, one in blocked.items() if event not in allowed],
            "etag": self.row(thing).etag,
            **self.details(work, thing, standings[0][1]),
        }

    def take(self, work: UnitOfWork, version: int, data: Mapping[str, Any], **ids: Any) -> Versioned:
        """Take one step and return the row that changed.

        Raises `NotFound`; `Stale`; `IllegalMove` if the state does not allow the event; `Forbidden` if the caller's side, role or
        level of access does not allow it; any problem that a guard raises; `ReasonNeeded`; and `Unprocessable` for a fault in the
        body.
        """
        thing = self.find(work, **ids)
        if self.standing(work, thing).acts:
            thing = self.lock(work, thing, version)
        step = self.step(work, self.view(work, thing, data), data)
        if step.event in self.effects:
            self.effects[step.event](step)
        self.finish(step)
        row: Versioned = self.row(step.thing)
        return row

    def step(self, work: UnitOfWork, view: T, data: Mapping[str, Any]) -> Step[T]:
        """Return a step that the caller may take, which is not taken yet. The object is locked.

        Where the caller stands is read now, because another step may have changed it while the lock waited. Raises the errors of
        `take`, except those of the effects.
        """
        transition = self._lifecycle(view).transition(self.state(work, view), data["event"])
        step = Step(work, view, transition, self.standing(work, view), data)
        if problem := self._refusal(step) or self._prevented(step):
            raise problem
        transition.require_reason(data.get("reason"))
        return step

    def _lifecycle(self, thing: T) -> Lifecycle:
        return self.lifecycle(thing) if self.lifecycle else self.lifecycles[0]

    def _refusal(self, step: Step[T]) -> Forbidden | None:
        """Return the problem if the caller's side, role or level of access does not allow the step, otherwise None."""
        transition = step.transition
        level = step.standing.level(transition.side)
        if level is None and transition.side not in step.standing.recorded:
            return self.wrong_side(step.standing.refusal or f"This step is reserved for the {transition.side} side.")
        action = (self.recorded_by or transition.by) if level is None else transition.by
        if not step.work.actor.may(action):
            return Forbidden(f"The role {step.work.actor.role} does not allow {action}.")
        if level is not None and level < transition.level:
            return Forbidden(f"This step needs {transition.level.name.lower()} access to the case.")
        return None

    def _prevented(self, step: Step[T]) -> CoopError | None:
        """Return the problem that prevents the step for any other reason, or None."""
        try:
            if step.transition.human and not step.is_recorded:
                step.work.require_person()
            for guard in (*self.always, *self.guards.get(step.event, ())):
                guard(step)
        except CoopError as problem:
            return problem
        return None
