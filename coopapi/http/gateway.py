"""Calls the WSGI application with a complete request and returns the bytes of its response."""

import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from typing import IO, Any, Final
from urllib.parse import unquote_to_bytes

from flask import Response
from werkzeug.exceptions import default_exceptions

from coopapi.errors import Unauthenticated, Unavailable
from coopapi.http import middleware, problems

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
STOPPING: Final = threading.Event()
"""Set when this process is to end. Requests that wait for something are then answered at once."""


@dataclass(slots=True)
class ReceivedRequest:
    """A complete request. Header names are in lower case, and `body` is positioned at its start."""

    method: str
    authority: str | None
    target: str
    version: str
    headers: Sequence[tuple[str, str]]
    client: tuple[str, int]
    server: tuple[str, int]
    keep_alive: bool
    body: IO[bytes]
    size: int


def call(application: Application, request: ReceivedRequest) -> bytes:
    """Call the application and return its whole response. An exception becomes a 500 response that does not contain its text."""
    try:
        return written(*_answer(application, request), request)
    except Exception as fault:  # noqa: BLE001 (the last line of defence)
        return _of_ours(problems.from_accident(fault), request)


def _answer(application: Application, request: ReceivedRequest) -> tuple[str, list[tuple[str, str]], bytes]:
    told: list[tuple[str, list[tuple[str, str]]]] = []

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], None]:
        del exc_info
        told.append((status, headers))
        return _refuse_to_write

    parts = application(_environ(request), start_response)
    try:
        body = b"".join(parts)
    finally:
        getattr(parts, "close", _nothing)()
    return (*told[-1], body)


def written(status: str, headers: Iterable[tuple[str, str]], body: bytes, request: ReceivedRequest | None) -> bytes:
    """Return a response as bytes. "Connection: close" is added if there is no request or it does not keep the connection open."""
    names = {name.lower() for name, _ in headers}
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in headers)]
    if "date" not in names:
        lines.append(f"Date: {_date(int(time.time()))}")
    without_body = request is not None and request.method == "HEAD"
    if "content-length" not in names and not without_body and status[:3] not in _BODILESS:
        lines.append(f"Content-Length: {len(body)}")
    if request is None or not request.keep_alive:
        lines.append("Connection: close")
    elif request.version == "1.0":
        lines.append("Connection: keep-alive")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + (b"" if without_body else body)


_BODILESS: Final = {str(int(status)) for status in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)}


@lru_cache(maxsize=1)
def _date(second: int) -> str:
    return formatdate(second, usegmt=True)


def _refuse_to_write(data: bytes) -> None:
    """Reject the legacy `write` function of WSGI (PEP 3333): a response must be complete before its first byte is sent."""
    raise RuntimeError(f"{len(data)} bytes were written instead of returned")


def _nothing() -> None:
    """Do nothing. This replaces the optional `close` of a response."""


_SAME: Final[Mapping[str, Any]] = {
    "SCRIPT_NAME": "",
    "wsgi.version": (1, 0),
    "wsgi.url_scheme": "http",
    "wsgi.errors": sys.stderr,
    "wsgi.multithread": True,
    "wsgi.multiprocess": True,
    "wsgi.run_once": False,
    "wsgi.input_terminated": True,
}


def _environ(request: ReceivedRequest) -> dict[str, Any]:
    """Return the WSGI environment of a request. A chunked body has been read completely, so it is passed on with its length."""
    path, _, query = request.target.partition("?")
    environ = {
        **_SAME,
        "REQUEST_METHOD": request.method,
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1") if "%" in path else path,
        "QUERY_STRING": query,
        "RAW_URI": request.target,
        "SERVER_PROTOCOL": f"HTTP/{request.version}",
        "SERVER_NAME": request.server[0],
        "SERVER_PORT": str(request.server[1]),
        "REMOTE_ADDR": request.client[0],
        "REMOTE_PORT": str(request.client[1]),
        "wsgi.input": request.body,
    }
    for name, value in request.headers:
        if "_" in name or name in {"content-length", "transfer-encoding"}:
            continue  # the application could not distinguish a_b from a-b
        key = "CONTENT_TYPE" if name == "content-type" else f"HTTP_{name.upper().replace('-', '_')}"
        environ[key] = f"{environ[key]},{value}" if key in environ else value
    if request.authority is not None:
        environ["HTTP_HOST"] = request.authority
    if request.size or any(name == "content-length" for name, _ in request.headers):
        environ["CONTENT_LENGTH"] = str(request.size)
    return environ


def refusal(status: int, detail: str) -> bytes:
    """Return a problem document from the server itself, with the headers that every response has."""
    if status == HTTPStatus.UNAUTHORIZED:
        answer = problems.from_domain(Unauthenticated(detail))
    elif status == HTTPStatus.SERVICE_UNAVAILABLE:
        answer = problems.from_domain(Unavailable(detail))
    else:
        answer = problems.from_http(default_exceptions[status](detail))
    return _of_ours(answer, None)


def _of_ours(answer: Response, request: ReceivedRequest | None) -> bytes:
    return written(answer.status, {**middleware.SECURITY, **answer.headers}.items(), answer.get_data(), request)
