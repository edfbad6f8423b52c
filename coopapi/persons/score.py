"""The probability that two records are the same person: a logistic model with readable features and weights fitted once."""

import math
from collections.abc import Collection, Mapping
from functools import cache
from operator import mul
from typing import Any, Final, NamedTuple

from coopapi.persons.alignment import LOST, Alignment, best
from coopapi.persons.births import read_birth, relation
from coopapi.persons.data import load
from coopapi.persons.families import DATED
from coopapi.persons.profile import Profile

FEATURES: Final = (
    "gap", "gap_squared", "weakest", "weakest_doubtful", "weakest_lost", "next_weakest", "said", "said_little", "left",
    "left_some", "left_patronymic", "same", "spelt", "sound", "slip", "variant", "initial", "one_word", "short", "lost",
    "lost_given", "lost_family", "lost_family_woman", "family_meets", "given_meets", "gender_same", "gender_other",
    "nationality_same", "nationality_other", "other_given", "edits",
)  # fmt: skip

# There is one set of weights for each group of relations between the dates of birth.
DATES: Final[Mapping[str, str]] = {
    "same_date": "whole", "same_first_of_january": "whole",
    "same_month": "partial", "same_year": "partial", "day_month_swapped": "near", "digit_of_day": "near",
    "digit_of_month": "near", "digit_of_year": "near", "year_beside": "near", "first_of_january": "near",
    "same_day_other_year": "far", "month_as_day": "partial",
    "year_and_month": "far", "year_only": "far", "decade_beside": "partial", "different": "far",
    "unknown": "unknown",
}  # fmt: skip
TELLING: Final = frozenset({"same_date", "same_month", "day_month_swapped", "digit_of_month", "digit_of_year", "year_beside"})
"""Relations of dates with which a match may be strong. A year alone, 1 January and a close day tell too little."""
_UNDATED_DIGESTS: Final = 0.78
_NATIONALITIES: Final = ("nationality_same", "nationality_other")
_MOST_SAID_LITTLE: Final = 1.2
"""The feature `said_little` is `said` up to this value."""
_LARGEST: Final = {"said_little": _MOST_SAID_LITTLE, **dict.fromkeys(("said", "left", "lost", "other_given", "edits"), math.inf)}
"""The largest values that features can have, where that is not 1. None is negative."""
_ROUNDED: Final = 1e-6
"""Scores are rounded to this, so a probability that is less than this below a level may still reach it."""
_DOUBTFUL: Final = 0.88
_MEETS: Final = 0.9
_REVIEWED: Final = frozenset({"unknown", "decade_beside"})
"""Relations of dates with which people review names that are written differently, whatever the score is."""


# Features of a family of digests: shared once, twice, more often; held by both but not shared; not held by both.
SHARED: Final = ("once", "twice", "often", "apart", "absent")
# What the shared digests say about the dates of birth. There is one set of weights of the parts that are shared for each.
DIGEST_DATES: Final[Mapping[str, tuple[str, ...]]] = {
    "whole": ("word+date",), "swapped": ("word+swap",), "year": ("part+year", "word+year"), "day": ("part+day",),
    "unknown": (), "different": (),
}  # fmt: skip


class Comparison(NamedTuple):
    """The comparison of two persons: how their dates relate, the alignment of their names, and the features of both.

    `rare` is how rare the shared words are, and `places` the number of shared places (None if unknown).
    """

    dates: str
    names: Alignment
    features: tuple[float, ...]
    rare: float
    places: int | None


class Levels(NamedTuple):
    """The scores from which a match is strong or possible."""

    strong: float
    possible: float


class Verdict(NamedTuple):
    """The result of a comparison: the probability that the persons are the same (0 to 1), the level, and the rule."""

    score: float
    level: str | None
    rule: str


def compare(one: Profile, other: Profile) -> Comparison:
    """Compare two persons. Both must have a name."""
    names = best(one.spellings, other.spellings)
    places = len(one.places & other.places) if one.places and other.places else None
    dates = relation(one.births, other.births)
    return Comparison(dates, names, _features(one, other, names), _rare(dates, names), places)


def judge(one: Profile, other: Profile, levels: Levels | None = None) -> Verdict:
    """Score two persons by their names, dates and other data. Without `levels`, the fitted levels are used."""
    found = compare(one, other)
    weights = _weights()
    group = weights["names"][DATES[found.dates]]
    log_odds = weights["dates"][found.dates] + sum(map(mul, group, found.features))
    score = _probability(log_odds + weights["rare"] * found.rare + _places(found.places))
    rule = f"{_rule(found.names)} {found.dates}{' possible_kin' if _kin(found.names) else ''}"
    level = _level(score, levels or fitted_levels(), sure=telling(found))
    return Verdict(score, level or ("possible" if _unlike_only_in_writing(one, other, found) else None), rule)


def ruled_out_by_dates(one: Profile, other: Mapping[str, Any], levels: Levels) -> bool:
    """Tell whether two persons cannot match, whatever their names are, because their dates of birth tell too much against it.

    Most pairs that share a match key are like this. It takes a fraction of the time of `judge`. The names of `other` are not read.
    """
    dates = relation(one.births, [read_birth(birth) for birth in other.get("birth_dates", ())])
    most = _most(dates)
    if most == math.inf or dates in _REVIEWED:
        return False
    names = _weights()["names"][DATES[dates]]
    nationalities = _of_nationalities(one.nationalities, other.get("nationalities", ()))
    most += sum(names[FEATURES.index(name)] * told for name, told in zip(_NATIONALITIES, nationalities, strict=True))
    most += max(0.0, _weights()["rare"]) * max(map(len, one.spellings))
    most += max(0.0, *_weights()["places"]) if one.places and other.get("places") else 0.0
    return _probability(most) < levels.possible - _ROUNDED


def judge_digests(shared: Mapping[str, int], ours: Mapping[str, int], theirs: Mapping[str, int]) -> Verdict:
    """Score two persons by their digests only.

    `shared`, `ours` and `theirs` are the numbers of texts in each family: those that both persons have, and those of each person.
    """
    weights = _weights()["digests"]
    dates = digest_dates(shared, ours, theirs)
    log_odds = weights["dates"][dates]
    for family, each in weights["families"].items():
        said = sharing(family, shared, ours, theirs)
        log_odds += sum(w * f for w, f in zip((*each, *weights["parts"][dates][family]), said, strict=True))
    score = _probability(log_odds)
    levels = Levels(**weights["levels"])
    if dates == "unknown":
        levels = Levels(levels.strong, max(levels.possible, _UNDATED_DIGESTS))
    return Verdict(score, _level(score, levels, sure=dates in {"whole", "swapped"}), "shared_digests")


def digest_dates(shared: Mapping[str, int], ours: Mapping[str, int], theirs: Mapping[str, int]) -> str:
    """Return what the digests say about the dates of birth of two persons: a key of `DIGEST_DATES`."""
    told = next((dates for dates, families in DIGEST_DATES.items() if any(shared.get(f) for f in families)), "")
    return told or ("different" if DATED & ours.keys() and DATED & theirs.keys() else "unknown")


def sharing(family: str, shared: Mapping[str, int], ours: Mapping[str, int], theirs: Mapping[str, int]) -> tuple[float, ...]:
    """Return the features of a family of digests in the order of `SHARED`, and the part of the texts of each person that is shared.

    The larger part comes first.
    """
    count, one, other = shared.get(family, 0), ours.get(family, 0), theirs.get(family, 0)
    held = bool(one and other)
    parts = (min(1.0, count / min(one, other)), min(1.0, count / max(one, other))) if held else (0.0, 0.0)
    return (count >= 1, count >= 2, count > 2, held and not count, not held, *parts)  # noqa: PLR2004 (once, twice, more often)


def fitted_levels() -> Levels:
    """Return the fitted scores from which a match is strong or possible."""
    return Levels(**_weights()["levels"])


def telling(found: Comparison) -> bool:
    """Tell whether a match may be strong: the dates tell people apart, no reading is guessed, and nothing hints at a relative."""
    pairs = found.names.pairs
    other_surname = any(p.patronymic for p in pairs) and any(p.likeness < _DOUBTFUL and not p.patronymic for p in pairs)
    return found.dates in TELLING and not found.names.guessed and not other_surname and not _turned(found.names)


def _unlike_only_in_writing(one: Profile, other: Profile, found: Comparison) -> bool:
    """Tell whether two whole names are one name, without dates and in two scripts, or with years that differ by one.

    People have to review these, although most pairs in the development set that are like this have a low score.
    """
    hows = {p.how for p in found.names.pairs}
    if found.dates not in _REVIEWED:
        return False
    if found.names.left or len(found.names.pairs) == 1 or {one.gender, other.gender} == {"F", "M"}:
        return False
    if found.dates == "unknown":
        return found.names.scripts_differ and hows <= {"same", "spelt", "sound"}
    return hows <= {"same", "spelt"}


def _turned(names: Alignment) -> bool:
    """Tell whether father and child changed places: Hasan bin Ahmad, Ahmad bin Hasan."""
    return sum([p.turned for p in names.pairs]) > 1


def _kin(names: Alignment) -> bool:
    """Tell whether two persons may be relatives: one word differs and the others meet, or father and child changed places."""
    if names.left:
        return _turned(names)
    lost = sum([p.likeness < LOST for p in names.pairs])
    met = sum([p.likeness > _MEETS for p in names.pairs])
    return (lost == 1 and met >= 1 and met + lost == len(names.pairs)) or _turned(names)


def _level(score: float, levels: Levels, *, sure: bool) -> str | None:
    """Return the level of a score. "strong" may be reported without review, "possible" needs review."""
    if score >= levels.strong and sure:
        return "strong"
    return "possible" if score >= levels.possible else None


def _probability(log_odds: float) -> float:
    return round(1 / (1 + math.exp(-max(-30.0, min(30.0, log_odds)))), 6)


def _places(shared: int | None) -> float:
    weights: list[float] = _weights()["places"]
    return 0.0 if shared is None else weights[min(shared, len(weights) - 1)]


_WORST_FIRST: Final = ("lost", "initial", "slip", "variant", "sound", "spelt", "same")


def _rule(names: Alignment) -> str:
    """Return the rule of a match, named after the least similar pair of words."""
    worst = min([p.how for p in names.pairs], key=_WORST_FIRST.index)
    if names.scripts_differ and worst in {"sound", "spelt", "same"}:
        return "same_sound_other_script"
    return "part_of_name" if worst == "same" and names.left else f"{worst}_name"


@cache
def _most(dates: str) -> float:
    """Return the most log odds that dates of this relation can have with any names, without nationality, rarity and places."""
    weights = dict(zip(FEATURES, _weights()["names"][DATES[dates]], strict=True))
    gains = [weight * _LARGEST.get(name, 1) for name, weight in weights.items() if weight > 0 and name not in _NATIONALITIES]
    return float(_weights()["dates"][dates] + sum(gains))


@cache
def _weights() -> dict[str, Any]:
    """Return the fitted weights, each set in the order of `FEATURES`."""
    data: dict[str, Any] = load("weights")
    named = data["names"]
    return {**data, "names": {group: [named[group].get(f, 0.0) for f in FEATURES] for group in named}}


def _features(one: Profile, other: Profile, names: Alignment) -> tuple[float, ...]:
    """Return the features in the order of `FEATURES`."""
    return (*_of_words(names), *_of_parts(names, woman="F" in (one.gender, other.gender)), *_of_persons(one, other),
            sum([p.other_given for p in names.pairs]), sum([p.edits for p in names.pairs]))  # fmt: skip


def _of_words(names: Alignment) -> tuple[float, ...]:
    """Return how similar the words are, and what is left over."""
    pairs = names.pairs
    likes = sorted([p.likeness for p in pairs])
    gap, count = 1 - names.mean, len(pairs)
    said = sum([p.weight * (p.likeness - 0.7) for p in pairs if p.likeness > 0.7]) / 0.3  # noqa: PLR2004 (a random likeness)
    left = sum([w.weight for w in names.left if not w.patronymic])
    hows = [p.how for p in pairs]
    return (
        gap, gap * gap, 1 - likes[0], likes[0] < _DOUBTFUL, likes[0] < LOST, 1 - likes[1] if count > 1 else 0.0,
        said, min(said, _MOST_SAID_LITTLE), left, left > 0, sum([w.patronymic for w in names.left]) > 0,
        hows.count("same") / count, hows.count("spelt") / count, hows.count("sound") / count, hows.count("slip") / count,
        hows.count("variant") / count, hows.count("initial") / count, count == 1, sum([p.weight for p in pairs]) < 1,
    )  # fmt: skip


def _of_parts(names: Alignment, *, woman: bool) -> tuple[float, ...]:
    """Return which parts of the name differ. Beside a given name, the other one of two words is the family name."""
    lost = [p for p in names.pairs if p.likeness < LOST]
    met = [p for p in names.pairs if p.likeness > _MEETS]
    met_parts = {p.part for p in met}
    beside = "family" if len(names.pairs) == 2 and any(p.given for p in met) else ""  # noqa: PLR2004 (given and family name)
    lost_parts = {p.part or beside for p in lost}
    family = "family" in lost_parts
    return (
        sum([p.weight for p in lost]), "given" in lost_parts, family, woman and family, "family" in met_parts, "given" in met_parts,
    )  # fmt: skip


def _of_persons(one: Profile, other: Profile) -> tuple[float, ...]:
    """Return what gender and nationality say."""
    genders = one.gender == other.gender if one.gender and other.gender else None
    return (genders is True, genders is False, *_of_nationalities(one.nationalities, other.nationalities))


def _of_nationalities(one: frozenset[str], other: Collection[str]) -> tuple[bool, bool]:
    same = not one.isdisjoint(other)
    return (same, bool(one and other) and not same)


def _rare(dates: str, names: Alignment) -> float:
    """Return how rare the words are that both names share. It counts where no whole date of birth tells people apart."""
    return 0.0 if DATES[dates] in {"whole", "near"} else sum([p.rarity for p in names.pairs if p.likeness >= _DOUBTFUL])
