"""Requests that wait: for the worker, which finds overlaps after the commit (RFC 7240), and for something new in a feed."""

import fcntl
import re
import tempfile
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import wraps
from hashlib import blake2b
from threading import BoundedSemaphore, Lock
from typing import Any, Final
from uuid import UUID

from flask import current_app, g, jsonify, request

from coopapi.http.gateway import STOPPING
from coopapi.http.transactions import separately
from coopapi.matching.engine import limits
from coopapi.store.db import UnitOfWork
from coopapi.store.statements import Statement

LONGEST: Final = 5
"""The most seconds for which a response waits."""
BY_ITSELF: Final = 1
"""The seconds for which the overlaps of a case wait without being asked, if the case was changed just before."""
LONGEST_POLL: Final = 30
"""The most seconds for which a feed waits for something new."""
BEHIND: Final = "5 seconds"
_LOOK: Final = 0.02
_LOOK_AT_FEED: Final = 0.25
_TRY_AGAIN: Final = "5"
_PLACE_BYTES: Final = 7
"""The length of the number of the byte that is locked. The numbers of bytes that can be locked have eight bytes and a sign."""
_WAIT: Final = re.compile(r'(?:^|[,;])\s*wait\s*=\s*"?([0-9]{1,9})"?\s*(?=[,;]|$)', re.ASCII | re.IGNORECASE)
_MINIMAL: Final = re.compile(r'(?:^|[,;])\s*return\s*=\s*"?minimal"?\s*(?=[,;]|$)', re.IGNORECASE)
_SETTLED: Final = Statement("select settled, late from priv.settled(:case, cast(:behind as interval), :limits)")


class Places:
    """The requests that wait: at most a quarter of the threads of this process, and one request of each caller for each thing.

    A caller who waits for new events may wait for the worker, too. A caller who waits has a byte of a file locked. The processes
    of a service share the file, because they are forked from the one that opened it, and what a process has locked is unlocked
    when it ends.
    """

    def __init__(self, threads: int) -> None:
        self._free = BoundedSemaphore(max(1, threads // 4))
        self._lock = Lock()
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 (it is closed with the application)
        weakref.finalize(self, self._file.close)
        self.callers: set[int] = set()

    @contextmanager
    def take(self, caller: UUID | None = None, what: str = "") -> Iterator[bool]:
        """Take a place while the context lasts. Yields False if there is none, or if this caller waits for the same already."""
        place = int.from_bytes(blake2b(what.encode() + caller.bytes, digest_size=_PLACE_BYTES).digest()) if caller else None
        with self._lock:
            taken = place not in self.callers and self._free.acquire(blocking=False)
            if taken and place is not None:
                self.callers.add(place)
        try:
            yield taken and self._alone(place)
        finally:
            if taken:
                try:
                    with self._lock:
                        self._let_go(place)
                finally:
                    self._free.release()

    def _alone(self, place: int | None) -> bool:
        """Lock the byte of a caller. Returns False if another process has it locked."""
        try:
            if place is not None:
                fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place)
        except BlockingIOError:
            return False
        return True

    def _let_go(self, place: int | None) -> None:
        if place is not None:
            self.callers.remove(place)
            with suppress(OSError):
                fcntl.lockf(self._file, fcntl.LOCK_UN, 1, place)


class Unsettled(Exception):
    """The worker has not followed every change of the case, and the request may wait for it."""


def settling(view: Callable[..., Any]) -> Callable[..., Any]:
    """Wait for the worker before a GET and after any other request, and say in the body whether the case is settled.

    With `return=minimal`, the response to a registration has only the ids of what was registered.

    No database connection is held while waiting. At most a quarter of the threads wait at one time, and one request of a caller
    that asks for it. Further ones are answered at once, with `Retry-After`, and so are all while the worker is behind.
    """

    @wraps(view)
    def settled(**params: Any) -> Any:
        asked = _asked()
        if request.method == "GET":
            seconds = BY_ITSELF if asked is None else asked
            g.may_settle = seconds > 0
            try:
                response = view(**params)
            except Unsettled:
                g.settled = _wait(params["case_id"], seconds, asked=asked is not None)
                response = view(**params)
        else:
            g.minimal = _MINIMAL.search(_preferences()) is not None
            response = view(**params)
        if response.status_code >= 300:  # noqa: PLR2004 (no success)
            return response
        if asked is not None and request.method != "GET":
            done = _wait(params["case_id"], asked, asked=True)
            response.set_data(jsonify({**response.get_json(), "settled": done}).get_data())
        applied = ["return=minimal"] * bool(g.get("minimal")) + [f"wait={asked}"] * (asked is not None)
        if applied:
            response.headers["Preference-Applied"] = ", ".join(applied)
        if g.get("no_place"):
            response.headers["Retry-After"] = _TRY_AGAIN
        return response

    return settled


def polling(view: Callable[..., Any]) -> Callable[..., Any]:
    """Answer a feed that has nothing new when something is new, or after the seconds of the query parameter `wait`.

    No database connection is held while waiting. A request that finds no place to wait is answered at once, with `Retry-After`.
    """

    @wraps(view)
    def polled(**params: Any) -> Any:
        response = view(**params)
        seconds = int(request.args.get("wait", "0"))
        if not seconds or not g.nothing_new:
            return response
        with _places().take(g.caller, "events") as taken:
            if not taken:
                response.headers["Retry-After"] = _TRY_AGAIN
                return response
            end = time.monotonic() + seconds
            while g.nothing_new and time.monotonic() < end and not STOPPING.wait(_LOOK_AT_FEED):
                response = view(**params)
        return response

    return polled


def may_wait() -> bool:
    """Tell whether a GET waits if its case is not settled. It reads everything again then."""
    return bool(g.get("may_settle"))


def told_settled(*, settled: bool, late: bool) -> None:
    """Note what the statement of a GET says of the case. Raises `Unsettled` if it pays to wait."""
    if "may_settle" not in g:
        return
    waits = g.pop("may_settle")  # not before the database has answered, because it may ask for the transaction to begin anew
    g.settled = settled
    if waits and not settled and not late:
        raise Unsettled


def _preferences() -> str:
    return ",".join(request.headers.getlist("Prefer"))


def _asked() -> int | None:
    """Return the seconds that the caller would wait, at most `LONGEST`, or None if the request does not say."""
    found = _WAIT.search(_preferences())
    return min(int(found[1]), LONGEST) if found else None


def _wait(case_id: UUID, seconds: float, *, asked: bool) -> bool:
    """Wait until the worker has followed all changes of the case. Returns whether it has."""
    settled, late = _look(case_id)
    if settled or late or not seconds:
        return settled
    with _places().take(g.caller if asked else None, "worker") as taken:
        g.no_place = not taken
        end = time.monotonic() + seconds
        while taken and not settled and time.monotonic() < end and not STOPPING.wait(_LOOK):
            settled, _ = _look(case_id)
    return settled


def _places() -> Places:
    places: Places = current_app.extensions["waiting places"]
    return places


def _look(case_id: UUID) -> tuple[bool, bool]:
    return separately(lambda work: _settled(work, case_id))


def _settled(work: UnitOfWork, case_id: UUID) -> tuple[bool, bool]:
    settled, late = _SETTLED.one(work.session, case=case_id, behind=BEHIND, limits=limits(work.settings))
    return settled, late
