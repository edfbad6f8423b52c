"""The formats of timelines that are drawn: an image, a page and a report."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from coopapi.exports.timelines import page, pictures
from coopapi.exports.timelines.entries import Entry, Head


@dataclass(slots=True)
class Drawn:
    """A format that `draw` makes of all entries of a timeline at once."""

    version: str
    media_type: str
    suffix: str
    draw: Callable[[Head, Iterable[Entry], Mapping[str, Any]], bytes]
    most: int = pictures.MOST_DRAWN

    def write(self, head: Head, entries: Iterable[Entry], counted: Mapping[str, Any]) -> bytes:
        """Return the file."""
        return self.draw(head, entries, counted)


SVG: Final = Drawn("1", "image/svg+xml", "svg", pictures.picture)
"""One image with all periods below each other."""
HTML: Final = Drawn("1", "text/html; charset=utf-8", "html", page.page)
"""One page with a section for each period and a table."""
PDF: Final = Drawn("PDF/A-2b, coopapi 1", "application/pdf", "pdf", pictures.report)
"""A report as PDF/A."""
