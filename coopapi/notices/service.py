"""Declare the requirements of a country, in versions, and find those that are in force on a day."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.orm import aliased

from coopapi.directory.entries import NotYourEntry, OnlyForItself, require_order, speaks_for_a_country
from coopapi.directory.models import Authority
from coopapi.errors import Conflict, Forbidden, fault
from coopapi.notices.models import RequirementNotice
from coopapi.store.db import UnitOfWork
from coopapi.store.rows import matching
from coopapi.store.together import together


class AlreadyReplaced(Conflict):
    """The notice was already replaced by a newer version.

    Read the newer version that `existing` names, and replace that version.
    """


def declare(work: UnitOfWork, data: dict[str, Any]) -> RequirementNotice:
    """Declare a requirement of the caller's country; raise `Forbidden` for an organisation and `OnlyForItself` for a provider."""
    if work.actor.country is None:
        raise Forbidden("An organisation cannot declare national requirements.")
    if not speaks_for_a_country(work.one(Authority, work.actor.authority_id)):
        raise OnlyForItself
    return _add(work, {"measure": None, "instrument": None, **data, "country": work.actor.country}, None)


def _add(work: UnitOfWork, data: Mapping[str, Any], supersedes: UUID | None) -> RequirementNotice:
    require_order(data["valid_from"], data.get("valid_until"))
    blank: dict[str, Any] = {"languages": [], "channels": []}
    row = work.add(RequirementNotice(**{**blank, **data, "authority_id": work.actor.authority_id, "supersedes": supersedes}))
    work.note("requirement_notice.declared", row, country=row.country, measure=row.measure, instrument=row.instrument)
    return row


def renew(work: UnitOfWork, notice_id: UUID, version: int, data: dict[str, Any]) -> RequirementNotice:
    """Replace a notice by a new version.

    The old one stays readable and ends at the latest on the day before the new one begins. Raises `NotYourEntry`, `AlreadyReplaced`
    and `Unprocessable`.
    """
    old = work.one(RequirementNotice, notice_id, version=version)
    if old.authority_id != work.actor.authority_id:
        raise NotYourEntry
    newer = work.all(RequirementNotice).where(RequirementNotice.supersedes == old.id)
    if found := work.session.scalar(newer):
        raise AlreadyReplaced(existing=f"/api/v1/requirement-notices/{found.id}")
    last_day = _last_day(old, data["valid_from"])
    old.valid_until = min(last_day, old.valid_until or last_day)
    work.session.flush()
    return _add(
        work, {"country": old.country, "measure": old.measure, "instrument": old.instrument, "theme": old.theme, **data}, old.id
    )


def _last_day(old: RequirementNotice, begins: date) -> date:
    """Return the last day of the old version.

    A new version with the same first day corrects the old one and is in force on that day. Raises `Unprocessable` for an earlier
    day.
    """
    if begins < old.valid_from:
        detail = f"The date must not be before the date of the replaced version, {old.valid_from}."
        raise fault("/valid_from", "order", detail)
    return begins - timedelta(days=1) if begins > old.valid_from else begins


def show_notices(work: UnitOfWork, rows: Sequence[RequirementNotice]) -> list[dict[str, Any]]:
    """Return notices, each with the id of the version that replaces it."""
    query = work.all(RequirementNotice).where(RequirementNotice.supersedes.in_([row.id for row in rows]))
    newer = {row.supersedes: row.id for row in work.session.scalars(query)}
    return [{**row.shown(), "superseded_by": newer.get(row.id)} for row in rows]


def notices(work: UnitOfWork, wanted: Mapping[str, Any]) -> Select[RequirementNotice]:
    """Select notices: those in force on a day, or with `history` all of them."""
    query = matching(work.all(RequirementNotice), wanted, country=RequirementNotice.country)
    if not wanted.get("history"):
        query = query.where(_in_force(wanted.get("on") or work.now.date()))
    for name in ("measure", "instrument"):
        if value := wanted.get(name):
            column = getattr(RequirementNotice, name)
            query = query.where(or_(column.is_(None), column == value))
    return query


def _in_force(day: date) -> ColumnElement[bool]:
    """Return the condition that a notice has begun, has not ended, and was not replaced by a version that has begun."""
    newer = aliased(RequirementNotice)
    replaced = select(newer.id).where(newer.supersedes == RequirementNotice.id, newer.valid_from <= day).exists()
    ended = or_(RequirementNotice.valid_until.is_(None), RequirementNotice.valid_until >= day)
    return and_(RequirementNotice.valid_from <= day, ended, ~replaced)


def in_force(
    work: UnitOfWork, country: str, measures: Sequence[str], instrument: str | None, on: date
) -> Sequence[RequirementNotice]:
    """Return the notices of a country about any of these measures under this instrument that are in force on a day."""
    return [
        notice
        for notice in _of_day(work, (country, on))
        if notice.measure in {None, *measures} and notice.instrument in {None, instrument}
    ]


@together
def _of_day(work: UnitOfWork, days: Sequence[tuple[str, date]]) -> dict[tuple[str, date], Sequence[RequirementNotice]]:
    """Return the notices of a country that are in force on a day."""
    asked = {day: notices(work, {"country": day[0], "on": day[1]}).order_by(RequirementNotice.id) for day in days}
    return {day: work.session.scalars(query).all() for day, query in asked.items()}
