"""Warnings about titles of cases: a title is shown to the desk and perhaps to other States, so it should name nobody."""

import re
from itertools import pairwise
from typing import Final

_WITH_SIGNS: Final = (
    re.compile(r"[^\s@]+@[^\s@]+\.\w{2,}"),  # an e-mail address
    re.compile(r"(?i)\bhttps?://|\b[\w-]+\.onion\b"),
    re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}\b"),  # an IPv4 address
    re.compile(r"(?<!\w)@\w{3,}"),  # a name of a user
)
_WITH_DIGITS: Final = (
    re.compile(r"(?i)\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}\b"),  # an IBAN
    re.compile(r"\+?\d(?:[\s().-]{0,2}\d){8,}"),  # a telephone or account number
    re.compile(r"(?i)\b(?=[0-9a-f]*\d)[0-9a-f]{32,64}\b"),  # a hash
)
_IDENTIFIERS: Final = ((re.compile(r"[@:.]"), _WITH_SIGNS), (re.compile(r"\d"), _WITH_DIGITS))
"""Patterns of identifiers, each group with what all of these contain. Few titles contain it, so most patterns need not be tried."""
_OPERATION: Final = re.compile(r"(?i)^op[eé]ra\w+$")


def warnings(title: str) -> list[str]:
    """Return `identifier` if the title seems to contain an identifier of a person, and `name` if it seems to contain a name."""
    tried = (pattern for contained, patterns in _IDENTIFIERS if contained.search(title) for pattern in patterns)
    found = ["identifier"] if any(pattern.search(title) for pattern in tried) else []
    return [*found, "name"] if _names_somebody(title) else found


def _names_somebody(title: str) -> bool:
    """Tell whether two words in a row begin with a capital letter, unless the first says that it is an operation."""
    words = title.replace(",", " ").split()
    return any(_capital(first) and _capital(second) and not _OPERATION.match(first) for first, second in pairwise(words))


def _capital(word: str) -> bool:
    bare = word.strip("().:;!?\"'")
    return bare[:1].isupper() and (len(bare) == 1 or not bare.isupper()) and re.sub(r"[-'\u2019]", "", bare).isalpha()
