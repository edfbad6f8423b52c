"""Responses that are not JSON: pages that are displayed, and files that are saved."""

from base64 import b64encode
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from flask import Response

from coopapi.errors import OutOfRange

_PAGE: Final = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"


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
