"""Rules by which the server refuses a request after reading its head and before reading its body."""

import re
from http import HTTPStatus
from typing import Any, Final

from coopapi.http.middleware import LARGEST_BODY, LARGEST_FORM, LARGEST_UPLOAD, UPLOADED_TO

Headers = list[tuple[str, str]]

_TARGET: Final = re.compile(
    r"https?://((?:[\w.-]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?)((?:[/?][!-\"$-~]*)?)|(/[!-\"$-~]*|\*)", re.ASCII | re.IGNORECASE
)


def split_target(target: bytes) -> tuple[str | None, str] | None:
    """Split a request target into its authority, which may be missing, and its path. Returns None if it is not acceptable."""
    found = _TARGET.fullmatch(target.decode("latin-1"))
    if found is None:
        return None
    authority, rest, plain = found.groups()
    return authority, plain or (rest if rest.startswith("/") else f"/{rest}")


def body_of(target: bytes, headers: Headers) -> tuple[bool, int, int]:
    """Return whether a body follows the head, its stated length (0 if there is none), and its maximum length in bytes."""
    given = dict(headers)
    length = int(given.get("content-length", 0))
    largest = LARGEST_UPLOAD if target.partition(b"?")[0].endswith(UPLOADED_TO.encode()) else LARGEST_BODY
    return length > 0 or "transfer-encoding" in given, length, largest if "authorization" in given else LARGEST_FORM


def refusal(parser: Any, target: bytes, headers: Headers) -> tuple[HTTPStatus, str] | None:
    """Return the status and text of a refusal, or None if the request is acceptable."""
    has_body, length, largest = body_of(target, headers)
    if fault := _fault(parser, target, headers):
        return HTTPStatus.BAD_REQUEST, fault
    if has_body and largest == LARGEST_FORM and not target.partition(b"?")[0].endswith(b"/oauth/token"):
        return HTTPStatus.UNAUTHORIZED, "A request with a body needs an access token."
    if length > largest:
        return HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"The body is larger than {largest} bytes."
    return None


def _fault(parser: Any, target: bytes, headers: Headers) -> str:
    """Return what is ambiguous in a request that the parser accepts, so that two programs could read it differently, or ""."""
    version, names = parser.get_http_version(), [name for name, _ in headers]
    coding = [value.lower() for name, value in headers if name == "transfer-encoding"]
    expected = {value.lower() for name, value in headers if name == "expect"}
    unclear_length = bool(coding) and (version != "1.1" or coding != ["chunked"] or "content-length" in names)
    faults = {
        "Only HTTP/1.1 and HTTP/1.0 are supported.": version not in {"1.0", "1.1"},
        "The form of the request target is not supported.": split_target(target) is None or parser.get_method() == b"CONNECT",
        "A request must have exactly one Host header.": names.count("host") != 1 and (version, names.count("host")) != ("1.0", 0),
        "A request may have only one Content-Type header.": names.count("content-type") > 1,
        "Transfer-Encoding may only be chunked, once, in HTTP/1.1 and without Content-Length.": unclear_length,
        "The header Expect may only have the value 100-continue.": not expected <= {"100-continue"},
    }
    return next((text for text, holds in faults.items() if holds), "")
