"""Storing the facts of a portion: those that are new together, and those that are corrected together."""

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from coopapi.cases.models import Identifier, Subject
from coopapi.cases.service import CaseToAddTo
from coopapi.errors import CoopError, Unprocessable, broken
from coopapi.facts.drafts import FactDraft, Involved, draft, merged, of_victims_alone, stays_hidden
from coopapi.facts.models import Fact
from coopapi.facts.recording import changes, put_right, record_new, require_free
from coopapi.facts.service import as_items
from coopapi.identifiers.service import keep_key
from coopapi.imports.known import Known, subjects_by_key, version_of
from coopapi.imports.lines import SentLine
from coopapi.imports.storing import REFUSALS, refuse
from coopapi.store.db import UnitOfWork
from coopapi.store.together import each

_LINKS: Final = ("subjects", "identifiers")
Keyed = Mapping[tuple[UUID, str], UUID]


@dataclass(frozen=True, slots=True)
class NamedThings:
    """The subjects and identifiers that lines name, by their case and key, and what facts may be linked to."""

    subjects: Keyed
    identifiers: Keyed
    there: Involved


@dataclass(frozen=True, slots=True)
class FactOfLine:
    """A line with its case, and the fact that it corrects with what that said before, or None."""

    line: SentLine
    case: CaseToAddTo
    row: Fact | None = None
    old: Mapping[str, Any] | None = None


def store_facts(
    known: Known,
    lines: Sequence[SentLine],
    told: Mapping[tuple[UUID, str], Subject],
    rehearsed: AbstractSet[tuple[UUID, str]],
) -> None:
    """Record the facts that are new, and correct those that differ.

    `told` are the subjects that lines of the portion added, and `rehearsed` the identifiers that are stored only in a dry run, by
    their case and key.
    """
    ready = []
    for line in lines:
        if known.is_as_sent(line):
            line.outcome = "unchanged"
        elif line.check() and (case := known.to_add_to(line)):
            ready.append((line, case))
    if ready:
        found = list(_found(known, ready))
        named = _named(known, ready, told, rehearsed, [one.old for one in found if one.old is not None])
        drafted = [(one, made) for one in found if (made := _drafted(known, one, named))]
        _correct(known, [(one, made) for one, made in drafted if made.corrects is not None])
        _record(known, [(one, made) for one, made in drafted if made.corrects is None])


def _found(known: Known, ready: Sequence[tuple[SentLine, CaseToAddTo]]) -> Iterator[FactOfLine]:
    """Yield the lines that may be stored, with the facts that they correct. The others are marked as conflicts."""
    held = _held(known, ready)
    items = as_items(known.work, list({row.id: row for rows in held.values() for row in rows}.values()))
    for line, case in ready:
        rows, made = held.get((case.id, line.external_id), ()), known.made(line)
        row = next((row for row in rows if made is None or row.id == made.row_id), None)
        if row is None and made is None:
            yield FactOfLine(line, case)
        elif not known.refuses_change(line, row) and row is not None:
            yield FactOfLine(line, case, row, items[row.id])


def _record(known: Known, new: Sequence[tuple[FactOfLine, FactDraft]]) -> None:
    for one, _ in new:
        one.line.outcome = "stored"
    if not known.dry:
        rows = record_new(known.work, [(one.case.id, drafted) for one, drafted in new])
        for (one, _), row in zip(new, rows, strict=True):
            known.keep(one.line, row.id, version_of(row))


def _named(
    known: Known,
    ready: Sequence[tuple[SentLine, CaseToAddTo]],
    told: Mapping[tuple[UUID, str], Subject],
    rehearsed: AbstractSet[tuple[UUID, str]],
    corrected: Sequence[Mapping[str, Any]],
) -> NamedThings:
    """Return what lines name, and what the facts that they correct are linked to already."""
    work = known.work
    people = {**_subjects(known, ready), **told}
    keys = {link["external_id"] for line, _ in ready for link in _data(line).get("identifiers", ())}
    cases = {case.id for _, case in ready}
    query = work.all(Identifier).where(
        Identifier.case_id.in_(cases), Identifier.external_id.in_(keys), Identifier.withdrawn_at.is_(None)
    )
    locked = query.order_by(Identifier.id).with_for_update(read=True)  # so that they do not become those of victims meanwhile
    things = {(row.case_id, row.external_id or ""): row.id for row in work.session.scalars(locked)} if keys else {}
    things |= {at: work.new_id() for at in rehearsed - things.keys()}
    subjects, identifiers = ({link["id"] for old in corrected for link in old[name]} for name in _LINKS)
    categories = {row.id: row.category for row in people.values()}
    if subjects := subjects - categories.keys():
        linked = work.session.scalars(work.all(Subject).where(Subject.id.in_(subjects)))
        categories |= {row.id: row.category for row in linked}
    identifiers |= set(things.values())
    there = Involved(categories, identifiers, of_victims_alone(work, identifiers))
    return NamedThings({at: row.id for at, row in people.items()}, things, there)


def _subjects(known: Known, ready: Sequence[tuple[SentLine, CaseToAddTo]]) -> Mapping[tuple[UUID, str], Subject]:
    """Return the subjects that lines name and that their cases had before."""
    wanted: dict[UUID, list[str]] = {}
    for line, case in ready:
        wanted.setdefault(case.id, []).extend(link["external_id"] for link in _data(line).get("subjects", ()))
    return subjects_by_key(known.work, {case_id: keys for case_id, keys in wanted.items() if keys})


def _data(line: SentLine) -> dict[str, Any]:
    return line.data or {}


def _held(known: Known, ready: Sequence[tuple[SentLine, CaseToAddTo]]) -> dict[tuple[UUID, str | None], list[Fact]]:
    """Return the facts that have the keys of lines, or that imports made under them, by the case and the key of the line."""
    work = known.work
    old = [(line, case) for line, case in ready if case.id not in known.opened]
    if not old:
        return {}
    made = {made.row_id: (case.id, line.external_id) for line, case in old if (made := known.made(line))}
    keyed = Fact.external_id.in_({line.external_id for line, _ in old}) & Fact.withdrawn_at.is_(None)
    query = work.all(Fact).where(Fact.case_id.in_({case.id for _, case in old}), keyed | Fact.id.in_(made))
    held: dict[tuple[UUID, str | None], list[Fact]] = {}
    for row in work.session.scalars(query.order_by(Fact.id)):
        held.setdefault(made.get(row.id, (row.case_id, row.external_id)), []).append(row)
    return held


def _item(line: SentLine, case: CaseToAddTo, named: NamedThings) -> dict[str, Any]:
    """Return the item as it would be recorded over HTTP. Raises `Unprocessable` if the case does not have what the line names."""
    item = {name: value for name, value in _data(line).items() if name not in {"case", *_LINKS}}
    faults = []
    for name, found in zip(_LINKS, (named.subjects, named.identifiers), strict=True):
        if name not in _data(line):
            continue
        keys = [link["external_id"] for link in _data(line)[name]]
        item[name] = [{"id": found.get((case.id, key))} for key in keys]
        faults += [
            broken(f"/{name}/{n}/external_id", name.removesuffix("s"), "The case does not have it.")
            for n, key in enumerate(keys)
            if (case.id, key) not in found
        ]
    if faults:
        raise Unprocessable(errors=faults)
    return item


def _drafted(known: Known, one: FactOfLine, named: NamedThings) -> FactDraft | None:
    """Read a line, or refuse it and return None."""
    line, case, work = one.line, one.case, known.work
    keep_key(work, case.id, known.wrapped[case.id], case.authority_id)
    try:
        item = _item(line, case, named)
        said = item if one.old is None else merged(one.old, item)
        return stays_hidden(draft(work, case.handling_code, said, named.there, one.row))
    except Unprocessable as fault:
        for error in fault.extra["errors"]:
            if error["pointer"].startswith(("/subjects/", "/identifiers/")) and error["pointer"].endswith("/id"):
                error["pointer"] = error["pointer"].removesuffix("id") + "external_id"
        refuse(line, fault)
        return None


def _correct(known: Known, corrections: Sequence[tuple[FactOfLine, FactDraft]]) -> None:
    """Correct facts, as far as their lines may and something differs."""
    work = known.work
    going = []
    for (one, drafted), fault in zip(corrections, each(work, lambda said: _refusal(work, said[1]), corrections), strict=True):
        if fault is None:
            going.append((one.line, drafted))
        else:
            refuse(one.line, fault)
    drafts = [drafted for _, drafted in going]
    changed = {row_id for row_id, fields in changes(work, drafts).items() if fields} if known.dry else put_right(work, drafts)
    for line, drafted in going:
        if (row := drafted.corrects) is not None:
            line.outcome = "updated" if row.id in changed else "unchanged"
            known.keep(line, row.id, version_of(row))


def _refusal(work: UnitOfWork, drafted: FactDraft) -> CoopError | None:
    """Return why a correction may not be carried out, or None."""
    try:
        require_free(work, drafted)
    except REFUSALS as fault:
        return fault
    return None
