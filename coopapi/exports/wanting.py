"""What of timelines an export is asked for: of which cases, and which entries. The text that entries must have is sealed."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from coopapi.errors import fault
from coopapi.exports.models import Export
from coopapi.exports.timelines.entries import TIMES
from coopapi.exports.timelines.sources import THINGS, read_cases
from coopapi.store.db import UnitOfWork

_ABOUT: Final = ("subject_id", "identifier_id")


def cases_of_thing(work: UnitOfWork, data: Mapping[str, Any]) -> dict[str, list[UUID] | UUID]:
    """Return the cases of the overlap, the team or the meeting that is asked for as if they were named, or nothing without one.

    Raises `Unprocessable` if the caller reads none of them, and the errors of `ReadCases`.
    """
    thing = next((name for name in THINGS if name in data), None)
    if thing is None:
        return {}
    found = list(read_cases(work, {thing: data[thing]}))
    if not found:
        raise fault(f"/{thing}", "case", "You read no case of it that can be exported.")
    return {"case_id": found[0], "also_case_ids": found[1:]}


def stored(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of the timelines is wanted as it is stored: with times and ids as text, and without the text that is sealed."""
    wanted = {name: value for name, value in data.get("timeline", {}).items() if name != "text"}
    times = {name: wanted[name].isoformat() for name in TIMES if name in wanted}
    ids = {name: str(wanted[name]) for name in (*_ABOUT, "authority_id") if name in wanted}
    return {"language": "en", **wanted, **times, **ids}


def sealed(data: Mapping[str, Any]) -> dict[str, str]:
    """Return the text that entries must have, if one is asked for."""
    return {name: value for name, value in data.get("timeline", {}).items() if name == "text"}


def wanted_of(job: Export, words: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return what of the timelines is wanted, with the text from the decrypted words of the export, or None for other formats."""
    text = {"text": words["text"]} if words.get("text") else {}
    return None if job.timeline is None else {**job.timeline, **text}


def without_ids(wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is wanted without the ids of people and identifiers, for those who may not see these."""
    return {name: value for name, value in wanted.items() if name not in _ABOUT}
