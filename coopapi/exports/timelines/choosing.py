"""What of a timeline is exported: only what the person sees, without what the terms keep back, and with a count of that."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from coopapi.cases.models import Case, Identifier, Subject
from coopapi.exports.formats.common import About
from coopapi.exports.lines import Terms
from coopapi.exports.models import Export
from coopapi.exports.timelines.entries import Entry, moment_of
from coopapi.exports.timelines.table import DATED
from coopapi.facts.models import EarlierFact, Fact
from coopapi.identifiers.service import linked_since, shown_beside
from coopapi.journal.models import JournalEntry
from coopapi.store.db import UnitOfWork

Reasons = Mapping[UUID | None, str | None]
"""Why something is left out, by the ids of identifiers; None if there is no reason."""
_PASSED_ON: Final = frozenset({"case", "subject", "identifier", "fact"})
"""The types of objects whose acts are given to others. Acts about other things concern other authorities."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """A timeline that is exported: the job with its cases, its terms, and what the file says of itself."""

    work: UnitOfWork
    job: Export
    cases: Sequence[Case]
    terms: Terms
    about: About
    wanted: Mapping[str, Any]
    """The language and the filters, as `GET /timelines` names them."""


class Choice:
    """Chooses the entries of one portion."""

    def __init__(self, making: Timeline, entries: Sequence[Entry]) -> None:
        work, terms = making.work, making.terms
        self.job, self.terms, self.cases = making.job, terms, {case.id: case for case in making.cases}
        self.codes: set[str] = set()
        self.left_out: Counter[tuple[str, str]] = Counter()
        self._why, self._why_tied = _why_not_named(work, terms, entries)
        self._facts = _facts(work, entries)
        self._earlier = _earlier_codes(work, self._facts) if "as_known_on" in making.wanted else {}
        self._victims = _about_victims(work, entries)
        self.kept = [self._shown(entry) for entry in entries if self._keeps(entry)]

    def _keeps(self, entry: Entry) -> bool:
        """Tell whether an entry is in the file, and count it if not. What was recorded after the request does not exist for it."""
        recorded = moment_of(entry.get("recorded_at"))
        if recorded and recorded > self.job.created_at:
            return False
        if why := self._why_left_out(entry):
            self.left_out[entry["kind"], why] += 1
        return not why

    def _why_left_out(self, entry: Entry) -> str | None:
        about = entry.get("object") or {}
        named = self._why.get(_id(about.get("id"))) if about.get("type") == "identifier" else None
        passed_on = self.terms.internal or entry["kind"] == "fact" or about.get("type") in _PASSED_ON
        reasons = {
            "of_others": not passed_on,
            "victim": not self.terms.victims and self._is_about_a_victim(entry),
            "consent_missing": self.terms.needs_consent(_case_of(entry), self._code(entry)),
            "undated": entry.get("begins_at") is None and self.job.format in DATED,
        }
        tied = (self._why_tied.get(_id(one["id"])) for one in entry.get("identifiers") or ()) if entry["kind"] == "fact" else ()
        return next((why for why, holds in reasons.items() if holds), named or next(filter(None, tied), None))

    def _is_about_a_victim(self, entry: Entry) -> bool:
        linked = any(one["category"] == "victim" for one in entry.get("subjects") or ())
        ids = {str(entry["id"]), str((entry.get("object") or {}).get("id"))}
        fact = self._fact(entry)
        return linked or (fact is not None and fact.victims) or not self._victims.isdisjoint(ids)

    def _fact(self, entry: Entry) -> Fact | None:
        """Return the fact that an entry is about, if it is about one."""
        about = entry.get("object") or {}
        found = self._facts.get(about["id"]) if about.get("type") == "fact" else None
        return found or self._facts.get(entry["id"])

    def _code(self, entry: Entry) -> str:
        fact = self._fact(entry)
        return max(fact.handling_code, self._earlier.get(fact.id, "H0")) if fact else "H0"

    def _shown(self, entry: Entry) -> dict[str, Any]:
        """Return an entry with its handling code, and with the identifiers that may be named."""
        case_code = self.cases[_case_of(entry)].handling_code
        code = self.terms.code(max(case_code, self._code(entry)))
        self.codes.add(code)
        whys = [(one, self._why.get(_id(one["id"]))) for one in entry.get("identifiers") or ()]
        self.left_out.update(("identifier", why) for _, why in whys if why)
        return {**entry, "identifiers": [one for one, why in whys if not why], "handling_code": code}


def _case_of(entry: Entry) -> UUID:
    return UUID(str(entry["case"]["id"]))


def _id(value: Any) -> UUID | None:
    return UUID(str(value)) if value else None


def _ids(entries: Iterable[Entry], kind: str) -> set[UUID]:
    objects = (entry.get("object") or {} for entry in entries)
    of_acts = {UUID(str(one["id"])) for one in objects if one.get("type") == kind and one.get("id")}
    return of_acts | {UUID(str(one["id"])) for entry in entries for one in entry.get(f"{kind}s") or ()}


def _why_not_named(work: UnitOfWork, terms: Terms, entries: Sequence[Entry]) -> tuple[Reasons, Reasons]:
    """Return why identifiers of the entries must not be named, and why facts with them are left out. The rules are as for lines."""
    ids = _ids(entries, "identifier")
    rows = work.session.scalars(work.all(Identifier).where(Identifier.id.in_(ids))).all() if ids else []
    links = {row_id: [linked_since(one)["id"] for one in more.subjects or ()] for row_id, more in shown_beside(work, rows).items()}
    subjects = {one for linked in links.values() for one in linked}
    query = work.all(Subject).where(Subject.id.in_(subjects))
    categories = {row.id: row.category for row in work.session.scalars(query)} if subjects else {}
    of = {row.id: [categories[one] for one in links[row.id] if one in categories] for row in rows}
    return {row.id: terms.why_not_named(row, of[row.id]) for row in rows}, {row.id: terms.why_tied(of[row.id]) for row in rows}


def _facts(work: UnitOfWork, entries: Sequence[Entry]) -> Mapping[UUID, Fact]:
    """Return the facts that the entries are, or are about, by their ids."""
    ids = {entry["id"] for entry in entries if entry["kind"] == "fact"} | _ids(entries, "fact")
    return {row.id: row for row in work.session.scalars(work.all(Fact).where(Fact.id.in_(ids)))} if ids else {}


def _earlier_codes(work: UnitOfWork, facts: Collection[UUID]) -> Mapping[UUID, str]:
    """Return the strictest handling code that each of these facts ever had, for what it said at an earlier time."""
    query = work.all(EarlierFact).where(EarlierFact.fact_id.in_(facts)).order_by(EarlierFact.handling_code)
    return {row.fact_id: row.handling_code for row in work.session.scalars(query)} if facts else {}


def _about_victims(work: UnitOfWork, entries: Sequence[Entry]) -> set[str]:
    """Return the ids of acts that only cleared people see, and of subjects that are victims."""
    acts = [entry["id"] for entry in entries if entry["kind"] == "act"]
    hidden = work.all(JournalEntry).where(JournalEntry.uid.in_(acts), JournalEntry.victims_only)
    found = {str(row.uid) for row in work.session.scalars(hidden)} if acts and work.actor.cleared else set()
    subjects = _ids(entries, "subject")
    victims = work.all(Subject).where(Subject.id.in_(subjects), Subject.category == "victim")
    return found | ({str(row.id) for row in work.session.scalars(victims)} if subjects else set())
