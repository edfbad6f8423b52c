"""The rules of deadlines, read from data: what starts and ends each, how long it runs, and which side owes it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any


@dataclass(frozen=True, slots=True)
class Extension:
    """By how much a period may be extended, how often, and whether a new date must be given.

    With the unit `given` the law sets no length: the period lasts until the date that is given.
    """

    length: int
    unit: str
    most: int
    estimate: bool
    article: str


@dataclass(frozen=True, slots=True)
class DeadlineRule:
    """The rule of one legal deadline.

    `given` and `or_later` name a fact with a date: `given` is the end itself, `or_later` is the end if it is later. With `lapses`,
    silence counts as an answer. A `minimum` is a period that must pass before something may be done. An event in `restarts_on`
    lets a running deadline start again. `counted_from` names a fact with the date from which the period runs instead of the event.
    `nature` tells law from an `agreement` of the parties and from an authority's own `target`.
    With `announced`, who owes it named the date itself, so no time limit was set.
    A `national` period is computed by national law, which is not known here: its days are counted plainly.
    `verify` says that nobody compared the rule with the official text. `unchecked_under` names the instruments under which it also
    holds and the article of each that was not compared; under the others the rule was compared.
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
    restarts_on: frozenset[str] = frozenset()
    counted_from: str = ""
    extension: Extension | None = None
    lapses: bool = False
    minimum: bool = False
    verify: bool = False
    unchecked_under: Mapping[str, str] = field(default_factory=dict)
    national: bool = False
    announced: bool = False
    nature: str = "law"

    def unchecked(self, instrument: str) -> str:
        """Return the article that nobody compared with the official text for requests under an instrument; empty if it was."""
        return self.article if self.verify else self.unchecked_under.get(instrument, "")

    def fits(self, kind: str, instrument: str, urgency: str, facts: Mapping[str, Any]) -> bool:
        """Tell whether the rule applies to such a request."""
        wanted = self.applies
        return (
            kind in wanted.get("kinds", [kind])
            and instrument in wanted.get("instruments", [instrument])
            and urgency in wanted.get("urgencies", [urgency])
            and bool(set(wanted.get("measures", ["any"])) & {*facts.get("measures", ()), "any"})
            and all(bool(facts.get(name)) is value for name, value in wanted.get("facts", {}).items())
            and all(facts.get(name) is not None for name in (self.given, self.counted_from) if name)
        )


_SETS = ("starts_on", "ends_on", "cancelled_on", "suspended_on", "resumed_on", "moved_on", "restarts_on")


@cache
def load() -> Mapping[str, DeadlineRule]:
    """Return the rules by their codes."""
    data = _data()
    always = frozenset(data["cancelled_on"])
    return {entry["code"]: _rule(entry, always) for entry in data["rules"]}


@cache
def lapsing() -> tuple[str, ...]:
    """Return the rules whose right lapses at the end."""
    return tuple(rule.code for rule in load().values() if rule.lapses)


@cache
def no_limits() -> tuple[str, ...]:
    """Return the rules that set no time limit of the law: agreed or announced ones, and those that allow silence or waiting."""
    return tuple(rule.code for rule in load().values() if rule.nature != "law" or rule.lapses or rule.minimum or rule.announced)


@cache
def _data() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((files("coopapi.deadlines") / "data" / "rules.json").read_text("utf-8"))
    return found


def version() -> str:
    """Return the version of the rules with which a deadline is computed."""
    found: str = _data()["version"]
    return found


def _rule(entry: Mapping[str, Any], always: frozenset[str]) -> DeadlineRule:
    sets = {name: frozenset(entry.get(name, ())) for name in _SETS}
    sets["cancelled_on"] = sets["cancelled_on"] | (always - sets["ends_on"])
    extension = Extension(**entry["extension"]) if "extension" in entry else None
    return DeadlineRule(**{**entry, **sets, "extension": extension})
