"""Sends one message over HTTP to an address that was checked. No redirect is followed, and the body of the answer is not read."""

import socket
import ssl
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPException
from threading import Event, Timer
from typing import Final

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError
from urllib3.util import Retry

from coopapi.webhooks.addresses import Lookup, RefusedAddress, Target, resolve

SECONDS: Final = 10
"""The most seconds that an answer may take, from the beginning of the connection to the end of its headers."""

LONGEST_PAUSE: Final = 3600
"""The most seconds for which a receiver may ask to be left alone."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of an attempt: the status of the answer or the kind of the fault, and the time in milliseconds.

    `wait` is for how many seconds the receiver asked to be left alone (Retry-After), at most an hour.
    """

    status: int | None
    fault: str | None
    milliseconds: int
    wait: int | None = None

    @property
    def ok(self) -> bool:
        """Tell whether the receiver took the message."""
        return self.status is not None and 200 <= self.status < 300  # noqa: PLR2004 (success)


def post(target: Target, body: bytes, headers: Mapping[str, str], tls: ssl.SSLContext, lookup: Lookup) -> Answer:
    """Send a message. Every fault is part of the answer."""
    began = time.monotonic()
    status, fault, wait = None, None, None
    try:
        status, wait = _send(target, resolve(target, lookup), body, headers, tls)
    except RefusedAddress:
        fault = "refused_address"
    except TimeoutError:
        fault = "timeout"
    except (OSError, HTTPError, HTTPException, ValueError) as wrong:  # what is no answer of HTTP is a fault of the receiver, too
        fault = _kind(wrong, time.monotonic() - began)
    return Answer(status, fault, round((time.monotonic() - began) * 1000), wait)


def _kind(wrong: Exception, seconds: float) -> str:
    if isinstance(wrong, socket.gaierror):
        return "name"
    if seconds >= SECONDS:
        return "timeout"
    return "tls" if isinstance(wrong, ssl.SSLError) or "SSL" in type(wrong).__name__ else "connection"


def _send(target: Target, address: str, body: bytes, headers: Mapping[str, str], tls: ssl.SSLContext) -> tuple[int, int | None]:
    """Connect to the address and return the status of the answer, and for how many seconds the receiver asks to be left alone.

    The certificate must be that of the host in the URL.
    """
    if target.scheme == "https":
        connection: HTTPConnection = HTTPSConnection(
            address, target.port, timeout=SECONDS, server_hostname=target.host, ssl_context=tls
        )
    else:
        connection = HTTPConnection(address, target.port, timeout=SECONDS)
    over = Event()
    end = Timer(SECONDS, _cut, (connection, over))
    end.start()
    try:
        connection.request("POST", target.path, body, {**headers, "Host": target.authority}, preload_content=False)
        answer = connection.getresponse()
    finally:
        end.cancel()
        connection.close()
    if over.is_set():
        raise TimeoutError
    return int(answer.status), _pause(answer.headers.get("Retry-After"))


def _pause(said: str | None) -> int | None:
    """Return the seconds that a Retry-After header asks for (RFC 9110, 10.2.3), or None if there is none that can be read."""
    try:
        return None if said is None else min(int(Retry().parse_retry_after(said)), LONGEST_PAUSE)
    except (HTTPError, ValueError, OverflowError):
        return None


def _cut(connection: HTTPConnection, over: Event) -> None:
    """End a connection whose answer takes too long although bytes keep coming."""
    over.set()
    if connection.sock is not None:
        with suppress(OSError):
            socket.socket.shutdown(connection.sock, socket.SHUT_RDWR)
