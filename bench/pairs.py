"""Read pairs of identifiers with the readers of the product, and compare how strongly they meet with what each pair must give.

    python -m bench.pairs PAIRS.csv

The columns are kind,value1,context1,value2,context2,want,class,standing,note. `kind` may be `a>b`: entered as kind a and as kind b.
A context is `key=value;...`. `want` is `>=LEVEL` or `<=LEVEL`; for `<=` a refusal is as good. Prints recall (of the `>=` pairs) and
precision (of those that met and of `<=` pairs that met too strongly) by kind, and every pair that fails. Ends with status 1 if an
undisputed `<=` pair met too strongly.
"""

import argparse
import csv
import sys
from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from coopapi.identifiers.kinds import Context, ImpossibleValue, Reading, Strength, read
from coopapi.matching.similarity import STRENGTHS, judge_pictures

LEVELS = {"none": 0, **{strength.name.lower(): int(strength) for strength in Strength if strength > 0}}
NAMES = {level: name for name, level in LEVELS.items()}


class Result(NamedTuple):
    """What became of one pair: its row, the level at which it met, the rules that refused a side, and whether that was wanted."""

    row: Mapping[str, str]
    level: int
    refused: tuple[str, ...]
    right: bool

    @property
    def equal(self) -> bool:
        """Whether the pair must be found."""
        return self.row["want"].startswith(">=")


def context_of(text: str) -> Context:
    """Parse `key=value;...` into the context of an identifier."""
    found = dict(part.split("=", 1) for part in text.split(";") if part)
    numbers = {name: int(found[name]) for name in ("port", "quality") if name in found}
    times = {name: datetime.fromisoformat(found[name]) for name in ("observed_at",) if name in found}
    return Context(**{**found, **numbers, **times})


def met(one: Reading, other: Reading) -> int:
    """Return how strongly two readings meet, as the register finds it."""
    mine, theirs = ({(key.family, key.text): int(key.strength) for key in reading.keys} for reading in (one, other))
    shared = {key: min(mine[key], theirs[key]) for key in mine.keys() & theirs.keys()}
    near = judge_pictures(one.normalised, other.normalised) if any(family == "pdq_band" for family, _ in shared) else None
    return max([0, *shared.values(), STRENGTHS[near.level] if near and near.level else 0])


def result_of(row: Mapping[str, str]) -> Result:
    """Read both sides of a row and compare."""
    kinds = (row["kind"].split(">") * 2)[:2]
    readings, refused = [], []
    for kind, number in zip(kinds, "12", strict=True):
        try:
            readings.append(read(kind, row[f"value{number}"], context_of(row[f"context{number}"])))
        except ImpossibleValue as fault:
            refused.append(f"{number}:{fault.rule}")
    level = met(*readings) if not refused else 0
    wanted = LEVELS[row["want"][2:]]
    return Result(row, level, tuple(refused), level >= wanted if row["want"].startswith(">=") else level <= wanted)


def report(results: list[Result]) -> None:
    """Print the figures by kind and standing, and every pair that fails."""
    groups: dict[str, list[Result]] = defaultdict(list)
    for result in results:
        groups[result.row["kind"]].append(result)
    for standing in ("undisputed", "arguable"):
        groups[f"all {standing}"] = [r for r in results if r.row["standing"] == standing]
    print(f"{'kind':28s} {'pairs':>5s} {'right':>5s} {'recall':>7s} {'precision':>9s}")
    for name, group in {**dict(sorted(groups.items())), "all": results}.items():
        count = Counter((r.equal, r.right) for r in group)
        hits, misses, wrong = count[True, True], count[True, False], count[False, False]
        recall, precision = (f"{hits / (hits + other):.3f}" if hits + other else "-" for other in (misses, wrong))
        print(f"{name:28s} {len(group):5d} {sum(r.right for r in group):5d} {recall:>7s} {precision:>9s}")
    for r in results:
        if not r.right:
            row = r.row
            sides = [f"{row[f'value{n}'][:70]!r} {row[f'context{n}']}".strip() for n in "12"]
            got = f"got {NAMES[r.level]} {' '.join(r.refused)}".strip()
            print(f"{row['standing']} {row['kind']} {row['want']} {got}: {' | '.join(sides)}; {row['note']}")


def main() -> None:
    """Read the file and print the report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    with parser.parse_args().file.open(newline="") as file:
        results = [result_of(row) for row in csv.DictReader(file)]
    report(results)
    if any(r.row["standing"] == "undisputed" and not r.equal and not r.right for r in results):
        sys.exit(1)


if __name__ == "__main__":
    main()
