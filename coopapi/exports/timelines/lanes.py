"""The lanes of a drawing, one for each case and kind of entry, their colours, the marks of entries, and the legend."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from coopapi.exports.timelines.entries import Entry, Head, case_of
from coopapi.exports.timelines.words import Labels

Shape = dict[str, Any]
COLOURS: Final = ("#0072b2", "#b34700", "#00795a", "#8a4f7d", "#7a5c00", "#2f6f9f", "#8c2d19", "#4d4d4d")
"""The colours of cases, by the palette of Okabe and Ito, darkened so that text in them can be read on white (4.5:1)."""
_LIGHT: Final = ("#b3d4e8", "#f0c8ad", "#b0dccf", "#dcc6d7", "#dfd3a8", "#bcd3e4", "#e0bcb3", "#cccccc")
LINKS: Final[Mapping[str, Mapping[str, Any]]] = {
    "identifier": {"stroke": "#c2185b"},
    "place": {"stroke": "#00838f", "dash": "dashed"},
    "minute": {"stroke": "#6d4c41", "dash": "dotted"},
}
"""How the lines between co-occurrences are drawn."""
BAR: Final = 6.0
_KINDS: Final = ("fact", "act")
_SIZE: Final = 3.2


@dataclass(frozen=True, slots=True)
class Lane:
    """A lane: its place from the top, the names of its case and kind, and the colours of its case."""

    place: int
    name: str
    kind: str
    colour: str
    light: str


def lanes_of(head: Head, entries: Iterable[Entry], words: Labels) -> dict[tuple[str, str], Lane]:
    """Return the lanes by the id of the case and the kind of the entry: cases in the order of the head, facts before acts."""
    names = {case.id: f"{case.reference}{f' ({case.country})' if case.country else ''}" for case in head.cases}
    for entry in entries:
        names.setdefault(str(entry["case"]["id"]), case_of(entry))
    return {
        (case, kind): Lane(2 * n + m, name, words.label(f"{kind}s"), COLOURS[n % len(COLOURS)], _LIGHT[n % len(_LIGHT)])
        for n, (case, name) in enumerate(names.items())
        for m, kind in enumerate(_KINDS)
    }


def mark(entry: Entry, colour: str, x: float, y: float) -> list[Shape]:
    """Return the mark of an entry: a disc for a fact, a ring for an assessment, a square for an act in the register."""
    if entry["kind"] == "act":
        size = 2 * _SIZE - 0.6
        return [{"t": "rect", "x": x - size / 2, "y": y - size / 2, "w": size, "h": size, "fill": colour, "stroke": "#ffffff"}]
    if entry.get("basis") == "assessment":
        return [{"t": "circle", "x": x, "y": y, "r": _SIZE - 0.3, "fill": "#ffffff", "stroke": colour}]
    return [{"t": "circle", "x": x, "y": y, "r": _SIZE, "fill": colour, "stroke": "#ffffff"}]


def legend(words: Labels, *, several: bool) -> list[dict[str, Any]]:
    """Return the legend: the shapes of each sign, and what it means."""
    grey, middle = COLOURS[-1], 6.0
    signs: list[tuple[list[Shape], str]] = [
        (mark({"kind": "fact"}, grey, 8, middle), words.code("basis", "fact")),
        (mark({"kind": "fact", "basis": "assessment"}, grey, 8, middle), words.code("basis", "assessment")),
        (mark({"kind": "act"}, grey, 8, middle), words.label("act")),
        ([{"t": "rect", "x": 1, "y": middle - BAR / 2, "w": 14, "h": BAR, "fill": _LIGHT[-1]}], words.label("length")),
    ]
    if several:
        number = {"t": "text", "s": "7", "size": 6.2, "fill": "#ffffff", "bold": True, "x": -2, "y": middle - 2.1, "w": 20}
        disc = {"t": "circle", "x": 8, "y": middle, "r": 5, "fill": grey, "stroke": "#ffffff"}
        signs.append(([disc, {**number, "align": "center"}], words.label("several")))
    signs += [
        ([{"t": "line", "x1": 0, "y1": middle, "x2": 16, "y2": middle, "width": 1.2, **look}], words.label(f"same_{kind}"))
        for kind, look in LINKS.items()
    ]
    return [{"shapes": shapes, "text": said} for shapes, said in signs]
