"""Round figures to multiples of five, by a keyed rule that is fixed for each cell, so that no number below five can be found out.

A number from five on is rounded up or down by chance, so that it is right on average. The chance is a keyed digest of the period,
the table, the keys and the figure: to publish the same cell again gives the same number, so nothing is gained by averaging. A
number below five is shown as `<5`. Published numbers bound each other (a total and its parts, a year and its quarters). Where such
bounds would leave only one possible value of a cell below five, totals are left out until they do not.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

BASE: Final = 5
_PRECISION: Final = 2**64

Cell = tuple[str, str, tuple[str, ...], str]
"""Period, table, keys and figure."""
Mac = Callable[[bytes], bytes]
_UNBOUNDED: Final = 10**9


@dataclass(frozen=True, slots=True)
class Sum:
    """A published number that is at least the sum of others. If it is `whole`, it is exactly their sum.

    `unlisted` are parts that have no row, so that a reader knows that they are below five.
    """

    total: Cell
    parts: tuple[Cell, ...]
    whole: bool = False
    unlisted: tuple[Cell, ...] = ()


def rounded(mac: Mac, cell: Cell, value: int) -> int | None:
    """Return the number that is shown in a cell, or None for `<5`."""
    if value < BASE:
        return None
    low, rest = divmod(value, BASE)
    period, table, keys, figure = cell
    drawn = int.from_bytes(mac("\x1f".join((period, table, *keys, figure)).encode())[:8], "big")
    return (low + (drawn * BASE < rest * _PRECISION)) * BASE


def bounds(shown: int | None) -> tuple[int, int]:
    """Return the least and the most that a number can be which is shown in this way."""
    return (0, BASE - 1) if shown is None else (max(BASE, shown - BASE + 1), shown + BASE - 1)


def narrowed(shown: Mapping[Cell, int | None], sums: Iterable[Sum]) -> dict[Cell, tuple[int, int]]:
    """Return the bounds of each cell as a reader of all published numbers can narrow them.

    Totals that are not published connect what is published too: two tables of the same things have the same total.
    """
    used = list(sums)
    known = {one.total: (0, _UNBOUNDED) for one in used} | {cell: bounds(value) for cell, value in shown.items()}
    known |= {cell: bounds(None) for one in used for cell in one.unlisted}
    changed = True
    while changed:
        changed = False
        for one in used:
            changed |= _narrow(known, one)
    return known


def _narrow(known: dict[Cell, tuple[int, int]], one: Sum) -> bool:
    """Narrow the bounds of a total and its parts by each other, and tell whether any changed."""
    listed = [cell for cell in one.parts if cell in known]
    whole, there = one.whole and len(listed) == len(one.parts), [*listed, *one.unlisted]
    low, high = known[one.total]
    lows, highs = (sum(known[cell][end] for cell in there) for end in (0, 1))
    fresh = {one.total: (max(low, lows), min(high, highs) if whole else high)}
    low, high = fresh[one.total]
    for cell in there:
        least, most = known[cell]
        fresh[cell] = (max(least, low - (highs - most)) if whole else least, min(most, high - (lows - least)))
    changed = {cell: pair for cell, pair in fresh.items() if known[cell] != pair and pair[0] <= pair[1]}
    known.update(changed)
    return bool(changed)


def publishable(shown: Mapping[Cell, int | None], sums: Sequence[Sum], fixed: Iterable[Cell] = ()) -> dict[Cell, int | None]:
    """Return the cells without the totals that would tell what a number below five is. `fixed` were published before.

    A part is left out if its totals were published before.
    """
    left, before = dict(shown), set(fixed)
    while told := _told(left, sums):
        telling = [one for one in sums if told.intersection((*one.parts, *one.unlisted))]
        totals, parts = {one.total for one in telling}, {cell for one in telling for cell in one.parts}
        gone = next((gone for cells in (totals, told, parts) if (gone := (cells & left.keys()) - before)), None)
        if not gone:
            break
        for cell in gone:
            del left[cell]
    return left


def _told(shown: Mapping[Cell, int | None], sums: Sequence[Sum]) -> set[Cell]:
    """Return the cells below five of which only one value is possible, listed or not."""
    known = narrowed(shown, sums)
    small = {cell for cell, value in shown.items() if value is None}.union(*(one.unlisted for one in sums))
    return {cell for cell in small if known[cell][0] == known[cell][1]}
