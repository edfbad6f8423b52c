"""Every error body: RFC 9457 problem documents, from one table. Nothing personal, no SQL, no path of the machine."""

import logging
import re
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any, Final

from flask import Flask, Response, json
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolExhausted
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import HTTPException

from coopapi import errors
from coopapi.errors import CoopError
from coopapi.http import proxies
from coopapi.store import quotas
from coopapi.store.quotas import QuotaExceeded

MEDIA_TYPE: Final = "application/problem+json"
STATUS: Final[Mapping[type[CoopError], HTTPStatus]] = {
    errors.BadRequest: HTTPStatus.BAD_REQUEST,
    errors.Unauthenticated: HTTPStatus.UNAUTHORIZED,
    errors.Forbidden: HTTPStatus.FORBIDDEN,
    errors.NotFound: HTTPStatus.NOT_FOUND,
    errors.Conflict: HTTPStatus.CONFLICT,
    errors.Stale: HTTPStatus.PRECONDITION_FAILED,
    errors.PreconditionRequired: HTTPStatus.PRECONDITION_REQUIRED,
    errors.Unprocessable: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.MethodNotAllowed: HTTPStatus.METHOD_NOT_ALLOWED,
    errors.TooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    errors.UnsupportedMedia: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    errors.TooSlow: HTTPStatus.REQUEST_TIMEOUT,
    errors.HeadersTooLarge: HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    errors.TooMany: HTTPStatus.TOO_MANY_REQUESTS,
    errors.Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    CoopError: HTTPStatus.INTERNAL_SERVER_ERROR,
}
_DATABASE: Final[Mapping[str, type[CoopError]]] = {
    "42501": errors.Forbidden,  # the database's own refusal, should a check above it be missing
    "23505": errors.Conflict,
    "23503": errors.Unprocessable,
    "23514": errors.Unprocessable,
    "55P03": errors.Unavailable,
    "57014": errors.Unavailable,
    "40001": errors.Unavailable,
    "40P01": errors.Unavailable,
}
_FRAMEWORK: Final[Mapping[int, type[CoopError]]] = {
    status: kind for kind, status in STATUS.items() if kind not in {errors.Conflict, errors.Stale, errors.PreconditionRequired}
}
_SCHEMA_RULES: Final = tuple(
    (re.compile(pattern), rule)
    for pattern, rule in (
        ("Missing data for required field", "required"),
        ("Field may not be null", "not_null"),
        ("Unknown field", "unknown_field"),
        ("Must be one of|One or more of the choices", "one_of"),
        ("Longer than|Shorter than|Length must be", "length"),
        ("Must be (greater|less) than|Number too large|Special numeric values", "range"),
        ("Must be equal to", "equal"),
        ("String does not match", "pattern"),
        ("Not a valid|Invalid|.*cannot be formatted", "type"),
    )
)
"""The rule behind each sentence with which the schema library refuses a value; our own refusals name theirs (`errors.Refusal`)."""
_log = logging.getLogger("coopapi.problems")


def slug(kind: type[CoopError]) -> str:
    """Name an error class as its problem type does."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", kind.__name__).lower()


def remedy(kind: type[CoopError]) -> str:
    """Tell what to do about an error: the second paragraph of its docstring, or of the kind that it descends from."""
    paragraphs = (" ".join((base.__doc__ or "").split("\n\n", 1)[1:]) for base in kind.__mro__)
    return " ".join(next(filter(None, paragraphs)).split())


def status_of(kind: type[CoopError]) -> HTTPStatus:
    """Look the status up when the error is handled, through the kinds a class descends from."""
    return next(STATUS[base] for base in kind.__mro__ if base in STATUS)


def named(kind: type[CoopError]) -> dict[str, Any]:
    """Name a problem as every document about it does: its type, its title and its status."""
    return {"type": f"/problems/{slug(kind)}", "title": kind.title(), "status": int(status_of(kind))}


def _placed(extra: Mapping[str, Any]) -> dict[str, Any]:
    """Write the addresses that an error names as they are seen from outside."""
    found = dict(extra)
    if str(found.get("existing", "")).startswith("/"):
        found["existing"] = proxies.here(found["existing"])
    if "live" in found:
        found["live"] = [{**one, "href": proxies.here(one["href"])} for one in found["live"]]
    return found


def from_domain(error: CoopError) -> Response:
    """A broken rule: the class names it, its docstring explains it."""
    kind = type(error)
    status = status_of(kind)
    body = {**named(kind), **({"detail": error.detail} if error.detail else {}), **_placed(error.extra)}
    answer = Response(json.dumps(body) + "\n", int(status), content_type=MEDIA_TYPE)
    if status == HTTPStatus.UNAUTHORIZED:
        answer.headers["WWW-Authenticate"] = 'Bearer realm="coopapi"'
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        answer.headers["Retry-After"] = "2"
    if isinstance(error, errors.TooMany) and error.retry_after is not None:
        answer.headers["Retry-After"] = str(error.retry_after)
    if isinstance(error, QuotaExceeded):
        answer.headers.update(quotas.fields(error.quotas))
    return answer


def from_http(error: HTTPException) -> Response:
    """What the framework refuses: unknown paths, methods, and input against a schema."""
    if error.response is not None:
        return error.response  # type: ignore[return-value]  # a finished answer, such as 304
    data: Mapping[str, Any] = getattr(error, "data", None) or {}
    if "messages" in data:
        faults = [fault for where, tree in data["messages"].items() for fault in _pointers(tree, where)]
        return from_domain(errors.InvalidInput(errors=faults))
    status = error.code or 500
    kind = _FRAMEWORK.get(status, errors.BadRequest if status < HTTPStatus.INTERNAL_SERVER_ERROR else CoopError)
    told = kind is not errors.NotFound and status < HTTPStatus.INTERNAL_SERVER_ERROR
    answer = from_domain(kind(str(error.description or "") if told else ""))
    for key, value in error.get_headers():
        if key.lower() in {"allow", "retry-after"}:
            answer.headers[key] = value
    return answer


def _pointers(tree: Any, where: str, path: str = "") -> Iterator[dict[str, str]]:
    """Flatten a tree of messages to one fault each, with the JSON pointer (RFC 6901) of its field."""
    if isinstance(tree, dict):
        for key, below in tree.items():
            part = "" if key == "_schema" else "/" + str(key).replace("~", "~0").replace("/", "~1")
            yield from _pointers(below, where, path + part)
    else:
        for message in tree if isinstance(tree, list) else [tree]:
            yield errors.broken(path, rule_of(message), str(message), "body" if where == "json" else where)


def rule_of(message: object) -> str:
    """Name the rule that a schema's message is about: our own messages carry it, the library's are known by their words."""
    if isinstance(message, errors.Refusal):
        return message.rule
    return next((rule for words, rule in _SCHEMA_RULES if words.match(str(message))), "schema")


def from_database(error: DBAPIError) -> Response:
    """What the database refuses; its own words stay inside."""
    code = getattr(error.orig, "pgcode", None) or ""
    kind = _DATABASE.get(code)
    if kind is None:
        kind = errors.Unavailable if error.connection_invalidated or code[:2] in {"", "08", "53", "57"} else CoopError
    if kind is CoopError or kind is errors.Unavailable:
        _log.error("database", extra={"sqlstate": code, "error": type(error.orig).__name__})
    return from_domain(kind())


def from_accident(error: Exception) -> Response:
    """Whatever nobody foresaw: logged by its type and place, never by its values."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f"{trace.tb_frame.f_globals.get('__name__')}:{trace.tb_lineno}" if trace else ""
    _log.error("accident", extra={"error": type(error).__name__, "place": place})
    return from_domain(CoopError())


def register(app: Flask) -> None:
    """Give every kind of error its problem document."""
    app.register_error_handler(CoopError, from_domain)
    app.register_error_handler(HTTPException, from_http)
    app.register_error_handler(DBAPIError, from_database)
    app.register_error_handler(IntegrityError, from_database)
    app.register_error_handler(StaleDataError, lambda _: from_domain(errors.Stale()))
    app.register_error_handler(PoolExhausted, lambda _: from_domain(errors.Unavailable()))
    app.register_error_handler(Exception, from_accident)


def catalogue() -> dict[str, type[CoopError]]:
    """Return every problem type by its name."""
    found: dict[str, type[CoopError]] = {}
    waiting = [CoopError]
    while waiting:
        kind = waiting.pop()
        found[slug(kind)] = kind
        waiting += kind.__subclasses__()
    return dict(sorted(found.items()))
