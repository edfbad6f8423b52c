"""The content of an instrument: form, channel, measures, parties with dates and reservations, and the precedence of others."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True, slots=True)
class Question:
    """What one country wants to ask of another on a day."""

    from_: str
    to: str
    measure: str | None
    kind: str | None
    on: date


@dataclass(frozen=True, slots=True)
class InstrumentRule:
    """What an instrument provides on one point, with the article."""

    text: str
    article: str


@dataclass(frozen=True, slots=True)
class Reservation:
    """The reservation of a party: it excludes measures or attaches conditions to them."""

    article: str
    text: str
    effect: str = "conditions"
    measures: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    verify: bool = False

    def concerns(self, asked: Question) -> bool:
        """Tell whether the reservation concerns the question.

        A reservation that names no measure and no kind concerns everything.
        """
        return not (self.measures or self.kinds) or asked.measure in self.measures or asked.kind in self.kinds


@dataclass(frozen=True, slots=True)
class InstrumentParty:
    """A country bound by an instrument: from when, until when (inclusive), and on which side."""

    country: str
    in_force_from: date | None = None
    provisional_from: date | None = None
    until: date | None = None
    side: str = ""
    reservations: tuple[Reservation, ...] = ()
    verify: bool = False

    @property
    def since(self) -> date | None:
        """Return the first day of application, including provisional application, or None if the date is not recorded."""
        return self.provisional_from or self.in_force_from


@dataclass(frozen=True, slots=True)
class CountryPair:
    """Two countries with a bilateral treaty."""

    countries: frozenset[str]
    in_force_from: date
    until: date | None = None
    verify: bool = False

    @property
    def both(self) -> list[str]:
        """The two countries, in the order of their codes."""
        return sorted(self.countries)


@dataclass(frozen=True, slots=True)
class Outsider:
    """A country that is known not to be bound by the instrument."""

    country: str
    text: str
    article: str
    verify: bool = False


@dataclass(frozen=True, slots=True)
class Ratification:
    """A ratification of an instrument that is not in force yet."""

    country: str
    on: date


@dataclass(frozen=True, slots=True)
class Precedence:
    """The instruments that take precedence, and the exceptions from this.

    A rule with `only_kinds` is about these kinds of request and no others. `own` also gives precedence to treaties that central
    authorities have entered.
    """

    to: tuple[str, ...]
    text: str
    article: str
    except_kinds: tuple[str, ...] = ()
    except_measures: tuple[str, ...] = ()
    only_kinds: tuple[str, ...] = ()
    own: bool = False

    def exempts(self, asked: Question) -> bool:
        """Tell whether the question is an exception, so that the other instruments do not take precedence."""
        other_kind = bool(self.only_kinds) and asked.kind not in self.only_kinds
        return other_kind or asked.kind in self.except_kinds or asked.measure in self.except_measures


@dataclass(frozen=True, slots=True)
class Narrowing:
    """What remains of a shipped instrument for one country, towards the `others` or everybody, while it is valid."""

    country: str
    others: frozenset[str]
    kinds: frozenset[str]
    measures: frozenset[str]
    text: str
    article: str
    since: date
    until: date | None = None

    def excludes(self, asked: Question) -> bool:
        """Tell whether the question is about this country, and about a kind or a measure that does not remain.

        It counts on both sides: what a country does not give, it cannot ask for either.
        """
        pair = {asked.from_, asked.to}
        valid = self.since <= asked.on and (self.until is None or asked.on <= self.until)
        if not valid or self.country not in pair or (self.others and not pair & self.others):
            return False
        parts = ((asked.kind, self.kinds), (asked.measure, self.measures))
        return any(wanted is not None and wanted not in left for wanted, left in parts)


@dataclass(frozen=True, slots=True)
class Instrument:
    """A treaty or legal act under which one country may send requests to another.

    An `own` one is no shipped data: a central authority entered it, with its `source`, and the operator approved it. `verify` says
    that its text was not compared with the official one, and `unchecked` what was not: of a compared one, the parts that are open.
    """

    code: str
    group: str
    titles: Mapping[str, str]
    citation: str
    in_force: bool
    evidence: bool
    kinds: tuple[str, ...]
    measures: Mapping[str, str]
    form: InstrumentRule
    channel: InstrumentRule
    languages: InstrumentRule
    in_force_from: date | None = None
    scope: InstrumentRule | None = None
    of_kind: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    supplements: str = ""
    excluded: Mapping[str, InstrumentRule] = field(default_factory=dict)
    yields: tuple[Precedence, ...] = ()
    not_among: tuple[str, ...] = ()
    outside: tuple[Outsider, ...] = ()
    ratified: tuple[Ratification, ...] = ()
    parties: tuple[InstrumentParty, ...] = ()
    pairs: tuple[CountryPair, ...] = ()
    open: bool = False
    verify: bool = False
    unchecked: str = ""
    own: bool = False
    source: str = ""
    narrowed: tuple[Narrowing, ...] = ()

    def measures_of(self, kind: str | None) -> Mapping[str, str]:
        """Return the measures that a kind of request may ask for, with their articles."""
        return self.of_kind.get(kind or "", self.measures)

    @property
    def complete(self) -> bool:
        """Tell whether the date of every party is recorded, so that any other country is known not to be bound."""
        return bool(self.parties) and all(party.since for party in self.parties)

    def party(self, country: str) -> InstrumentParty | None:
        """Return the party for a country, past and future ones included, or None."""
        return next((party for party in self.parties if party.country == country), None)

    def concerns(self, country: str) -> bool:
        """Tell whether the country is, was or will be bound, or may use the instrument without being bound."""
        return self.open or self.party(country) is not None or any(country in pair.countries for pair in self.pairs)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an instrument does not apply, or under which condition it does."""

    code: str
    text: str
    article: str


@dataclass(frozen=True, slots=True)
class Assessment:
    """Whether one instrument applies, the reasons if it does not, and the conditions if it does."""

    instrument: Instrument
    applicable: bool
    reasons: tuple[Reason, ...]
    conditions: tuple[Reason, ...]
    article: str
