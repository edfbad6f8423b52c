"""Which kinds of things stand in the worklist, and which of their steps wait for whom: that follows from their lifecycles."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from typing import Any, Final
from uuid import UUID

from coopapi.access import Actor
from coopapi.deadlines import rules
from coopapi.shared.lifecycle import Awaited, Lifecycle, Transition
from coopapi.shared.workflow import Workflow
from coopapi.store.db import as_json

SPECIAL: Final = ("requesting_country", "executing_country", "measure", "urgency", "reference")
"""The filters that only some kinds have. If one of them is asked for, the other kinds have no items."""
Reach = Mapping[str, Any]
"""For which requests a step holds: their `kinds`, their `urgency`, and the states in which they are (`within`)."""


def _all(_actor: Actor, _life: Lifecycle) -> Iterator[Reach]:
    yield {}


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """One kind of thing that can wait for the caller.

    `ids` returns the parameters of the workflow for a row of `model`. `reaches` says for which requests the steps of a lifecycle
    hold. A step that waits only at the end of a deadline (`Awaited.SOON`) does so from `soon` before it. `filters` are those of
    `SPECIAL` that this kind has. `path` is where the thing is, if its workflow has no routes.
    """

    workflow: Workflow[Any]
    model: type[Any]
    ids: Callable[[Any], dict[str, UUID]]
    reaches: Callable[[Actor, Lifecycle], Iterator[Reach]] = _all
    soon: timedelta = timedelta(days=14)
    filters: frozenset[str] = field(default_factory=frozenset)
    path: str = ""

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

    def steps(self, actor: Actor) -> list[dict[str, Any]]:
        """Return the awaited steps of the caller's role as the database reads them (`priv.awaited`)."""
        found = [
            {"event": step.event, "state": step.source, "side": step.side, **self._near(step), **reach}
            for life, step in self.awaits(actor)
            for reach in self.reaches(actor, life)
        ]
        return [{"place": place, **step} for place, step in enumerate(found)]

    def _near(self, step: Transition) -> dict[str, str]:
        return {"soon": f"{self.soon.days} days"} if step.awaited is Awaited.SOON else {}

    def offers(self, wanted: Mapping[str, Any]) -> bool:
        """Tell whether this kind is asked for, and has every filter that is asked for."""
        special = {name for name in SPECIAL if name in wanted}
        return wanted.get("type", self.type) == self.type and special <= self.filters


@cache
def lapsing() -> str:
    """Return the rules of deadlines whose right lapses, as the database reads them."""
    return as_json(rules.lapsing())
