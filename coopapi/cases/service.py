"""Registering, changing and showing cases, and giving and withdrawing access to them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Subquery, select, text

from coopapi.access import Level
from coopapi.cases import hiding
from coopapi.cases.external_ids import require_free_for_case
from coopapi.cases.models import CASE_LIFECYCLE, Case, CaseKey
from coopapi.directory.models import Authority, Principal
from coopapi.errors import Conflict, Forbidden, NotFound, Unprocessable, broken, fault
from coopapi.matching import engine
from coopapi.shared.grants import CaseAccess, granted, reaches
from coopapi.store import vault
from coopapi.store.db import UnitOfWork
from coopapi.unicode_text import fold_reference

_FOR_THE_DESK: Final = "desk of the country"


class ReferenceTaken(Conflict):
    """Your authority already has a case with this reference.

    Use the case that `existing` names, or choose another reference for the new case.
    """


class CaseIsFinal(Conflict):
    """The case was withdrawn or transferred, so nothing can be added to it.

    Register a new case, or continue in the case to which it was transferred.
    """


class NotYourPerson(Unprocessable):
    """The person does not belong to that authority, or is not active.

    Use the id of an active person or client of that authority. The administrator of the authority knows the id.
    """


def require_access(work: UnitOfWork, case_id: UUID, level: Level) -> None:
    """Raise `NotFound` if the caller does not see the case, and `Forbidden` if its level of access is too low."""
    if not reaches(work, case_id, level):
        work.one(Case, case_id)
        raise Forbidden(f"This needs {level.name.lower()} access to the case.")


def usable(work: UnitOfWork, case_id: UUID, level: Level, *, version: int | None = None, lock: bool = False) -> Case:
    """Return a case that the caller may access at this level.

    Raises the errors of `require_access`, and `Stale` if the version is another.
    """
    require_access(work, case_id, level)
    return work.one(Case, case_id, version=version, lock=lock)


def accessible(work: UnitOfWork) -> Subquery:
    """Return the ids of the cases to which the caller has access, the newest first, so that a list reads no others."""
    grants = select(CaseAccess.case_id.label("id")).where(CaseAccess.live_for(work.actor, work.now))
    return grants.distinct().order_by(CaseAccess.case_id.desc()).subquery("accessible")


def readable(work: UnitOfWork) -> ColumnElement[bool]:
    """Return the condition for cases that the caller may read, beyond the fields of the index."""
    return granted(Case.id, Level.READ, work.actor, work.now)


def changeable(work: UnitOfWork, case_id: UUID, level: Level = Level.CONTRIBUTE, *, version: int | None = None) -> Case:
    """Return a case that the caller may change, locked against other writers.

    Raises the errors of `usable`, and `CaseIsFinal` if the case was withdrawn or transferred.
    """
    case = usable(work, case_id, level, version=version, lock=True)
    if not CASE_LIFECYCLE.leaving(case.state):
        raise CaseIsFinal(state=case.state)
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


_TO_ADD_TO: Final = text("select * from priv.case_to_add_to(:case)")


def to_add_to(work: UnitOfWork, case_id: UUID) -> CaseToAddTo:
    """Return a case to which the caller may add identifiers. Others may add too, but nobody changes the case meanwhile.

    Raises the errors of `require_access`, and `CaseIsFinal` if the case was withdrawn or transferred.
    """
    found = work.session.execute(_TO_ADD_TO, {"case": case_id}).one_or_none()
    if found is None:
        require_access(work, case_id, Level.CONTRIBUTE)
        raise NotFound
    case = CaseToAddTo(*found)
    if not CASE_LIFECYCLE.leaving(case.state):
        raise CaseIsFinal(state=case.state)
    return case


def open_case(work: UnitOfWork, data: dict[str, Any]) -> Case:
    """Register a case for the caller's authority, together with its data key and the access grants that were asked for."""
    access = data.pop("access", [])
    same = Case.reference_folded == fold_reference(data["reference"])
    taken = work.session.scalar(work.all(Case).where(Case.authority_id == work.actor.authority_id, same))
    if taken is not None:
        raise ReferenceTaken(existing=f"/api/v1/cases/{taken.id}")
    require_free_for_case(work, data.get("external_id"))
    _check_person(work, work.actor.authority_id, data.get("handler_id"), "/handler_id")
    countries = data.get("countries", [])
    case = Case(
        **{
            "id": work.new_id(),
            "operation_name": None,
            "crime_categories": [],
            "case_type": "multilateral" if len(set(countries) | {work.actor.country}) > 2 else "bilateral",  # noqa: PLR2004
            "countries": [],
            "visibility": "hit_no_hit",
            "visibility_reason": None,
            "state": hiding.first_state(work, data),
            "handling_code": "H0",
            "authority_id": work.actor.authority_id,
            "created_at": work.now,
            "updated_at": work.now,
            **data,
        },
    )
    work.session.add(case)
    work.session.flush()
    work.add(_grant(work, case, work.actor.authority_id, Level.OWN, "owner"))
    work.session.add(CaseKey(case_id=case.id, wrapped=vault.new_case_key(work, case.id)))
    if case.visibility == "hidden" and work.actor.human:
        engine.confirm_hiding(work, case.id)
    for wish in access:
        give(work, case, wish)
    tell_desk(work, case)
    work.note("case.registered", case, case_id=case.id, event=True)
    return case


def tell_desk(work: UnitOfWork, case: Case) -> None:
    """Give the Eurojust desk of the country index access to the case, unless the case is hidden."""
    if case.visibility == "hidden":
        return
    desks = select(Authority.id).where(Authority.type == "eurojust_desk", Authority.country == work.actor.country)
    has = select(CaseAccess.authority_id).where(CaseAccess.case_id == case.id, CaseAccess.withdrawn_at.is_(None))
    for desk in work.session.scalars(desks.where(Authority.id.not_in(has))):
        work.session.add(_grant(work, case, desk, Level.INDEX, _FOR_THE_DESK))


def hide_from_desk(work: UnitOfWork, case: Case) -> None:
    """Withdraw the access that the desk of the country was given automatically, because the case is now hidden."""
    given = work.all(CaseAccess).where(
        CaseAccess.case_id == case.id, CaseAccess.reason == _FOR_THE_DESK, CaseAccess.withdrawn_at.is_(None)
    )
    for grant in work.session.scalars(given):
        end_access(work, grant, "the case was hidden")


def give(work: UnitOfWork, case: Case, wish: Mapping[str, Any]) -> CaseAccess:
    """Give an authority, or one of its people, access to the case."""
    if work.session.scalar(work.all(Authority).where(Authority.id == wish["authority_id"])) is None:
        raise fault("/authority_id", "unknown", "There is no authority with this id.")
    _check_person(work, wish["authority_id"], wish.get("principal_id"), "/principal_id")
    level = Level[wish["level"].upper()]
    grant = _grant(work, case, wish["authority_id"], level, wish["reason"])
    grant.principal_id, grant.until = wish.get("principal_id"), wish.get("until")
    work.add(grant)
    work.note("access.given", grant, case_id=case.id, event=True, level=wish["level"], to=str(grant.authority_id))
    return grant


def _grant(work: UnitOfWork, case: Case, authority_id: UUID, level: Level, reason: str) -> CaseAccess:
    return CaseAccess(
        id=work.new_id(),
        case_id=case.id,
        owner_id=case.authority_id,
        authority_id=authority_id,
        level=level,
        reason=reason,
        granted_by=work.actor.id,
        granted_at=work.now,
    )


def _check_person(work: UnitOfWork, authority_id: UUID, principal_id: UUID | None, pointer: str) -> None:
    """Check that a person of the caller's authority exists. The caller sees no people of others; the database checks those."""
    if principal_id is None or authority_id != work.actor.authority_id:
        return
    mine = work.all(Principal).where(Principal.id == principal_id, Principal.authority_id == authority_id, Principal.active)
    if work.session.scalar(mine) is None:
        raise NotYourPerson(errors=[broken(pointer, "own_person", "There is no active person with this id in that authority.")])


def change(work: UnitOfWork, case: Case, data: dict[str, Any]) -> Case:
    """Change the fields of a case. If its visibility changes, matching is updated."""
    require_free_for_case(work, data.get("external_id"), case)
    _check_person(work, case.authority_id, data.get("handler_id"), "/handler_id")
    changed = sorted(key for key, value in data.items() if getattr(case, key) != value)
    if "visibility" in changed:
        hiding.before_change(work, case, data["visibility"])
    if not changed:
        return case
    for key in set(changed) - {"visibility"}:
        setattr(case, key, data[key])
    case.updated_at = work.now
    work.session.flush()
    work.note(
        "case.handed_over" if changed == ["handler_id"] else "case.changed", case, case_id=case.id, event=True, fields=changed
    )
    if "visibility" in changed:
        _change_visibility(work, case, data["visibility"])
    return case


def _change_visibility(work: UnitOfWork, case: Case, visibility: str) -> None:
    if visibility == "hidden":
        engine.confirm_hiding(work, case.id)
    engine.change_visibility(work, case.id, visibility)
    work.session.refresh(case, ["visibility"])
    (hide_from_desk if visibility == "hidden" else tell_desk)(work, case)


def end_access(work: UnitOfWork, grant: CaseAccess, reason: str | None) -> None:
    """Withdraw access. It ends with the next request, and `reshare` does not give it again."""
    grant.withdrawn_at, grant.withdrawn_by, grant.withdrawal_reason = work.now, work.actor.id, reason
    grant.kept_out = grant.via_id is not None
    work.note("access.withdrawn", grant, case_id=grant.case_id, event=True)


def grant_of(work: UnitOfWork, case_id: UUID, grant_id: UUID, version: int | None = None) -> CaseAccess:
    """Return one grant of this case. Raises `NotFound`, and `Stale` if its version is another."""
    grant = work.one(CaseAccess, grant_id, version=version)
    if grant.case_id != case_id:
        raise NotFound
    return grant
