"""What is next to the nodes of a graph: each function reads the neighbours of nodes of one kind, as far as the caller sees them.

No function reads more than `MOST_READ` rows of a table. The rows are those that the lists of the API show: links to victims are
read for cleared callers only, and a case of others that the caller does not see is a pseudonym.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import Select, or_

from coopapi.access import Action
from coopapi.cases.models import Case, Identifier, IdentifierSubject, Subject
from coopapi.jits.models import Jit
from coopapi.meetings.models import Meeting
from coopapi.mla.models import Request
from coopapi.overlaps.clusters import pseudonym_of
from coopapi.overlaps.models import Overlap
from coopapi.shared.parties import Party
from coopapi.shared.shared_cases import SharedCase
from coopapi.store.db import UnitOfWork

MOST_READ: Final = 1000
"""How many rows one function reads."""
Node = tuple[str, UUID | str]
"""The kind of a node and its id; for a case that the caller does not see, a pseudonym."""
_STRENGTHS: Final = ("weak", "possible", "strong")
_THINGS: Final = ((Request, "request", Action.MLA_READ), (Jit, "jit", Action.JIT_READ), (Meeting, "meeting", Action.MEETING_READ))


class Edge(NamedTuple):
    """A connection of two nodes, with what kind it is and what is known of it."""

    source: Node
    target: Node
    kind: str
    said: Mapping[str, Any] = {}


Reader = Callable[[UnitOfWork, Sequence[UUID]], Iterator[Edge]]


def _rows(work: UnitOfWork, query: Select[Any]) -> Sequence[Any]:
    return work.session.scalars(query.limit(MOST_READ)).all()


def subjects_of_cases(work: UnitOfWork, ids: Sequence[UUID]) -> Iterator[Edge]:
    """Yield the subjects of cases."""
    if work.actor.may(Action.SUBJECT_READ):
        for row in _rows(work, work.all(Subject).where(Subject.case_id.in_(ids)).order_by(Subject.case_id, Subject.id)):
            yield Edge(("case", row.case_id), ("subject", row.id), "has_subject")


def identifiers_of_cases(work: UnitOfWork, ids: Sequence[UUID]) -> Iterator[Edge]:
    """Yield the identifiers of cases that are not withdrawn."""
    if work.actor.may(Action.IDENTIFIER_READ):
        query = work.all(Identifier).where(Identifier.case_id.in_(ids), Identifier.withdrawn_at.is_(None))
        for row in _rows(work, query.order_by(Identifier.case_id, Identifier.id)):
            yield Edge(("case", row.case_id), ("identifier", row.id), "has_identifier")


def overlaps_of_cases(work: UnitOfWork, ids: Sequence[UUID]) -> Iterator[Edge]:
    """Yield the overlaps of cases with other cases, the strongest first. Those without evidence are left out."""
    if not work.actor.may(Action.OVERLAP_READ):
        return
    actor = work.actor
    query = work.all(Overlap).where(or_(Overlap.case_a.in_(ids), Overlap.case_b.in_(ids)), Overlap.seen(actor, "strength") > 0)
    rows = _rows(work, query.order_by(Overlap.seen(actor, "rank").desc(), Overlap.id))
    seen = visible_cases(work, [case for row in rows for case in (row.case_a, row.case_b)])
    for row in rows:
        ends = [("case", case if case in seen else pseudonym_of(work, case)) for case in (row.case_a, row.case_b)]
        ends.sort(key=lambda node: (isinstance(node[1], str), str(node[1])))
        strength = row.strength if actor.cleared else row.open_strength
        kinds = row.kinds if actor.cleared else row.open_kinds
        said = {"overlap_id": row.id, "strength": _STRENGTHS[strength - 1], "kinds": sorted(kinds)}
        yield Edge(ends[0], ends[1], "overlap", said)


def things_of_cases(work: UnitOfWork, ids: Sequence[UUID]) -> Iterator[Edge]:
    """Yield the requests, teams and meetings of cases: those in which the caller takes part through the case or shares it."""
    parts = _rows(work, work.all(Party).where(Party.case_id.in_(ids)).order_by(Party.object_id))
    shares = _rows(work, _shares(work).where(SharedCase.case_id.in_(ids)).order_by(SharedCase.object_id))
    pairs = dict.fromkeys((one.object_id, one.case_id) for one in (*parts, *shares))
    there = _things(work, [object_id for object_id, _ in pairs])
    for object_id, case_id in pairs:
        if object_id in there:
            yield Edge((there[object_id], object_id), ("case", case_id), "concerns")


def cases_of_things(work: UnitOfWork, ids: Sequence[UUID]) -> Iterator[Edge]:
    """Yield the cases of requests, teams and meetings."""
    there = _things(work, ids)
    parts = _rows(work, work.all(Party).where(Party.object_id.in_(there), Party.case_id.is_not(None)))
    shares = _rows(work, _shares(work).where(SharedCase.object_id.in_(there)))
    pairs = dict.fromkeys((one.object_id, one.case_id) for one in (*parts, *shares))
    seen = visible_cases(work, [case_id for _, case_id in pairs])
    for object_id, case_id in pairs:
        if case_id in seen:
            yield Edge((there[object_id], object_id), ("case", case_id), "concerns")


def links_of_requests(work: UnitOfWork, ids: Sequence[UUID]) -> Iterator[Edge]:
    """Yield the team of a request, the earlier request that it refers to, and later ones that refer to it."""
    if not work.actor.may(Action.MLA_READ):
        return
    query = work.all(Request).where(or_(Request.id.in_(ids), Request.previous_id.in_(ids)))
    rows = _rows(work, query.order_by(Request.id))
    there = _things(work, [one for row in rows for one in (row.jit_id, row.previous_id) if one])
    for row in rows:
        if row.jit_id in there:
            yield Edge(("request", row.id), ("jit", row.jit_id), "of_jit")
        if row.previous_id in there:
            yield Edge(("request", row.id), ("request", row.previous_id), "follows")


def requests_of_teams(work: UnitOfWork, ids: Sequence[UUID]) -> Iterator[Edge]:
    """Yield the requests that were made for a team."""
    if work.actor.may(Action.MLA_READ):
        for row in _rows(work, work.all(Request).where(Request.jit_id.in_(ids)).order_by(Request.id)):
            yield Edge(("request", row.id), ("jit", row.jit_id), "of_jit")


def links_of_subjects(work: UnitOfWork, ids: Sequence[UUID]) -> Iterator[Edge]:
    """Yield the case of a subject, and the identifiers that are linked to it."""
    for row in _rows(work, work.all(Subject).where(Subject.id.in_(ids))):
        yield Edge(("case", row.case_id), ("subject", row.id), "has_subject")
    yield from _links(work, work.all(IdentifierSubject).where(IdentifierSubject.subject_id.in_(ids)))


def links_of_identifiers(work: UnitOfWork, ids: Sequence[UUID]) -> Iterator[Edge]:
    """Yield the case of an identifier, and the subjects that it is linked to."""
    for row in _rows(work, work.all(Identifier).where(Identifier.id.in_(ids))):
        yield Edge(("case", row.case_id), ("identifier", row.id), "has_identifier")
    yield from _links(work, work.all(IdentifierSubject).where(IdentifierSubject.identifier_id.in_(ids)))


def _links(work: UnitOfWork, query: Select[Any]) -> Iterator[Edge]:
    if work.actor.may(Action.SUBJECT_READ) and work.actor.may(Action.IDENTIFIER_READ):
        rows = _rows(work, query.order_by(IdentifierSubject.subject_id, IdentifierSubject.identifier_id))
        live = work.all(Identifier).where(Identifier.id.in_([row.identifier_id for row in rows]), Identifier.withdrawn_at.is_(None))
        there = {row.id for row in _rows(work, live)}
        for row in rows:
            if row.identifier_id in there:
                yield Edge(("subject", row.subject_id), ("identifier", row.identifier_id), "linked", {"basis": row.basis})


def visible_cases(work: UnitOfWork, ids: Sequence[UUID]) -> set[UUID]:
    """Return those of some cases that the caller sees."""
    return {row.id for row in work.session.scalars(work.all(Case).where(Case.id.in_(set(ids))))} if ids else set()


def _shares(work: UnitOfWork) -> Select[SharedCase]:
    return work.all(SharedCase).where(SharedCase.ended_at.is_(None))


def _things(work: UnitOfWork, ids: Sequence[UUID]) -> dict[UUID, str]:
    """Return the kinds of those of some objects that the caller sees."""
    found: dict[UUID, str] = {}
    for model, kind, action in _THINGS:
        if ids and work.actor.may(action):
            rows: Sequence[Any] = work.session.scalars(work.all(model).where(model.id.in_(set(ids)))).all()
            found |= {row.id: kind for row in rows}
    return found


READERS: Final[Mapping[str, tuple[Reader, ...]]] = {
    "case": (overlaps_of_cases, things_of_cases, subjects_of_cases, identifiers_of_cases),
    "subject": (links_of_subjects,),
    "identifier": (links_of_identifiers,),
    "request": (cases_of_things, links_of_requests),
    "jit": (cases_of_things, requests_of_teams),
    "meeting": (cases_of_things,),
}
"""The functions that read the neighbours of each kind of node."""
