"""Storing the identifiers of a portion: those that are new together, and the corrections of each case together."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

from coopapi.cases.models import Identifier, Subject
from coopapi.cases.service import CaseToAddTo
from coopapi.errors import Unprocessable
from coopapi.identifiers import keyed, registration
from coopapi.identifiers.corrections import Correction, correction_of, put_right
from coopapi.identifiers.drafts import IdentifierDraft, ReadItem
from coopapi.identifiers.keyed import HeldRows
from coopapi.identifiers.service import keep_key, open_values, shown_beside
from coopapi.identifiers.several_cases import register_in_cases
from coopapi.identifiers.subjects import check_subjects
from coopapi.imports.known import Known, subjects_by_key, version_of
from coopapi.imports.lines import SentLine
from coopapi.imports.storing import refuse
from coopapi.matching import engine

_TOGETHER: Final = 600
"""At least so many lines about new cases are stored together, and then all others of the last of these cases."""
_Ready = Sequence[tuple[SentLine, CaseToAddTo]]


class DraftedLine(NamedTuple):
    """A line whose identifier was read and may be stored in its case."""

    line: SentLine
    case: CaseToAddTo
    draft: IdentifierDraft

    @property
    def print(self) -> bytes:
        """The fingerprint of the value in its case."""
        found: bytes = self.draft.row["fingerprint"]
        return found


def store_identifiers(known: Known, lines: Sequence[SentLine], told: Mapping[tuple[UUID, str], Subject]) -> None:
    """Store the identifiers that are new, and correct those that differ.

    `told` are the subjects that lines of the portion added, by their case and key.
    """
    ready = []
    for line in lines:
        if known.is_as_sent(line):
            line.outcome = "unchanged"
        elif line.check() and (case := known.to_add_to(line)):
            ready.append((line, case))
    for some in _in_turn(known, ready):
        _store(known, some, told)


def _in_turn(known: Known, ready: _Ready) -> Iterator[_Ready]:
    """Yield lines that are stored together, all of a case at once, and those of all cases that the register had before at the end.

    Those of new cases come some hundred at a time, so that the database stores them while the next are encrypted.
    """
    by_case: dict[UUID, list[tuple[SentLine, CaseToAddTo]]] = {}
    for line, case in ready:
        by_case.setdefault(case.id, []).append((line, case))
    some: list[tuple[SentLine, CaseToAddTo]] = []
    for case_id, every in by_case.items():
        if case_id in known.opened:
            some += every
        if len(some) >= _TOGETHER:
            yield some
            some = []
    held = [one for case_id, every in by_case.items() if case_id not in known.opened for one in every]
    yield from (last for last in (some, held) if last)


def _store(known: Known, ready: _Ready, told: Mapping[tuple[UUID, str], Subject]) -> None:
    drafted = _drafted(known, ready, told)
    held = _held(known, drafted)
    there = bool(held.by_key or held.by_print)
    new, seen = [], set()
    corrections: list[tuple[DraftedLine, Correction]] = []
    for one in drafted:
        row, same = (held.by_key.get(_key(one)), held.by_print.get(one.print)) if there else (None, None)
        if row is None and known.made(one.line) is None:
            if same is None and one.print not in seen:
                seen.add(one.print)
                new.append(one)
            elif same is not None and same.external_id is None:
                one.line.conflict("held_already")
            else:
                one.line.refuse("/external_id", "other_key")
        elif not known.refuses_change(one.line, row) and row is not None:
            corrections += _corrections(known, one, row, same, held)
    _correct(known, corrections)
    _register(known, new)


def _key(one: DraftedLine) -> str:
    return f"{one.case.id}|{one.line.external_id}"


def _drafted(known: Known, ready: _Ready, told: Mapping[tuple[UUID, str], Subject]) -> list[DraftedLine]:
    """Read the values of lines. Those that are impossible, or may not be stored, are refused."""
    work, drafted = known.work, []
    found = {**_subjects(known, ready), **told}
    last, key = None, None
    for line, case in ready:
        try:
            item = _item(line, case, found)
            if key is None or case is not last:
                last, key = case, keep_key(work, case.id, case.wrapped, case.authority_id)
            if line.content and line.held is not None:
                read = ReadItem(item, line.content, line.held, work.new_id())
            else:
                read = registration.parse(work, item)
            made = registration.drafted(work, case, key, read)
            drafted.append(DraftedLine(line, case, made))
        except Unprocessable as fault:
            refuse(line, fault)
    return drafted


def _subjects(known: Known, ready: _Ready) -> dict[tuple[UUID, str], Subject]:
    """Return the subjects that lines name and that their cases had before."""
    wanted: dict[UUID, list[str]] = {}
    for line, case in ready:
        if case.id not in known.opened:
            wanted.setdefault(case.id, []).extend(link["external_id"] for link in (line.data or {}).get("subjects", ()))
    return subjects_by_key(known.work, {case_id: keys for case_id, keys in wanted.items() if keys})


def _item(line: SentLine, case: CaseToAddTo, found: Mapping[tuple[UUID, str], Subject]) -> dict[str, Any]:
    """Return the item as it would be registered over HTTP. Raises `Unprocessable` if its subjects do not fit."""
    item = {name: value for name, value in (line.data or {}).items() if name not in {"case", "subjects"}}
    links = (line.data or {}).get("subjects")
    rows: list[Subject | None] = []
    if links is not None:
        rows = [found.get((case.id, link["external_id"])) for link in links]
        item["subjects"] = [
            {"id": row.id if row else None, **{name: value for name, value in link.items() if name != "external_id"}}
            for row, link in zip(rows, links, strict=True)
        ]
    try:
        check_subjects(item, {row.id: row for row in rows if row})
    except Unprocessable as fault:
        for error in fault.extra["errors"]:
            if error["pointer"].startswith("/subjects/"):
                error["pointer"] = error["pointer"].removesuffix("/id") + "/external_id"
        raise
    return item


def _held(known: Known, drafted: Sequence[DraftedLine]) -> HeldRows:
    """Return the identifiers that the cases have under these keys or with these values."""
    work = known.work
    old = [one for one in drafted if one.case.id not in known.opened]
    if not old:
        return HeldRows({}, {}, {}, {})
    made = {made.row_id for one in old if (made := known.made(one.line))}
    query = work.all(Identifier).where(
        Identifier.case_id.in_({one.case.id for one in old}),
        (
            Identifier.withdrawn_at.is_(None)
            & (
                Identifier.external_id.in_({one.line.external_id for one in old})
                | Identifier.fingerprint.in_({one.print for one in old})
            )
        )
        | Identifier.id.in_(made),
    )
    rows = work.session.scalars(query).all()
    live = [row for row in rows if row.withdrawn_at is None]
    by_key: dict[str | None, Identifier] = {f"{row.case_id}|{row.external_id}": row for row in [*rows, *live] if row.external_id}
    mine = [row for row in rows if row.id in made]
    return HeldRows(
        by_key,
        {bytes(row.fingerprint): row for row in live},
        shown_beside(work, mine) if any("subjects" in one.draft.item for one in old) else {},
        open_values(work, mine),
    )


def _corrections(
    known: Known, one: DraftedLine, row: Identifier, same: Identifier | None, held: HeldRows
) -> list[tuple[DraftedLine, Correction]]:
    """Return the correction that a line asks for, or none if it changes nothing or is refused."""
    line, draft = one.line, one.draft
    if row.kind != draft.row["kind"]:
        line.refuse("/kind", "other_kind")
    elif same is not None and same is not row:
        line.refuse("/value", "held_already")
    elif not keyed.changes(held, row, draft):
        line.outcome = "unchanged"
        known.keep(line, row.id, version_of(row))
    elif known.dry:
        line.outcome = "updated"
    else:
        fields = draft.item.keys() - {"kind", "external_id"}
        if not keyed.links_differ(held, row, draft):
            fields -= {"subjects"}
        return [(one, correction_of(row, draft, fields))]
    return []


def _correct(known: Known, corrections: Sequence[tuple[DraftedLine, Correction]]) -> None:
    """Correct the rows of each case together."""
    if not corrections:
        return
    work, by_case = known.work, defaultdict[UUID, list[tuple[DraftedLine, Correction]]](list)
    for one, correction in corrections:
        by_case[one.case.id].append((one, correction))
    for case_id, some in by_case.items():
        if holdings := [holding for _, correction in some for holding in correction.holdings]:
            engine.announce(work, case_id, holdings)
        put_right(work, some[0][0].case, [correction for _, correction in some])
    work.session.flush()
    rows = work.all(Identifier).where(Identifier.id.in_([correction.row.id for _, correction in corrections]))
    work.session.scalars(rows.execution_options(populate_existing=True)).all()
    for one, correction in corrections:
        one.line.outcome = "updated"
        known.keep(one.line, correction.row.id, version_of(correction.row))


def _register(known: Known, new: Sequence[DraftedLine]) -> None:
    by_case: dict[UUID, list[DraftedLine]] = {}
    for one in new:
        by_case.setdefault(one.case.id, []).append(one)
    if by_case and not known.dry:
        register_in_cases(known.work, [(every[0].case, [one.draft for one in every]) for every in by_case.values()])
    for one in new:
        one.line.outcome = "stored"
        known.keep(one.line, one.draft.row["id"], 1)
