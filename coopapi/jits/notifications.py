"""Announce a step in a team: write it to every party's journal and to the timeline of every shared case."""

from typing import Any, Final
from uuid import UUID

from coopapi.jits.models import Jit, JitAmendment, JitParty
from coopapi.shared.shared_cases import SharedCase
from coopapi.store.db import UnitOfWork

_INSIDE: Final = ("member_", "associate_", "amend", "evaluated", "statement_")
"""Events of data that participants may not read, so they are not told of them either."""


def tell(work: UnitOfWork, jit: Jit, act: str, **detail: Any) -> None:
    """Tell everybody concerned what was done, and add it to the timeline of each shared case: only ids and figures."""
    work.session.flush()
    about = {"state": jit.stands(work.now), **detail}
    work.note(f"jit.{act}", jit, parties=jit.id, only=_states(work, jit) if act.startswith(_INSIDE) else None, event=True, **about)
    shared = work.all(SharedCase).where(SharedCase.object_id == jit.id, SharedCase.ended_at.is_(None))
    for case in work.session.scalars(shared.order_by(SharedCase.id)):
        work.note(f"jit.{act}", jit, case_id=case.case_id, **about)


def _states(work: UnitOfWork, jit: Jit) -> set[UUID]:
    """Return the States that are in the team, are to join it, or leave it by this step."""
    parties = work.session.scalars(work.all(JitParty).where(JitParty.jit_id == jit.id))
    joining = work.session.scalars(work.all(JitAmendment).where(JitAmendment.jit_id == jit.id, JitAmendment.change == "join"))
    return {party.authority_id for party in parties} | {row.authority_id for row in joining if row.authority_id}
