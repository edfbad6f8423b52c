"""The sound of a name: the consonants that all romanisations keep. Letters with several readings give several codes."""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final

from coopapi.persons.latin import BV, CH, DZ, DZH, HEH, MB, ND, NG, SHORT_U, WAW

MOST_READINGS: Final = 4

# Groups of letters for one sound in the main romanisations (ICAO, BGN, German, French, Polish, scholarly).
_GROUPS: Final[Mapping[str, str]] = {
    "schtsch": "Z", "dsch": "Z", "rzh": "RZ",
    "chtch": "Z", "shch": "Z", "szcz": "Z", "stsch": "Z", "tsch": "Z", "sch": "Z", "tch": "Z", "dzh": "Z",
    "dj": "Z", "dz": "Z", "cz": "Z", "sz": "Z", "rz": "Z", "sh": "Z", "zh": "Z", "ts": "Z", "tz": "Z", "xh": "Z",
    "gj": DZH,
    "kh": "K", "gh": "K", "ph": "V", "th": "T", "dh": "T", "ck": "K", "qu": "K", "lh": "L", "nh": "N", "rh": "R", "bh": "P",
    "ks": "KZ", "ch": CH,
}  # fmt: skip
_LETTERS: Final[Mapping[str, str]] = {
    **dict.fromkeys("bp", "P"), **dict.fromkeys("vfw", "V"), **dict.fromkeys("td", "T"), **dict.fromkeys("kgqch", "K"),
    **dict.fromkeys("sz", "Z"), "x": "KZ", "m": "M", "n": "N", "l": "L", "r": "R",
}  # fmt: skip
# Letters with more than one reading. All occurrences in a name have the same reading.
_READINGS: Final[Mapping[str, tuple[str, ...]]] = {
    CH: ("Z", "K"), DZH: ("Z", "K"), WAW: ("", "V"), MB: ("P", "MP"), ND: ("T", "NT"), NG: ("K", "NK"),
    "j": ("A", "Z"), "J": ("", "Z"), HEH: ("K", ""),
    SHORT_U: ("", "V"), "U": ("A", "V"), BV: ("P", "V"), DZ: ("T", "Z"),
}  # fmt: skip
_SOUNDS: Final = re.compile("|".join([*sorted(_GROUPS, key=len, reverse=True), "."]))
_SOFT: Final = re.compile("c(?=[eiy])")
_SILENT: Final = re.compile(f"(?<=[aeiouy{HEH}])h+$|(?<=.){HEH}+$")
_SHORT_U: Final = re.compile("(?<=[aoe])u(?=$|ski|sk[aiy]|na$|ich$)")


@lru_cache(maxsize=65_536)
def sounds(latin: str) -> tuple[str, ...]:
    """Return up to four codes of a word in Latin letters, made of K L M N P R T V Z, and A for a vowel at its start."""
    text = _SHORT_U.sub(SHORT_U, _SOFT.sub("s", latin))
    text = _SILENT.sub("", text)
    read = [_GROUPS.get(part) or _LETTERS.get(part, part) for part in _SOUNDS.findall(text)]
    if read and read[0] in f"aeiouy{SHORT_U}":
        read[0] = "U" if read[0] in f"u{SHORT_U}" and len(read) > 1 and read[1] not in "aeiouy" else "A"
    read = ["" if sound in "aeiouy" else "J" if at and sound == "j" else sound for at, sound in enumerate(read)]
    choices: list[dict[str, str]] = [{}]
    for mark in dict.fromkeys(sound for sound in read if sound in _READINGS):
        choices = [{**choice, mark: reading} for choice in choices for reading in _READINGS[mark]][:MOST_READINGS]
    return tuple(dict.fromkeys(filter(None, (_once(choice.get(s, s) for s in read) for choice in choices))))


def _once(read: Iterable[str]) -> str:
    """Return the sounds in a row. A doubled sound without a vowel in between counts once."""
    out, last = "", ""
    for sound in read:
        out += "" if sound == last else sound
        last = sound
    return out
