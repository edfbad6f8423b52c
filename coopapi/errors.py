"""The kinds of errors. `problems.py` maps each kind to its HTTP status.

CoopError
  BadRequest           the request cannot be read
    InvalidForm        the form does not fit the schema
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
  OutOfRange           the part that was asked for does not exist
  TooSlow              the request did not arrive in time
  HeadersTooLarge      the headers are too large
  TooMany              the caller exceeded a limit for this period
  Unavailable          a part of the service is not available
"""

from collections.abc import Sequence
from typing import Any, Self


class CoopError(Exception):
    """The service failed because of an internal error.

    Try again later. If the error persists, give the operator the request id of the response (`X-Request-Id`).
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
        faults = " ".join(error["detail"] for error in self.extra.get("errors", ()))
        return (self.detail or self.title()) + (f" {faults}" if faults else "")


class KnownKey(Exception):
    """The idempotency key of the request was used before.

    What the transaction has done is rolled back, and the request is tried again; then what is stored under the key is looked for.
    """


class BadRequest(CoopError):
    """The request cannot be read.

    `detail` says what could not be read. Correct it and send the request again.
    """


class InvalidForm(BadRequest):
    """The form does not match the schema.

    Each entry of `errors` gives the field (`pointer`), the rule that it breaks (`rule`) and an explanation (`detail`). The member
    `error` has the code of RFC 6749, 5.2, that clients of OAuth know.
    """


class Unauthenticated(CoopError):
    """The request has no valid access token.

    Send a valid access token in the header `Authorization: Bearer ...`.
    """


class Forbidden(CoopError):
    """Your role or your access rights do not allow this operation.

    `detail` says what is missing. Use another of your roles, ask the owner of the case for access, or ask a person who has
    the necessary role to take the step.
    """


class NotFound(CoopError):
    """The resource does not exist, or you do not have access to it.

    Check the id. The answer is the same for a resource that does not exist and for one that you may not see. If you know
    that it exists, ask its owner for access.
    """


class Conflict(CoopError):
    """The current state of the resource does not allow this operation.

    Read the resource again: its state has changed, or it already exists.
    """


class Stale(CoopError):
    """The resource was changed after you read it.

    Read the resource again, check what changed, and send your change with the new ETag in `If-Match`.
    """


class PreconditionRequired(CoopError):
    """The request must name the version that it changes in the header If-Match.

    Read the resource and send its ETag in the header `If-Match`.
    """


class Unprocessable(CoopError):
    """The request breaks a rule.

    Each entry of `errors` gives the field (`pointer`), the rule that it breaks (`rule`) and an explanation (`detail`).
    """


class InvalidInput(Unprocessable):
    """The input does not match the schema.

    Each entry of `errors` gives the place (`in`, `pointer`), the rule that it breaks (`rule`, such as `required`,
    `unknown_field`, `type`, `length` or `one_of`) and an explanation (`detail`). The API documentation at `/docs` shows
    every schema.
    """


class MethodNotAllowed(CoopError):
    """The address does not support the HTTP method of the request.

    The response header `Allow` lists the supported methods.
    """


class TooLarge(CoopError):
    """The request is larger than the limit.

    `detail` names the limit: 4 MB unless the operation says less, and 64 MB for a file that is sent to `/imports`. Split the
    request into several smaller ones.
    """


class UnsupportedMedia(CoopError):
    """The format of the request body is not supported.

    Send `Content-Type: application/json` (`application/x-www-form-urlencoded` at `/oauth/token`) and no `Content-Encoding`. At
    `/imports`, send `application/x-ndjson` or `text/csv`, as it is or compressed with `Content-Encoding: gzip`.
    """


class OutOfRange(CoopError):
    """The file has no bytes in the range of the header Range.

    `size` is the number of bytes of the file. Ask for a range that begins before its end, or leave the header out.
    """


class TooSlow(CoopError):
    """The request did not arrive in time.

    Send the whole request again without a pause. docs/operations.md lists the time limits for headers and bodies.
    """


class HeadersTooLarge(CoopError):
    """The headers of the request are larger than the limit.

    Send fewer or shorter headers. All headers together may have 32 kB, and an access token may have 8 kB.
    """


class TooMany(CoopError):
    """You have reached the limit for this operation in this period.

    Wait for the number of seconds in the response header `Retry-After`.
    """

    def __init__(self, detail: str = "", *, retry_after: int | None, **extra: Any) -> None:
        super().__init__(detail, **extra)
        self.retry_after = retry_after


class Unavailable(CoopError):
    """A part of the service that this request needs is not available.

    Try again after the number of seconds in the response header `Retry-After`.
    """


class ReadOnly(Unavailable):
    """The request has to be recorded, and this server has only a read-only copy of the register.

    Send the request to the main server. Changes are made there, and cases, their overlaps and the worklist are read there, because
    each of these consultations is recorded in the journal.
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
