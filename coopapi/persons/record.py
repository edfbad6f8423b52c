"""Converts a stored person to the form in which it is compared."""

from collections.abc import Mapping
from typing import Any

from coopapi.persons.profile import Name, Profile, profile


def read_person(stored: Mapping[str, Any]) -> Profile:
    """Parse a stored person: names (`full`, or `given` and `family`), birth_dates, gender (M, F, X), nationalities, places."""
    names = [_name(name) for name in stored["names"]]
    gender = stored.get("gender") or ""
    return profile(
        names,
        stored.get("birth_dates", ()),
        gender if gender in {"M", "F"} else "",
        stored.get("nationalities", ()),
        stored.get("places", ()),
    )


def _name(name: Mapping[str, str]) -> Name:
    given, family = name.get("given") or "", name.get("family") or ""
    return Name(name.get("full") or f"{given} {family}".strip(), given, family)
