"""Measure what response times reveal: a registration with a match or without, a hidden case or one that does not exist.

    python -m bench.parity [--times 1000]

Each pair of requests is sent on one connection in random order. The output is both medians, and the probability that somebody who
sees one response time of each kind tells correctly which is which (0.5 reveals nothing; computed from the Mann-Whitney statistic).
"""

import argparse
import random
import statistics
import sys
import tempfile
import time
import uuid
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.investigations import send, service

Ask = Callable[[int], Any]


def timed(ask: Ask, number: int) -> float:
    began = time.perf_counter()
    ask(number)
    return (time.perf_counter() - began) * 1000


def alternate(times: int, one: Ask, other: Ask) -> tuple[list[float], list[float]]:
    """Return the milliseconds of both requests, sent in random order. The first tenth warms up and is not counted."""
    taken: dict[Ask, list[float]] = {one: [], other: []}
    for number in range(times + times // 10):
        for ask in random.sample([one, other], 2):
            took = timed(ask, number)
            if number >= times // 10:
                taken[ask].append(took)
        if number % 100 == 0:
            print(f"\r{number}/{times}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return taken[one], taken[other]


def told_apart(one: list[float], other: list[float]) -> float:
    """Return the probability that a time of `one` is longer than a time of `other`."""
    ranked = sorted(other)
    above = sum(bisect_left(ranked, took) + bisect_right(ranked, took) for took in one)
    return above / 2 / len(one) / len(other)


def report(what: str, one: list[float], other: list[float]) -> None:
    print(f"{what}: {statistics.median(one):.2f} ms and {statistics.median(other):.2f} ms, told apart {told_apart(one, other):.3f}")


def person(number: int, side: str) -> dict[str, Any]:
    """Return a fictitious person with a unique word and date; the family name is different for `held` and `free`."""
    word = "".join("bdfgklmnpr"[int(digit)] + "aeiou"[int(digit) % 5] for digit in f"{number:04d}")
    born = f"{1930 + number % 70}-0{number % 9 + 1}-11"
    family = {"held": "Verholt", "free": "Quambusch"}[side]
    return {"kind": "person", "person": {"names": [{"full": f"{word} {family}"}], "birth_dates": [born]}}


def registrations(url: str, tokens: dict[str, str], item: Callable[[int, str], dict[str, Any]], times: int) -> None:
    """Measure registrations: one registers what the other authority holds, the other what no authority holds."""
    cases = f"{url}/api/v1/cases"
    new = {"reference": uuid.uuid4().hex, "title": "Parity"}
    homes = {name: f"{cases}/{send('POST', cases, token, new)[1]['id']}" for name, token in tokens.items()}

    one = {"pseudonym": "S", "category": "suspect"}
    subjects = {name: send("POST", f"{homes[name]}/subjects", token, one)[1]["id"] for name, token in tokens.items()}

    def add(name: str, items: list[dict[str, Any]]) -> None:
        body = {"identifiers": [found | {"subjects": [{"id": subjects[name]}]} for found in items]}
        status, answer = send("POST", f"{homes[name]}/identifiers", tokens[name], body)
        assert status == 201, str(answer)[:500]

    held = [item(number, "held") for number in range(times + times // 10)]
    for start in range(0, len(held), 500):
        add("unit42", held[start : start + 500])
    taken = alternate(times, lambda n: add("eset", [item(n, "held")]), lambda n: add("eset", [item(n, "free")]))
    report(f"registration of one {held[0]['kind']}, hit and no hit", *taken)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=1000)
    times = parser.parse_args().times
    with tempfile.TemporaryDirectory(prefix="coopapi-bench-") as place:
        Path(place).chmod(0o711)
        with service(Path(place)) as (url, tokens, *_):
            registrations(url, tokens, lambda n, side: {"kind": "email", "value": f"{side}{n}@example.org"}, times)
            registrations(url, tokens, person, times)
            theirs = send("POST", f"{url}/api/v1/cases", tokens["unit42"], {"reference": "P", "title": "Hidden"})[1]["id"]
            hidden = f"{url}/api/v1/cases/{theirs}"
            absent = f"{url}/api/v1/cases/{uuid.UUID(int=uuid.UUID(theirs).int ^ 1)}"
            taken = alternate(times, lambda _: send("GET", hidden, tokens["eset"]), lambda _: send("GET", absent, tokens["eset"]))
            report("a case that is hidden and one that is not there", *taken)


if __name__ == "__main__":
    main()
