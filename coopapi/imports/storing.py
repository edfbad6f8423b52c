"""Storing the cases and subjects of a portion, and withdrawing what its lines say.

A line that is refused does not stop the others. All rows of one kind are stored together, so a portion with many lines needs no
more statements than one with few.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import or_

from coopapi.access import Level
from coopapi.cases import dependents, subjects
from coopapi.cases import service as cases
from coopapi.cases import transitions as steps_of_cases
from coopapi.cases.models import Case, Identifier, Subject
from coopapi.errors import Conflict, CoopError, Forbidden, NotFound, Stale, Unprocessable, broken
from coopapi.facts import transitions as steps_of_facts
from coopapi.facts.models import Fact
from coopapi.http.problems import slug
from coopapi.identifiers import registration
from coopapi.imports.known import Known, version_of
from coopapi.imports.lines import SentLine
from coopapi.imports.models import ACCEPTED
from coopapi.shared.workflow import Step, Workflow
from coopapi.store.db import UnitOfWork
from coopapi.store.together import each
from coopapi.unicode_text import fold_reference

REFUSALS: Final = (Conflict, Stale, Unprocessable, Forbidden, NotFound)
"""The errors for which a line is refused or in conflict."""


class _Withdrawable(NamedTuple):
    """What a line can withdraw: its model, its workflow, and the function that takes the steps of many."""

    model: Any
    workflow: Workflow[Any]
    carry_out: Callable[[UnitOfWork, list[Step[Any]]], None]


_WITHDRAWN: Final = {
    "case": _Withdrawable(Case, steps_of_cases.CASE, steps_of_cases.move),
    "identifier": _Withdrawable(Identifier, registration.IDENTIFIER, registration.withdraw),
    "fact": _Withdrawable(Fact, steps_of_facts.FACT, steps_of_facts.withdraw),
}


def refuse(line: SentLine, fault: CoopError) -> None:
    """Say why a line was refused."""
    line.outcome = "conflict" if isinstance(fault, Conflict | Stale) else "refused"
    line.faults = fault.extra.get("errors") or [broken("", slug(type(fault)).replace("-", "_"), "")]


def store_cases(known: Known, lines: Sequence[SentLine]) -> None:
    """Open the cases that are new, and change those that differ."""
    new, held = [], []
    for line in lines:
        case, made = known.cases.get(line.external_id or ""), known.made(line)
        if known.is_as_sent(line):
            line.outcome = "unchanged"
        elif line.check() and line.data:
            if line.data.get("visibility") == "hidden":
                line.refuse("/visibility", "hidden")
            elif case is None and made is None:
                new.append(line)
            elif known.refuses_change(line, case) or case is None:
                continue
            elif fold_reference(line.data["reference"]) != case.reference_folded:
                line.refuse("/reference", "fixed")
            else:
                held.append((line, case))
    if held:
        _change_cases(known, held)
    _open_cases(known, new)


def _change_cases(known: Known, held: Sequence[tuple[SentLine, Case]]) -> None:
    was = {case.id: case.version for _, case in held}
    cases.change_cases(known.work, [(case, _without(line, "reference")) for line, case in held])
    for line, case in held:
        line.outcome = "unchanged" if case.version == was[case.id] else "updated"
        known.keep(line, case.id, version_of(case))


def _open_cases(known: Known, new: Sequence[SentLine]) -> None:
    work = known.work
    taken: set[str] = set(cases.cases_with_references(work, [_data(line)["reference"] for line in new])) if new else set()
    free = []
    for line in new:
        folded = fold_reference(_data(line)["reference"])
        if folded in taken:
            line.conflict("reference_taken")
        else:
            taken.add(folded)
            free.append(line)
    opened = cases.open_cases(work, [_data(line) for line in free], behind=True) if free else []
    known.add_cases(opened)
    for line, case in zip(free, opened, strict=True):
        line.outcome, line.row = "stored", case
        known.keep(line, case.id, version_of(case))


def _data(line: SentLine) -> dict[str, Any]:
    return line.data or {}


def _without(line: SentLine, name: str) -> dict[str, Any]:
    return {key: value for key, value in _data(line).items() if key != name}


def store_subjects(known: Known, lines: Sequence[SentLine]) -> None:
    """Add the subjects that are new, and change those that differ."""
    ready = []
    for line in lines:
        if known.is_as_sent(line):
            line.outcome = "unchanged"
        elif line.check() and (case := known.to_add_to(line)):
            ready.append((line, case))
    held = _held_subjects(known, ready)
    new: list[tuple[SentLine, UUID, dict[str, Any]]] = []
    old: list[tuple[SentLine, Subject, dict[str, Any]]] = []
    taken: set[tuple[UUID, str]] = set()
    for line, case in ready:
        data = _without(line, "case")
        folded = fold_reference(data["pseudonym"])
        named = held.get((case.id, "pseudonym", folded))
        row = held.get((case.id, "key", line.external_id or ""))
        if row is None and known.made(line) is None:
            if named is not None or (case.id, folded) in taken:
                line.conflict("pseudonym_taken")
            else:
                taken.add((case.id, folded))
                new.append((line, case.id, data))
        elif known.refuses_change(line, row) or row is None:
            continue
        elif folded != row.pseudonym_folded:
            line.refuse("/pseudonym", "fixed")
        else:
            fields = data.keys() & {"category", "age_status"}
            old.append((line, row, {name: data[name] for name in fields if data[name] != getattr(row, name)}))
    _change_subjects(known, old)
    made = subjects.add_subjects(known.work, [(case_id, data) for _, case_id, data in new], behind=True)
    for (line, *_), subject in zip(new, made, strict=True):
        line.outcome, line.row = "stored", subject
        known.keep(line, subject.id, version_of(subject))


def _held_subjects(known: Known, ready: Sequence[tuple[SentLine, cases.CaseToAddTo]]) -> dict[tuple[UUID, str, str], Subject]:
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


def _change_subjects(known: Known, held: Sequence[tuple[SentLine, Subject, dict[str, Any]]]) -> None:
    """Change subjects, as far as their lines may and something differs."""
    if not held:
        return
    work = known.work
    changed = []
    faults = each(work, lambda one: _refusal(work, *one[1:]), held)
    for one, fault in zip(held, faults, strict=True):
        if fault is not None:
            refuse(one[0], fault)
        elif one[2]:
            changed.append(one)
        else:
            one[0].outcome = "unchanged"
    subjects.change_subjects(work, [(row, differ) for _, row, differ in changed])
    if changed:
        known.find_imported()  # the versions of their identifiers may have changed
    for line, *_ in changed:
        line.outcome = "updated"
    for line, row, _ in held:
        if line.outcome in ACCEPTED:
            known.keep(line, row.id, version_of(row))


def _refusal(work: UnitOfWork, row: Subject, differ: Mapping[str, Any]) -> CoopError | None:
    """Return why a subject may not be changed, or None. If nothing differs, it stays as it is."""
    try:
        if differ:
            cases.require_access(work, row.case_id, Level.CONTRIBUTE)
            subjects.require_kinds(work, row, differ)
    except REFUSALS as fault:
        return fault
    return None


def withdraw(known: Known, lines: Sequence[SentLine]) -> None:
    """Withdraw the cases, identifiers and facts that lines name."""
    work = known.work
    ready = []
    for line in lines:
        if not line.check():
            continue
        made = known.made(line)
        if made is None:
            line.refuse("/external_id", "unknown")
        elif made.withdrawn and made.principal_id == work.actor.id:
            line.outcome = "unchanged"
        else:
            ready.append((line, made))
    rows = _rows(known, ready)
    going = [(line, made, row) for line, made in ready if not known.refuses_change(line, row := rows.get(made.row_id))]
    taken: dict[str, list[tuple[SentLine, Any, Step[Any]]]] = defaultdict(list)
    for (line, made, _), step in zip(going, each(work, lambda one: _step(work, one[0], one[2]), going), strict=True):
        if isinstance(step, Step):
            taken[line.kind].append((line, made, step))
        else:
            refuse(line, step)
    for kind, some in taken.items():
        _WITHDRAWN[kind].carry_out(work, [step for *_, step in some])
        for line, made, step in some:
            line.outcome = "withdrawn"
            line.digest = bytes(made.digest)  # so that the line of the row, sent again, is still known
            known.keep(line, step.thing.id, version_of(step.thing), withdrawn=True)


def _rows(known: Known, ready: Sequence[tuple[SentLine, Any]]) -> dict[UUID, Any]:
    """Return the rows that lines withdraw, as far as the client sees them, by their ids."""
    rows: dict[UUID, Any] = {case.id: case for case in known.cases.values()}
    for kind in ("identifier", "fact"):
        model = _WITHDRAWN[kind].model
        if ids := [made.row_id for line, made in ready if line.kind == kind]:
            rows |= {row.id: row for row in known.work.session.scalars(known.work.all(model).where(model.id.in_(ids)))}
    return rows


def _step(work: UnitOfWork, line: SentLine, row: Any) -> Step[Any] | CoopError:
    """Return the step that a line asks for, or why it may not be taken."""
    try:
        step: Step[Any] = _WITHDRAWN[line.kind].workflow.step(work, row, {"event": "withdraw", "reason": _data(line)["reason"]})
        if isinstance(row, Case):
            dependents.require_none(work, row, step.transition.target, force=False)
    except REFUSALS as fault:
        return fault
    return step
