"""Kill the worker at random moments while clients register, and count what was lost or done twice.

    python -m bench killing [--identifiers 10000] [--folder FOLDER] [--kills 50]
    python -m bench killing --imports [--folder FOLDER] [--kills 50]

A service without a worker runs on a copy of a synthetic register (`python -m bench seed`), which is kept in FOLDER, beside one
`coopapi worker`. Two clients of different authorities register the same values in pairs of cases, each pair once. Meanwhile the
worker is killed with SIGKILL at a random moment after it has begun to work, and started again, as often as asked. At the end a
last worker finishes, and these are counted:

- pairs without their overlap (lost), and overlaps that count more than the one value (doubled);
- sides that were not told exactly once that the overlap was found;
- differences between what is stored and a complete recomputation (`coopapi reconcile`).

With --imports, files are imported, and each process of the register is killed as often: the web server, the worker, the two
processes of imports, and the database (`killing_imports`). Lines, rows, reports, entries of the journal and overlaps are counted.

The figures are written to bench/results/ as JSON, with the commit. The exit status is 1 if anything was lost or doubled.
"""

import argparse
import contextlib
import itertools
import logging
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

from bench import killing_imports
from bench.growing import WORKER, service
from bench.seed import Seeded
from bench.settling import Bench, register
from bench.speed import opened, say, write
from coopapi import config
from coopapi.journal.service import record
from coopapi.ops import administration
from coopapi.store import crypto
from coopapi.store.db import Database

SIDE: Final = 150
"""How many cases each authority has. Each pair of them meets once."""
LONGEST: Final = 0.5
"""The most seconds for which a worker works before it is killed."""
DRAINED: Final = 1800
"""The most seconds for the last worker, which has to do all that the killed ones left."""
_DONE: Final = "select not exists (select from matching_queue) and not exists (select from pairs_due)"
_BEGUN: Final = "select exists (select from pg_stat_activity where strpos(query, 'priv.waiting') > 0 and pid <> pg_backend_pid())"
_AT_WORK: Final = "select exists (select from pg_locks where locktype = 'advisory' and granted)"
_COUNTED: Final = """
    with pair as (select least(a, b) a, greatest(a, b) b from unnest(%s::uuid[], %s::uuid[]) p (a, b)),
    met as (select o.id, o.authority_a, o.authority_b, o.shared_a, o.shared_b
            from pair p left join case_overlaps o on o.case_a = p.a and o.case_b = p.b),
    side as (select m.id, s.authority_id from met m, unnest(array[m.authority_a, m.authority_b]) s (authority_id)),
    told as (select s.id, (select count(*) from journal_entries j where j.authority_id = s.authority_id and j.object_id = s.id
                           and j.action in ('overlap.detected', 'overlap.changed')) as times from side s)
    select count(*), count(*) filter (where id is null), count(*) filter (where (shared_a, shared_b) <> (1, 1)),
           (select count(*) from told where times <> 1)
    from met
"""


def killed(bench: Bench, environment: dict[str, str], kills: int) -> int:
    """Start and kill workers, and let a last one finish. Returns how many of them were killed in a transaction."""
    chosen, inside = random.Random(1), 0
    for number in range(kills):
        say(f"kill {number + 1} of {kills}")
        running = subprocess.Popen(WORKER, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        bench.until(_BEGUN, ())
        time.sleep(chosen.uniform(0, LONGEST))
        with bench.connection.cursor() as cursor:
            cursor.execute(_AT_WORK)
            inside += cursor.fetchone()[0]
        running.kill()
        running.wait()
    return inside


@contextlib.contextmanager
def registrations(bench: Bench) -> Iterator[list[tuple[str, str]]]:
    """Register the same value in both cases of pairs, one pair after the other. Yields the list of the pairs done so far."""
    every = itertools.product(bench.cases(0, SIDE), bench.cases(1, SIDE))
    done: list[tuple[str, str]] = []
    stop = threading.Event()

    def run() -> None:
        with bench.client(0) as one, bench.client(1) as other:
            for a, b in every:
                value = bench.value()
                register(one, a, value)
                register(other, b, value)
                done.append((a, b))
                if stop.is_set():
                    return
        raise RuntimeError("there are not enough pairs for this many kills")

    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(run)
        try:
            yield done
        finally:
            stop.set()
            running.result()


def measured(register_: Seeded, url: str, kills: int) -> dict[str, Any]:
    """Run the whole and return what was counted."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("COOPAPI_")} | dict(register_.environment)
    with contextlib.closing(Bench(register_, url, SIDE)) as bench:
        with registrations(bench) as done:
            inside = killed(bench, environment, kills)
        last = subprocess.Popen(WORKER, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            drained = bench.until(_DONE, (), DRAINED)
        finally:
            last.terminate()
            last.wait()
        with bench.connection.cursor() as cursor:
            cursor.execute(_COUNTED, [[a for a, _ in done], [b for _, b in done]])
            pairs, lost, doubled, untold = cursor.fetchone()
    settings = config.read(environment)
    database = Database.connect(settings, crypto.load_keys(settings.key_file), record)
    differences = administration.reconcile(database, repair=False)
    database.engine.dispose()
    found = {"pairs": pairs, "lost": lost, "doubled": doubled, "not told once": untold, "differences": differences}
    return {"kills": kills, "in a transaction": inside, "seconds of the last worker": drained / 1000, **found}


def imports(folder: Path | None, kills: int) -> int:
    """Kill the processes of the register in running imports, and write what was counted."""
    with tempfile.TemporaryDirectory(prefix="coopapi-killing-") as made:
        place = folder or Path(made)
        place.mkdir(parents=True, exist_ok=True)
        place.chmod(0o711)
        told = killing_imports.measured(place, kills)
    say("")
    print(told)
    print(f"written to {write('killing-imports', told)}")
    return int(any(told["wrong"].values()))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--identifiers", type=int, default=10_000)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--imports", action="store_true")
    asked = parser.parse_args()
    logging.getLogger("coopapi").addHandler(logging.NullHandler())
    if asked.imports:
        return imports(asked.folder, asked.kills)
    with opened([asked.identifiers], asked.folder) as registers:
        (seeded,) = registers.values()
        with seeded.copied() as copy, service(copy, "killing", COOPAPI_WORKER="off") as url:
            told = measured(copy, url, asked.kills)
    say("")
    print(told)
    print(f"written to {write('killing', told)}")
    return int(bool(told["lost"] or told["doubled"] or told["not told once"] or any(told["differences"].values())))


if __name__ == "__main__":
    sys.exit(main())
