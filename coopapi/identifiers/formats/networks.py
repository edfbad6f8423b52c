"""Parsers for network addresses: IP, domain, e-mail, onion service, I2P destination, MAC and autonomous system."""

import base64
import binascii
import hashlib
import ipaddress
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any, Final

import idna

from coopapi.identifiers.formats.reading import Context, ImpossibleValue, MatchKey, Reading, Strength, exact
from coopapi.unicode_text import clean, fold, literal, literal_lower

_LABEL: Final = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)", re.ASCII)
_LOCAL: Final = re.compile(r"[^\s@,;:<>()\[\]\\\"]{1,64}")
_SINGLE: Final = re.compile(r"(?<=\.\d)/32$|(?<=\.\d\d)/32$|(?<=\.\d\d\d)/32$|(?<=:)/128$|(?<=[0-9a-f])/128$")
_LINE: Final = re.compile(r"([0-9a-f:.]{2,45})/64")
_WINDOW: Final = 300
_CGNAT: Final = ipaddress.ip_network("100.64.0.0/10")
_DOCUMENTATION: Final = tuple(
    ipaddress.ip_network(n) for n in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32", "3fff::/20")
)
_PORTS: Final = 65536
_PORT: Final = re.compile(r"(?:([0-9.]{7,15})|\[([0-9a-f:.]{2,45})\])(?::| ?(?:src|source|sport)? ?port:? )([0-9]{1,5})")
_LOG_TIME: Final = re.compile(
    r"(?:^|(?<=[\s(,;]))(?:at |@ ?)?([0-9]{4}-[0-9]{2}-[0-9]{2})[t ]([0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?) ?"
    r"(z\b|utc|gmt|[+-][0-9]{2}:?[0-9]{2}|)\)?"
)
_PADDED: Final = re.compile(r"\b0{1,2}(?=[0-9])")
_ALL_PADDED: Final = re.compile(r"[0-9]{3}(?:\.[0-9]{3}){3}")
_HOST_OF_URL: Final = re.compile(r"^(?:https?|ftp)://([^/?#\s@:]+)(?::[0-9]+)?/?$", re.IGNORECASE)
_MAILBOXES: Final[Mapping[str, Mapping[str, Any]]] = {
    domain: rule
    for rule in json.loads((files("coopapi.identifiers") / "data/mailboxes.json").read_text("utf-8"))["providers"]
    for domain in rule["domains"]
}
_LOCALLY_ADMINISTERED: Final = 0x02


def read_ip(value: str, context: Context) -> Reading:
    """Parse an IP address (RFC 791, 4291; canonical form RFC 5952). Without the time of use it is weak evidence.

    A source port behind it, and the time of a line in a log, are read if the context does not give them.
    """
    text, seen = _log_line(fold(value), context)
    text = _SINGLE.sub("", text.strip("[] "))
    text = _PADDED.sub("", text) if _ALL_PADDED.fullmatch(text) else text
    network = _LINE.fullmatch(text)
    if network:
        return _line_of(network[1])
    if "%" in text:
        raise ImpossibleValue("zone", "An address with a zone is valid only on one machine (RFC 4007).")
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        raise ImpossibleValue("ip", "The value is not a valid IPv4 or IPv6 address (RFC 791, RFC 4291).") from None
    address = getattr(address, "ipv4_mapped", None) or address
    doubt = _warning(address)
    warnings = tuple(w for w in (doubt, None if seen.observed_at else "no_time") if w)
    line = (
        ()
        if doubt or address.version == 4  # noqa: PLR2004 (the version of the protocol)
        else (MatchKey("ip_line", str(ipaddress.ip_network((address, 64), strict=False)), Strength.WEAK),)
    )
    keys = (MatchKey("ip", str(address), Strength.WEAK), *_moments(str(address), seen, doubt), *line)
    moment = f"{address}|{seen.observed_at.timestamp() if seen.observed_at else ''}|{seen.port or ''}" if seen != context else ""
    return Reading(str(address), keys, warnings, moment)


def _line_of(text: str) -> Reading:
    """Parse an IPv6 prefix of 64 bits, which is one customer's line. It is weak evidence, as it changes over time (RFC 6177)."""
    try:
        line = str(ipaddress.IPv6Network((text, 64), strict=False))
    except ValueError:
        raise ImpossibleValue("ip", "The value is not a valid IPv6 prefix (RFC 4291).") from None
    return Reading(line, (MatchKey("ip_line", line, Strength.WEAK),), ("no_time",))


def _log_line(text: str, context: Context) -> tuple[str, Context]:
    """Take the source port and the time out of a line such as `198.51.100.7:50712 2026-03-02 20:14:09 utc`."""
    front, found = text, _LOG_TIME.search(text)
    if found:
        zone = "+00:00" if found[3] in {"z", "utc", "gmt"} else found[3]
        if not zone:
            raise ImpossibleValue("time_zone", "The time needs its zone, such as UTC or +01:00.")
        front = text[: found.start()] + text[found.end() :]
        context = _at_time(context, f"{found[1]}T{found[2]}{zone[:3]}:{zone[-2:]}")
    port = _PORT.fullmatch(front.strip(" ,;()"))
    if port and 0 < int(port[3]) < _PORTS:
        return port[1] or port[2], replace(context, port=context.port or int(port[3]))
    return front.strip(" ,;()"), context


def _at_time(context: Context, text: str) -> Context:
    try:
        return replace(context, observed_at=context.observed_at or datetime.fromisoformat(text))
    except ValueError:
        raise ImpossibleValue("time", "The time does not exist (RFC 3339).") from None


def _warning(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> str | None:
    if address.version == 4 and address in _CGNAT:  # noqa: PLR2004 (the version of the protocol)
        return "shared_address"
    if any(address.version == n.version and address in n for n in _DOCUMENTATION):
        return "documentation_address"
    named = ("unspecified", "loopback", "link_local", "multicast", "private", "reserved")
    return next((f"{name}_address" for name in named if getattr(address, f"is_{name}")), None)


def _moments(address: str, context: Context, doubt: str | None) -> tuple[MatchKey, ...]:
    """Return two overlapping time windows, so that uses within five minutes of each other always share one (RFC 6302).

    Two uses of one address from different source ports may be those of two customers, so they are only possible evidence.
    """
    if context.observed_at is None or (doubt and not (doubt == "shared_address" and context.port)):
        return ()
    window = int(context.observed_at.astimezone(UTC).timestamp()) // _WINDOW
    keys = []
    for each in (window, window + 1):
        if not doubt:
            keys.append(MatchKey("ip_time", f"{address}|{each}", Strength.POSSIBLE if context.port else Strength.STRONG))
        if context.port:
            keys.append(MatchKey("ip_time", f"{address}|{context.port}|{each}"))
    return tuple(keys)


def host_name(text: str) -> str:
    """Return a host name as IDNA A-labels in lower case, without a final dot (RFC 1035, 5890)."""
    name = text.rstrip(".")
    if name.isascii():
        name = name.lower()
    else:  # case folding would change the sharp s, which is a letter of its own in domain names (RFC 5891)
        try:
            name = idna.encode(name, uts46=True).decode()
        except (idna.IDNAError, UnicodeError):
            raise ImpossibleValue("idna", "The value is not a valid internationalised domain name (RFC 5890).") from None
    labels = name.split(".")
    if len(name) > 253 or len(labels) < 2 or not all(_LABEL.fullmatch(label) for label in labels):  # noqa: PLR2004 (RFC 1035)
        raise ImpossibleValue("domain", "The value must be a domain name with at least two labels (RFC 1035).")
    if labels[-1].isdecimal():
        raise ImpossibleValue("domain", "The value is an IP address, not a domain name.")
    return name


def read_domain(value: str, context: Context) -> Reading:
    """Parse a domain name."""
    del context
    text = clean(value).removeprefix("*.")
    name = host_name(_HOST_OF_URL.sub(r"\1", text))
    site = MatchKey("site", name.removeprefix("www."), Strength.POSSIBLE)
    return exact("domain", name, site, *hidden_keys(name))


def hidden_keys(name: str) -> tuple[MatchKey, ...]:
    """Return the match keys of an onion service or I2P destination that was entered as a domain name."""
    reader = next((read for end, read in ((".onion", read_onion), (".b32.i2p", read_i2p)) if name.endswith(end)), None)
    try:
        return reader(name, Context()).keys if reader else ()
    except ImpossibleValue:
        return ()


def read_email(value: str, context: Context) -> Reading:
    """Parse an e-mail address (RFC 5321, 6531). Addresses that differ only in a tag or dots match too, as weaker evidence."""
    del context
    text = re.sub(r"\s+@\s*|@\s+", "@", literal(value))
    local, mark, host = text.rpartition("@")
    local, host = literal_lower(local), clean(host)
    if not mark or not _LOCAL.fullmatch(local) or local.startswith(".") or local.endswith(".") or ".." in local:
        raise ImpossibleValue("email", "The value must have the form local@domain (RFC 5321).")
    domain = host_name(host)
    if len(f"{local}@{domain}") > 254:  # noqa: PLR2004 (RFC 5321, 4.5.3.1)
        raise ImpossibleValue("email", "The value is longer than 254 characters (RFC 5321).")
    return exact("email", f"{local}@{domain}", MatchKey("mailbox", _mailbox(local, domain), Strength.POSSIBLE))


def _mailbox(local: str, domain: str) -> str:
    """Return one text for all addresses that reach one mailbox, as its provider says (`data/mailboxes.json`)."""
    rule = _MAILBOXES.get(domain)
    untagged = local.partition("+")[0] or local
    if rule is None:
        return f"{untagged}@{domain}"
    dropped = untagged.translate({ord(sign): None for sign in rule.get("ignores", "")})
    same = dropped.translate({ord(sign): rule["same"][0] for sign in rule.get("same", "")})
    return f"{same or untagged}@{rule['domains'][0]}"


def read_onion(value: str, context: Context) -> Reading:
    """Parse an onion service: the 56 characters of version 3 with their checksum, or the 16 of the obsolete version 2."""
    del context
    text = fold(value)
    host = text.partition("://")[2] or text
    for end in "/?#":
        host = host.partition(end)[0]
    label = host.rpartition("@")[2].partition(":")[0].rstrip(".").removesuffix(".onion").rpartition(".")[2]
    if re.fullmatch("[a-z2-7]{16}", label, re.ASCII):
        return exact("onion", f"{label}.onion", warnings=("onion_v2",))
    try:
        raw = base64.b32decode(label.upper()) if len(label) == 56 else b""  # noqa: PLR2004 (rend-spec-v3)
    except (binascii.Error, ValueError):
        raw = b""
    expected = hashlib.sha3_256(b".onion checksum" + raw[:32] + raw[34:]).digest()[:2]
    if len(raw) != 35 or raw[34:] != b"\x03" or raw[32:34] != expected:  # noqa: PLR2004 (key, checksum, version)
        raise ImpossibleValue("onion", "The value must be a version 3 onion address: 56 characters with a checksum (rend-spec-v3).")
    return exact("onion", f"{label}.onion")


def read_mac(value: str, context: Context) -> Reading:
    """Parse a hardware address (IEEE EUI-48). A locally administered one is weak evidence."""
    del context
    groups = re.split("[:-]", fold(value).replace(" ", ""))
    text = "".join(group.zfill(2) for group in groups) if len(groups) == 6 else "".join(groups).replace(".", "").removeprefix("0x")  # noqa: PLR2004 (EUI-48)
    if not re.fullmatch("[0-9a-f]{12}", text, re.ASCII):
        raise ImpossibleValue("mac", "The value must have 12 hexadecimal digits (IEEE EUI-48).")
    if text in {"0" * 12, "f" * 12}:
        raise ImpossibleValue("mac", "This address does not belong to a device (IEEE EUI-48).")
    written = ":".join(text[i : i + 2] for i in range(0, 12, 2))
    local = int(text[:2], 16) & _LOCALLY_ADMINISTERED
    strength = Strength.WEAK if local else Strength.STRONG
    return Reading(written, (MatchKey("mac", written, strength),), ("locally_administered",) if local else ())


def read_i2p(value: str, context: Context) -> Reading:
    """Parse an I2P destination: 52 characters of Base32 followed by .b32.i2p."""
    del context
    host = re.split("[/?#]", re.sub("^https?://", "", fold(value)))[0]
    text = host.partition(":")[0].removesuffix(".b32.i2p")
    if not re.fullmatch("[a-z2-7]{52}", text, re.ASCII):
        raise ImpossibleValue("i2p", "The value must have 52 characters of Base32 before .b32.i2p.")
    return exact("i2p", f"{text}.b32.i2p")


def read_as_number(value: str, context: Context) -> Reading:
    """Parse the number of an autonomous system (RFC 6793, RFC 5396). It is weak evidence, because a whole provider shares it."""
    del context
    found = re.fullmatch("(?:as ?)?([0-9]{1,10})(?:[.]([0-9]{1,5}))?", fold(value), re.ASCII)
    number = (int(found[1]) << 16) + int(found[2]) if found and found[2] else int(found[1]) if found else 0
    if not 0 < number < 2**32 - 1:
        raise ImpossibleValue("as_number", "The value must be AS and a number up to 4294967294 (RFC 6793).")
    return Reading(f"AS{number}", (MatchKey("as_number", str(number), Strength.WEAK),))
