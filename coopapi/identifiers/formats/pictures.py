"""Parsers for hashes of pictures and for references to material and reports. Pictures themselves are refused everywhere."""

import base64
import binascii
import re
from dataclasses import replace
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
    hashed, _, quality = re.sub("[ ;,]+", ",", clean(value)).partition(",")
    quality = quality.partition(",")[0]
    if quality.isdecimal() and context.quality is None and len(quality) < 4:  # noqa: PLR2004 (0 to 100)
        context = replace(context, quality=int(quality))
    text = bytes_of(hashed, _BITS // 8).hex()
    if len(text) != _BITS // 4:
        raise ImpossibleValue("pdq", "The value must have 64 hexadecimal digits.")
    ones = int(text, 16).bit_count()
    flat = min(ones, _BITS - ones) < _FLAT
    poor = context.quality is not None and context.quality < _QUALITY
    warnings = tuple(w for w, doubtful in (("flat_picture", flat), ("low_quality", poor)) if doubtful)
    strength = Strength.WEAK if warnings else Strength.POSSIBLE
    bands = () if warnings else (MatchKey("pdq_band", f"{n}|{text[4 * n : 4 * n + 4]}", Strength.ASKS) for n in range(_BANDS))
    return Reading(text, (MatchKey("pdq", text, strength), *bands), warnings)


def read_photodna(value: str, context: Context) -> Reading:
    """Parse a PhotoDNA hash: 144 bytes in Base64, in hexadecimal, or as numbers. It can only be compared for equality."""
    del context
    raw = bytes_of(clean(value), _PHOTODNA)
    if len(raw) != _PHOTODNA:
        raise ImpossibleValue("photodna", "The value must be 144 bytes in Base64, hexadecimal digits or numbers.")
    flat = len(set(raw)) == 1
    strength = Strength.WEAK if flat else Strength.POSSIBLE
    text = base64.b64encode(raw).decode()
    return Reading(text, (MatchKey("photodna", text, strength),), ("flat_picture",) if flat else ())


def bytes_of(text: str, size: int) -> bytes:
    """Return the bytes that are written in Base64 (also that for URLs), in hexadecimal digits or as numbers, or none."""
    numbers = text.split(",")
    if len(numbers) == size and all(n.strip().isdecimal() and len(n) < 5 and int(n) < 256 for n in numbers):  # noqa: PLR2004 (a byte)
        return bytes(map(int, numbers))
    text = text.replace(" ", "")
    try:
        if re.fullmatch(f"(?:0x)?[0-9a-fA-F]{{{2 * size}}}", text, re.ASCII):
            return bytes.fromhex(text[-2 * size :])
        return base64.b64decode(text.replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError):
        return b""


def read_cybertip(value: str, context: Context) -> Reading:
    """Parse the number of a CyberTipline report (NCMEC). The same report is sent to many States."""
    del context
    text = fold(value).lstrip("#: ").removesuffix(".pdf")
    if not re.fullmatch("[1-9][0-9]{5,11}", text, re.ASCII):
        raise ImpossibleValue("cybertip", "The value must be a report number with 6 to 12 digits that does not begin with zero.")
    return exact("cybertip", text)


def read_series(value: str, context: Context) -> Reading:
    """Parse the name or number of a series of material (Interpol ICSE). It identifies material and not a person."""
    del context
    text = " ".join(fold(value).replace("_", " ").split())
    told = "".join(character for character in text if character.isalnum())
    if not told:
        raise ImpossibleValue("icse_series", "The name of a series must have letters or digits.")
    return Reading(text, (MatchKey("icse_series", told, Strength.POSSIBLE),))
