"""Entries of a timeline as they are shown: acts and facts in one shape, with names instead of ids for what the reader may see."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from coopapi.cases.views import CaseView
from coopapi.facts.service import open_words
from coopapi.facts.times import offset_text
from coopapi.store.db import UnitOfWork
from coopapi.timelines import names, wording
from coopapi.unicode_text import fold

_UNDATED: Final[Mapping[str, Any]] = {"offset": None, "zone": None, "ends_at": None, "place": None, "text": None,
                                      "basis": None, "confidence": None, "source_grading": None,
                                      "information_grading": None}  # fmt: skip
_MACHINE: Final = "machine"


def show(work: UnitOfWork, rows: Sequence[Any], cases: Mapping[UUID, CaseView], language: str) -> list[dict[str, Any]]:
    """Return the entries of rows that `priv.page_of_timeline` returned, with their sentences in this language."""
    if not rows:
        return []
    named = names.read(work, rows)
    facts = [row for row in rows if row.words]
    words = {row.id: said for row, said in zip(facts, open_words(work, facts), strict=True)}
    return [
        {
            **_about(row, named, cases[row.case_id]),
            **(_fact(row, named, words.get(row.id, {}), language) if row.said else _act(row, named, language)),
        }
        for row in rows
    ]


def _about(row: Any, named: names.Names, case: CaseView) -> dict[str, Any]:
    return {
        "id": row.id,
        "kind": "fact" if row.said else "act",
        "begins_at": row.at,
        "recorded_at": row.recorded_at,
        "type": row.type,
        "case": {"id": row.case_id, "reference": case["reference"]},
        "authority": named.authority(row.authority_id),
        "role": row.role,
        "detail": row.detail,
        "co_occurrences": [],
    }


def _act(row: Any, named: names.Names, language: str) -> dict[str, Any]:
    restricted = row.object_type in names.SHARED and not named.sees(row.object_id)
    name = named.called(row.object_type, row.object_id, row.case_id, language)
    about = [] if row.object_id is None else [row.object_id]
    subjects = named.subjects(about) if row.object_type == "subject" else list(named.links.get(row.object_id, ()))
    return {
        **_UNDATED,
        "precision": "second",
        "object": {"type": row.object_type, "id": row.object_id, "name": name, "restricted": restricted},
        "subjects": subjects,
        "identifiers": named.identifiers(about) if row.object_type == "identifier" else [],
        "sentence": wording.of_act(row.type, language, name, _by(row, named), restricted=restricted),
    }


def _fact(row: Any, named: names.Names, words: Mapping[str, Any], language: str) -> dict[str, Any]:
    said = row.said
    place = {"name": None, "latitude": None, "longitude": None, **(words.get("place") or {}), "country": said["country"]}
    return {
        "precision": said["precision"],
        "offset": offset_text(said["utc_offset"]),
        "zone": said["zone"],
        "ends_at": datetime.fromisoformat(said["ends_at"]) if said["ends_at"] else None,
        "object": {"type": "fact", "id": row.id, "name": wording.label("fact_kinds", row.type, language), "restricted": False},
        "subjects": named.subjects(map(UUID, said["subjects"])),
        "identifiers": named.identifiers(map(UUID, said["identifiers"])),
        "place": place if any(value is not None for value in place.values()) else None,
        "text": words.get("text"),
        "basis": said["basis"],
        "confidence": said["confidence"],
        "source_grading": said["source_grading"],
        "information_grading": said["information_grading"],
        "sentence": wording.of_fact(said, language, _by(row, named)),
    }


def _by(row: Any, named: names.Names) -> str | None:
    """Return the authority that acted, for the sentence. What the register did by itself was done by no authority."""
    authority = named.authority(row.authority_id)
    return None if row.role == _MACHINE else names.by_country(authority["name"], authority["country"])


def contains(entry: Mapping[str, Any], sought: str) -> bool:
    """Tell whether something that the reader sees of an entry contains a text, which is given in its folded form."""
    place = entry["place"] or {}
    seen = [entry["sentence"], entry["type"], entry["text"], place.get("name"), entry["object"]["name"]]
    seen += [subject["pseudonym"] for subject in entry["subjects"]]
    return any(sought in fold(text) for text in seen if text)
