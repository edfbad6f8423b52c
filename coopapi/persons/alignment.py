"""Alignment of two names: which words correspond, how similar they are, and which words are left over."""

from collections.abc import Sequence
from itertools import product
from typing import Final, NamedTuple

from rapidfuzz.distance import OSA, JaroWinkler

from coopapi.persons.profile import Word

LOST: Final = 0.75
"""Words with a lower similarity than this are different words."""

_INITIAL: Final = 0.8
_SPELT: Final = 0.97
_VARIANT: Final = 0.93
_SOUND: Final = (0.0, 0.78, 0.9, 0.94)
_SURE: Final = 2
_PART_OF_SPELLING: Final = 0.02
_MOST_EDITS: Final = 3


class WordPair(NamedTuple):
    """Two corresponding words: their similarity (0 to 1), its kind, the part of the name, their weight, and the rarity of both.

    `patronymic` tells whether both are patronymics, `turned` whether only one of them follows bin, ibn or ben, `given` whether both
    are known given names, `other_given` whether these are no forms of one name (Nikita and Nikon), and `edits` how many letters
    differ in words that are similar (at most three).
    """

    likeness: float
    how: str
    part: str
    weight: float
    rarity: float
    patronymic: bool
    turned: bool
    given: bool
    other_given: bool
    edits: int


class Alignment(NamedTuple):
    """The alignment of two names: each word of the shorter one with its partner, and the remaining words of the longer one."""

    pairs: tuple[WordPair, ...]
    left: tuple[Word, ...]
    scripts_differ: bool

    @property
    def mean(self) -> float:
        """Return the mean similarity of the words, weighted by how distinctive they are."""
        return sum([p.likeness * p.weight for p in self.pairs]) / sum([p.weight for p in self.pairs])


def best(ours: Sequence[Sequence[Word]], theirs: Sequence[Sequence[Word]]) -> Alignment:
    """Return the best alignment of any spellings of the two persons. Each remaining word lowers the score."""
    found = [align(one, other) for one, other in product(ours, theirs)]
    return found[0] if len(found) == 1 else max(found, key=_fit)


def _fit(found: Alignment) -> float:
    return sum((p.likeness - LOST) * p.weight for p in found.pairs) - _PART_OF_SPELLING * len(found.left)


def align(one: Sequence[Word], other: Sequence[Word]) -> Alignment:
    """Assign each word of the shorter name its best partner: first equal words, then the most similar pairs."""
    short, long = (one, other) if len(one) <= len(other) else (other, one)
    taken: dict[int, WordPair] = {}
    free = dict(enumerate(long))
    for i, a in enumerate(short):
        j = next((j for j, b in free.items() if a.latin == b.latin), None)
        if j is not None:
            taken[i] = _pair(a, free.pop(j), 1.0, "same")
    if len(taken) < len(short):
        _assign(short, free, taken)
    return Alignment(tuple(taken.values()), tuple(free.values()), short[0].script != long[0].script)


def _assign(short: Sequence[Word], free: dict[int, Word], taken: dict[int, WordPair]) -> None:
    """Move the best partner of each word that has none from `free` to `taken`."""
    tried = [(*likeness(a, b), i, j) for i, a in enumerate(short) if i not in taken for j, b in free.items()]
    if len(tried) > 1:
        tried.sort(key=_order)
    for like, how, i, j in tried:
        if i not in taken and j in free:
            taken[i] = _pair(short[i], free.pop(j), like, how)


def _pair(a: Word, b: Word, like: float, how: str) -> WordPair:
    given = bool(a.variants and b.variants)
    other_given = given and how != "same" and a.variants.isdisjoint(b.variants)
    edits = OSA.distance(a.latin, b.latin, score_cutoff=_MOST_EDITS - 1) if how in {"slip", "sound"} else 0
    part, rarity = _part(a, b, given=given), min(a.rarity, b.rarity)
    return WordPair(
        like, how, part, a.weight, rarity, a.patronymic and b.patronymic, a.father != b.father, given, other_given, edits
    )


def _order(found: tuple[float, str, int, int]) -> tuple[float, int, int]:
    return (-found[0], found[2], found[3])


def likeness(a: Word, b: Word) -> tuple[float, str]:
    """Return the similarity of two words (0 to 1) and its kind."""
    if a.latin == b.latin:
        return 1.0, "same"
    if len(a.latin) == 1 or len(b.latin) == 1:
        return (0.0, "lost") if a.initials.isdisjoint(b.initials) else (_INITIAL, "initial")
    one, other = a.fine, b.fine
    if one == other:
        return _SPELT, "spelt"
    met = 0
    for code in a.codes:
        if code in b.codes and len(code) > met:
            met = len(code)
    if met < len(_SOUND) - 1 and a.variants and b.variants and not a.variants.isdisjoint(b.variants):
        return _VARIANT, "variant"
    close = max(JaroWinkler.similarity(a.latin, b.latin), JaroWinkler.similarity(one, other) - 0.02)
    sounded = _SOUND[min(met, len(_SOUND) - 1)]
    if sounded >= close or met >= _SURE:
        return max(sounded, close), "sound"
    return close, "slip" if close >= LOST else "lost"


def _part(a: Word, b: Word, *, given: bool) -> str:
    """Return the part of the name that both words belong to: as either record says, or "given" if both are known given names."""
    if given and not a.part == b.part == "family":
        return "given"
    return (a.part or b.part) if a.part == b.part or not (a.part and b.part) else ""
