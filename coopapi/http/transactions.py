"""The transactions of one request: each has the caller of the request, and is retried if PostgreSQL asks for it."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Final, TypeVar

from flask import current_app, g, request
from sqlalchemy.exc import DBAPIError

from coopapi.errors import KnownKey, Unavailable
from coopapi.store.db import UnitOfWork

T = TypeVar("T")
_ATTEMPTS: Final = 3


def separately(do: Callable[[UnitOfWork], T]) -> T:
    """Run a function in a transaction of its own of the caller, which is committed at its end, and return what it returns.

    It is retried as `retried` says.
    """

    def once() -> T:
        with work_of_request() as work:
            return do(work)

    return retried(once)


def retried(do: Callable[[], T]) -> T:
    """Call a function, at most three times: again after a serialization failure, a deadlock, or if its key is known.

    Raises `Unavailable` if its key is known only at the last of them, which takes two other refusals before.
    """
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            return do()
        except (DBAPIError, KnownKey) as error:
            if attempt == _ATTEMPTS and isinstance(error, KnownKey):
                raise Unavailable from error
            if attempt == _ATTEMPTS or not _may_succeed(error):
                raise
            g.tried = True
    raise AssertionError


def _may_succeed(error: DBAPIError | KnownKey) -> bool:
    """Tell whether a transaction that was refused may succeed when it is tried again."""
    return isinstance(error, KnownKey) or getattr(error.orig, "pgcode", None) in {"40001", "40P01"}


def tried_before() -> bool:
    """Tell whether a transaction of this request was refused before."""
    return bool(g.get("tried"))


def work_of_request() -> AbstractContextManager[UnitOfWork]:
    """Open a transaction of the caller of this request, for the purpose that the request names."""
    service = current_app.extensions["coopapi"]
    purpose = request.headers.get("Coopapi-Purpose")
    found: AbstractContextManager[UnitOfWork] = service.database.work(service.identify, g.request_id, service.purpose(purpose))
    return found
