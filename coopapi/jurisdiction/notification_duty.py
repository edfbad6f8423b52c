"""Whether Eurojust must be notified of a case: each condition of Art. 21(5) and (6), whether it is met, and why."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any, Final

from coopapi.directory.codelists import member_states

_REGULATION: Final = "Regulation (EU) 2018/1727"


@cache
def rules() -> Mapping[str, Any]:
    """Return the thresholds and lists of the Regulation from their data file."""
    found: dict[str, Any] = json.loads((files("coopapi.jurisdiction") / "data" / "eurojust.json").read_text("utf-8"))
    return found


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts of a case that the assessment uses: countries, requests, offences and difficulties."""

    owner: str | None
    countries: frozenset[str] = frozenset()
    requested: frozenset[str] = frozenset()
    categories: frozenset[str] = frozenset()
    offences: tuple[tuple[str | None, float | None], ...] = ()
    deliveries: frozenset[str] = frozenset()
    conflicts: int = 0
    difficulties: Mapping[str, int] = field(default_factory=dict)

    @property
    def affected(self) -> frozenset[str]:
        """Return the Member States that the case affects, including the one that conducts it."""
        return (self.countries | self.requested | frozenset(filter(None, [self.owner]))) & member_states()


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition of the Regulation, whether it is met, and why."""

    code: str
    article: str
    holds: bool
    why: str


def assess(facts: Facts) -> dict[str, Any]:
    """Return whether Eurojust must be notified, under which paragraphs, and the result of every condition."""
    of_5, of_6 = list(_paragraph_5(facts)), list(_paragraph_6(facts))
    bound, three, two, *kinds = [condition.holds for condition in of_5]
    articles = [f"{_REGULATION} Art. 21(5)"] if bound and three and two and any(kinds) else []
    articles += [c.article for c in of_6 if c.holds and bound]
    return {"due": bool(articles), "article": articles[0] if articles else None, "articles": articles, "conditions": of_5 + of_6}


def _paragraph_5(facts: Facts) -> Iterator[Condition]:
    """Yield the conditions of Art. 21(5): three Member States affected, requests to two of them, and one of (a) to (c)."""
    data, affected, asked = rules(), facts.affected, facts.requested & member_states()
    bound = facts.owner in member_states()
    yield Condition(
        "member_state", f"{_REGULATION} Art. 21", bound, f"the case is {facts.owner or 'no State'}'s: the duty is of Member States"
    )
    yield Condition(
        "three_affected",
        f"{_REGULATION} Art. 21(5)",
        len(affected) >= data["least_affected"],
        f"{len(affected)} Member States affected ({_named(affected)}), {data['least_affected']} are needed",
    )
    yield Condition(
        "two_requested",
        f"{_REGULATION} Art. 21(5)",
        len(asked) >= data["least_requested"],
        f"requests sent to {len(asked)} Member States ({_named(asked)}), {data['least_requested']} are needed",
    )
    yield _listed(facts)
    organised = facts.categories & set(data["organised"])
    yield Condition(
        "criminal_organisation",
        f"{_REGULATION} Art. 21(5)(b)",
        bool(organised),
        f"categories of the case: {_named(organised)}" if organised else "no sign of a criminal organisation is recorded",
    )
    yield _serious(facts)


def _listed(facts: Facts) -> Condition:
    """Return the condition of a listed offence with at least the required maximum penalty.

    An offence without a stated penalty is assumed to reach it.
    """
    data = rules()
    listed, years = set(data["listed"]), data["penalty_years"]
    stated = [(code, most) for code, most in facts.offences if code in listed and most is not None]
    heavy = sorted({f"{code} ({most:g} years)" for code, most in stated if most >= years})
    named = facts.categories | {code for code, _ in facts.offences if code}
    unstated = (named & listed) - {code for code, _ in stated}
    if heavy:
        why = f"{', '.join(heavy)}; {years} years are needed"
    elif unstated:
        why = f"{_named(unstated)} is listed; no maximum penalty was stated, so {years} years are taken to be met"
    else:
        why = f"no listed offence of at least {years} years" + (
            f": {_named({c for c, _ in stated if c})} is punished less" if stated else ""
        )
    return Condition("listed_offence", f"{_REGULATION} Art. 21(5)(a)", bool(heavy or unstated), why)


def _serious(facts: Facts) -> Condition:
    """Return the condition that many Member States are affected, or others than those directly involved."""
    data, affected = rules(), facts.affected
    beyond = affected - facts.requested - {facts.owner}
    many = len(affected) >= data["serious_from"]
    if many:
        why = f"{len(affected)} Member States affected, {data['serious_from']} are taken as a serious cross-border dimension"
    elif beyond:
        why = f"it may affect Member States other than those directly involved: {_named(beyond)}"
    else:
        why = "it affects no Member State besides those directly involved"
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
        f"{facts.conflicts} consultations on jurisdiction are open"
        if facts.conflicts
        else "no consultation on jurisdiction is open",
    )
    least, members = data["controlled_deliveries"]["countries"], data["controlled_deliveries"]["member_states"]
    where = facts.deliveries
    yield Condition(
        "controlled_deliveries",
        f"{article}(b)",
        len(where) >= least and len(where & member_states()) >= members,
        f"controlled deliveries in {len(where)} States ({_named(where)}), {least} are needed, {members} of them Member States",
    )
    repeated = {country for country, count in facts.difficulties.items() if count >= data["repeated"]}
    yield Condition(
        "repeated_difficulties",
        f"{article}(c)",
        bool(repeated),
        f"repeated difficulties or refusals in {_named(repeated)}" if repeated else "no difficulties or refusals were repeated",
    )


def _named(countries: frozenset[str] | set[str]) -> str:
    return ", ".join(sorted(countries)) or "none"
