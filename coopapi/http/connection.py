"""One HTTP/1.1 connection in the event loop: it takes in whole requests, refuses bad ones early, and sends the answers."""

import asyncio
import math
import tempfile
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from io import BytesIO
from typing import IO, Final, cast

import httptools

from coopapi.http import gateway, middleware, request_rules
from coopapi.http.gateway import Application, ReceivedRequest

LARGEST_HEAD: Final = 32_768
"""Bytes of a request line and headers; measured after each step of reading."""
MOST_HEADERS: Final = 100
IDLE_SECONDS: Final = 65
WRITE_SECONDS: Final = 60
LINGER_SECONDS: Final = 2
_SMALL_STEP: Final = 2_048
_STEP: Final = 65_536


@dataclass(slots=True)
class SharedLimits:
    """What all connections of a process share: limits, what is on its way in and out, and who serves a request."""

    header_seconds: int
    body_seconds: int
    spool_bytes: int
    now: Callable[[], float]
    serve: Callable[["Connection", ReceivedRequest], None]
    spooled: int = 0
    receiving: "dict[Connection, None]" = field(default_factory=dict)
    unread: "dict[Connection, int]" = field(default_factory=dict)
    connections: "set[Connection]" = field(default_factory=set)
    stopping: bool = False
    buffer: memoryview = field(default_factory=lambda: memoryview(bytearray(_STEP)))

    def make_room(self, newcomer: "Connection", size: int) -> None:
        """Refuse the bodies that have been arriving longest until `size` more bytes fit; refuse the newcomer if it cannot fit."""
        expected = max(newcomer.length, newcomer.size + size)
        if self.spooled - sum(connection.size for connection in self.receiving) + expected > self.spool_bytes:
            newcomer.refuse(HTTPStatus.SERVICE_UNAVAILABLE, "Too many bodies are being received.")
        while not newcomer.closing and self.spooled + size > self.spool_bytes:
            next(iter(self.receiving)).refuse(HTTPStatus.SERVICE_UNAVAILABLE, "Too many bodies are being received.")

    def hold(self, connection: "Connection", unsent: int) -> None:
        """Count bytes that a client has not read yet; while all have too many, drop the client that has been reading longest."""
        self.unread[connection] = unsent
        while sum(self.unread.values()) > self.spool_bytes and len(self.unread) > 1:
            next(iter(self.unread)).drop()


class Connection(asyncio.BufferedProtocol):
    """Reads requests until they are whole, gives them away one after the other, and writes each answer in its turn."""

    def __init__(self, shared: SharedLimits, application: Application) -> None:
        self.shared = shared
        self.application = application
        self.parser = httptools.HttpRequestParser(self)
        self.serving: ReceivedRequest | None = None
        self.waiting: deque[ReceivedRequest] = deque()
        self.since = self.deadline = math.inf
        self.gone = self.closing = self.last = self.in_head = self.blocked = False
        self.refusal = b""
        self.body: IO[bytes] | None = None
        self.size = self.length = self.read = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start to wait for a request; a client that has gone already has no address."""
        self.transport = cast("asyncio.Transport", transport)
        self.transport.set_write_buffer_limits(0)
        peer = transport.get_extra_info("peername")
        if peer is None:
            self.drop()
            return
        self.ends = tuple(peer)[:2], tuple(transport.get_extra_info("sockname"))[:2]
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
        self.shared.unread.pop(self, None)

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

    def get_buffer(self, sizehint: int) -> memoryview:
        """Take little at once unless more of a body is expected, so that few requests can wait behind the one that is served."""
        del sizehint
        return self.shared.buffer[: max(_SMALL_STEP, self.length - self.size)]

    def buffer_updated(self, nbytes: int) -> None:
        """Parse what came in; a head is measured before much of it was kept."""
        if self.closing or self.last:
            return
        try:
            self.parser.feed_data(self.shared.buffer[:nbytes])
        except httptools.HttpParserCallbackError:
            raise
        except httptools.HttpParserUpgrade:
            self.last = True  # we switch to no other protocol: what follows is not read
        except httptools.HttpParserError:
            self.refuse(HTTPStatus.BAD_REQUEST, "This is not a request as HTTP/1.1 defines it.")
        self._measure(nbytes)

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
        if self.in_head and len(self.headers) < MOST_HEADERS:
            self.headers.append((name.lower().decode("latin-1"), value.decode("latin-1")))
        elif self.in_head:
            self.refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, f"The request has more than {MOST_HEADERS} headers.")

    def on_headers_complete(self) -> None:
        """Refuse what needs no body to be refused, and be ready for the body."""
        if self.closing:
            return
        self.in_head, self.read, self.size = False, 0, 0
        self.body = BytesIO()
        has_body, length, self.largest = request_rules.body_of(self.headers)
        if refused := request_rules.refusal(self.parser, self.target, self.headers):
            self.refuse(*refused)
        elif has_body:
            self.body = cast("IO[bytes]", tempfile.SpooledTemporaryFile(_STEP))  # noqa: SIM115 (closed with the answer)
            self.shared.receiving[self], self.length = None, length
            self._wait(self.shared.body_seconds)
            if ("expect", "100-continue") in self.headers and not (self.serving or self.waiting):
                self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, piece: bytes) -> None:
        """Keep a piece of the body, within the limits."""
        if self.shared.spooled + len(piece) > self.shared.spool_bytes and not self.closing:
            self.shared.make_room(self, len(piece))
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
        authority, target = cast("tuple[str | None, str]", request_rules.split_target(self.target))
        request = ReceivedRequest(method, authority, target, version, self.headers, *self.ends, keep_alive, self.body, self.size)
        self.shared.receiving.pop(self, None)
        self.body, self.size, self.length, self.last = None, 0, 0, not keep_alive
        self.waiting.append(request)
        if self.serving or self.blocked:
            self.transport.pause_reading()
        else:
            self._next()

    # What goes back

    def answered(self, answer: bytes) -> None:
        """Send the answer to the request that was being served, and go on with the next."""
        request = cast("ReceivedRequest", self.serving)
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
        if not (self.waiting or self.closing or self.transport.is_reading()):
            self.transport.resume_reading()
            if self.in_head or self.body:  # the client could not go on meanwhile, so its time begins anew
                self._wait(self.shared.body_seconds if self.body else self.shared.header_seconds)

    def pause_writing(self) -> None:
        """Serve nothing more to a client that has not read the whole answer, and read nothing more from it."""
        self.blocked = True
        self.transport.pause_reading()
        self._wait(WRITE_SECONDS)
        self.shared.hold(self, self.transport.get_write_buffer_size())

    def resume_writing(self) -> None:
        """Go on with a client that has read the answer."""
        self.blocked = False
        self.shared.unread.pop(self, None)
        if self.refusal or not (self.closing or self.transport.is_closing()):
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
        refusal, self.refusal = self.refusal, b""
        self.transport.write(refusal)
        self.transport.write_eof()
        self._wait(LINGER_SECONDS)

    def _release(self, request: ReceivedRequest) -> None:
        self.shared.spooled -= request.size
        request.body.close()

    def _drop_body(self) -> None:
        self.shared.receiving.pop(self, None)
        if self.body is not None:
            self.shared.spooled -= self.size
            self.body.close()
            self.body, self.size, self.length = None, 0, 0
