"""What may hang from a case, and when it is alive: while its life knows a further step, or a disclosure is waited for or read."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, and_, or_

from coopapi.cases.dependents import Branch, between, tell_all
from coopapi.disclosures import service as disclosures
from coopapi.disclosures.models import GIVEN, OPEN, Disclosure
from coopapi.jits.lifecycles import BEFORE
from coopapi.jits.models import Jit
from coopapi.jurisdiction.lifecycles import CONSULTATION_LIFECYCLE
from coopapi.jurisdiction.models import Consultation
from coopapi.meetings.lifecycles import MEETING_LIFECYCLE
from coopapi.meetings.models import Meeting
from coopapi.mla.lifecycles import KINDS
from coopapi.mla.models import Request
from coopapi.shared.lifecycle import Lifecycle
from coopapi.store.db import UnitOfWork


def _going_on(*lives: Lifecycle) -> Sequence[str]:
    """The states of these lives out of which a step leads."""
    return sorted({state for life in lives for state in life.states if life.leaving(state)})


_REQUESTS: Final = _going_on(*(kind.life for kind in KINDS.values()))
_MEETINGS: Final = _going_on(MEETING_LIFECYCLE)
_CONSULTATIONS: Final = _going_on(CONSULTATION_LIFECYCLE)


def _disclosures(work: UnitOfWork, case_id: UUID, states: Sequence[str]) -> Select[Any]:
    """What either side asked, and what this case gave and the other side may still read."""
    either = or_(Disclosure.asking_case == case_id, Disclosure.owner_case == case_id)
    read = and_(Disclosure.owner_case == case_id, or_(Disclosure.until.is_(None), Disclosure.until > work.now))
    open_ = and_(either, Disclosure.state.in_(OPEN))
    given = and_(read, Disclosure.state.in_(GIVEN.intersection(states)))
    return work.all(Disclosure).where(or_(open_, given)).order_by(Disclosure.id)


BRANCHES: Final = (
    Branch("request", "/api/v1/mla-requests", lambda _: _REQUESTS, lambda w, c, s: between(c, Request, s, w), tell_all),
    Branch("meeting", "/api/v1/meetings", lambda _: _MEETINGS, lambda w, c, s: between(c, Meeting, s, w), tell_all),
    Branch("jit", "/api/v1/jits", lambda _: (*BEFORE, "active"), lambda w, c, s: between(c, Jit, s, w), tell_all),
    Branch(
        "consultation",
        "/api/v1/jurisdiction-consultations",
        lambda _: _CONSULTATIONS,
        lambda w, c, s: between(c, Consultation, s, w),
        tell_all,
    ),
    Branch(
        "disclosure",
        "/api/v1/disclosures",
        lambda target: sorted(OPEN | GIVEN if target == "withdrawn" else OPEN),
        _disclosures,
        disclosures.tell_that_the_case_ended,
    ),
)
"""A withdrawn case takes back what it disclosed, and tells those who could still read it; a closed one does not."""
