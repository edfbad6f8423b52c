"""Parsers for names of networks and numbers of parcels."""

import re
from typing import Final

from coopapi.identifiers.formats.reading import Context, ImpossibleValue, MatchKey, Reading, Strength, exact
from coopapi.unicode_text import fold, literal

_POSTAL_WEIGHTS: Final = (8, 6, 4, 2, 3, 5, 9, 7)
_MOST_SSID: Final = 32


def read_parcel(value: str, context: Context) -> Reading:
    """Parse the number of a parcel. That of a postal item (UPU S10) is checked, those of other carriers are not."""
    del context
    text = re.sub(r"[\s.-]", "", fold(value).upper())
    postal = re.fullmatch("[A-Z]{2}([0-9]{8})([0-9])[A-Z]{2}", text, re.ASCII)
    if postal:
        check = 11 - sum(int(d) * w for d, w in zip(postal[1], _POSTAL_WEIGHTS, strict=True)) % 11
        if {10: 0, 11: 5}.get(check, check) != int(postal[2]):
            raise ImpossibleValue("parcel_check", "The check digit is wrong (UPU S10).")
        return exact("parcel_number", text)
    if not re.fullmatch("[A-Z0-9]{8,34}", text, re.ASCII) or not any(c.isdigit() for c in text):
        raise ImpossibleValue(
            "parcel_number", "A parcel number must have 8 to 34 letters and digits, at least one of them a digit."
        )
    return Reading(text, (MatchKey("parcel_number", text, Strength.POSSIBLE),))


def read_ssid(value: str, context: Context) -> Reading:
    """Parse the name of a wireless network (IEEE 802.11), at most 32 bytes. Upper and lower case are different."""
    del context
    text = literal(value)
    if not text or len(text.encode()) > _MOST_SSID:
        raise ImpossibleValue("ssid", "The name of a network must have 1 to 32 bytes (IEEE 802.11).")
    return Reading(text, (MatchKey("ssid", text, Strength.POSSIBLE),))
