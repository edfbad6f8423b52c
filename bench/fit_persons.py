"""Fit the weights of the person matching, on the development set only.

    python -m bench.fit_persons DEV_PERSONS.csv.gz DEV_TRUTH.csv.gz

Writes coopapi/persons/data/weights.json. Needs the extra `[bench]` (scikit-learn, NumPy).
"""

import json
import math
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression

from bench.persons import Pair, candidates, held, persons, quality, rows, true_pairs
from coopapi.persons.births import RELATIONS
from coopapi.persons.families import FAMILIES
from coopapi.persons.profile import Profile
from coopapi.persons.score import DATES, DIGEST_DATES, FEATURES, SHARED, Comparison, compare, digest_dates, sharing, telling

TARGET = Path(__file__).parents[1] / "coopapi" / "persons" / "data" / "weights.json"
GROUPS = tuple(dict.fromkeys(DATES.values()))
PLACES = (-1.5, 3.0, 5.0, 6.0)
ROUND = 3
STRONG, POSSIBLE = 0.995, 0.957  # leaves both levels a precision of 0.95 with the pairs that a rule makes possible


def design(found: Sequence[Comparison]) -> np.ndarray:
    """Return the design matrix: a column for each relation of dates, for each feature in its group of relations, and for rarity."""
    matrix = np.zeros((len(found), len(RELATIONS) + len(GROUPS) * len(FEATURES) + 1))
    for row, comparison in zip(matrix, found, strict=True):
        row[RELATIONS.index(comparison.dates)] = 1
        start = len(RELATIONS) + GROUPS.index(DATES[comparison.dates]) * len(FEATURES)
        row[start : start + len(FEATURES)] = comparison.features
        row[-1] = comparison.rare
    return matrix


def fit_names(found: Mapping[Pair, Any], people: Mapping[str, Profile], true: set[Pair]) -> dict[str, Any]:
    """Return the weights of the score of names and dates, fitted by logistic regression with an L2 penalty."""
    pairs = sorted(found)
    compared = [compare(people[a], people[b]) for a, b in pairs]
    matrix = design(compared)
    model = LogisticRegression(C=1.0, max_iter=5000).fit(matrix, [pair in true for pair in pairs])
    chances = dict(zip(pairs, model.predict_proba(matrix)[:, 1], strict=True))
    sure = {pair for pair, comparison in zip(pairs, compared, strict=True) if telling(comparison)}
    weights, start = model.coef_[0], len(RELATIONS)
    named = [weights[start + i * len(FEATURES) :][: len(FEATURES)] for i in range(len(GROUPS))]
    return {
        "levels": levels(chances, sure, true),
        "dates": {r: round(w + model.intercept_[0], ROUND) for r, w in zip(RELATIONS, weights, strict=False)},
        "names": {g: {f: round(w, ROUND) for f, w in zip(FEATURES, ws, strict=True)} for g, ws in zip(GROUPS, named, strict=True)},
        "rare": round(weights[-1], ROUND),
        "places": list(PLACES),
    }


def levels(chances: Mapping[Pair, float], sure: set[Pair], true: set[Pair]) -> dict[str, float]:
    """Return the lowest scores of the levels, for the precisions `STRONG` and `POSSIBLE`.

    Only pairs in `sure` may be strong. The lower level begins where F1 is best, if that is higher.
    """
    strong = quality({pair: chances[pair] for pair in sure}, true, STRONG).strong_at
    both = quality(chances, true, POSSIBLE)
    steps = 10**ROUND  # rounded up, so that the precisions stay
    return {"strong": math.ceil(strong * steps) / steps, "possible": math.ceil(max(both.at, both.strong_at) * steps) / steps}


def fit_digests(found: Mapping[Pair, Mapping[str, int]], held: Mapping[str, Counter[str]], true: set[Pair]) -> dict[str, Any]:
    """Return the weights of the score from digests alone, fitted on what each family of digests shares."""
    pairs = sorted(found)
    matrix = digest_design([(found[a, b], held[a], held[b]) for a, b in pairs])
    model = LogisticRegression(C=1.0, max_iter=5000).fit(matrix, [pair in true for pair in pairs])
    chances = dict(zip(pairs, model.predict_proba(matrix)[:, 1], strict=True))
    sure = {pair for pair in pairs if digest_dates(found[pair], held[pair[0]], held[pair[1]]) in {"whole", "swapped"}}
    weights = iter(np.round(model.coef_[0], ROUND).tolist())
    return {
        "levels": levels(chances, sure, true),
        "families": {f: [next(weights) for _ in SHARED] for f in FAMILIES},
        "dates": {d: round(next(weights) + model.intercept_[0], ROUND) for d in DIGEST_DATES},
        "parts": {d: {f: [next(weights), next(weights)] for f in FAMILIES} for d in DIGEST_DATES},
    }


def digest_design(found: Sequence[tuple[Mapping[str, int], Mapping[str, int], Mapping[str, int]]]) -> np.ndarray:
    """Return the design matrix: what each family shares, what the dates are, and the shared parts for each kind of dates."""
    kinds = list(DIGEST_DATES)
    first = len(FAMILIES) * len(SHARED)
    matrix = np.zeros((len(found), first + len(kinds) * (1 + 2 * len(FAMILIES))))
    for row, (shared, ours, theirs) in zip(matrix, found, strict=True):
        said = np.array([sharing(f, shared, ours, theirs) for f in FAMILIES], float)
        dates = kinds.index(digest_dates(shared, ours, theirs))
        start = first + len(kinds) + dates * 2 * len(FAMILIES)
        row[:first], row[first + dates] = said[:, : len(SHARED)].ravel(), 1
        row[start : start + 2 * len(FAMILIES)] = said[:, len(SHARED) :].ravel()
    return matrix


def main() -> None:
    """Fit the weights and write them."""
    source, truth = map(Path, sys.argv[1:3])
    people, true = persons(rows(source)), true_pairs(truth)
    found = candidates(people)
    provenance = {
        "what": "Logistic regression on pairs that share a match key; log odds, one set for each way the dates of birth relate.",
        "fitted_on": f"the development set of fictitious persons ({len(people)} records, {len(true)} true pairs)",
        "fitted_by": "bench/fit_persons.py",
        "fitted_at": datetime.now(UTC).date().isoformat(),
        "scikit_learn": version("scikit-learn"),
        "places": "Set by reasoning: the development set has no places.",
        "levels": "strong: precision was 0.995 on that set; possible: precision was 0.957.",
    }
    names = fit_names(found, {p.id: p.profile for p in people}, true)
    digests = fit_digests(found, {p.id: held(p) for p in people}, true)
    TARGET.write_text(json.dumps({"provenance": provenance, **names, "digests": digests}, indent=1, ensure_ascii=False) + "\n")
    print(f"{len(found)} pairs compared; written to {TARGET.name}")


if __name__ == "__main__":
    main()
