"""What the things of a page are called, as far as the reader sees them. All names of a page are read in one statement."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from coopapi.access import Action
from coopapi.store.db import UnitOfWork
from coopapi.store.statements import Statement
from coopapi.timelines.wording import label

_NAMES: Final = Statement(
    "select * from priv.names_of(cast(:things as uuid[]), cast(:shared as uuid[]), cast(:overlaps as uuid[]),"
    " cast(:mine as uuid[]))"
)
_NEEDS: Final[Mapping[str, Action]] = {
    "request": Action.MLA_READ,
    "jit": Action.JIT_READ,
    "meeting": Action.MEETING_READ,
    "consultation": Action.MEETING_READ,
    "identifier": Action.IDENTIFIER_READ,
    "link": Action.SUBJECT_READ,
    "subject": Action.SUBJECT_READ,
    "access": Action.CASE_READ,
    "overlap": Action.OVERLAP_READ,
    "disclosure": Action.DISCLOSURE_READ,
    "fact": Action.IDENTIFIER_READ,
    "authority": Action.DIRECTORY_READ,
}
"""The action that a role needs to learn what a thing of this type is called."""
BY_CASE: Final = frozenset({"overlap", "disclosure"})
"""Types of things that are called by the authority of the other side, seen from the case of the entry."""
SHARED: Final = frozenset({"request", "jit", "meeting", "consultation"})
"""Types of things that the reader of an entry may not see, although the entry tells that they exist."""
_SELDOM: Final = SHARED | {"caseaccess"}
"""Types of things that few pages have. Their names are looked for only if a page has some."""


@dataclass(frozen=True, slots=True)
class Names:
    """The names of one page."""

    things: Mapping[UUID, Any]
    of_case: Mapping[tuple[UUID, UUID], Any]
    links: Mapping[UUID, Sequence[dict[str, Any]]]

    def authority(self, authority_id: UUID) -> dict[str, Any]:
        """Return an authority with its name and country."""
        row = self.things.get(authority_id)
        return {"id": authority_id, "name": row.words if row else None, "country": row.code if row else None}

    def called(self, kind: str, thing_id: UUID | None, case_id: UUID, language: str) -> str | None:
        """Return what a thing is called in a language, or None if it has no name or the reader does not see it."""
        row = self.of_case.get((thing_id, case_id)) if kind in BY_CASE and thing_id else self.things.get(thing_id)  # type: ignore[arg-type]
        if row is None:
            return None
        if row.type == "request":
            return f"{label('request_kinds', row.code, language)} {row.words}"
        if row.type == "identifier":
            return label("identifier_kinds", row.code, language)
        if row.type == "fact":
            return label("fact_kinds", row.code, language)
        if row.type in {"access", *BY_CASE}:
            return by_country(row.name, row.country)
        called: str | None = row.words
        return called

    def sees(self, thing_id: UUID | None) -> bool:
        """Tell whether the reader sees a thing."""
        return thing_id in self.things

    def identifiers(self, ids: Iterable[UUID]) -> list[dict[str, Any]]:
        """Return the identifiers that the reader sees among these, each with its kind and without its value."""
        return [{"id": one, "kind": self.things[one].code} for one in ids if one in self.things]

    def subjects(self, ids: Iterable[UUID]) -> list[dict[str, Any]]:
        """Return the subjects that the reader sees among these, each with pseudonym and category."""
        return [_subject(one, self.things[one]) for one in ids if one in self.things]


def by_country(name: str | None, country: str | None) -> str | None:
    """Return the name of an authority with its country, as it stands in sentences."""
    return f"{name}, {country}" if name and country else name


def _subject(subject_id: UUID, row: Any) -> dict[str, Any]:
    return {"id": subject_id, "pseudonym": row.words, "category": row.code}


def read(work: UnitOfWork, rows: Sequence[Any]) -> Names:
    """Read the names of everything that these entries are about, of which the reader's role may learn."""
    things = {row.authority_id for row in rows} | {row.object_id for row in rows if row.object_id}
    shared = {row.object_id for row in rows if row.object_id and row.object_type in _SELDOM}
    for row in rows:
        for name in ("subjects", "identifiers") if row.said else ():
            things |= {UUID(one) for one in row.said[name]}
    seen_from = {(row.object_id, row.case_id) for row in rows if row.object_type in BY_CASE and row.object_id}
    overlaps, mine = [one for one, _ in seen_from], [case for _, case in seen_from]
    found = _NAMES.rows(work.session, things=list(things), shared=list(shared), overlaps=overlaps, mine=mine)
    named = [row for row in found if work.actor.may(_NEEDS[row.type])]
    links: dict[UUID, list[dict[str, Any]]] = defaultdict(list)
    for row in named:
        if row.type == "link":
            links[row.id].append(_subject(row.other, row))
    return Names(
        {row.id: row for row in named if row.type not in {"link", *BY_CASE}},
        {(row.id, row.other): row for row in named if row.type in BY_CASE},
        links,
    )
