"""The end of a team as a deadline of each of its parties: to extend it before then, or to wind it up (60, 30 and 14 days)."""

from collections.abc import Iterable

from coopapi.deadlines import service as deadlines
from coopapi.deadlines.service import Occasion
from coopapi.jits.models import Jit, JitParty
from coopapi.shared.lifecycle import Side
from coopapi.store.db import UnitOfWork


def start(work: UnitOfWork, jit: Jit, parties: Iterable[JitParty]) -> None:
    """Let the clock of each of these parties run to the end of the period."""
    for party in parties:
        deadlines.happened(work, _occasion(work, jit, "jit.activate", party))


def move(work: UnitOfWork, jit: Jit) -> None:
    """The period was extended in time: the clocks of all run to the new end."""
    deadlines.happened(work, _occasion(work, jit, "jit.extend"))


def stop(work: UnitOfWork, jit: Jit) -> None:
    """The team has ended: nothing is owed any more."""
    deadlines.happened(work, _occasion(work, jit, "jit.end"))


def drop(work: UnitOfWork, jit: Jit, party: JitParty) -> None:
    """A State has left: its own clock stops."""
    deadlines.drop(work, jit.id, party.authority_id)


def _occasion(work: UnitOfWork, jit: Jit, event: str, party: JitParty | None = None) -> Occasion:
    sides = {Side.NEGOTIATING: (party.authority_id, party.country)} if party else {}
    return Occasion(jit.id, "jit", "jit", "", "", event, work.now, sides, facts={"until": jit.until})
