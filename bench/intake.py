"""Measure an import from end to end: a running service, its worker, and the command that sends the file.

    python -m bench intake [--cases 100000] [--folder FOLDER] [--persons 0.1] [--apart]

The file has cases with one subject and ten identifiers each, as in `importing`: 100,000 cases have 1,000,000 identifiers and
1,200,000 lines. `coopapi import` sends it in parts to `coopapi serve`, which starts the processes that store it and find overlaps.
Each second, the lines that were read, the changes that wait to be settled, and the memory of the web server, the workers and the
database are noted; memory that processes share is divided among them. When all is settled, the same rows are copied into
equal tables with COPY. Figures and a plot are written to bench/results/. The exit status is 1 if
more than one line in a hundred was not stored.

With --apart nothing is sent over HTTP. The lines are stored and settled in turn, which tells the two rates, and the processor time
of each part for a line, while the register grows (`apart.py`).
"""

import argparse
import contextlib
import itertools
import logging
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import psycopg2

from bench import plots
from bench.apart import apart
from bench.importing import IDENTIFIERS, copied, lines, prepared
from bench.speed import say, write
from coopapi.ops import administration, demo
from coopapi.provisioning.embedded_postgres import Embedded

SEND: Final = (sys.executable, "-c", "from coopapi.ops.cli import main; main()", "import")
_SEEN: Final = """
    select coalesce(sum(read), 0), coalesce(sum(stored), 0), coalesce(sum(refused + conflicts), 0),
           (select count(*) from matching_queue) + (select count(*) from pairs_due), bool_and(ended_at is not null)
    from imports
"""
_REFUSED_AT_MOST: Final = 0.01
"""Some made-up telephone numbers have a length that no number has."""


def tree(pid: int) -> Iterator[int]:
    """Yield a process and those that it started."""
    started: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            started.setdefault(int(stat.read_text().rpartition(")")[2].split()[1]), []).append(int(stat.parent.name))
    waiting = [pid]
    while waiting:
        yield (one := waiting.pop())
        waiting += started.get(one, ())


def memory(pid: int, command: str = "", *, without: str = "") -> float:
    """Return the megabytes of a process and those that it started, as far as their command has a word and not another one."""
    found = 0
    for one in tree(pid):
        with contextlib.suppress(OSError):
            words = Path(f"/proc/{one}/cmdline").read_text()
            if command in words and (not without or without not in words):
                rollup = Path(f"/proc/{one}/smaps_rollup").read_text()
                found += next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
    return found / 1024


def watched(postgres: Embedded, server: int, sender: subprocess.Popen[bytes]) -> list[dict[str, float]]:
    """Note once a second how far the import is, until all is settled."""
    database = int((postgres.data / "postmaster.pid").read_text().split()[0])
    address, noted, began = postgres.url("coopapi").replace("postgresql+psycopg2", "postgresql"), [], time.perf_counter()
    with contextlib.closing(psycopg2.connect(address)) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        while True:
            cursor.execute(_SEEN)
            read, stored, refused, waiting, ended = cursor.fetchone() or ()
            noted.append(
                {
                    "seconds": time.perf_counter() - began,
                    "read": int(read),
                    "stored": int(stored),
                    "refused": int(refused),
                    "unsettled": int(waiting),
                    "web server MB": memory(server, without="worker"),
                    "workers MB": memory(server, "worker"),
                    "database MB": memory(database),
                }
            )
            if ended and not waiting and sender.poll() is not None:
                return noted
            say(f"{noted[-1]['read']} lines read, {noted[-1]['unsettled']} changes to settle")
            time.sleep(1)


def rates(noted: list[dict[str, float]], bins: int = 20) -> list[tuple[float, float]]:
    """Return the lines in a second for each twentieth of the lines, each with the lines that were read until then."""
    whole, found, since = max(one["read"] for one in noted), [], noted[0]
    for one in noted:
        if one["read"] >= whole * (len(found) + 1) / bins and one["read"] > since["read"]:
            found.append((one["read"], (one["read"] - since["read"]) / (one["seconds"] - since["seconds"])))
            since = one
    return found


def measured(folder: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """Run the import and return the figures."""
    count = asked.cases * (IDENTIFIERS + 2)
    file = folder / "cases.ndjson"
    with file.open("wb") as out:
        out.writelines(lines(count, asked.persons))
    with Embedded(folder) as postgres:
        database, environment = prepared(folder, postgres)
        home = administration.add_authority(database, {"name": "Customs", "type": "police_unit", "country": "FR"})
        client = administration.provide_client(database, home, {"name": "System", "roles": ["system"], "victim_cleared": False})
        address = f"127.0.0.1:{demo._free_port(0, folder)}"  # noqa: SLF001 (one port for one run)
        log, settings = folder / "service.log", {**environment, "COOPAPI_BIND": address, "COOPAPI_BASE_URL": f"http://{address}"}
        with demo.served(settings, log, f"http://{address}") as url:
            command = [*SEND, str(file), "--to", url, "--client-id", str(client.id)]
            with subprocess.Popen(
                command, env={**os.environ, "COOPAPI_CLIENT_SECRET": client.secret or ""}, stdout=subprocess.DEVNULL
            ) as sender:
                noted = watched(postgres, int(log.with_suffix(".pid").read_text()), sender)
        database.engine.dispose()
        return {"lines": count, "copy": count / copied(postgres), **told(count, noted), "noted": noted}


def told(count: int, noted: list[dict[str, float]]) -> dict[str, Any]:
    """Return the rates: of storing, from the first line that was read to the last, and until all was settled."""
    began = next(before for before, after in itertools.pairwise(noted) if after["read"])["seconds"]
    stored = next(one for one in noted if one["read"] == noted[-1]["read"])["seconds"]
    each = rates(noted)
    return {
        "stored": count / (stored - began),
        "stored and settled": count / (noted[-1]["seconds"] - began),
        "first and last twentieth": [each[0][1], each[-1][1]],
        "not stored": noted[-1]["refused"],
        "most unsettled changes": max(one["unsettled"] for one in noted),
        "most MB": {name: max(one[name] for one in noted) for name in noted[0] if name.endswith("MB")},
    }


def plot(figures: dict[str, Any]) -> str:
    """Draw the rate and the memory over the lines that were read."""
    noted = figures["noted"]
    curves = {"lines in a second": rates(noted)}
    for name in ("web server MB", "workers MB", "database MB"):
        curves[name] = [(one["read"], one[name]) for one in noted if one["read"]]
    return plots.curves(f"an import of {figures['lines']:,} lines, over the lines read", curves)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--persons", type=float, default=0.1)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--apart", action="store_true")
    asked = parser.parse_args()
    logging.getLogger("coopapi").addHandler(logging.NullHandler())
    with tempfile.TemporaryDirectory(prefix="coopapi-intake-") as made:
        folder = asked.folder or Path(made)
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o711)
        figures = apart(folder, asked.cases * (IDENTIFIERS + 2), asked.persons) if asked.apart else measured(folder, asked)
    path = write("intake-apart" if asked.apart else "intake", figures)
    if not asked.apart:
        path.with_suffix(".svg").write_text(plot(figures))
    say("")
    print({name: said for name, said in figures.items() if name not in {"noted", "rounds"}})
    print(f"written to {path}")
    return int(figures.get("not stored", 0) > _REFUSED_AT_MOST * figures["lines"])


if __name__ == "__main__":
    sys.exit(main())
