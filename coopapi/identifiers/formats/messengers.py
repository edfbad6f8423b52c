"""Parsers for messengers whose accounts have ids of their own: XMPP, Matrix, Session, Tox, Signal, Threema and SimpleX."""

import re
from typing import Final
from urllib.parse import unquote

from coopapi.identifiers.formats.links import find_link
from coopapi.identifiers.formats.networks import host_name
from coopapi.identifiers.formats.phones import read_phone
from coopapi.identifiers.formats.reading import Context, ImpossibleValue, MatchKey, Reading, exact
from coopapi.unicode_text import clean, fold, literal_lower

_MATRIX: Final = re.compile(r"@([a-z0-9._=/+-]{1,200}):([^?]+)(?:\?.*)?")
_UUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_SIMPLEX: Final = re.compile(r"smp://([A-Za-z0-9_=-]{16,64})@([^\s/]+)/([A-Za-z0-9_=-]{8,64})")
_KEY: Final = 64


def read_xmpp(value: str, context: Context) -> Reading:
    """Parse an XMPP address and remove its resource (RFC 7622)."""
    del context
    text = clean(value).partition("?")[0].partition("/")[0]
    local, mark, host = text.rpartition("@")
    if not mark or not re.fullmatch(r"[^\s\"&'/:<>@]{1,1023}", literal_lower(local)):
        raise ImpossibleValue("xmpp", "The value must have the form local@domain (RFC 7622).")
    return exact("xmpp", f"{literal_lower(local)}@{host_name(host)}")


def read_matrix(value: str, context: Context) -> Reading:
    """Parse a Matrix user id, @local:server, or a link to it (Matrix specification 1)."""
    del context
    link = find_link(value)
    text = unquote(link.value) if link and link.platform == "matrix" else clean(value)
    text = re.sub("^(?:matrix:)?u/", "@", text)
    found = _MATRIX.fullmatch(fold(text))
    if found is None:
        raise ImpossibleValue("matrix", "The value must have the form @local:server (Matrix specification).")
    server, mark, port = found[2].rpartition(":")
    name, end = (server, f":{port}") if mark and port.isdecimal() else (found[2], "")
    return exact("matrix", f"@{found[1]}:{host_name(name)}{end}")


def read_session(value: str, context: Context) -> Reading:
    """Parse a Session id: 05 followed by a public key of 32 bytes."""
    del context
    text = fold(value).replace(" ", "")
    if not re.fullmatch("05[0-9a-f]{64}", text, re.ASCII):
        raise ImpossibleValue("session", "The value must be 05 and 64 hexadecimal digits.")
    return exact("session", text)


def read_tox(value: str, context: Context) -> Reading:
    """Parse a Tox id. The public key at its start identifies the account; nospam and checksum can change (Tox specification)."""
    del context
    text = fold(value).replace(" ", "").upper()
    if not re.fullmatch("[0-9A-F]{64}(?:[0-9A-F]{12})?", text, re.ASCII):
        raise ImpossibleValue("tox", "The value must have 76 hexadecimal digits, or 64 for a public key.")
    raw = bytes.fromhex(text)
    if len(text) > _KEY and any(_fold_bytes(raw, start) for start in (0, 1)):
        raise ImpossibleValue("tox_check", "The checksum is wrong.")
    return Reading(text, (MatchKey("tox", text[:_KEY]),))


def _fold_bytes(raw: bytes, start: int) -> int:
    """Return the XOR of every second byte. It is zero if the checksum, which is one of them, is right."""
    total = 0
    for byte in raw[start::2]:
        total ^= byte
    return total


def read_signal(value: str, context: Context) -> Reading:
    """Parse a Signal account: a telephone number, a username with its digits (name.42), a service id (ACI), or a link to one."""
    link = find_link(value)
    if link and link.what == "link":
        return exact("signal_link", link.value)
    text = fold(value).removeprefix("@")
    if re.fullmatch(r"[a-z_][a-z0-9_]{2,31}\.\d{2,9}", text, re.ASCII):
        return exact("signal", text)
    service_id = text.removeprefix("aci:").removeprefix("pni:")
    if _UUID.fullmatch(service_id):
        return exact("signal_id", service_id)
    return read_phone(value, context)


def read_threema(value: str, context: Context) -> Reading:
    """Parse a Threema id: eight letters or digits, with a star first for gateways."""
    del context
    link = find_link(value)
    text = fold(link.value if link and link.platform == "threema" else value).replace(" ", "").upper()
    if not re.fullmatch("[A-Z0-9*][A-Z0-9]{7}", text, re.ASCII):
        raise ImpossibleValue("threema", "The value must have eight letters and digits.")
    return exact("threema", text)


def read_simplex(value: str, context: Context) -> Reading:
    """Parse a SimpleX contact address. The queue on its server identifies the contact; version and keys can change."""
    del context
    text = clean(value)
    found = _SIMPLEX.search(unquote(text))
    if found is None:
        raise ImpossibleValue("simplex", "The value must be a contact address or invitation of SimpleX (simplex.chat/contact#...).")
    return Reading(text, (MatchKey("simplex", f"{found[1]}@{found[2].lower()}/{found[3]}"),))
