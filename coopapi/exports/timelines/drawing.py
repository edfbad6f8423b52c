"""Draw a timeline: an overview of all lanes, then a panel for each period that can be read, as shapes with coordinates in points.

Nothing here knows a file format. Each panel has a title, a height and shapes: `rect`, `line`, `circle` and `text`.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, NamedTuple

from coopapi.exports.timelines.entries import Entry, Head, in_order, partners_of, span
from coopapi.exports.timelines.lanes import BAR, COLOURS, LINKS, Lane, lanes_of, mark
from coopapi.exports.timelines.periods import bounds, divided, ticks
from coopapi.exports.timelines.words import Labels

Shape = dict[str, Any]
WIDTH: Final = 762.0
"""The width of a drawing in points: an A4 page on its side, without margins."""
MOST_LABELLED: Final = 20
"""The most entries of a panel in which each entry has its number and its sentence."""
_MOST_LANES: Final = 10
"""The most lanes of a panel. With `MOST_LABELLED` entries in them, it is as high as a page."""
_LEFT: Final = 132.0
_AXIS: Final = 14.0
_ROW: Final = 13.5
_PADDING: Final = 4.0
_BINS: Final = 90
_MOST_LINKS: Final = 40
_TEXT: Final = 7.8
_LAYERS: Final = {"line": 3, "rect": 4, "circle": 4, "text": 5}
_INK: Final = "#1c2733"
_QUIET: Final = "#55606c"
_GRID: Final = "#dde3e9"
_TINT: Final = "#f4f7f9"


@dataclass(slots=True)
class Placed:
    """An entry with its number, its lane and its span on the axis."""

    number: int
    entry: Entry
    lane: Lane
    begins: datetime
    ends: datetime
    partners: list[tuple[str, int]] = field(default_factory=list)


@dataclass(slots=True)
class Panel:
    """A part of the drawing."""

    title: str
    height: float
    shapes: list[Shape]
    numbers: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Drawing:
    """A whole drawing: its panels, the overview first, and the numbered entries, those without a date at the end."""

    panels: Sequence[Panel]
    numbered: Sequence[tuple[int, Entry]]
    undated: Sequence[tuple[int, Entry]]
    partners: Mapping[int, Sequence[tuple[str, int]]]


def draw(head: Head, entries: Iterable[Entry]) -> Drawing:
    """Return the drawing of these entries. A co-occurrence is shown if both of its entries are there."""
    ordered = in_order(entries)
    numbered = list(enumerate(ordered, 1))
    numbers = {str(entry["id"]): n for n, entry in numbered}
    partners = {n: _partners(entry, numbers) for n, entry in numbered}
    lanes = lanes_of(head, ordered, Labels(head.language))
    placed = [
        Placed(n, entry, lanes[lane_key], *found, partners=partners[n])
        for n, entry in numbered
        if (found := span(entry)) and (lane_key := (str(entry["case"]["id"]), entry["kind"]))
    ]
    words = Labels(head.language)
    return Drawing(_panels(placed, words), numbered, [one for one in numbered if one[1].get("begins_at") is None], partners)


def _partners(entry: Entry, numbers: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted({(kind, numbers[other]) for kind, other in partners_of(entry) if other in numbers}, key=lambda one: one[1])


def _panels(placed: Sequence[Placed], words: Labels) -> list[Panel]:
    if not placed:
        return []
    if len(placed) <= MOST_LABELLED:
        return [_labelled(part, words, title) for part, title in _titled(_split(placed), words)]
    views = [_overview(part, words, title) for part, title in _titled(_split(placed), words)]
    parts = [part for period in divided(placed, lambda one: one.begins, MOST_LABELLED) for part in _split(period)]
    return views + [_labelled(part, words, title) for part, title in _titled(parts, words)]


class _Part(NamedTuple):
    """Entries of a period in as many lanes as have room on a page, and all entries of that period."""

    placed: Sequence[Placed]
    period: Sequence[Placed]


def _split(period: Sequence[Placed]) -> list[_Part]:
    lanes = [lane.place for lane, _ in _by_lane(period)]
    some = [set(lanes[n : n + _MOST_LANES]) for n in range(0, len(lanes), _MOST_LANES)]
    return [_Part([one for one in period if one.lane.place in places], period) for places in some]


def _titled(parts: Sequence[_Part], words: Labels) -> Iterator[tuple[_Part, str]]:
    """Yield each part with its title: its period, and its number if others have the same period."""
    titles = [words.period(part.period[0].begins, part.period[-1].begins) for part in parts]
    same, seen = Counter(titles), Counter[str]()
    for title, part in zip(titles, parts, strict=True):
        seen[title] += 1
        yield part, title + (f" ({words.label('part')} {seen[title]}/{same[title]})" if same[title] > 1 else "")


class _Axis:
    """Places times on the width of a panel."""

    def __init__(self, placed: Sequence[Placed]) -> None:
        self.first, self.last = bounds([(one.begins, one.ends) for one in placed])

    def x(self, at: datetime) -> float:
        part = (at - self.first) / (self.last - self.first)
        return round(_LEFT + min(max(part, 0), 1) * (WIDTH - _LEFT), 2)


def _labelled(part: _Part, words: Labels, title: str) -> Panel:
    """Return a panel in which each entry has its own place, its number and its sentence."""
    placed, axis = part.placed, _Axis(part.period)
    shapes: list[Shape] = []
    places: dict[int, tuple[float, float]] = {}
    y = _AXIS + 4
    for place, (lane, members) in enumerate(_by_lane(placed)):
        rows: list[float] = []
        lane_shapes: list[Shape] = []
        top = y + _PADDING
        for one in members:
            shape, low, high = _label(one, axis)
            row = next((n for n, end in enumerate(rows) if end < low), len(rows))
            rows[row : row + 1] = [high + 6]
            middle = top + (row + 0.5) * _ROW
            places[one.number] = (axis.x(one.begins), middle)
            lane_shapes += [*_bar(one, axis, middle), *mark(one.entry, lane.colour, axis.x(one.begins), middle)]
            lane_shapes.append({**shape, "y": middle - _TEXT * 0.36})
        height = max(len(rows) * _ROW, 2 * _ROW) + 2 * _PADDING
        shapes += [*_lane(lane, y, height, place), *lane_shapes]
        y += height
    return Panel(title, y + 2, _layered([*_grid(axis, y, words), *shapes, *_links(placed, places)]), [one.number for one in placed])


def _label(one: Placed, axis: _Axis) -> tuple[Shape, float, float]:
    """Return the text of an entry, and from where to where it and its mark reach.

    The text is right of the mark, or left of it, or on its length if there is not enough room beside it.
    """
    left, right = axis.x(one.begins), axis.x(one.ends)
    linked = sorted({n for _, n in one.partners})
    more = f" ↔ {', '.join(map(str, linked[:4]))}{' …' if linked[4:] else ''}" if linked else ""
    text = f"{one.number}  {one.entry['sentence']}"
    wanted = _width(text + more) + 4
    room = max(WIDTH - right - 8, left - _LEFT - 8, right - left - 10)
    width = min(wanted, room)
    shape = {"t": "text", "s": _cut(text, width - _width(more) - 4) + more, "size": _TEXT, "fill": _INK, "number": one.number}
    shape["w"] = round(width, 1)
    if right + 8 + width <= WIDTH:
        return {**shape, "x": right + 7, "align": "start"}, left - 5, right + 8 + width
    if left - 8 - width >= _LEFT:
        return {**shape, "x": left - 7 - width, "align": "end"}, left - 8 - width, right + 5
    return {**shape, "x": left + 7, "align": "start"}, left - 5, right + 5


def _width(text: str) -> float:
    """Estimate the width of a text in points. If the typesetter finds a text wider than its place, it cuts it."""
    return sum(0.68 if char.isupper() or ord(char) > 0x2E80 else 0.28 if char in " .,;:il'|" else 0.48 for char in text) * _TEXT  # noqa: PLR2004


def _cut(text: str, width: float) -> str:
    if _width(text) <= width:
        return text
    kept = text
    while kept and _width(kept + "…") > width:
        kept = kept[:-1]
    return kept.rstrip() + "…"


def _bar(one: Placed, axis: _Axis, middle: float) -> list[Shape]:
    left, right = axis.x(one.begins), axis.x(one.ends)
    bar = {"t": "rect", "x": left, "y": middle - BAR / 2, "w": round(right - left, 2), "h": BAR, "fill": one.lane.light, "layer": 2}
    return [bar] if right - left > 1 else []


def _overview(part: _Part, words: Labels, title: str) -> Panel:
    """Return a panel of the whole period, in which marks that would touch each other are one mark with their number."""
    placed, axis = part.placed, _Axis(part.period)
    shapes: list[Shape] = []
    places: dict[int, tuple[float, float]] = {}
    y, height = _AXIS + 4, 2 * _ROW + 2 * _PADDING
    for place, (lane, members) in enumerate(_by_lane(placed)):
        middle = y + height / 2
        shapes += _lane(lane, y, height, place)
        bins: dict[int, list[Placed]] = defaultdict(list)
        for one in members:
            bins[int((axis.x(one.begins) - _LEFT) / (WIDTH - _LEFT) * _BINS)].append(one)
        for every in bins.values():
            x = sum(axis.x(one.begins) for one in every) / len(every)
            places |= {one.number: (x, middle) for one in every}
            shapes += _bin(every, lane, x, middle)
        y += height
    links = {tuple(sorted((one.number, other))) for one in placed for _, other in one.partners}
    drawn = _links(placed, places) if len(links) <= _MOST_LINKS else []
    whole = drawn and places.keys() >= {number for link in links for number in link}
    below = "" if whole or not links else f" ({words.label('links_below').format(count=len(links))})"
    shapes = _layered([*_grid(axis, y, words), *shapes, *drawn])
    return Panel(f"{words.label('overview')}: {title}{below}", y + 2, shapes, [one.number for one in placed])


def _layered(shapes: Sequence[Shape]) -> list[Shape]:
    """Return shapes in the order in which they are drawn: backgrounds, grid, lengths, lines, marks, and text on top."""
    return sorted(shapes, key=lambda one: one.get("layer", _LAYERS[one["t"]]))


def _bin(every: Sequence[Placed], lane: Lane, x: float, middle: float) -> list[Shape]:
    if len(every) == 1:
        return mark(every[0].entry, lane.colour, x, middle)
    radius = min(3.6 + 0.5 * len(every) ** 0.5, 9)
    circle = {"t": "circle", "x": x, "y": middle, "r": radius, "fill": lane.colour, "stroke": "#ffffff"}
    count = {
        "t": "text",
        "s": str(len(every)),
        "size": 6.2,
        "fill": "#ffffff",
        "bold": True,
        "x": x - 10,
        "y": middle - 2.1,
        "w": 20,
    }
    return [circle, {**count, "align": "center"}]


def _by_lane(placed: Sequence[Placed]) -> list[tuple[Lane, list[Placed]]]:
    found: dict[int, list[Placed]] = defaultdict(list)
    for one in placed:
        found[one.lane.place].append(one)
    return [(members[0].lane, members) for _, members in sorted(found.items())]


def _lane(lane: Lane, y: float, height: float, place: int) -> list[Shape]:
    tint = [] if place % 2 else [{"t": "rect", "x": 0, "y": y, "w": WIDTH, "h": height, "fill": _TINT, "layer": 0}]
    name = {"t": "text", "s": lane.name, "size": 8.4, "fill": lane.colour, "bold": True, "x": 8, "y": y + 5, "w": _LEFT - 14}
    kind = {"t": "text", "s": lane.kind, "size": 7.4, "fill": _QUIET, "x": 8, "y": y + 16, "w": _LEFT - 14}
    side = {"t": "rect", "x": 0, "y": y, "w": 3, "h": height, "fill": lane.colour}
    return [*tint, side, {**name, "align": "start"}, {**kind, "align": "start"}]


def _grid(axis: _Axis, bottom: float, words: Labels) -> list[Shape]:
    shapes: list[Shape] = [{"t": "line", "x1": _LEFT, "y1": _AXIS, "x2": WIDTH, "y2": _AXIS, "stroke": _QUIET, "width": 0.6}]
    for at, unit in ticks(axis.first, axis.last):
        x = axis.x(at)
        text = {
            "minute": f"{at:%H:%M}",
            "day": f"{at.day} {words.month(at, short=True)}",
            "month": f"{words.month(at, short=True)} {at.year}",
            "year": str(at.year),
        }[unit]
        shapes.append({"t": "line", "x1": x, "y1": _AXIS, "x2": x, "y2": bottom, "stroke": _GRID, "width": 0.6, "layer": 1})
        label = {"t": "text", "s": text, "size": 7, "fill": _QUIET, "x": min(max(x - 30, _LEFT - 30), WIDTH - 60), "y": 3, "w": 60}
        shapes.append({**label, "align": "center" if x <= WIDTH - 30 else "end"})
    return shapes


def _links(placed: Sequence[Placed], places: Mapping[int, tuple[float, float]]) -> list[Shape]:
    """Return a line between the two entries of each co-occurrence, under the marks."""
    made: dict[tuple[int, int, str], Shape] = {}
    for one in placed:
        for kind, other in one.partners:
            ends = sorted((one.number, other))
            if other not in places or other == one.number:
                continue
            (x1, y1), (x2, y2) = places[ends[0]], places[ends[1]]
            aside = 1.5 * list(LINKS).index(kind) if kind in LINKS else 0
            line = {"t": "line", "x1": x1 + aside, "y1": y1, "x2": x2 + aside, "y2": y2, "width": 1.1}
            made[ends[0], ends[1], kind] = {**line, **LINKS.get(kind, {"stroke": COLOURS[-1]})}
    return list(made.values())
