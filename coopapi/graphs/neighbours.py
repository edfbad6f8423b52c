"""What is next to the nodes of a graph: each function reads the neighbours of nodes of one kind, as far as the caller sees them.

A function reads the rows of one table in a fixed order, up to `MOST_READ`, and tells the place of the last one if there are more.
The next call goes on after a place. The rows are those that the lists of the API show: links to victims are read for cleared
callers only, and a case of others that the caller does not see is a pseudonym.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import Select, or_

from coopapi.access import Action
from coopapi.cases.models import Case, Identifier, IdentifierSubject, Subject
from coopapi.http.paging import Order, values_of
from coopapi.identifiers.kinds import STRENGTH_NAMES
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
_THINGS: Final = ((Request, "request", Action.MLA_READ), (Jit, "jit", Action.JIT_READ), (Meeting, "meeting", Action.MEETING_READ))


class Edge(NamedTuple):
    """A connection of two nodes, with what kind it is and what is known of it."""

    source: Node
    target: Node
    kind: str
    said: Mapping[str, Any] = {}


Place = list[str]
"""The values of the columns by which rows are sorted, of one row, as text."""


class Neighbours(NamedTuple):
    """Edges, each with the place of the row that it is from, and the place of the last row if there are more rows after it."""

    edges: Sequence[tuple[Place, Edge]] = ()
    end: Place | None = None


Reader = Callable[[UnitOfWork, Sequence[UUID], Place | None], Neighbours]


class _Rows(NamedTuple):
    rows: Sequence[Any]
    order: Order
    end: Place | None

    def reading(self, edges: Callable[[Any], Iterable[Edge]]) -> Neighbours:
        """Return the edges that a function yields for each row."""
        return Neighbours([(_place(self.order, row), edge) for row in self.rows for edge in edges(row)], self.end)


def _place(order: Order, row: Any) -> Place:
    return [str(getattr(row, column.key)) for column in order.columns]


def _rows(work: UnitOfWork, query: Select[Any], after: Place | None, *columns: Any, descending: bool = False) -> _Rows:
    """Read the rows of a query after a place, sorted by columns of which the last ones tell rows apart."""
    order = Order(columns, descending)
    if after is not None:
        query = order.after(query, values_of(order, after))
    rows = work.session.scalars(order.first(query, MOST_READ + 1)).all()
    read = rows[:MOST_READ]
    return _Rows(read, order, _place(order, read[-1]) if len(rows) > MOST_READ else None)


def subjects_of_cases(work: UnitOfWork, ids: Sequence[UUID], after: Place | None) -> Neighbours:
    """Read the subjects of cases."""
    if not work.actor.may(Action.SUBJECT_READ):
        return Neighbours()
    rows = _rows(work, work.all(Subject).where(Subject.case_id.in_(ids)), after, Subject.case_id, Subject.id)
    return rows.reading(lambda row: [Edge(("case", row.case_id), ("subject", row.id), "has_subject")])


def identifiers_of_cases(work: UnitOfWork, ids: Sequence[UUID], after: Place | None) -> Neighbours:
    """Read the identifiers of cases that are not withdrawn."""
    if not work.actor.may(Action.IDENTIFIER_READ):
        return Neighbours()
    query = work.all(Identifier).where(Identifier.case_id.in_(ids), Identifier.withdrawn_at.is_(None))
    rows = _rows(work, query, after, Identifier.case_id, Identifier.id)
    return rows.reading(lambda row: [Edge(("case", row.case_id), ("identifier", row.id), "has_identifier")])


def overlaps_of_cases(work: UnitOfWork, ids: Sequence[UUID], after: Place | None) -> Neighbours:
    """Read the overlaps of cases with other cases, the strongest first. Those without evidence are left out."""
    actor = work.actor
    if not actor.may(Action.OVERLAP_READ):
        return Neighbours()
    query = work.all(Overlap).where(or_(Overlap.case_a.in_(ids), Overlap.case_b.in_(ids)), Overlap.seen(actor, "strength") > 0)
    rows = _rows(work, query, after, Overlap.seen(actor, "rank"), Overlap.id, descending=True)
    seen = visible_cases(work, [case for row in rows.rows for case in (row.case_a, row.case_b)])

    def edges(row: Any) -> Iterator[Edge]:
        ends = [("case", case if case in seen else pseudonym_of(work, case)) for case in (row.case_a, row.case_b)]
        ends.sort(key=lambda node: (isinstance(node[1], str), str(node[1])))
        strength = row.strength if actor.cleared else row.open_strength
        kinds = row.kinds if actor.cleared else row.open_kinds
        said = {"overlap_id": row.id, "strength": STRENGTH_NAMES[strength], "kinds": sorted(kinds)}
        yield Edge(ends[0], ends[1], "overlap", said)

    return rows.reading(edges)


def parts_of_cases(work: UnitOfWork, ids: Sequence[UUID], after: Place | None) -> Neighbours:
    """Read the requests, teams and meetings in which the caller takes part through cases."""
    return _concerned(work, _rows(work, work.all(Party).where(Party.case_id.in_(ids)), after, Party.object_id, Party.id))


def shares_of_cases(work: UnitOfWork, ids: Sequence[UUID], after: Place | None) -> Neighbours:
    """Read the teams and meetings with which cases are shared."""
    query = _shares(work).where(SharedCase.case_id.in_(ids))
    return _concerned(work, _rows(work, query, after, SharedCase.object_id, SharedCase.id))


def parts_of_things(work: UnitOfWork, ids: Sequence[UUID], after: Place | None) -> Neighbours:
    """Read the cases through which the caller takes part in requests, teams and meetings."""
    query = work.all(Party).where(Party.object_id.in_(ids), Party.case_id.is_not(None))
    return _concerned(work, _rows(work, query, after, Party.object_id, Party.id))


def shares_of_things(work: UnitOfWork, ids: Sequence[UUID], after: Place | None) -> Neighbours:
    """Read the cases that are shared with teams and meetings."""
    query = _shares(work).where(SharedCase.object_id.in_(ids))
    return _concerned(work, _rows(work, query, after, SharedCase.object_id, SharedCase.id))


def _concerned(work: UnitOfWork, rows: _Rows) -> Neighbours:
    """Return the connections of things with cases, as far as the caller sees both."""
    there = _things(work, [row.object_id for row in rows.rows])
    seen = visible_cases(work, [row.case_id for row in rows.rows])

    def edges(row: Any) -> Iterator[Edge]:
        if row.object_id in there and row.case_id in seen:
            yield Edge((there[row.object_id], row.object_id), ("case", row.case_id), "concerns")

    return rows.reading(edges)


def links_of_requests(work: UnitOfWork, ids: Sequence[UUID], after: Place | None) -> Neighbours:
    """Read the teams of requests, the earlier requests that they refer to, and later ones that refer to them."""
    if not work.actor.may(Action.MLA_READ):
        return Neighbours()
    rows = _rows(work, work.all(Request).where(or_(Request.id.in_(ids), Request.previous_id.in_(ids))), after, Request.id)
    there = _things(work, [one for row in rows.rows for one in (row.jit_id, row.previous_id) if one])
    asked = set(ids)

    def edges(row: Any) -> Iterator[Edge]:
        if row.id in asked and row.jit_id in there:
            yield Edge(("request", row.id), ("jit", row.jit_id), "of_jit")
        if row.previous_id in there:
            yield Edge(("request", row.id), ("request", row.previous_id), "follows")

    return rows.reading(edges)


def requests_of_teams(work: UnitOfWork, ids: Sequence[UUID], after: Place | None) -> Neighbours:
    """Read the requests that were made for teams."""
    if not work.actor.may(Action.MLA_READ):
        return Neighbours()
    rows = _rows(work, work.all(Request).where(Request.jit_id.in_(ids)), after, Request.id)
    return rows.reading(lambda row: [Edge(("request", row.id), ("jit", row.jit_id), "of_jit")])


def cases_of_subjects(work: UnitOfWork, ids: Sequence[UUID], after: Place | None) -> Neighbours:
    """Read the cases of subjects."""
    rows = _rows(work, work.all(Subject).where(Subject.id.in_(ids)), after, Subject.id)
    return rows.reading(lambda row: [Edge(("case", row.case_id), ("subject", row.id), "has_subject")])


def cases_of_identifiers(work: UnitOfWork, ids: Sequence[UUID], after: Place | None) -> Neighbours:
    """Read the cases of identifiers."""
    rows = _rows(work, work.all(Identifier).where(Identifier.id.in_(ids)), after, Identifier.id)
    return rows.reading(lambda row: [Edge(("case", row.case_id), ("identifier", row.id), "has_identifier")])


def links_of_subjects(work: UnitOfWork, ids: Sequence[UUID], after: Place | None) -> Neighbours:
    """Read the identifiers that are linked to subjects."""
    return _links(work, work.all(IdentifierSubject).where(IdentifierSubject.subject_id.in_(ids)), after)


def links_of_identifiers(work: UnitOfWork, ids: Sequence[UUID], after: Place | None) -> Neighbours:
    """Read the subjects that identifiers are linked to."""
    return _links(work, work.all(IdentifierSubject).where(IdentifierSubject.identifier_id.in_(ids)), after)


def _links(work: UnitOfWork, query: Select[Any], after: Place | None) -> Neighbours:
    if not (work.actor.may(Action.SUBJECT_READ) and work.actor.may(Action.IDENTIFIER_READ)):
        return Neighbours()
    rows = _rows(work, query, after, IdentifierSubject.subject_id, IdentifierSubject.identifier_id)
    named = {row.identifier_id for row in rows.rows}
    live = work.all(Identifier).where(Identifier.id.in_(named), Identifier.withdrawn_at.is_(None))
    there = {row.id for row in work.session.scalars(live)} if named else set()

    def edges(row: Any) -> Iterator[Edge]:
        if row.identifier_id in there:
            yield Edge(("subject", row.subject_id), ("identifier", row.identifier_id), "linked", {"basis": row.basis})

    return rows.reading(edges)


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
    "case": (overlaps_of_cases, parts_of_cases, shares_of_cases, subjects_of_cases, identifiers_of_cases),
    "subject": (cases_of_subjects, links_of_subjects),
    "identifier": (cases_of_identifiers, links_of_identifiers),
    "request": (parts_of_things, shares_of_things, links_of_requests),
    "jit": (parts_of_things, shares_of_things, requests_of_teams),
    "meeting": (parts_of_things, shares_of_things),
}
"""The functions that read the neighbours of each kind of node, in the order in which a graph is gone through."""
