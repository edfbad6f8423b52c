"""Responses that are not JSON: pages that are displayed, files that are saved, and rows for spreadsheets."""

import csv
import io
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from flask import Response

from coopapi.errors import OutOfRange

_PAGE: Final = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
_ACTIVE: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20", "'")
"""With what a spreadsheet takes a text for a formula, or an apostrophe for its sign of a text."""


def neutral(value: Any) -> str:
    """Return the text of a cell that no spreadsheet reads as a formula. A number is none.

    An apostrophe goes before what begins with one of `= + - @`, a tab, a line break or an apostrophe, also after spaces. Who
    takes away one apostrophe at the beginning has the text as it was.
    """
    if isinstance(value, int | float):
        return str(value)
    text = "" if value is None else str(value).replace("\x00", "\ufffd")
    return f"'{text}" if text.lstrip(" \u00a0").startswith(_ACTIVE) or text.lstrip().startswith(_ACTIVE) else text


def csv_line(cells: Iterable[Any]) -> str:
    """Return a row of CSV (RFC 4180) with neutral cells."""
    made = io.StringIO()
    csv.writer(made, lineterminator="\r\n", quoting=csv.QUOTE_MINIMAL).writerow([neutral(cell) for cell in cells])
    return made.getvalue()


@dataclass(frozen=True, slots=True)
class Printed:
    """A response that is not JSON: a page or a file, with its bytes as they are sent."""

    body: bytes
    media_type: str
    name: str

    def answer(self) -> Response:
        """Return a response that a browser displays, with a policy that forbids it to run or load anything."""
        answer = Response(self.body, mimetype=self.media_type)
        answer.headers["Content-Disposition"] = f'inline; filename="{self.name}"'
        answer.headers["Content-Security-Policy"] = _PAGE
        return answer


@dataclass(frozen=True, slots=True)
class Download:
    """A file, or a part of it that begins at `first`, which is saved and not displayed."""

    body: bytes
    media_type: str
    name: str
    first: int
    size: int
    sha256: bytes
    partial: bool

    def answer(self) -> Response:
        """Return a response with the part (RFC 9110, 14.4) and the digest of the whole file (RFC 9530)."""
        if self.partial and not self.body:
            raise OutOfRange(size=self.size)
        status = HTTPStatus.PARTIAL_CONTENT if self.partial else HTTPStatus.OK
        answer = Response(self.body, status, content_type=self.media_type)
        answer.headers["Content-Disposition"] = f'attachment; filename="{self.name}"'
        answer.headers["Accept-Ranges"] = "bytes"
        answer.headers["Repr-Digest"] = f"sha-256=:{b64encode(self.sha256).decode()}:"
        if self.partial:
            answer.headers["Content-Range"] = f"bytes {self.first}-{self.first + len(self.body) - 1}/{self.size}"
        return answer
