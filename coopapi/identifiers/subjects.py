"""The links of identifiers to the subjects of their case."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from coopapi.cases.models import Identifier, Subject
from coopapi.cases.service import CaseToAddTo
from coopapi.cases.subjects import NotForThisCategory, allowed
from coopapi.errors import Unprocessable, broken
from coopapi.matching.engine import Linked
from coopapi.store.db import UnitOfWork


def links_of(fingerprint: bytes, item: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the links of an item to subjects as the database stores them, each with the fingerprint of the value."""
    return [
        {
            "fingerprint": fingerprint.hex(),
            "subject_id": link["id"],
            "since": link.get("since"),
            "basis": link.get("basis") or "fact",
        }
        for link in item.get("subjects", ())
    ]


def subjects_of(work: UnitOfWork, case_id: UUID, wanted: set[UUID]) -> dict[UUID, Subject]:
    """Return those of the wanted subjects that the case has, by their ids."""
    if not wanted:
        return {}
    query = work.all(Subject).where(Subject.case_id == case_id, Subject.id.in_(wanted))
    return {subject.id: subject for subject in work.session.scalars(query)}


def check_subjects(item: Mapping[str, Any], subjects: Mapping[UUID, Subject]) -> None:
    """Check that an item names different subjects of the case, about all of whose categories the kind may be stored.

    Raises `Unprocessable` with a pointer to each fault.
    """
    links = [link["id"] for link in item.get("subjects", ())]
    if not links and item["kind"] != "person":
        return
    faults = [
        broken(f"/subjects/{n}/id", "subject", "The case has no subject with this id.")
        for n, id_ in enumerate(links)
        if id_ not in subjects
    ]
    faults += [
        broken(f"/subjects/{n}/id", "distinct", "The subject is listed twice.") for n, id_ in enumerate(links) if id_ in links[:n]
    ]
    if item["kind"] == "person" and not links:
        faults.append(broken("/subjects", "subject", "A person must belong to a subject of the case."))
    categories = {subjects[id_].category for id_ in links if id_ in subjects}
    if not categories <= allowed(item["kind"]) and not item.get("exceptional_processing"):
        faults.append(broken("/kind", "category", f"{NotForThisCategory.title()} It needs exceptional_processing."))
    if faults:
        raise Unprocessable(errors=faults)


def note_links(work: UnitOfWork, thing: Identifier | CaseToAddTo, case_id: UUID, linked: Linked) -> None:
    """Tell that links of identifiers to subjects changed: those to victims to cleared people only."""
    for count, victims in ((linked.others, False), (linked.victims, True)):
        if count:
            work.note("identifiers.linked", thing, case_id=case_id, event=True, count=count)
            work.notes[-1]["victims_only"] = victims
