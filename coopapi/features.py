"""The list of all features in the order of the API document, each with everything that other features take from it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, and_, or_

from coopapi.approvals.routes import blp as approvals
from coopapi.approvals.service import APPLY, DISMISS, Apply
from coopapi.cases.dependents import BRANCHES, Branch, between, tell_all
from coopapi.cases.routes import blp as cases
from coopapi.contacts.routes import blp as contacts
from coopapi.deadlines import duties
from coopapi.deadlines.presentation import INSTRUMENTS, Instruments
from coopapi.deadlines.routes import blp as deadlines
from coopapi.desks.routes import blp as desks
from coopapi.directory import quota_changes, rights
from coopapi.directory.routes import blp as directory
from coopapi.disclosures import service as disclosures
from coopapi.disclosures.models import GIVEN, OPEN, Disclosure
from coopapi.disclosures.routes import blp as disclosure_requests
from coopapi.durations.routes import blp as durations
from coopapi.evidence.channels import CHANNELS, Channel
from coopapi.evidence.routes import blp as evidence
from coopapi.exports import service as export_service
from coopapi.exports.routes import blp as exports
from coopapi.exports.timelines.sources import SOURCES
from coopapi.facts.routes import blp as facts
from coopapi.graphs.routes import blp as graphs
from coopapi.http.openapi import Group
from coopapi.identifiers.opening import blp as opening
from coopapi.identifiers.routes import blp as identifiers
from coopapi.imports.routes import blp as imports
from coopapi.instruments import own
from coopapi.instruments.own_routes import blp as own_instruments
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
from coopapi.mail.routes import blp as mail
from coopapi.meetings.lifecycles import MEETING_LIFECYCLE
from coopapi.meetings.models import Meeting
from coopapi.meetings.results_routes import blp as meeting_results
from coopapi.meetings.routes import blp as meetings
from coopapi.mla import presentation as requests
from coopapi.mla import times
from coopapi.mla.evidence_channel import REQUEST_CHANNEL
from coopapi.mla.lifecycles import KINDS
from coopapi.mla.models import Request
from coopapi.mla.routes import blp as mla
from coopapi.notices.routes import blp as notices
from coopapi.oauth.routes import blp as oauth
from coopapi.overlaps.routes import blp as overlaps
from coopapi.providers.routes import blp as providers
from coopapi.search.routes import blp as search
from coopapi.shared.lifecycle import Lifecycle
from coopapi.statistics.routes import blp as statistics
from coopapi.store.db import UnitOfWork
from coopapi.store.rows import Versioned
from coopapi.timelines import exported
from coopapi.timelines.routes import blp as timelines
from coopapi.webhooks import service as webhook_service
from coopapi.webhooks.routes import blp as webhooks
from coopapi.worklist.routes import blp as worklist


@dataclass(frozen=True, slots=True)
class Feature(Group):
    """The routes of a feature, and what it registers with features below it.

    `dependents` are its objects that can depend on a case, `channels` its objects through which evidence is given, by their type,
    `applies` carries out the changes that it has approved by a second person, by their kind, and `dismisses` what follows
    when one was not approved. `reads` is what exports of timelines read, by its name, and `instruments` finds the instruments of
    its objects, by their type.
    """

    dependents: tuple[Branch, ...] = ()
    channels: Mapping[str, Channel] = field(default_factory=dict)
    applies: Mapping[str, Apply] = field(default_factory=dict)
    dismisses: Mapping[str, Apply] = field(default_factory=dict)
    reads: Mapping[str, Any] = field(default_factory=dict)
    instruments: Mapping[str, Instruments] = field(default_factory=dict)


def _open_states(*lives: Lifecycle) -> Sequence[str]:
    """Return the states of these lifecycles that a transition can leave."""
    return sorted({state for life in lives for state in life.states if life.leaving(state)})


def _disclosures(work: UnitOfWork, case_id: UUID, states: Sequence[str]) -> Select[Any]:
    """Select the open requests for disclosure on both sides of a case, and what it disclosed and others may still read."""
    either = or_(Disclosure.asking_case == case_id, Disclosure.owner_case == case_id)
    read = and_(Disclosure.owner_case == case_id, or_(Disclosure.until.is_(None), Disclosure.until > work.now))
    open_ = and_(either, Disclosure.state.in_(OPEN))
    given = and_(read, Disclosure.state.in_(GIVEN.intersection(states)))
    return work.all(Disclosure).where(or_(open_, given)).order_by(Disclosure.id)


def _shared(kind: str, path: str, model: type[Versioned], states: Sequence[str]) -> Branch:
    """Return the entry of a kind of shared object. All its participants are notified when a case behind it ends."""
    return Branch(kind, f"/api/v1/{path}", lambda _: states, lambda work, case, open_: between(case, model, open_, work), tell_all)


FEATURES: Final = (
    Feature("Signing in", "Access tokens for machine clients, and the keys that verify them", (oauth,)),
    Feature("Worklist", "What waits for you or your authority, assignments, and many steps at once", (worklist,)),
    Feature("Cases", "Cases, access to them, and their subjects", (opening, cases)),
    Feature("Identifiers", "Identifiers in cases: phone numbers, addresses, accounts, persons", (identifiers,)),
    Feature("Facts", "What happened in the world, with time, place, source and the people and identifiers involved", (facts,)),
    Feature("Imports", "Files of cases, subjects, identifiers and facts, stored line by line", (imports,)),
    Feature(
        "Exports",
        "Cases in files for named recipients",
        (exports,),
        applies={export_service.KIND: export_service.apply},
        dismisses={export_service.KIND: export_service.dismiss},
    ),
    Feature("Overlaps", "Overlaps between cases that share identifiers, and their verification", (overlaps,)),
    Feature(
        "Disclosures",
        "Requests to show the information behind an overlap",
        (disclosure_requests,),
        # withdrawing a case also ends its disclosures, and their recipients are notified; closing it does not
        dependents=(
            Branch(
                "disclosure",
                "/api/v1/disclosures",
                lambda target: sorted(OPEN | GIVEN if target == "withdrawn" else OPEN),
                _disclosures,
                disclosures.tell_that_the_case_ended,
            ),
        ),
    ),
    Feature("Search", "Search by text, by identifier and by person, and saved searches", (search,)),
    Feature("Graph", "What hangs together around a case, a request, a team or a meeting", (graphs,)),
    Feature(
        "Events and journal",
        "Events in cases, and the journal of all actions and accesses",
        (timelines,),
        reads={"cases": exported.cases, "entries": exported.entries, "marks": exported.mark},
    ),
    Feature("Durations", "Time in each state, and on whom a case waits", (durations,)),
    Feature(
        "Webhooks",
        "Events that are sent to an address of a machine client",
        (webhooks,),
        applies={webhook_service.KIND: webhook_service.apply},
        dismisses={webhook_service.KIND: webhook_service.dismiss},
    ),
    Feature(
        "Requests for assistance",
        "Requests for assistance to and from other countries",
        (mla,),
        dependents=(_shared("request", "mla-requests", Request, _open_states(*(kind.life for kind in KINDS.values()))),),
        channels={"request": REQUEST_CHANNEL},
        instruments={"request": requests.instruments_of},
        applies={times.KIND: times.apply},
        dismisses={times.KIND: times.dismiss},
    ),
    Feature("Deadlines", "Deadlines set by law", (deadlines,), reads={"duties": duties.of_cases}),
    Feature("Evidence", "Metadata of evidence: conditions, chain of custody, uses", (evidence,)),
    Feature(
        "Meetings",
        "Coordination meetings, their conclusions and follow-up",
        (meetings, meeting_results),
        dependents=(_shared("meeting", "meetings", Meeting, _open_states(MEETING_LIFECYCLE)),),
    ),
    Feature("State index", "What a Eurojust desk sees of its State", (desks,)),
    Feature(
        "Joint investigation teams",
        "Teams, their members, agreements and public statements",
        (jits, jit_people, jit_statements),
        dependents=(_shared("jit", "jits", Jit, (*BEFORE, "active")),),
        channels={"jit": JIT_CHANNEL},
    ),
    Feature(
        "Jurisdiction",
        "Conflicts of jurisdiction, and notifications to Eurojust",
        (jurisdiction,),
        dependents=(_shared("consultation", "jurisdiction-consultations", Consultation, _open_states(CONSULTATION_LIFECYCLE)),),
    ),
    Feature(
        "Directory",
        "Authorities, people, machine clients, codelists, and your own account",
        (directory,),
        applies={rights.KIND: rights.apply, quota_changes.KIND: quota_changes.apply},
    ),
    Feature("Mail", "Mail to people that says only that something new waits", (mail,)),
    Feature("Approvals", "Changes that need the approval of a second administrator", (approvals,)),
    Feature("Contacts", "Points of contact and their hours, and the competences of authorities", (contacts,)),
    Feature("Service providers", "Service providers, and memoranda of understanding with them", (providers,)),
    Feature(
        "Legal instruments",
        "Instruments of cooperation, and those that central authorities enter",
        (instruments, own_instruments),
        applies={own.KIND: own.apply},
        dismisses={own.KIND: own.dismiss},
    ),
    Feature("Requirement notices", "Requirements of countries for incoming requests", (notices,)),
    Feature("Statistics", "Statistics for auditors", (statistics,)),
)

# disclosures come last in the list of what is still open
BRANCHES[:] = sorted((branch for one in FEATURES for branch in one.dependents), key=lambda branch: branch.kind == "disclosure")
for feature in FEATURES:
    CHANNELS.update(feature.channels)
    APPLY.update(feature.applies)
    DISMISS.update(feature.dismisses)
    SOURCES.update(feature.reads)
    INSTRUMENTS.update(feature.instruments)
