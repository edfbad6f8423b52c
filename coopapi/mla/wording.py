"""How a value is worded on a form: codes by their labels, moments with their offset, identifiers in one line."""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from json import loads
from typing import Any, Final

from coopapi.directory import codelists
from coopapi.instruments import service as instruments

LANGUAGES: Final = ("en", "fr", "es", "pt")
_DATA: Final = files("coopapi.mla") / "data" / "forms"
_CONTROLS: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\uffff]")
_TICKED: Final = {True: "☒", False: "☐"}


@cache
def read(name: str) -> Mapping[str, Any]:
    """Read a data file of the forms."""
    found: Mapping[str, Any] = loads((_DATA / f"{name}.json").read_text("utf-8"))
    return found


def plain(text: str) -> tuple[str, ...]:
    """Take text apart at its line ends, without control characters, which could turn the words around them."""
    lines = (_CONTROLS.sub("", line).replace("\t", " ").rstrip() for line in text.splitlines())
    return tuple(line for line in lines if line.strip())


class Words:
    """The words of one language, and the footnotes that their use brought along."""

    def __init__(self, language: str) -> None:
        self.language = language
        self.footnotes: dict[str, str] = {}

    def label(self, spec: str | Mapping[str, str]) -> str:
        """Say a label: its own words, or a phrase that several forms share."""
        if not spec:
            return ""
        labels: Mapping[str, str] = read("phrases")[spec] if isinstance(spec, str) else spec
        return labels[self.language]

    def word(self, prefix: str, value: str) -> str:
        """Say a value that has a phrase; the value itself if it has none."""
        labels = read("phrases").get(f"{prefix}_{value}")
        return labels[self.language] if labels else value

    def code(self, name: str, code: str) -> str:
        """Say a code by its label, and note its footnote; the code itself if the list lacks it."""
        item = _items(name).get(code)
        if item is None:
            return code
        if note := item.footnote.get(self.language):
            self.footnotes[item.code] = f"{item.labels[self.language]}: {note}"
        return item.labels[self.language]

    def instrument(self, code: str) -> str:
        """Say an instrument by its title."""
        titles = {one.code: one.titles for one in instruments.load()}.get(code)
        return titles[self.language] if titles else code

    def say(self, values: Iterable[Any], style: str, options: Iterable[str] = ()) -> tuple[str, ...]:
        """Word values in a style of the forms."""
        kind, _, rest = style.partition(":")
        if kind == "ticks":
            return self._ticks({str(value) for value in values}, rest, options)
        return tuple(line for value in values for line in plain(self._one(value, kind, rest)))

    def _one(self, value: Any, kind: str, rest: str) -> str:
        ways: Mapping[str, Callable[[], str]] = {
            "text": lambda: f"{value:g}" if isinstance(value, float) else str(value),
            "code": lambda: self.code(rest, str(value)),
            "word": lambda: self.word(rest, str(value)),
            "yes_no": lambda: self.label("yes" if value else "no"),
            "date": lambda: moment(str(value), whole=False),
            "moment": lambda: moment(str(value), whole=True),
            "instrument": lambda: self.instrument(str(value)),
            "identifiers": lambda: self._identifier(value),
            "pairs": lambda: "\n".join(f"{name}: {said}" for name, said in sorted(value.items())),
        }
        return ways[kind]()

    def _ticks(self, chosen: set[str], rest: str, options: Iterable[str]) -> tuple[str, ...]:
        """Print every box of the form, ticked or not."""
        kind, _, prefix = rest.rpartition(":")
        said = {o: self.word(prefix, o) for o in options} if kind else {o: self.code(rest, o) for o in _items(rest)}
        said |= {code: code for code in sorted(chosen - said.keys())}
        return tuple(f"{_TICKED[code in chosen]} {label}" for code, label in said.items())

    def _identifier(self, sought: Mapping[str, Any]) -> str:
        """Say what it is, its value, and where and when it was seen: an address with port and time zone."""
        context = sought.get("context") or {}
        parts = [str(sought.get("value", ""))]
        if port := context.get("port"):
            parts.append(f"{self.label('port')} {port}")
        if platform := context.get("platform"):
            parts.append(str(platform))
        if country := context.get("country"):
            parts.append(self.code("countries", country))
        if seen := context.get("observed_at"):
            parts.append(moment(str(seen), whole=True))
        return f"{self.code('identifier_kinds', str(sought.get('kind', '')))}: {', '.join(parts)}"


@cache
def _items(name: str) -> Mapping[str, codelists.CodelistItem]:
    return {item.code: item for item in codelists.load(name).items} if name in codelists.names() else {}


def moment(text: str, *, whole: bool) -> str:
    """Write a moment with its offset, or only its date; the same in every language (ISO 8601)."""
    if len(text) == len("2026-01-01"):
        return text
    try:
        read_ = datetime.fromisoformat(text)
    except ValueError:
        return text
    if not whole:
        return f"{read_:%Y-%m-%d}"
    zone = "UTC" if read_.utcoffset() == UTC.utcoffset(None) else read_.isoformat()[-6:] if read_.tzinfo else ""
    return f"{read_:%Y-%m-%d %H:%M:%S} {zone}".rstrip()
