"""The formats of timelines that are drawn: an image, a page and a report."""

from collections.abc import Iterable, Mapping
from typing import Any

from coopapi.exports.timelines import page, pictures
from coopapi.exports.timelines.entries import Entry, Head


class Svg:
    """One image with all periods below each other."""

    version = "1"
    media_type = "image/svg+xml"
    suffix = "svg"
    most = pictures.MOST_DRAWN

    def write(self, head: Head, entries: Iterable[Entry], counted: Mapping[str, Any]) -> bytes:
        """Return the image."""
        return pictures.picture(head, entries, counted)


class Html:
    """One page with a section for each period and a table."""

    version = "1"
    media_type = "text/html; charset=utf-8"
    suffix = "html"
    most = pictures.MOST_DRAWN

    def write(self, head: Head, entries: Iterable[Entry], counted: Mapping[str, Any]) -> bytes:
        """Return the page."""
        return page.page(head, entries, counted)


class Pdf:
    """A report as PDF/A."""

    version = "PDF/A-2b, coopapi 1"
    media_type = "application/pdf"
    suffix = "pdf"
    most = pictures.MOST_DRAWN

    def write(self, head: Head, entries: Iterable[Entry], counted: Mapping[str, Any]) -> bytes:
        """Return the report."""
        return pictures.report(head, entries, counted)
