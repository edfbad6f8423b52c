"""Parsers for hashes of pictures and for references to material and reports. Pictures themselves are refused everywhere."""

import base64
import binascii
import re
from typing import Final

from coopapi.identifiers.formats.reading import Context, ImpossibleValue, MatchKey, Reading, Strength, exact
from coopapi.unicode_text import clean, fold

_PHOTODNA: Final = 144
_BANDS: Final = 16
_QUALITY: Final = 50
_FLAT: Final = 32
_BITS: Final = 256


def read_pdq(value: str, context: Context) -> Reading:
    """Parse a PDQ hash (Meta 2019). Hashes that differ in at most 31 bits are possibly of the same picture.

    Sixteen bands of 16 bits select the candidates: all that differ in at most 15 bits, and about 87 % of those that differ in 31.
    """
    text = fold(value).replace(" ", "")
    if not re.fullmatch("[0-9a-f]{64}", text, re.ASCII):
        raise ImpossibleValue("pdq", "The value must have 64 hexadecimal digits.")
    ones = int(text, 16).bit_count()
    flat = min(ones, _BITS - ones) < _FLAT
    poor = context.quality is not None and context.quality < _QUALITY
    warnings = tuple(w for w, doubtful in (("flat_picture", flat), ("low_quality", poor)) if doubtful)
    strength = Strength.WEAK if warnings else Strength.POSSIBLE
    bands = () if warnings else (MatchKey("pdq_band", f"{n}|{text[4 * n : 4 * n + 4]}", Strength.ASKS) for n in range(_BANDS))
    return Reading(text, (MatchKey("pdq", text, strength), *bands), warnings)


def read_photodna(value: str, context: Context) -> Reading:
    """Parse a PhotoDNA hash: 144 bytes in Base64, which can only be compared for equality."""
    del context
    text = clean(value).replace(" ", "")
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != _PHOTODNA:
        raise ImpossibleValue("photodna", "The value must be 144 bytes in Base64.")
    return exact_possible("photodna", base64.b64encode(raw).decode())


def exact_possible(family: str, text: str, *warnings: str) -> Reading:
    """Parse a value that is possible evidence if it is equal."""
    return Reading(text, (MatchKey(family, text, Strength.POSSIBLE),), warnings)


def read_cybertip(value: str, context: Context) -> Reading:
    """Parse the number of a CyberTipline report (NCMEC). The same report is sent to many States."""
    del context
    text = re.sub(r"^(?:ncmec|cybertip(?:line)?|report|no\.?|#|:|\s)+", "", fold(value))
    if not re.fullmatch("[1-9][0-9]{5,11}", text, re.ASCII):
        raise ImpossibleValue("cybertip", "The value must be a report number with 6 to 12 digits that does not begin with zero.")
    return exact("cybertip", text)


def read_series(value: str, context: Context) -> Reading:
    """Parse the name or number of a series of material (Interpol ICSE). It identifies material and not a person."""
    del context
    return exact_possible("icse_series", fold(value))
