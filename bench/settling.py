"""Measure how soon the worker shows overlaps, and whether it misses any.

    python -m bench settling [--identifiers 10000] [--folder FOLDER] [--seconds 10] [--rates 0 100 300] [--holders 1000]
                             [--shared 300] [--pairs 10000]

A service runs on a copy of a synthetic register (`python -m bench seed`), which is kept in FOLDER. A delay is the time from the
answer to a registration until the database shows its effect to all readers. These are measured:

- the delay of a single overlap while clients register at each of the rates, with a tenth of hits; 0 is an idle service;
- what registering a value takes and how soon it is settled, for the 2nd, 21st, 51st ... holder of one value;
- the delay of an overlap whose cases share hundreds of values, registered in one request;
- for many pairs of cases, whether the overlap is found if both register a value at the same moment.

The figures are written to bench/results/ as JSON, with the commit. The exit status is 1 if an overlap was missed.
"""

import argparse
import contextlib
import itertools
import logging
import statistics
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

from bench.seed import Seeded
from bench.speed import Client, email, opened, percentile, running, say, write

PROBES_APART: Final = 0.1
SIDE: Final = 40
"""How many cases each side of the probes and of the load has, so that each hit makes another pair of cases meet."""
HITS: Final = 10
"""One in so many registrations under load is a hit."""
THREADS: Final = 8
PATIENCE: Final = 120
_OVERLAP: Final = """
    select exists (select from case_overlaps where case_a = least(%s, %s)::uuid and case_b = greatest(%s, %s)::uuid
                   and least(shared_a, shared_b) >= %s)
"""
_SETTLED: Final = "select not exists (select from matching_queue where case_id = %s) and not exists (select from pairs_due)"


class Bench:
    """A running service, two authorities that register in it, and a connection that looks at what was committed."""

    def __init__(self, seeded: Seeded, url: str, side: int = SIDE) -> None:
        self.url, self.tokens, self.side = url, seeded.tokens, side
        self.connection = seeded.connect()
        self.connection.autocommit = True
        self.run = f"settling{time.time_ns():x}"
        self.numbers = itertools.count()

    def client(self, home: int) -> contextlib.closing[Client]:
        """Open a connection of one of the two authorities for a while. The service closes connections that are idle."""
        return contextlib.closing(Client(self.url, self.tokens[home]))

    def close(self) -> None:
        """Close the connection to the database."""
        self.connection.close()

    def cases(self, home: int, count: int) -> list[str]:
        """Open cases of one of the two authorities and return their ids."""
        bodies = ({"reference": f"{self.run}-{next(self.numbers)}", "title": "A case"} for _ in range(count))
        with self.client(home) as client:
            return [client.ask("POST", "/api/v1/cases", body)["id"] for body in bodies]

    def value(self) -> dict[str, str]:
        """Return a value that nobody holds."""
        return email(self.run, next(self.numbers))

    def until(self, query: str, values: Sequence[Any], patience: float = PATIENCE) -> float:
        """Ask the database until a query says true, and return the milliseconds. Raises `TimeoutError` after `patience` seconds."""
        began = time.perf_counter()
        with self.connection.cursor() as cursor:
            while True:
                cursor.execute(query, values)
                taken = time.perf_counter() - began
                if cursor.fetchone()[0]:
                    return taken * 1000
                if taken > patience:
                    raise TimeoutError(query)
                time.sleep(0.001)

    def met(self, a: str, b: str, shared: int = 1) -> float:
        """Wait until the overlap of two cases shows so many shared values; return the milliseconds."""
        return self.until(_OVERLAP, [a, b, a, b, shared])

    def settled(self, case: str) -> float:
        """Wait until all that a case changed is settled; return the milliseconds."""
        return self.until(_SETTLED, [case])


def register(client: Client, case: str, *items: dict[str, str]) -> None:
    """Register identifiers."""
    client.ask("POST", f"/api/v1/cases/{case}/identifiers", {"identifiers": list(items)})


@contextlib.contextmanager
def load(bench: Bench, rate: float) -> Iterator[list[float]]:
    """Register single values at a rate, a tenth of them hits, and yield the list of the times of their answers."""
    times: list[float] = []
    if not rate:
        yield times
        return
    side = bench.side
    held, own = bench.cases(1, side), bench.cases(0, side)
    stop, turns, began = threading.Event(), itertools.count(), time.perf_counter()
    values = [bench.value() for _ in range(side * side)]
    with bench.client(1) as partner:
        for at, case in enumerate(held):
            register(partner, case, *values[at * side : (at + 1) * side])

    def run() -> None:
        with bench.client(0) as client:
            for turn in turns:
                if stop.wait(max(0.0, began + turn / rate - time.perf_counter())):
                    return
                hit = turn // HITS % len(values)
                item = values[hit] if turn % HITS == 0 else bench.value()
                register(client, own[hit % side], item)
                times.append(time.perf_counter())

    began = time.perf_counter()
    with ThreadPoolExecutor(THREADS) as pool:
        running = [pool.submit(run) for _ in range(THREADS)]
        try:
            yield times
        finally:
            stop.set()
    for one in running:
        one.result()


def delays(bench: Bench, rate: float, seconds: float) -> dict[str, Any]:
    """Return the delays of overlaps while others register at a rate, and the rate that was reached."""
    left, right = bench.cases(0, bench.side), bench.cases(1, bench.side)
    pairs, found = itertools.product(left, right), []
    with load(bench, rate) as answered, bench.client(0) as one, bench.client(1) as other:
        ends = time.perf_counter() + seconds
        began = time.perf_counter()
        while not found or time.perf_counter() < ends:
            (a, b), value = next(pairs), bench.value()
            register(one, a, value)
            time.sleep(PROBES_APART)
            register(other, b, value)
            found.append(bench.met(a, b))
        reached = len(answered) / (time.perf_counter() - began)
    return {"asked": rate, "reached": reached, "p50": statistics.median(found), "p99": percentile(found, 0.99), "delays": found}


def holders(bench: Bench, count: int) -> dict[str, dict[str, float]]:
    """Register one value in many cases. Returns, for some holders, the milliseconds of the answer and until it was settled."""
    value, told = bench.value(), {}
    for number, case in enumerate(bench.cases(0, count), 1):
        with bench.client(0) as client:
            began = time.perf_counter()
            register(client, case, value)
        answer = (time.perf_counter() - began) * 1000
        if number in {2, 21, 50, 51, 52, 100, count}:
            told[str(number)] = {"answer": answer, "settled": bench.settled(case)}
            say(f"holder {number} of {count}")
    return told


def sharing(bench: Bench, shared: int, times: int = 5) -> list[float]:
    """Return the delays of overlaps whose cases share many values that were registered in one request."""
    found = []
    for a, b in zip(bench.cases(0, times), bench.cases(1, times), strict=True):
        values = [bench.value() for _ in range(shared)]
        with bench.client(0) as one, bench.client(1) as other:
            register(one, a, *values)
            bench.settled(a)
            register(other, b, *values)
        found.append(bench.met(a, b, shared))
    return found


def races(bench: Bench, pairs: int) -> dict[str, int]:
    """Have two cases register the same value at the same moment, for many pairs of cases; return how many overlaps were missed."""
    side = max(1, round(pairs**0.5))
    every = list(itertools.product(bench.cases(0, side), bench.cases(1, side)))
    values = [bench.value() for _ in every]
    start = threading.Barrier(2)

    def run(home: int) -> None:
        with bench.client(home) as client:
            for number, (pair, value) in enumerate(zip(every, values, strict=True)):
                start.wait(PATIENCE)
                register(client, pair[home], value)
                if home == 0 and number % 100 == 0:
                    say(f"pair {number} of {len(every)}")

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(run, (0, 1)))
    bench.until("select not exists (select from matching_queue) and not exists (select from pairs_due)", [])
    with bench.connection.cursor() as cursor:
        cursor.execute(
            "select count(*) from unnest(%s::uuid[], %s::uuid[]) p (a, b) where exists (select from case_overlaps o"
            " where o.case_a = least(p.a, p.b) and o.case_b = greatest(p.a, p.b) and o.shared_a = 1 and o.shared_b = 1)",
            [[a for a, _ in every], [b for _, b in every]],
        )
        found = cursor.fetchone()[0]
    return {"pairs": len(every), "missed": len(every) - found}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--identifiers", type=int, default=10_000)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rates", type=float, nargs="*", default=[0, 100, 300])
    parser.add_argument("--holders", type=int, default=1000)
    parser.add_argument("--shared", type=int, default=300)
    parser.add_argument("--pairs", type=int, default=10_000)
    asked = parser.parse_args()
    logging.getLogger("coopapi").addHandler(logging.NullHandler())
    with opened([asked.identifiers], asked.folder) as registers, running(registers) as services:
        (service,) = services.values()
        with contextlib.closing(Bench(service.register, service.url)) as bench:
            told = settle(bench, asked)
    tell(told)
    print(f"written to {write('settling', told)}")
    return int(told["races"]["missed"] > 0)


def settle(bench: Bench, asked: argparse.Namespace) -> dict[str, Any]:
    """Run all measurements."""
    return {
        "identifiers": asked.identifiers,
        "delays": [delays(bench, rate, asked.seconds) for rate in asked.rates],
        "sharing": {"values": asked.shared, "delays": sharing(bench, asked.shared)},
        "holders": holders(bench, asked.holders),
        "races": races(bench, asked.pairs),
    }


def tell(told: dict[str, Any]) -> None:
    say("")
    print()
    for row in told["delays"]:
        rate = f"{row['asked']:.0f}/s asked, {row['reached']:.0f}/s reached" if row["asked"] else "idle"
        print(f"an overlap is seen after {row['p50']:.0f} ms (p50), {row['p99']:.0f} ms (p99), {len(row['delays'])} times: {rate}")
    print(f"{told['sharing']['values']} shared values in one request: {statistics.median(told['sharing']['delays']):.0f} ms (p50)")
    for number, row in told["holders"].items():
        print(f"holder {number} of a value: answered in {row['answer']:.0f} ms, settled {row['settled']:.0f} ms later")
    print(f"{told['races']['pairs']} pairs registered the same value at the same moment, {told['races']['missed']} overlaps missed")


if __name__ == "__main__":
    sys.exit(main())
