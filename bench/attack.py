"""Attack a service on this machine at stated rates and measure what a normal client notices: response times and errors.

    python -m bench attack [--minutes 30] [--quiet-minutes 2] [--most-slower 20]

In the first phase the normal client works alone; in the second every attack runs at its rate. Both phases end by themselves. Five
times a second, the normal client lists its cases, reads one case, registers one identifier and lists the overlaps. The output is
the median and the 99th percentile of its response times in both phases, its errors, and for each attack the stated rate, the rate
that was reached and the answers.

The exit status is 1 if the normal client met an error, if its 99th percentile under attack was more than --most-slower times that
of the quiet phase, or if an attack reached less than nine tenths of its rate, because then the attack was weaker than stated.
"""

import argparse
import itertools
import json
import math
import socket
import statistics
import sys
import tempfile
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import urllib3

from bench.investigations import send, service

PAUSE = 0.2
HALF_OPEN = 200
LEAST_OF_RATE = 0.9
THREADS = 4
"""Threads for each attack, so that one slow answer does not delay the next request."""


@dataclass
class Target:
    """The service under attack and what the attackers have: tokens and cases of two authorities, a hidden case and a client id."""

    url: str
    tokens: tuple[str, str]
    cases: tuple[str, str]
    hidden: str
    client: str
    pool: urllib3.PoolManager = field(default_factory=lambda: urllib3.PoolManager(maxsize=16, retries=False, timeout=60))

    @property
    def token(self) -> str:
        """Return the token of the first authority."""
        return self.tokens[0]

    def post(self, path: str, body: bytes, token: str | None = None, kind: str = "application/json") -> int:
        """Send a body and return the status of the answer."""
        headers = {"Content-Type": kind} | ({"Authorization": f"Bearer {token}"} if token else {})
        return int(self.pool.request("POST", f"{self.url}{path}", body=body, headers=headers).status)


def quotes(target: Target, _: int) -> int:
    """Send a 400 kB string that consists of escaped quotes."""
    return target.post("/api/v1/cases", b'"' + b'\\"' * 200_000, target.token)


def brackets(target: Target, _: int) -> int:
    """Send 3.9 MB of empty lists."""
    return target.post("/api/v1/cases", b"[" + b"[]," * 1_300_000 + b"[]]", target.token)


def namesakes(target: Target, number: int) -> int:
    """Register fifty different persons with one name; another authority's case has fifty with the same name."""
    name, side = word(number // 2), number % 2
    items = [{"kind": "person", "person": {"names": [{"full": name}], "places": [f"Town {side}{n}"]}} for n in range(50)]
    subject = {"pseudonym": f"S{number}-{uuid.uuid4().hex[:8]}", "category": "suspect"}
    case, token = f"/api/v1/cases/{target.cases[side]}", target.tokens[side]
    made = send("POST", f"{target.url}{case}/subjects", token, subject)
    items = [item | {"subjects": [{"id": made[1].get("id")}]} for item in items]
    return target.post(f"{case}/identifiers", json.dumps({"identifiers": items}).encode(), token)


def word(number: int) -> str:
    """Return a given name and a family name that are different for each number."""
    parts = ["".join("bdfgklmnpr"[int(digit)] + "aeiou"[int(digit) % 5] for digit in f"{n:04d}") for n in (number, 9999 - number)]
    return f"{parts[0]} {parts[1]}"


def guesses(target: Target, number: int) -> int:
    """Register twenty guessed phone numbers in a hidden case, until the quota is used up."""
    items = [{"kind": "phone", "value": f"+3161{number * 20 + n:07d}"} for n in range(20)]
    return target.post(f"/api/v1/cases/{target.hidden}/identifiers", json.dumps({"identifiers": items}).encode(), target.token)


def secrets_guessed(target: Target, number: int) -> int:
    """Send a guessed secret of an existing client."""
    form = f"grant_type=client_credentials&client_id={target.client}&client_secret=guess{number}"
    return target.post("/oauth/token", form.encode(), kind="application/x-www-form-urlencoded")


def methods(target: Target, number: int) -> int:
    """Send a request with an unknown HTTP method."""
    return int(target.pool.request(f"MADEUP{number % 500}", f"{target.url}/api/v1/cases").status)


def tokens(target: Target, number: int) -> int:
    """Send a token with a wrong signature."""
    return target.post("/api/v1/cases", b"{}", f"{target.token[:-8]}{number:08d}")


ATTACKS: dict[Callable[[Target, int], int], float] = {
    quotes: 1,
    brackets: 0.5,
    namesakes: 0.2,
    guesses: 0.2,
    secrets_guessed: 10,
    methods: 5,
    tokens: 10,
}
"""The rate of each attack in requests per second."""


class HalfOpen(threading.Thread):
    """Keep connections half open by sending one byte a second.

    Half of them are in the header, half in the body, and half of the latter have no token.
    """

    def __init__(self, url: str, token: str, stop: threading.Event) -> None:
        super().__init__(daemon=True)
        address = urlsplit(url)
        self.address, self.token, self.stop = (str(address.hostname), int(address.port or 80)), token, stop
        self.opened = 0

    def open(self, number: int) -> socket.socket:
        """Open a connection and send the beginning of a request. Every fourth has a body and no token, and is soon refused."""
        made = socket.create_connection(self.address, timeout=10)
        head = "POST /api/v1/cases HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        authorization = f"Authorization: Bearer {self.token}\r\n" if number % 4 != 1 else ""
        made.sendall((head + (f"{authorization}Content-Length: 100000\r\n\r\n" if number % 2 else "")).encode())
        self.opened += 1
        return made

    def run(self) -> None:
        """Keep the connections half open until told to stop."""
        waiting: list[socket.socket | None] = [None] * HALF_OPEN
        while not self.stop.is_set():
            for number, connection in enumerate(waiting):
                try:
                    if connection is None:
                        waiting[number] = self.open(number)
                    else:
                        connection.sendall(b"x")
                except OSError:
                    waiting[number] = None
            self.stop.wait(1)
        for connection in filter(None, waiting):
            with suppress(OSError):
                connection.close()


class Attacker:
    """Send one attack at its rate from several threads and count the answers."""

    def __init__(self, attack: Callable[[Target, int], int], rate: float, target: Target, stop: threading.Event) -> None:
        self.attack, self.rate, self.target, self.stop = attack, rate, target, stop
        self.answers: list[str] = []
        self.numbers = itertools.count()
        self.threads = [threading.Thread(target=self.run, daemon=True) for _ in range(THREADS)]

    def start(self) -> None:
        """Start the threads."""
        self.began = time.monotonic()
        for thread in self.threads:
            thread.start()

    def run(self) -> None:
        """Send each request when it is due, until told to stop."""
        for number in self.numbers:
            if self.stop.wait(max(0.0, self.began + number / self.rate - time.monotonic())):
                return
            try:
                self.answers.append(str(self.attack(self.target, number)))
            except (urllib3.exceptions.HTTPError, OSError) as fault:
                self.answers.append(type(fault).__name__)

    def join(self) -> None:
        """Compute the rate that was reached and wait for the last answers."""
        self.reached = len(self.answers) / (time.monotonic() - self.began)
        for thread in self.threads:
            thread.join(70)


def normal(url: str, token: str, case: str, seconds: float, what: str) -> tuple[list[float], Counter[str]]:
    """Work as a normal client for some seconds; return the milliseconds of each request, and the errors."""
    api = f"{url}/api/v1"
    times: list[float] = []
    errors: Counter[str] = Counter()
    ends, number = time.monotonic() + seconds, 0
    while time.monotonic() < ends:
        new = {"identifiers": [{"kind": "email", "value": f"{what}{number}-{uuid.uuid4().hex[:6]}@example.org"}]}
        asked: list[tuple[str, str, Any]] = [
            ("GET", f"{api}/cases", None), ("GET", f"{api}/cases/{case}", None), ("GET", f"{url}/healthz", None),
            ("POST", f"{api}/cases/{case}/identifiers", new), ("GET", f"{api}/cases/{case}/overlaps", None),
        ]  # fmt: skip
        for method, path, body in asked:
            began = time.perf_counter()
            try:
                status, _ = send(method, path, token, body)
            except (urllib3.exceptions.HTTPError, OSError) as fault:
                errors[type(fault).__name__] += 1
                continue
            times.append((time.perf_counter() - began) * 1000)
            if status >= 400:
                errors[f"{method} {status}"] += 1
            time.sleep(PAUSE / len(asked))
        number += 1
        left = ends - time.monotonic()
        print(f"\r{what}: {len(times)} requests, {errors.total()} errors, {left:4.0f} s left ", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return times, errors


def prepare(url: str, tokens_: dict[str, str], client: str) -> tuple[Target, str]:
    def case(name: str, **more: Any) -> str:
        body = {"reference": uuid.uuid4().hex, "title": "Attack", **more}
        status, made = send("POST", f"{url}/api/v1/cases", tokens_[name], body)
        assert status == 201, made
        return str(made["id"])

    hidden = case("eset", visibility="hidden", visibility_reason="covert")
    pair = (case("eset"), case("unit42"))
    return Target(url, (tokens_["eset"], tokens_["unit42"]), pair, hidden, client), case("unit42")


def say(what: str, times: list[float], errors: Counter[str]) -> tuple[float, float]:
    p50, p99 = (statistics.median(times), statistics.quantiles(times, n=100)[98]) if len(times) > 1 else (math.inf, math.inf)
    print(f"{what}: {len(times)} requests, p50 {p50:.1f} ms, p99 {p99:.1f} ms, {errors.total()} errors {dict(errors) or ''}")
    return p50, p99


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--quiet-minutes", type=float, default=2)
    parser.add_argument("--most-slower", type=float, default=20, help="the largest ratio of both 99th percentiles that passes")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="coopapi-bench-") as place:
        Path(place).chmod(0o711)
        with service(Path(place)) as (url, tokens_, _, client):
            target, case = prepare(url, tokens_, client)
            alone = normal(url, tokens_["unit42"], case, wanted.quiet_minutes * 60, "alone")
            stop = threading.Event()
            attackers = [Attacker(attack, rate, target, stop) for attack, rate in ATTACKS.items()]
            half_open = HalfOpen(url, target.token, stop)
            for one in (half_open, *attackers):
                one.start()
            attacked = normal(url, tokens_["unit42"], case, wanted.minutes * 60, "attacked")
            stop.set()
            for one in (half_open, *attackers):
                one.join()
    quiet, loud = say("alone", *alone), say("under attack", *attacked)
    return verdict(quiet, loud, attacked[1], attackers, half_open, wanted.most_slower)


def verdict(  # noqa: PLR0913, PLR0917 (all that was measured)
    quiet: tuple[float, float],
    loud: tuple[float, float],
    errors: Counter[str],
    attackers: list[Attacker],
    half_open: HalfOpen,
    most_slower: float,
) -> int:
    slower = loud[1] / quiet[1]
    print(f"ratios: p50 {loud[0] / quiet[0]:.1f}, p99 {slower:.1f}; {half_open.opened} half-open connections made")
    for attacker in attackers:
        explained = (attacker.attack.__doc__ or "").rstrip(".")
        print(f"{explained}, {attacker.rate}/s stated, {attacker.reached:.2f}/s reached: {dict(Counter(attacker.answers))}")
    weak = [attacker.attack.__name__ for attacker in attackers if attacker.reached < LEAST_OF_RATE * attacker.rate]
    faults = {
        f"the normal client met {errors.total()} errors": errors.total() > 0,
        f"its 99th percentile is more than {most_slower:g} times that of the quiet phase": not slower <= most_slower,
        f"less than its rate was reached by {', '.join(weak)}": bool(weak),
    }
    for text in (text for text, holds in faults.items() if holds):
        print(f"FAILED: {text}")
    return int(any(faults.values()))


if __name__ == "__main__":
    sys.exit(main())
