"""Attack a service on this machine at stated rates, with a normal client beside it: its times and its errors.

    python -m bench attack [--minutes 30] [--quiet-minutes 2]

First the normal client works alone, then while every attack runs at its rate; all of it ends by itself. The normal client reads its
cases, reads one case, registers one identifier and asks for the overlaps, one after the other, five times a second. Printed: the
median and the 99th percentile of its times in both phases, its errors, and what each attack was answered.
"""

import argparse
import json
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


@dataclass
class Target:
    """The service under attack, and what an attacker has: the token of a machine client and a case of its own."""

    url: str
    token: str
    case: str
    hidden: str
    pool: urllib3.PoolManager = field(default_factory=lambda: urllib3.PoolManager(maxsize=16, retries=False, timeout=60))

    def post(self, path: str, body: bytes, token: str | None = None, kind: str = "application/json") -> int:
        """Send a body and return the status of the answer."""
        headers = {"Content-Type": kind} | ({"Authorization": f"Bearer {token}"} if token else {})
        return int(self.pool.request("POST", f"{self.url}{path}", body=body, headers=headers).status)


def quotes(target: Target, _: int) -> int:
    """A string of 400 kB that consists of escaped quotes."""
    return target.post("/api/v1/cases", b'"' + b'\\"' * 200_000, target.token)


def brackets(target: Target, _: int) -> int:
    """3.9 MB of empty lists."""
    return target.post("/api/v1/cases", b"[" + b"[]," * 1_300_000 + b"[]]", target.token)


def namesakes(target: Target, number: int) -> int:
    """Fifty persons of one name."""
    person = {"kind": "person", "person": {"names": [{"full": "Jan de Vries"}]}}
    subject = {"pseudonym": f"S{number}-{uuid.uuid4().hex[:8]}", "category": "suspect"}
    made = send("POST", f"{target.url}/api/v1/cases/{target.case}/subjects", target.token, subject)
    items = [person | {"subject_id": made[1].get("id")} for _ in range(50)]
    return target.post(f"/api/v1/cases/{target.case}/identifiers", json.dumps({"identifiers": items}).encode(), target.token)


def guesses(target: Target, number: int) -> int:
    """A thousand guessed phone numbers in a hidden case."""
    items = [{"kind": "phone", "value": f"+3161{number * 1000 + n:07d}"} for n in range(1000)]
    return target.post(f"/api/v1/cases/{target.hidden}/identifiers", json.dumps({"identifiers": items}).encode(), target.token)


def secrets_guessed(target: Target, number: int) -> int:
    """A guessed client secret."""
    form = f"grant_type=client_credentials&client_id={uuid.UUID(int=number % 20)}&client_secret=guess{number}"
    return target.post("/oauth/token", form.encode(), kind="application/x-www-form-urlencoded")


def methods(target: Target, number: int) -> int:
    """A made-up method."""
    return int(target.pool.request(f"MADEUP{number % 500}", f"{target.url}/api/v1/cases").status)


def tokens(target: Target, number: int) -> int:
    """A token that nobody signed."""
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
"""Each attack with its rate a second."""


class HalfOpen(threading.Thread):
    """Keeps connections half open: half of them in the headers, half in the body, a byte each second."""

    def __init__(self, url: str, token: str, stop: threading.Event) -> None:
        super().__init__(daemon=True)
        address = urlsplit(url)
        self.address, self.token, self.stop = (str(address.hostname), int(address.port or 80)), token, stop
        self.opened = 0

    def open(self, number: int) -> socket.socket:
        """Open a connection and send the beginning of a request; every fourth has no token."""
        made = socket.create_connection(self.address, timeout=10)
        head = "POST /api/v1/cases HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        authorization = f"Authorization: Bearer {self.token}\r\n" if number % 4 else ""
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


class Attacker(threading.Thread):
    """Sends one attack at its rate and counts the answers."""

    def __init__(self, attack: Callable[[Target, int], int], rate: float, target: Target, stop: threading.Event) -> None:
        super().__init__(daemon=True)
        self.attack, self.rate, self.target, self.stop = attack, rate, target, stop
        self.answers: Counter[str] = Counter()

    def run(self) -> None:
        """Send until told to stop."""
        number = 0
        while not self.stop.is_set():
            began = time.monotonic()
            try:
                self.answers[str(self.attack(self.target, number))] += 1
            except (urllib3.exceptions.HTTPError, OSError) as fault:
                self.answers[type(fault).__name__] += 1
            number += 1
            self.stop.wait(max(0.0, 1 / self.rate - (time.monotonic() - began)))


def normal(url: str, token: str, case: str, seconds: float, what: str) -> tuple[list[float], Counter[str]]:
    """Work as a normal client for a while; the milliseconds of each request, and the errors."""
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


def prepare(url: str, tokens_: dict[str, str]) -> tuple[Target, str]:
    def case(name: str, **more: Any) -> str:
        body = {"reference": uuid.uuid4().hex, "title": "Attack", **more}
        status, made = send("POST", f"{url}/api/v1/cases", tokens_[name], body)
        assert status == 201, made
        return str(made["id"])

    hidden = {"visibility": "hidden", "visibility_reason": "covert"}
    return Target(url, tokens_["eset"], case("eset"), case("eset", **hidden)), case("unit42")


def say(what: str, times: list[float], errors: Counter[str]) -> tuple[float, float]:
    p50, p99 = statistics.median(times), statistics.quantiles(times, n=100)[98]
    print(f"{what}: {len(times)} requests, p50 {p50:.1f} ms, p99 {p99:.1f} ms, {errors.total()} errors {dict(errors) or ''}")
    return p50, p99


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--quiet-minutes", type=float, default=2)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="coopapi-bench-") as place:
        Path(place).chmod(0o711)
        with service(Path(place)) as (url, tokens_, _):
            target, case = prepare(url, tokens_)
            alone = normal(url, tokens_["unit42"], case, wanted.quiet_minutes * 60, "alone")
            stop = threading.Event()
            attackers = [Attacker(attack, rate, target, stop) for attack, rate in ATTACKS.items()]
            half_open = HalfOpen(url, target.token, stop)
            for thread in (half_open, *attackers):
                thread.start()
            attacked = normal(url, tokens_["unit42"], case, wanted.minutes * 60, "attacked")
            stop.set()
            for thread in (half_open, *attackers):
                thread.join(70)
    quiet, loud = say("alone", *alone), say("under attack", *attacked)
    print(f"ratios: p50 {loud[0] / quiet[0]:.1f}, p99 {loud[1] / quiet[1]:.1f}; {half_open.opened} half-open connections made")
    for attacker in attackers:
        explained = (attacker.attack.__doc__ or "").rstrip(".")
        print(f"{explained}, {attacker.rate}/s: {dict(attacker.answers)}")
    return 1 if attacked[1] else 0


if __name__ == "__main__":
    sys.exit(main())
