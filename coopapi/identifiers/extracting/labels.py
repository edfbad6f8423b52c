"""Words that name a kind of identifier or a platform: in front of a value in a text, and in the header of a column."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

from coopapi.directory import codelists
from coopapi.identifiers.kinds import KINDS

_WORD: Final = re.compile(r"[^\W_](?:[^\W_]|[/-]){0,40}")
_SIGN: Final = re.compile(
    r"\.?[ \t]{0,2}"
    r"(?:(?P<word>(?:numbers?|nummer|n[uú]mero|numéro|numer|num|nr|no|n[°º]|номер)\b\.?))?"
    r"[ \t]{0,2}(?:[1-4](?=[ \t]?[:=]))?"
    r"[ \t]{0,2}(?P<mark>[:=#№](?!//))?[ \t]{0,4}",
    re.IGNORECASE,
)
_LONGEST: Final = 6
"""The most words of a label."""
_COLUMNS: Final = 12
"""How many words of a header are looked at."""
_FIELDS: Final = ("platform", "country", "observed_at")


@dataclass(frozen=True, slots=True)
class KindLabel:
    """What a word names: kinds of identifiers, a platform, or in headers a field of the context.

    `end` is where the value behind it begins. `marked` says whether a sign such as a colon, or a word for number, stands between.
    """

    kinds: tuple[str, ...] = ()
    platform: str = ""
    field: str = ""
    end: int = 0
    marked: bool = False


def _split(labels: str) -> Iterator[str]:
    for label in labels.replace("\\ ", "\0").split():
        yield label.replace("\0", " ").rstrip(":.").casefold()


@cache
def _known() -> Mapping[str, KindLabel]:
    """Return every label with what it names. A label that only one kind has comes before those that several share."""
    found: dict[str, list[str]] = {}
    data = files("coopapi.identifiers") / "data"
    for kind, entry in json.loads((data / "labels.json").read_text("utf-8"))["kinds"].items():
        for label in _split(entry.get("labels", "")):
            found.setdefault(label, []).append(kind)
    for item in codelists.load("identifier_kinds").items:
        for label in (item.code.replace("_", " "), *item.labels.values()):
            if item.code not in found.setdefault(label.casefold(), []):
                found[label.casefold()].insert(0, item.code)
    known = {
        label: KindLabel(tuple(kind for kind in kinds if kind in KINDS and kind != "person")) for label, kinds in found.items()
    }
    for alias, platform in codelists.load("platforms").index.items():
        known.setdefault(alias.replace("_", " ").casefold(), KindLabel((), platform))
    for platform in codelists.load("platforms").codes & KINDS.keys():  # its own kind, although another has its name as a label
        known[platform] = KindLabel((platform, *(kind for kind in known[platform].kinds if kind != platform)), platform)
    return known


@cache
def _by_first_word() -> Mapping[str, tuple[tuple[str, ...], ...]]:
    """Return the labels by their first word, each as its words, the longest first."""
    found: dict[str, list[tuple[str, ...]]] = {}
    for label in _known():
        words = tuple(match[0] for match in _WORD.finditer(label))
        if words and len(words) <= _LONGEST:
            found.setdefault(words[0], []).append(words)
    return {first: tuple(sorted(all_, key=len, reverse=True)) for first, all_ in found.items()}


@cache
def _by_words() -> Mapping[tuple[str, ...], KindLabel]:
    return {tuple(match[0] for match in _WORD.finditer(label)): named for label, named in _known().items()}


@cache
def _columns() -> Mapping[str, KindLabel]:
    """Return the words that name a field of the context in the header of a column."""
    table: Mapping[str, Any] = json.loads((files("coopapi.identifiers") / "data/extracting.json").read_text("utf-8"))
    return {word: KindLabel(field=field) for field in _FIELDS for word in _split(table["fields"][field])}


def labels_in(text: str) -> Iterator[KindLabel]:
    """Find the labels in a text, from left to right."""
    words = [(match[0].casefold(), match.start(), match.end()) for match in _WORD.finditer(text)]
    index = 0
    while index < len(words):
        label = _label_at(words, index)
        if label:
            named, index = _by_words()[label], index + len(label)
            sign = _SIGN.match(text, words[index - 1][2])
            if sign:
                yield KindLabel(named.kinds, named.platform, "", sign.end(), bool(sign["mark"] or sign["word"]))
        else:
            index += 1


def _label_at(words: list[tuple[str, int, int]], index: int) -> tuple[str, ...] | None:
    for label in _by_first_word().get(words[index][0], ()):
        if tuple(word for word, *_ in words[index : index + len(label)]) == label:
            return label
    return None


def named_by(header: str) -> KindLabel | None:
    """Return what the header of a column names, or None: the longest label in it, and of equally long ones the first."""
    words = [match[0].casefold() for match in _WORD.finditer(header.replace("_", " "))][:_COLUMNS]
    for length in range(min(_LONGEST, len(words)), 0, -1):
        for index in range(len(words) - length + 1):
            part = tuple(words[index : index + length])
            found = _columns().get(" ".join(part)) or _by_words().get(part)
            if found:
                return found
    return None


def platforms_in(text: str) -> list[str]:
    """Return the platforms that the words of a text name, in their order. Names of one or two letters are other words, too."""
    named = [_by_words().get((match[0].casefold(),)) for match in _WORD.finditer(text) if len(match[0]) > 2]  # noqa: PLR2004
    return [label.platform for label in named if label and label.platform]
