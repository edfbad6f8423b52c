"""Parsers for network addresses: IP, domain, URL, e-mail, onion service and MAC."""

import base64
import binascii
import hashlib
import ipaddress
import re
from datetime import UTC
from typing import Final
from urllib.parse import quote, unquote, urlsplit

import idna

from coopapi.identifiers.formats.reading import Context, ImpossibleValue, MatchKey, Reading, Strength, exact
from coopapi.unicode_text import clean, fold

_LABEL: Final = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)", re.ASCII)
_LOCAL: Final = re.compile(r"[^\s@,;:<>()\[\]\\\"]{1,64}")
_SINGLE: Final = re.compile(r"(?<=\.\d)/32$|(?<=\.\d\d)/32$|(?<=\.\d\d\d)/32$|(?<=:)/128$|(?<=[0-9a-f])/128$")
_BARE: Final = re.compile(r"[^\s/@:]+\.[^\W\d_]{2,}(?::\d+)?/\S*")
_WINDOW: Final = 300
_CGNAT: Final = ipaddress.ip_network("100.64.0.0/10")
_DOCUMENTATION: Final = tuple(
    ipaddress.ip_network(n) for n in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32", "3fff::/20")
)
_PORTS: Final = {"http": 80, "https": 443, "ftp": 21}
_GMAIL: Final = frozenset({"gmail.com", "googlemail.com"})
_LOCALLY_ADMINISTERED: Final = 0x02
_UNRESERVED: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"


def _refang(text: str) -> str:
    """Undo the changes by which an address was made unclickable ("defanged")."""
    for written, meant in (("[.]", "."), ("(.)", "."), ("[dot]", "."), ("[:]", ":"), ("[@]", "@"), ("[at]", "@")):
        text = text.replace(written, meant)
    return text


def read_ip(value: str, context: Context) -> Reading:
    """Parse an IP address (RFC 791, 4291; canonical form RFC 5952). Without the time of use it is weak evidence."""
    text = _SINGLE.sub("", _refang(fold(value)).strip("[] "))
    if "%" in text:
        raise ImpossibleValue("zone", "An address with a zone is valid only on one machine (RFC 4007).")
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        raise ImpossibleValue("ip", "The value is not a valid IPv4 or IPv6 address (RFC 791, RFC 4291).") from None
    address = getattr(address, "ipv4_mapped", None) or address
    doubt = _warning(address)
    warnings = tuple(w for w in (doubt, None if context.observed_at else "no_time") if w)
    keys = (MatchKey("ip", str(address), Strength.WEAK), *_moments(str(address), context, doubt))
    return Reading(str(address), keys, warnings)


def _warning(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> str | None:
    if address.version == 4 and address in _CGNAT:  # noqa: PLR2004 (the version of the protocol)
        return "shared_address"
    if any(address.version == n.version and address in n for n in _DOCUMENTATION):
        return "documentation_address"
    named = ("unspecified", "loopback", "link_local", "multicast", "private", "reserved")
    return next((f"{name}_address" for name in named if getattr(address, f"is_{name}")), None)


def _moments(address: str, context: Context, doubt: str | None) -> tuple[MatchKey, ...]:
    """Return two overlapping time windows, so that uses within five minutes of each other always share one (RFC 6302)."""
    if context.observed_at is None or (doubt and not (doubt == "shared_address" and context.port)):
        return ()
    window = int(context.observed_at.astimezone(UTC).timestamp()) // _WINDOW
    port = f"|{context.port}" if doubt else ""
    return tuple(MatchKey("ip_time", f"{address}{port}|{w}") for w in (window, window + 1))


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
    name = host_name(_refang(clean(value)))
    return exact("domain", name, *_onion_keys(name))


def _onion_keys(name: str) -> tuple[MatchKey, ...]:
    """Return the match keys of an onion service that was entered as a domain name, so that it matches in both forms."""
    try:
        return read_onion(name, Context()).keys if name.endswith(".onion") else ()
    except ImpossibleValue:
        return ()


def read_url(value: str, context: Context) -> Reading:
    """Parse a URL (RFC 3986): scheme and host in lower case, no default port, no dot segments, no fragment."""
    text = _refang(clean(value).strip()).replace(" ", "%20")
    text = f"http://{text}" if _BARE.fullmatch(text) else text
    scheme, mark, rest = text.partition("://")
    scheme = scheme.lower().replace("hxxp", "http")
    if not mark or scheme not in _PORTS:
        raise ImpossibleValue("url", "The scheme must be http, https or ftp (RFC 3986).")
    try:
        parts = urlsplit(f"{scheme}://{rest}")
        port, host = parts.port, parts.hostname or ""
    except ValueError:
        raise ImpossibleValue("url", "The host or the port is not valid (RFC 3986).") from None
    name, key = _host_key(host, context)
    name = f"{parts.netloc.rpartition('@')[0]}@{name}" if "@" in parts.netloc else name
    place = f"{name}:{port}" if port and port != _PORTS[scheme] else name
    path = _plain(_without_dots(parts.path or "/"))
    query = f"?{_plain(parts.query)}" if parts.query else ""
    page = f"{place.removeprefix('www.')}{path.rstrip('/')}{query}"
    return exact("url", f"{scheme}://{place}{path}{query}", MatchKey("page", page, Strength.POSSIBLE), key)


def _host_key(host: str, context: Context) -> tuple[str, MatchKey]:
    """Return the match key of the host. It is weak evidence because many URLs share a host."""
    if host.endswith(".onion"):
        onion = read_onion(host, context)
        return onion.normalised, MatchKey("onion", onion.normalised, Strength.WEAK)
    try:
        address = str(ipaddress.ip_address(host))
    except ValueError:
        name = host_name(clean(host))
        return name, MatchKey("domain", name, Strength.WEAK)
    return f"[{address}]" if ":" in address else address, MatchKey("ip", address, Strength.WEAK)


def _plain(text: str) -> str:
    """Normalise percent-encoding: letters in clear, everything else escaped in upper case (RFC 3986, 6.2.2)."""
    parts = re.split(r"(%[0-9A-Fa-f]{2})", text)
    return "".join(_escape(p) if i % 2 else quote(p, safe="/:@!$&'()*+,;=-._~?") for i, p in enumerate(parts))


def _escape(part: str) -> str:
    character = unquote(part, errors="ignore")
    return character if character and character in _UNRESERVED else part.upper()


def _without_dots(path: str) -> str:
    out: list[str] = []
    for part in path.split("/")[1:]:
        if part == "..":
            out = out[:-1]
        elif part != ".":
            out.append(part)
    end = "/" if path.endswith(("/.", "/..")) and out else ""
    return "/" + "/".join(out) + end


def read_email(value: str, context: Context) -> Reading:
    """Parse an e-mail address (RFC 5321, 6531). Addresses that differ only in a tag or dots match too, as weaker evidence."""
    del context
    text = re.sub(r"\s+@\s*|@\s+", "@", _refang(clean(value)).strip("<> "))
    local, mark, host = (text[7:] if text[:7].lower() == "mailto:" else text).rpartition("@")
    local = fold(local)
    if not mark or not _LOCAL.fullmatch(local) or local.startswith(".") or local.endswith(".") or ".." in local:
        raise ImpossibleValue("email", "The value must have the form local@domain (RFC 5321).")
    domain = host_name(host)
    if len(f"{local}@{domain}") > 254:  # noqa: PLR2004 (RFC 5321, 4.5.3.1)
        raise ImpossibleValue("email", "The value is longer than 254 characters (RFC 5321).")
    untagged = local.partition("+")[0] or local
    mailbox = f"{untagged.replace('.', '')}@gmail.com" if domain in _GMAIL else f"{untagged}@{domain}"
    return exact("email", f"{local}@{domain}", MatchKey("mailbox", mailbox, Strength.POSSIBLE))


def read_onion(value: str, context: Context) -> Reading:
    """Parse an onion service: the 56 characters of version 3 with their checksum, or the 16 of the obsolete version 2."""
    del context
    text = _refang(fold(value))
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
    text = re.sub(r"[\s:.-]", "", fold(value))
    if not re.fullmatch("[0-9a-f]{12}", text, re.ASCII):
        raise ImpossibleValue("mac", "The value must have 12 hexadecimal digits (IEEE EUI-48).")
    if text in {"0" * 12, "f" * 12}:
        raise ImpossibleValue("mac", "This address does not belong to a device (IEEE EUI-48).")
    written = ":".join(text[i : i + 2] for i in range(0, 12, 2))
    local = int(text[:2], 16) & _LOCALLY_ADMINISTERED
    strength = Strength.WEAK if local else Strength.STRONG
    return Reading(written, (MatchKey("mac", written, strength),), ("locally_administered",) if local else ())
