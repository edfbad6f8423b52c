"""What of a case is exported: only what the person sees, without what the terms keep back, and with a count of that."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import Select, func, select

from coopapi.access import Action, Level, Role
from coopapi.cases import service as cases
from coopapi.cases.models import Case, Identifier, Subject, SubjectCategory
from coopapi.errors import Conflict, Forbidden
from coopapi.exports.lines import Portion, Terms, case_line, identifier_line, key_of, linked, subject_line
from coopapi.exports.models import Export
from coopapi.identifiers.service import linked_since, open_values, shown_beside
from coopapi.shared.grants import answers
from coopapi.store.db import UnitOfWork

MOST_ROWS: Final = 500
"""How many rows one portion has."""
NEEDED: Final = (Action.CASE_EXPORT, Action.CASE_READ, Action.SUBJECT_READ, Action.IDENTIFIER_READ, Action.IDENTIFIER_CLEAR)
"""The actions that a person needs for an export."""
NEEDED_FOR_TIMELINES: Final = (
    Action.CASE_EXPORT,
    Action.CASE_READ,
    Action.SUBJECT_READ,
    Action.IDENTIFIER_READ,
    Action.TIMELINE_READ,
)


class ConsentMissing(Exception):
    """The case got the handling code H2 or H3 after the export was asked for, and no consent of its originator is recorded."""


class HiddenCaseNotExported(Conflict):
    """A hidden case is not given to other authorities, because they must not learn that it exists.

    Export it for your own authority, or make the case visible first.
    """


def cases_of(work: UnitOfWork, job: Export) -> list[Case]:
    """Return the cases of an export, if the person may still export each of them for the recipient.

    Raises `Forbidden`, `NotFound`, `CaseIsFinal` or `HiddenCaseNotExported`.
    """
    for action in NEEDED_FOR_TIMELINES if job.timeline is not None else NEEDED:
        work.require(action)
    if work.actor.role is Role.ANALYST and job.recipient_id != job.authority_id:
        raise Forbidden("An analyst exports timelines for the own authority only.")
    return [_case_of(work, job, case_id) for case_id in job.case_ids]


def _case_of(work: UnitOfWork, job: Export, case_id: UUID) -> Case:
    case = cases.usable(work, case_id, Level.READ)
    if case.state == "withdrawn":
        raise cases.CaseIsFinal(state=case.state)
    if job.recipient_id != job.authority_id:
        if not answers(work, case.id):
            raise Forbidden("Only the owner of the case, or the authority that is responsible for it, may give it to others.")
        if case.visibility == "hidden":
            raise HiddenCaseNotExported
    return case


def portion_of_case(case: Case, terms: Terms) -> Portion:
    """Return the line of the case itself. Raises `ConsentMissing`."""
    if terms.needs_consent(case.id, case.handling_code):
        raise ConsentMissing
    code = terms.code(case.handling_code)
    portion = Portion([case_line(case, code)], codes={code})
    portion.leave_out("case.state", "no_place")
    portion.leave_out("case.handler", "no_place", int(case.handler_id is not None))
    portion.leave_out("case.visibility", "no_place", int(case.visibility != "hit_no_hit"))
    return portion


def portion_of_subjects(work: UnitOfWork, job: Export, case: Case, terms: Terms) -> tuple[Portion, UUID | None]:
    """Return the next subjects, and the id of the last one, or None if there are no more."""
    rows = work.session.scalars(next_rows(work.all(Subject), Subject, Subject.created_at, job)).all()
    portion, sent = Portion(), [row for row in rows if terms.victims or row.category != "victim"]
    portion.leave_out("subject", "victim", len(rows) - len(sent))
    portion.lines = [subject_line(row, key_of(case)) for row in sent]
    earlier = (
        select(SubjectCategory.subject_id)
        .where(SubjectCategory.subject_id.in_([row.id for row in sent]), SubjectCategory.visible_to(work.actor, work.now))
        .group_by(SubjectCategory.subject_id)
        .having(func.count() > 1)
    )
    portion.leave_out("subject.history", "no_place", len(work.session.scalars(earlier).all()))
    return portion, last_of(rows)


def portion_of_identifiers(work: UnitOfWork, job: Export, case: Case, terms: Terms) -> tuple[Portion, UUID | None]:
    """Return the next identifiers, and the id of the last one, or None if there are no more."""
    rows = work.session.scalars(next_rows(work.all(Identifier), Identifier, Identifier.created_at, job)).all()
    portion = Portion()
    for one in considered(work, job, terms, rows):
        if one.why:
            portion.leave_out("identifier", one.why)
            continue
        code = terms.code(one.row.handling_code)
        portion.codes.add(code)
        portion.read[key_of(one.row)] = one.clear.get("normalised") or one.clear.get("value") or ""
        portion.lines.append(identifier_line(one.row, key_of(case), one.clear, one.links, code))
        if terms.cleared and not terms.victims:
            portion.leave_out("link", "victim", one.victims)
    return portion, last_of(rows)


class ConsideredIdentifier(NamedTuple):
    """An identifier with its decrypted content, its links in the file, and its number of victims.

    `why` says why it is left out, and `why_tied` why facts with it are; both are None if there is no reason.
    """

    row: Identifier
    clear: Mapping[str, Any]
    links: Sequence[Mapping[str, Any]]
    victims: int
    why: str | None
    why_tied: str | None


def considered(work: UnitOfWork, job: Export, terms: Terms, rows: Sequence[Identifier]) -> Iterator[ConsideredIdentifier]:
    """Say of identifiers whether they are in the file."""
    clear, beside = open_values(work, rows), shown_beside(work, rows)
    links = {row_id: [linked_since(one) for one in more.subjects or ()] for row_id, more in beside.items()}
    subjects = subjects_in_file(work, job, {link["id"] for every in links.values() for link in every})
    keys = {one.id: key_of(one) for one in subjects.values() if terms.victims or one.category != "victim"}
    for row in rows:
        said = clear.get(row.id, {})
        categories = [subjects[link["id"]].category for link in links[row.id] if link["id"] in subjects]
        why = terms.why_left_out(row, said, categories, beside[row.id].same_as)
        shown, victims = linked(links[row.id], keys), categories.count("victim")
        yield ConsideredIdentifier(row, said, shown, victims, why, terms.why_tied(categories))


def next_rows(query: Select[Any], model: Any, made_at: Any, job: Export) -> Select[Any]:
    """Select the next rows of the case that it had when the export was asked for. `made_at` is the column with their time."""
    query = query.where(model.case_id == job.case_id, made_at <= job.created_at)
    return (query.where(model.id > job.after) if job.after else query).order_by(model.id).limit(MOST_ROWS)


def last_of(rows: Sequence[Any]) -> UUID | None:
    """Return the id of the last row of a portion if another portion may follow."""
    found: UUID | None = rows[-1].id if len(rows) == MOST_ROWS else None
    return found


def subjects_in_file(work: UnitOfWork, job: Export, ids: set[UUID]) -> Mapping[UUID, Subject]:
    """Return those of these subjects that the case had when the export was asked for, by their ids."""
    query = work.all(Subject).where(Subject.id.in_(ids), Subject.created_at <= job.created_at)
    return {row.id: row for row in work.session.scalars(query)} if ids else {}
