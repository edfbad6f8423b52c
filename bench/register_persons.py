"""Register persons of the evaluation format through the API: measure the speed as the register grows, and check all overlaps.

    python -m bench.register_persons PERSONS.csv.gz [--records 5000]

Each case holds 25 records. The overlaps that the register reports are compared with those that the same code finds in memory.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.investigations import send, service
from bench.persons import PLACES, candidates, persons, rows
from coopapi.persons.score import judge

IN_A_CASE = 25
STEP = 1000


def person(row: Mapping[str, str]) -> dict[str, Any]:
    """Return a record in the format of the API."""
    names = [{"full": row["full_name"]}]
    if row["given_name"] and row["family_name"]:
        names = [{"full": row["full_name"], "given": row["given_name"], "family": row["family_name"]}]
    names += [{"full": alias.strip(), "type": "alias"} for alias in row["aliases"].split(";") if alias.strip()]
    born = {"birth_dates": [row["dob"]]} if row["dob"] else {}
    gender = {"gender": row["gender"]} if row["gender"] else {}
    places = [row[place] for place in PLACES if row.get(place)]
    nationality = {"nationalities": [row["nationality"]]} if row["nationality"] else {}
    return {"names": names, **born, **gender, **nationality, **({"places": places} if places else {})}


def expected(records: list[dict[str, str]]) -> set[frozenset[int]]:
    """Return the pairs of cases that should overlap, computed in memory."""
    people = persons(records)
    case = {row["record_id"]: at // IN_A_CASE for at, row in enumerate(records)}
    profiles = {p.id: p.profile for p in people}
    pairs = (pair for pair in candidates(people) if case[pair[0]] != case[pair[1]])
    return {frozenset((case[a], case[b])) for a, b in pairs if judge(profiles[a], profiles[b]).level}


def load(url: str, token: str, records: list[dict[str, str]]) -> tuple[dict[str, int], list[float]]:
    """Register all records; return the ids of the cases, and the persons registered per second for each thousand."""
    cases: dict[str, int] = {}
    rates, began = [], time.perf_counter()
    for start in range(0, len(records), IN_A_CASE):
        status, made = send("POST", f"{url}/api/v1/cases", token, {"reference": f"B-{start}", "title": "Bench"})
        assert status == 201, made
        home = f"{url}/api/v1/cases/{made['id']}"
        cases[made["id"]] = start // IN_A_CASE
        _, subject = send("POST", f"{home}/subjects", token, {"pseudonym": "S", "category": "suspect"})
        rows = records[start : start + IN_A_CASE]
        items = [{"kind": "person", "subjects": [{"id": subject["id"]}], "person": person(row)} for row in rows]
        status, answer = send("POST", f"{home}/identifiers", token, {"identifiers": items})
        assert status == 201, answer
        if (start + IN_A_CASE) % STEP == 0:
            rates.append(STEP / (time.perf_counter() - began))
            began = time.perf_counter()
            print(f"\r{start + IN_A_CASE}/{len(records)} persons", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return cases, rates


def reported(url: str, token: str, cases: Mapping[str, int]) -> set[frozenset[int]]:
    """Return the pairs of cases that the register reports as overlapping."""
    found: dict[str, list[int]] = {}
    for case_id, number in cases.items():
        path: str | None = f"{url}/api/v1/cases/{case_id}/overlaps?limit=200"
        while path:
            _, answer = send("GET", path, token)
            for overlap in answer["items"]:
                found.setdefault(overlap["id"], []).append(number)
            path = f"{url}/api/v1/cases/{case_id}/overlaps?limit=200&cursor={answer['next']}" if answer["next"] else None
    return {frozenset(pair) for pair in found.values()}


def main() -> int:
    """Register the records, compare the overlaps and print the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--records", type=int, default=5000)
    wanted = parser.parse_args()
    today = datetime.now(UTC).date().isoformat()
    records = [row for row in rows(wanted.file) if "1850" <= (row["dob"] or "1850") <= today][: wanted.records]
    with tempfile.TemporaryDirectory(prefix="coopapi-bench-") as place:
        Path(place).chmod(0o711)
        with service(Path(place)) as (url, tokens, *_):
            cases, rates = load(url, tokens["eset"], records)
            found = reported(url, tokens["eset"], cases)
    true = expected(records)
    print("persons a second, by thousand registered: " + ", ".join(f"{rate:.0f}" for rate in rates))
    print(f"pairs of cases that overlap: {len(found)} reported, {len(true)} found in memory, {len(found ^ true)} differences")
    return 0 if found == true else 1


if __name__ == "__main__":
    sys.exit(main())
