"""Links that name an account, a group or something shared, and the names of platforms. Both are data."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final
from urllib.parse import parse_qsl, unquote

from coopapi.directory import codelists
from coopapi.unicode_text import clean, fold

_PARTS: Final = re.compile(r"(?:(?P<scheme>[a-z][a-z0-9+.-]*):(?://)?)?(?P<host>[^/?#\s]*)(?P<rest>[^\s]*)", re.IGNORECASE)
_WEB: Final = frozenset({"http", "https"})
_PLACEHOLDER: Final = re.compile(r"\\\{(-|[a-z]+)\\\}")
_NOISE: Final = re.compile(r"^(?:https?://)?(?:www\.)?|(?: (?:app|messenger))?/?$")
_ACCOUNT: Final = frozenset({"username", "id", "phone", "address"})


@dataclass(frozen=True, slots=True)
class PlatformLink:
    """What a link on a known platform names.

    `what` is empty if it is neither an account nor anything else that is told apart. It is `deeper` if it leads to something of an
    account, such as one post. With `behind_hash`, what stands behind # tells links of this host apart.
    """

    platform: str
    what: str = ""
    value: str = ""
    behind_hash: bool = False
    deeper: bool = False

    @property
    def account(self) -> bool:
        """Whether the link names an account."""
        return self.what in _ACCOUNT


@dataclass(frozen=True, slots=True)
class _Pattern:
    path: re.Pattern[str]
    parameter: str
    query: re.Pattern[str]
    fragment: re.Pattern[str]

    def find(self, path: str, query: Mapping[str, str], fragment: str) -> tuple[str, str, bool] | None:
        """Return what this pattern names, its value and whether the path goes on, or None if the link has another form."""
        value = query.get(self.parameter, "") if self.parameter else ""
        found = (self.path.match(path), self.query.match(value), self.fragment.match(fragment))
        if not all(found) or (self.parameter and self.parameter not in query):
            return None
        named = {name: text for each in found if each for name, text in each.groupdict().items() if text}
        return (*next(iter(named.items()), ("", "")), found[0].end() < len(path) if found[0] else False)


@dataclass(frozen=True, slots=True)
class _Host:
    platform: str
    patterns: tuple[_Pattern, ...]
    reserved: frozenset[str]
    subdomain: bool
    fragment: bool


def _expression(template: str, end: str) -> re.Pattern[str]:
    """Return the regular expression of a template such as `u/{username}`."""

    def group(found: re.Match[str]) -> str:
        if found[1] == "-":
            return ".*"
        signs = {"address": ".+", "phone": r"(?:\+|%2b| )?[0-9 ().-]{6,25}"}.get(found[1], r"[^/?#&!\s]+")
        return f"(?P<{found[1]}>{signs})"

    return re.compile(_PLACEHOLDER.sub(group, re.escape(template).replace(r"\-\}", r"-\}")) + end, re.IGNORECASE)


def _pattern(template: str) -> _Pattern:
    head, _, fragment = template.partition("#")
    path, _, query = head.partition("?")
    name, _, value = query.partition("=")
    named = name if value else ""
    return _Pattern(_expression(path.rstrip("/"), r"(?:/|$)"), named, _expression(value, ""), _expression(fragment, ""))


@cache
def _hosts() -> Mapping[str, tuple[_Host, ...]]:
    table: dict[str, tuple[_Host, ...]] = {}
    for row in json.loads((files("coopapi.identifiers") / "data/links.json").read_text("utf-8"))["links"]:
        host = _host(row)
        for name in row["hosts"]:
            table[name] = (*table.get(name, ()), host)
    return table


def _host(row: Mapping[str, Any]) -> _Host:
    patterns = tuple(map(_pattern, row["paths"]))
    return _Host(row["platform"], patterns, frozenset(row.get("reserved", ())), "subdomain" in row, "fragment" in row)


def find_link(text: str) -> PlatformLink | None:
    """Return what a link names, or None if its host is not in the table. Account names keep their case."""
    found = _PARTS.fullmatch(clean(text))
    if found is None or "@" in found["host"]:
        return None
    scheme, host, rest = (found["scheme"] or "").lower(), found["host"], found["rest"]
    if scheme == "sgnl":
        scheme = "https"
    if scheme and scheme not in _WEB:
        link = _named(_hosts().get(f"{scheme}:", ()), "", (host + rest).lstrip("/"))
        return link if link and link.what else None
    name = host.lower().removesuffix(":443").removesuffix(":80").removeprefix("www.").rstrip(".")
    rows, label = _hosts().get(name, ()), ""
    if not rows:
        label, _, parent = name.partition(".")
        rows = _hosts().get(parent, ())
    return _named(rows, label, rest.removeprefix("/")) if scheme or rest or label else None


def _named(rows: tuple[_Host, ...], label: str, rest: str) -> PlatformLink | None:
    head, _, fragment = rest.partition("#")
    path, _, query = head.partition("?")
    path = path.rstrip("/")
    parameters = dict(parse_qsl(query))
    for row in rows:
        if label and row.subdomain:
            return PlatformLink(row.platform, "username", label)
        found = next(filter(None, (pattern.find(path, parameters, fragment) for pattern in row.patterns)), None)
        if found:
            what, value = found[0], unquote(found[1])
            value = value.removeprefix("@") if what == "username" else value
            if what and not (what == "username" and value.lower() in row.reserved):
                return PlatformLink(row.platform, what, value, row.fragment, found[2])
            break
    return PlatformLink(rows[0].platform, behind_hash=rows[0].fragment) if rows else None


def platform_code(text: str) -> str:
    """Return the code of a platform that is named by one of its aliases, and any other name as `fold` returns it."""
    known = codelists.load("platforms").index
    if (whole := known.get(fold(text))) is not None:
        return whole
    name = _NOISE.sub("", fold(text)).strip()
    return known.get(name, known.get(name.replace(" ", ""), name))
