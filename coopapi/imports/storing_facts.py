"""Storing the facts of a portion: those that are new together, the others one by one."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from coopapi.cases.models import Case, Identifier, Subject
from coopapi.errors import Unprocessable, broken
from coopapi.facts.drafts import FactDraft, Involved, draft, merged, of_victims_alone, stays_hidden
from coopapi.facts.models import Fact
from coopapi.facts.recording import changes, put_right, record_new, require_free
from coopapi.facts.service import as_items
from coopapi.identifiers.service import keep_key
from coopapi.imports.known import Known, subjects_by_key, version_of
from coopapi.imports.lines import SentLine
from coopapi.imports.storing import REFUSALS, refuse
from coopapi.store.db import UnitOfWork

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
    case: Case
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
    known.find_imported(lines)
    ready = []
    for line in lines:
        if known.is_as_sent(line):
            line.outcome = "unchanged"
        elif line.check() and (case := known.to_add_to(line)):
            ready.append((line, case))
    if ready:
        named = _named(known, ready, told, rehearsed)
        new = []
        for one in _found(known, ready):
            if one.row is not None:
                _correct(known, one, named)
            elif drafted := _drafted(known, one, named):
                new.append((one, drafted))
        _record(known, new)


def _found(known: Known, ready: Sequence[tuple[SentLine, Case]]) -> Iterator[FactOfLine]:
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
    ready: Sequence[tuple[SentLine, Case]],
    told: Mapping[tuple[UUID, str], Subject],
    rehearsed: AbstractSet[tuple[UUID, str]],
) -> NamedThings:
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
    categories = {row.id: row.category for row in people.values()}
    there = Involved(categories, set(things.values()), of_victims_alone(work, things.values()))
    return NamedThings({at: row.id for at, row in people.items()}, things, there)


def _subjects(known: Known, ready: Sequence[tuple[SentLine, Case]]) -> Mapping[tuple[UUID, str], Subject]:
    """Return the subjects that lines name and that their cases had before."""
    wanted: dict[UUID, list[str]] = {}
    for line, case in ready:
        wanted.setdefault(case.id, []).extend(link["external_id"] for link in _data(line).get("subjects", ()))
    return subjects_by_key(known.work, {case_id: keys for case_id, keys in wanted.items() if keys})


def _data(line: SentLine) -> dict[str, Any]:
    return line.data or {}


def _held(known: Known, ready: Sequence[tuple[SentLine, Case]]) -> dict[tuple[UUID, str | None], list[Fact]]:
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


def _item(line: SentLine, case: Case, named: NamedThings) -> dict[str, Any]:
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
        if one.row is None or one.old is None:
            return draft(work, case.handling_code, item, named.there)
        there = _with_links(known, named.there, one.old)
        return stays_hidden(draft(work, case.handling_code, merged(one.old, item), there, one.row))
    except Unprocessable as fault:
        for error in fault.extra["errors"]:
            if error["pointer"].startswith(("/subjects/", "/identifiers/")) and error["pointer"].endswith("/id"):
                error["pointer"] = error["pointer"].removesuffix("id") + "external_id"
        refuse(line, fault)
        return None


def _with_links(known: Known, there: Involved, old: Mapping[str, Any]) -> Involved:
    """Return what a fact may be linked to, with what it is linked to already."""
    ids = {link["id"] for link in old["subjects"]} - there.categories.keys()
    query = known.work.all(Subject).where(Subject.id.in_(ids))
    more = {row.id: row.category for row in known.work.session.scalars(query)} if ids else {}
    identifiers = {*there.identifiers, *(link["id"] for link in old["identifiers"])}
    return Involved({**there.categories, **more}, identifiers, of_victims_alone(known.work, identifiers))


def _correct(known: Known, one: FactOfLine, named: NamedThings) -> None:
    work, line, drafted = known.work, one.line, _drafted(known, one, named)
    if drafted is None or (row := drafted.corrects) is None:
        return
    if known.dry:
        line.outcome = "updated" if changes(work, [drafted])[row.id] else "unchanged"
        return
    changed = set[UUID]()

    def do() -> None:
        require_free(work, row, drafted)
        changed.update(put_right(work, [drafted]))

    if _attempt(work, line, do):
        line.outcome = "updated" if changed else "unchanged"
        known.keep(line, row.id, version_of(row))


def _attempt(work: UnitOfWork, line: SentLine, do: Callable[[], object]) -> bool:
    """Carry out what a line says. If that is refused, nothing of it is left, and the line says why. Returns False then."""
    notes = len(work.notes)
    try:
        with work.session.begin_nested():
            do()
    except REFUSALS as fault:
        del work.notes[notes:]
        refuse(line, fault)
        return False
    return True
