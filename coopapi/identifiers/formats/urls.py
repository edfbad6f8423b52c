"""Parser for URLs: the page itself, the host, and the account, group or shared object that a link of a known platform names."""

import ipaddress
import re
from typing import Final
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from coopapi.identifiers.formats import accounts
from coopapi.identifiers.formats.files import read_magnet
from coopapi.identifiers.formats.links import PlatformLink, find_link
from coopapi.identifiers.formats.networks import hidden_keys, host_name, read_onion
from coopapi.identifiers.formats.reading import Context, ImpossibleValue, MatchKey, Reading, Strength, exact
from coopapi.unicode_text import clean, literal

_BARE: Final = re.compile(r"[^\s/@:]+\.[^\W\d_]{2,}(?::\d+)?/\S*")
_PORTS: Final = {"http": 80, "https": 443, "ftp": 21}
_UNRESERVED: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
_GATEWAY: Final = re.compile(r"(?:[^.]+\.)*?([a-z2-7]{56}\.onion)\.[a-z.]{2,20}")
_ROUTE: Final = ("/", "!", "?")
_TRACKING: Final = re.compile(
    r"(?:utm_[a-z_]+|fbclid|gclid|dclid|gbraid|wbraid|msclkid|yclid|twclid|ttclid|igshid|igsh|mc_cid|mc_eid|_hsenc|_hsmi|mkt_tok|ref_src|ref_url)"
)
"""Parameters that tell how somebody came to a page and not which page it is (ClearURLs, Firefox query stripping list)."""
_REDIRECTING: Final = {
    "l.facebook.com/l.php": "u", "lm.facebook.com/l.php": "u", "l.instagram.com/": "u", "google.com/url": "url q",
    "vk.com/away.php": "to", "away.vk.com/away.php": "to", "youtube.com/redirect": "q", "steamcommunity.com/linkfilter/": "url u",
    "slack-redir.net/link": "url", "t.umblr.com/redirect": "z",
}  # fmt: skip
"""Hosts and paths that lead to the URL in one of these parameters."""
_ARCHIVED: Final = re.compile(r"https?://web\.archive\.org/web/\d{4,14}(?:[a-z]{2}_)?\*?/(https?:/{1,2}.+)", re.IGNORECASE)
_FEDERATED: Final = re.compile(r"/@([a-z0-9_][a-z0-9_.-]{0,63})/?", re.IGNORECASE)
_SHARED: Final = frozenset({"object", "folder", "link"})


def read_url(value: str, context: Context) -> Reading:
    """Parse a URL (RFC 3986): scheme and host in lower case, no default port, no dot segments.

    A fragment is part of it where it tells pages apart: on hosts that say so in the table of links, and in routes such as
    `#/user/7`. Elsewhere it is an anchor on the page, and is left out.
    """
    text = literal(value).strip().replace(" ", "%20")
    if text[:7].lower() in {"magnet:", "ed2k://"}:
        return read_magnet(text, context)
    text = f"http://{text}" if _BARE.fullmatch(text) else text
    if target := redirected(text):
        return read_url(target, context)
    link = find_link(text)
    scheme, mark, rest = text.partition("://")
    scheme = scheme.lower()
    if scheme not in _PORTS and link and link.what:
        return Reading(text, _link_keys(link))
    if not mark or scheme not in _PORTS:
        raise ImpossibleValue("url", "The scheme must be http, https or ftp (RFC 3986), or that of a known application.")
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
    fragment = _fragment(parts.fragment, link)
    page = f"{_site(place)}{path.rstrip('/')}{_told_apart(query)}{fragment}"
    keys = (MatchKey("page", page, Strength.POSSIBLE), key, *(_link_keys(link) if link else _federated(name, path)))
    return exact("url", f"{scheme}://{place}{path}{query}{fragment}", *keys)


def redirected(text: str) -> str:
    """Return the URL to which a link of a known redirecting host leads or whose copy it shows; empty for other links."""
    place, _, query = text.partition("://")[2].partition("?")
    names = _REDIRECTING.get(place.lower().removeprefix("www."), "").split()
    parameters = dict(parse_qsl(query)) if names else {}
    archived = _ARCHIVED.fullmatch(text)
    target = next((parameters[name] for name in names if name in parameters), archived[1] if archived else "")
    return target if target.lower().startswith(("http://", "https://")) else ""


def _federated(host: str, path: str) -> tuple[MatchKey, ...]:
    """Return the key of the account that a path such as `/@name` names on servers of a federation."""
    found = _FEDERATED.fullmatch(path)
    return (MatchKey("username", f"{found[1].lower()}@{host}", Strength.POSSIBLE),) if found else ()


def _fragment(fragment: str, link: PlatformLink | None) -> str:
    """Return the fragment with its sign if it tells pages apart. Text fragments (`:~:text=`) never do."""
    kept = fragment.partition(":~:")[0]
    return f"#{_plain(kept)}" if kept and (kept.startswith(_ROUTE) or (link and link.behind_hash)) else ""


def _link_keys(link: PlatformLink) -> tuple[MatchKey, ...]:
    """Return the keys of what a link names. A link to one post of an account is only possible evidence for the account."""
    if link.what in _SHARED:
        return (MatchKey("shared_link", f"{link.platform}|{link.what}|{link.value}"),)
    try:
        reading = accounts.account(link) if link.account else accounts.group(link) if link.what == "invite" else None
    except ImpossibleValue:
        return ()
    keys = [key for key in reading.keys if key.strength > Strength.WEAK] if reading else []
    return tuple(MatchKey(k.family, k.text, Strength.POSSIBLE if link.deeper else k.strength) for k in keys)


def _site(place: str) -> str:
    """Return the host without www, and without the gateway through which an onion service is read from outside Tor."""
    gateway = _GATEWAY.fullmatch(place)
    return gateway[1] if gateway and hidden_keys(gateway[1]) else place.removeprefix("www.")


def _told_apart(query: str) -> str:
    """Return the query in a fixed order without parameters that do not tell pages apart."""
    parts = [
        part for part in query.removeprefix("?").split("&") if part and not _TRACKING.fullmatch(part.partition("=")[0].lower())
    ]
    return f"?{'&'.join(sorted(parts))}" if parts else ""


def _host_key(host: str, context: Context) -> tuple[str, MatchKey]:
    """Return the match key of the host. It is weak evidence because many URLs share a host."""
    if host.endswith(".onion"):
        onion = read_onion(host, context)
        return onion.normalised, MatchKey("onion", onion.normalised, Strength.WEAK)
    try:
        address = str(ipaddress.ip_address(host))
    except ValueError:
        name = host_name(clean(host))
        key = next(iter(hidden_keys(name)), MatchKey("domain", name))
        return name, MatchKey(key.family, key.text, Strength.WEAK)
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
