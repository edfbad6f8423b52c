"""Normalised text for comparison, and checks for characters that are invisible, change how text is shown, or stack up."""

import re
import unicodedata
from collections.abc import Callable
from functools import partial
from typing import Final

NORMALISER_VERSION: Final = 4
"""Raised whenever a reader gives another normal form or other match keys than before for a value that can be stored."""
MAX_TEXT: Final = 2048
MOST_MARKS: Final = 30
"""Maximum number of combining marks in a row (UAX #15, stream-safe text). Normalising them takes quadratic time."""
UNSEEN: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\uffff]")
"""Control characters except tabs and line feeds, and characters that are not seen or that turn the text around them."""
_MARK: Final = "\u0301"
_BLANK: Final = "\u2800"
"""A braille cell without dots. It looks empty although Unicode does not classify it as a space."""
_APOSTROPHES: Final = frozenset("\u2018\u2019\u201b\u02bc\u02b9\u00b4\u2032")
_WIDE: Final = 0xFEE0
_CONTROLS: Final = frozenset({"Cc", "Zl", "Zp"})
_DIRECTIONS: Final = frozenset(map(chr, [*range(0x202A, 0x202F), *range(0x2066, 0x206A)]))
"""Characters that reorder the text around them. Direction marks are not among them, because Persian and Arabic need them."""

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
    """Tell whether a character is invisible. Spaces, and control characters that separate words, do not count as invisible."""
    hidden = unicodedata.category(character) in {"Cf", "Cc"} or ord(character) in _IGNORABLE
    return hidden and not character.isspace()


def stacked(text: str) -> bool:
    """Tell whether more than `MOST_MARKS` marks follow one letter. Invisible characters between them are not counted."""
    if text.isascii():
        return False
    table: dict[int, str] = {}
    for character in set(text):
        if unicodedata.combining(unicodedata.normalize("NFKD", character)[0]):
            table[ord(character)] = _MARK
        elif invisible(character):
            table[ord(character)] = ""
    return _MARK * (MOST_MARKS + 1) in text.translate(table)


def blank(text: str) -> bool:
    """Tell whether a text contains nothing visible."""
    return all(character.isspace() or character == _BLANK or invisible(character) for character in text)


def controlled(text: str) -> bool:
    """Tell whether a text contains line breaks, other control characters, or characters that reorder it."""
    if text.isascii():
        return not text.isprintable()
    return any(character in _DIRECTIONS or unicodedata.category(character) in _CONTROLS for character in set(text))


def fold(text: str) -> str:
    """Return a text in the form for comparison: case-folded, normalised, and without invisible characters."""
    if text.isascii() and text.isprintable():
        return " ".join(text.lower().split())
    return _settle(text, str.casefold)


def clean(text: str) -> str:
    """Normalise a text like `fold` but keep its case, for values in which case matters (base58)."""
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    return _settle(text, str)


def literal(text: str) -> str:
    """Normalise a text only where one character is written in two ways (NFC, full-width forms): sharp s and raised digits stay."""
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    while (settled := _literally(text)) != text:
        text = settled
    return text


def literal_lower(text: str) -> str:
    """Return the form of `literal` in lower case, without case folding, which would replace the sharp s by ss."""
    if text.isascii() and text.isprintable():
        return " ".join(text.lower().split())
    return literal(_translate(literal(text), lambda character: "\u03c3" if character == "\u03c2" else character.lower()))


def hyphens(text: str) -> str:
    """Replace every kind of dash by a hyphen, and every kind of apostrophe by the ASCII one."""
    return text if text.isascii() else _translate(text, lambda c: "'" if c in _APOSTROPHES else _dash(c))


def normal_length(text: str) -> int:
    """Return the largest length that a text can have after normalisation. One character can become eighteen."""
    return len(text) if text.isascii() else len(_translate(text, partial(unicodedata.normalize, "NFKC")))


def _literally(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", _translate(_translate(text, _visible), _narrow)).split())


def _narrow(character: str) -> str:
    """Return the ASCII character for its full-width form, otherwise the character."""
    return chr(ord(character) - _WIDE) if "\uff01" <= character <= "\uff5e" else character


def _settle(text: str, case: Callable[[str], str]) -> str:
    """Normalise repeatedly until nothing changes, because one pass is not idempotent for every string."""
    while (settled := _pass(text, case)) != text:
        text = settled
    return text


def _pass(text: str, case: Callable[[str], str]) -> str:
    """Normalise once: NFKC, case folding, NFKC. If case folding came first, 637 code points would need another pass."""
    seen = _translate(text, _visible)
    composed = unicodedata.normalize("NFKC", case(unicodedata.normalize("NFKC", seen)))
    return " ".join(_translate(composed, _digit).split())


def _translate(text: str, rule: Callable[[str], str]) -> str:
    """Apply a function to each distinct character only once, so that long hostile texts take little time."""
    return text.translate({ord(character): rule(character) for character in set(text)})


def _visible(character: str) -> str:
    """Return the character, an empty string if it is invisible, or a space for a control character that separates words."""
    if character.isspace():
        return " "
    return "" if invisible(character) else character


def _digit(character: str) -> str:
    """Return the ASCII digit for a decimal digit of any script, otherwise the character."""
    value = unicodedata.decimal(character, None)
    return character if value is None else str(value)


def fold_reference(text: str) -> str:
    """Return the form in which references are compared: case, width, kind of dash and invisible characters do not matter."""
    return _translate(fold(text), _dash)


def _dash(character: str) -> str:
    """Return a hyphen for any kind of dash, including the minus sign, otherwise the character."""
    return "-" if unicodedata.category(character) == "Pd" or character == "\u2212" else character
