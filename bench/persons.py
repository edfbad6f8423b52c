"""Read persons from files in the evaluation format and compare them with the product's own code."""

import csv
import gzip
import io
import itertools
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from coopapi.config import SETTINGS
from coopapi.persons.families import MatchTexts, texts
from coopapi.persons.profile import Name, Profile, profile

Pair = tuple[str, str]
CROWD = int(next(setting.default for setting in SETTINGS if setting.name == "crowd") or 0)
STRICT = 0.99
FEWER = {
    **dict.fromkeys(("initial+date", "part+year", "word+year"), CROWD // 20),
    **dict.fromkeys(("letters", "beginning", "form"), CROWD // 10),
    **dict.fromkeys(("letters+year", "part+day"), CROWD // 5),
}
"""How many persons may hold a text of a family that fewer may hold than others (`priv.key_limit`)."""
PLACES = ("place", "suburb", "postcode", "street")


class Person(NamedTuple):
    """One record: its id, its profile, and the texts that it is found by."""

    id: str
    profile: Profile
    texts: tuple[MatchTexts, ...]


def rows(path: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV file, which may be compressed with gzip."""
    data = path.read_bytes()
    text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode()
    return list(csv.DictReader(io.StringIO(text, newline="")))


def read(row: Mapping[str, str]) -> Profile:
    """Return the profile of a row, built as the API builds that of a person."""
    names = [Name(row["full_name"], row.get("given_name", ""), row.get("family_name", ""))]
    names += [Name(alias.strip()) for alias in row.get("aliases", "").split(";") if alias.strip()]
    births = [row["dob"]] if row.get("dob") else []
    nationalities = [row["nationality"]] if row.get("nationality") else []
    return profile(names, births, row.get("gender", ""), nationalities, [row[p] for p in PLACES if row.get(p)])


def persons(records: Iterable[Mapping[str, str]]) -> list[Person]:
    """Return all records that have a name."""
    read_ones = ((row["record_id"], _read_or_stop(row)) for row in records)
    return [Person(id_, found, tuple(texts(found))) for id_, found in read_ones if found.spellings]


def _read_or_stop(row: Mapping[str, str]) -> Profile:
    try:
        return read(row)
    except ValueError as unreadable:
        raise SystemExit(f"record {row['record_id']}: the date of birth {unreadable} is not YYYY, YYYY-MM or YYYY-MM-DD") from None


def candidates(people: Sequence[Person]) -> dict[Pair, dict[str, int]]:
    """Return the pairs that share a text, as the database finds pairs that share its digest, with the number for each family."""
    holders: dict[tuple[str, str], list[tuple[str, bool]]] = defaultdict(list)
    for person in people:
        for family, found_by, passive in person.texts:
            for text in found_by:
                holders[family, text].append((person.id, passive))
    found: dict[Pair, dict[str, int]] = {}
    for (family, _), holding in holders.items():
        for one, other in _asking(holding, FEWER.get(family, CROWD)):
            shared = found.setdefault((one, other) if one < other else (other, one), {})
            shared[family] = shared.get(family, 0) + 1
    return {pair: shared for pair, shared in found.items() if shared != {"letters+year": 1}}  # the template WORTH_COMPARING


def _asking(holding: Sequence[tuple[str, bool]], crowd: int) -> Iterator[Pair]:
    if 1 < len(holding) <= crowd:
        yield from ((x, y) for (x, passive), (y, also) in itertools.combinations(holding, 2) if not (passive and also))


def held(person: Person) -> Counter[str]:
    """Return how many texts of each family a person has."""
    return sum((Counter({group.family: len(group.texts)}) for group in person.texts), Counter())


def true_pairs(path: Path) -> set[Pair]:
    """Return the pairs of records that belong to the same person."""
    entities: dict[str, list[str]] = defaultdict(list)
    for row in rows(path):
        entities[row["entity_id"]].append(row["record_id"])
    return {pair for ids in entities.values() for pair in itertools.combinations(sorted(ids), 2)}


class Quality(NamedTuple):
    """The quality of scored pairs: best F1 and its threshold, recall at precision 0.99 and its threshold."""

    f1: float
    at: float
    recall: float
    strong_at: float


def quality(scored: Mapping[Pair, float], true: set[Pair], strictly: float = STRICT) -> Quality:
    """Compute the quality over all thresholds, as the evaluation defines it. `strictly` is the precision for the recall."""
    best, strict = (0.0, 1.0), (0.0, 1.0)
    hits = seen = 0
    ordered = sorted(scored.items(), key=lambda item: -item[1])
    for score, group in itertools.groupby(ordered, key=lambda item: item[1]):
        members = [pair in true for pair, _ in group]
        hits, seen = hits + sum(members), seen + len(members)
        precision, recall = hits / seen, hits / len(true)
        best = max(best, (2 * hits / (seen + len(true)), score))
        strict = max(strict, (recall, score)) if precision >= strictly else strict
    return Quality(*best, *strict)
