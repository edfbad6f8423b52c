"""What must not stand in a public statement: presumptions of guilt, references, pseudonyms, names (D24, Dir. 2016/343 Art. 4)."""

import json
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from itertools import groupby
from typing import Any, Final, NamedTuple

_SURE: Final = 6
"""From this length on, a reference is found however it is broken up."""
_NAME: Final = 3
_PARTICLES: Final = frozenset({"and", "das", "del", "den", "der", "dos", "las", "les", "los", "the", "van", "von"})
_WHY: Final = {
    "presumption_of_innocence": "presents somebody as guilty before a final decision (Directive (EU) 2016/343 Art. 4)",
    "case_reference": "is the reference of a case or of the team",
    "pseudonym": "is the pseudonym of a person of a case",
    "member_name": "is the name of a member of the team",
    "script": "only letters of the Latin script, and nothing invisible",
}


class Term(NamedTuple):
    """Something that must not be said, and the rule that forbids it."""

    rule: str
    text: str


@cache
def presumptions() -> tuple[Term, ...]:
    """The words that present somebody as guilty, in the four languages."""
    data = json.loads((files("coopapi.jits") / "data" / "presumptions.json").read_text("utf-8"))
    return tuple(Term("presumption_of_innocence", word) for words in data["words"].values() for word in words)


def faults(texts: Mapping[str, str], terms: Sequence[Term]) -> list[dict[str, Any]]:
    """Find what must not be said, and name the place: the text, the word, the rule."""
    found = []
    for pointer, text in texts.items():
        hits = dict.fromkeys([*_letters(text), *_said(text, [*presumptions(), *terms])])
        found += [
            {"in": "body", "pointer": pointer, "rule": rule, "word": place, "detail": f"word {place} {_WHY[rule]}"}
            for place, rule in sorted(hits)
        ]
    return found


def _letters(text: str) -> Iterator[tuple[int, str]]:
    """Letters of other scripts may look like ours, and invisible signs break a word: neither is taken."""
    for n, word in enumerate(text.split(), 1):
        if any(_foreign(sign) for sign in word):
            yield n, "script"


def _foreign(sign: str) -> bool:
    kind = unicodedata.category(sign)
    ours = unicodedata.name(sign, "").startswith(("LATIN", "FEMININE", "MASCULINE"))
    return kind in {"Cf", "Cc", "Co", "Cn"} or (kind[0] == "L" and not ours)


def _said(text: str, terms: Sequence[Term]) -> Iterator[tuple[int, str]]:
    said = words(text)
    joined = _joined(said)
    run = "".join(said)
    for term in terms:
        sought = words(term.text)
        if not sought:
            continue
        places = [n for n in range(len(said)) if said[n : n + len(sought)] == sought]
        if term.rule == "member_name":
            surnames = {word for word in sought if len(word) >= _NAME and word not in _PARTICLES}
            places += [n for n, word in enumerate(said) if word in surnames]
        squeezed = "".join(sought)
        places += [n for n, word in joined if word == squeezed]
        if not places and term.rule != "presumption_of_innocence" and len(squeezed) >= _SURE and squeezed in run:
            places = [_word_at(said, run.index(squeezed))]
        yield from ((n + 1, term.rule) for n in places)


def words(text: str) -> list[str]:
    """The words of a text without case, accents and signs."""
    plain = unicodedata.normalize("NFKD", text)
    bare = "".join(sign for sign in plain if unicodedata.category(sign)[0] != "M" and unicodedata.category(sign) != "Cf")
    return re.findall(r"[^\W_]+", bare.casefold())


def _joined(said: Sequence[str]) -> list[tuple[int, str]]:
    """Words that are spaced out letter by letter, put together."""
    found = []
    for single, run in groupby(enumerate(said), key=lambda item: len(item[1]) == 1):
        letters = list(run)
        if single and len(letters) > 1:
            found.append((letters[0][0], "".join(letter for _, letter in letters)))
    return found


def _word_at(said: Sequence[str], offset: int) -> int:
    passed = 0
    for n, word in enumerate(said):
        passed += len(word)
        if passed > offset:
            return n
    return 0
