"""Reads for many things at once: where many need the same kind of row, it is read for all of them in one statement."""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import wraps
from typing import Any, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
T = TypeVar("T")
W = TypeVar("W")


class NotReadYet(Exception):
    """Raised by a read while many are gathered, so that the next thing can ask too. `each` calls its function again afterwards."""


class Reads:
    """What one work has read for many things, and what is still asked for. It is empty unless `each` runs."""

    def __init__(self) -> None:
        self.gathers = False
        self.known: dict[tuple[Any, Any], Any] = {}
        self.asked: dict[Any, dict[Any, None]] = {}

    def get(self, read: Any, key: Any) -> Any:
        """Return what was read under a key, or ask for it and raise `NotReadYet`."""
        if (read, key) not in self.known:
            self.asked.setdefault(read, {})[key] = None
            raise NotReadYet
        return self.known[read, key]

    def fetch(self, work: Any) -> None:
        """Read everything that is asked for, each kind in one call."""
        asked, self.asked = self.asked, {}
        self.gathers = False
        for read, keys in asked.items():
            found = read(work, list(keys))
            self.known |= {(read, key): found[key] for key in keys}
        self.gathers = True


def together(read: Callable[[W, Sequence[K]], Mapping[K, V]]) -> Callable[[W, K], V]:
    """Make a function that reads for many keys into one for a single key, which `each` calls for many keys at once.

    The function has to return a value for every key.
    """

    @wraps(read)
    def one(work: Any, key: K) -> V:
        if not work.reads.gathers:
            return read(work, [key])[key]
        found: V = work.reads.get(read, key)
        return found

    return one


def each(work: Any, do: Callable[[Any], T], things: Sequence[Any]) -> list[T]:
    """Call a function for each of many things, which only reads, and return what it returned.

    It is called anew for a thing after something was read that it needs, so the number of statements does not depend on the number
    of things.
    """
    reads: Reads = work.reads
    done: dict[int, T] = {}
    reads.gathers = True
    try:
        while len(done) < len(things):
            for place, thing in enumerate(things):
                if place not in done:
                    with suppress(NotReadYet):
                        done[place] = do(thing)
            reads.fetch(work)
    finally:
        reads.gathers = False
        reads.known.clear()
        reads.asked.clear()
    return [done[place] for place in range(len(things))]


def grouped(keys: Iterable[K], rows: Iterable[V], by: Callable[[V], K]) -> dict[K, list[V]]:
    """Return the rows of each key, in their order."""
    found: dict[K, list[V]] = {key: [] for key in keys}
    for row in rows:
        found[by(row)].append(row)
    return found
