"""Parsers for passports and other documents, national identity numbers and vehicle plates."""

import json
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from importlib.resources import files
from typing import Any, Final

from anyascii import anyascii
from stdnum import luhn
from stdnum.exceptions import ValidationError

from coopapi.identifiers.formats.reading import (
    Context,
    ImpossibleValue,
    MatchKey,
    Reading,
    Strength,
    look_alike,
    require_country,
    twin_keys,
)  # fmt: skip
from coopapi.identifiers.formats.states import ICAO, SIGNS
from coopapi.unicode_text import fold

_NUMBER_SIGN: Final = re.compile(r"^n[or]\.\s*|(?<=\s)no\s(?=\d)")  # No. QC1672505; the sign in QC № 1672505 is folded to no
_WEIGHTS: Final = (7, 3, 1)
_DOCUMENT: Final = re.compile("[0-9A-Z\u0370-\u03ff\u0400-\u04ff]{3,20}")
_DATES: Final = "([0-9]{6})([0-9])[MFX<]([0-9]{6})([0-9])"
_TWO_LINES: Final = re.compile(
    rf"(?:[PVAIC][A-Z0-9<]([A-Z<]{{3}})[A-Z<]{{20,45}})?([A-Z0-9<]{{9}})([0-9<])[A-Z<]{{3}}{_DATES}([A-Z0-9<]*)"
)
_THREE_LINES: Final = re.compile(rf"[IAC][A-Z0-9<]([A-Z<]{{3}})([A-Z0-9<]{{9}})([0-9<])([A-Z0-9<]{{15}}){_DATES}")
_MRZ_LEAST: Final = 36
_NUMBERS: Final = json.loads((files("coopapi.identifiers") / "data/national_numbers.json").read_text("utf-8"))
NATIONAL: Final[Mapping[str, Mapping[str, Any]]] = _NUMBERS["countries"]
_TAILS: Final = {country: re.compile(tail) for country, tail in _NUMBERS["tails"].items()}
_CHECKERS: Final = {country: [import_module(f"stdnum.{name}") for name in rule["checkers"]] for country, rule in NATIONAL.items()}
_COORDINATION: Final = re.compile("((?:[0-9]{2})?[0-9]{2}[01][0-9][6-9][0-9])([-+]?)([0-9]{4})")
"""A Swedish number of a person who is not registered as resident: the day of birth plus 60 (SKV 707)."""
_CENTURY_TURN: Final = 30
"""Swedish years of two digits up to this one can be those of two centuries."""
_GERMAN_JOINED: Final = re.compile(r"([A-ZÄÖÜ]{2,5})[ .·•-]*([0-9]{1,4}[EH]?)")
_GERMAN_PARTED: Final = re.compile(r"([A-ZÄÖÜ]{1,3})[ .·•-]+([A-Z]{1,2})[ .·•-]*([0-9]{1,4}[EH]?)")


def document(kind: str) -> Callable[[str, Context], Reading]:
    """Return the parser for a kind of document that a State issues. Equal numbers on other kinds are weaker evidence."""

    def read(value: str, context: Context) -> Reading:
        text = _NUMBER_SIGN.sub("", fold(value)).upper().replace(" ", "")
        state = ""
        if len(text) >= _MRZ_LEAST:
            text, state = _mrz(text)
        text = text.replace("-", "").replace("/", "").replace("<", "")
        state = state or require_country(context)
        if not _DOCUMENT.fullmatch(text) or not any(c.isdigit() for c in text):
            raise ImpossibleValue(
                kind, "A document number must have 3 to 20 letters and digits, at least one of them a digit (ICAO 9303)."
            )
        issuer = f"{ICAO.get(state, state)}-"
        return Reading(text, (*twin_keys(kind, issuer, text), MatchKey("document", issuer + look_alike(text), Strength.POSSIBLE)))

    return read


def _mrz(text: str) -> tuple[str, str]:
    """Return number and issuing State of a machine-readable zone. The second line alone does not name the issuer (ICAO 9303)."""
    found = _THREE_LINES.match(text)
    state, number, check, more, *dates = found.groups() if found else ("",) * 8
    if not found:
        found = _TWO_LINES.search(text)
        if not found:
            raise ImpossibleValue("mrz", "The machine-readable zone is not complete (ICAO 9303).")
        state, number, check, *dates, more = found.groups()
    if check == "<":  # a longer number goes on among the optional data
        rest = more.partition("<")[0]
        number, check = number + rest[:-1], rest[-1:]
    for field, digit in ((number, check), (dates[0], dates[1]), (dates[2], dates[3])):
        if str(_check_digit(field)) != digit:
            raise ImpossibleValue("mrz", "A check digit of the machine-readable zone is wrong (ICAO 9303).")
    return number.rstrip("<"), (state or "").rstrip("<")


def _check_digit(field: str) -> int:
    values = (0 if c == "<" else int(c, 36) if c.isalnum() and c.isascii() else 0 for c in field)
    return sum(v * _WEIGHTS[i % 3] for i, v in enumerate(values)) % 10


def read_national_id(value: str, context: Context) -> Reading:
    """Parse a national identity number. It is checked if the rule of its country is known."""
    country = require_country(context)
    written = fold(value).upper()
    text = re.sub(r"[\s./-]", "", written)
    if not re.fullmatch(r"[A-Z0-9+]{4,30}", look_alike(text), re.ASCII):
        raise ImpossibleValue("national_id", "A national identity number must have 4 to 30 letters and digits.")
    if country in _TAILS:
        text = _TAILS[country].sub(r"\1", text)
    rule = NATIONAL.get(country)
    if rule is None:
        return Reading(text, twin_keys("national_id", f"{country}-", text), ("unchecked_national_id",))
    valid, checker = _valid(country, rule, (look_alike(written), look_alike(text)))
    text = re.sub(r"[\s./-]", "", valid)
    if country == "SE":
        return Reading(text, tuple(_swedish(valid)))
    series = rule.get("series", {}).get(checker.__name__.removeprefix("stdnum."), country)
    shared = "until" not in rule or checker.get_birth_date(valid).year < rule["until"]
    return Reading(text, (MatchKey("national_id", f"{series if shared else country}-{text}"),))


def _valid(country: str, rule: Mapping[str, Any], forms: tuple[str, ...]) -> tuple[str, Any]:
    """Return the number as its checker writes it, and the checker. Zeros are restored that a spreadsheet dropped in front."""
    digits = rule.get("digits", 0)
    padded = [forms[-1].zfill(digits)] if digits - 2 <= len(forms[-1]) < digits and forms[-1][0].isdecimal() else []
    for text in (*forms, *padded):
        for checker in _CHECKERS[country]:
            try:
                return str(checker.validate(text)), checker
            except ValidationError:
                continue
    coordination = _COORDINATION.fullmatch(forms[0]) if country == "SE" else None
    if coordination and luhn.is_valid(re.sub("[^0-9]", "", forms[0])[-10:]):
        return f"{coordination[1]}{coordination[2] or '-'}{coordination[3]}", None
    raise ImpossibleValue("national_id", "The length or the check digits are wrong for this country.")


def _swedish(number: str) -> Iterator[MatchKey]:
    """Return the keys of a number with its century. The sign + says that the person is a hundred years old or more."""
    date, sign, rest = number[:-5], number[-5], number[-4:]
    if len(date) == 8:  # noqa: PLR2004 (with the century)
        yield MatchKey("national_id", f"SE-{date}{rest}")
        return
    early = int(date[:2]) > _CENTURY_TURN
    centuries = ("18" if early else "19",) if sign == "+" else ("19",) if early else ("20", "19")
    for century in centuries:
        yield MatchKey("national_id", f"SE-{century}{date}{rest}", Strength.STRONG if len(centuries) == 1 else Strength.POSSIBLE)


def read_plate(value: str, context: Context) -> Reading:
    """Parse a plate with its country. Letters that look alike in several scripts are unified (Vienna Convention 1968, Annex 2).

    In Germany the gap behind the district tells: B-NO 1220 and BN-O 1220 are two vehicles. Diacritics and State
    letters fold as weak evidence.
    """
    country = require_country(context)
    sign = SIGNS.get(country, country)
    written = re.sub(rf"^\({sign}\) ?| ?\({sign}\)$", "", look_alike(fold(value).upper()))
    text = _joined(written)
    if not 2 <= len(text) <= 12 or not text.isalnum():  # noqa: PLR2004 (no plate is shorter or longer)
        raise ImpossibleValue("vehicle_plate", "A plate must have 2 to 12 letters and digits.")
    own = tuple(_german(written)) if country == "DE" else ()
    bare = re.sub(rf"^{sign} (?=.{{4}})|(?<=.{{4}}) {sign}$", "", written)
    latin = (
        {"".join(c for c in anyascii(_plain(text).replace("\u0627", "A")).upper() if c.isalnum())}
        if re.search("[\u0600-\u06ff]", text)
        else set()
    )
    others = {_plain(text), _plain(_joined(bare))} - ({text} if not own else set())
    keys = own or (MatchKey("plate", f"{country}-{text}"),)
    keys += tuple(MatchKey("plate", f"{country}-{each}", Strength.POSSIBLE) for each in latin)
    keys += tuple(MatchKey("plate", f"{country}-{each}", Strength.WEAK) for each in sorted(others - latin))
    doubtful = len(own) > 1
    return Reading(text if doubtful else keys[0].text[3:].replace("|", "-"), keys, identity=f"{country}-{text}" if doubtful else "")


def _joined(text: str) -> str:
    return re.sub(r"[\s.·•-]", "", text)


def _plain(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))


def _german(written: str) -> Iterator[MatchKey]:
    """Return the key of a German plate whose district is told by a gap, or else a weaker one for each district that it can have."""
    parted = _GERMAN_PARTED.fullmatch(written)
    joined = _GERMAN_JOINED.fullmatch(written)
    if parted:
        splits = [(parted[1], parted[2] + parted[3])]
    elif joined:
        letters, number = joined.groups()
        ends = range(max(1, len(letters) - 2), min(3, len(letters) - 1) + 1)
        splits = [(letters[:end], letters[end:] + number) for end in ends if letters[end:].isascii()]
    else:
        return
    for district, rest in splits:
        yield MatchKey("plate", f"DE-{district}|{rest}", Strength.STRONG if len(splits) == 1 else Strength.POSSIBLE)
