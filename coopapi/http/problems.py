"""The responses to all errors: problem documents (RFC 9457) without personal data, SQL or file paths."""

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
    errors.OutOfRange: HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
    errors.TooSlow: HTTPStatus.REQUEST_TIMEOUT,
    errors.HeadersTooLarge: HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    errors.TooMany: HTTPStatus.TOO_MANY_REQUESTS,
    errors.Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    CoopError: HTTPStatus.INTERNAL_SERVER_ERROR,
}
_DATABASE: Final[Mapping[str, type[CoopError]]] = {
    "25006": errors.ReadOnly,
    "42501": errors.Forbidden,  # refused by the database itself, in case a check in the application is missing
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
"""The rules that belong to the error texts of marshmallow. Our own errors carry their rule (`errors.Refusal`)."""
_log = logging.getLogger("coopapi.problems")


def slug(kind: type[CoopError]) -> str:
    """Return the name of an error class as it appears in its problem type."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", kind.__name__).lower()


def remedy(kind: type[CoopError]) -> str:
    """Return what to do about an error: the second paragraph of its docstring, or of the nearest base class that has one."""
    paragraphs = (" ".join((base.__doc__ or "").split("\n\n", 1)[1:]) for base in kind.__mro__)
    return " ".join(next(filter(None, paragraphs)).split())


def status_of(kind: type[CoopError]) -> HTTPStatus:
    """Return the HTTP status of an error class, or of its nearest base class in `STATUS`."""
    return next(STATUS[base] for base in kind.__mro__ if base in STATUS)


def named(kind: type[CoopError]) -> dict[str, Any]:
    """Return the type, title and status of a problem."""
    return {"type": f"/problems/{slug(kind)}", "title": kind.title(), "status": int(status_of(kind))}


def _placed(extra: Mapping[str, Any]) -> dict[str, Any]:
    """Add the prefix of the service to the paths in an error."""
    found = dict(extra)
    if str(found.get("existing", "")).startswith("/"):
        found["existing"] = proxies.here(found["existing"])
    if "live" in found:
        found["live"] = [{**one, "href": proxies.here(one["href"])} for one in found["live"]]
    return found


def from_domain(error: CoopError) -> Response:
    """Return the problem document of an error of ours: its class gives the type, its docstring the title."""
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
    """Return the problem document of an error of the framework: unknown path or method, or input that does not fit a schema."""
    if error.response is not None:
        return error.response  # type: ignore[return-value]  # a finished answer, such as 304
    data: Mapping[str, Any] = getattr(error, "data", None) or {}
    if "messages" in data:
        return from_domain(invalid(data["messages"]))
    status = error.code or 500
    kind = _FRAMEWORK.get(status, errors.BadRequest if status < HTTPStatus.INTERNAL_SERVER_ERROR else CoopError)
    told = kind is not errors.NotFound and status < HTTPStatus.INTERNAL_SERVER_ERROR
    answer = from_domain(kind(str(error.description or "") if told else ""))
    for key, value in error.get_headers():
        if key.lower() in {"allow", "retry-after"}:
            answer.headers[key] = value
    return answer


def invalid(messages: Mapping[str, Any]) -> CoopError:
    """Return the error for input that does not fit its schema. `messages` has a tree of messages for each place of the input.

    The only form is that of the token endpoint, whose errors follow RFC 6749, 5.2.
    """
    faults = [fault for where, tree in messages.items() for fault in pointers(tree, where)]
    return errors.InvalidForm(errors=faults, error="invalid_request") if "form" in messages else errors.InvalidInput(errors=faults)


def pointers(tree: Any, where: str, path: str = "") -> Iterator[dict[str, str]]:
    """Flatten a tree of error messages into one entry for each, with the JSON pointer (RFC 6901) of its field."""
    if isinstance(tree, dict):
        for key, below in tree.items():
            part = "" if key == "_schema" else "/" + str(key).replace("~", "~0").replace("/", "~1")
            yield from pointers(below, where, path + part)
    else:
        for message in tree if isinstance(tree, list) else [tree]:
            yield errors.broken(path, rule_of(message), str(message), "body" if where == "json" else where)


def rule_of(message: object) -> str:
    """Return the rule that an error message is about: stored in our own messages, recognised by the wording in marshmallow's."""
    if isinstance(message, errors.Refusal):
        return message.rule
    return next((rule for words, rule in _SCHEMA_RULES if words.match(str(message))), "schema")


def from_database(error: DBAPIError) -> Response:
    """Return the problem document of a database error. The text of the database is not included."""
    code = getattr(error.orig, "pgcode", None) or ""
    kind = _DATABASE.get(code)
    if kind is None:
        kind = errors.Unavailable if error.connection_invalidated or code[:2] in {"", "08", "53", "57"} else CoopError
    if kind is CoopError or kind is errors.Unavailable:
        _log.error("database", extra={"sqlstate": code, "error": type(error.orig).__name__})
    return from_domain(kind())


def from_accident(error: Exception) -> Response:
    """Return a 500 response for an unexpected error. Its type and place are logged, but no values."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f"{trace.tb_frame.f_globals.get('__name__')}:{trace.tb_lineno}" if trace else ""
    _log.error("accident", extra={"error": type(error).__name__, "place": place})
    return from_domain(CoopError())


def register(app: Flask) -> None:
    """Install the error handlers."""
    app.register_error_handler(CoopError, from_domain)
    app.register_error_handler(HTTPException, from_http)
    app.register_error_handler(DBAPIError, from_database)
    app.register_error_handler(IntegrityError, from_database)
    app.register_error_handler(StaleDataError, lambda _: from_domain(errors.Stale()))
    app.register_error_handler(PoolExhausted, lambda _: from_domain(errors.Unavailable()))
    app.register_error_handler(Exception, from_accident)


def catalogue() -> dict[str, type[CoopError]]:
    """Return all error classes by the name of their problem type."""
    found: dict[str, type[CoopError]] = {}
    waiting = [CoopError]
    while waiting:
        kind = waiting.pop()
        found[slug(kind)] = kind
        waiting += kind.__subclasses__()
    return dict(sorted(found.items()))
