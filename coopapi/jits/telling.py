"""What a step in a team leaves behind: an entry in every party's journal, and in the timeline of every shared case."""

from typing import Any

from coopapi.db import Work
from coopapi.jits.models import Jit
from coopapi.sharing import SharedCase


def tell(work: Work, jit: Jit, act: str, **detail: Any) -> None:
    """Tell all who take part what was done, and the timeline of each case that the team shares: ids and figures only."""
    work.session.flush()
    about = {"state": jit.state, **detail}
    work.note(f"jit.{act}", jit, parties=jit.id, event=True, **about)
    shared = work.all(SharedCase).where(SharedCase.object_id == jit.id, SharedCase.ended_at.is_(None))
    for case in work.session.scalars(shared.order_by(SharedCase.id)):
        work.note(f"jit.{act}", jit, case_id=case.case_id, **about)
