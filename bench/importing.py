"""Measure bulk intake: lines stored and settled in a second, and how that compares with a plain COPY of the same rows.

    python -m bench importing [--lines 100000] [--folder FOLDER] [--persons 0.1] [--profile] [--settle]

A database is made, and one client sends a file of cases, each with one subject and ten identifiers: 70 in 100 of exact kinds, 20
phones and 10 persons, with names as common and as rare as people's are; 5 in 100 identifiers have a value of an earlier case. The
file is staged and then stored by the worker's own functions, in this process. Meanwhile nothing else runs, unless --settle starts
the process that finds overlaps beside it. Then the rows of the tables that the import filled are copied into equal tables with the
same indexes with COPY, which tells the ratio. The times are also given as processor time, because other programs disturb the
clock. --profile prints where the time went.
"""

import argparse
import contextlib
import cProfile
import io
import json
import logging
import os
import pstats
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any, Final

import psycopg2

from bench.seed import HIGHEST_QUOTAS
from coopapi import config
from coopapi.auth.authentication import actor_of
from coopapi.http.worker_process import COMMAND
from coopapi.imports import running, service
from coopapi.journal.service import record
from coopapi.ops import administration, demo, demo_people, worker
from coopapi.provisioning.embedded_postgres import Embedded
from coopapi.store import crypto
from coopapi.store.db import Database

IDENTIFIERS: Final = 10
_SYLLABLES: Final = (
    "ba", "ber", "cas", "da", "del", "dov", "el", "fer", "gar", "gre", "hal", "in",
    "jan", "ka", "kol", "lan", "lev", "lin", "ma",
    "mir", "mon", "na", "nov", "or", "pa", "pet", "ra", "ric", "ro", "sa",
    "sen", "shev", "so", "ta", "tor", "va", "ver", "vi", "yan", "zo",
)  # fmt: skip
_GIVEN, _FAMILY = 400, 20_000
"""How many given and family names there are. The most common have 5 and 0.7 in 100 people."""
_SHARED_OF: Final = 10
"""One of so many values may be that of later cases, too."""
_ANY_NUMBER: Final = 2**31 - 1
_TABLES: Final = (
    "cases", "case_access", "case_keys", "subjects", "subject_categories", "identifiers", "identifier_subjects", "holdings",
    "registered_values", "matching_queue", "journal_entries", "imported_rows", "import_lines",
)  # fmt: skip


def _exact(chosen: Random, number: int) -> dict[str, str]:
    made = (
        ("email", f"user{number}@mail{chosen.randrange(50)}.example"),
        ("sha256", f"{chosen.getrandbits(256):064x}"),
        ("md5", f"{chosen.getrandbits(128):032x}"),
        ("btc_address", None),
        ("url", f"https://board{number}.example/thread/{number}"),
        ("domain", f"host{number}.example"),
        ("telegram", f"@heron_{number}"),
    )
    kind, value = made[chosen.randrange(7)]
    return {"kind": "session", "value": f"05{chosen.getrandbits(256):064x}"} if value is None else {"kind": kind, "value": value}


def _person(chosen: Random) -> dict[str, Any]:
    name = f"{_name(chosen, _GIVEN, 2)} {_name(chosen, _FAMILY, 3)}"
    born = f"{chosen.randrange(1950, 2005)}-{chosen.randrange(1, 13):02}-{chosen.randrange(1, 28):02}"
    return {"kind": "person", "person": {"names": [{"full": name}], "birth_dates": [born]}}


def _name(chosen: Random, names: int, syllables: int) -> str:
    """Return one of so many names: the first are much more common than the last."""
    rank = int(names * chosen.random() ** 2) * 7919 + 1
    return "".join(_SYLLABLES[rank // len(_SYLLABLES) ** place % len(_SYLLABLES)] for place in range(syllables)).title()


def lines(count: int, persons: float, seed: int = 1) -> Iterator[bytes]:
    """Yield lines of cases. As many values are those of earlier cases at the beginning as at the end."""
    chosen = Random(seed)
    shared = [_exact(chosen, -1)]
    for case in range(count // (IDENTIFIERS + 2)):
        yield _line(type="case", external_id=f"C{case}", reference=f"2026/{case}", title=f"Case {case}", countries=["NL", "FR"])
        yield _line(type="subject", case=f"C{case}", external_id="S1", pseudonym="P1", category="suspect")
        for number in range(IDENTIFIERS):
            about, dice = case * IDENTIFIERS + number, chosen.random()
            link: dict[str, Any] = {}
            if dice < persons:
                item, link = _person(chosen), {"subjects": [{"external_id": "S1"}]}
            elif dice < persons + 0.2:
                item = {"kind": "phone", "value": f"+316{chosen.randrange(10**8):08}"}
            elif chosen.random() < 0.05 / 0.7:
                item = chosen.choice(shared)
            else:
                item = _exact(chosen, about)
                if about % _SHARED_OF == 0:
                    shared.append(item)
            yield _line(type="identifier", case=f"C{case}", external_id=f"I{number}", **item, **link)


def _line(**said: Any) -> bytes:
    return json.dumps(said).encode() + b"\n"


def prepared(folder: Path, postgres: Embedded) -> tuple[Database, dict[str, str]]:
    """Make a database with one client that may register any number of values."""
    environment, _ = demo.prepare(postgres, folder, 0)
    environment |= HIGHEST_QUOTAS
    settings = config.read(environment)
    database = Database.connect(settings, crypto.load_keys(settings.key_file), record)
    home = administration.add_authority(database, {"name": "Police", "type": "police_unit", "country": "NL"})
    administration.add_authority(database, {"name": "Desk", "type": "eurojust_desk", "country": "NL"})
    client = {"issuer": demo_people.ISSUER, "subject": "client", "name": "client", "roles": ["system"], "victim_cleared": False}
    administration.add_person(database, home, client)
    return database, environment


def send(database: Database, file: bytes) -> float:
    """Send a file. Returns the seconds."""
    began = time.perf_counter()
    with database.work(lambda opening: actor_of(opening, demo_people.ISSUER, "client", None), "bench") as work:
        service.receive(work, io.BytesIO(file), "application/x-ndjson", {}, compressed=False)
    return time.perf_counter() - began


def wait_for_nothing() -> None:
    """Have this process store imports however many changes wait to be settled."""
    running._MOST_WAITING = _ANY_NUMBER  # noqa: SLF001 (otherwise an import waits)


def stored(database: Database) -> list[float]:
    """Store what was sent, however many changes wait to be settled. Returns the seconds of each portion."""
    wait_for_nothing()
    seconds = []
    while True:
        began = time.perf_counter()
        if not running.import_once(database):
            return seconds
        seconds.append(time.perf_counter() - began)


def copied(postgres: Embedded) -> float:
    """Copy the rows of the tables into equal ones. Returns the seconds."""
    address, spent = postgres.url("coopapi").replace("postgresql+psycopg2", "postgresql"), 0.0
    with contextlib.closing(psycopg2.connect(address)) as connection, connection.cursor() as cursor:
        for table in _TABLES:
            rows = io.StringIO()
            cursor.copy_expert(f"copy {table} to stdout", rows)
            cursor.execute(f"create table copy_of_{table} (like {table} including all)")
            rows.seek(0)
            began = time.perf_counter()
            cursor.copy_expert(f"copy copy_of_{table} from stdin", rows)
            connection.commit()
            spent += time.perf_counter() - began
    return spent


def spent(database: Database) -> tuple[float, float]:
    """Return the processor time of this process and of its connections to the database, in seconds."""
    with database.engine.connect() as connection:
        pids = connection.exec_driver_sql("select pid from pg_stat_activity where backend_type = 'client backend'").scalars().all()
    ticks = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13] for pid in pids]
    return time.process_time(), sum(int(user) + int(system) for user, system in ticks) / os.sysconf("SC_CLK_TCK")


def profiled(database: Database) -> list[float]:
    profile = cProfile.Profile()
    profile.enable()
    seconds = stored(database)
    profile.disable()
    pstats.Stats(profile).sort_stats("tottime").print_stats(45)
    pstats.Stats(profile).sort_stats("cumtime").print_stats(70)
    return seconds


def measured(folder: Path, asked: argparse.Namespace) -> dict[str, Any]:
    with Embedded(folder) as postgres:
        database, environment = prepared(folder, postgres)
        staged = send(database, b"".join(lines(asked.lines, asked.persons)))
        child = subprocess.Popen([*COMMAND], env={**os.environ, **environment}) if asked.settle else None
        before = spent(database)
        began = time.perf_counter()
        seconds = profiled(database) if asked.profile else stored(database)
        whole = time.perf_counter() - began
        own, theirs = (1e6 * (after - was) / asked.lines for after, was in zip(spent(database), before, strict=True))
        settling = time.perf_counter()
        if child is None:
            worker.work_until_done(database)
        settled = time.perf_counter() - settling
        if child is not None:
            child.terminate()
        tenth = max(1, len(seconds) // 10)
        return {
            "lines": asked.lines,
            "staged": asked.lines / staged,
            "stored": asked.lines / whole,
            "microseconds of the process for a line": own,
            "microseconds of the database for a line": theirs,
            "first tenth": sum(seconds[:tenth]) / tenth,
            "last tenth": sum(seconds[-tenth:]) / tenth,
            "settled": asked.lines / settled,
            "copy": asked.lines / copied(postgres),
            "memory MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=100_000)
    parser.add_argument("--persons", type=float, default=0.1)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--settle", action="store_true")
    asked = parser.parse_args()
    logging.getLogger("coopapi").addHandler(logging.NullHandler())
    with tempfile.TemporaryDirectory(prefix="coopapi-importing-") as made:
        folder = asked.folder or Path(made)
        folder.chmod(0o711)
        print({name: round(said, 3) for name, said in measured(folder, asked).items()})
    return 0


if __name__ == "__main__":
    sys.exit(main())
