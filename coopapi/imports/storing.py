"""Storing the cases and subjects of a portion, and withdrawing what its lines say. Each line is accepted or refused by itself."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import or_

from coopapi.cases import service as cases
from coopapi.cases import subjects
from coopapi.cases.models import Case, Identifier, IdentifierSubject, Subject
from coopapi.cases.transitions import CASE
from coopapi.errors import Conflict, CoopError, Forbidden, NotFound, Stale, Unprocessable, broken
from coopapi.facts.models import Fact
from coopapi.facts.transitions import FACT
from coopapi.http.problems import slug
from coopapi.identifiers.registration import IDENTIFIER
from coopapi.imports.known import Known, version_of
from coopapi.imports.lines import SentLine
from coopapi.store.db import UnitOfWork
from coopapi.store.statements import Statement, array
from coopapi.unicode_text import fold_reference

_FOLLOW: Final = Statement(
    "update imported_rows r set version = i.version + i.victim_version from identifiers i"
    " where r.row_id = i.id and i.id = any (cast(:rows as uuid[])) and r.version = i.version + i.victim_version - 1"
    " and r.principal_id = :principal"
)


_WITHDRAWN: Final[Mapping[str, tuple[Any, Any]]] = {
    "case": (Case, CASE),
    "identifier": (Identifier, IDENTIFIER),
    "fact": (Fact, FACT),
}
"""What a line can withdraw, with its workflow."""


def attempt(work: UnitOfWork, line: SentLine, do: Callable[[], object]) -> bool:
    """Carry out what a line says. If that is refused, nothing of it is left, and the line says why. Returns False then."""
    notes = len(work.notes)
    try:
        with work.session.begin_nested():
            do()
    except (Conflict, Stale, Unprocessable, Forbidden, NotFound) as fault:
        del work.notes[notes:]
        refuse(line, fault)
        return False
    return True


def refuse(line: SentLine, fault: CoopError) -> None:
    """Say why a line was refused."""
    line.outcome = "conflict" if isinstance(fault, Conflict | Stale) else "refused"
    line.faults = fault.extra.get("errors") or [broken("", slug(type(fault)).replace("-", "_"), "")]


def store_cases(known: Known, lines: Sequence[SentLine]) -> None:
    """Open the cases that are new, and change those that differ."""
    work, new = known.work, []
    for line in lines:
        case, made = known.cases.get(line.external_id or ""), known.made(line)
        if known.is_as_sent(line):
            line.outcome = "unchanged"
        elif line.check() and line.data:
            if line.data.get("visibility") == "hidden":
                line.refuse("/visibility", "hidden")
            elif case is None and made is None:
                new.append(line)
            elif not known.refuses_change(line, case) and case is not None:
                _change_case(known, line, case)
    taken: set[str] = set(cases.cases_with_references(work, [_data(line)["reference"] for line in new])) if new else set()
    free = []
    for line in new:
        folded = fold_reference(_data(line)["reference"])
        if folded in taken:
            line.conflict("reference_taken")
        else:
            taken.add(folded)
            free.append(line)
    opened = cases.open_cases(work, [_data(line) for line in free]) if free else []
    known.add_cases(opened)
    for line, case in zip(free, opened, strict=True):
        line.outcome, line.row = "stored", case
        known.keep(line, case.id, version_of(case))


def _data(line: SentLine) -> dict[str, Any]:
    return line.data or {}


def _change_case(known: Known, line: SentLine, case: Case) -> None:
    data = {name: value for name, value in _data(line).items() if name != "reference"}
    if fold_reference(_data(line)["reference"]) != case.reference_folded:
        line.refuse("/reference", "fixed")
        return
    was = case.version
    if attempt(known.work, line, lambda: cases.change(known.work, case, data)):
        line.outcome = "unchanged" if case.version == was else "updated"
        known.keep(line, case.id, version_of(case))


def store_subjects(known: Known, lines: Sequence[SentLine]) -> None:
    """Add the subjects that are new, and change those that differ."""
    known.find_imported(lines)
    ready = []
    for line in lines:
        if known.is_as_sent(line):
            line.outcome = "unchanged"
        elif line.check() and (case := known.to_add_to(line)):
            ready.append((line, case))
    held = _held_subjects(known, ready)
    new: list[tuple[SentLine, UUID, dict[str, Any]]] = []
    taken: set[tuple[UUID, str]] = set()
    for line, case in ready:
        data = {name: value for name, value in _data(line).items() if name != "case"}
        folded = fold_reference(data["pseudonym"])
        named = held.get((case.id, "pseudonym", folded))
        row = held.get((case.id, "key", line.external_id or ""))
        if row is None and known.made(line) is None:
            if named is not None or (case.id, folded) in taken:
                line.conflict("pseudonym_taken")
            else:
                taken.add((case.id, folded))
                new.append((line, case.id, data))
        elif not known.refuses_change(line, row) and row is not None:
            _change_subject(known, line, row, data)
    made = subjects.add_subjects(known.work, [(case_id, data) for _, case_id, data in new])
    for (line, *_), subject in zip(new, made, strict=True):
        line.outcome, line.row = "stored", subject
        known.keep(line, subject.id, version_of(subject))


def _held_subjects(known: Known, ready: Sequence[tuple[SentLine, Case]]) -> dict[tuple[UUID, str, str], Subject]:
    """Return the subjects of cases that are not new, by their case and their key, and by their case and pseudonym."""
    old = {case.id for _, case in ready} - known.opened
    if not old:
        return {}
    keys = [line.external_id for line, _ in ready]
    names = [fold_reference(_data(line)["pseudonym"]) for line, _ in ready]
    query = known.work.all(Subject).where(
        Subject.case_id.in_(old), or_(Subject.external_id.in_(keys), Subject.pseudonym_folded.in_(names))
    )
    rows = known.work.session.scalars(query).all()
    by_name = {(row.case_id, "pseudonym", row.pseudonym_folded): row for row in rows}
    return by_name | {(row.case_id, "key", row.external_id): row for row in rows if row.external_id}


def _change_subject(known: Known, line: SentLine, row: Subject, data: dict[str, Any]) -> None:
    work = known.work
    if fold_reference(data["pseudonym"]) != row.pseudonym_folded:
        line.refuse("/pseudonym", "fixed")
        return
    changed: dict[str, Any] = {
        name: data[name] for name in ("category", "age_status") if name in data and data[name] != getattr(row, name)
    }
    if not changed:
        line.outcome = "unchanged"
    else:
        linked = work.all(IdentifierSubject).where(IdentifierSubject.subject_id == row.id)
        before = [link.identifier_id for link in work.session.scalars(linked)]
        if not attempt(work, line, lambda: subjects.change_subject(work, row, changed)):
            return
        line.outcome = "updated"
        work.session.flush()
        after = [link.identifier_id for link in work.session.scalars(linked)]
        _FOLLOW.rows(work.session, rows=array({*before, *after}), principal=work.actor.id)
    known.keep(line, row.id, version_of(row))


def withdraw(known: Known, lines: Sequence[SentLine]) -> None:
    """Withdraw the cases, identifiers and facts that lines name."""
    known.find_imported(lines)
    for line in lines:
        if not line.check():
            continue
        made = known.made(line)
        if made is None:
            line.refuse("/external_id", "unknown")
        elif made.withdrawn and made.principal_id == known.work.actor.id:
            line.outcome = "unchanged"
        else:
            _withdraw(known, line, made)


def _withdraw(known: Known, line: SentLine, made: Any) -> None:
    work = known.work
    model, workflow = _WITHDRAWN[line.kind]
    row: Any = (
        known.cases.get(line.external_id or "")
        if model is Case
        else work.session.scalar(work.all(model).where(model.id == made.row_id))
    )
    if known.refuses_change(line, row):
        return
    ids = {"case_id": row.id} if model is Case else {"case_id": row.case_id, f"{line.kind}_id": row.id}
    step = {"event": "withdraw", "reason": _data(line)["reason"]}
    if model is Identifier:
        row.for_cleared = work.actor.cleared
    version = row.seen_version if model is Identifier else row.version
    if attempt(work, line, lambda: workflow.take(work, version, step, **ids)):
        work.session.flush()
        line.outcome = "withdrawn"
        line.digest = bytes(made.digest)  # so that the line of the row, sent again, is still known
        known.keep(line, row.id, version_of(row), withdrawn=True)
