"""Which step each state waits for, and on which side: that follows from the lifecycles."""

from collections.abc import Iterator
from functools import cache
from typing import Any, Final

from coopapi.access import Action
from coopapi.deadlines import rules
from coopapi.directory import codelists
from coopapi.disclosures.transitions import DISCLOSURE
from coopapi.jits.transitions import TEAM
from coopapi.meetings.lifecycles import LEVELS
from coopapi.meetings.transitions import MEETING
from coopapi.mla.lifecycles import KINDS
from coopapi.mla.measure_transitions import MEASURE
from coopapi.mla.transitions import REQUEST
from coopapi.overlaps.verification import OVERLAP
from coopapi.shared.lifecycle import Awaited, Lifecycle, Side, Transition
from coopapi.store.db import as_json

READ_BY: Final = {
    "disclosure": Action.DISCLOSURE_READ,
    "jit": Action.JIT_READ,
    "measure": Action.MLA_READ,
    "meeting": Action.MEETING_READ,
    "overlap": Action.OVERLAP_READ,
    "request": Action.MLA_READ,
}
"""The types of things that have durations, and the action that reads each."""
WHO: Final = ("own", "authority", "provider", "court", "eurojust_desk")
"""On whom a case can wait, as seen by the reader: its own authority, or another one by its kind."""
STATES: Final = tuple(
    dict.fromkeys(
        (*(state for workflow in (REQUEST, MEASURE, OVERLAP, DISCLOSURE, MEETING, TEAM) for state in workflow.states), "unknown")
    )
)
"""Every state in which a thing can have been; `unknown` for what was not recorded."""
KINDS_OF_THINGS: Final = tuple(
    dict.fromkeys(
        (
            *KINDS,
            *(item.code for item in codelists.load("measures").items),
            *("none", *(item.code for item in codelists.load("overlap_strength").items)),
            *("outgoing", "incoming"),
            *LEVELS,
            *(item.code for item in codelists.load("jit_legal_bases").items),
        )
    )
)
"""Kinds of requests, codes of measures, strengths of overlaps, directions of disclosures, levels of meetings, bases of teams."""
_LIVES: Final[dict[str, Lifecycle]] = {
    workflow.name: workflow.lifecycles[0] for workflow in (MEASURE, OVERLAP, DISCLOSURE, MEETING)
}
_DRAFTED: Final = {"state": "draft", "side": Side.REQUESTING, "event": "ready"}
"""A draft waits for those who write it, although their worklist leaves it to them when."""
_JUDICIAL: Final = ("disclosure", "awaiting_judicial_authorisation")
"""The state in which the step of the owner waits for a court."""


def _awaited(life: Lifecycle) -> Iterator[Transition]:
    """Yield the steps that end a state and are awaited, those that are awaited at once first.

    A step that leaves the state as it is, and a right of a notified authority to object, are nothing that a request waits for.
    """
    steps = [step for step in life.transitions.values() if step.awaited and step.source != step.target]
    yield from (step for step in steps if step.awaited is Awaited.NOW)
    yield from (step for step in steps if step.awaited is Awaited.SOON and step.side is not Side.ENFORCING)


def _steps() -> Iterator[dict[str, Any]]:
    for life in dict.fromkeys(kind.life for kind in KINDS.values()):
        kinds = [name for name, kind in KINDS.items() if kind.life is life]
        for step in _awaited(life):
            yield {"type": "request", "kinds": kinds, "state": step.source, "side": step.side, "event": step.event}
    yield {"type": "request", **_DRAFTED}
    for name, life in _LIVES.items():
        for step in _awaited(life):
            who = {"who": "court"} if (name, step.source) == _JUDICIAL else {}
            yield {"type": name, "state": step.source, "side": step.side, "event": step.event, **who}


@cache
def steps() -> str:
    """Return the awaited steps as the database reads them (`priv.case_waits`), the more important ones of a state first."""
    return as_json([{"place": place, **step} for place, step in enumerate(_steps())])


@cache
def acted_on() -> str:
    """Return for each kind of request the states in which its measures can be acted on, as the database reads them."""
    return as_json({name: sorted(kind.acted_on) for name, kind in KINDS.items()})


@cache
def lapsing() -> str:
    """Return the rules of deadlines whose right lapses, as the database reads them."""
    return as_json(rules.lapsing())
