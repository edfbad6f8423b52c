"""The rules of deadlines as data: what starts each, what ends it, how long it runs, who owes it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any


@dataclass(frozen=True, slots=True)
class Extension:
    """By how much a period may be made longer, how often, and whether a new date has to be told.

    With the unit `given` the law sets no length: the period lasts until the date that is told.
    """

    length: int
    unit: str
    most: int
    estimate: bool
    article: str


@dataclass(frozen=True, slots=True)
class DeadlineRule:
    """One clock of the law.

    `given` and `or_later` name a fact with a date: the first is when it ends, the second counts where it is later. A clock
    that `lapses` lets silence be an answer; a `minimum` is a time that has to pass, not one to be quick in.
    """

    code: str
    article: str
    titles: Mapping[str, str]
    owed_by: str
    unit: str
    moves: bool
    starts_on: frozenset[str]
    ends_on: frozenset[str]
    cancelled_on: frozenset[str]
    applies: Mapping[str, Any]
    length: int = 0
    given: str = ""
    or_later: str = ""
    per: str = "request"
    suspended_on: frozenset[str] = frozenset()
    resumed_on: frozenset[str] = frozenset()
    moved_on: frozenset[str] = frozenset()
    extension: Extension | None = None
    lapses: bool = False
    minimum: bool = False
    verify: bool = False

    def fits(self, kind: str, instrument: str, urgency: str, facts: Mapping[str, Any]) -> bool:
        """Tell whether the rule is one for such a request."""
        wanted = self.applies
        return (
            kind in wanted.get("kinds", [kind])
            and instrument in wanted.get("instruments", [instrument])
            and urgency in wanted.get("urgencies", [urgency])
            and bool(set(wanted.get("measures", ["any"])) & {*facts.get("measures", ()), "any"})
            and all(bool(facts.get(name)) is value for name, value in wanted.get("facts", {}).items())
            and (not self.given or facts.get(self.given) is not None)
        )


_SETS = ("starts_on", "ends_on", "cancelled_on", "suspended_on", "resumed_on", "moved_on")


@cache
def load() -> Mapping[str, DeadlineRule]:
    """Read the rules, by their codes."""
    data = _data()
    always = frozenset(data["cancelled_on"])
    return {entry["code"]: _rule(entry, always) for entry in data["rules"]}


@cache
def _data() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((files("coopapi.deadlines") / "data" / "rules.json").read_text("utf-8"))
    return found


def version() -> str:
    """Return the version of the rules that a deadline was computed by."""
    found: str = _data()["version"]
    return found


def _rule(entry: Mapping[str, Any], always: frozenset[str]) -> DeadlineRule:
    sets = {name: frozenset(entry.get(name, ())) for name in _SETS}
    sets["cancelled_on"] = sets["cancelled_on"] | (always - sets["ends_on"])
    extension = Extension(**entry["extension"]) if "extension" in entry else None
    return DeadlineRule(**{**entry, **sets, "extension": extension})
