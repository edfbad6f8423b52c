"""Giving, naming and withdrawing: who has access to a case, what its desk sees, and which authority is responsible for it."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import and_, select, text

from coopapi.access import Level
from coopapi.cases.models import Case
from coopapi.directory.models import Authority, Principal
from coopapi.errors import Conflict, NotFound, Stale, Unprocessable, broken, fault
from coopapi.shared.grants import RESPONSIBLE, CaseAccess
from coopapi.store.db import UnitOfWork
from coopapi.store.rows import store_changes

_FOR_THE_DESK: Final = "desk of the country"
_RESPONSIBLE: Final = "responsible for the case"


class NotYourPerson(Unprocessable):
    """The person does not belong to that authority, or is not active.

    Use the id of an active person or client of that authority. The administrator of the authority knows the id.
    """


class ResponsibleAlready(Conflict):
    """The authority is already responsible for the case, or is named and has not answered yet.

    Read `responsible_authority` and `named_authority` of the case.
    """


class OnlyByAnother(Conflict):
    """The responsibility for a case ends only when another authority that the owner names accepts it.

    Name another authority in `responsible_authority` of the case.
    """


def _why_kept(case: Case) -> str | None:
    """Return why the Eurojust desk of the country does not see a case, or None if it sees the index."""
    if case.visibility == "hidden":
        return "the case was hidden"
    return "the case is not for the desk" if case.desk == "none" else None


def update_desks(work: UnitOfWork, cases: Sequence[Case]) -> None:
    """Give the Eurojust desk of the country index access to cases, or withdraw it from those that are hidden or not for it."""
    give_to_desks(work, cases)
    kept = {case.id: why for case in cases if (why := _why_kept(case))}
    if not kept:
        return
    given = work.all(CaseAccess).where(
        CaseAccess.case_id.in_(kept), CaseAccess.reason == _FOR_THE_DESK, CaseAccess.withdrawn_at.is_(None)
    )
    grants = work.session.scalars(given.order_by(CaseAccess.id)).all()
    for grant in grants:
        end_access(work, grant, kept[grant.case_id])
    store_changes(work.session, grants)


def give_to_desks(work: UnitOfWork, cases: Sequence[Case]) -> None:
    """Give the Eurojust desk of the country index access to those cases that are neither hidden nor kept from it."""
    shown = {case.id: case for case in cases if _why_kept(case) is None}
    if not shown:
        return
    has = select(CaseAccess.id).where(
        CaseAccess.case_id == Case.id, CaseAccess.authority_id == Authority.id, CaseAccess.withdrawn_at.is_(None)
    )
    desk = and_(Authority.type == "eurojust_desk", Authority.country == work.actor.country)
    missing = select(Case.id, Authority.id).join(Authority, desk).where(Case.id.in_(shown), ~has.exists())
    work.session.add_all(
        [new_grant(work, shown[case_id], desk_id, Level.INDEX, _FOR_THE_DESK) for case_id, desk_id in work.session.execute(missing)]
    )


def give(work: UnitOfWork, case: Case, wish: Mapping[str, Any]) -> CaseAccess:
    """Give an authority, or one of its people, access to the case."""
    if work.session.scalar(work.all(Authority).where(Authority.id == wish["authority_id"])) is None:
        raise fault("/authority_id", "unknown", "There is no authority with this id.")
    check_person(work, wish["authority_id"], wish.get("principal_id"), "/principal_id")
    level = Level[wish["level"].upper()]
    grant = new_grant(work, case, wish["authority_id"], level, wish["reason"])
    grant.principal_id, grant.until = wish.get("principal_id"), wish.get("until")
    work.add(grant)
    work.note("access.given", grant, case_id=case.id, event=True, level=wish["level"], to=str(grant.authority_id))
    return grant


def new_grant(work: UnitOfWork, case: Case, authority_id: UUID, level: Level, reason: str) -> CaseAccess:
    """Return a new grant of access for an authority. It is not added to the database yet."""
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


def check_person(work: UnitOfWork, authority_id: UUID, principal_id: UUID | None, pointer: str) -> None:
    """Check that a person of the caller's authority exists. The caller sees no people of others; the database checks those."""
    if principal_id is None or authority_id != work.actor.authority_id:
        return
    mine = work.all(Principal).where(Principal.id == principal_id, Principal.authority_id == authority_id, Principal.active)
    if work.session.scalar(mine) is None:
        raise NotYourPerson(errors=[broken(pointer, "own_person", "There is no active person with this id in that authority.")])


def name_responsible(work: UnitOfWork, case: Case, authority_id: UUID) -> None:
    """Name the authority that is to be responsible for the case. Until it accepts, it sees the index, and the present one stays.

    Raises `Unprocessable` unless it is a prosecution authority of the owner's State, and `ResponsibleAlready`.
    """
    asked = {"authority": authority_id, "owner": case.authority_id}
    if not work.session.scalar(text("select priv.may_be_responsible(:authority, :owner)"), asked):
        raise fault(
            "/responsible_authority",
            "prosecutes",
            "This must be a prosecution office or an investigating judge of your State, other than your own authority.",
        )
    there = work.all(CaseAccess).where(
        CaseAccess.case_id == case.id, CaseAccess.kind == RESPONSIBLE, CaseAccess.withdrawn_at.is_(None)
    )
    for grant in work.session.scalars(there.order_by(CaseAccess.level)):
        if grant.authority_id == authority_id:
            raise ResponsibleAlready(access=str(grant.id))
        if grant.level == Level.INDEX:
            grant.withdrawn_at, grant.withdrawn_by = work.now, work.actor.id
            grant.withdrawal_reason = "another authority was named"
    work.session.flush()
    grant = new_grant(work, case, authority_id, Level.INDEX, _RESPONSIBLE)
    grant.kind = RESPONSIBLE
    work.add(grant)
    work.session.flush()
    told = {"id": grant.id, "action": "case.responsible_named", "request": work.request_id}
    work.session.execute(text("select priv.tell_responsible(:id, :action, :request)"), told)


def answer(work: UnitOfWork, grant: CaseAccess, version: int, *, accepts: bool, reason: str | None) -> None:
    """Accept or refuse to be responsible for a case. Raises `Stale` if the grant has changed since this version."""
    said = {"id": grant.id, "version": version, "accepts": accepts, "reason": reason, "request": work.request_id}
    done = work.session.scalar(text("select priv.answer_responsibility(:id, :version, :accepts, :reason, :request)"), said)
    if not done:
        raise Stale(version=grant.etag)
    work.session.refresh(grant)


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
