"""ETags: an answer names the version of its resource or a digest of its body, and a change names the version that it is about."""

import re
from datetime import datetime
from hashlib import sha256
from http import HTTPStatus
from typing import Final

from flask import Response, g, request

from coopapi.errors import BadRequest, PreconditionRequired

_ETAG: Final = re.compile(
    r'(?:W/)?"v([0-9]{1,9})[a-z]?(?:-[0-9a-f]{16})?(?:(?:--?|;)(?:gzip|br|zstd))?"',
    re.ASCII,
)
"""Matches our ETags, also as a compressing proxy changes them: marked as weak (nginx), or with the encoding as a suffix (Apache,
Caddy, Jetty).
"""
_CURSOR: Final = re.compile(rb'("next": ?)"[A-Za-z0-9_-]{300,}"')
"""Matches the cursor of the next page in an answer. No text can look like it, because the quotes in texts are escaped."""
_CONDITIONS: Final = frozenset({"HTTP_IF_MATCH", "HTTP_IF_NONE_MATCH"})


def mark(response: Response, now: datetime) -> None:
    """Set the ETag of a response: the version of the row, and for GET a digest of the body, because that can depend on more.

    The answer to a GET without a row, such as a list or what the register ships, has the digest alone. A cursor is encrypted anew
    each time, and the place in it can tell of what others do, so the digest is that of the body without it. In its place the ETag
    has the day, because a cursor expires: one in an answer that is confirmed with 304 is at most a day old.
    """
    version = g.get("etag")
    if request.method in {"GET", "HEAD"} and (version or response.status_code == HTTPStatus.OK):
        body, cursors = _CURSOR.subn(rb'\1""', response.get_data()) if response.is_json else (response.get_data(), 0)
        parts = [version, f"d{now:%Y%m%d}" if cursors else None, sha256(body).hexdigest()[:16]]
        response.headers["ETag"] = f'"{"-".join(part for part in parts if part)}"'
        if _CONDITIONS & request.environ.keys():
            response.make_conditional(request)
    elif version:
        response.headers["ETag"] = f'"{version}"'


def expected_version() -> int:
    """Return the version in the If-Match header, which must be one of our ETags.

    `*` is refused because it would overwrite changes that the caller has not seen. A weak ETag is accepted: a compressing proxy
    weakens ours, and the version in it is still exact. The digest in the ETag of a GET is ignored here.
    """
    value = request.headers.get("If-Match")
    if value is None:
        raise PreconditionRequired("Read the resource and send its ETag in `If-Match`.")
    version = version_of(value.strip())
    if version is None:
        raise BadRequest('The header If-Match must be one ETag of this resource, such as "v3".')
    return version


def version_of(etag: str) -> int | None:
    """Return the version in one of our ETags, or None if it is not one of ours."""
    tag = _ETAG.fullmatch(etag)
    return int(tag[1]) if tag else None
