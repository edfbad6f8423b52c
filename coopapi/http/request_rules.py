"""What the server refuses by the head of a request, before its body is read."""

import re
from http import HTTPStatus
from typing import Any, Final

from coopapi.http.middleware import LARGEST_BODY, LARGEST_FORM

Headers = list[tuple[str, str]]

_TARGET: Final = re.compile(
    r"https?://((?:[\w.-]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?)((?:[/?][!-\"$-~]*)?)|(/[!-\"$-~]*|\*)", re.ASCII | re.IGNORECASE
)


def split_target(target: bytes) -> tuple[str | None, str] | None:
    """Split a request target into its authority, if it has one, and the rest; None: it is not one that the server takes."""
    found = _TARGET.fullmatch(target.decode("latin-1"))
    if found is None:
        return None
    authority, rest, plain = found.groups()
    return authority, plain or (rest if rest.startswith("/") else f"/{rest}")


def body_of(headers: Headers) -> tuple[bool, int, int]:
    """Return whether a body follows the head, its length as far as it is stated, and the most bytes that it may have."""
    given = dict(headers)
    length = int(given.get("content-length", 0))
    return length > 0 or "transfer-encoding" in given, length, LARGEST_BODY if "authorization" in given else LARGEST_FORM


def refusal(parser: Any, target: bytes, headers: Headers) -> tuple[HTTPStatus, str] | None:
    """Return the status and the words with which a request is refused, or None."""
    has_body, length, largest = body_of(headers)
    if fault := _fault(parser, target, headers):
        return HTTPStatus.BAD_REQUEST, fault
    if has_body and largest == LARGEST_FORM and not target.partition(b"?")[0].endswith(b"/oauth/token"):
        return HTTPStatus.UNAUTHORIZED, "A body is read only from a request with an access token."
    if length > largest:
        return HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"The body has more than {largest} bytes."
    return None


def _fault(parser: Any, target: bytes, headers: Headers) -> str:
    """Say what the parser lets through and we do not, because two programs could read it differently; empty: nothing."""
    version, names = parser.get_http_version(), [name for name, _ in headers]
    coding = [value.lower() for name, value in headers if name == "transfer-encoding"]
    expected = {value.lower() for name, value in headers if name == "expect"}
    unclear_length = bool(coding) and (version != "1.1" or coding != ["chunked"] or "content-length" in names)
    faults = {
        "Only HTTP/1.1 and HTTP/1.0 are spoken here.": version not in {"1.0", "1.1"},
        "The target of the request is not one that we take.": split_target(target) is None or parser.get_method() == b"CONNECT",
        "A request has one Host header.": names.count("host") != 1 and (version, names.count("host")) != ("1.0", 0),
        "A request has one Content-Type.": names.count("content-type") > 1,
        "Transfer-Encoding is chunked, in HTTP/1.1, once, and without Content-Length.": unclear_length,
        "Expect can only be 100-continue.": not expected <= {"100-continue"},
    }
    return next((text for text, holds in faults.items() if holds), "")
