"""State machines as data: the checks, the 409 answers, the diagrams in the documentation and the tests use the same table."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from coopapi.access import Action, Level
from coopapi.errors import Conflict, Unprocessable, broken


class IllegalMove(Conflict):
    """The step is not possible in the current state.

    `allowed` lists the steps that are possible in the current state. `transitions` lists the steps that you may take.
    """


class ReasonNeeded(Unprocessable):
    """The step needs a reason.

    Send `reason` with the event.
    """


class Side(StrEnum):
    """The side of a shared object that takes a step."""

    ANY = "any"
    ASKING = "asking"
    DECIDING = "deciding"
    OWNER = "owner"
    REQUESTING = "requesting"
    EXECUTING = "executing"
    ENFORCING = "enforcing"
    FORWARDING = "forwarding"
    NEGOTIATING = "negotiating"
    MEMBER = "member"
    PARTICIPANT = "participant"
    HOST = "host"
    INVITED = "invited"
    PROVIDER = "provider"
    RECEIVER = "receiver"
    VERIFIER = "verifier"


class Awaited(StrEnum):
    """When a step is work that waits for the side that takes it: from the moment of the state on, or when a deadline is near."""

    NOW = "now"
    SOON = "soon"


@dataclass(frozen=True, slots=True)
class Transition:
    """A change from one state to another: who may make it, on which side, and if it needs a reason or a person (LED Art. 11).

    `awaited` says that the step is expected of its side, so that it stands in the worklist. Other steps are possible only.
    """

    event: str
    source: str
    target: str
    by: Action
    level: Level = Level.OWN
    reason: bool = False
    side: Side = Side.ANY
    human: bool = False
    awaited: Awaited | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return what a caller who may take this step needs to know about it."""
        return {"event": self.event, "target": self.target, "reason_needed": self.reason}

    def require_reason(self, reason: str | None) -> None:
        """Raise `ReasonNeeded` if the step needs a reason and none was given."""
        if self.reason and not reason:
            raise ReasonNeeded(errors=[broken("/reason", "required", f"Give the reason for the step {self.event}.")])


class Lifecycle:
    """The states and transitions of one kind of object.

    An object starts in the state `start` or in one of the states in `also`. The states in `derived` are not reached by a
    transition: they are computed from the parts of the object, which `parts` names in the diagram.
    """

    def __init__(
        self,
        start: str,
        *transitions: Transition,
        also: tuple[str, ...] = (),
        derived: tuple[str, ...] = (),
        parts: str = "its_measures",
    ) -> None:
        self.start = start
        self.also = also
        self.derived = derived
        self.parts = parts
        self.transitions: Mapping[tuple[str, str], Transition] = MappingProxyType({(m.source, m.event): m for m in transitions})
        if len(self.transitions) != len(transitions):
            raise ValueError("two transitions share a state and an event")

    @property
    def states(self) -> tuple[str, ...]:
        """Return every state once, in the order in which the table names them."""
        return tuple(
            dict.fromkeys([self.start, *(s for m in self.transitions.values() for s in (m.source, m.target)), *self.derived])
        )

    @property
    def events(self) -> tuple[str, ...]:
        """Return every event once, in the order in which the table names them."""
        return tuple(dict.fromkeys(m.event for m in self.transitions.values()))

    def leaving(self, state: str) -> tuple[Transition, ...]:
        """Return the transitions that start in this state."""
        return tuple(m for m in self.transitions.values() if m.source == state)

    def transition(self, state: str, event: str) -> Transition:
        """Return the transition for an event, or raise `IllegalMove` with the events that the state allows."""
        found = self.transitions.get((state, event))
        if found is None:
            allowed = [transition.event for transition in self.leaving(state)]
            raise IllegalMove(f"The step {event} is not possible in the state {state}.", state=state, allowed=allowed)
        return found

    def mermaid(self) -> str:
        """Return the table as a Mermaid state diagram."""
        lines = [f"    {m.source} --> {m.target}: {m.event}" for m in self.transitions.values()]
        lines += [f"    {self.parts} --> {state}" for state in self.derived]
        ends = [f"    {s} --> [*]" for s in self.states if not self.leaving(s)]
        starts = [f"    [*] --> {state}" for state in (self.start, *self.also)]
        return "\n".join(["stateDiagram-v2", *starts, *lines, *ends])
