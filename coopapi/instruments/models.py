"""What an instrument says: form, channel, measures, parties with their dates and reservations, and what goes before it."""

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
class Rule:
    """What an instrument says of one point, and where."""

    text: str
    article: str


@dataclass(frozen=True, slots=True)
class Reservation:
    """What a party declared: it excludes measures, or puts conditions on them."""

    article: str
    text: str
    effect: str = "conditions"
    measures: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    verify: bool = False

    def concerns(self, asked: Question) -> bool:
        """Tell whether the reservation is about what is asked; one that names nothing is about everything."""
        return not (self.measures or self.kinds) or asked.measure in self.measures or asked.kind in self.kinds


@dataclass(frozen=True, slots=True)
class Party:
    """A country that an instrument binds, since when and until when (the last day), and on which side of it."""

    country: str
    in_force_from: date | None = None
    provisional_from: date | None = None
    until: date | None = None
    side: str = ""
    reservations: tuple[Reservation, ...] = ()
    verify: bool = False

    @property
    def since(self) -> date | None:
        """The first day of application, provisional application included; none where the date is not recorded."""
        return self.provisional_from or self.in_force_from


@dataclass(frozen=True, slots=True)
class Pair:
    """Two countries with a treaty between them."""

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
    """A country of which one must know that the instrument does not bind it."""

    country: str
    text: str
    article: str
    verify: bool = False


@dataclass(frozen=True, slots=True)
class Ratification:
    """A ratification of an instrument that waits for others to enter into force."""

    country: str
    on: date


@dataclass(frozen=True, slots=True)
class Precedence:
    """Which instruments go first, and for what they don't."""

    to: tuple[str, ...]
    text: str
    article: str
    except_kinds: tuple[str, ...] = ()
    except_measures: tuple[str, ...] = ()

    def lets_pass(self, asked: Question) -> bool:
        """Tell whether what is asked stands beside the other treaty."""
        return asked.kind in self.except_kinds or asked.measure in self.except_measures


@dataclass(frozen=True, slots=True)
class Instrument:
    """A treaty or an act of law under which one country may ask another."""

    code: str
    group: str
    titles: Mapping[str, str]
    citation: str
    in_force: bool
    evidence: bool
    kinds: tuple[str, ...]
    measures: Mapping[str, str]
    form: Rule
    channel: Rule
    languages: Rule
    in_force_from: date | None = None
    scope: Rule | None = None
    supplements: str = ""
    excluded: Mapping[str, Rule] = field(default_factory=dict)
    yields: tuple[Precedence, ...] = ()
    not_among: tuple[str, ...] = ()
    outside: tuple[Outsider, ...] = ()
    ratified: tuple[Ratification, ...] = ()
    parties: tuple[Party, ...] = ()
    pairs: tuple[Pair, ...] = ()
    open: bool = False
    verify: bool = False

    @property
    def complete(self) -> bool:
        """Whether the date of every party is recorded: who is not among them then is not bound."""
        return bool(self.parties) and all(party.since for party in self.parties)

    def party(self, country: str) -> Party | None:
        """Return what binds the country, if it is a party, was one or will be one."""
        return next((party for party in self.parties if party.country == country), None)

    def concerns(self, country: str) -> bool:
        """Tell whether the country is, was or will be bound, or is free to use it."""
        return self.open or self.party(country) is not None or any(country in pair.countries for pair in self.pairs)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an instrument may not be used, or on which condition it may."""

    code: str
    text: str
    article: str


@dataclass(frozen=True, slots=True)
class Assessment:
    """Whether one instrument may be used, why not, and on which conditions."""

    instrument: Instrument
    applicable: bool
    reasons: tuple[Reason, ...]
    conditions: tuple[Reason, ...]
    article: str
