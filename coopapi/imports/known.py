"""What the register has of the rows that lines are about."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select

from coopapi.cases.models import CASE_LIFECYCLE, Case, CaseKey, Identifier, Subject
from coopapi.cases.service import CaseToAddTo
from coopapi.imports.lines import SentLine
from coopapi.store.db import UnitOfWork
from coopapi.store.rows import Versioned
from coopapi.store.statements import Statement, array

_IMPORTED: Final = Statement(
    "select r.scope, r.kind, r.external_id, r.row_id, r.principal_id, r.version, r.digest, r.withdrawn"
    " from unnest(cast(:scopes as uuid[]), cast(:kinds as text[]), cast(:keys as text[])) u (scope, kind, key)"
    " cross join lateral (select * from imported_rows r"
    " where r.scope = u.scope and r.kind = u.kind and r.external_id = u.key offset 0) r"
)
"""Because of `offset 0`, each key is looked up in the index. Otherwise PostgreSQL reads the whole table for each portion."""
_INSERT: Final = (
    "insert into imported_rows (scope, kind, external_id, row_id, authority_id, principal_id, version, digest, withdrawn)"
    " select u.scope, u.kind, u.key, u.row_id, :authority, :principal, u.version, u.digest, u.withdrawn"
    " from unnest(cast(:scopes as uuid[]), cast(:kinds as text[]), cast(:keys as text[]), cast(:rows as uuid[]),"
    " cast(:versions as integer[]), cast(:digests as bytea[]), cast(:withdrawn as boolean[]))"
    " u (scope, kind, key, row_id, version, digest, withdrawn)"
)
_ADD: Final = Statement(_INSERT)
_KEEP: Final = Statement(
    f"{_INSERT} on conflict (scope, kind, external_id) do update set row_id = excluded.row_id, version = excluded.version,"
    " digest = excluded.digest, withdrawn = excluded.withdrawn"
)
_FINAL: Final = frozenset(state for state in CASE_LIFECYCLE.states if not CASE_LIFECYCLE.leaving(state))


@dataclass(slots=True)
class Known:
    """What the register has of a portion of lines: their cases by key, and the rows that imports made by scope, kind and key."""

    work: UnitOfWork
    lines: Sequence[SentLine]
    cases: dict[str, Case]
    wrapped: dict[UUID, bytes]
    imported: dict[tuple[UUID, str, str], Any] = field(default_factory=dict)
    kept: dict[tuple[UUID, str, str], tuple[UUID, bytes, int, bool]] = field(default_factory=dict)
    opened: set[UUID] = field(default_factory=set)
    """The cases that lines of this portion opened, of which nothing else is in the register."""
    dry: bool = False
    """Whether nothing is to be registered for matching."""
    _places: dict[str, CaseToAddTo] = field(default_factory=dict)

    def add_cases(self, cases: Iterable[Case]) -> None:
        """Take cases in that lines of this portion opened. Those that it changed are looked at anew."""
        self._places.clear()
        for case in cases:
            self.opened.add(case.id)
            self.cases[case.external_id or ""] = case
            self.wrapped[case.id] = b""  # its key is at hand

    def subjects(self, cases: Iterable[UUID]) -> Sequence[Subject]:
        """Return all subjects of cases."""
        return self.work.session.scalars(self.work.all(Subject).where(Subject.case_id.in_(list(cases)))).all()

    def scope(self, line: SentLine) -> UUID | None:
        """Return what the key of a line is unique in: the authority for cases, otherwise its case, or None if that is unknown."""
        if line.kind == "case":
            return self.work.actor.authority_id
        case = self._place(line)
        return case.id if case else None

    def _place(self, line: SentLine) -> CaseToAddTo | None:
        """Return the case of a line as it is after the lines about cases were stored.

        Without SQLAlchemy's bookkeeping for each look at a column.
        """
        key = line.case or ""
        found = self._places.get(key)
        if found is None and (case := self.cases.get(key)) is not None:
            columns = case.id, case.authority_id, case.state, case.handling_code
            found = self._places[key] = CaseToAddTo(*columns, self.wrapped[case.id])
        return found

    def find_imported(self) -> None:
        """Look up which rows imports made under the keys of the lines."""
        keys = [
            (scope, line.kind, line.external_id)
            for line in self.lines
            if (scope := self.scope(line)) and scope not in self.opened and line.external_id
        ]
        if keys:
            scopes, kinds, names = zip(*keys, strict=True)
            for row in _IMPORTED.rows(self.work.session, scopes=array(scopes), kinds=array(kinds), keys=array(names)):
                self.imported[row.scope, row.kind, row.external_id] = row

    def made(self, line: SentLine) -> Any | None:
        """Return the row that an import made under the key of a line."""
        scope = self.scope(line) if self.imported else None
        return self.imported.get((scope, line.kind, line.external_id or "")) if scope else None

    def is_as_sent(self, line: SentLine) -> bool:
        """Tell whether the last line of this client about the row said the same."""
        made = self.made(line)
        if made is None or made.principal_id != self.work.actor.id:
            return False
        return bytes(made.digest) == line.digested(self.work.keys, made.scope)

    def refuses_change(self, line: SentLine, row: Versioned | None) -> bool:
        """Mark a line as a conflict if its row was not made by this client's imports, or has changed since. Tells whether it is."""
        made = self.made(line)
        if made is None or made.principal_id != self.work.actor.id:
            line.conflict("not_imported")
        elif row is None or made.row_id != row.id or made.version != version_of(row):
            line.conflict("changed_since")
        elif made.withdrawn:
            line.refuse("/external_id", "withdrawn")
        return line.outcome is not None

    def keep(self, line: SentLine, row_id: UUID, version: int, *, withdrawn: bool = False) -> None:
        """Note that a row is now as this line says."""
        scope = self.scope(line)
        if scope is not None and line.external_id is not None:
            said = (row_id, line.digested(self.work.keys, scope), version, withdrawn)
            self.kept[scope, line.kind, line.external_id] = said

    def store_kept(self) -> None:
        """Store what was noted of rows, while the caller goes on."""
        known = self.kept.keys() & self.imported.keys()
        self._store(_ADD, {key: said for key, said in self.kept.items() if key not in known})
        self._store(_KEEP, {key: self.kept[key] for key in known})

    def _store(self, statement: Statement, kept: Mapping[tuple[UUID, str, str], tuple[UUID, bytes, int, bool]]) -> None:
        if not kept:
            return
        scopes, kinds, keys = zip(*kept, strict=True)
        rows, digests, versions, withdrawn = zip(*kept.values(), strict=True)
        statement.behind(
            self.work.session,
            lambda _: None,
            authority=self.work.actor.authority_id,
            principal=self.work.actor.id,
            scopes=array(scopes),
            kinds=array(kinds),
            keys=array(keys),
            rows=array(rows),
            versions=array(versions),
            digests=array(digests),
            withdrawn=array(withdrawn),
        )

    def to_add_to(self, line: SentLine) -> CaseToAddTo | None:
        """Return the case of a line if something may be added to it, or mark the line as refused."""
        case = self._place(line)
        if case is None:
            line.refuse("/case", "unknown_case")
        elif case.state in _FINAL:
            line.conflict("case_is_final")
            return None
        return case


def version_of(row: Versioned) -> int:
    """Return a number that grows with each change of a row, also with those that only cleared callers see."""
    return row.version + (row.victim_version if isinstance(row, Identifier) else 0)


def known_of(work: UnitOfWork, lines: Sequence[SentLine]) -> Known:
    """Find what the register has of lines, and lock their cases in the order of their ids, so that nobody else changes them."""
    keys = {line.case for line in lines if line.case} | {line.external_id for line in lines if line.kind == "case"}
    mine = work.all(Case).where(Case.authority_id == work.actor.authority_id, Case.external_id.in_(keys))
    locked = mine.order_by(Case.id).with_for_update(key_share=True)
    cases = {case.external_id: case for case in work.session.scalars(locked) if case.external_id}
    query = select(CaseKey.case_id, CaseKey.wrapped).where(CaseKey.case_id.in_([case.id for case in cases.values()]))
    wrapped = {case_id: bytes(key) for case_id, key in work.session.execute(query)} if cases else {}
    known = Known(work, lines, {key: case for key, case in cases.items() if case.id in wrapped}, wrapped)
    known.find_imported()
    return known


def subjects_by_key(work: UnitOfWork, wanted: Mapping[UUID, Iterable[str]]) -> dict[tuple[UUID, str], Subject]:
    """Return the subjects of cases that have one of these keys, by their case and key."""
    keys = {key for names in wanted.values() for key in names}
    query = work.all(Subject).where(Subject.case_id.in_(wanted), Subject.external_id.in_(keys))
    rows = work.session.scalars(query) if keys else ()
    return {(row.case_id, row.external_id): row for row in rows if row.external_id}
