"""Parsers for persons: names and dates in clear, or only digests from an authority that does not send names."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any, Final

from coopapi.identifiers.formats.reading import Context, ImpossibleValue, MatchKey, Reading, Strength
from coopapi.matching.similarity import PERSON
from coopapi.persons.births import read_birth
from coopapi.persons.families import DATED, DIGESTS_VERSION, texts
from coopapi.persons.record import read_person
from coopapi.shared.days import latest_day
from coopapi.unicode_text import fold

OLD_DIGESTS: Final = "old_digests"
"""The warning about digests of an older version, which only their authority can make again."""
_OLDEST: Final = 1850
_MOST_WORDS: Final = 100
_MOST_KEYS: Final = 10_000
"""Limit of match keys. Their number grows with the square of the number of words: 20 aliases with two dates and two places have
about 6,000.
"""


def read_nothing(value: str, context: Context) -> Reading:
    """Refuse a person that was sent as a plain text value."""
    del value, context
    raise ImpossibleValue("person_needed", "Send a person as `person` or as `digests`, not as `value`.")


def read_names(person: Mapping[str, Any]) -> Reading:
    """Parse a person in clear and return the match keys. Match keys select candidates for comparison and are no evidence."""
    for index, birth in enumerate(person.get("birth_dates", ())):
        _check_birth(birth, f"person.birth_dates.{index}")
    profile = read_person(person)
    if len(profile.spellings) < 1:
        raise ImpossibleValue("name", "None of the names contains a word.", "person.names")
    if len({word.latin for spelling in profile.spellings for word in spelling}) > _MOST_WORDS:
        raise ImpossibleValue("many_words", f"The names contain more than {_MOST_WORDS} different words.", "person.names")
    groups = texts(profile)
    if sum(len(group.texts) for group in groups) > _MOST_KEYS:
        raise ImpossibleValue(
            "many_keys", f"The names, dates and places together give more than {_MOST_KEYS} match keys.", "person"
        )
    keys = tuple(
        MatchKey(PERSON + group.family, text, Strength.ANSWERS if group.answers_only else Strength.ASKS)
        for group in groups
        for text in group.texts
    )
    parts = [*(_full(name) for name in person["names"]), *person.get("birth_dates", ()), person.get("gender", "")]
    identity = "|".join(map(fold, [*parts, *person.get("nationalities", ()), *person.get("places", ())]))
    warnings = () if keys else ("name_alone",)
    return Reading(_full(person["names"][0]), keys, warnings, identity=identity, strength=_strength(bool(profile.births)))


def read_digests(digests: Iterable[Mapping[str, Any]], version: int | None = None) -> Reading:
    """Parse a person that was sent only as digests made with k1. `version` is that of the rules that made their texts."""
    keys = tuple(
        MatchKey(
            PERSON + item["family"], item["digest"], Strength.ANSWERS if item.get("answers_only") else Strength.ASKS, digest=True
        )
        for item in digests
    )
    dated = any(key.family.removeprefix(PERSON) in DATED for key in keys)
    warnings = (OLD_DIGESTS,) if outdated(version) else ()
    identity = "|".join([*sorted(key.text for key in keys), *([f"{version}"] if version else [])])
    return Reading("", keys, warnings, identity=identity, strength=_strength(dated))


def outdated(version: int | None) -> bool:
    """Tell whether older rules made digests than those of today. Version 1 did not say so."""
    return (version or 1) < DIGESTS_VERSION


def _strength(dated: bool) -> Strength:  # noqa: FBT001 (the one thing it depends on)
    """Return the strength of a match of a person. Without a date of birth it is never strong."""
    return Strength.STRONG if dated else Strength.POSSIBLE


def _full(name: Mapping[str, str]) -> str:
    return name.get("full") or f"{name.get('given', '')} {name.get('family', '')}".strip()


def _check_birth(text: str, field: str) -> None:
    try:
        birth = read_birth(text)
        earliest = date(birth.year, birth.month or 1, birth.day or 1)
    except ValueError:
        raise ImpossibleValue("birth_date", "The value must be a date as YYYY, YYYY-MM or YYYY-MM-DD.", field) from None
    if not birth.year >= _OLDEST or earliest > latest_day(datetime.now(UTC)):
        raise ImpossibleValue("birth_date", f"The date must be between {_OLDEST} and today.", field)
