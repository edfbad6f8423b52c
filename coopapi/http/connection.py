"""One HTTP/1.1 connection in the event loop: it takes in whole requests, refuses bad ones early, and sends the answers."""

import asyncio
import math
import re
import tempfile
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from io import BytesIO
from typing import IO, Any, Final, cast

import httptools

from coopapi.http import gateway, middleware
from coopapi.http.gateway import Application, Request

LARGEST_HEAD: Final = 32_768
"""Bytes of a request line and headers; measured after each step of reading."""
MOST_PIPELINED: Final = 100
IDLE_SECONDS: Final = 65
WRITE_SECONDS: Final = 60
LINGER_SECONDS: Final = 2
_STEP: Final = 16_384
_IN_MEMORY: Final = 65_536
_TARGET: Final = re.compile(rb"(?:/|https?://[^/?]+)[!-\"$-~]*|\*")


@dataclass(slots=True)
class Shared:
    """What all connections of a process share: limits, the bodies that are on their way in, and who serves a request."""

    header_seconds: int
    body_seconds: int
    spool_bytes: int
    now: Callable[[], float]
    serve: Callable[["Connection", Request], None]
    spooled: int = 0
    receiving: "dict[Connection, None]" = field(default_factory=dict)
    connections: "set[Connection]" = field(default_factory=set)
    stopping: bool = False


class Connection(asyncio.Protocol):
    """Reads requests until they are whole, gives them away one after the other, and writes each answer in its turn."""

    def __init__(self, shared: Shared, application: Application) -> None:
        self.shared = shared
        self.application = application
        self.parser = httptools.HttpRequestParser(self)
        self.serving: Request | None = None
        self.waiting: deque[Request] = deque()
        self.since = self.deadline = math.inf
        self.gone = self.closing = self.last = self.in_head = self.blocked = False
        self.refusal = b""
        self.body: IO[bytes] | None = None
        self.size = self.read = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start to wait for a request."""
        self.transport = cast("asyncio.Transport", transport)
        self.client = tuple(transport.get_extra_info("peername"))[:2]
        self.server = tuple(transport.get_extra_info("sockname"))[:2]
        self.shared.connections.add(self)
        self._wait(self.shared.header_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget what was read; an answer that is being made is thrown away."""
        del exc
        self.gone = self.closing = True
        self._drop_body()
        while self.waiting:
            self._release(self.waiting.popleft())
        self.shared.connections.discard(self)

    def drop(self) -> None:
        """Close at once."""
        self.transport.abort()
        self.connection_lost(None)

    def expire(self) -> None:
        """Give up on a client that is slower than its deadline; called from time to time."""
        if self.serving:
            return
        if self.closing or self.blocked or not (self.in_head or self.body):
            self.drop()
        else:
            self.refuse(HTTPStatus.REQUEST_TIMEOUT, "The request did not arrive in time.")

    def stop(self) -> None:
        """Close when nothing is being read or served; a request that is being read has two more seconds."""
        if not (self.serving or self.waiting or self.in_head or self.body or self.closing):
            self.transport.close()
        self.deadline = min(self.deadline, self.shared.now() + LINGER_SECONDS)

    def _wait(self, seconds: float) -> None:
        self.since = self.shared.now()
        self.deadline = self.since + seconds

    # What the client sends

    def data_received(self, data: bytes) -> None:
        """Read in steps, so that a head is measured before much of it was kept."""
        for start in range(0, len(data), _STEP):
            if self.closing or self.last:
                return
            piece = data[start : start + _STEP]
            try:
                self.parser.feed_data(piece)
            except httptools.HttpParserCallbackError:
                raise
            except httptools.HttpParserUpgrade:
                self.last = True  # we switch to no other protocol: what follows is not read
            except httptools.HttpParserError:
                self.refuse(HTTPStatus.BAD_REQUEST, "This is not a request as HTTP/1.1 defines it.")
            self._measure(len(piece))

    def _measure(self, size: int) -> None:
        """Count what came in, also where it is no content: long heads, and the framing of many small chunks."""
        self.read += size
        if self.in_head and self.read > LARGEST_HEAD:
            self.refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, f"The headers have more than {LARGEST_HEAD} bytes.")
        elif self.body and self.read > self.largest + 2 * _STEP:
            self.refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"The body has more than {self.largest} bytes.")

    def eof_received(self) -> bool:
        """Close, unless answers are owed to a client that only ended its own side."""
        self.last = True
        self._drop_body()
        return bool(self.serving or self.waiting)

    # What the parser finds in it

    def on_message_begin(self) -> None:
        """Begin a request."""
        self.in_head, self.read = True, 0
        self.target, self.headers = b"", []  # type: ignore[var-annotated]
        self._wait(self.shared.header_seconds)

    def on_url(self, part: bytes) -> None:
        """Add to the target."""
        self.target += part

    def on_header(self, name: bytes, value: bytes) -> None:
        """Add a header; fields after a chunked body are not taken."""
        if self.in_head:
            self.headers.append((name.lower().decode("latin-1"), value.decode("latin-1")))

    def on_headers_complete(self) -> None:
        """Refuse what needs no body to be refused, and be ready for the body."""
        if self.closing:
            return
        self.in_head, self.read, self.size = False, 0, 0
        self.body = BytesIO()
        given = {name for name, _ in self.headers}
        token = "authorization" in given
        self.largest = middleware.LARGEST_BODY if token else middleware.LARGEST_FORM
        length = next((int(value) for name, value in self.headers if name == "content-length"), 0)
        has_body = length > 0 or "transfer-encoding" in given
        if fault := _fault(self.parser, self.target, self.headers):
            self.refuse(HTTPStatus.BAD_REQUEST, fault)
        elif has_body and not token and not self.target.partition(b"?")[0].endswith(b"/oauth/token"):
            self.refuse(HTTPStatus.UNAUTHORIZED, "A body is read only from a request with an access token.")
        elif length > self.largest:
            self.refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"The body has more than {self.largest} bytes.")
        elif has_body:
            self.body = cast("IO[bytes]", tempfile.SpooledTemporaryFile(_IN_MEMORY))  # noqa: SIM115 (closed with the answer)
            self.shared.receiving[self] = None
            self._wait(self.shared.body_seconds)
            if ("expect", "100-continue") in self.headers and not (self.serving or self.waiting):
                self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, piece: bytes) -> None:
        """Keep a piece of the body, within the limits."""
        while not self.closing and self.shared.spooled + len(piece) > self.shared.spool_bytes:
            oldest = next(iter(self.shared.receiving))
            oldest.refuse(HTTPStatus.SERVICE_UNAVAILABLE, "Too many bodies are being received.")
        if self.closing or self.body is None:
            return
        if self.size + len(piece) > self.largest:
            self.refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"The body has more than {self.largest} bytes.")
            return
        self.size += len(piece)
        self.shared.spooled += len(piece)
        try:
            self.body.write(piece)
        except OSError:
            self.refuse(HTTPStatus.SERVICE_UNAVAILABLE, "The body cannot be stored.")

    def on_message_complete(self) -> None:
        """Give the request away, after those before it."""
        if self.closing or self.body is None:
            return
        keep_alive = self.parser.should_keep_alive() and not self.shared.stopping
        method, version = self.parser.get_method().decode(), self.parser.get_http_version()
        self.body.seek(0)
        target = self.target.decode("ascii")
        request = Request(method, target, version, self.headers, self.client, self.server, keep_alive, self.body, self.size)
        self.shared.receiving.pop(self, None)
        self.body, self.size, self.last = None, 0, not keep_alive
        self.waiting.append(request)
        if len(self.waiting) > MOST_PIPELINED:
            self.refuse(HTTPStatus.BAD_REQUEST, "Too many requests were sent before their answers.")
        elif not (self.serving or self.blocked):
            self._next()

    # What goes back

    def answered(self, answer: bytes) -> None:
        """Send the answer to the request that was being served, and go on with the next."""
        request = cast("Request", self.serving)
        self.serving = None
        self._release(request)
        if self.gone:
            return
        self.transport.write(answer)
        self.since = self.shared.now()
        if not request.keep_alive:
            self.closing = True
            self.deadline = self.since + WRITE_SECONDS
            self.transport.close()
        elif not self.blocked:
            self._next()

    def _next(self) -> None:
        if self.waiting:
            self.serving = self.waiting.popleft()
            self.shared.serve(self, self.serving)
        elif self.refusal:
            self._end()
        elif self.last or self.shared.stopping:
            self.transport.close()
        elif not (self.in_head or self.body):
            self._wait(IDLE_SECONDS)

    def pause_writing(self) -> None:
        """Serve nothing more to a client that does not read, and read nothing more from it."""
        self.blocked = True
        self.transport.pause_reading()
        self._wait(WRITE_SECONDS)

    def resume_writing(self) -> None:
        """Go on with a client that reads again."""
        self.blocked = False
        if not self.transport.is_closing():
            self.transport.resume_reading()
            self._next()

    def refuse(self, status: int, detail: str) -> None:
        """Answer with a problem document, after the answers that are still owed, read nothing more, and close."""
        if self.closing:
            return
        self.closing = True
        self._drop_body()
        self.refusal = gateway.refusal(status, detail)
        middleware.count(str(self.parser.get_method(), "latin-1") if not self.in_head else "other", "refused", int(status))
        if self.serving or self.waiting:
            self.transport.pause_reading()
        else:
            self._end()

    def _end(self) -> None:
        """Send the refusal and wait a little for the client to read it: a reset would take it away from under its eyes."""
        self.transport.resume_reading()
        self.transport.write(self.refusal)
        self.transport.write_eof()
        self._wait(LINGER_SECONDS)

    def _release(self, request: Request) -> None:
        self.shared.spooled -= request.size
        request.body.close()

    def _drop_body(self) -> None:
        self.shared.receiving.pop(self, None)
        if self.body is not None:
            self.shared.spooled -= self.size
            self.body.close()
            self.body, self.size = None, 0


def _fault(parser: Any, target: bytes, headers: list[tuple[str, str]]) -> str:
    """Say what the parser lets through and we do not, because two readers could take it for two things; empty: nothing."""
    version, names = parser.get_http_version(), [name for name, _ in headers]
    coding = [value.lower() for name, value in headers if name == "transfer-encoding"]
    expected = {value.lower() for name, value in headers if name == "expect"}
    unclear_length = bool(coding) and (version != "1.1" or coding != ["chunked"] or "content-length" in names)
    faults = {
        "Only HTTP/1.1 and HTTP/1.0 are spoken here.": version not in {"1.0", "1.1"},
        "The target of the request is not one that we take.": not _TARGET.fullmatch(target) or parser.get_method() == b"CONNECT",
        "A request has one Host header.": names.count("host") != 1 and (version, names.count("host")) != ("1.0", 0),
        "A request has one Content-Type.": names.count("content-type") > 1,
        "Transfer-Encoding is chunked, in HTTP/1.1, once, and without Content-Length.": unclear_length,
        "Expect can only be 100-continue.": not expected <= {"100-continue"},
    }
    return next((text for text, holds in faults.items() if holds), "")
