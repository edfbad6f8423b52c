"""By what figures can be grouped, for each subject, and the groups of countries."""

from collections.abc import Mapping
from functools import cache
from typing import Final

from coopapi.directory import codelists

MOST: Final = 3
"""By how many dimensions figures can be grouped at once."""
OF_REQUESTS: Final = (
    *("year", "quarter", "direction", "requesting_country", "executing_country", "region", "kind", "instrument", "measure"),
    *("data_category", "crime_category", "channel", "urgency", "outcome", "requesting_authority", "executing_authority"),
)
SEVERAL: Final = frozenset({"region", "measure", "data_category", "crime_category", "country", "counterpart_country"})
"""The dimensions of which one thing may have several codes, so that it counts in several groups and their sum is no total."""


@cache
def regions() -> Mapping[str, list[str]]:
    """Return the codes of the groups of countries in which each country is."""
    found: dict[str, list[str]] = {}
    for item in codelists.load("country_groups").items:
        for country in item.extra["countries"]:
            found.setdefault(country, []).append(item.code)
    return {country: sorted(groups) for country, groups in found.items()}
