"""A case, its subjects, identifiers and facts as the lines that `POST /imports` reads. Every format is made of these lines."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from coopapi.cases.models import Case, Identifier, Subject
from coopapi.facts.models import Fact

Line = dict[str, Any]
CONSENTED: Final = ("H2", "H3")
"""The handling codes under which the originator must consent before others are given the information."""
_OF_CASE: Final = (
    "reference", "title", "operation_name", "crime_categories", "case_type", "countries", "desk", "eurojust_number",
    "siena_reference", "ecodex_id",
)  # fmt: skip
_OF_IDENTIFIER: Final = ("basis", "source_grading", "information_grading")
_OF_FACT: Final = (
    "at", "until", "precision", "zone", "country", "place", "text", "source", "about_victim", "basis", "confidence",
    "source_grading", "information_grading",
)  # fmt: skip


@dataclass(slots=True)
class Portion:
    """A part of a case: its lines, their handling codes, and how many of what was left out, by what it is and why."""

    lines: list[Line] = field(default_factory=list)
    read: dict[str, str] = field(default_factory=dict)
    """The values of identifiers as they were read, by the key of the identifier."""
    codes: set[str] = field(default_factory=set)
    left_out: Counter[tuple[str, str]] = field(default_factory=Counter)

    def leave_out(self, what: str, why: str, count: int = 1) -> None:
        """Count something that was left out."""
        if count:
            self.left_out[what, why] += count


def key_of(row: Case | Subject | Identifier | Fact) -> str:
    """Return the key of a row in the file: that of the national system, or its id in this register."""
    return row.external_id or str(row.id)


def said(values: Mapping[str, Any]) -> Line:
    """Return the fields that say something."""
    return {name: value for name, value in values.items() if value not in (None, [], "", {})}


def case_line(case: Case, code: str) -> Line:
    """Return the line of a case."""
    fields = said({name: getattr(case, name) for name in _OF_CASE})
    return {"type": "case", "external_id": key_of(case), **fields, "handling_code": code}


def subject_line(subject: Subject, case_key: str) -> Line:
    """Return the line of a subject."""
    return {
        "type": "subject",
        "case": case_key,
        "external_id": key_of(subject),
        "pseudonym": subject.pseudonym,
        "category": subject.category,
        "age_status": subject.age_status,
    }


def identifier_line(
    row: Identifier, case_key: str, clear: Mapping[str, Any], links: Sequence[Mapping[str, Any]], code: str
) -> Line:
    """Return the line of an identifier with its decrypted content and its links, which name their subjects by key."""
    person = row.kind == "person"
    content = {"person": clear["person"]} if person else {"kind": row.kind, "value": clear["value"]}
    exceptional = {"reason": row.exceptional_reason, "until": _moment(row.exceptional_until)} if row.exceptional_reason else None
    shown = [said({**link, "since": _moment(link["since"])}) for link in links]
    return {
        "type": "person" if person else "identifier",
        "case": case_key,
        "external_id": key_of(row),
        **content,
        **said(
            {
                "context": clear.get("context"),
                "subjects": shown,
                **{name: getattr(row, name) for name in _OF_IDENTIFIER},
                "source": clear.get("source"),
                "exceptional_processing": exceptional,
            }
        ),
        "handling_code": code,
    }


def fact_line(row: Fact, case_key: str, item: Mapping[str, Any], links: Mapping[str, Sequence[str]], code: str) -> Line:
    """Return the line of a fact. `item` is the fact as it would be recorded, and `links` has the keys of what is involved."""
    fields = said({name: item[name] for name in _OF_FACT if item[name] is not False})
    return {
        "type": "fact",
        "case": case_key,
        "external_id": key_of(row),
        "kind": row.kind,
        **fields,
        **said({name: [{"external_id": key} for key in keys] for name, keys in links.items()}),
        "handling_code": code,
    }


def _moment(value: Any) -> str | None:
    return value.isoformat() if value else None


@dataclass(frozen=True, slots=True)
class Terms:
    """What may be exported: with victims or without, by a cleared person or not, under which codes, and with which consents.

    A consent is for one code of one case, because the originators of two cases decide separately.
    """

    victims: bool
    cleared: bool
    handling_code: str
    consents: frozenset[tuple[UUID, str]]
    internal: bool
    """Whether the recipient is the authority of the person itself, so that nothing is passed on."""

    def code(self, own: str) -> str:
        """Return the handling code that something has in the file: its own, or that of the whole file if it has none."""
        return own if own != "H0" else self.handling_code

    def needs_consent(self, case_id: UUID, own: str) -> bool:
        """Tell whether something of a case with this handling code must be left out, because its originator has not consented."""
        return own in CONSENTED and not self.internal and (case_id, own) not in self.consents

    def why_tied(self, categories: Sequence[str]) -> str | None:
        """Return why a fact must not be exported because of one of its identifiers, or None, by the subjects of this identifier."""
        if not categories:
            return None if self.cleared else "no_subject"
        return "victim" if set(categories) == {"victim"} and not self.victims else None

    def why_not_named(self, row: Identifier, categories: Sequence[str]) -> str | None:
        """Return why a timeline must not name the kind of this identifier, or None. It never has the value."""
        return "consent_missing" if self.needs_consent(row.case_id, row.handling_code) else self.why_tied(categories)

    def why_left_out(self, row: Identifier, clear: Mapping[str, Any], categories: Sequence[str], twin: UUID | None) -> str | None:
        """Return why an identifier is left out of the file, or None.

        `categories` are those of the subjects that the person sees, and `twin` is an earlier identifier with the same value.
        """
        unlinked = not categories and (not self.cleared or row.kind == "person")
        reasons = {
            "withdrawn": row.withdrawn_at is not None,
            "consent_missing": self.needs_consent(row.case_id, row.handling_code),
            "no_subject": unlinked,
            "victim": set(categories) == {"victim"} and not self.victims,
            "same_value": twin is not None,
            "digests_only": not clear.get("person" if row.kind == "person" else "value"),
        }
        return next((why for why, holds in reasons.items() if holds), None)

    def why_fact_left_out(self, row: Fact) -> str | None:
        """Return why a fact is left out of the file, or None."""
        reasons = {
            "withdrawn": row.withdrawn_at is not None,
            "consent_missing": self.needs_consent(row.case_id, row.handling_code),
            "victim": row.victims and not self.victims,
        }
        return next((why for why, holds in reasons.items() if holds), None)


def linked(links: Sequence[Mapping[str, Any]], keys: Mapping[UUID, str]) -> list[Line]:
    """Return the links to subjects that are in the file, by the keys of these."""
    return [
        {"external_id": keys[link["id"]], "since": link["since"], "basis": link["basis"]} for link in links if link["id"] in keys
    ]
