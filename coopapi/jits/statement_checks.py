"""Find what a public statement must not contain: presumptions of guilt, references, names (Dir. (EU) 2016/343 Art. 4)."""

import json
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from itertools import accumulate
from typing import Any, Final, NamedTuple

from coopapi.errors import broken

_SURE: Final = 6
"""From this number of characters on, a reference is found even if it is split up or is part of other words."""
_NAME: Final = 3
_FLAGS: Final = ("\U0001f1e6", "\U0001f1ff")
"""The first and last of the regional indicator symbols, which form flags."""
_PARTICLES: Final = frozenset({"and", "das", "del", "den", "der", "dos", "las", "les", "los", "the", "van", "von"})
_WHY: Final = {
    "presumption_of_innocence": "presents a person as guilty before a final decision (Directive (EU) 2016/343 Art. 4)",
    "case_reference": "is the reference of a case or of the team",
    "pseudonym": "is the pseudonym of a subject of a case",
    "member_name": "is the name of a member of the team",
    "operation_name": "is the name of the operation, which the parties do not want to publish",
    "script": "contains letters of another script than Latin, or invisible characters",
}


class Term(NamedTuple):
    """A term that a statement must not contain, and the rule that forbids it."""

    rule: str
    text: str


@cache
def presumptions() -> tuple[Term, ...]:
    """Return the words that present somebody as guilty, in the four languages."""
    data = json.loads((files("coopapi.jits") / "data" / "presumptions.json").read_text("utf-8"))
    return tuple(Term("presumption_of_innocence", word) for words in data["words"].values() for word in words)


def faults(texts: Mapping[str, str], terms: Sequence[Term]) -> list[dict[str, Any]]:
    """Return the faults of the texts: pointer, rule and number of the word. `texts` maps pointers to texts."""
    found = []
    for pointer, text in texts.items():
        hits = dict.fromkeys([*_letters(text), *_said(text, [*presumptions(), *terms])])
        found += [broken(pointer, rule, f"Word {place} {_WHY[rule]}.") | {"word": place} for place, rule in sorted(hits)]
    return found


def _letters(text: str) -> Iterator[tuple[int, str]]:
    """Yield words with letters of another script or invisible characters, which could hide a forbidden term."""
    for n, word in enumerate(text.split(), 1):
        if any(_foreign(sign) for sign in word):
            yield n, "script"


def _foreign(sign: str) -> bool:
    kind = unicodedata.category(sign)
    ours = unicodedata.name(sign, "").startswith(("LATIN", "FEMININE", "MASCULINE"))
    digits = kind[0] == "N" and not unicodedata.normalize("NFKC", sign).isascii()
    flags = _FLAGS[0] <= sign <= _FLAGS[1]
    return kind in {"Cf", "Cc", "Co", "Cn"} or (kind[0] == "L" and not ours) or digits or flags


def _said(text: str, terms: Sequence[Term]) -> Iterator[tuple[int, str]]:
    """Yield the number of each word at which a term begins, even if the term is joined or spaced out differently.

    Long terms are also found inside other words.
    """
    said = words(text)
    run = "".join(said)
    begins = dict(zip(accumulate(map(len, said), initial=0), range(len(said) + 1), strict=True))
    for term in terms:
        sought = words(term.text)
        squeezed = "".join(sought)
        if not squeezed:
            continue
        found = [(n, n + len(squeezed)) for n in _places(run, squeezed)]
        places = [begins[start] for start, end in found if start in begins and end in begins]
        if term.rule == "member_name":
            surnames = {word for word in sought if len(word) >= _NAME and word not in _PARTICLES}
            places += [n for n, word in enumerate(said) if word in surnames]
        if found and not places and term.rule != "presumption_of_innocence" and len(squeezed) >= _SURE:
            places = [_word_at(said, found[0][0])]
        yield from ((n + 1, term.rule) for n in places)


def _places(run: str, sought: str) -> Iterator[int]:
    """Yield every position of a text, including overlapping ones."""
    place = run.find(sought)
    while place >= 0:
        yield place
        place = run.find(sought, place + 1)


def words(text: str) -> list[str]:
    """Return the words of a text without case, accents and punctuation."""
    plain = unicodedata.normalize("NFKD", text)
    bare = "".join(sign for sign in plain if unicodedata.category(sign)[0] != "M" and unicodedata.category(sign) != "Cf")
    return re.findall(r"[^\W_]+", bare.casefold())


def _word_at(said: Sequence[str], offset: int) -> int:
    passed = 0
    for n, word in enumerate(said):
        passed += len(word)
        if passed > offset:
            return n
    return 0
