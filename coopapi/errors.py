"""The kinds of errors. `problems.py` maps each kind to its HTTP status.

CoopError
  BadRequest           the request cannot be read
  Unauthenticated      the caller is not authenticated
  Forbidden            the caller is authenticated, but not allowed to do this
  NotFound             the object is absent, or hidden from this caller
  Conflict             the state of the object does not allow this
    Stale              somebody else has changed the object
  PreconditionRequired a change does not name the version that it changes
  Unprocessable        the request can be read, but breaks a rule
    InvalidInput       the input does not fit the schema
  MethodNotAllowed     the address does not support this method
  TooLarge             the request is too large
  UnsupportedMedia     the format of the body is not supported
  TooSlow              the request did not arrive in time
  HeadersTooLarge      the headers are too large
  TooMany              the caller exceeded a limit for this period
  Unavailable          a part of the service is not available
"""

from collections.abc import Sequence
from typing import Any, Self


class CoopError(Exception):
    """Something went wrong on our side.

    Try again later. If it stays, give the operator the request id of the answer (`X-Request-Id`).
    """

    def __init__(self, detail: str = "", *, errors: Sequence[dict[str, Any]] = (), **extra: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.extra: dict[str, Any] = {**({"errors": list(errors)} if errors else {}), **extra}

    @classmethod
    def title(cls) -> str:
        """Return the title of this kind of error: the first line of its docstring."""
        return (cls.__doc__ or "").splitlines()[0]

    @property
    def explained(self) -> str:
        """Return the explanation of this error: its detail or title, and the fault of each field."""
        faults = "; ".join(error["detail"] for error in self.extra.get("errors", ()))
        return (self.detail or self.title()) + (f" {faults}" if faults else "")


class BadRequest(CoopError):
    """The request cannot be read.

    `detail` says what could not be read: correct it and send the request again.
    """


class Unauthenticated(CoopError):
    """The request carries no token that we accept.

    Send a valid access token in the header `Authorization: Bearer ...`.
    """


class Forbidden(CoopError):
    """Your role or your access to this case does not allow that.

    `detail` names what is missing. Act in another of your roles, ask the owner of the case for access, or leave the step to
    somebody who may take it.
    """


class NotFound(CoopError):
    """There is no such thing here for you.

    Check the id. A thing that exists and that you may not see is answered in the same way, so ask its owner for access if you
    were told of it.
    """


class Conflict(CoopError):
    """The present state does not allow that.

    Read the thing again: it is in another state than you expected, or it exists already.
    """


class Stale(CoopError):
    """Somebody else changed it since you read it.

    Read it again, look at what changed, and send your change with the new ETag in `If-Match`.
    """


class PreconditionRequired(CoopError):
    """A change must name the version it changes in If-Match.

    Read the thing, and send its ETag back in the header `If-Match`.
    """


class Unprocessable(CoopError):
    """The request breaks a rule.

    Each entry of `errors` names a field (`pointer`), the rule that it breaks (`rule`), and says why (`detail`).
    """


class InvalidInput(Unprocessable):
    """The input does not fit the schema.

    Each entry of `errors` names the place (`in`, `pointer`), the rule that it breaks (`rule`, such as `required`, `unknown_field`,
    `type`, `length` or `one_of`) and says why (`detail`). The API document at `/docs` shows every schema.
    """


class MethodNotAllowed(CoopError):
    """The address does not take that method.

    The header `Allow` of the answer names the methods that it takes.
    """


class TooLarge(CoopError):
    """The request is larger than we take at once.

    Send less at once: a body has at most 4 MB, and lists go in several requests.
    """


class UnsupportedMedia(CoopError):
    """The body comes in a form that is not read here.

    Send `Content-Type: application/json` (`application/x-www-form-urlencoded` at `/oauth/token`) and no `Content-Encoding`.
    """


class TooSlow(CoopError):
    """The request did not arrive in time.

    Send it again in one go; docs/operations.md says how long headers and bodies may take.
    """


class HeadersTooLarge(CoopError):
    """The headers of the request are larger than we take.

    Send fewer or shorter headers: 32 kB in all are taken, and an access token has at most 8 kB.
    """


class TooMany(CoopError):
    """You have done as much of this as you may in this time.

    Wait for the seconds that the header `Retry-After` names.
    """

    def __init__(self, detail: str = "", *, retry_after: int | None, **extra: Any) -> None:
        super().__init__(detail, **extra)
        self.retry_after = retry_after


class Unavailable(CoopError):
    """A part of the service that this needs is not available.

    Try again after the seconds that the header `Retry-After` names.
    """


def broken(pointer: str, rule: str, detail: str, where: str = "body") -> dict[str, str]:
    """Return an entry of a problem's `errors`: the rule that one field breaks."""
    return {"in": where, "pointer": pointer, "rule": rule, "detail": detail}


def fault(pointer: str, rule: str, detail: str) -> Unprocessable:
    """Return an `Unprocessable` error about one field."""
    return Unprocessable(errors=[broken(pointer, rule, detail)])


class Refusal(str):
    """The reason why a schema refuses a value, with the name of the rule."""

    __slots__ = ("rule",)
    rule: str

    def __new__(cls, rule: str, detail: str) -> Self:
        """Create the text and keep the rule with it."""
        made = super().__new__(cls, detail)
        made.rule = rule
        return made
