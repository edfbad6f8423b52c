"""Text as it is compared: what cannot be seen does not count, and what looks alike is never folded."""

import unicodedata
from collections.abc import Callable
from typing import Final

from coopapi.writing import invisible

NORMALISER_VERSION: Final = 1
MAX_TEXT: Final = 2048


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
