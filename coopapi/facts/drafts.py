"""A fact between its reading and its storing."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from coopapi.cases.models import Identifier, Subject
from coopapi.errors import Unprocessable, broken
from coopapi.facts.models import Fact
from coopapi.facts.places import place_token
from coopapi.facts.service import WORDS
from coopapi.facts.times import SAID, read_time
from coopapi.store.db import UnitOfWork
from coopapi.store.statements import Statement

_AS_SENT: Final = ("kind", "country", "confidence", "source_grading", "information_grading", "external_id")
_OF_VICTIMS: Final = Statement(
    "select l.identifier_id as id from identifier_subjects l join subjects s on s.id = l.subject_id"
    " where l.identifier_id = any(cast(:identifiers as uuid[])) group by l.identifier_id having bool_and(s.category = 'victim')"
)


@dataclass(frozen=True, slots=True)
class Involved:
    """The subjects and identifiers of a case that requests name: the category of each subject by its id, and the identifiers."""

    categories: Mapping[UUID, str]
    identifiers: Collection[UUID]
    of_victims: Collection[UUID]
    """Those of the identifiers that belong to victims alone, as far as the caller sees: a fact with one is about victims."""


@dataclass(frozen=True, slots=True)
class FactDraft:
    """A fact that was read and may be recorded: its columns in clear, what is sealed, and its links."""

    told: dict[str, Any]
    words: dict[str, Any]
    token: bytes | None
    subjects: frozenset[UUID]
    identifiers: frozenset[UUID]
    victims: bool
    corrects: Fact | None = None

    @property
    def key(self) -> str | None:
        """The key under which a national system knows the fact."""
        found: str | None = self.told["external_id"]
        return found


def involved(work: UnitOfWork, case_id: UUID, items: Sequence[Mapping[str, Any]]) -> Involved:
    """Return those of the subjects and identifiers that items name that the case has.

    Locks the identifiers, so that they do not become those of victims before the facts are stored.
    """
    people = {link["id"] for item in items for link in item.get("subjects", ())}
    things = {link["id"] for item in items for link in item.get("identifiers", ())}
    rows = work.all(Subject).where(Subject.case_id == case_id, Subject.id.in_(people))
    kept = work.all(Identifier).where(Identifier.case_id == case_id, Identifier.id.in_(things))
    locked = kept.order_by(Identifier.id).with_for_update(read=True)
    identifiers = {row.id for row in work.session.scalars(locked)} if things else set()
    return Involved(
        {row.id: row.category for row in work.session.scalars(rows)} if people else {},
        identifiers,
        of_victims_alone(work, identifiers),
    )


def of_victims_alone(work: UnitOfWork, identifiers: Collection[UUID]) -> set[UUID]:
    """Return the identifiers that belong to victims alone. Callers without clearance do not see these links, and learn of none."""
    return {row.id for row in _OF_VICTIMS.rows(work.session, identifiers=list(identifiers))} if identifiers else set()


def merged(old: Mapping[str, Any], data: Mapping[str, Any]) -> dict[str, Any]:
    """Return an item with a correction. A new time replaces precision and zone, and an undated fact has no end."""
    kept = dict(old)
    if "at" in data:
        gone = SAID if data["at"] is None else ("precision", "zone") if data["at"] != old["at"] else ()
        kept |= dict.fromkeys(gone)
    return {**kept, **data}


def draft(work: UnitOfWork, handling_code: str, item: Mapping[str, Any], case: Involved, corrects: Fact | None = None) -> FactDraft:
    """Read one item. Raises `Unprocessable`, with pointers to the fields at fault.

    `handling_code` is that of the case, which applies if the item has none.
    """
    subjects = [link["id"] for link in item.get("subjects", ())]
    identifiers = [link["id"] for link in item.get("identifiers", ())]
    faults = _faults(work, item, case)
    try:
        time = read_time(item)
    except Unprocessable as fault:
        raise Unprocessable(errors=[*fault.extra["errors"], *faults]) from None
    if faults:
        raise Unprocessable(errors=faults)
    words = {name: item[name] for name in WORDS if item.get(name)}
    about_victim = bool(item.get("about_victim"))
    told = {
        **{name: item.get(name) for name in _AS_SENT},
        **{name: getattr(time, name) for name in ("begins_at", "ends_at", "precision", "utc_offset", "zone")},
        "basis": item.get("basis") or "fact",
        "handling_code": item.get("handling_code") or handling_code,
        "about_victim": about_victim,
    }
    linked = any(case.categories[one] == "victim" for one in subjects) or any(one in case.of_victims for one in identifiers)
    token = place_token(work.keys, words.get("place"), item.get("country"))
    return FactDraft(told, words, token, frozenset(subjects), frozenset(identifiers), about_victim or linked, corrects)


def stays_hidden(one: FactDraft) -> FactDraft:
    """Return a draft, unless it would show a fact about a victim to everybody, who could see that it had been hidden.

    Its id, its versions and the times of its states tell that. A new fact tells nothing of the one that is withdrawn. Raises
    `Unprocessable`.
    """
    if one.corrects is not None and one.corrects.victims and not one.victims:
        detail = "A fact about a victim stays one. Withdraw it, and record what is not about a victim as a new fact."
        raise Unprocessable(errors=[broken("/about_victim", "stays_hidden", detail)])
    return one


def _faults(work: UnitOfWork, item: Mapping[str, Any], case: Involved) -> list[dict[str, str]]:
    """Return what is wrong with the links and the grading of an item."""
    faults = []
    for n, link in enumerate(item.get("subjects", ())):
        if link["id"] not in case.categories:
            faults.append(broken(f"/subjects/{n}/id", "subject", "The case has no subject with this id."))
        elif case.categories[link["id"]] == "victim" and not work.actor.cleared:
            faults.append(broken(f"/subjects/{n}/id", "clearance", "Recording facts about victims needs victim clearance."))
    faults += [
        broken(f"/identifiers/{n}/id", "identifier", "The case has no identifier with this id.")
        for n, link in enumerate(item.get("identifiers", ()))
        if link["id"] not in case.identifiers
    ]
    if item.get("about_victim") and not work.actor.cleared:
        faults.append(broken("/about_victim", "clearance", "Recording facts about victims needs victim clearance."))
    if item.get("basis") == "assessment" and not (item.get("source_grading") and item.get("information_grading")):
        detail = "An assessment needs source_grading and information_grading."
        faults.append(broken("/source_grading", "graded", detail))
    return faults
