"""Match the same records with other methods: equality, rapidfuzz, nomenklatura, Splink. Each imports its library when it runs."""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from bench.persons import Pair

Row = Mapping[str, str]
Scored = Iterator[tuple[str, str, float]]
FLOOR = 0.75
CHUNK = 1000


def latin(text: str) -> str:
    """Return a name in Latin letters with its words in alphabetical order."""
    from anyascii import anyascii  # noqa: PLC0415

    return " ".join(sorted(anyascii(text).lower().replace("-", " ").replace(",", " ").split()))


def exact(rows: Sequence[Row], candidates: Sequence[Pair]) -> Scored:
    """Yield pairs with the same words in the name and the same date of birth."""
    del candidates
    seen: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        held = seen.setdefault((latin(row["full_name"]), row["dob"]), [])
        yield from ((other, row["record_id"], 1.0) for other in held if row["dob"])
        held.append(row["record_id"])


def rapidfuzz(rows: Sequence[Row], candidates: Sequence[Pair]) -> Scored:
    """Yield all pairs with a score of four fifths Jaro-Winkler similarity of names and one fifth agreement of dates."""
    del candidates
    import numpy as np  # noqa: PLC0415
    from rapidfuzz.distance import JaroWinkler  # noqa: PLC0415
    from rapidfuzz.process import cdist  # noqa: PLC0415

    names, ids = [latin(row["full_name"]) for row in rows], [row["record_id"] for row in rows]
    dates = np.array([row["dob"] for row in rows])
    for start in range(0, len(rows), CHUNK):
        found = cdist(names[start : start + CHUNK], names, scorer=JaroWinkler.similarity, workers=-1, dtype=np.float32)
        mine = dates[start : start + CHUNK, None]
        same = np.where((mine == "") | (dates == ""), 0.5, np.where(mine == dates, 1.0, 0.0))
        score = 0.8 * found + 0.2 * same
        for i, j in zip(*np.where(score > FLOOR), strict=True):
            if start + i < j:
                yield ids[start + i], ids[j], float(score[i, j])


def nomenklatura(rows: Sequence[Row], candidates: Sequence[Pair]) -> Scored:
    """Yield the product's own candidate pairs with the score of the logic-v2 matcher."""
    from followthemoney import model  # noqa: PLC0415
    from nomenklatura.matching import get_algorithm  # noqa: PLC0415

    algorithm = get_algorithm("logic-v2")
    if algorithm is None:
        raise ModuleNotFoundError(name="nomenklatura")
    config = algorithm.default_config()
    people = {}
    for row in rows:
        person = model.make_entity("Person")
        person.id = row["record_id"]
        person.add("name", row["full_name"])
        person.add("alias", [alias for alias in row["aliases"].split(";") if alias])
        for prop, column in (("birthDate", "dob"), ("gender", "gender"), ("nationality", "nationality")):
            person.add(prop, row[column], fuzzy=True)
        people[row["record_id"]] = person
    for one, other in candidates:
        yield one, other, algorithm.compare(people[one], people[other], config).score


def splink(rows: Sequence[Row], candidates: Sequence[Pair]) -> Scored:
    """Yield pairs scored by Splink on DuckDB, from Latin names and their double metaphones, trained by expectation maximisation."""
    del candidates
    import pandas as pd  # noqa: PLC0415
    import splink.comparison_library as cl  # noqa: PLC0415
    from metaphone import doublemetaphone  # noqa: PLC0415
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on  # noqa: PLC0415

    logging.disable(logging.WARNING)
    table = [_splink_row(row, doublemetaphone) for row in rows]
    settings = SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="record_id",
        comparisons=[
            cl.JaroWinklerAtThresholds("name", [0.95, 0.88, 0.8]),
            cl.ArrayIntersectAtSizes("sounds", [3, 2, 1]),
            cl.DamerauLevenshteinAtThresholds("dob", [1, 2]),
            cl.ExactMatch("gender"),
            cl.ExactMatch("nationality"),
        ],
        blocking_rules_to_generate_predictions=[
            block_on(*columns) for columns in (["dob"], ["first", "year"], ["last", "year"], ["first", "last"])
        ],
    )
    linker = Linker(DuckDBAPI().register(pd.DataFrame(table)), settings)
    linker.training.estimate_u_using_random_sampling(1e6, seed=1)
    for rule in (block_on("dob"), block_on("first", "last")):
        linker.training.estimate_parameters_using_expectation_maximisation(rule)
    frame = linker.inference.predict(threshold_match_probability=0.01).as_pandas_dataframe()
    yield from zip(frame["record_id_l"], frame["record_id_r"], frame["match_probability"], strict=True)


def _splink_row(row: Row, sound: Callable[[str], tuple[str, str]]) -> dict[str, object]:
    words = latin(row["full_name"]).split()
    sounds = sorted({code for word in words for code in sound(word) if code})
    kept = {name: row[name] or None for name in ("dob", "gender", "nationality")}
    first, last = (sounds[0], sounds[-1]) if sounds else (None, None)
    more = {"first": first, "last": last, "year": row["dob"][:4] or None, "sounds": sounds}
    return {"record_id": row["record_id"], "name": " ".join(words), **kept, **more}


BASELINES: Mapping[str, Callable[[Sequence[Row], Sequence[Pair]], Iterable[tuple[str, str, float]]]] = {
    "equal names and dates": exact,
    "rapidfuzz Jaro-Winkler, all pairs": rapidfuzz,
    "nomenklatura logic-v2, our candidates": nomenklatura,
    "Splink, Latinised, double metaphone": splink,
}
