"""The list of all features: their routes in API document order, the objects that can depend on a case, and channels of evidence."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, and_, or_

from coopapi.approvals.routes import blp as approvals
from coopapi.cases.dependents import BRANCHES, Branch, between, tell_all
from coopapi.cases.routes import blp as cases
from coopapi.contacts.routes import blp as contacts
from coopapi.deadlines.routes import blp as deadlines
from coopapi.directory.routes import blp as directory
from coopapi.disclosures import service as disclosures
from coopapi.disclosures.models import GIVEN, OPEN, Disclosure
from coopapi.disclosures.routes import blp as disclosure_requests
from coopapi.evidence.channels import CHANNELS
from coopapi.evidence.routes import blp as evidence
from coopapi.http.openapi import Group
from coopapi.identifiers.routes import blp as identifiers
from coopapi.instruments.routes import blp as instruments
from coopapi.jits.closing_routes import blp as jit_statements
from coopapi.jits.evidence_channel import JIT_CHANNEL
from coopapi.jits.lifecycles import BEFORE
from coopapi.jits.membership_routes import blp as jit_people
from coopapi.jits.models import Jit
from coopapi.jits.routes import blp as jits
from coopapi.jurisdiction.lifecycles import CONSULTATION_LIFECYCLE
from coopapi.jurisdiction.models import Consultation
from coopapi.jurisdiction.routes import blp as jurisdiction
from coopapi.meetings.lifecycles import MEETING_LIFECYCLE
from coopapi.meetings.models import Meeting
from coopapi.meetings.results_routes import blp as meeting_results
from coopapi.meetings.routes import blp as meetings
from coopapi.mla.evidence_channel import REQUEST_CHANNEL
from coopapi.mla.lifecycles import KINDS
from coopapi.mla.models import Request
from coopapi.mla.routes import blp as mla
from coopapi.notices.routes import blp as notices
from coopapi.oauth.routes import blp as oauth
from coopapi.overlaps.routes import blp as overlaps
from coopapi.providers.routes import blp as providers
from coopapi.shared.lifecycle import Lifecycle
from coopapi.statistics.routes import blp as statistics
from coopapi.store.db import UnitOfWork
from coopapi.timelines.routes import blp as timelines

GROUPS: Final = (
    Group("Signing in", "Access tokens for machine clients, and the keys that verify them", (oauth,)),
    Group("Cases", "Cases, access to them, and their subjects", (cases,)),
    Group("Identifiers", "Identifiers in cases: phone numbers, addresses, accounts, persons", (identifiers,)),
    Group("Overlaps", "Overlaps between cases that share identifiers, and their verification", (overlaps,)),
    Group("Disclosures", "Requests to show the information behind an overlap", (disclosure_requests,)),
    Group("Events and journal", "Events in cases, and the journal of all actions and accesses", (timelines,)),
    Group("Requests for assistance", "Requests for assistance to and from other countries", (mla,)),
    Group("Deadlines", "Deadlines set by law", (deadlines,)),
    Group("Evidence", "Metadata of evidence: conditions, chain of custody, uses", (evidence,)),
    Group("Meetings", "Coordination meetings, their conclusions and follow-up", (meetings, meeting_results)),
    Group(
        "Joint investigation teams", "Teams, their members, agreements and public statements", (jits, jit_people, jit_statements)
    ),
    Group("Jurisdiction", "Conflicts of jurisdiction, and notifications to Eurojust", (jurisdiction,)),
    Group("Directory", "Authorities, people, machine clients, codelists, and your own account", (directory,)),
    Group("Approvals", "Changes that need the approval of a second administrator", (approvals,)),
    Group("Contacts", "Points of contact and their hours, and the competences of authorities", (contacts,)),
    Group("Service providers", "Service providers, and memoranda of understanding with them", (providers,)),
    Group("Legal instruments", "Instruments of cooperation", (instruments,)),
    Group("Requirement notices", "Requirements of countries for incoming requests", (notices,)),
    Group("Statistics", "Statistics for auditors", (statistics,)),
)


def _open_states(*lives: Lifecycle) -> Sequence[str]:
    """Return the states of these lifecycles that a transition can leave."""
    return sorted({state for life in lives for state in life.states if life.leaving(state)})


_REQUESTS: Final = _open_states(*(kind.life for kind in KINDS.values()))
_MEETINGS: Final = _open_states(MEETING_LIFECYCLE)
_CONSULTATIONS: Final = _open_states(CONSULTATION_LIFECYCLE)


def _disclosures(work: UnitOfWork, case_id: UUID, states: Sequence[str]) -> Select[Any]:
    """Select the open requests for disclosure on both sides of a case, and what it disclosed and others may still read."""
    either = or_(Disclosure.asking_case == case_id, Disclosure.owner_case == case_id)
    read = and_(Disclosure.owner_case == case_id, or_(Disclosure.until.is_(None), Disclosure.until > work.now))
    open_ = and_(either, Disclosure.state.in_(OPEN))
    given = and_(read, Disclosure.state.in_(GIVEN.intersection(states)))
    return work.all(Disclosure).where(or_(open_, given)).order_by(Disclosure.id)


BRANCHES[:] = [
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
    # withdrawing a case also ends its disclosures, and their recipients are notified; closing it does not
    Branch(
        "disclosure",
        "/api/v1/disclosures",
        lambda target: sorted(OPEN | GIVEN if target == "withdrawn" else OPEN),
        _disclosures,
        disclosures.tell_that_the_case_ended,
    ),
]
CHANNELS.update({"request": REQUEST_CHANNEL, "jit": JIT_CHANNEL})
