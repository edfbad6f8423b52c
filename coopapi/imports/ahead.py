"""A second process that reads lines while the first one stores those before them.

Reading is what needs neither the database nor the keys of cases: parsing lines, checking their fields, reading their values and
making match tokens. What was read is kept in memory only, so if either process is killed, the lines are read again.
"""

import gc
import os
import pickle
import signal
import time
from collections.abc import Callable, Collection
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import fields
from multiprocessing import get_context
from operator import attrgetter
from threading import Thread
from typing import Any, Final, NamedTuple

from coopapi.errors import Unprocessable
from coopapi.identifiers import keys, registration
from coopapi.identifiers.kinds import MatchKey, Reading
from coopapi.imports.lines import SentLine, read_lines
from coopapi.store.crypto import Keyring

_TOGETHER: Final = 500
"""How many lines are handed over together."""


class Staged(NamedTuple):
    """A staged piece: its import, the number of its first line, and whether the file is CSV."""

    import_id: Any
    first_line: int
    csv: bool = False


class _Lines(NamedTuple):
    """Lines that were read, as bytes, so that each attempt to store them begins anew. `last` is the number of the last."""

    last: int
    pickled: bytes


class Ahead:
    """The process that reads ahead, as the process that stores lines sees it. It ends with that process."""

    def __init__(self, keyring: Keyring) -> None:
        self.values = True
        """Whether values are read, too. That is a waste if most lines are those that the register has already."""
        self._keyring = keyring
        self._begin()

    def _begin(self) -> None:
        """Start the process, at once, so that it has no connection of this one to the database."""
        self._asked: dict[Staged, Future[list[_Lines]]] = {}
        begin = (os.getpid(), self._keyring)
        self._pool = ProcessPoolExecutor(1, get_context("fork"), _begin, begin)
        self._pool.submit(int).result()

    @property
    def processes(self) -> list[int]:
        """The ids of the processes that read: one, or none after it ended."""
        return list(self._pool._processes)  # noqa: SLF001 (there is no other way to learn them)

    def end(self) -> None:
        """End the process."""
        self._pool.shutdown(cancel_futures=True)

    def ask(self, place: Staged, plain: Callable[[], bytes], after: int) -> None:
        """Have the lines of a piece read that come after a line. `plain` returns the piece."""
        if place in self._asked:
            return
        while len(self._asked) > 1:
            self._asked.pop(next(iter(self._asked))).cancel()
        try:
            self._asked[place] = self._pool.submit(_read, plain(), place, after, values=self.values)
        except BrokenProcessPool:
            self._begin()

    @property
    def imports(self) -> set[Any]:
        """The imports of which lines are kept."""
        return {place.import_id for place in self._asked}

    def forget(self, import_ids: Collection[Any]) -> None:
        """Forget what was read of these imports."""
        for place in [place for place in self._asked if place.import_id in import_ids]:
            self._asked.pop(place).cancel()

    def lines(self, place: Staged, plain: Callable[[], bytes], after: int, most: int) -> list[SentLine]:
        """Return the first lines of a piece that come after a line, at most so many. If the process died, they are read here."""
        self.ask(place, plain, after)
        found: list[SentLine] = []
        try:
            if place not in self._asked:
                return read_lines(plain(), place.first_line, after, most, csv=place.csv)
            for some in self._asked[place].result():
                if some.last > after and len(found) < most:
                    sent = pickle.loads(some.pickled)  # noqa: S301 (of the process above)
                    found += [_unpacked(line) for line in sent if line[0] > after]
            return found[:most]
        except BrokenProcessPool:
            self._begin()
            return read_lines(plain(), place.first_line, after, most, csv=place.csv)


def keep_memory() -> None:
    """Have the garbage collector of this process leave out what was loaded at its start, and look at the rest less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


_keyring: Keyring


def _begin(parent: int, keyring: Keyring) -> None:
    global _keyring  # noqa: PLW0603 (the process reads for one service)
    _keyring = keyring
    keep_memory()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(0)


def _read(plain: bytes, place: Staged, after: int, *, values: bool) -> list[_Lines]:
    lines = read_lines(plain, place.first_line, after, len(plain), csv=place.csv)
    if values:
        for line in lines:
            prepare(line, _keyring)
    several = [lines[start : start + _TOGETHER] for start in range(0, len(lines), _TOGETHER)]
    return [_Lines(some[-1].number, pickle.dumps([_packed(line) for line in some], pickle.HIGHEST_PROTOCOL)) for some in several]


_FIELDS: Final = attrgetter(*(field.name for field in fields(SentLine) if field.name not in {"reading", "held"}))
"""Returns what a line holds, but for what its value was read as, and its tokens."""


def _packed(line: SentLine) -> tuple[Any, ...]:
    """Return a line as plain tuples. Those are handed over in half of the time that objects take."""
    read = line.reading
    return (*_FIELDS(line), read and (read.normalised, [(*key,) for key in read.keys], *read[2:]), line.held)


def _unpacked(packed: tuple[Any, ...]) -> SentLine:
    *said, read, held = packed
    line = SentLine(*said)
    line.reading, line.held = read and Reading(read[0], tuple(map(MatchKey._make, read[1])), *read[2:]), held
    return line


def prepare(line: SentLine, keyring: Keyring) -> None:
    """Check the fields of a line and read its value. What is to be refused, or fails, is left to the process that stores lines."""
    if line.outcome is not None:
        return
    sent = line.sent
    try:
        _prepare(line, keyring)
    except Exception:  # noqa: BLE001 (one line does not stop the others)
        line.sent, line.data, line.reading, line.held = sent, None, None, None


def _prepare(line: SentLine, keyring: Keyring) -> None:
    if not line.check() or line.data is None:
        line.outcome, line.faults = None, ()
        return
    line.sent = None
    if line.type in {"identifier", "person"}:
        try:
            line.reading = registration.read_item(line.data)
        except Unprocessable:
            return
        line.held = keys.held(keyring, line.reading.keys)
