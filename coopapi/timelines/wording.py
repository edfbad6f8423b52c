"""The sentences of a timeline, in each language: the sentence of an event or a fact, with the names that the reader may see."""

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from coopapi.directory import codelists

SENTENCES: Final = "timeline_sentences"
"""The codelist of sentences: one for each event that can stand in a timeline, and the words that they are completed with."""

_COLONS: Final = {"fr": "\N{NO-BREAK SPACE}:"}


@cache
def _labels(codelist: str) -> Mapping[str, Mapping[str, str]]:
    return {item.code: item.labels for item in codelists.load(codelist).items}


def label(codelist: str, code: str | None, language: str) -> str | None:
    """Return the label of a code in a language, or the code itself if the codelist does not have it."""
    if code is None:
        return None
    return _labels(codelist).get(code, {}).get(language, code)


def word(code: str, language: str) -> str:
    """Return a sentence, or a word that sentences are completed with."""
    return _labels(SENTENCES)[code][language]


def of_act(event: str, language: str, name: str | None, by: str | None, *, restricted: bool) -> str:
    """Return the sentence about an act: what was done, the name of the thing if the reader sees it, and by which authority."""
    said = _labels(SENTENCES).get(event, _labels(SENTENCES)["other"])[language]
    thing = word("restricted", language) if restricted else name
    return _completed(said.removesuffix("."), thing, by, language)


def of_fact(said: Mapping[str, Any], language: str, by: str | None) -> str:
    """Return the sentence about a fact: its kind, whether it is a fact or an assessment and with which confidence, and by whom."""
    qualities = [word(f"stated.{said['basis']}", language)]
    qualities += [word(f"stated.{said['confidence']}", language)] if said["confidence"] else []
    qualities += [] if said["begins_at"] else [word("stated.undated", language)]
    return _completed(label("fact_kinds", said["kind"], language) or "", ", ".join(qualities), by, language)


def _completed(said: str, what: str | None, by: str | None, language: str) -> str:
    colon = _COLONS.get(language, ":")
    return said + (f"{colon} {what}" if what else "") + (f" ({by})" if by else "") + "."
