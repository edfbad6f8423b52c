"""The end of a team as a deadline of each party, which must extend or wind up the team by then (alarms at 60, 30 and 14 days)."""

from collections.abc import Iterable

from coopapi.deadlines import service as deadlines
from coopapi.deadlines.service import Occasion
from coopapi.jits.models import Jit, JitParty
from coopapi.shared.lifecycle import Side
from coopapi.store.db import UnitOfWork


def start(work: UnitOfWork, jit: Jit, parties: Iterable[JitParty]) -> None:
    """Start the deadline of each of these parties, which ends with the period of the team."""
    for party in parties:
        deadlines.happened(work, _occasion(work, jit, "jit.activate", party))


def move(work: UnitOfWork, jit: Jit) -> None:
    """Move the deadlines of all parties to the new end after an extension."""
    deadlines.happened(work, _occasion(work, jit, "jit.extend"))


def stop(work: UnitOfWork, jit: Jit) -> None:
    """End the deadlines of all parties because the team has ended."""
    deadlines.happened(work, _occasion(work, jit, "jit.end"))


def drop(work: UnitOfWork, jit: Jit, party: JitParty) -> None:
    """Remove the deadline of a State that has left the team."""
    deadlines.drop(work, jit.id, party.authority_id)


def _occasion(work: UnitOfWork, jit: Jit, event: str, party: JitParty | None = None) -> Occasion:
    sides = {Side.NEGOTIATING: (party.authority_id, party.country)} if party else {}
    return Occasion(jit.id, "jit", "jit", "", "", event, work.now, sides, facts={"until": jit.until})
