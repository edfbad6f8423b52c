"""By what figures can be grouped, for each subject, and the groups of countries."""

from collections.abc import Collection, Mapping
from functools import cache
from typing import Any, Final

from coopapi.deadlines import rules
from coopapi.directory import codelists

MOST: Final = 3
"""By how many dimensions figures can be grouped at once."""
OF_REQUESTS: Final = (
    *("year", "quarter", "direction", "requesting_country", "executing_country", "region", "kind", "instrument", "measure"),
    *(
        "data_category",
        "crime_category",
        "channel",
        "urgency",
        "emergency",
        "outcome",
        "requesting_authority",
        "executing_authority",
    ),
)
OF_OVERLAPS: Final = (
    *("year", "quarter", "strength", "identifier_kind", "scope", "counterpart_country", "region", "crime_category", "authority"),
    "state",
)
OF_CASES: Final = (
    *(
        "year",
        "quarter",
        "authority",
        "owner_country",
        "state",
        "case_type",
        "crime_category",
        "country",
        "region",
        "stage",
        "result",
    ),
)
OF_MEETINGS: Final = ("year", "quarter", "level", "mode", "state", "origin", "country", "region", "host")
OF_TEAMS: Final = ("year", "quarter", "legal_basis", "state", "end_reason", "country", "region")
BY_SUBJECT: Final[Mapping[str, tuple[str, ...]]] = {
    "requests": OF_REQUESTS,
    "stages": OF_REQUESTS,
    "overlaps": OF_OVERLAPS,
    "cases": OF_CASES,
    "meetings": OF_MEETINGS,
    "teams": OF_TEAMS,
}
"""The dimensions of each subject. Each one is a filter, too."""
SEVERAL: Final = frozenset({"region", "measure", "data_category", "crime_category", "country", "identifier_kind"})
"""The dimensions of which one thing may have several codes, so that it counts in several groups and their sum is no total."""

_LISTS: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "kind": ("request_kinds", ()),
    "urgency": ("urgency_levels", ()),
    "channel": ("channels", ("unknown",)),
    "requesting_country": ("countries", ("none",)),
    "executing_country": ("countries", ("none",)),
    "owner_country": ("countries", ("none",)),
    "strength": ("overlap_strength", ("none",)),
    "level": ("meeting_levels", ()),
    "legal_basis": ("jit_legal_bases", ()),
}
"""The codelists of dimensions, with the codes for what has none or is not known. Instruments are no closed list."""


@cache
def closed(by: tuple[str, ...]) -> frozenset[tuple[str, ...]] | None:
    """Return all keys that a table of these dimensions can have, or None if it is not one dimension with a closed list of codes."""
    if len(by) != 1 or by[0] not in _LISTS:
        return None
    name, also = _LISTS[by[0]]
    return frozenset((code,) for code in (*(item.code for item in codelists.load(name).items), *also))


def asked(by: Collection[str], chosen: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the database is asked for: what is chosen, the rules that set no time limits, and groups of countries."""
    only = chosen.get("only", {})
    return {**chosen, "no_limits": rules.no_limits(), **({"regions": regions()} if "region" in {*by, *only} else {})}


@cache
def regions() -> Mapping[str, list[str]]:
    """Return the codes of the groups of countries in which each country is."""
    found: dict[str, list[str]] = {}
    for item in codelists.load("country_groups").items:
        for country in item.extra["countries"]:
            found.setdefault(country, []).append(item.code)
    return {country: sorted(groups) for country, groups in found.items()}
