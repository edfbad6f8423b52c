"""Parsers for documents, devices and files: passports, national ids, plates, IMEI, PGP fingerprints and hashes."""

import hashlib
import re
from collections.abc import Callable
from typing import Final

from stdnum import luhn
from stdnum.util import get_cc_module

from coopapi.identifiers.formats.reading import Context, ImpossibleValue, MatchKey, Reading, Strength, exact, require_country
from coopapi.identifiers.formats.states import ICAO
from coopapi.unicode_text import fold

_NUMBER_SIGN: Final = re.compile(r"^n[or]\.\s*|(?<=\s)no\s(?=\d)")  # No. QC1672505; the sign in QC № 1672505 is folded to no
_WEIGHTS: Final = (7, 3, 1)
_PERSONAL_NUMBERS: Final = dict(
    pair.split(":")
    for pair in [
        "BE:nn",
        "BG:egn",
        "CZ:rc",
        "DK:cpr",
        "EE:ik",
        "ES:nif",
        "FI:hetu",
        "HR:oib",
        "IT:codicefiscale",
        "LT:asmens",
        "LV:pk",
        "NL:bsn",
        "NO:fodselsnummer",
        "PL:pesel",
        "RO:cnp",
        "SE:personnummer",
        "SI:emso",
        "SK:rc",
        "TR:tckimlik",
        "RS:jmbg",
    ]
)
"""Countries where one personal number is the national identity number. In other countries, several documents have such numbers."""
_PLATE: Final = str.maketrans(
    "\u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0423\u0425\u0406\u0408"  # Cyrillic
    "\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7",  # Greek
    "ABEKMHOPCTYXIJABEZHIKMNOPTYX",
)


def read_passport(value: str, context: Context) -> Reading:
    """Parse a passport number with its issuing State, or the second line of the machine-readable zone (ICAO 9303)."""
    text = _NUMBER_SIGN.sub("", fold(value)).upper().replace(" ", "")
    if len(text) == 44 and text[9:10].isdigit():  # noqa: PLR2004 (TD3)
        text, state = _mrz(text)
    else:
        state = require_country(context)
        text = text.replace("-", "").replace("<", "")
    if not re.fullmatch("[A-Z0-9]{3,20}", text, re.ASCII) or not any(c.isdigit() for c in text):
        raise ImpossibleValue(
            "passport", "A document number must have 3 to 20 letters and digits, at least one of them a digit (ICAO 9303)."
        )
    return Reading(text, (MatchKey("passport", f"{ICAO.get(state, state)}-{text}"),))


def _mrz(line: str) -> tuple[str, str]:
    for field, check in ((line[:9], line[9]), (line[13:19], line[19]), (line[21:27], line[27])):
        if str(_check_digit(field)) != check:
            raise ImpossibleValue("mrz", "A check digit of the machine-readable zone is wrong (ICAO 9303).")
    return line[:9].rstrip("<"), line[10:13].rstrip("<")


def _check_digit(field: str) -> int:
    values = (0 if c == "<" else int(c, 36) if c.isalnum() and c.isascii() else 0 for c in field)
    return sum(v * _WEIGHTS[i % 3] for i, v in enumerate(values)) % 10


def read_national_id(value: str, context: Context) -> Reading:
    """Parse a national identity number. It is checked if the rule of its country is known."""
    country = require_country(context)
    text = re.sub(r"[\s./-]", "", fold(value).upper())
    if not re.fullmatch(r"[A-Z0-9+]{4,30}", text, re.ASCII):
        raise ImpossibleValue("national_id", "A national identity number must have 4 to 30 letters and digits.")
    short = re.sub("[^0-9]", "", text)[-10:] if country == "SE" else text  # written with or without the century
    key = (MatchKey("national_id", f"{country}-{short}"),)
    name = _PERSONAL_NUMBERS.get(country)
    module = get_cc_module(country.lower(), name) if name else None
    if module is None:
        return Reading(text, key, ("unchecked_national_id",))
    if not (module.is_valid(text) or module.is_valid(fold(value).upper())):
        raise ImpossibleValue("national_id", "The length or the check digits are wrong for this country.")
    return Reading(text, key)


def read_plate(value: str, context: Context) -> Reading:
    """Parse a plate with its country. Letters that look alike in several scripts are unified (Vienna Convention 1968, Annex 2)."""
    country = require_country(context)
    text = re.sub(r"[\s.·•-]", "", fold(value).upper()).translate(_PLATE)
    if not 2 <= len(text) <= 12 or not text.isalnum():  # noqa: PLR2004 (no plate is shorter or longer)
        raise ImpossibleValue("vehicle_plate", "A plate must have 2 to 12 letters and digits.")
    return Reading(text, (MatchKey("plate", f"{country}-{text}"),))


def read_imei(value: str, context: Context) -> Reading:
    """Parse an IMEI, with or without check digit, or an IMEISV. The first 14 digits identify the device (3GPP TS 23.003)."""
    del context
    text = re.sub(r"[\s/.-]", "", fold(value).removeprefix("imei").lstrip(": "))
    if not re.fullmatch("[0-9]{14,16}", text, re.ASCII) or len(set(text)) == 1:
        raise ImpossibleValue(
            "imei", "The value must have 14 digits, 15 with the check digit, or 16 with the software version (3GPP TS 23.003)."
        )
    if len(text) == 15 and not luhn.is_valid(text):  # noqa: PLR2004 (IMEI)
        raise ImpossibleValue("imei_check", "The check digit is wrong (3GPP TS 23.003, Luhn).")
    return Reading(text, (MatchKey("imei", text[:14]),))


def read_pgp(value: str, context: Context) -> Reading:
    """Parse a PGP key fingerprint (RFC 4880, 9580). A long key id is possible evidence, a short one is not."""
    del context
    text = re.sub(r"[\s:]", "", fold(value).upper()).removeprefix("0X")
    if not re.fullmatch("[0-9A-F]+", text, re.ASCII) or len(text) not in {16, 40, 64}:
        raise ImpossibleValue(
            "pgp_fingerprint", "The value must have 40 or 64 hexadecimal digits, or 16 for a key id (RFC 4880, RFC 9580)."
        )
    if len(text) == 16:  # noqa: PLR2004 (a long key id)
        return Reading(text, (MatchKey("pgp_key_id", text, Strength.POSSIBLE),), ("key_id_only",))
    key_id = text[-16:] if len(text) == 40 else text[:16]  # noqa: PLR2004 (version 4 ends with it, version 6 begins)
    return exact("pgp", text, MatchKey("pgp_key_id", key_id, Strength.POSSIBLE))


def read_hash(name: str) -> Callable[[str, Context], Reading]:
    """Return the parser for a kind of file hash (RFC 1321, FIPS 180-4)."""
    empty = hashlib.new(name, usedforsecurity=False).hexdigest()
    shape = re.compile(f"[0-9a-f]{{{len(empty)}}}", re.ASCII)

    def read(value: str, context: Context) -> Reading:
        del context
        text = re.sub(r"[\s:-]", "", fold(value).removeprefix(f"{name}:"))
        if not shape.fullmatch(text):
            raise ImpossibleValue(name, f"The value must have {len(empty)} hexadecimal digits.")
        return exact(name, text, warnings=("empty_file",) if text == empty else ())

    return read
