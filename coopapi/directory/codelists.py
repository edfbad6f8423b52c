"""Codelists: data files, each with its source and with labels in English, French, Spanish and Portuguese."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

from coopapi.errors import NotFound

_DATA: Final = files("coopapi.directory") / "data"
LANGUAGES: Final = ("en", "fr", "es", "pt")
"""The languages of the labels, and of everything that the service words itself."""
_KNOWN: Final = frozenset({"code", "labels", "footnote", "article", "group", "aliases"})


class UnknownCodelist(NotFound):
    """There is no codelist with this name.

    `/codelists` lists all names.
    """


@dataclass(frozen=True, slots=True)
class CodelistItem:
    """One code with its labels and other attributes."""

    code: str
    labels: Mapping[str, str]
    footnote: Mapping[str, str]
    article: str
    group: str
    aliases: tuple[str, ...]
    extra: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Codelist:
    """A closed list of codes."""

    name: str
    title: Mapping[str, str]
    source: str
    version: str
    items: tuple[CodelistItem, ...]
    index: Mapping[str, str]

    @property
    def codes(self) -> frozenset[str]:
        """All codes of the list."""
        return frozenset(item.code for item in self.items)


@cache
def names() -> tuple[str, ...]:
    """Return the names of all codelists."""
    return tuple(sorted(entry.name.removesuffix(".json") for entry in _DATA.iterdir() if entry.name.endswith(".json")))


@cache
def load(name: str) -> Codelist:
    """Return a codelist, or raise `UnknownCodelist`."""
    if name not in names():
        raise UnknownCodelist
    data = json.loads((_DATA / f"{name}.json").read_text("utf-8"))
    items = tuple(_item(item) for item in data["items"])
    index = {code: item.code for item in items for code in (item.code, *item.aliases)}
    return Codelist(data["name"], data["title"], data["source"], data["version"], items, index)


def _item(data: Mapping[str, Any]) -> CodelistItem:
    return CodelistItem(
        code=data["code"],
        labels=data["labels"],
        footnote=data.get("footnote", {}),
        article=data.get("article", ""),
        group=data.get("group", ""),
        aliases=tuple(data.get("aliases", ())),
        extra={key: value for key, value in data.items() if key not in _KNOWN},
    )


@cache
def member_states() -> frozenset[str]:
    """Return the Member States of the European Union."""
    return frozenset(item.code for item in load("countries").items if item.extra.get("member_state"))
