"""How a form words values: codes by their labels, times with their UTC offset, identifiers in one line."""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from json import loads
from typing import Any, Final

from coopapi.directory import codelists
from coopapi.instruments import service as instruments
from coopapi.unicode_text import UNSEEN

_DATA: Final = files("coopapi.mla") / "data" / "forms"
_TICKED: Final = {True: "☒", False: "☐"}


@cache
def read(name: str) -> Mapping[str, Any]:
    """Read a data file of the forms."""
    found: Mapping[str, Any] = loads((_DATA / f"{name}.json").read_text("utf-8"))
    return found


def plain(text: str) -> tuple[str, ...]:
    """Split text into lines and remove control characters, which could change the direction or order of nearby text."""
    lines = (UNSEEN.sub("", line).replace("\t", " ").rstrip() for line in text.splitlines())
    return tuple(line for line in lines if line.strip())


class Words:
    """The wording of one language, and the footnotes of the terms used so far. `entered` are titles of instruments not shipped."""

    def __init__(self, language: str, entered: Mapping[str, Mapping[str, str]] | None = None) -> None:
        self.language = language
        self.entered = entered or {}
        self.footnotes: dict[str, str] = {}

    def label(self, spec: str | Mapping[str, str]) -> str:
        """Return a label: its own translations, or a phrase that several forms share."""
        if not spec:
            return ""
        labels: Mapping[str, str] = read("phrases")[spec] if isinstance(spec, str) else spec
        return labels[self.language]

    def titled(self, label: str, text: str) -> str:
        """Return a label, a colon as the language sets it, and the text."""
        return f"{label}{self.label('colon')}{text}"

    def word(self, prefix: str, value: str) -> str:
        """Return the phrase for a value, or the value itself if there is no phrase."""
        labels = read("phrases").get(f"{prefix}_{value}")
        return labels[self.language] if labels else value

    def code(self, name: str, code: str) -> str:
        """Return the label of a code and remember its footnote; return the code itself if the list does not contain it."""
        item = _items(name).get(code)
        if item is None:
            return code
        if note := item.footnote.get(self.language):
            self.footnotes[item.code] = self.titled(item.labels[self.language], note)
        return item.labels[self.language]

    def instrument(self, code: str) -> str:
        """Return the title of an instrument, or its code if it is unknown."""
        titles = self.entered.get(code) or {one.code: one.titles for one in instruments.load()}.get(code)
        return titles[self.language] if titles else code

    def say(self, values: Iterable[Any], style: str, options: Iterable[str] = ()) -> tuple[str, ...]:
        """Return the lines that word the values in a style, such as `code:countries`, `moment` or `ticks:...`."""
        kind, _, rest = style.partition(":")
        if kind == "ticks":
            return self._ticks({str(value) for value in values}, rest, options)
        return tuple(line for value in values for line in plain(self._one(value, kind, rest)))

    def _one(self, value: Any, kind: str, rest: str) -> str:
        ways: Mapping[str, Callable[[], str]] = {
            "text": lambda: f"{value:g}" if isinstance(value, float) else str(value),
            "code": lambda: self.code(rest, str(value)),
            "word": lambda: self.word(rest, str(value)),
            "years": lambda: self.label("years").format(f"{value:g}"),
            "yes_no": lambda: self.label("yes" if value else "no"),
            "date": lambda: moment(str(value), whole=False),
            "moment": lambda: moment(str(value), whole=True),
            "instrument": lambda: self.instrument(str(value)),
            "identifiers": lambda: self._identifier(value),
            "pairs": lambda: "\n".join(self.titled(name, said) for name, said in sorted(value.items())),
        }
        return ways[kind]()

    def _ticks(self, chosen: set[str], rest: str, options: Iterable[str]) -> tuple[str, ...]:
        """Return one line for every box of the form, ticked or not."""
        kind, _, prefix = rest.rpartition(":")
        said = {o: self.word(prefix, o) for o in options} if kind else {o: self.code(rest, o) for o in _items(rest)}
        said |= {code: code for code in sorted(chosen - said.keys())}
        return tuple(f"{_TICKED[code in chosen]} {label}" for code, label in said.items())

    def _identifier(self, sought: Mapping[str, Any]) -> str:
        """Return one line with the kind, value, port, platform, country and time of observation of an identifier."""
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
        return self.titled(self.code("identifier_kinds", str(sought.get("kind", ""))), ", ".join(parts))


@cache
def _items(name: str) -> Mapping[str, codelists.CodelistItem]:
    return {item.code: item for item in codelists.load(name).items} if name in codelists.names() else {}


def moment(text: str, *, whole: bool) -> str:
    """Return a time with its UTC offset, or only its date, in the same form in every language (ISO 8601)."""
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
