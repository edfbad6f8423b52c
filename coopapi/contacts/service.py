"""Add and change points of contact and competences, and find the competent authority or an office that is reachable now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, and_, func, or_, select

from coopapi.contacts import roster
from coopapi.contacts.models import Competence, ContactCheck, ContactPoint
from coopapi.directory.entries import OnlyForItself, kept_authority, require_keeper, require_order, speaks_for_a_country
from coopapi.directory.models import Authority
from coopapi.errors import broken, fault
from coopapi.store.db import UnitOfWork
from coopapi.store.rows import matching
from coopapi.store.together import together

_LOOKED_AT: Final = timedelta(days=30)
_AROUND_THE_CLOCK: Final = ("art35_24_7", "g7_24_7", "un_cybercrime")
_RANK: Final = ("place", "country", "some_places", "central_authority")


@dataclass(frozen=True, slots=True)
class Found:
    """A competent authority and why it was found."""

    authority: Authority
    why: str
    languages: Sequence[str]
    channels: Sequence[str]
    last_confirmed_at: datetime | None


def add_point(work: UnitOfWork, data: dict[str, Any]) -> ContactPoint:
    """Add a point of contact."""
    authority = kept_authority(work, data.pop("authority_id", None))
    blank: dict[str, Any] = {"always": False, "hours": [], "languages": [], "powers": [], "contact": {}}
    point = ContactPoint(**{**blank, **data, "authority_id": authority.id})
    _check_point(point, authority)
    work.add(point)
    work.note("contact_point.entered", point, network=point.network)
    return point


def _check_point(point: ContactPoint, authority: Authority) -> None:
    """Raise a fault if a provider is in a network of States, or an application is made to another network than Eurojust's."""
    require_order(point.valid_from, point.valid_until)
    if point.network != "other" and not speaks_for_a_country(authority):
        raise OnlyForItself(errors=[broken("/network", "provider", "The network must be `other` for a service provider.")])
    if point.application and point.network != "eurojust_contact_point":
        detail = "This is possible only in the network eurojust_contact_point."
        raise fault("/application", "network", detail)


def change_point(work: UnitOfWork, point_id: UUID, version: int, data: dict[str, Any]) -> ContactPoint:
    """Change a point of contact, or record that it was verified."""
    point = work.one(ContactPoint, point_id, version=version)
    require_keeper(work, point.authority_id)
    if data.pop("verified", False):
        point.last_verified_at, point.verified_by = work.now, work.actor.id
    point.set(data)
    _check_point(point, kept_authority(work, point.authority_id))
    work.note("contact_point.changed", point, fields=sorted(data))
    return point


def add_check(work: UnitOfWork, point_id: UUID, data: dict[str, Any]) -> ContactCheck:
    """Record whether a point of contact answered."""
    point = work.one(ContactPoint, point_id)
    row = work.add(ContactCheck(contact_point_id=point.id, authority_id=work.actor.authority_id, at=work.now, **data))
    work.note("contact_point.called", point, outcome=row.outcome)
    return row


def points(work: UnitOfWork, wanted: Mapping[str, Any]) -> Select[ContactPoint]:
    """Select the points of contact that are valid now, by country, network and power."""
    query = matching(work.all(ContactPoint).where(_valid(work, ContactPoint)), wanted, network=ContactPoint.network)
    if country := wanted.get("country"):
        query = query.where(ContactPoint.authority_id.in_(select(Authority.id).where(Authority.country == country)))
    if power := wanted.get("power"):
        query = query.where(ContactPoint.powers.contains([power]))
    return query


def _valid(work: UnitOfWork, model: type[ContactPoint] | type[Competence]) -> Any:
    today = work.now.date()
    return and_(model.valid_from <= today, or_(model.valid_until.is_(None), model.valid_until >= today))


def show_points(work: UnitOfWork, rows: Sequence[ContactPoint]) -> list[dict[str, Any]]:
    """Return points of contact with whether they are reachable now and how they answered recently."""
    query = (
        select(
            ContactCheck.contact_point_id,
            func.count().label("checks"),
            func.count().filter(ContactCheck.outcome == "reached").label("reached"),
        )
        .where(ContactCheck.contact_point_id.in_([row.id for row in rows]), ContactCheck.at > work.now - _LOOKED_AT)
        .group_by(ContactCheck.contact_point_id)
    )
    figures = {row.contact_point_id: row for row in work.session.execute(query)}
    answers = roster.reachable(work, rows)
    return [_show(work, row, figures.get(row.id), answers[row.id]) for row in rows]


def _show(work: UnitOfWork, row: ContactPoint, figures: Any, reachable: str) -> dict[str, Any]:
    verified = None if row.last_verified_at is None else work.now - row.last_verified_at
    return {
        **row.shown(),
        "reachable_now": reachable,
        "stale": roster.is_stale(row, work.now),
        "verified_days_ago": None if verified is None else verified.days,
        "checks_30_days": figures.checks if figures else 0,
        "reached_30_days": figures.reached if figures else 0,
    }


@together
def _in_turn(work: UnitOfWork, countries: Sequence[str]) -> dict[str, list[ContactPoint]]:
    """Return the 24/7 contacts of countries, each in the order of `emergency_contacts`."""
    return {country: _sorted_by_turn(work, country) for country in countries}


def emergency_contacts(work: UnitOfWork, country: str) -> list[ContactPoint]:
    """Return the 24/7 contacts of a country in the order in which they are to be tried.

    Those that can be reached come first and those whose entry is unverified next; the others are not left out. Among these come the
    Convention's network first, and those that can preserve data.
    """
    return _in_turn(work, country)


def _sorted_by_turn(work: UnitOfWork, country: str) -> list[ContactPoint]:
    query = points(work, {"country": country}).where(ContactPoint.network.in_(_AROUND_THE_CLOCK))
    found = work.session.scalars(query.order_by(ContactPoint.id)).all()
    answers = roster.reachable(work, found)
    return sorted(
        found,
        key=lambda p: (
            roster.REACHABLE.index(answers[p.id]),
            _AROUND_THE_CLOCK.index(p.network),
            "preserves" not in p.powers,
        ),
    )


def emergency_contact(work: UnitOfWork, country: str) -> ContactPoint | None:
    """Return the 24/7 contact of a country that is to be tried first, or None if it has none."""
    return next(iter(emergency_contacts(work, country)), None)


def add_competence(work: UnitOfWork, data: dict[str, Any]) -> Competence:
    """Add a competence of an authority; raise `OnlyForItself` for a provider."""
    authority = kept_authority(work, data.pop("authority_id", None))
    if not speaks_for_a_country(authority):
        raise OnlyForItself
    data.pop("confirmed", None)
    require_order(data["valid_from"], data.get("valid_until"))
    names = ("measures", "kinds", "instruments", "places", "languages", "channels")
    row = work.add(
        Competence(**{**{name: [] for name in names}, **data, "authority_id": authority.id, "last_confirmed_at": work.now})
    )
    work.note("competence.entered", row)
    return row


def change_competence(work: UnitOfWork, competence_id: UUID, version: int, data: dict[str, Any]) -> Competence:
    """Change a competence, or confirm it."""
    row = work.one(Competence, competence_id, version=version)
    require_keeper(work, row.authority_id)
    if data.pop("confirmed", False):
        row.last_confirmed_at = work.now
    row.set(data)
    require_order(row.valid_from, row.valid_until)
    work.note("competence.changed", row, fields=sorted(data))
    return row


def competences(work: UnitOfWork, wanted: Mapping[str, Any]) -> Select[Competence]:
    """Select the competences that are valid now, by authority and country."""
    query = matching(work.all(Competence).where(_valid(work, Competence)), wanted, authority_id=Competence.authority_id)
    if country := wanted.get("country"):
        query = query.where(Competence.authority_id.in_(select(Authority.id).where(Authority.country == country)))
    return query


def competent(work: UnitOfWork, wanted: Mapping[str, Any]) -> list[Found]:
    """Return the competent authorities of a country, best match first.

    Authorities for the place come first, then those for the whole country, then those for some places if none was asked for, then
    central authorities.
    """
    rows = work.session.scalars(competences(work, {"country": wanted["country"]}).order_by(Competence.id)).all()
    named = {a.id: a for a in work.session.scalars(work.all(Authority).where(Authority.country == wanted["country"]))}
    found = [_found(row, named[row.authority_id], wanted) for row in rows if _covers(row, wanted)]
    there = {f.authority.id for f in found}
    central = [a for a in named.values() if a.type == "central_authority" and a.id not in there]
    found += [Found(a, "central_authority", a.languages, [], None) for a in sorted(central, key=lambda a: a.name)]
    return sorted(found, key=lambda f: _RANK.index(f.why))


def _covers(row: Competence, wanted: Mapping[str, Any]) -> bool:
    """Tell whether a competence covers what is asked for. An empty list covers everything; what is not asked for is ignored."""
    pairs = ((row.measures, "measure"), (row.kinds, "kind"), (row.instruments, "instrument"))
    fits = all(not listed or wanted.get(name) is None or wanted[name] in listed for listed, name in pairs)
    return fits and (not row.places or wanted.get("place") is None or _at(row, wanted))


def _at(row: Competence, wanted: Mapping[str, Any]) -> bool:
    """Tell whether a competence names the place, ignoring case."""
    place = wanted.get("place")
    return place is not None and place.casefold() in {name.casefold() for name in row.places}


def _found(row: Competence, authority: Authority, wanted: Mapping[str, Any]) -> Found:
    why = "place" if _at(row, wanted) else "some_places" if row.places else "country"
    return Found(authority, why, row.languages, row.channels, row.last_confirmed_at)


def accepted_languages(work: UnitOfWork, country: str, instrument: str | None, measure: str | None) -> set[str]:
    """Return the languages in which a country's competent authorities accept such requests; empty if none are declared."""
    wanted = {"country": country, "instrument": instrument, "measure": measure}
    return {language for row in _competences_in(work, country) if _covers(row, wanted) for language in row.languages}


@together
def _competences_in(work: UnitOfWork, countries: Sequence[str]) -> dict[str, Sequence[Competence]]:
    return {country: work.session.scalars(competences(work, {"country": country})).all() for country in countries}
