"""One HTTP/1.1 connection in the event loop: it reads whole requests, refuses bad ones early, and sends the responses."""

import asyncio
import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from io import BytesIO
from typing import IO, Final, cast

import httptools

from coopapi.http import gateway, middleware, request_rules
from coopapi.http.gateway import Application, ReceivedRequest
from coopapi.http.spool import SLOWEST, Spool

LARGEST_HEAD: Final = 32_768  # bytes of a request line with headers; checked after each read
MOST_HEADERS: Final = 100
IDLE_SECONDS: Final = 65
WRITE_SECONDS: Final = 60
LINGER_SECONDS: Final = 2
_SMALL_STEP: Final = 2_048
_STEP: Final = 65_536


@dataclass(slots=True)
class SharedLimits:
    """State that all connections of a process share: limits, buffered bytes, and the function that serves a request."""

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
        """Refuse the bodies that have been arriving longest until `size` more bytes fit, or the newcomer if it can never fit."""
        expected = max(newcomer.length, newcomer.size + size)
        if self.spooled - sum(connection.size for connection in self.receiving) + expected > self.spool_bytes:
            newcomer.refuse(HTTPStatus.SERVICE_UNAVAILABLE, "Too many request bodies are in progress.")
        while not newcomer.closing and self.spooled + size > self.spool_bytes:
            next(iter(self.receiving)).refuse(HTTPStatus.SERVICE_UNAVAILABLE, "Too many request bodies are in progress.")

    def hold(self, connection: "Connection", unsent: int) -> None:
        """Count the bytes that a client has not read yet. Above the limit for all, drop the client that has read for longest."""
        self.unread[connection] = unsent
        while sum(self.unread.values()) > self.spool_bytes and len(self.unread) > 1:
            next(iter(self.unread)).drop()


class Connection(asyncio.BufferedProtocol):
    """The protocol of one connection: it reads whole requests, passes them on one at a time, and sends the responses in order."""

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
        """Start waiting for a request. If the client has already disconnected, it has no address, and the connection is dropped."""
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
        """Discard the data that was read. A response that is still being computed will not be sent."""
        del exc
        self.gone = self.closing = True
        self._drop_body()
        while self.waiting:
            self._release(self.waiting.popleft())
        self.shared.connections.discard(self)
        self.shared.unread.pop(self, None)

    def drop(self) -> None:
        """Close the connection at once."""
        self.transport.abort()
        self.connection_lost(None)

    def expire(self) -> None:
        """Drop a client that has passed its deadline, or refuse its request. The worker checks the deadlines once a second."""
        if self.serving:
            return
        if self.closing or self.blocked or not (self.in_head or self.body):
            self.drop()
        else:
            self.refuse(HTTPStatus.REQUEST_TIMEOUT, "The request did not arrive in time.")

    def stop(self) -> None:
        """Close the connection if it is idle. A request that is being read gets a deadline two seconds from now."""
        if not (self.serving or self.waiting or self.in_head or self.body or self.closing):
            self.transport.close()
        self.deadline = min(self.deadline, self.shared.now() + LINGER_SECONDS)

    def _wait(self, seconds: float) -> None:
        self.since = self.shared.now()
        self.deadline = self.since + seconds

    # Data from the client

    def get_buffer(self, sizehint: int) -> memoryview:
        """Return a small buffer unless a body is expected, so that few requests can queue behind the one that is being served."""
        del sizehint
        return self.shared.buffer[: max(_SMALL_STEP, self.length - self.size)]

    def buffer_updated(self, nbytes: int) -> None:
        """Parse the data that arrived, and check the size of the request head before much of it is kept."""
        if self.closing or self.last:
            return
        try:
            self.parser.feed_data(self.shared.buffer[:nbytes])
        except httptools.HttpParserCallbackError:
            raise
        except httptools.HttpParserUpgrade:
            self.last = True  # no other protocol is supported, so what follows is not read
        except httptools.HttpParserError:
            self.refuse(HTTPStatus.BAD_REQUEST, "The request is not valid HTTP/1.1.")
        self._measure(nbytes)

    def _measure(self, size: int) -> None:
        """Count all bytes that arrived, including long heads and the framing of many small chunks, and refuse too many."""
        self.read += size
        if self.in_head and self.read > LARGEST_HEAD:
            self.refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, f"The headers are larger than {LARGEST_HEAD} bytes.")
        elif self.body and self.read > self.largest + 2 * _STEP:
            self.refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"The body is larger than {self.largest} bytes.")

    def eof_received(self) -> bool:
        """Close the connection, unless the client only closed its sending side and still waits for responses."""
        self.last = True
        self._drop_body()
        return bool(self.serving or self.waiting)

    # Callbacks of the parser

    def on_message_begin(self) -> None:
        """Start a new request."""
        self.in_head, self.read = True, 0
        self.target, self.headers = b"", []  # type: ignore[var-annotated]
        self._wait(self.shared.header_seconds)

    def on_url(self, part: bytes) -> None:
        """Append a part of the request target."""
        self.target += part

    def on_header(self, name: bytes, value: bytes) -> None:
        """Add a header. Trailer fields after a chunked body are ignored."""
        if self.in_head and len(self.headers) < MOST_HEADERS:
            self.headers.append((name.lower().decode("latin-1"), value.decode("latin-1")))
        elif self.in_head:
            self.refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, f"The request has more than {MOST_HEADERS} headers.")

    def on_headers_complete(self) -> None:
        """Refuse the request if its head is enough to decide that, otherwise prepare to receive the body."""
        if self.closing:
            return
        self.in_head, self.read, self.size = False, 0, 0
        self.body = BytesIO()
        has_body, length, self.largest = request_rules.body_of(self.target, self.headers)
        if refused := request_rules.refusal(self.parser, self.target, self.headers):
            self.refuse(*refused)
        elif has_body:
            self.body = cast("IO[bytes]", Spool())
            self.shared.receiving[self], self.length = None, length
            self._wait(self.shared.body_seconds)
            if ("expect", "100-continue") in self.headers and not (self.serving or self.waiting):
                self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, piece: bytes) -> None:
        """Store a part of the body, within the limits."""
        if self.shared.spooled + len(piece) > self.shared.spool_bytes and not self.closing:
            self.shared.make_room(self, len(piece))
        if self.closing or self.body is None:
            return
        if self.size + len(piece) > self.largest:
            self.refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"The body is larger than {self.largest} bytes.")
            return
        self.size += len(piece)
        self.shared.spooled += len(piece)
        self.deadline = max(self.deadline, self.since + self.size / SLOWEST)
        try:
            self.body.write(piece)
        except OSError:
            self.refuse(HTTPStatus.SERVICE_UNAVAILABLE, "The body cannot be stored.")

    def on_message_complete(self) -> None:
        """Serve the complete request, or queue it behind earlier ones."""
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

    # Responses to the client

    def answered(self, answer: bytes) -> None:
        """Send the response to the request that was being served, and continue with the next one."""
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
        elif self.last:
            self.transport.close()
        elif not (self.in_head or self.body):
            self._wait(IDLE_SECONDS)
        if not (self.waiting or self.closing or self.transport.is_reading()):
            self.transport.resume_reading()
            if self.in_head or self.body:  # while reading was paused the client could send nothing, so its time starts again
                self._wait(self.shared.body_seconds if self.body else self.shared.header_seconds)

    def pause_writing(self) -> None:
        """Serve and read nothing more from this client until it has read the whole response."""
        self.blocked = True
        self.transport.pause_reading()
        self._wait(WRITE_SECONDS)
        self.shared.hold(self, self.transport.get_write_buffer_size())

    def resume_writing(self) -> None:
        """Continue after the client has read the response."""
        self.blocked = False
        self.shared.unread.pop(self, None)
        if self.refusal or not (self.closing or self.transport.is_closing()):
            self._next()

    def refuse(self, status: int, detail: str) -> None:
        """Send a problem document after the responses that are still due, read nothing more, and close."""
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
        """Send the refusal and wait briefly for the client to read it, because a reset would discard it on the client's side."""
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
