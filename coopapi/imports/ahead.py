"""A second process that reads lines while the first one stores those before them.

Reading is what needs neither the database nor the keys of cases: parsing lines, checking their fields, reading their values and
making match tokens. What was read is kept in memory only, so if either process is killed, the lines are read again.
"""

import gc
import os
import pickle
import signal
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from dataclasses import dataclass, fields
from multiprocessing import get_context
from operator import attrgetter
from threading import Thread
from typing import Any, Final, NamedTuple

from coopapi.errors import Unprocessable
from coopapi.identifiers import keys, registration
from coopapi.identifiers.drafts import Content, content_of
from coopapi.identifiers.kinds import Reading
from coopapi.imports.lines import SentLine, read_lines
from coopapi.store.crypto import Keyring

_TOGETHER: Final = 500
"""How many lines are handed over together."""
_NICE: Final = 10
"""How much the process that reads lets others go first: it has time until its lines are wanted."""


class Staged(NamedTuple):
    """A staged piece: its import, the number of its first line, and whether the file is CSV."""

    import_id: Any
    first_line: int
    csv: bool = False


@dataclass(slots=True)
class _Lines:
    """Lines that were read, as bytes, so that each attempt to store them begins anew. `last` is the number of the last."""

    last: int
    pickled: bytes
    unpacked: list[SentLine] | None = None

    def unpack(self) -> None:
        """Make the lines that are taken next."""
        packed = pickle.loads(self.pickled)  # noqa: S301 (of the process that reads)
        self.unpacked = [_unpacked(line) for line in packed]

    def take(self) -> list[SentLine]:
        """Return the lines. Those that are returned the next time are others."""
        if self.unpacked is None:
            self.unpack()
        taken, self.unpacked = self.unpacked, None
        return taken or []


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
            self._asked[place].add_done_callback(_unpack)  # in a thread of this process, mostly while the database stores others
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
                    found += [line for line in some.take() if line.number > after]
            return found[:most]
        except BrokenProcessPool:
            self._begin()
            return read_lines(plain(), place.first_line, after, most, csv=place.csv)


def _unpack(read: Future[list[_Lines]]) -> None:
    if not read.cancelled() and read.exception() is None:
        for some in read.result():
            some.unpack()


def keep_memory() -> None:
    """Have the garbage collector of this process leave out what was loaded at its start, and look at the rest less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


@contextmanager
def uncollected() -> Iterator[None]:
    """Let the garbage collector rest meanwhile: it would look again and again at lines that are still needed.

    It first collects what was made before. At the end, an error that is on its way may still hold what was made meanwhile.
    """
    gc.collect(1)
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


_keyring: Keyring


def _begin(parent: int, keyring: Keyring) -> None:
    global _keyring  # noqa: PLW0603 (the process reads for one service)
    _keyring = keyring
    keep_memory()
    os.nice(_NICE)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(0)


def _read(plain: bytes, place: Staged, after: int, *, values: bool) -> list[_Lines]:
    with uncollected():
        return _read_piece(plain, place, after, values=values)


def _read_piece(plain: bytes, place: Staged, after: int, *, values: bool) -> list[_Lines]:
    lines = read_lines(plain, place.first_line, after, len(plain), csv=place.csv)
    if values:
        prepare(lines, _keyring)
    several = [lines[start : start + _TOGETHER] for start in range(0, len(lines), _TOGETHER)]
    return [_Lines(some[-1].number, pickle.dumps([_packed(line) for line in some], pickle.HIGHEST_PROTOCOL)) for some in several]


_FIELDS: Final = attrgetter(*(field.name for field in fields(SentLine) if field.name not in {"content", "held"}))
"""Returns what a line holds, but for the content of its value, and its tokens."""


def _packed(line: SentLine) -> tuple[Any, ...]:
    """Return a line as plain tuples. Those are handed over in half of the time that objects take."""
    return (*_FIELDS(line), line.content and (*line.content,), line.held)


def _unpacked(packed: tuple[Any, ...]) -> SentLine:
    line = SentLine(*packed)
    line.content = line.content and Content._make(line.content)
    return line


def prepare(lines: Iterable[SentLine], keyring: Keyring) -> None:
    """Check the fields of lines and read their values. What is to be refused, or fails, is left to the process that stores lines.

    Each step is taken for all lines before the next one, and values of one kind are read together. That takes a fifth less time
    than line by line, because the caches of the processor hold what one step needs, but not what all need.
    """
    waiting = [(line, line.sent) for line in lines if line.outcome is None]
    checked = _each(waiting, _check)
    valued = [one for one in checked if one[0].type in {"identifier", "person"}]
    valued.sort(key=lambda one: (one[0].data or {})["kind"])
    readings: dict[int, Reading] = {}

    def read(line: SentLine) -> bool:
        with suppress(Unprocessable):
            readings[line.number] = registration.read_item(line.data or {})
        return line.number in readings

    def make_tokens(line: SentLine) -> bool:
        reading = readings[line.number]
        line.content, line.held = content_of(line.data or {}, reading), keys.held(keyring, reading.keys)
        return True

    _each(_each(valued, read), make_tokens)


_Waiting = list[tuple[SentLine, dict[str, Any] | None]]
"""Lines, each with what was sent."""


def _each(waiting: _Waiting, step: Callable[[SentLine], bool]) -> _Waiting:
    """Take a step for each line, and return those for which it returns True.

    If a step fails, its line is as it was before it was checked.
    """
    going = []
    for line, sent in waiting:
        try:
            if step(line):
                going.append((line, sent))
        except Exception:  # noqa: BLE001 (one line does not stop the others)
            line.sent, line.data, line.content, line.held = sent, None, None, None
    return going


def _check(line: SentLine) -> bool:
    """Check the fields of a line. If it is to be refused, nothing is noted of that."""
    if line.check():
        line.sent = None
        return True
    line.outcome, line.faults = None, ()
    return False
