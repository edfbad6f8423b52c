"""What can go wrong, in the words of the domain; `problems.py` gives each kind its HTTP status.

CoopError
  BadRequest         the request cannot be read
  Unauthenticated    nobody we know
  Forbidden          known, and not allowed
  NotFound           absent, or not there for this caller
  Conflict           not in the state for that
    Stale            somebody else changed it first
  PreconditionRequired
  Unprocessable      readable, and against a rule
  TooLarge           more than we take at once
  TooMany            more than the caller may do in this time
  Unavailable        a part we need is down
"""

from collections.abc import Sequence
from typing import Any


class CoopError(Exception):
    """Something went wrong."""

    def __init__(self, detail: str = "", *, errors: Sequence[dict[str, Any]] = (), **extra: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.extra: dict[str, Any] = {**({"errors": list(errors)} if errors else {}), **extra}


class BadRequest(CoopError):
    """The request cannot be read."""


class Unauthenticated(CoopError):
    """The request carries no token that we accept."""


class Forbidden(CoopError):
    """Your role or your access to this case does not allow that."""


class NotFound(CoopError):
    """There is no such thing here for you."""


class Conflict(CoopError):
    """The present state does not allow that."""


class Stale(CoopError):
    """Somebody else changed it since you read it."""


class PreconditionRequired(CoopError):
    """A change must name the version it changes in If-Match."""


class Unprocessable(CoopError):
    """The request breaks a rule."""


class TooLarge(CoopError):
    """The request is larger than we take at once."""


class TooMany(CoopError):
    """You have done as much of this as you may in this time."""

    def __init__(self, detail: str = "", *, retry_after: int, **extra: Any) -> None:
        super().__init__(detail, **extra)
        self.retry_after = retry_after


class Unavailable(CoopError):
    """A part of the service that this needs is not available."""


def fault(pointer: str, rule: str, detail: str) -> Unprocessable:
    """Say what is wrong with one field."""
    return Unprocessable(errors=[{"in": "body", "pointer": pointer, "rule": rule, "detail": detail}])
