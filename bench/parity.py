"""Measure what response times tell: a registration with a match or without, a hidden case or one that does not exist.

    python -m bench parity [--times 10000] [--waits 1000] [--series 3] [--connections 4] [--only TEXT]

The attacker sends both kinds of request in random order, first over one connection and then over several at once, which is also
the load. A fifth of --times are persons. Each series prints both medians and three probabilities that somebody who sees one time of
each kind tells correctly which is which (0.5 tells nothing; computed from the Mann-Whitney statistic): as measured, with the labels
shuffled as a control, and with 0.2 ms added to each time of the first kind, which the attack should find. A time is compared by its
difference from the median of those around it.

The exit status is 1 if a measured series is not between 0.485 and 0.515. Smaller series: 0.45 to 0.55.
"""

import argparse
import json
import multiprocessing
import random
import statistics
import sys
import tempfile
import time
import uuid
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import urllib3

from bench.investigations import send, service
from bench.seed import HIGHEST_QUOTAS

AROUND = 50
"""How many times around one are looked at for their median."""
PLANTED = 0.2
"""Milliseconds that the attack should find."""
LEAST_PAIRS_FOR_NARROW = 5000
"""Smaller series may differ more from a coin by chance."""

Item = Callable[[int, str], dict[str, Any]]


@dataclass(frozen=True)
class Request:
    """A request that the attacker sends: the body is made before the time is taken."""

    method: str
    url: str
    body: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)


Pair = tuple[Request, Request]


def take(pairs: list[Pair]) -> tuple[list[tuple[float, bool]], Counter[str]]:
    """Send pairs on one connection, each in random order. Return the time and kind of each, in ms, and the answers."""
    pool = urllib3.PoolManager(maxsize=1, retries=False)
    taken: list[tuple[float, bool]] = []
    answers: Counter[str] = Counter()
    for pair in pairs:
        for first in random.sample([True, False], 2):
            asked = pair[not first]
            began = time.perf_counter()
            answer = pool.request(asked.method, asked.url, body=asked.body, headers=asked.headers)
            taken.append(((time.perf_counter() - began) * 1000, first))
            answers[f"{answer.status} {answer.headers.get('Preference-Applied', '')}".strip()] += 1
    return taken, answers


def leveled(taken: list[tuple[float, bool]]) -> Iterator[tuple[float, bool]]:
    """Yield the difference of each time from the median of those around it, because a machine is slow and fast by turns."""
    for start in range(0, len(taken), AROUND):
        part = taken[start : start + AROUND]
        middle = statistics.median(took for took, _ in part)
        yield from ((took - middle, first) for took, first in part)


def told_apart(times: list[tuple[float, bool]]) -> float:
    """Return the probability that a time of the first kind is longer than one of the second."""
    one = [took for took, first in times if first]
    ranked = sorted(took for took, first in times if not first)
    above = sum(bisect_left(ranked, took) + bisect_right(ranked, took) for took in one)
    return above / 2 / len(one) / len(ranked)


@dataclass
class Series:
    """What one series of an attack tells."""

    what: str
    taken: list[list[tuple[float, bool]]]
    answers: Counter[str]

    def __post_init__(self) -> None:
        times = list(chain.from_iterable(map(leveled, self.taken)))
        labels = random.sample([first for _, first in times], len(times))
        self.pairs = len(times) // 2
        self.measured = told_apart(times)
        self.shuffled = told_apart([(took, first) for (took, _), first in zip(times, labels, strict=True)])
        self.planted = told_apart([(took + PLANTED * first, first) for took, first in times])

    @property
    def tells(self) -> bool:
        """Whether the times tell more than a coin."""
        return abs(self.measured - 0.5) > (0.015 if self.pairs >= LEAST_PAIRS_FOR_NARROW else 0.05)

    def __str__(self) -> str:
        medians = (statistics.median(took for took, kind in chain(*self.taken) if kind is first) for first in (True, False))
        return (
            f"{self.what}: {' and '.join(f'{m:.2f}' for m in medians)} ms, {self.pairs} pairs, told apart {self.measured:.3f}, "
            f"shuffled {self.shuffled:.3f}, with {PLANTED} ms planted {self.planted:.3f}, answers {dict(self.answers)}"
        )


def attack(what: str, connections: list[list[Pair]]) -> Series:
    """Send the pairs of each connection in a process of its own, all at once."""
    with multiprocessing.get_context("fork").Pool(len(connections)) as pool:
        found = pool.map(take, connections, chunksize=1)
    series = Series(what, [taken for taken, _ in found], sum((answers for _, answers in found), Counter()))
    print(series, flush=True)
    return series


def email(number: int, side: str) -> dict[str, Any]:
    return {"kind": "email", "value": f"{side}{number}@example.org"}


def person(number: int, side: str) -> dict[str, Any]:
    """Return a fictitious person with a unique word and date. Each of two family names is as often held as it is free."""
    word = "".join("bdfgklmnpr"[int(digit)] + "aeiou"[int(digit) % 5] for digit in f"{number:05d}")
    born = f"{1930 + number % 70}-0{number % 9 + 1}-11"
    family = ("Verholt", "Quambusch")[(side == "held") ^ number // 2 % 2]
    return {"kind": "person", "person": {"names": [{"full": f"{word} {family}"}], "birth_dates": [born]}}


class Place:
    """The service under attack: the attacker, and another authority that holds what half of the requests name."""

    def __init__(self, url: str, tokens: dict[str, str]) -> None:
        self.cases = f"{url}/api/v1/cases"
        self.tokens = tokens
        self.used = 0

    def case(self, who: str, **more: str) -> tuple[str, str]:
        """Return the URL of a new case and the id of a subject in it."""
        body = {"reference": uuid.uuid4().hex, "title": "Parity", **more}
        home = f"{self.cases}/{self.sent('POST', self.cases, who, body)['id']}"
        return home, self.sent("POST", f"{home}/subjects", who, {"pseudonym": "S", "category": "suspect"})["id"]

    def sent(self, method: str, url: str, who: str, body: Any = None) -> Any:
        """Return what the service answers to a request that must succeed."""
        status, answer = send(method, url, self.tokens[who], body)
        assert status in {200, 201}, str(answer)[:500]
        return answer

    def registrations(self, item: Item, times: int, connections: int, prefer: str = "", **held_in: str) -> list[list[Pair]]:
        """Let the other authority hold new values, and return requests that register what it holds, and what nobody holds."""
        numbers = range(self.used, self.used + times)
        self.used += times
        home, subject = self.case("unit42", **held_in)
        for start in range(0, times, 50):
            items = [item(n, "held") | {"subjects": [{"id": subject}]} for n in numbers[start : start + 50]]
            self.sent("POST", f"{home}/identifiers", "unit42", {"identifiers": items})
        self.settled(home)
        headers = self.headers("eset") | ({"Prefer": prefer} if prefer else {})

        def pairs(numbers: range) -> list[Pair]:
            home, subject = self.case("eset")

            def request(number: int, side: str) -> Request:
                linked = {"subjects": [{"id": subject}]} if item is person else {}  # a value alone is registered another way
                body = {"identifiers": [item(number, side) | linked]}
                return Request("POST", f"{home}/identifiers", json.dumps(body).encode(), headers)

            return [(request(n, "held"), request(n, "free")) for n in numbers]

        return [pairs(numbers[start::connections]) for start in range(connections)]

    def settled(self, home: str) -> None:
        """Wait until what was registered in a case is settled."""
        while not self.sent("GET", f"{home}/overlaps", "unit42")["settled"]:
            pass

    def headers(self, who: str) -> dict[str, str]:
        """Return the headers of somebody's requests."""
        return {"Authorization": f"Bearer {self.tokens[who]}", "Content-Type": "application/json"}

    def hidden_cases(self, times: int, connections: int) -> list[list[Pair]]:
        """Return requests for a case that its owner hides, and for one that does not exist."""
        hidden, _ = self.case("unit42", visibility="hidden")
        absent = f"{self.cases}/{uuid.UUID(int=uuid.UUID(hidden.rsplit('/', 1)[1]).int ^ 1)}"
        pair = tuple(Request("GET", url, None, self.headers("eset")) for url in (hidden, absent))
        return [[pair] * (times // connections)] * connections  # type: ignore[list-item]


def attacks(place: Place, asked: argparse.Namespace) -> Iterator[tuple[str, Callable[[], list[list[Pair]]]]]:
    """Yield each attack and what makes its requests."""
    hidden = {"prefer": "wait=5", "visibility": "hidden", "visibility_reason": "Undercover"}
    for connections in (1, asked.connections):
        at = f"{connections} at once"
        yield f"an address that others hold, {at}", partial(place.registrations, email, asked.times, connections)
        yield f"a person whom others hold, {at}", partial(place.registrations, person, asked.times // 5, connections)
        yield f"a case that is hidden, {at}", partial(place.hidden_cases, asked.times, connections)
    yield "an address in a hidden case, waiting, 2 at once", partial(place.registrations, email, asked.waits, 2, **hidden)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=10_000)
    parser.add_argument("--waits", type=int, default=1000)
    parser.add_argument("--series", type=int, default=3)
    parser.add_argument("--connections", type=int, default=4)
    parser.add_argument("--only", default="", help="measure only attacks whose description contains this text")
    asked = parser.parse_args()
    if not any(asked.only in what for what, _ in attacks(Place("", {}), asked)):
        parser.error("no attack has a description with the text of --only; try 'others hold', 'hidden' or 'waiting'")
    with tempfile.TemporaryDirectory(prefix="coopapi-bench-") as folder:
        Path(folder).chmod(0o711)
        with service(Path(folder), **HIGHEST_QUOTAS) as (url, tokens, *_):
            place = Place(url, tokens)
            attack("warming up", place.registrations(email, 200, asked.connections))
            chosen = [(what, made) for what, made in attacks(place, asked) if asked.only in what]
            found = [attack(what, made()) for what, made in chosen for _ in range(asked.series)]
    return int(any(series.tells for series in found))


if __name__ == "__main__":
    sys.exit(main())
