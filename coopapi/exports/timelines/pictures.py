"""Turn a drawing into SVG and PDF/A with one template of typst. What somebody wrote is data for it, never markup or code."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from coopapi.exports.timelines.drawing import WIDTH, Drawing, draw
from coopapi.exports.timelines.entries import (
    Entry,
    Head,
    authority_of,
    case_of,
    kinds_of,
    place_of,
    subjects_of,
    written,
)
from coopapi.exports.timelines.lanes import legend
from coopapi.exports.timelines.outlines import shortened
from coopapi.exports.timelines.words import Labels
from coopapi.typesetting.lines import direction, pieces, printable
from coopapi.typesetting.typst import Shown, typeset

_TEMPLATE: Final = Path(__file__).parent / "templates" / "timeline.typ"
_TURNING: Final = frozenset(
    (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2060, 0x2070), 0xFEFF, *range(0x7F, 0xA0), *range(0x20))
)
"""Characters that are not seen, or that turn the text around them."""
MOST_DRAWN: Final = 3_000
"""The most entries of a drawing. Who needs more asks for a shorter period."""
_SHORT: Final = 2_000
"""Up to how many characters a row of the table is kept on one page."""
_COLUMNS: Final = ("number", "time", "what", "case", "about", "basis", "together")


class Printer:
    """Writes texts with printable characters, and remembers whether one was replaced."""

    def __init__(self, shown: Shown) -> None:
        self.replaced = False
        self._shown = shown

    def __call__(self, said: Any) -> str:
        """Return a text in which what cannot be printed, or would turn its neighbours, is its code point."""
        text = " ".join(str(said).split())
        kept = printable(text, lambda char: ord(char) not in _TURNING and self._shown(char))
        self.replaced = self.replaced or ("[U+" in kept and kept != printable(text, lambda _: True))
        return kept


def picture(head: Head, entries: Iterable[Entry], counted: Mapping[str, Any]) -> bytes:
    """Return the timeline as one SVG image."""
    (made,) = shortened(_typeset("picture", head, draw(head, entries), counted))
    return titled(made, head)


def panels(head: Head, drawing: Drawing, counted: Mapping[str, Any]) -> list[bytes]:
    """Return the legend and each panel of a drawing as SVG images whose numbers lead to the rows `#e1`, `#e2` and so on.

    The outlines of letters are in the first image, so all of them belong on one page.
    """
    return shortened(_typeset("panels", head, drawing, counted))


def report(head: Head, entries: Iterable[Entry], counted: Mapping[str, Any]) -> bytes:
    """Return the timeline as PDF/A: the drawing, then a table of its entries. The handling code is on each page."""
    (made,) = _typeset("report", head, draw(head, entries), counted)
    return made


def titled(svg: bytes, head: Head) -> bytes:
    """Return an image with a title for readers that do not see it. It names the cases, with all signs escaped."""
    name = Labels(head.language).title_of(head)
    safe = "".join(char if char.isalnum() or char in " -:,/." else f"&#{ord(char)};" for char in name if char.isprintable())
    start = svg.index(b">") + 1
    return svg[: start - 1] + b' role="img">' + f"<title>{safe}</title>".encode() + svg[start:]


def _typeset(form: str, head: Head, drawing: Drawing, counted: Mapping[str, Any]) -> list[bytes]:
    kind = "pdf" if form == "report" else "svg"
    return typeset(_TEMPLATE, lambda shown: _data(form, head, drawing, counted, Printer(shown)), head.about.made_at, kind)


def _data(form: str, head: Head, drawing: Drawing, counted: Mapping[str, Any], text: Printer) -> dict[str, Any]:
    words = Labels(head.language)
    said = {
        "form": form,
        "language": head.language,
        "width": WIDTH,
        "title": text(words.title_of(head)),
        "handling": text(f"{words.label('handling')}: {words.handling(head)}"),
        "lines": [text(line) for line in words.about(head)],
        "cases": [text(f"{one.reference}: {one.title}, {one.authority} ({one.country})") for one in head.cases],
        "legend": legend(words, several=len(drawing.panels) > 1),
        "axis": words.label("axis"),
        "panels": [{"title": text(one.title), "height": one.height, "shapes": _shapes(one.shapes, text)} for one in drawing.panels],
        "undated": [text(f"{n}  {entry['sentence']} ({case_of(entry)})") for n, entry in drawing.undated],
        "left_out": [text(line) for line in words.left_out(counted)],
        "columns": [words.label(name) for name in _COLUMNS],
        "rows": [_row(n, entry, drawing, words, text) for n, entry in drawing.numbered] if form == "report" else [],
        "labels": {name: words.label(name) for name in ("legend", "undated", "left_out", "entries", "none", "page")},
    }
    return {**said, "replaced": words.label("replaced") if text.replaced else ""}


def _shapes(shapes: Sequence[Mapping[str, Any]], text: Printer) -> list[dict[str, Any]]:
    made = []
    for shape in shapes:
        one = dict(shape)
        if "s" in one:
            one["s"] = text(one["s"])
            one["dir"] = direction(one["s"])
        made.append(one)
    return made


def row_of(number: int, entry: Entry, drawing: Drawing, words: Labels) -> dict[str, Any]:
    """Return the texts of an entry in a table, by column."""
    shared: dict[int, list[str]] = defaultdict(list)
    for kind, n in drawing.partners[number]:
        shared[n].append(words.label(kind))
    linked = [f"{n} ({', '.join(kinds)})" for n, kinds in shared.items()]
    basis = [words.code("basis", entry["basis"]) if entry.get("basis") else words.label(entry["kind"])]
    if entry.get("confidence"):
        basis.append(words.code("timeline_sentences", f"stated.{entry['confidence']}"))
    gradings = [entry.get(name) for name in ("source_grading", "information_grading")]
    basis += ["".join(one or "?" for one in gradings)] if any(gradings) else []
    ends = written(entry, "ends_at")
    return {
        "number": number,
        "time": words.span(written(entry), ends) if ends else written(entry) or words.label("undated"),
        "what": [entry["sentence"], *([entry["text"]] if entry.get("text") else [])],
        "case": [case_of(entry), authority_of(entry), entry["handling_code"]],
        "about": [part for part in (subjects_of(entry), kinds_of(entry), place_of(entry)) if part],
        "basis": basis,
        "together": linked,
    }


def _row(number: int, entry: Entry, drawing: Drawing, words: Labels, text: Printer) -> dict[str, Any]:
    cells = row_of(number, entry, drawing, words)
    return {"whole": len(str(cells)) < _SHORT, "cells": [_lines(cells[name], text) for name in _COLUMNS]}


def _lines(cell: Any, text: Printer) -> list[dict[str, Any]]:
    lines = [text(line) for line in (cell if isinstance(cell, list) else [cell])]
    return [{"dir": direction(line), "pieces": pieces(line)} for line in lines]
