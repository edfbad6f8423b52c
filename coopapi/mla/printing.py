"""Render a document as JSON, HTML or PDF/A. The templates treat the content of a request as data, never as markup or code."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from coopapi.mla.forms import INDENT, Document
from coopapi.mla.wording import Words
from coopapi.typesetting.lines import direction, pieces, printable
from coopapi.typesetting.typst import Shown, typeset

_LONG_LIST: Final = 20
_BOXES: Final = frozenset("☒☐")
_HERE: Final = Path(__file__).parent
_TEMPLATES: Final = _HERE / "templates"
_PAGES: Final = Environment(
    loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True, auto_reload=False
)


def as_json(document: Document) -> dict[str, Any]:
    """Return the document as plain data."""
    return asdict(document)


def as_html(document: Document) -> str:
    """Return the document as one HTML page that loads no other files."""
    return _PAGES.get_template("request.html").render(document=document, words=Words(document.language), boxes=boxes)


def as_pdf(document: Document, at: datetime) -> bytes:
    """Return the document as PDF/A-2b, dated `at`.

    PDF/A allows no character that is missing from all fonts, so such a character is printed as its code point. If the PDF still
    fails, combining marks are printed as code points too, and finally everything outside ASCII. Raises `PdfNotInstalled` or
    `PdfFailed`.
    """
    (made,) = typeset(_TEMPLATES / "request.typ", lambda shown: content(document, shown), at)
    return made


def boxes(lines: Sequence[str]) -> bool:
    """Tell whether the lines are a long list of boxes, which is printed in two columns."""
    return len(lines) >= _LONG_LIST and all(line[:1] in _BOXES for line in lines)


def _line(line: str) -> dict[str, Any]:
    """Return a line as the template reads it; a box may stand `under` another one."""
    bare = line.lstrip(INDENT)
    return {"pieces": pieces(bare), "dir": direction(line), "box": bare[:1] in _BOXES, "under": bare != line}


def content(document: Document, shown: Shown) -> dict[str, Any]:
    """Set the direction of each line and replace unprintable characters; add a note if any were replaced."""
    words, lost = Words(document.language), False

    def text(line: str) -> str:
        nonlocal lost
        kept = printable(line, shown)
        lost = lost or kept != printable(line, lambda _: True)
        return kept

    def fields(section: Mapping[str, Any]) -> list[dict[str, Any]]:
        return [
            {
                **field,
                "boxes": boxes(field["lines"]),
                "lines": [_line(text(line)) for line in field["lines"]],
            }
            for field in section["fields"]
        ]

    data = asdict(document)
    data["sections"] = [{**section, "fields": fields(section)} for section in data["sections"]]
    data["head"] = [{"label": words.titled(words.label(key), ""), "text": text(data[name])} for key, name in _HEAD if data[name]]
    data |= {"footer": text(document.footer), "reference": text(document.reference), "page": words.label("page")}
    data["notes"] = [*document.notes, *([words.label("unprintable")] if lost else [])]
    return data


_HEAD: Final = (("reference", "reference"), ("legal_basis", "instrument"))
