"""Find the same person in files of the evaluation format, with the normalising, keying, candidate and scoring code of the product.

    python -m bench.matching PERSONS.csv.gz --out pairs.csv [--truth TRUTH.csv.gz] [--digests] [--floor 0.01]
    python -m bench.matching IDENTIFIERS.csv.gz --out pairs.csv --identifiers [--truth TRUTH.csv.gz]

Writes the columns id1,id2,score. With --truth it prints precision and recall, and those of other libraries if the extra `[bench]`
is installed.
"""

import argparse
import csv
import itertools
import resource
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.persons import Pair, Person, candidates, held, persons, quality, rows, true_pairs
from coopapi.identifiers.kinds import Context, ImpossibleValue, MatchKey, Strength
from coopapi.identifiers.kinds import read as read_value
from coopapi.persons.score import judge, judge_digests
from coopapi.store.crypto import Keyring

# The kinds in the identifier files of the evaluation, and the corresponding kinds of the product.
KINDS = {"wallet": ("eth_address", "btc_address"), "hash": ("sha256", "sha1", "md5"), "plate": ("vehicle_plate",)}
SCORES = {Strength.STRONG: 1.0, Strength.POSSIBLE: 0.8, Strength.WEAK: 0.2}
CONTEXT = {"username": "platform"}


def keyed(people: Sequence[Person]) -> int:
    """Digest every match text as registration does and return the number of digests."""
    keys = Keyring(b"\0" * 32, b"\1" * 32)
    groups = [(f"person:{family}", texts) for person in people for family, texts, _ in person.texts]
    return len([keys.token(family, text) for family, texts in groups for text in texts])


def match_persons(path: Path, *, digests: bool) -> dict[Pair, float]:
    """Return the score of every candidate pair in a file of persons, and print the speed."""
    records = rows(path)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.process_time()
    people = persons(records)
    count = keyed(people)
    key_time = time.process_time() - start
    found = candidates(people)
    start = time.process_time()
    scored = _by_digests(people, found) if digests else _by_names(people, found)
    score_time = time.process_time() - start
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(f"{len(people)} persons, {count / len(people):.1f} digests each, {len(people) / key_time:,.0f} persons keyed a second")
    print(
        f"{2 * len(found) / len(people):.2f} candidates each, {len(found) / score_time:,.0f} pairs scored a second, {grown:.0f} MB"
    )
    return scored


def _by_names(people: Sequence[Person], found: Mapping[Pair, object]) -> dict[Pair, float]:
    profiles = {person.id: person.profile for person in people}
    return {(a, b): judge(profiles[a], profiles[b]).score for a, b in found}


def _by_digests(people: Sequence[Person], found: Mapping[Pair, Mapping[str, int]]) -> dict[Pair, float]:
    counted = {person.id: held(person) for person in people}
    return {(a, b): judge_digests(shared, counted[a], counted[b]).score for (a, b), shared in found.items()}


def match_identifiers(path: Path) -> dict[Pair, float]:
    """Return the pairs of identifiers that share a key, as the database finds them.

    The score is the lower strength of the two keys.
    """
    holders: dict[tuple[str, str], list[tuple[str, float]]] = defaultdict(list)
    for row in rows(path):
        keys = _keys(row)
        for key in keys:
            holders[key.family, key.text].append((row["record_id"], _strength(key, keys[0])))
    found: dict[Pair, float] = {}
    for holding in holders.values():
        for (one, strong), (other, weak) in itertools.combinations(holding, 2):
            pair = (min(one, other), max(one, other))
            found[pair] = max(found.get(pair, 0.0), min(strong, weak))
    return found


def _strength(key: MatchKey, first: MatchKey) -> float:
    """Return the score of a key. The key of the value itself scores at least 0.5, even if it is weak evidence."""
    return max(SCORES[key.strength], 0.5 if key == first else 0.0)


def _keys(row: Mapping[str, str]) -> tuple[MatchKey, ...]:
    name = CONTEXT.get(row["type"], "country")
    context = Context(**({name: row["context"]} if row["context"] else {}))
    for kind in KINDS.get(row["type"], (row["type"],)):
        try:
            return read_value(kind, row["value"], context).keys
        except ImpossibleValue:
            continue
    return ()


def report(name: str, scored: Mapping[Pair, float], true: set[Pair], seconds: float) -> None:
    """Print one line of the table."""
    found = quality(scored, true)
    print(f"{name:42s} F1 {found.f1:.4f} at {found.at:.3f}   R@P.99 {found.recall:.4f} at {found.strong_at:.3f}   {seconds:7.1f} s")


def beside(path: Path, candidate_pairs: Sequence[Pair], true: set[Pair]) -> None:
    """Run the other libraries that are installed on the same records."""
    from bench.baselines import BASELINES  # noqa: PLC0415 (an extra)

    records = rows(path)
    for name, run in BASELINES.items():
        start = time.process_time()
        try:
            scored = {(min(a, b), max(a, b)): score for a, b, score in run(records, candidate_pairs)}
        except ModuleNotFoundError as missing:
            print(f"{name:42s} needs {missing.name}: pip install '.[bench]'")
            continue
        report(name, scored, true, time.process_time() - start)


def main() -> None:
    """Match the file, write the pairs and compare them with the truth."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--truth", type=Path)
    parser.add_argument("--identifiers", action="store_true")
    parser.add_argument("--digests", action="store_true", help="score by digests alone")
    parser.add_argument("--floor", type=float, default=0.0, help="leave out pairs that score less")
    wanted = parser.parse_args()
    start = time.process_time()
    scored = match_identifiers(wanted.file) if wanted.identifiers else match_persons(wanted.file, digests=wanted.digests)
    seconds = time.process_time() - start
    with wanted.out.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id1", "id2", "score"])
        writer.writerows((a, b, score) for (a, b), score in scored.items() if score >= wanted.floor)
    if wanted.truth:
        true = true_pairs(wanted.truth)
        report("coopapi", scored, true, seconds)
        if not wanted.identifiers:
            beside(wanted.file, list(scored), true)


if __name__ == "__main__":
    main()
