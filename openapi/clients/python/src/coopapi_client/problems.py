"""What goes wrong, as exceptions. The problem documents of the register (RFC 9457) have one for each status."""

from collections.abc import Mapping
from typing import Any, Final

import httpx

from coopapi_client.models import Fault


class CoopapiError(Exception):
    """Anything that this package raises by itself."""


class NoAnswer(CoopapiError):
    """The register did not answer, and it is not known whether the request took effect. Read the object before you repeat it."""


class UntrustedWebhook(CoopapiError):
    """The message is not one of the register, or it is too old. Do not act on it, and answer with status 400."""


class ImportStopped(CoopapiError):
    """The register ended an import before all lines were read; `state_reason` says why."""

    def __init__(self, found: Mapping[str, Any]) -> None:
        super().__init__(f"The import {found['id']} was stopped: {found.get('state_reason')}.")
        self.found = found


class Problem(CoopapiError):
    """The register refused the request. `type` is the kind of problem and does not change; the page `/problems` explains each.

    `faults` has the fields that were refused, `pointers` their places (RFC 6901), and `document` all members of the answer.
    """

    def __init__(self, status: int, document: Mapping[str, Any], request_id: str = "", retry_after: float | None = None) -> None:
        self.status, self.document, self.request_id, self.retry_after = status, document, request_id, retry_after
        self.type: str = document.get("type", "about:blank")
        self.title: str = document.get("title", "")
        self.detail: str = document.get("detail", "")
        self.faults: list[Fault] = document.get("errors", [])
        self.pointers = [fault.get("pointer", "") for fault in self.faults]
        named = (f"{fault.get('pointer', '')} {fault.get('rule', '')}".strip() for fault in self.faults)
        parts = (f"{status} {self.title}", self.detail, ", ".join(named), f"[request {request_id}]" if request_id else "")
        super().__init__(" ".join(part for part in parts if part))


class BadRequest(Problem):
    """400: the request cannot be read."""


class Unauthenticated(Problem):
    """401: the credentials are wrong, or the client was deactivated."""


class Forbidden(Problem):
    """403: the role of the client does not allow it."""


class NotFound(Problem):
    """404: the object does not exist, or the client may not see it."""


class Conflict(Problem):
    """409: the state of the object does not allow it, or it exists already (`document["existing"]`)."""


class Changed(Problem):
    """412: somebody changed the object after it was read. Read it again, compare, and send your change with what you read."""


class TooLarge(Problem):
    """413: the body or the file is too large."""


class Invalid(Problem):
    """422: fields are wrong; `faults` and `pointers` say which."""


class TooMany(Problem):
    """429: the quota is used up; `retry_after` has the seconds until it is reset."""


class Unavailable(Problem):
    """502, 503 or 504: the register is starting, stopping or overloaded."""


_KINDS: Final[Mapping[int, type[Problem]]] = {
    400: BadRequest, 401: Unauthenticated, 403: Forbidden, 404: NotFound, 409: Conflict, 412: Changed, 413: TooLarge, 422: Invalid,
    429: TooMany, 502: Unavailable, 503: Unavailable, 504: Unavailable,
}  # fmt: skip


def problem_in(response: httpx.Response) -> Problem:
    """Return the exception for an answer that is no success."""
    try:
        document = response.json()
    except ValueError:
        document = {}
    if not isinstance(document, dict):
        document = {}
    document = {"title": response.reason_phrase, **document}
    kind = _KINDS.get(response.status_code, Problem)
    return kind(response.status_code, document, response.headers.get("X-Request-Id", ""), retry_after(response))


def retry_after(response: httpx.Response) -> float | None:
    """Return the seconds that the register asks to wait, or None."""
    given: str = response.headers.get("Retry-After", "")
    return float(given) if given.isdecimal() else None
