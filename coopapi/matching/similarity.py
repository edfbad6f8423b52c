"""Comparison of similar values: the values of both sides are decrypted in memory, compared, and not kept."""

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any, Final, NamedTuple
from uuid import UUID

from coopapi.config import Settings
from coopapi.persons.record import read_person
from coopapi.persons.score import Levels, Verdict, fitted_levels, judge, judge_digests, ruled_out_by_dates
from coopapi.store import vault
from coopapi.store.crypto import Keyring

PDQ_MATCH: Final = 31
"""The largest number of differing bits, of 256, with which two picture hashes are possibly of the same picture (PDQ, Meta 2019)."""
STRENGTHS: Final[Mapping[str, int]] = {"possible": 2, "strong": 3}
PERSON: Final = "person:"
_BITS: Final = 256
_log = logging.getLogger("coopapi.matching")
Pair = tuple[UUID, UUID]
Values = Mapping[UUID, Any]
Shared = Callable[[Sequence[Pair]], Iterable[Sequence[str] | None]]


class Likeness(NamedTuple):
    """Two similar identifiers in the versions that were compared, with what the comparison found.

    `score` is the similarity from 0 to 1, `strength` that of the evidence, and `rule` names the rule that found it.
    """

    a: UUID
    b: UUID
    version_a: int
    version_b: int
    score: float
    strength: int
    rule: str


def compare(keys: Keyring, settings: Settings, pairs: Sequence[Pair], values: Values, shared: Shared) -> list[Likeness]:
    """Judge candidate pairs and return those that are at least possible matches. `values` and `shared` are as in `judge_all`."""
    judged = zip(pairs, judge_all(keys, settings, pairs, values, shared), strict=True)
    return [
        Likeness(a, b, values[a].version, values[b].version, v.score, STRENGTHS[v.level], v.rule) for (a, b), v in judged if v.level
    ]


def judge_all(keys: Keyring, settings: Settings, pairs: Sequence[Pair], values: Values, shared: Shared) -> list[Verdict]:
    """Judge candidate pairs one by one. A value that cannot be decrypted is similar to nothing.

    `values` are the sealed values, as `priv.values_to_compare` returns them. `shared` returns the families of the match keys that
    each of some pairs shares; it is asked once, and only for digests.
    """
    key = cache(lambda case_id, wrapped: vault.case_key(keys, case_id, wrapped))
    contents = {value_id: _opened(value, key) for value_id, value in values.items()}
    digests = [(a, b) for a, b in pairs if _by_families(contents[a] or {}, contents[b] or {})]
    families = dict(zip(digests, shared(digests), strict=True)) if digests else {}
    levels, verdicts = levels_of(settings), []
    for pair in pairs:
        one, other = (contents[value_id] for value_id in pair)
        judged = one and other and _judged(one, other, families.get(pair) or (), levels)
        verdicts.append(judged or Verdict(0, None, ""))
    return verdicts


def _judged(one: dict[str, Any], other: dict[str, Any], families: Sequence[str], levels: Levels) -> Verdict | None:
    """Judge two opened contents, or return None if a look at the dates shows that they are no match.

    The ids of identifiers grow, so the second is mostly one that was added last and is compared with many. The first is not read
    for nothing.
    """
    if one.get("person") and other.get("person") and ruled_out_by_dates(with_profile(other)["profile"], one["person"], levels):
        return None
    return judge_contents(with_profile(one), with_profile(other), families, levels)


def with_profile(content: dict[str, Any]) -> dict[str, Any]:
    """Add to an opened content what is compared of a person in clear, unless that was done. Changes the content and returns it."""
    if content.get("person") and "profile" not in content:
        content["profile"] = read_person(content["person"])
    return content


def _opened(value: Any, key: Callable[[UUID, bytes], Any]) -> dict[str, Any] | None:
    try:
        return vault.open_value(key(value.case_id, bytes(value.wrapped)), bytes(value.sealed), value.owner, value.id)
    except vault.BrokenSeal:
        _log.error("a stored value cannot be decrypted", extra={"identifier": str(value.id)})
        return None


def levels_of(settings: Settings) -> Levels:
    """Return the thresholds: those of this deployment's settings, or otherwise those that were fitted."""
    fitted = fitted_levels()
    return Levels(settings.person_strong or fitted.strong, settings.person_possible or fitted.possible)


def judge_contents(one: Mapping[str, Any], other: Mapping[str, Any], families: Sequence[str], levels: Levels) -> Verdict:
    """Judge two contents that share match keys of these families: persons in clear, persons as digests, or picture hashes."""
    if "profile" in one and "profile" in other:
        return judge(one["profile"], other["profile"], levels)
    if _by_families(one, other):
        shared = Counter(family.removeprefix(PERSON) for family in families)
        return judge_digests(shared, Counter(one["families"]), Counter(other["families"]))
    return judge_pictures(one["normalised"], other["normalised"])


def _by_families(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Tell whether two contents are judged by the families of their match keys: two persons of which one was sent as digests."""
    return not (_in_clear(one) and _in_clear(other)) and bool(one.get("families") and other.get("families"))


def _in_clear(content: Mapping[str, Any]) -> bool:
    return bool("profile" in content or content.get("person"))


def judge_pictures(one: str, other: str) -> Verdict:
    """Judge two PDQ hashes by the number of differing bits: possible up to `PDQ_MATCH`, and never strong."""
    distance = (int(one, 16) ^ int(other, 16)).bit_count()
    return Verdict(1 - distance / _BITS, "possible" if distance <= PDQ_MATCH else None, "near_picture")
