"""How a timeline is worded in each language: labels, months, periods, and what was left out and why."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files
from json import loads
from typing import Any, Final

from coopapi.directory import codelists
from coopapi.exports.timelines.entries import TIMES, Head

_NAMED: Final = 8
"""How many cases a title names."""
_DAY: Final = timedelta(hours=23)
_DAYS: Final = timedelta(days=45)
_YEARS: Final = timedelta(days=5 * 366)


@cache
def _labels() -> Mapping[str, Mapping[str, str]]:
    found: Mapping[str, Mapping[str, str]] = loads((files("coopapi.exports.timelines") / "words.json").read_text("utf-8"))
    return found


def sentences(head: Head) -> str:
    """Return sentences in English about the filters and the conditions of a file, each after a space."""
    return "".join(f" {one}." for one in (*Labels("en").filters(head), *head.about.conditions))


class Labels:
    """The wording of one language."""

    def __init__(self, language: str) -> None:
        self.language = language

    @property
    def title(self) -> str:
        """The title of a timeline."""
        return self.label("timeline")

    def title_of(self, head: Head) -> str:
        """Return the title of a file: that it is a timeline, of which cases, and of how many more if there are many."""
        named = [case.reference for case in head.cases[:_NAMED]]
        return f"{self.title}: {', '.join(named)}{f' (+{more})' if (more := len(head.cases) - len(named)) else ''}"

    def label(self, name: str) -> str:
        """Return a label, or the name itself if there is none."""
        return _labels()[name][self.language] if name in _labels() else name

    def code(self, codelist: str, code: str) -> str:
        """Return the label of a code."""
        found = (one.labels[self.language] for one in codelists.load(codelist).items if one.code == code)
        return next(found, code)

    def about(self, head: Head) -> list[str]:
        """Return lines that say what a file is: its handling code, for whom, for what purpose, by whom, under which conditions."""
        about = head.about
        made = f"{about.made_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC, {about.authority} ({about.country})"
        lines = [
            f"{self.label('handling')}: {self.handling(head)}",
            f"{self.label('recipient')}: {about.recipient}",
            f"{self.label('purpose')}: {self.code('purposes', about.purpose)}",
            f"{self.label('made')}: {made}",
        ]
        return lines + self.filters(head) + [f"{self.label('conditions')}: {one}" for one in about.conditions]

    def filters(self, head: Head) -> list[str]:
        """Return a line that says which filters the entries were selected by, or none if there are no filters."""
        said = [self._filter(name, value) for name, value in head.filters.items()]
        return [f"{self.label('filters')}: {'; '.join(said)}"] if said else []

    def _filter(self, name: str, value: Any) -> str:
        kept_back = value is None
        return self.label("filter_kept_back") if kept_back else self.label(f"filter_{name}").format(value=self._sought(name, value))

    def _sought(self, name: str, value: Any) -> str:
        if name in TIMES:
            return f"{datetime.fromisoformat(value).astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
        if name == "kind":
            return self.label(f"{value}s")
        return ", ".join(value) if isinstance(value, list) else str(value)

    def handling(self, head: Head) -> str:
        """Return the strictest handling code of the file with its label."""
        code = max([head.about.handling_code, *(case.handling_code for case in head.cases)])
        return f"{code}, {self.code('handling_codes', code)}"

    def left_out(self, counted: Mapping[str, Any]) -> list[str]:
        """Return what was left out and why, a line each."""
        lines = [
            self.label("counted").format(
                count=one["count"], what=self._what(one["what"]), why=self.label(f"why_{one['why']}").removeprefix("why_")
            )
            for one in counted["left_out"]
        ]
        return lines or [self.label("nothing")]

    def _what(self, what: str) -> str:
        return self.label(f"of_{what}").removeprefix("of_")

    def month(self, at: datetime, *, short: bool = False) -> str:
        """Return the name of a month."""
        return self.label("short_months" if short else "months").split()[at.month - 1]

    def day(self, at: datetime) -> str:
        """Return a day in words."""
        return self.label("day_form").format(day=at.day, month=self.month(at), year=at.year)

    def period(self, first: datetime, last: datetime) -> str:
        """Return the name of a period: hours of a day, days, months or years, as fits its length. Both ends are in it."""
        if first.date() == last.date():
            hours = self.span(f"{first:%H:%M}", f"{last:%H:%M} UTC")
            return f"{self.day(first)}, {hours}" if first != last and last - first < _DAY else self.day(first)
        if last - first < _DAYS:
            return self.span(self.day(first), self.day(last))
        form = "{year}" if last - first > _YEARS else self.label("month_form")
        begins, ends = (form.format(month=self.month(at), year=at.year) for at in (first, last))
        return begins if begins == ends else self.span(begins, ends)

    def span(self, first: str, last: str) -> str:
        """Return two texts as the beginning and the end of something."""
        return self.label("range").format(first=first, last=last)
