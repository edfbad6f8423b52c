"""Subjects: the people in a case, their categories, and which kinds of identifiers may be stored about each category."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final
from uuid import UUID

from coopapi.access import Level
from coopapi.cases import service
from coopapi.cases.external_ids import ExternalIdTaken, shows_key
from coopapi.cases.models import Subject, SubjectCategory
from coopapi.directory import codelists
from coopapi.errors import Conflict, NotFound, Unprocessable
from coopapi.matching import engine
from coopapi.store.db import UnitOfWork
from coopapi.store.quick_json import quick_json
from coopapi.store.rows import as_stored, columns_of, store_changes, take_in
from coopapi.store.statements import Statement, array
from coopapi.store.together import grouped, together
from coopapi.unicode_text import fold_reference

_ADD: Final = Statement(
    "insert into subjects select * from jsonb_populate_recordset(null::subjects, cast(:subjects as jsonb));"
    " insert into subject_categories select * from jsonb_populate_recordset(null::subject_categories, cast(:categories as jsonb))"
)


_KINDS: Final = Statement(
    "select u.case_id, u.subject, k as kind from unnest(cast(:cases as uuid[]), cast(:subjects as uuid[])) u (case_id, subject)"
    " cross join lateral priv.kinds_of_subject(u.case_id, u.subject) k"
)


class NotForThisCategory(Unprocessable):
    """The kind of identifier may not be stored for this category of person (Eurojust Regulation, Annex II part 2).

    Correct the category of the subject, or record exceptional processing with its reason.
    """


class CategoryConflict(Conflict):
    """The subject has identifiers that may not be stored for this category of person (Eurojust Regulation, Annex II part 2).

    Withdraw the identifiers of the kinds that `kinds` lists, or record exceptional processing for them, and try again.
    """


class PseudonymTaken(Conflict):
    """The case already has a subject with this pseudonym.

    Use the existing subject, or choose another pseudonym.
    """


@dataclass(frozen=True, slots=True)
class SubjectView:
    """A subject with the history of its categories."""

    row: Subject
    history: Sequence[SubjectCategory]
    external_id: str | None

    def __getattr__(self, name: str) -> Any:
        """Return a field of the subject."""
        return getattr(self.row, name)


@cache
def allowed(kind: str) -> frozenset[str]:
    """Return the categories of people about whom this kind of identifier may be stored without exceptional processing."""
    items = {item.code: item for item in codelists.load("kind_by_category").items}
    return frozenset(items[kind].extra["allowed"])


def subject_of(work: UnitOfWork, case_id: UUID, subject_id: UUID, *, version: int | None = None) -> Subject:
    """Return one subject of this case. Raises `NotFound`, and `Stale` if its version is another."""
    subject = work.one(Subject, subject_id, version=version)
    if subject.case_id != case_id:
        raise NotFound
    return subject


def add_subject(work: UnitOfWork, case_id: UUID, data: dict[str, Any]) -> Subject:
    """Add a person to a case. A victim of unknown age is presumed to be a child (Dir. 2012/29 Art. 24(2))."""
    service.changeable(work, case_id)
    same = Subject.pseudonym_folded == fold_reference(data["pseudonym"])
    if work.session.scalar(work.all(Subject).where(Subject.case_id == case_id, same)):
        raise PseudonymTaken
    _require_free(work, case_id, data.get("external_id"))
    (subject,) = add_subjects(work, [(case_id, data)])
    return subject


def add_subjects(work: UnitOfWork, several: Sequence[tuple[UUID, Mapping[str, Any]]], *, behind: bool = False) -> list[Subject]:
    """Add people to cases that may be changed, in which their pseudonyms and keys are free.

    With `behind`, the caller goes on before they are stored, and what is done next with the transaction raises what prevents that.
    """
    if not several:
        return []
    subjects = [_new_subject(work, case_id, data) for case_id, data in several]
    categories = [_category(work, subject) for subject in subjects]
    adding = {"subjects": quick_json([columns_of(subject) for subject in subjects]), "categories": quick_json(categories)}
    work.session.flush()
    take_in(work.session, subjects)
    if behind:
        _ADD.behind(work.session, lambda _: None, **adding)
    else:
        _ADD.rows(work.session, **adding)
    for subject in subjects:
        work.note("subject.added", subject, case_id=subject.case_id, event=True, category=subject.category)
    return subjects


def _new_subject(work: UnitOfWork, case_id: UUID, data: Mapping[str, Any]) -> Subject:
    return as_stored(
        Subject,
        {
            "id": work.new_id(),
            "version": 1,
            "case_id": case_id,
            "age_status": "presumed_child" if data["category"] == "victim" else "adult",
            "created_at": work.now,
            "pseudonym_folded": fold_reference(data["pseudonym"]),
            **data,
        },
    )


def change_subject(work: UnitOfWork, subject: Subject, data: dict[str, Any]) -> Subject:
    """Change the category or age of a subject and update matching.

    Raises `CategoryConflict` if its identifiers may not be stored about a person of the new category.
    """
    service.changeable(work, subject.case_id)
    require_kinds(work, subject, data)
    if data.get("external_id") != subject.external_id:
        _require_free(work, subject.case_id, data.get("external_id"))
    change_subjects(work, [(subject, data)])
    return subject


def change_subjects(work: UnitOfWork, several: Sequence[tuple[Subject, Mapping[str, Any]]]) -> None:
    """Change the categories and ages of subjects of cases that the caller has locked, and update matching."""
    old = {subject: subject.category for subject, _ in several}
    for subject, data in several:
        subject.set(data)
    store_changes(work.session, list(old))
    turned = [subject for subject, was in old.items() if subject.category != was]
    work.session.add_all([SubjectCategory(**_category(work, subject)) for subject in turned])
    engine.relabel(work, [(subject.case_id, subject.id, old[subject]) for subject in turned])
    for subject, data in several:
        was, category, fields = old[subject], subject.category, sorted(data)
        work.note("subject.changed", subject, case_id=subject.case_id, event=True, fields=fields, was=was, category=category)


def _require_free(work: UnitOfWork, case_id: UUID, key: str | None) -> None:
    """Raise `ExternalIdTaken` if a subject of the case has this key."""
    if key is None:
        return
    taken = work.session.scalar(work.all(Subject).where(Subject.case_id == case_id, Subject.external_id == key))
    if taken is not None:
        raise ExternalIdTaken(existing=f"/api/v1/cases/{case_id}/subjects/{taken.id}")


def _category(work: UnitOfWork, subject: Subject) -> dict[str, Any]:
    kept = {"case_id": subject.case_id, "subject_id": subject.id, "category": subject.category}
    return {"id": work.new_id(), "since": work.now, "set_by": work.actor.id, **kept}


def require_kinds(work: UnitOfWork, subject: Subject, data: Mapping[str, Any]) -> None:
    """Raise `CategoryConflict` if identifiers of a subject may not be stored about people of the category that it is to get."""
    category = data.get("category", subject.category)
    if category != subject.category and (wrong := forbidden(category, _kinds_held(work, (subject.case_id, subject.id)))):
        raise CategoryConflict(kinds=wrong)


@together
def _kinds_held(work: UnitOfWork, subjects: Sequence[tuple[UUID, UUID]]) -> dict[tuple[UUID, UUID], list[str]]:
    cases, ids = (array(one) for one in zip(*subjects, strict=True))
    found = grouped(subjects, _KINDS.rows(work.session, cases=cases, subjects=ids), lambda row: (row.case_id, row.subject))
    return {key: [row.kind for row in rows] for key, rows in found.items()}


def forbidden(category: str, kinds: Iterable[str]) -> list[str]:
    """Return the kinds of identifiers that may not be stored about a person of this category."""
    return sorted(kind for kind in kinds if category not in allowed(kind))


def show_subjects(work: UnitOfWork, subjects: Sequence[Subject]) -> list[SubjectView]:
    """Return the subjects with the history of their categories, in one query."""
    query = (
        work.all(SubjectCategory).where(SubjectCategory.subject_id.in_([s.id for s in subjects])).order_by(SubjectCategory.since)
    )
    history: dict[UUID, list[SubjectCategory]] = {}
    for row in work.session.scalars(query):
        history.setdefault(row.subject_id, []).append(row)
    return [
        SubjectView(subject, history.get(subject.id, []), subject.external_id if shows_key(work) else None) for subject in subjects
    ]


def read_subjects(work: UnitOfWork, case_id: UUID) -> None:
    """Check that the caller may read the case, and record in the journal that its subjects were consulted."""
    service.require_access(work, case_id, Level.READ)
    work.note("subjects.consulted", case_id=case_id, object_type="case", consultation=True)
