"""A timeline as one HTML page that loads and runs nothing: the drawing in sections by period, and a table of its entries."""

import hashlib
import re
from base64 import b64encode
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from coopapi.exports.timelines import pictures
from coopapi.exports.timelines.drawing import draw
from coopapi.exports.timelines.entries import Entry, Head, case_of
from coopapi.exports.timelines.words import Labels
from coopapi.unicode_text import UNSEEN

_TEMPLATES: Final = Path(__file__).parent / "templates"
_PAGES: Final = Environment(
    loader=FileSystemLoader(_TEMPLATES),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,
)
_STYLE: Final = (_TEMPLATES / "timeline.css").read_text("utf-8")
_ALLOWED: Final = f"default-src 'none'; style-src 'sha256-{b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()}'"
_SIZED: Final = re.compile(rb' width="[^"]*"| height="[^"]*"')


def page(head: Head, entries: Iterable[Entry], counted: Mapping[str, Any]) -> bytes:
    """Return the page. Its policy forbids it to run or load anything, also when it is opened from a disk."""
    words, drawing = Labels(head.language), draw(head, entries)
    images = pictures.panels(head, drawing, counted)
    shown = {
        "style": Markup(_STYLE),  # noqa: S704 (a file of this package)
        "policy": _ALLOWED,
        "head": head,
        "words": words,
        "title": words.title_of(head),
        "legend": _inline(images[0]),
        "panels": [(one, _inline(image)) for one, image in zip(drawing.panels, images[1:], strict=True)],
        "undated": [(n, entry["sentence"], case_of(entry)) for n, entry in drawing.undated],
        "rows": [pictures.row_of(n, entry, drawing, words) for n, entry in drawing.numbered],
        "left_out": words.left_out(counted),
    }
    return _PAGES.get_template("timeline.html").render(clean=_clean, **shown).encode()


def _clean(text: Any) -> str:
    """Return a text without characters that are not seen or that turn the text around them."""
    return UNSEEN.sub("\ufffd", str(text))


def _inline(svg: bytes) -> Markup:
    """Return an image of the typesetter for a page. It has outlines of letters only, and grows with the page."""
    start, end = svg.index(b"<svg"), svg.index(b">", svg.index(b"<svg"))
    return Markup((_SIZED.sub(b"", svg[start:end]) + svg[end:]).decode())  # noqa: S704 (made by the typesetter from shapes)
