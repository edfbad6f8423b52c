"""What characters do to a text: which cannot be seen, which change how it is shown, which stack on one letter."""

import unicodedata
from typing import Final

MOST_MARKS: Final = 30
"""Marks in a row on one letter (UAX #15, stream-safe text): to normalise a row takes time in the square of its length."""
_MARK: Final = "\u0301"

# Default_Ignorable_Code_Point (Unicode, DerivedCoreProperties) outside the categories Cf and Cc.
_IGNORABLE: Final = frozenset(
    [
        847,
        4447,
        4448,
        6068,
        6069,
        6155,
        6156,
        6157,
        6159,
        8293,
        12644,
        65440,
        *range(65024, 65040),
        *range(65520, 65529),
        *range(917504, 921600),
    ],
)


def invisible(character: str) -> bool:
    """Tell whether a character cannot be seen; a space, and a control that separates like one, is not among them."""
    hidden = unicodedata.category(character) in {"Cf", "Cc"} or ord(character) in _IGNORABLE
    return hidden and not character.isspace()


def stacked(text: str) -> bool:
    """Tell whether more than `MOST_MARKS` marks stand on one letter, not counting what is invisible between them."""
    if text.isascii():
        return False
    table: dict[int, str] = {}
    for character in set(text):
        if unicodedata.combining(unicodedata.normalize("NFKD", character)[0]):
            table[ord(character)] = _MARK
        elif invisible(character):
            table[ord(character)] = ""
    return _MARK * (MOST_MARKS + 1) in text.translate(table)
