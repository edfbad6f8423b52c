"""Whether Eurojust must be notified of a case: each condition of Art. 21(4) to (7), whether it is met, and why."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any, Final

from coopapi.directory.codelists import member_states

_REGULATION: Final = "Regulation (EU) 2018/1727"
TEAM_STEPS: Final = ("set_up", "results")
"""What of a team is notified (Art. 21(4)): that it was set up, and the results of its work. The data list the states of each."""


@cache
def rules() -> Mapping[str, Any]:
    """Return the thresholds and lists of the Regulation from their data file."""
    found: dict[str, Any] = json.loads((files("coopapi.jurisdiction") / "data" / "eurojust.json").read_text("utf-8"))
    return found


def bound() -> frozenset[str]:
    """Return the Member States that the Regulation binds. Denmark takes part by agreement."""
    return member_states() - set(rules()["not_bound"])


@dataclass(frozen=True, slots=True)
class Team:
    """A team of the case, and its state."""

    id: str
    state: str


@dataclass(frozen=True, slots=True)
class Recorded:
    """What the authority recorded: its kind and article, and of a notification about a team, which team and what of it."""

    kind: str
    article: str
    team: str | None = None
    team_step: str | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts of a case that the assessment uses: countries, requests, offences, difficulties, teams, and what was recorded."""

    owner: str | None
    countries: frozenset[str] = frozenset()
    requested: frozenset[str] = frozenset()
    categories: frozenset[str] = frozenset()
    offences: tuple[tuple[str | None, float | None], ...] = ()
    deliveries: frozenset[str] = frozenset()
    conflicts: int = 0
    difficulties: Mapping[str, int] = field(default_factory=dict)
    teams: tuple[Team, ...] = ()
    records: tuple[Recorded, ...] = ()

    @property
    def affected(self) -> frozenset[str]:
        """Return the Member States that the case affects, including the one that conducts it."""
        return (self.countries | self.requested | frozenset(filter(None, [self.owner]))) & bound()


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition of the Regulation, whether it is met, and why."""

    code: str
    article: str
    holds: bool
    why: str


def assess(facts: Facts) -> dict[str, Any]:
    """Return whether Eurojust must be notified, under which paragraphs, and the result of every condition.

    With an exemption (Art. 21(7)) nothing is due in this case. `not_notified` are the paragraphs without a recorded notification;
    of Art. 21(4) there must be one for the setting up of each team, and one for the results of each. `teams_not_notified` names
    those that are open. A record that names no team stands for any of them.
    """
    of_4, of_5, of_6, exempt = _paragraph_4(facts), list(_paragraph_5(facts)), list(_paragraph_6(facts)), _exemption(facts)
    is_bound, three, two, *kinds = [condition.holds for condition in of_5]
    articles = [of_4[0].article] if is_bound and any(condition.holds for condition in of_4) else []
    articles += [f"{_REGULATION} Art. 21(5)"] if is_bound and three and two and any(kinds) else []
    articles += [c.article for c in of_6 if c.holds and is_bound]
    told = {f"{_REGULATION} Art. {one.article}" for one in facts.records if one.kind == "notification"}
    teams = _open_teams(facts)
    lacking = {of_4[0].article: bool(teams)}
    return {
        "due": bool(articles) and not exempt.holds,
        "article": articles[0] if articles else None,
        "articles": articles,
        "not_notified": [] if exempt.holds else [one for one in articles if lacking.get(one, one not in told)],
        "teams_not_notified": teams if is_bound and not exempt.holds else [],
        "conditions": [*of_4, *of_5, *of_6, exempt],
        "verify": rules()["verify"],
    }


def _teams(facts: Facts, name: str) -> list[str]:
    """Return the teams that were set up (`set_up`), or have `results`."""
    return [team.id for team in facts.teams if team.state in rules()[name]]


def _open_teams(facts: Facts) -> list[dict[str, str]]:
    """Return what is to be notified of teams: nothing if as many records as that name no team."""
    told = [one for one in facts.records if (one.kind, one.article) == ("notification", "21(4)")]
    named = {(one.team, one.team_step) for one in told if one.team}
    due = [(team, step) for step in TEAM_STEPS for team in _teams(facts, step)]
    left = [{"team_id": team, "team_step": step} for team, step in due if (team, step) not in named]
    return left if len(left) > sum(one.team is None for one in told) else []


def _paragraph_4(facts: Facts) -> list[Condition]:
    """Return the conditions of Art. 21(4): a team was set up, and it has results. Each one is sufficient."""
    article = f"{_REGULATION} Art. 21(4)"
    found = (
        ("team_set_up", "set_up", "joint investigation teams that were set up"),
        ("team_results", "results", "joint investigation teams that have ended"),
    )
    return [
        Condition(
            code, article, bool(count := len(_teams(facts, name))), f"The case has {count} {what}; each is notified by itself."
        )
        for code, name, what in found
    ]


def _exemption(facts: Facts) -> Condition:
    """Return the condition that the authority recorded an exemption: national security, or the safety of individuals."""
    found = any(one.kind == "exemption" for one in facts.records)
    why = "The authority recorded an exemption." if found else "No exemption is recorded."
    return Condition("exempted", f"{_REGULATION} Art. 21(7)", found, why)


def _paragraph_5(facts: Facts) -> Iterator[Condition]:
    """Yield the conditions of Art. 21(5): three Member States affected, requests to two of them, and one of (a) to (c)."""
    data, affected, asked = rules(), facts.affected, facts.requested & bound()
    note = data["notes"].get(facts.owner, "Only Member States have this duty.")
    why = f"The case belongs to {facts.owner or 'no State'}. {note}"
    yield Condition("member_state", f"{_REGULATION} Art. 21", facts.owner in bound(), why)
    yield Condition(
        "three_affected",
        f"{_REGULATION} Art. 21(5)",
        len(affected) >= data["least_affected"],
        f"{len(affected)} Member States are affected ({_named(affected)}); {data['least_affected']} are required.",
    )
    yield Condition(
        "two_requested",
        f"{_REGULATION} Art. 21(5)",
        len(asked) >= data["least_requested"],
        f"Requests were sent to {len(asked)} Member States ({_named(asked)}); {data['least_requested']} are required.",
    )
    yield _listed(facts)
    organised = facts.categories & set(data["organised"])
    yield Condition(
        "criminal_organisation",
        f"{_REGULATION} Art. 21(5)(b)",
        bool(organised),
        f"The case has the categories {_named(organised)}." if organised else "No sign of a criminal organisation is recorded.",
    )
    yield _serious(facts)


def _listed(facts: Facts) -> Condition:
    """Return the condition of a listed offence with at least the required maximum penalty.

    An offence without a stated penalty is assumed to reach it.
    """
    data = rules()
    listed, years = set(data["listed"]), data["penalty_years"]
    stated = [(code, most) for code, most in facts.offences if code in listed and most is not None]
    heavy = sorted({f"{code} ({most:g} years, point {data['listed'][code]})" for code, most in stated if most >= years})
    named = facts.categories | {code for code, _ in facts.offences if code}
    unstated = (named & listed) - {code for code, _ in stated}
    if heavy:
        why = f"The listed offences are {', '.join(heavy)}; at least {years} years are required."
    elif unstated:
        why = f"{_named(unstated)} is listed. No maximum penalty was stated, so it is assumed to be at least {years} years."
    else:
        lower = f" (lower: {_named({c for c, _ in stated if c})})" if stated else ""
        why = f"No listed offence has a maximum penalty of at least {years} years{lower}."
    return Condition("listed_offence", f"{_REGULATION} Art. 21(5)(a)", bool(heavy or unstated), why)


def _serious(facts: Facts) -> Condition:
    """Return the condition that many Member States are affected, or others than those directly involved."""
    data, affected = rules(), facts.affected
    beyond = affected - facts.requested - {facts.owner}
    many = len(affected) >= data["serious_from"]
    if many:
        why = f"{len(affected)} Member States are affected; {data['serious_from']} are considered a serious cross-border dimension."
    elif beyond:
        why = f"The case may affect Member States that are not directly involved: {_named(beyond)}."
    else:
        why = "The case affects only Member States that are directly involved."
    return Condition("serious_cross_border", f"{_REGULATION} Art. 21(5)(c)", many or bool(beyond), why)


def _paragraph_6(facts: Facts) -> Iterator[Condition]:
    """Yield the conditions of Art. 21(6): conflict of jurisdiction, controlled deliveries, repeated difficulties.

    Each one is sufficient.
    """
    data, article = rules(), f"{_REGULATION} Art. 21(6)"
    yield Condition(
        "conflict_of_jurisdiction",
        f"{article}(a)",
        facts.conflicts > 0,
        f"The number of open consultations on jurisdiction is {facts.conflicts}."
        if facts.conflicts
        else "No consultation on jurisdiction is open.",
    )
    least, members = data["controlled_deliveries"]["countries"], data["controlled_deliveries"]["member_states"]
    where = facts.deliveries
    yield Condition(
        "controlled_deliveries",
        f"{article}(b)",
        len(where) >= least and len(where & bound()) >= members,
        f"Controlled deliveries in {len(where)} States ({_named(where)}); required are {least}, of them {members} Member States.",
    )
    repeated = {country for country, count in facts.difficulties.items() if count >= data["repeated"]}
    yield Condition(
        "repeated_difficulties",
        f"{article}(c)",
        bool(repeated),
        f"There were repeated difficulties or refusals in {_named(repeated)}."
        if repeated
        else "There were no repeated difficulties or refusals.",
    )


def _named(countries: frozenset[str] | set[str]) -> str:
    return ", ".join(sorted(countries)) or "none"
