"""Load published investigations through `/imports` and compare the reported overlaps with those of a brute-force computation.

    python -m bench imported_investigations FOLDER

FOLDER is that of `python -m bench investigations`. Each publisher sends one file with its cases and their identifiers, and with the
values of rejects.ndjson, each of which must be refused with its rule. The files are sent a second time, which must change nothing.
"""

import argparse
import gzip
import json
import sys
import tempfile
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

from bench.investigations import POOL, reported, send, service, truth


def files(folder: Path) -> tuple[dict[str, bytes], dict[str, int]]:
    """Return for each publisher its file, and how many of its lines must be refused."""
    lines: dict[str, list[dict[str, Any]]] = defaultdict(list)
    rejects: Counter[str] = Counter()
    for line in (folder / "cases.ndjson").read_text().splitlines():
        case = json.loads(line)
        key = case["reference"]
        lines[case["authority"]].append({"type": "case", "external_id": key, "reference": key, "title": case["title"] or key})
        for number, item in enumerate(case["identifiers"]):
            lines[case["authority"]].append({"type": "identifier", "case": key, "external_id": f"I{number}", **item})
    for number, line in enumerate((folder / "rejects.ndjson").read_text().splitlines()):
        one = json.loads(line)
        item = {"kind": one["kind"], "value": one["value"]}
        lines[one["authority"]].append({"type": "identifier", "case": one["reference"], "external_id": f"R{number}", **item})
        rejects[one["authority"]] += 1
    return {name: b"".join(json.dumps(line).encode() + b"\n" for line in said) for name, said in lines.items()}, dict(rejects)


def imported(url: str, token: str, file: bytes) -> dict[str, Any]:
    """Send a file and wait until it is stored."""
    said = {"Authorization": f"Bearer {token}", "Content-Type": "application/x-ndjson", "Content-Encoding": "gzip"}
    made = POOL.request("POST", f"{url}/api/v1/imports", body=gzip.compress(file), headers=said).json()
    while True:
        _, found = send("GET", f"{url}/api/v1/imports/{made['id']}", token)
        if found["state"] in {"finished", "stopped", "waiting_for_quota"}:
            return dict(found)
        time.sleep(0.2)


def cases(url: str, tokens: dict[str, str]) -> dict[str, tuple[str, str]]:
    """Return the publisher and reference of each case by its id."""
    found: dict[str, tuple[str, str]] = {}
    for name, token in tokens.items():
        path: str | None = f"{url}/api/v1/cases?limit=200"
        while path:
            _, page = send("GET", path, token)
            found |= {case["id"]: (name, case["reference"]) for case in page["items"]}
            path = f"{url}/api/v1/cases?limit=200&cursor={page['next']}" if page["next"] else None
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    sent, rejects = files(folder)
    with tempfile.TemporaryDirectory(prefix="coopapi-bench-") as place:
        Path(place).chmod(0o711)
        with service(Path(place)) as (url, tokens, _, _):
            began = time.perf_counter()
            first = {name: imported(url, tokens[name], file) for name, file in sent.items()}
            seconds = time.perf_counter() - began
            again = {name: imported(url, tokens[name], file) for name, file in sent.items()}
            found, (expected, left_out) = reported(url, tokens, cases(url, tokens)), truth(folder)
            broken = 0
            for name, job in first.items():
                _, page = send("GET", f"{url}/api/v1/imports/{job['id']}/report?outcome=refused&limit=5000", tokens[name])
                broken += sum(bool(line["external_id"][0] == "R" and line["faults"]) for line in page["items"])
    lines = sum(job["lines"] for job in first.values())
    print(f"imported {lines} lines in {seconds:.1f} s: {lines / seconds:.0f}/s")
    print({name: {key: job[key] for key in ("stored", "unchanged", "refused", "conflicts")} for name, job in first.items()})
    print({name: {key: job[key] for key in ("stored", "unchanged", "refused", "conflicts")} for name, job in again.items()})
    print(f"overlaps: {len(found)} reported, {len(expected)} true, {len(found.items() ^ expected.items())} differences")
    print(f"left out of the truth: {left_out} overlaps whose values all tell nobody apart")
    print(f"rejects: {broken} of {sum(rejects.values())} refused with a rule")
    unchanged = all(not job["stored"] and not job["updated"] for job in again.values())
    return 0 if found == expected and broken == sum(rejects.values()) and unchanged else 1


if __name__ == "__main__":
    sys.exit(main())
