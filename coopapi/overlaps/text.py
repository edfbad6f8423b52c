"""One normaliser for all text. NFKC, casefold, NFKC in this order: any other is not idempotent (637 code points fail)."""

import unicodedata
from typing import Final

NORMALISER_VERSION: Final = 1
MAX_TEXT: Final = 2048
_UNSEEN: Final = frozenset({"Cf", "Cc", "Cs", "Co"})
_FILLERS: Final = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0")


def fold(text: str) -> str:
    """Normalise so that spelling, width, case, digits of other scripts and invisible characters make no difference."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", _visible(text)).casefold())
    again = _visible(folded)
    return _spaced(_digits(again)) if again == folded else fold(again)


def clean(text: str) -> str:
    """Normalise as `fold` does, but keep the case, for values in which it means something."""
    plain = unicodedata.normalize("NFKC", _visible(text))
    again = _visible(plain)
    return _spaced(_digits(again)) if again == plain else clean(again)


def _visible(text: str) -> str:
    if text.isascii() and text.isprintable():
        return text
    kept = (" " if c in "\t\n\r\v\f" else c for c in text if not _is_unseen(c))
    return "".join(kept)


def _is_unseen(character: str) -> bool:
    if character in "\t\n\r\v\f":
        return False
    selector = "\ufe00" <= character <= "\ufe0f" or "\U000e0100" <= character <= "\U000e01ef"
    return selector or character in _FILLERS or unicodedata.category(character) in _UNSEEN


def _digits(text: str) -> str:
    """Write decimal digits of every script as ASCII."""
    if text.isascii():
        return text
    return "".join(str(unicodedata.decimal(c)) if unicodedata.category(c) == "Nd" else c for c in text)


def _spaced(text: str) -> str:
    return " ".join(text.split())
