"""The access policy: which role may do which action. `GRANTS` is the whole table, short enough for an auditor to review.

This module does not decide which rows a caller may see. Each model's `visible_to` and the row-level security of the database do.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Final
from uuid import UUID


class Role(StrEnum):
    """The function that a person or a client has in its authority. A request is always made in exactly one role."""

    INVESTIGATOR = "investigator"
    PROSECUTOR = "prosecutor"
    CENTRAL_AUTHORITY = "central_authority"
    CONTACT_POINT = "contact_point"
    DESK = "desk"
    ANALYST = "analyst"
    SYSTEM = "system"
    AUDITOR = "auditor"
    ADMIN = "admin"


class Function(StrEnum):
    """What a person may be beside its role. Some orders may be issued or validated only by a person with a function."""

    JUDGE = "judge"


class Action(StrEnum):
    """An operation that a role may be allowed to do. Every route names the action that it needs."""

    PUBLIC = "public"
    WHOAMI = "whoami"
    DIRECTORY_READ = "directory:read"
    AUTHORITY_MANAGE = "authority:manage"
    STAFF_MANAGE = "staff:manage"
    APPROVAL_READ = "approval:read"
    APPROVAL_DECIDE = "approval:decide"
    CASE_READ = "case:read"
    CASE_OPEN = "case:open"
    CASE_EDIT = "case:edit"
    CASE_SHARE = "case:share"
    CASE_ANSWER = "case:answer"
    CASE_EXPORT = "case:export"
    CONSULTATIONS_READ = "consultations:read"
    SUBJECT_READ = "subject:read"
    SUBJECT_WRITE = "subject:write"
    IDENTIFIER_READ = "identifier:read"
    IDENTIFIER_CLEAR = "identifier:clear"
    IDENTIFIER_WRITE = "identifier:write"
    FACT_WRITE = "fact:write"
    IMPORT_READ = "import:read"
    IMPORT_SEND = "import:send"
    OVERLAP_READ = "overlap:read"
    OVERLAP_JUDGE = "overlap:judge"
    DISCLOSURE_READ = "disclosure:read"
    DISCLOSURE_ASK = "disclosure:ask"
    DISCLOSURE_DECIDE = "disclosure:decide"
    EXCLUSION_READ = "exclusion:read"
    EXCLUSION_MANAGE = "exclusion:manage"
    DIRECTORY_KEEP = "directory:keep"
    INSTRUMENT_PROPOSE = "instrument:propose"
    MLA_READ = "mla:read"
    MLA_DRAFT = "mla:draft"
    MLA_VALIDATE = "mla:validate"
    MLA_TRANSMIT = "mla:transmit"
    MLA_ANSWER = "mla:answer"
    MLA_DECIDE = "mla:decide"
    MLA_EXECUTE = "mla:execute"
    DEADLINE_READ = "deadline:read"
    EVIDENCE_READ = "evidence:read"
    EVIDENCE_WRITE = "evidence:write"
    EVIDENCE_USE = "evidence:use"
    EVIDENCE_CONSENT = "evidence:consent"
    MEETING_READ = "meeting:read"
    MEETING_CONVENE = "meeting:convene"
    MEETING_WRITE = "meeting:write"
    CONSULT = "jurisdiction:consult"
    JIT_READ = "jit:read"
    JIT_SIGN = "jit:sign"
    JIT_WRITE = "jit:write"
    SEARCH_READ = "search:read"
    TIMELINE_READ = "timeline:read"
    EVENTS_READ = "events:read"
    JOURNAL_READ = "journal:read"
    STATISTICS_READ = "statistics:read"
    FIGURES_READ = "figures:read"
    DIFFICULTIES_READ = "difficulties:read"
    PUBLISHED_READ = "published:read"
    WORKLIST_READ = "worklist:read"
    WORKLIST_STEP = "worklist:step"
    WORKLIST_ASSIGN = "worklist:assign"
    STATE_INDEX_READ = "state_index:read"
    WEBHOOK_READ = "webhook:read"
    WEBHOOK_MANAGE = "webhook:manage"
    WEBHOOK_SEND = "webhook:send"
    MAIL_CHOOSE = "mail:choose"


class Purpose(StrEnum):
    """The purpose of a consultation (Eurojust Regulation Art. 23(2), Prüm II Art. 33). The codelist `purposes` explains each."""

    ADMINISTRATION = "administration"
    COORDINATION = "coordination"
    CROSS_CHECK = "cross_check"
    DATA_SUBJECT_REQUEST = "data_subject_request"
    INVESTIGATION = "investigation"
    LAWFULNESS_MONITORING = "lawfulness_monitoring"
    MLA_EXECUTION = "mla_execution"
    PROSECUTION = "prosecution"
    STATISTICS = "statistics"
    VICTIM_IDENTIFICATION = "victim_identification"


class Level(IntEnum):
    """The level of access that a grant gives to one case. Each level includes the levels below it."""

    INDEX = 1
    READ = 2
    CONTRIBUTE = 3
    OWN = 4


_EVERYBODY: Final = frozenset(
    {Action.WHOAMI, Action.DIRECTORY_READ, Action.WORKLIST_READ, Action.MAIL_CHOOSE, Action.PUBLISHED_READ}
)
_FOLLOWING: Final = _EVERYBODY | {
    Action.CASE_READ,
    Action.SEARCH_READ,
    Action.TIMELINE_READ,
    Action.EVENTS_READ,
    Action.WORKLIST_STEP,
}
_RECEIVING: Final = frozenset({Action.WEBHOOK_READ, Action.WEBHOOK_SEND})
"""What a machine client of any role may do with its own webhooks."""
_ANALYSING: Final = _FOLLOWING | {Action.SUBJECT_READ, Action.IDENTIFIER_READ, Action.OVERLAP_READ}
_COORDINATING: Final = _ANALYSING | {Action.IDENTIFIER_CLEAR, Action.DISCLOSURE_READ, Action.EXCLUSION_READ}
_INVESTIGATING: Final = _COORDINATING | {
    Action.CASE_OPEN,
    Action.CASE_EDIT,
    Action.CASE_SHARE,
    Action.CONSULTATIONS_READ,
    Action.SUBJECT_WRITE,
    Action.IDENTIFIER_WRITE,
    Action.FACT_WRITE,
    Action.OVERLAP_JUDGE,
    Action.DISCLOSURE_ASK,
    Action.EXCLUSION_MANAGE,
}
_ASSISTING: Final = frozenset({Action.MLA_READ, Action.DIFFICULTIES_READ, Action.DEADLINE_READ, Action.EVIDENCE_READ})
_REQUESTING: Final = _ASSISTING | {Action.MLA_DRAFT, Action.MLA_EXECUTE, Action.EVIDENCE_WRITE, Action.EVIDENCE_USE}
_MEETING: Final = frozenset({Action.MEETING_READ, Action.MEETING_WRITE})
_TEAMING: Final = frozenset({Action.JIT_READ, Action.JIT_WRITE})
_TRANSMITTING: Final = frozenset({Action.MLA_TRANSMIT, Action.MLA_ANSWER})
_ACCOUNTING: Final = frozenset({Action.FIGURES_READ, Action.DIFFICULTIES_READ})
"""Exact figures over what the authority may read: for those who steer its cooperation or account for it.

Central authorities, contact points and prosecutors answer for the requests of their authority, and machine clients send its
statistics to ministries (Regulation (EU) 2023/1543 Art. 28(2)). Desks report on cases, analysts look for patterns, and auditors
check that the figures are right. Investigators answer for single cases, and administrators have no part in cooperation, so neither
needs them. Everybody with a role reads the published figures.
"""
_APPROVING: Final = frozenset({Action.APPROVAL_READ, Action.APPROVAL_DECIDE})
_DECIDING: Final = _TRANSMITTING | _APPROVING | {Action.MLA_DECIDE, Action.EVIDENCE_CONSENT}

GRANTS: Final[Mapping[Role, frozenset[Action]]] = {
    Role.INVESTIGATOR: _INVESTIGATING | _REQUESTING | _TEAMING | _MEETING | {Action.IMPORT_READ, Action.CASE_EXPORT},
    Role.PROSECUTOR: _INVESTIGATING
    | _REQUESTING
    | _TEAMING
    | _MEETING
    | _DECIDING
    | {Action.CASE_ANSWER, Action.DISCLOSURE_DECIDE, Action.MLA_VALIDATE, Action.JIT_SIGN, Action.MEETING_CONVENE, Action.CONSULT}
    | _ACCOUNTING
    | {Action.WORKLIST_ASSIGN, Action.CASE_EXPORT},
    Role.SYSTEM: _INVESTIGATING - {Action.OVERLAP_JUDGE, Action.DISCLOSURE_ASK, Action.EXCLUSION_MANAGE}
    | _REQUESTING
    | _TRANSMITTING
    | _RECEIVING
    | _ACCOUNTING
    | {Action.JIT_READ, Action.MEETING_READ, Action.IMPORT_READ, Action.IMPORT_SEND},
    Role.DESK: _COORDINATING
    | _ASSISTING
    | _MEETING
    | _ACCOUNTING
    | {Action.JIT_READ, Action.MEETING_CONVENE, Action.STATE_INDEX_READ, Action.WORKLIST_ASSIGN},
    Role.ANALYST: _ANALYSING | _RECEIVING | _ACCOUNTING | {Action.CASE_EXPORT},
    Role.CENTRAL_AUTHORITY: _FOLLOWING
    | _RECEIVING
    | _REQUESTING
    | _DECIDING
    | _ACCOUNTING
    | {Action.DIRECTORY_KEEP, Action.INSTRUMENT_PROPOSE, Action.JIT_READ},
    Role.CONTACT_POINT: _FOLLOWING
    | _RECEIVING
    | _REQUESTING
    | _TRANSMITTING
    | _APPROVING
    | _ACCOUNTING
    | {Action.MLA_DECIDE, Action.DIRECTORY_KEEP},
    Role.AUDITOR: _EVERYBODY
    | _RECEIVING
    | _ACCOUNTING
    | {Action.JOURNAL_READ, Action.EVENTS_READ, Action.APPROVAL_READ, Action.STATISTICS_READ},
    Role.ADMIN: _EVERYBODY
    | _RECEIVING
    | {
        Action.WEBHOOK_MANAGE,
        Action.EVENTS_READ,
        Action.WORKLIST_STEP,
        Action.AUTHORITY_MANAGE,
        Action.STAFF_MANAGE,
        *_APPROVING,
        Action.EXCLUSION_READ,
        Action.EXCLUSION_MANAGE,
        Action.DIRECTORY_KEEP,
    },
}

CLEARABLE: Final = frozenset({Role.INVESTIGATOR, Role.PROSECUTOR, Role.DESK, Role.SYSTEM})
"""The roles that can be given clearance for evidence about victims."""

HOLDERS: Final[Mapping[Function, frozenset[Role]]] = {Function.JUDGE: frozenset({Role.PROSECUTOR})}
"""The roles in which a person can have each function.

Two administrators give a function (`coopapi/approvals`). People of a court (authority types judge, court, investigating_judge) are
judges without it. Which orders need a judge is in `mla/issuing.py`.
"""

_DEFAULT_PURPOSES: Final[Mapping[Role, Purpose]] = {
    Role.INVESTIGATOR: Purpose.INVESTIGATION,
    Role.PROSECUTOR: Purpose.PROSECUTION,
    Role.SYSTEM: Purpose.INVESTIGATION,
    Role.DESK: Purpose.COORDINATION,
    Role.ANALYST: Purpose.CROSS_CHECK,
    Role.CENTRAL_AUTHORITY: Purpose.MLA_EXECUTION,
    Role.CONTACT_POINT: Purpose.MLA_EXECUTION,
    Role.AUDITOR: Purpose.LAWFULNESS_MONITORING,
    Role.ADMIN: Purpose.ADMINISTRATION,
}


@dataclass(frozen=True, slots=True)
class Actor:
    """The caller: a person or a client that acts for one authority in one role."""

    id: UUID
    kind: str
    name: str
    authority_id: UUID
    authority_name: str
    country: str | None
    role: Role
    roles: tuple[Role, ...]
    victim_cleared: bool
    operator: bool
    functions: tuple[Function, ...] = ()

    def may(self, action: Action) -> bool:
        """Tell whether the caller's role includes the action."""
        return action in GRANTS[self.role]

    @property
    def human(self) -> bool:
        """Tell whether the caller is a person and not a machine client. The law reserves some steps for a person."""
        return self.kind == "person"

    def serves_as(self, function: Function) -> bool:
        """Tell whether the caller is a person who has this function, and acts in a role that goes with it."""
        return self.human and function in self.functions and self.role in HOLDERS[function]

    @property
    def cleared(self) -> bool:
        """Tell whether the caller may see evidence about victims."""
        return self.victim_cleared and self.role in CLEARABLE

    @property
    def purpose(self) -> Purpose:
        """Return the purpose that applies when the caller names none."""
        return _DEFAULT_PURPOSES[self.role]
