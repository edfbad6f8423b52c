"""Determine which instruments apply between two countries on a day, with the reasons for those that do not."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any, Final

from coopapi.directory import codelists
from coopapi.errors import NotFound
from coopapi.instruments.models import (
    Assessment,
    CountryPair,
    Instrument,
    InstrumentParty,
    InstrumentRule,
    Outsider,
    Precedence,
    Question,
    Ratification,
    Reason,
    Reservation,
)

_DATA: Final = files("coopapi.instruments") / "data" / "instruments.json"


class UnknownInstrument(NotFound):
    """There is no instrument with this code.

    `/instruments` lists all codes.
    """


@cache
def load() -> tuple[Instrument, ...]:
    """Return every instrument in order of preference: Union acts, conventions, bilateral treaties, reciprocity."""
    return tuple(_instrument(data) for data in provenance()["instruments"])


@cache
def provenance() -> Mapping[str, Any]:
    """Return the whole data file, with its source and version."""
    found: Mapping[str, Any] = json.loads(_DATA.read_text("utf-8"))
    return found


def codes() -> tuple[str, ...]:
    """Return the code of every instrument."""
    return tuple(instrument.code for instrument in load())


def get(code: str, among: Sequence[Instrument] = ()) -> Instrument:
    """Return one instrument, of the shipped ones by default, or raise `UnknownInstrument`."""
    for instrument in among or load():
        if instrument.code == code:
            return instrument
    raise UnknownInstrument


def of_country(country: str | None, among: Sequence[Instrument] = ()) -> list[Instrument]:
    """Return the instruments that concern a country, past and future ones included; all instruments if it is None."""
    return [instrument for instrument in among or load() if country is None or instrument.concerns(country)]


def show(code: str, among: Sequence[Instrument] = ()) -> dict[str, Any]:
    """Return all data of one instrument with their source; raise `UnknownInstrument`."""
    found = get(code, among)
    return {name: getattr(found, name) for name in Instrument.__slots__} | {
        "source": found.source or provenance()["source"],
        "version": provenance()["version"],
    }


def applicable(  # noqa: PLR0913 (the question, and among which instruments)
    from_: str, to: str, measure: str | None, kind: str | None = None, *, on: date, among: Sequence[Instrument] = ()
) -> list[Assessment]:
    """Assess every instrument for a request from one country to another; applicable ones come first, in order of preference.

    `among` are the instruments with those that central authorities have entered (`own.every`); without it, only shipped ones count.
    """
    asked, every = Question(from_, to, measure, kind, on), among or load()
    return sorted((_assess(instrument, asked, every) for instrument in every), key=lambda assessment: not assessment.applicable)


def unbound(code: str, countries: Iterable[str], on: date) -> list[str]:
    """Return the countries that are known not to be bound by the instrument on that day."""
    instrument = get(code)
    known = [country for country in countries if instrument.complete or instrument.party(country)]
    return [country for country in known if _not_party(instrument, "not_party", country, on)]


def _assess(instrument: Instrument, asked: Question, every: Sequence[Instrument]) -> Assessment:
    reasons = _unbound(instrument, asked)
    if all(reason.code != "not_in_force" for reason in reasons):
        reasons += _uncovered(instrument, asked) + _excluded(instrument, asked)
    reasons = reasons or _preceding_instruments(instrument, asked, every)
    conditions = [] if reasons else _conditions(instrument, asked)
    article = instrument.measures_of(asked.kind).get(asked.measure or "", "")
    return Assessment(instrument, not reasons, tuple(reasons), tuple(conditions), article)


def _unbound(instrument: Instrument, asked: Question) -> list[Reason]:
    """Return the reasons why the instrument does not bind both countries on that day; none if it does."""
    if not instrument.in_force or not _within(asked.on, instrument.in_force_from, None):
        return [Reason("not_in_force", _not_in_force(instrument), instrument.citation)]
    if instrument.open:
        return []
    if instrument.pairs:
        return _without_treaty(instrument, asked)
    sides = (("sender_not_party", asked.from_), ("addressee_not_party", asked.to))
    strangers = [reason for code, country in sides for reason in _not_party(instrument, code, country, asked.on)]
    return strangers or _same_side(instrument, asked)


def _within(on: date, since: date | None, until: date | None) -> bool:
    return (since is None or since <= on) and (until is None or on <= until)


def _not_in_force(instrument: Instrument) -> str:
    if instrument.in_force:
        return f"The instrument is in force only from {instrument.in_force_from}."
    return (
        f"The instrument is not in force; {len(instrument.ratified)} States have ratified it."
        if instrument.ratified
        else "The instrument is not in force."
    )


def _without_treaty(instrument: Instrument, asked: Question) -> list[Reason]:
    pair = next((pair for pair in instrument.pairs if pair.countries == {asked.from_, asked.to}), None)
    names = f"{_name(asked.from_)} and {_name(asked.to)}"
    if pair is None:
        return [Reason("no_treaty_between_them", f"The register has no treaty between {names}.", instrument.citation)]
    if not _within(asked.on, pair.in_force_from, pair.until):
        ended = pair.until is not None and asked.on > pair.until
        since = f"was in force until {pair.until}" if ended else f"is in force only from {pair.in_force_from}"
        text = f"The treaty between {names} {since}."
        return [Reason("no_treaty_between_them", text, instrument.citation)]
    return []


def _not_party(instrument: Instrument, code: str, country: str, on: date) -> list[Reason]:
    party = instrument.party(country)
    if party is None:
        known = next((outsider for outsider in instrument.outside if outsider.country == country), None)
        told = (known.text, known.article) if known else (f"{_name(country)} is not a party.", instrument.citation)
        return [Reason(code, *told)]
    if party.until and on > party.until:
        return [Reason(code, f"{_name(country)} was bound until {party.until}.", instrument.citation)]
    if party.since and on < party.since:
        return [Reason(code, f"{_name(country)} is bound only from {party.since}.", instrument.citation)]
    return []


def _same_side(instrument: Instrument, asked: Question) -> list[Reason]:
    sides = {party.side for party in instrument.parties if party.country in {asked.from_, asked.to}}
    if len(sides) == 1 and sides <= set(instrument.not_among):
        text = (
            f"{_name(asked.from_)} and {_name(asked.to)} are on the same side of the agreement, so it does not apply between them."
        )
        return [Reason("not_between_them", text, instrument.citation)]
    return []


def _uncovered(instrument: Instrument, asked: Question) -> list[Reason]:
    """Return the reasons why the instrument does not cover the measure or the kind of request."""
    measures = instrument.measures_of(asked.kind)
    parts = (("measure_not_covered", asked.measure, measures), ("kind_not_covered", asked.kind, instrument.kinds))
    reasons = []
    for code, wanted, served in parts:
        if wanted is not None and wanted not in served:
            told = instrument.excluded.get(wanted, InstrumentRule("The instrument does not provide for it.", instrument.citation))
            reasons.append(Reason(code, told.text, told.article))
    return reasons


def _excluded(instrument: Instrument, asked: Question) -> list[Reason]:
    """Return the reservations of either country that exclude the question; they also bind the country that made them."""
    made = _reservations(instrument, asked.from_, "excludes") + _reservations(instrument, asked.to, "excludes")
    reserved = [Reason("reservation", r.text, r.article) for r in made if r.concerns(asked)]
    return reserved + [Reason("narrowed", n.text, n.article) for n in instrument.narrowed if n.excludes(asked)]


def _conditions(instrument: Instrument, asked: Question) -> list[Reason]:
    made = [r for r in _reservations(instrument, asked.to, "conditions") if r.concerns(asked)]
    scope = [Reason("scope", instrument.scope.text, instrument.scope.article)] if instrument.scope else []
    if instrument.open:
        scope += [Reason("nothing_else_known", *_nothing_else(asked))]
    return scope + [Reason("reservation", r.text, r.article) for r in made]


def _nothing_else(asked: Question) -> tuple[str, str]:
    """Return why reciprocity is offered, with its source: the register knows no treaty, which does not mean that there is none."""
    text = (
        f"Apart from conventions about certain offences, the register knows no treaty between {_name(asked.from_)} and"
        f" {_name(asked.to)} that serves this. It does not have every treaty: ask your central authority before you rely on"
        " reciprocity (verify)."
    )
    return text, "General practice"


def _reservations(instrument: Instrument, country: str, effect: str) -> list[Reservation]:
    party = instrument.party(country)
    return [reservation for reservation in party.reservations if reservation.effect == effect] if party else []


def _preceding_instruments(instrument: Instrument, asked: Question, every: Sequence[Instrument]) -> list[Reason]:
    """Return the instruments that take precedence because they bind both countries and provide for the measure."""
    for rule in instrument.yields:
        if rule.exempts(asked):
            continue
        named = [one for code in rule.to for one in every if one.code == code]
        entered = [one for one in every if rule.own and one.own and asked.kind in {None, *one.kinds}]
        first = [one.code for one in (*named, *entered) if _provides(one, asked)]
        if first:
            return [
                Reason(
                    "other_treaty_goes_first", f"{rule.text} These instruments take precedence: {', '.join(first)}.", rule.article
                )
            ]
    return []


def _provides(instrument: Instrument, asked: Question) -> bool:
    covered = asked.measure is None or asked.measure in instrument.measures
    return covered and not _unbound(instrument, asked) and not _excluded(instrument, asked)


@cache
def _name(country: str) -> str:
    return next(item.labels["en"] for item in codelists.load("countries").items if item.code == country)


def _instrument(data: Mapping[str, Any]) -> Instrument:
    """Convert the data of one instrument."""
    return Instrument(**{name: _READERS.get(name, _plain)(value) for name, value in data.items()})


def _plain(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _many(read: Callable[..., Any]) -> Callable[[Any], Any]:
    return lambda rows: tuple(read(**{name: _READERS.get(name, _plain)(value) for name, value in row.items()}) for row in rows)


def _rule(value: Mapping[str, str]) -> InstrumentRule:
    return InstrumentRule(**value)


_READERS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "in_force_from": date.fromisoformat,
    "provisional_from": date.fromisoformat,
    "until": date.fromisoformat,
    "on": date.fromisoformat,
    "countries": frozenset,
    "form": _rule,
    "channel": _rule,
    "languages": _rule,
    "scope": _rule,
    "excluded": lambda value: {code: InstrumentRule(**told) for code, told in value.items()},
    "yields": _many(Precedence),
    "outside": _many(Outsider),
    "ratified": _many(Ratification),
    "parties": _many(InstrumentParty),
    "pairs": _many(CountryPair),
    "reservations": _many(Reservation),
}
