"""Load published investigations through the API and compare the reported overlaps with those of a brute-force computation.

    python -m bench.investigations FOLDER

FOLDER holds cases.ndjson, overlaps.csv and rejects.ndjson. A service is started for the run. A plain COPY of the same number of
rows into the same database is timed too, as an upper limit for the rate.
"""

import argparse
import contextlib
import csv
import json
import secrets
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg2
import urllib3

from coopapi import config
from coopapi.identifiers.formats.common import REASONS
from coopapi.identifiers.registration import read_item
from coopapi.journal.service import record
from coopapi.ops import administration, demo, demo_people
from coopapi.provisioning.embedded_postgres import Embedded
from coopapi.store import crypto
from coopapi.store.db import Database

BATCH = 1000
POOL = urllib3.PoolManager(retries=False, timeout=120)


def send(method: str, url: str, token: str, body: Any = None) -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {token}", "Prefer": "wait=5"} if method == "GET" else {"Authorization": f"Bearer {token}"}
    answer = POOL.request(method, url, headers=headers, **({"json": body} if body is not None else {}))
    return answer.status, answer.json()


@contextlib.contextmanager
def service(folder: Path, **settings: str) -> Iterator[tuple[str, dict[str, str], Embedded, str]]:
    """Yield a service with two publishers as authorities, a token for each, and the id of a machine client.

    `settings` are those of the service that differ from those of a demonstration.
    """
    port = demo._free_port(0, folder)  # noqa: SLF001 (one port for one run)
    with Embedded(folder) as postgres:
        environment, signer = demo.prepare(postgres, folder, port)
        environment |= settings
        with demo.served(environment, folder / "service.log", f"http://127.0.0.1:{port}") as url:
            read = config.read(environment)
            database = Database.connect(read, crypto.load_keys(read.key_file), record)
            tokens = {}
            for name in ("eset", "unit42"):
                home = administration.add_authority(database, {"name": name, "type": "cybercrime_unit", "country": "NL"})
                person = {
                    "issuer": demo_people.ISSUER,
                    "subject": name,
                    "name": name,
                    "roles": ["system"],
                    "victim_cleared": True,
                }
                administration.add_person(database, home, person)
                tokens[name] = demo_people.sign(signer, name)
            machine = {"name": "machine", "roles": ["system"], "victim_cleared": False}
            yield url, tokens, postgres, str(administration.provide_client(database, home, machine).id)


def load(url: str, tokens: dict[str, str], path: Path) -> tuple[dict[str, tuple[str, str]], int, float, Counter[str]]:
    """Register every case with its identifiers; return the cases, the number of identifiers, the seconds and the warnings."""
    cases: dict[str, tuple[str, str]] = {}
    warnings: Counter[str] = Counter()
    count, began = 0, time.perf_counter()
    lines = path.read_text().splitlines()
    for done, line in enumerate(lines, 1):
        case = json.loads(line)
        token = tokens[case["authority"]]
        status, made = send(
            "POST", f"{url}/api/v1/cases", token, {"reference": case["reference"], "title": case["title"] or case["reference"]}
        )
        assert status == 201, made
        cases[made["id"]] = (case["authority"], case["reference"])
        for start in range(0, len(case["identifiers"]), BATCH):
            batch = case["identifiers"][start : start + BATCH]
            status, answer = send("POST", f"{url}/api/v1/cases/{made['id']}/identifiers", token, {"identifiers": batch})
            assert status == 201, answer
            count += len(batch)
            warnings.update(w["code"] for item in answer["identifiers"] for w in item["warnings"])
        if done % 25 == 0 or done == len(lines):
            print(f"\r{done}/{len(lines)} cases, {count} identifiers", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return cases, count, time.perf_counter() - began, warnings


def reported(url: str, tokens: dict[str, str], cases: dict[str, tuple[str, str]]) -> dict[frozenset[Any], int]:
    """Return the overlaps that the cases report. Both sides must report the same."""
    found: dict[str, list[tuple[Any, int]]] = {}
    for case_id, name in cases.items():
        path: str | None = f"{url}/api/v1/cases/{case_id}/overlaps?limit=200"
        while path:
            _, answer = send("GET", path, tokens[name[0]])
            while not answer["settled"]:
                _, answer = send("GET", path, tokens[name[0]])
            for overlap in answer["items"]:
                found.setdefault(overlap["id"], []).append((name, overlap["shared_count"]))
            path = f"{url}/api/v1/cases/{case_id}/overlaps?limit=200&cursor={answer['next']}" if answer["next"] else None
    assert all(len(sides) == 2 and sides[0][1] == sides[1][1] for sides in found.values())
    return {frozenset(name for name, _ in sides): sides[0][1] for sides in found.values()}


def truth(folder: Path) -> tuple[dict[frozenset[Any], int], int]:
    """Return the true overlaps with their numbers of shared values, and how many were left out.

    Values that tell nobody apart are not counted, and an overlap that has no other values is left out.
    """
    common = common_values(folder / "cases.ndjson")
    with (folder / "overlaps.csv").open() as file:
        every = {
            ((r["authority_a"], r["reference_a"]), (r["authority_b"], r["reference_b"])): int(r["shared"])
            for r in csv.DictReader(file)
        }
    telling = {frozenset((a, b)): shared - len(common[a] & common[b]) for (a, b), shared in every.items()}
    kept = {pair: shared for pair, shared in telling.items() if shared > 0}
    return kept, len(telling) - len(kept)


def common_values(path: Path) -> dict[tuple[str, str], set[tuple[str, str]]]:
    """Return for each case the values that tell nobody apart, by the list of the register."""
    found: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for line in path.read_text().splitlines():
        case = json.loads(line)
        read = ((item["kind"], read_item(item)) for item in case["identifiers"])
        found[case["authority"], case["reference"]] = {
            (kind, reading.normalised) for kind, reading in read if REASONS.keys() & set(reading.warnings)
        }
    return found


def refused(url: str, tokens: dict[str, str], cases: dict[str, tuple[str, str]], path: Path) -> tuple[int, int]:
    ids = {name: case_id for case_id, name in cases.items()}
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    right = 0
    for line in lines:
        name = (line["authority"], line["reference"])
        body = {"identifiers": [{"kind": line["kind"], "value": line["value"]}]}
        status, answer = send("POST", f"{url}/api/v1/cases/{ids[name]}/identifiers", tokens[name[0]], body)
        right += status == 422 and bool(answer["errors"][0]["rule"]) and line["value"] not in json.dumps(answer)
    return right, len(lines)


def copy_rate(postgres: Embedded, rows: int) -> float:
    """Return the rows per second of a plain COPY into a table with a unique 32-byte key and a second index."""
    connection = psycopg2.connect(
        host=str(postgres.socket), user="coopapi", password=(postgres.root / "pgpass").read_text(), dbname="coopapi"
    )
    with connection, connection.cursor() as cursor, tempfile.TemporaryFile("w+") as file:
        cursor.execute("create table raw_copy (token bytea primary key, case_id uuid not null, sealed bytea not null)")
        cursor.execute("create index on raw_copy (case_id)")
        for _ in range(rows):
            file.write(
                f"\\\\x{secrets.token_hex(32)}\t00000000-0000-0000-0000-00000000000{secrets.randbelow(10)}\t\\\\x{secrets.token_hex(120)}\n"
            )
        file.seek(0)
        began = time.perf_counter()
        cursor.copy_expert("copy raw_copy from stdin", file)
        connection.commit()
        taken = time.perf_counter() - began
        cursor.execute("drop table raw_copy")
    connection.close()
    return rows / taken


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    with tempfile.TemporaryDirectory(prefix="coopapi-bench-") as place:
        Path(place).chmod(0o711)
        with service(Path(place)) as (url, tokens, postgres, _):
            cases, count, seconds, warnings = load(url, tokens, folder / "cases.ndjson")
            began = time.perf_counter()
            found, (expected, left_out) = reported(url, tokens, cases), truth(folder)
            asked = time.perf_counter() - began
            right, all_of_them = refused(url, tokens, cases, folder / "rejects.ndjson")
            limit = copy_rate(postgres, count)
    rate = count / seconds
    print(f"loaded {count} identifiers of {len(cases)} cases in {seconds:.1f} s: {rate:.0f}/s")
    print(f"limit: raw COPY of as many rows in the same database {limit:.0f}/s; ratio {rate / limit:.3f}")
    wrong = len(found.items() ^ expected.items())
    print(f"overlaps: {len(found)} reported, {len(expected)} true, {wrong} differences; {asked:.1f} s to ask for all cases")
    print(f"left out of the truth: {left_out} overlaps whose values all tell nobody apart")
    addresses = sum(n for code, n in warnings.items() if code.endswith("_address"))
    print(f"rejects: {right} of {all_of_them} refused with a rule; {addresses} addresses kept with a warning")
    return 0 if found == expected and right == all_of_them else 1


if __name__ == "__main__":
    sys.exit(main())
