"""The change counter of a timeline: it differs from an earlier one if anything changed for its reader since then.

It is a keyed digest of the newest acts that this reader sees, because every change of a case or of a fact is an act, and of the
access that the reader has to each case. What the reader may not see is not in it.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final
from uuid import UUID

from coopapi.cases.views import CaseView
from coopapi.store.db import UnitOfWork, as_json
from coopapi.store.statements import Statement

_NEWEST: Final = Statement("select priv.newest_in_timeline(cast(:cases as uuid[]), :window, :most)")
_WINDOW: Final = timedelta(minutes=2)
"""No transaction takes longer between the time of its acts and its commit."""
_MOST: Final = 5000
"""About how many acts are in a counter. They are shared out among the cases, with 50 for each at least."""
_KEY: Final = "timeline-changes"


def counter(work: UnitOfWork, cases: Mapping[UUID, CaseView]) -> str:
    """Return the change counter of the timeline of these cases, for this reader: 32 hexadecimal digits."""
    newest = _NEWEST.value(work.session, cases=list(cases), window=_WINDOW, most=_MOST)
    reader = [str(work.actor.authority_id), str(work.actor.id), str(work.actor.role), work.actor.cleared]
    read = sorted((str(case_id), case["level"]) for case_id, case in cases.items())
    return work.keys.mac(_KEY, as_json([reader, read, newest]).encode()).hex()[:32]
