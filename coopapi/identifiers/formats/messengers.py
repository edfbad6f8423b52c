"""Parsers for accounts on messengers: platform ids, XMPP, Matrix, Session, Tox, Telegram, Signal, Kik and Threema."""

import re
from typing import Final

from coopapi.identifiers.formats.accounts import read_phone, read_username
from coopapi.identifiers.formats.networks import host_name
from coopapi.identifiers.formats.reading import Context, ImpossibleValue, MatchKey, Reading, exact
from coopapi.unicode_text import clean, fold

_MATRIX: Final = re.compile(r"@([a-z0-9._=/+-]{1,200}):(.+)")
_TELEGRAM: Final = re.compile(r"[a-z][a-z0-9_]{3,31}")
_KEY: Final = 64


def read_platform_id(value: str, context: Context) -> Reading:
    """Parse the permanent id that a platform gave to an account. Upper and lower case are different."""
    platform = fold(context.platform or "")
    if not platform:
        raise ImpossibleValue("platform_needed", "An account id needs its platform.", "context.platform")
    text = clean(value).replace(" ", "")
    return Reading(text, (MatchKey("platform_user_id", f"{platform}|{text}"),))


def read_xmpp(value: str, context: Context) -> Reading:
    """Parse an XMPP address and remove its resource (RFC 7622)."""
    del context
    text = clean(value).removeprefix("xmpp:").partition("?")[0].partition("/")[0]
    local, mark, host = text.rpartition("@")
    if not mark or not re.fullmatch(r"[^\s\"&'/:<>@]{1,1023}", fold(local)):
        raise ImpossibleValue("xmpp", "The value must have the form local@domain (RFC 7622).")
    return exact("xmpp", f"{fold(local)}@{host_name(host)}")


def read_matrix(value: str, context: Context) -> Reading:
    """Parse a Matrix user id, @local:server (Matrix specification 1)."""
    del context
    found = _MATRIX.fullmatch(fold(value).removeprefix("https://matrix.to/#/"))
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
    text = fold(value).removeprefix("tox:").replace(" ", "").upper()
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


def read_telegram(value: str, context: Context) -> Reading:
    """Parse a Telegram account: its permanent number, or its name, which is also a username on that platform."""
    del context
    text = fold(value)
    if text.isdecimal() and 5 <= len(text) <= 15:  # noqa: PLR2004 (from the first accounts to 52 bits)
        return exact("telegram_id", text)
    reading = read_username(value, Context(platform="telegram"))
    name = reading.normalised.removesuffix("@telegram")
    if not _TELEGRAM.fullmatch(name):
        raise ImpossibleValue("telegram", "The value must be a numeric id or a name with 4 to 32 letters, digits and underscores.")
    return reading


def read_signal(value: str, context: Context) -> Reading:
    """Parse a Signal account: a telephone number, or a username with its digits (name.42)."""
    text = fold(value).removeprefix("@")
    if re.fullmatch(r"[a-z_][a-z0-9_]{2,31}\.\d{2,9}", text, re.ASCII):
        return exact("signal", text)
    return read_phone(value, context)


def read_kik(value: str, context: Context) -> Reading:
    """Parse a Kik account, which is a username on that platform."""
    del context
    return read_username(value, Context(platform="kik"))


def read_threema(value: str, context: Context) -> Reading:
    """Parse a Threema id: eight letters or digits, with a star first for gateways."""
    del context
    text = fold(value).replace(" ", "").upper()
    if not re.fullmatch("[A-Z0-9*][A-Z0-9]{7}", text, re.ASCII):
        raise ImpossibleValue("threema", "The value must have eight letters and digits.")
    return exact("threema", text)
