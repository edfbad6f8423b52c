"""Comparison of similar values: the values of both sides are decrypted in memory, compared, and not kept."""

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import Row

from coopapi.config import Settings
from coopapi.persons.record import read_person
from coopapi.persons.score import Levels, Verdict, fitted_levels, judge, judge_digests
from coopapi.store import vault
from coopapi.store.crypto import Keyring

PDQ_MATCH: Final = 31
"""The largest number of differing bits, of 256, with which two picture hashes are possibly of the same picture (PDQ, Meta 2019)."""
STRENGTHS: Final[Mapping[str, int]] = {"possible": 2, "strong": 3}
PERSON: Final = "person:"
_BITS: Final = 256
_log = logging.getLogger("coopapi.matching")


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


def compare(keys: Keyring, settings: Settings, pairs: Sequence[Row[Any]]) -> list[Likeness]:
    """Judge candidate pairs from `priv.candidates` and return those that are at least possible matches."""
    judged = zip(pairs, judge_all(keys, settings, pairs), strict=True)
    return [
        Likeness(row.a, row.b, row.version_a, row.version_b, v.score, STRENGTHS[v.level], v.rule) for row, v in judged if v.level
    ]


def judge_all(keys: Keyring, settings: Settings, pairs: Sequence[Row[Any]]) -> list[Verdict]:
    """Judge candidate pairs one by one. Each value is decrypted only once. One that cannot be decrypted is similar to nothing."""
    key = cache(lambda case_id, wrapped: vault.case_key(keys, case_id, wrapped))
    levels = levels_of(settings)

    @cache
    def content(identifier_id: UUID, case_id: UUID, owner: UUID, sealed: bytes, wrapped: bytes) -> Any:
        try:
            opened = vault.open_value(key(case_id, wrapped), sealed, owner, identifier_id)
        except vault.BrokenSeal:
            _log.error("a stored value cannot be decrypted", extra={"identifier": str(identifier_id)})
            return None
        return opened | {"profile": read_person(opened["person"])} if opened.get("person") else opened

    verdicts = []
    for row in pairs:
        one = content(row.a, row.case_a, row.owner_a, bytes(row.sealed_a), bytes(row.wrapped_a))
        other = content(row.b, row.case_b, row.owner_b, bytes(row.sealed_b), bytes(row.wrapped_b))
        verdicts.append(judge_contents(one, other, row.families, levels) if one and other else Verdict(0, None, ""))
    return verdicts


def levels_of(settings: Settings) -> Levels:
    """Return the thresholds: those of this deployment's settings, or otherwise those that were fitted."""
    fitted = fitted_levels()
    return Levels(settings.person_strong or fitted.strong, settings.person_possible or fitted.possible)


def judge_contents(one: Mapping[str, Any], other: Mapping[str, Any], families: Sequence[str], levels: Levels) -> Verdict:
    """Judge two contents that share match keys of these families: persons in clear, persons as digests, or picture hashes."""
    if "profile" in one and "profile" in other:
        return judge(one["profile"], other["profile"], levels)
    if one.get("families") and other.get("families"):
        shared = Counter(family.removeprefix(PERSON) for family in families)
        return judge_digests(shared, Counter(one["families"]), Counter(other["families"]))
    return judge_pictures(one["normalised"], other["normalised"])


def judge_pictures(one: str, other: str) -> Verdict:
    """Judge two PDQ hashes by the number of differing bits: possible up to `PDQ_MATCH`, and never strong."""
    distance = (int(one, 16) ^ int(other, 16)).bit_count()
    return Verdict(1 - distance / _BITS, "possible" if distance <= PDQ_MATCH else None, "near_picture")
