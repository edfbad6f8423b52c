"""Registering, changing and showing cases, and giving and withdrawing access to them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final
from uuid import UUID

from sqlalchemy.orm.attributes import set_committed_value

from coopapi.access import Level
from coopapi.cases import granting, hiding
from coopapi.cases.external_ids import require_free_for_case
from coopapi.cases.models import CASE_LIFECYCLE, Case
from coopapi.errors import Conflict, Forbidden, NotFound
from coopapi.matching import engine
from coopapi.shared.grants import answers, level_of
from coopapi.store import vault
from coopapi.store.db import UnitOfWork
from coopapi.store.quick_json import quick_json
from coopapi.store.rows import as_stored, columns_of, store_changes, take_in
from coopapi.store.statements import Statement
from coopapi.unicode_text import fold_reference


class ReferenceTaken(Conflict):
    """Your authority already has a case with this reference.

    Use the case that `existing` names, or choose another reference for the new case.
    """


class CaseIsFinal(Conflict):
    """The case was withdrawn or transferred, so nothing can be added to it.

    Register a new case, or continue in the case to which it was transferred.
    """


def require_access(work: UnitOfWork, case_id: UUID, level: Level) -> None:
    """Raise `NotFound` if the caller does not see the case, and `Forbidden` if its level of access is too low."""
    found = level_of(work, case_id)
    if found is None:
        raise NotFound
    if found < level:
        raise Forbidden(f"This needs {level.name.lower()} access to the case.")


def usable(work: UnitOfWork, case_id: UUID, level: Level, *, version: int | None = None, lock: bool = False) -> Case:
    """Return a case that the caller may access at this level.

    Raises the errors of `require_access`, and `Stale` if the version is another.
    """
    require_access(work, case_id, level)
    return work.one(Case, case_id, version=version, lock=lock)


def changeable(work: UnitOfWork, case_id: UUID, level: Level = Level.CONTRIBUTE, *, version: int | None = None) -> Case:
    """Return a case that the caller may change, locked against other writers.

    Raises the errors of `usable`, and `CaseIsFinal` if the case was withdrawn or transferred.
    """
    case = usable(work, case_id, level, version=version, lock=True)
    if not CASE_LIFECYCLE.leaving(case.state):
        raise CaseIsFinal(state=case.state)
    return case


def answered_for(work: UnitOfWork, case_id: UUID, *, ended: bool = False) -> Case:
    """Return a case that the caller answers for, as its owner or as the authority that is responsible for it, locked.

    Raises the errors of `changeable`, but `CaseIsFinal` only if `ended` is false, and `Forbidden` for any other caller.
    """
    case = usable(work, case_id, Level.CONTRIBUTE, lock=True) if ended else changeable(work, case_id)
    if not answers(work, case_id):
        raise Forbidden("Only the owner of the case, or the authority that is responsible for it, may do this.")
    return case


@dataclass(frozen=True, slots=True)
class CaseToAddTo:
    """What registering identifiers needs to know of a case."""

    __kind__: ClassVar[str] = Case.__kind__

    id: UUID
    authority_id: UUID
    state: str
    handling_code: str
    wrapped: bytes
    announced: bool = False
    """Whether the values that are to be added were counted already. Then the case may change until they are registered."""
    all_new: bool = False
    """Whether they were all new to the case when they were counted."""


_OPEN: Final = Statement("select priv.open_cases(cast(:cases as jsonb))")
_TO_ADD_TO: Final = Statement("select * from priv.case_to_add_to(:case)")


def to_add_to(work: UnitOfWork, case_id: UUID, announced: Sequence[engine.Holding] | None = None) -> CaseToAddTo:
    """Return a case to which the caller may add identifiers. Others may add too.

    If values are given, they are counted first (`engine.announce_first`). Otherwise nobody changes the case until the transaction
    ends.

    Raises the errors of `require_access`, and `CaseIsFinal` if the case was withdrawn or transferred.
    """
    found = _TO_ADD_TO.first(work.session, case=case_id) if announced is None else engine.announce_first(work, case_id, announced)
    if found is None:
        require_access(work, case_id, Level.CONTRIBUTE)
        raise NotFound
    known = {} if announced is None else {"announced": True, "all_new": found.all_new}
    case = CaseToAddTo(found.id, found.authority_id, found.state, found.handling_code, found.wrapped, **known)
    if not CASE_LIFECYCLE.leaving(case.state):
        raise CaseIsFinal(state=case.state)
    return case


def open_case(work: UnitOfWork, data: dict[str, Any]) -> Case:
    """Register a case for the caller's authority, together with its data key and the access grants that were asked for.

    Raises `ReferenceTaken`.
    """
    access, responsible = data.pop("access", []), data.pop("responsible_authority", None)
    require_free_for_case(work, data.get("external_id"))
    granting.check_person(work, work.actor.authority_id, data.get("handler_id"), "/handler_id")
    (case,) = open_cases(work, [data], [wish["authority_id"] for wish in access])
    for wish in access:
        granting.give(work, case, wish)
    if responsible is not None:
        granting.name_responsible(work, case, responsible)
    case.just_opened = responsible is None and case.handler_id is None
    return case


def cases_with_references(work: UnitOfWork, references: Iterable[str]) -> dict[str, UUID]:
    """Return the ids of the cases of the caller's authority that have one of these references, by their folded reference."""
    same = Case.reference_folded.in_({fold_reference(reference) for reference in references})
    found = work.session.scalars(work.all(Case).where(Case.authority_id == work.actor.authority_id, same))
    return {case.reference_folded: case.id for case in found}


def open_cases(
    work: UnitOfWork, several: Sequence[Mapping[str, Any]], shared_with: Sequence[UUID] = (), *, behind: bool = False
) -> list[Case]:
    """Register cases for the caller's authority, each with its data key, and tell the desk unless they are shared with it.

    Their keys must be free. Raises `ReferenceTaken`. With `behind`, the caller goes on before the cases are stored, and what is
    done next with the transaction raises it.
    """
    cases = [_new_case(work, data) for data in several]
    opening = {"cases": quick_json([_stored(work, case, shared_with) for case in cases])}
    if behind:
        take_in(work.session, cases)
        _OPEN.behind(work.session, _require_free_references, **opening)
    else:
        _require_free_references(_OPEN.rows(work.session, **opening))
        take_in(work.session, cases)
    for case in cases:
        if case.visibility == "hidden" and work.actor.human:
            engine.confirm_hiding(work, case.id)
        work.note("case.registered", case, case_id=case.id, event=True)
    return cases


def _require_free_references(opened: Sequence[Any]) -> None:
    """Raise `ReferenceTaken` if the database found a case that has one of the references."""
    ((taken,),) = opened
    if taken:
        raise ReferenceTaken(existing=f"/api/v1/cases/{taken}")


def _stored(work: UnitOfWork, case: Case, shared_with: Sequence[UUID]) -> dict[str, Any]:
    made = {"grant_id": work.new_id(), "wrapped": vault.new_case_key(work, case.id).hex(), "shared_with": shared_with}
    return {**columns_of(case), **made}


def _new_case(work: UnitOfWork, data: Mapping[str, Any]) -> Case:
    countries = data.get("countries", [])
    return as_stored(
        Case,
        {
            **dict.fromkeys(column.key for column in Case.__table__.columns),
            "id": work.new_id(),
            "version": 1,
            "reference_folded": fold_reference(data["reference"]),
            "crime_categories": [],
            "case_type": "multilateral" if len(set(countries) | {work.actor.country}) > 2 else "bilateral",  # noqa: PLR2004
            "countries": [],
            "visibility": "hit_no_hit",
            "desk": "index",
            "state": hiding.first_state(work, data),
            "handling_code": "H0",
            "authority_id": work.actor.authority_id,
            "created_at": work.now,
            "updated_at": work.now,
            **data,
        },
    )


def change(work: UnitOfWork, case: Case, data: dict[str, Any]) -> Case:
    """Change the fields of a case. If its visibility changes, matching is updated."""
    require_free_for_case(work, data.get("external_id"), case)
    granting.check_person(work, case.authority_id, data.get("handler_id"), "/handler_id")
    data = dict(data)
    if (responsible := data.pop("responsible_authority", None)) is not None:
        work.require_person()
        granting.name_responsible(work, case, responsible)
        case.updated_at = work.now
    change_cases(work, [(case, data)])
    return case


def change_cases(work: UnitOfWork, several: Sequence[tuple[Case, Mapping[str, Any]]]) -> None:
    """Change fields of cases that the caller has locked. If the visibility of one changes, matching is updated."""
    changed = [
        (case, data, fields)
        for case, data in several
        if (fields := sorted(key for key, value in data.items() if getattr(case, key) != value))
    ]
    seen = {case: data["visibility"] for case, data, fields in changed if "visibility" in fields}
    for case, visibility in seen.items():
        hiding.before_change(work, case, visibility)
    for case, data, fields in changed:
        case.set({key: data[key] for key in fields if key != "visibility"} | {"updated_at": work.now})
        handed_over = fields == ["handler_id"]
        work.note("case.handed_over" if handed_over else "case.changed", case, case_id=case.id, event=True, fields=fields)
    store_changes(work.session, [case for case, *_ in changed])
    for case, visibility in seen.items():
        if visibility == "hidden":
            engine.confirm_hiding(work, case.id)
    engine.change_visibility(work, {case.id: visibility for case, visibility in seen.items()})
    for case, visibility in seen.items():
        set_committed_value(case, "visibility", visibility)
    granting.update_desks(work, [case for case, _, fields in changed if {"visibility", "desk"} & set(fields)])
