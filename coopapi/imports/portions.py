"""Storing a portion of lines, or rehearsing it: in a dry run everything is done in the same way, and then taken back."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from coopapi.cases import service as cases
from coopapi.cases import subjects
from coopapi.cases.models import Subject
from coopapi.imports import storing
from coopapi.imports.known import Known, known_of
from coopapi.imports.lines import SentLine
from coopapi.imports.models import ACCEPTED, Import
from coopapi.imports.storing_facts import store_facts
from coopapi.imports.storing_identifiers import store_identifiers
from coopapi.store import vault
from coopapi.store.db import UnitOfWork, as_json
from coopapi.store.statements import Statement, array

Told = Mapping[tuple[UUID, str], Subject]
_SAY_SO: Final = Statement("set local coopapi.importing = 'on'")
"""Marks the changes of holdings in this transaction, so that the worker follows them after those of others."""
_EARLIER: Final = Statement(
    "select l.line, case when l.type = 'person' then 'identifier' else l.type end as kind, l.case_external_id, l.external_id,"
    " l.sealed"
    " from unnest(cast(:kinds as text[]), cast(:cases as text[]), cast(:keys as text[])) u (kind, within, key)"
    " join import_lines l on l.import_id = :id and l.external_id = u.key and l.sealed is not null"
    " and l.type = any (case u.kind when 'identifier' then array['identifier', 'person'] else array[u.kind] end)"
    " and (u.kind = 'case' or l.case_external_id = u.within) order by l.line"
)


def store(work: UnitOfWork, lines: Sequence[SentLine]) -> None:
    """Store the lines of a portion, and say of each what became of it."""
    _SAY_SO.rows(work.session)
    known = known_of(work, [line for line in lines if line.outcome is None])
    _store(known, {})
    known.store_kept()


def _store(known: Known, told: Told, earlier: Iterable[tuple[str, str | None, str | None]] = ()) -> None:
    """Store lines. In a dry run, `told` are the subjects and `earlier` the keys of rows that earlier lines would have stored."""
    kinds = ("case", "subject", "identifier", "fact")
    of = {kind: [one for one in known.lines if one.kind == kind and one.type != "withdrawal"] for kind in kinds}
    storing.store_cases(known, of["case"])
    storing.store_subjects(known, of["subject"])
    added = {(line.row.case_id, line.external_id): line.row for line in of["subject"] if line.row is not None and line.external_id}
    store_identifiers(known, of["identifier"], {**told, **added})
    store_facts(known, of["fact"], {**told, **added}, _rehearsed(known, of["identifier"], earlier))
    storing.withdraw(known, [line for line in known.lines if line.type == "withdrawal"])


def _rehearsed(
    known: Known, lines: Iterable[SentLine], earlier: Iterable[tuple[str, str | None, str | None]]
) -> set[tuple[UUID, str]]:
    """Return the identifiers of this dry run that are not in the register, by their case and key."""
    if not known.dry:
        return set()
    here = [line.key for line in lines if line.outcome in ACCEPTED]
    named = [(within, key) for kind, within, key in (*earlier, *here) if kind == "identifier" and within and key]
    return {(known.cases[within].id, key) for within, key in named if within in known.cases}


def rehearse(work: UnitOfWork, job: Import, lines: Sequence[SentLine]) -> dict[int, bytes]:
    """Say what would become of the lines of a portion, and store nothing.

    Returns what later portions have to know of the accepted lines, sealed, by their numbers.
    """
    notes, key = len(work.notes), vault.key_of(work, job)
    earlier = _earlier(work, job, lines)
    for line in lines:
        if line.outcome is None and line.key in earlier and line.check():
            line.outcome = "withdrawn" if line.type == "withdrawal" else "updated"
    ready = [line for line in lines if line.outcome is None]
    named = {key for line in ready for key in line.named}
    session: Any = work.session
    with session.taken_back():
        known = known_of(work, ready)
        known.dry = True
        _store(known, _put_earlier(known, {key: said for key, said in earlier.items() if key in named}), earlier)
    del work.notes[notes:]
    kept = [line for line in lines if line.outcome in ACCEPTED]
    return {line.number: vault.seal_bytes(key, as_json(_told(line)).encode(), _place(job.id, line.number)) for line in kept}


def _told(line: SentLine) -> dict[str, Any]:
    said = (line.data or line.sent or {}) if line.kind == "subject" else {}
    return {name: said[name] for name in ("category", "pseudonym") if name in said}


def _place(import_id: UUID, number: int) -> str:
    return f"import_lines/{import_id}/{number}"


def _earlier(work: UnitOfWork, job: Import, lines: Iterable[SentLine]) -> dict[tuple[str, str | None, str | None], dict[str, Any]]:
    """Return what earlier lines of this dry run said about the rows that these lines are about or name."""
    keys = {key for line in lines if line.outcome is None for key in (line.key, *line.named)}
    kinds, within, names = zip(*[key for key in keys if key[2]], strict=True) if any(key[2] for key in keys) else ((), (), ())
    key = vault.key_of(work, job)
    return {
        (row.kind, None if row.kind == "case" else row.case_external_id, row.external_id): json.loads(
            vault.open_bytes(key, bytes(row.sealed), _place(job.id, row.line))
        )
        for row in _EARLIER.rows(work.session, id=job.id, kinds=array(kinds), cases=array(within), keys=array(names))
    }


def _put_earlier(known: Known, earlier: Mapping[tuple[str, str | None, str | None], Mapping[str, Any]]) -> Told:
    """Open the cases and add the subjects of earlier lines, as far as the register does not have them."""
    work = known.work
    missing = [key for kind, _, key in earlier if kind == "case" and key and key not in known.cases]
    new = [{"reference": str(work.new_id()), "title": "-", "external_id": key} for key in missing]
    known.add_cases(cases.open_cases(work, new) if new else ())
    persons = [
        (known.cases[within].id, {"external_id": key, **said})
        for (kind, within, key), said in earlier.items()
        if kind == "subject" and within in known.cases and said
    ]
    held = {(one.case_id, one.external_id) for one in known.subjects({case_id for case_id, _ in persons})}
    fresh = [(case_id, said) for case_id, said in persons if (case_id, said["external_id"]) not in held]
    return {(one.case_id, one.external_id or ""): one for one in subjects.add_subjects(work, fresh)}
