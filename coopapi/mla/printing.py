"""Render a document as JSON, HTML or PDF/A. The templates treat the content of a request as data, never as markup or code."""

import json
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from coopapi.errors import Unavailable
from coopapi.mla.forms import Document
from coopapi.mla.wording import Words

typst: ModuleType | None
try:
    import typst
except ImportError:  # the extra `pdf` is not installed
    typst = None

_HERE: Final = Path(__file__).parent
_TEMPLATES: Final = _HERE / "templates"
_FONTS: Final = _HERE / "fonts"
_STANDARD: Final = "a-2b"
_PAGES: Final = Environment(
    loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True, auto_reload=False
)
_RTL: Final = frozenset({"R", "AL"})
_UNBROKEN: Final = re.compile(r"(\S{24,})")
_PIECE: Final = 8


class PdfNotInstalled(Unavailable):
    """The deployment cannot produce PDF files.

    Use `format=html` or `format=json`, or ask the operator to install `coopapi[pdf]`.
    """


class PdfFailed(Unavailable):
    """The PDF file could not be produced.

    Use `format=html` or `format=json`, and give the operator the request id.
    """


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
    if typst is None:
        raise PdfNotInstalled
    for shown in (_covered, _unmarked, str.isascii):
        try:
            return _compiled(typst, document, at, shown)
        except typst.TypstError:
            continue
    raise PdfFailed


def _compiled(library: ModuleType, document: Document, at: datetime, shown: Callable[[str], bool]) -> bytes:
    data = json.dumps(_typeset(document, shown))
    made: bytes = library.compile(
        _TEMPLATES / "request.typ",
        root=_TEMPLATES,
        font_paths=_fonts(library),
        ignore_system_fonts=True,
        sys_inputs={"document": data},
        pdf_standards=[_STANDARD],
        format="pdf",
        timestamp=int(at.timestamp()),
    )
    return made


@cache
def _fonts(library: ModuleType) -> Any:
    """Load the fonts once: those of the library, and those for Arabic and Hebrew that come with this package."""
    return library.Fonts(include_system_fonts=False, include_embedded_fonts=True, font_paths=[_FONTS])


def _typeset(document: Document, shown: Callable[[str], bool]) -> dict[str, Any]:
    """Set the direction of each line and replace unprintable characters; add a note if any were replaced."""
    words, lost = Words(document.language), False

    def text(line: str) -> str:
        nonlocal lost
        written = unicodedata.normalize("NFC", line)
        kept = "".join(char if shown(char) else f"[U+{ord(char):04X}]" for char in written)
        lost = lost or kept != written
        return kept

    def fields(section: Mapping[str, Any]) -> list[dict[str, Any]]:
        return [
            {**field, "lines": [{"pieces": _pieces(text(line)), "dir": direction(line)} for line in field["lines"]]}
            for field in section["fields"]
        ]

    data = asdict(document)
    data["sections"] = [{**section, "fields": fields(section)} for section in data["sections"]]
    data["head"] = [{"label": words.label(key), "text": text(data[name])} for key, name in _HEAD]
    data |= {"footer": text(document.footer), "reference": text(document.reference), "page": words.label("page")}
    data["notes"] = [*document.notes, *([words.label("unprintable")] if lost else [])]
    return data


def _pieces(line: str) -> list[dict[str, Any]]:
    """Split words that are too long for a line, so that they wrap.

    No characters are inserted that would be copied with the text.
    """
    parts = _UNBROKEN.split(line)
    return [
        {"text": part[at : at + step], "boxed": long}
        for place, part in enumerate(parts)
        for long in (bool(place % 2),)
        for step in (_PIECE if long else max(len(part), 1),)
        for at in range(0, len(part), step)
    ]


_HEAD: Final = (("reference", "reference"), ("legal_basis", "instrument"))


def direction(line: str) -> str:
    """Return the direction of a line, `ltr` or `rtl`, by its first strong character (Unicode Bidirectional Algorithm, rule P2)."""
    strong = (kind for kind in map(unicodedata.bidirectional, line) if kind == "L" or kind in _RTL)
    return "rtl" if next(strong, "L") in _RTL else "ltr"


@cache
def _coverage() -> frozenset[int]:
    """Return every code point that the fonts cover."""
    ranges = json.loads((_FONTS / "covered.json").read_text("utf-8"))["ranges"].split()
    ends = [[int(end, 16) for end in one.split("-")] for one in ranges]
    return frozenset(point for end in ends for point in range(end[0], end[-1] + 1))


def _covered(char: str) -> bool:
    return ord(char) in _coverage()


def _unmarked(char: str) -> bool:
    return _covered(char) and not unicodedata.category(char).startswith("M")
