"""Render a document as JSON, HTML or PDF/A. The templates treat the content of a request as data, never as markup or code."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from coopapi.mla.forms import Document
from coopapi.mla.wording import Words
from coopapi.typesetting.lines import direction, pieces, printable
from coopapi.typesetting.typst import Shown, typeset

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
    return _PAGES.get_template("request.html").render(document=document, words=Words(document.language))


def as_pdf(document: Document, at: datetime) -> bytes:
    """Return the document as PDF/A-2b, dated `at`.

    PDF/A allows no character that is missing from all fonts, so such a character is printed as its code point. If the PDF still
    fails, combining marks are printed as code points too, and finally everything outside ASCII. Raises `PdfNotInstalled` or
    `PdfFailed`.
    """
    (made,) = typeset(_TEMPLATES / "request.typ", lambda shown: content(document, shown), at)
    return made


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
            {**field, "lines": [{"pieces": pieces(text(line)), "dir": direction(line)} for line in field["lines"]]}
            for field in section["fields"]
        ]

    data = asdict(document)
    data["sections"] = [{**section, "fields": fields(section)} for section in data["sections"]]
    data["head"] = [{"label": words.label(key), "text": text(data[name])} for key, name in _HEAD]
    data |= {"footer": text(document.footer), "reference": text(document.reference), "page": words.label("page")}
    data["notes"] = [*document.notes, *([words.label("unprintable")] if lost else [])]
    return data


_HEAD: Final = (("reference", "reference"), ("legal_basis", "instrument"))
