"""Processing of every request and response: limits, a request id, security headers, a log line and metrics."""

import logging
import os
import re
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from email.utils import format_datetime
from hashlib import sha256
from typing import Any, Final
from urllib.parse import unquote_to_bytes
from uuid import uuid4

from flask import Flask, Response, current_app, g, request
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from werkzeug.exceptions import BadRequest, HTTPException, UnsupportedMediaType

from coopapi import config
from coopapi.errors import TooLarge

LARGEST_BODY: Final = config.BODY_MB * 1_000_000
LARGEST_FORM: Final = 100_000
LARGEST_UPLOAD: Final = 64_000_000
"""The largest file that `/imports` accepts, as it is sent: compressed or not."""
UPLOADS: Final = ("application/x-ndjson", "text/csv")
"""The formats of these files."""
_CHARSETS: Final = frozenset({"utf-8", "utf8", "us-ascii"})
UPLOADED_TO: Final = "/api/v1/imports"
ENDING: Final[dict[str, tuple[datetime, datetime]]] = {}
"""Operations that will be removed, by their operationId: since when they are deprecated, and until when they are served."""
METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
"""The methods that appear in metrics and logs. Clients can invent others, which would make the number of labels unlimited."""
_REQUEST_ID: Final = re.compile("[A-Za-z0-9._-]{1,64}", re.ASCII)
SECURITY: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_DOCS: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; "
    "frame-ancestors 'none'"
)
REQUESTS: Final = Counter("coopapi_requests", "Requests answered", ["method", "route", "status"])
SECONDS: Final = Histogram("coopapi_request_seconds", "Time to answer", ["method", "route"])
_log = logging.getLogger("coopapi.requests")


def metrics(environ: Mapping[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer `GET /metrics` with the metrics of all worker processes. This is a WSGI application on an address of its own."""
    found = (environ["REQUEST_METHOD"], environ["PATH_INFO"]) == ("GET", "/metrics")
    start_response("200 OK" if found else "404 Not Found", [("Content-Type", "text/plain; version=0.0.4; charset=utf-8")])
    return [_figures()] if found else []


def _figures() -> bytes:
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return generate_latest()
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)


def register(app: Flask) -> None:
    """Install the limits, the security headers, logging and metrics on an application."""
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY + 1  # a body without a length is cut off there without an error: see read_body
    app.config["MAX_FORM_MEMORY_SIZE"] = LARGEST_FORM
    app.before_request(_admit)
    app.after_request(_finish)


def _admit() -> None:
    given = request.headers.get("X-Request-Id", "")
    g.request_id = given if _REQUEST_ID.fullmatch(given) else uuid4().hex
    g.started = time.perf_counter()
    _admit_address()
    if request.method in {"POST", "PUT", "PATCH", "DELETE"}:
        _admit_body()


def _admit_address() -> None:
    """Refuse characters that the framework would silently replace: invalid UTF-8 and NUL."""
    try:
        query = unquote_to_bytes(request.query_string).decode()
    except UnicodeDecodeError:
        raise BadRequest("The query string is not valid UTF-8.") from None
    if "\0" in query or any(c in request.path for c in "\0\ufffd"):
        raise BadRequest("The address contains characters that are not allowed.")


def _admit_body() -> None:
    if request.path == UPLOADED_TO:
        _admit_upload()
        return
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise UnsupportedMediaType("Send the body without Content-Encoding.")
    wanted = "application/x-www-form-urlencoded" if request.path == "/oauth/token" else "application/json"
    has_body = bool(request.content_length) or "Transfer-Encoding" in request.headers
    if has_body and request.mimetype != wanted:
        raise UnsupportedMediaType(f"Send the body as {wanted}.")
    view = current_app.view_functions.get(request.endpoint or "")
    most = getattr(view, "most_bytes", None) or LARGEST_BODY
    if (request.content_length or 0) > most:
        raise TooLarge(f"The body is larger than {most} bytes.")
    if request.path == "/oauth/token":
        read_body()  # the form is parsed from the body that is cached here


def _admit_upload() -> None:
    """Let a file pass that is read as it is needed, up to its own limit."""
    if request.headers.get("Content-Encoding", "identity").lower() not in {"identity", "gzip"}:
        raise UnsupportedMediaType("The only Content-Encoding of a file is gzip.")
    if request.mimetype not in UPLOADS:
        raise UnsupportedMediaType(f"Send the file as {' or '.join(UPLOADS)}.")
    if request.mimetype_params.get("charset", "utf-8").lower() not in _CHARSETS:
        raise UnsupportedMediaType("Send the file in UTF-8.")
    if (request.content_length or 0) > LARGEST_UPLOAD:
        raise TooLarge(f"The file is larger than {LARGEST_UPLOAD} bytes.")
    request.max_content_length = LARGEST_UPLOAD


def read_body() -> bytes:
    """Return the whole body, including one that was sent in chunks without a length.

    Raises `BadRequest` if it cannot be read to its end, and `TooLarge` if it exceeds `LARGEST_BODY`.
    """
    try:
        body = request.get_data()
    except HTTPException:
        raise
    except Exception:  # noqa: BLE001 (every server has an error of its own for a malformed chunk)
        raise BadRequest("The body is incomplete.") from None
    if len(body) > LARGEST_BODY:
        raise TooLarge(f"The body is larger than {LARGEST_BODY} bytes.")
    return body


def digest_of_upload() -> str:
    """Return a digest of the file that was sent, and go back to its start."""
    found, whole = sha256(), request.environ["wsgi.input"]
    while piece := whole.read(65_536):
        found.update(piece)
    whole.seek(0)
    return found.hexdigest()


def _finish(response: Response) -> Response:
    response.headers["X-Request-Id"] = g.get("request_id", "")
    present = {name.lower() for name, _ in response.headers}
    for name, value in SECURITY.items():
        if name.lower() not in present:
            response.headers.add(name, value)
    if request.path == "/docs" or request.path.startswith("/static/"):
        response.headers["Content-Security-Policy"] = _DOCS
    if ending := ENDING.get((request.endpoint or "").rpartition(".")[2]):
        since, until = ending
        response.headers["Deprecation"] = f"@{int(since.timestamp())}"  # RFC 9745
        response.headers["Sunset"] = format_datetime(until, usegmt=True)  # RFC 8594
    route = request.url_rule.rule if request.url_rule else "unknown"
    seconds = time.perf_counter() - g.get("started", time.perf_counter())
    count(request.method, route, response.status_code, seconds, request_id=g.get("request_id"))
    return response


def count(method: str, route: str, status: int, seconds: float = 0, **extra: Any) -> None:
    """Count and log one response. `route` must be a rule of the URL map or a fixed word, so that the label has few values."""
    method = method if method in METHODS else "other"
    REQUESTS.labels(method, route, status).inc()
    SECONDS.labels(method, route).observe(seconds)
    _log.info("answered", extra={**extra, "method": method, "route": route, "status": status, "ms": round(seconds * 1000, 1)})
