"""State machines as tables: one table gives the check, the 409, the documentation and the exhaustive test."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from coopapi.access import Action, Level
from coopapi.errors import Conflict, Unprocessable, broken


class IllegalMove(Conflict):
    """The present state does not allow that event.

    `allowed` lists the events that are possible in the present state; `transitions` shows those that you may take.
    """


class Side(StrEnum):
    """On which side of a thing between two authorities a move is taken."""

    ANY = "any"
    ASKING = "asking"
    OWNER = "owner"
    REQUESTING = "requesting"
    EXECUTING = "executing"
    ENFORCING = "enforcing"
    NEGOTIATING = "negotiating"
    MEMBER = "member"
    PARTICIPANT = "participant"
    HOST = "host"
    INVITED = "invited"
    PROVIDER = "provider"
    RECEIVER = "receiver"
    VERIFIER = "verifier"


@dataclass(frozen=True, slots=True)
class Transition:
    """One way from a state to the next: who may take it, on which side, whether it needs a reason, and a human (LED Art. 11)."""

    event: str
    source: str
    target: str
    by: Action
    level: Level = Level.OWN
    reason: bool = False
    side: Side = Side.ANY
    human: bool = False

    def told(self) -> dict[str, Any]:
        """What those are told who may take it."""
        return {"event": self.event, "target": self.target, "reason_needed": self.reason}


class ReasonNeeded(Unprocessable):
    """The step needs a reason.

    Send `reason` with the event.
    """


class Lifecycle:
    """The moves of one kind of thing, from its first state on, or from those in `also`.

    `derived` states follow from its `parts`, not from a move.
    """

    def __init__(
        self, start: str, *moves: Transition, also: tuple[str, ...] = (), derived: tuple[str, ...] = (), parts: str = "its_measures"
    ) -> None:
        self.start = start
        self.also = also
        self.derived = derived
        self.parts = parts
        self.moves: Mapping[tuple[str, str], Transition] = MappingProxyType({(m.source, m.event): m for m in moves})
        if len(self.moves) != len(moves):
            raise ValueError("two moves share a state and an event")

    @property
    def states(self) -> tuple[str, ...]:
        """Every state, in the order the table names them."""
        return tuple(dict.fromkeys([self.start, *(s for m in self.moves.values() for s in (m.source, m.target)), *self.derived]))

    @property
    def events(self) -> tuple[str, ...]:
        """Every event, in the order the table names them."""
        return tuple(dict.fromkeys(m.event for m in self.moves.values()))

    def leaving(self, state: str) -> tuple[Transition, ...]:
        """Return the moves that lead out of a state."""
        return tuple(m for m in self.moves.values() if m.source == state)

    def move(self, state: str, event: str, reason: str | None) -> Transition:
        """Find the move, or raise `IllegalMove` with the events that are allowed, or `ReasonNeeded`."""
        found = self.moves.get((state, event))
        if found is None:
            allowed = [m.event for m in self.leaving(state)]
            raise IllegalMove(f"{event} is not possible from {state}", state=state, allowed=allowed)
        if found.reason and not reason:
            raise ReasonNeeded(errors=[broken("/reason", "required", f"say why you {event} this")])
        return found

    def mermaid(self) -> str:
        """Draw the table as a Mermaid state diagram."""
        lines = [f"    {m.source} --> {m.target}: {m.event}" for m in self.moves.values()]
        lines += [f"    {self.parts} --> {state}" for state in self.derived]
        ends = [f"    {s} --> [*]" for s in self.states if not self.leaving(s)]
        starts = [f"    [*] --> {state}" for state in (self.start, *self.also)]
        return "\n".join(["stateDiagram-v2", *starts, *lines, *ends])
