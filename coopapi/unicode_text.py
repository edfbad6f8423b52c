"""Text as it is compared, and what characters do to it: which cannot be seen, which control how it is shown, which stack up."""

import unicodedata
from collections.abc import Callable
from functools import partial
from typing import Final

NORMALISER_VERSION: Final = 1
MAX_TEXT: Final = 2048
MOST_MARKS: Final = 30
"""Marks in a row on one letter (UAX #15, stream-safe text): to normalise a row takes time in the square of its length."""
_MARK: Final = "\u0301"
_BLANK: Final = "\u2800"
"""A braille cell without dots: nothing can be seen of it, though it is no space."""
_CONTROLS: Final = frozenset({"Cc", "Zl", "Zp"})
_DIRECTIONS: Final = frozenset(map(chr, [*range(0x202A, 0x202F), *range(0x2066, 0x206A)]))
"""Characters that put the text around them into another order; marks of direction, which Persian and Arabic need, do not."""

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


def blank(text: str) -> bool:
    """Tell whether nothing of a text can be seen."""
    return all(character.isspace() or character == _BLANK or invisible(character) for character in text)


def controlled(text: str) -> bool:
    """Tell whether a text holds line breaks, other controls, or characters that put it into another order."""
    if text.isascii():
        return not text.isprintable()
    return any(character in _DIRECTIONS or unicodedata.category(character) in _CONTROLS for character in set(text))


def fold(text: str) -> str:
    """Fold a text to the form that is compared: no case, no invisible characters, one form of each character."""
    if text.isascii() and text.isprintable():
        return " ".join(text.lower().split())
    return _settle(text, str.casefold)


def clean(text: str) -> str:
    """Normalise a text like `fold`, but keep its case, for values in which case carries meaning (base58)."""
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    return _settle(text, str)


def normal_length(text: str) -> int:
    """Return how long a text can become when it is normalised, without normalising it: one character can become eighteen."""
    return len(text) if text.isascii() else len(_translate(text, partial(unicodedata.normalize, "NFKC")))


def _settle(text: str, case: Callable[[str], str]) -> str:
    """Normalise until nothing changes, since one pass is not idempotent on every string."""
    while (settled := _pass(text, case)) != text:
        text = settled
    return text


def _pass(text: str, case: Callable[[str], str]) -> str:
    """Normalise once, in the order NFKC, case, NFKC; casefold first leaves 637 code points unsettled."""
    seen = _translate(text, _visible)
    composed = unicodedata.normalize("NFKC", case(unicodedata.normalize("NFKC", seen)))
    return " ".join(_translate(composed, _digit).split())


def _translate(text: str, rule: Callable[[str], str]) -> str:
    """Apply a rule to each distinct character once, which keeps long hostile texts cheap."""
    return text.translate({ord(character): rule(character) for character in set(text)})


def _visible(character: str) -> str:
    """Return the character, or nothing if it cannot be seen; a control that separates is a space."""
    if character.isspace():
        return " "
    return "" if invisible(character) else character


def _digit(character: str) -> str:
    """Return the ASCII digit for a decimal digit of any script."""
    value = unicodedata.decimal(character, None)
    return character if value is None else str(value)


def fold_reference(text: str) -> str:
    """Fold a reference to what makes it the same: neither case, width nor kind of dash, nor what cannot be seen."""
    return _translate(fold(text), _dash)


def _dash(character: str) -> str:
    """Return a hyphen for a dash of any kind, the minus sign among them."""
    return "-" if unicodedata.category(character) == "Pd" or character == "\u2212" else character
