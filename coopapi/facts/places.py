"""Places of facts, and the keyed digests by which facts of several cases at the same place are found."""

import re
import unicodedata
from collections.abc import Mapping
from typing import Any, Final

from coopapi.store.crypto import Keyring
from coopapi.unicode_text import fold

_DIGITS: Final = 3
"""The decimal places of rounded coordinates: a thousandth of a degree of latitude is 111 metres."""
_PLAIN: Final = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ħ": "h", "\u0131": "i"})
"""Letters with a stroke, which Unicode does not take apart."""
_BETWEEN_WORDS: Final = re.compile(r"[\W_]+")


def place_token(keys: Keyring, place: Mapping[str, Any] | None, country: str | None) -> bytes | None:
    """Return the digest of a place: of its coordinates rounded to about 100 metres, or else of its country and its folded name.

    It serves to mark that facts of several cases name the same place. It leaves the service neither in answers nor in files.
    """
    if not place:
        return None
    if "latitude" in place:
        latitude, longitude = round(place["latitude"], _DIGITS) + 0.0, round(place["longitude"], _DIGITS) + 0.0
        text = f"at|{latitude:.{_DIGITS}f}|{-180.0 if longitude == 180 else longitude:.{_DIGITS}f}"  # noqa: PLR2004 (the same meridian)
    else:
        text = f"named|{country or ''}|{folded_name(place['name'])}"
    return keys.mac("fact-places", text.encode())


def folded_name(name: str) -> str:
    """Return the name of a place without case, accents and punctuation, as it is compared. A name of signs alone stays as it is."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", fold(name)) if not unicodedata.combining(c))
    return _BETWEEN_WORDS.sub(" ", fold(bare).translate(_PLAIN)).strip() or fold(name)
