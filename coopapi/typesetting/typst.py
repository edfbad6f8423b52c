"""Compile a template of typst with data to PDF/A or SVG, with the fonts that come with this package and no others."""

import json
import unicodedata
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from coopapi.errors import Unavailable

library: ModuleType | None
try:
    import typst as library
except ImportError:  # the extra `pdf` is not installed
    library = None

_FONTS: Final = Path(__file__).parent / "fonts"
_STANDARD: Final = "a-2b"

Shown = Callable[[str], bool]
"""Tells whether a character can be printed."""


class PdfNotInstalled(Unavailable):
    """The deployment cannot produce PDF files and drawings.

    Ask for another format, such as `html` or `json` for a request and `timeline-csv` for a timeline, or ask the operator to install
    `coopapi[pdf]`.
    """


class PdfFailed(Unavailable):
    """The PDF file could not be produced.

    Ask for another format, such as `html` or `json`, and give the operator the request id.
    """


def require() -> ModuleType:
    """Return the library. Raises `PdfNotInstalled`."""
    if library is None:
        raise PdfNotInstalled
    return library


def typeset(template: Path, data: Callable[[Shown], Mapping[str, Any]], at: datetime, form: str = "pdf") -> list[bytes]:
    """Return the document as PDF/A-2b in one part, or as SVG with a part for each page, dated `at`.

    PDF/A allows no character that is missing from all fonts, so `data` is made with a function that tells which characters can be
    printed. If the document still fails, combining marks are printed as code points too, and finally everything outside ASCII.
    Raises `PdfNotInstalled` or `PdfFailed`.
    """
    found = require()
    for shown in (covered, unmarked, str.isascii):
        try:
            return compiled(found, template, data(shown), at, form)
        except found.TypstError:
            continue
    raise PdfFailed


def compiled(found: ModuleType, template: Path, data: Mapping[str, Any], at: datetime, form: str = "pdf") -> list[bytes]:
    """Compile a template once with data that it reads as JSON from the input `document`. Raises the `TypstError` of the library."""
    made = found.compile(
        template,
        root=template.parent,
        font_paths=_fonts(found),
        ignore_system_fonts=True,
        sys_inputs={"document": json.dumps(data)},
        pdf_standards=[_STANDARD] if form == "pdf" else [],
        format=form,
        timestamp=int(at.timestamp()),
    )
    return made if isinstance(made, list) else [made]


@cache
def _fonts(found: ModuleType) -> Any:
    """Load the fonts once: those of the library, and those for Arabic and Hebrew that come with this package."""
    return found.Fonts(include_system_fonts=False, include_embedded_fonts=True, font_paths=[_FONTS])


@cache
def coverage() -> frozenset[int]:
    """Return every code point that the fonts cover."""
    ranges = json.loads((_FONTS / "covered.json").read_text("utf-8"))["ranges"].split()
    ends = [[int(end, 16) for end in one.split("-")] for one in ranges]
    return frozenset(point for end in ends for point in range(end[0], end[-1] + 1))


def covered(char: str) -> bool:
    """Tell whether the fonts have the character."""
    return ord(char) in coverage()


def unmarked(char: str) -> bool:
    """Tell whether the fonts have the character, and it is no combining mark."""
    return covered(char) and not unicodedata.category(char).startswith("M")
