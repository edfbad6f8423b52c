"""Receiving a file, and showing what became of it."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, delete

from coopapi.errors import Conflict, Unprocessable, UnsupportedMedia, broken
from coopapi.imports import staging
from coopapi.imports.mapping import as_lines, read_mapping
from coopapi.imports.models import Import, ImportChunk, ImportLine
from coopapi.imports.staging import BrokenFile
from coopapi.store import quotas, vault
from coopapi.store.db import UnitOfWork
from coopapi.store.rows import matching
from coopapi.store.statements import Statement

_FORMATS: Mapping[str, str] = {"application/x-ndjson": "ndjson", "text/csv": "csv"}
_WAIT_LONGER: Final = Statement("set local lock_timeout = '14s'")
"""Lets a transaction wait as long for the lines that are being stored as a statement may take."""


class ImportHasEnded(Conflict):
    """The import has ended, so it cannot be stopped.

    Read its report. What it stored can be withdrawn by lines of the type `withdrawal`.
    """


def receive(work: UnitOfWork, stream: Any, media_type: str, wanted: Mapping[str, Any], *, compressed: bool) -> Import:
    """Stage a file for the worker, and tell the quotas of which it will use. Nothing is staged if it cannot be read to its end.

    Raises `UnsupportedMedia`, `Unprocessable` for the mapping, `BrokenFile` and `FileTooLarge`.
    """
    if media_type not in _FORMATS:
        raise UnsupportedMedia("Send the file as application/x-ndjson or text/csv.")
    pieces = staging.read_pieces(stream)
    plain = staging.unmarked(staging.limited(staging.decompressed(pieces) if compressed else pieces))
    if media_type == "text/csv":
        plain = as_lines(plain, read_mapping(wanted.get("mapping")))
    elif "mapping" in wanted:
        raise Unprocessable(errors=[broken("/mapping", "csv_only", "Only a CSV file has a mapping.", "query")])
    job_id = work.new_id()
    wrapped, key = vault.new_key(work, Import.__kind__, job_id)
    job = work.add(
        Import(
            id=job_id,
            authority_id=work.actor.authority_id,
            principal_id=work.actor.id,
            role=work.actor.role,
            purpose=work.purpose,
            format=_FORMATS[media_type],
            dry_run=wanted.get("dry_run") == "true",
            state="queued",
            lines=0,
            wrapped=wrapped,
            created_at=work.now,
        )
    )
    lines = staging.stage(work, key, job_id, staging.cut(plain))
    if not lines:
        raise BrokenFile("The file is empty.")
    job = work.one(Import, job_id)
    job.lines = lines
    work.note("import.received", job, event=True, lines=lines, dry_run=job.dry_run)
    work.quotas[:] = quotas.present(work.session)
    return job


def stop(work: UnitOfWork, import_id: UUID) -> Import:
    """End an import before all its lines were read. What was stored stays, and the rest of the file is deleted.

    If lines are being stored, this waits until they are, at most 14 seconds. Raises `NotFound` and `ImportHasEnded`.
    """
    _WAIT_LONGER.rows(work.session)
    job = work.one(Import, import_id, lock=True)
    if job.ended_at is not None:
        raise ImportHasEnded
    job.end(work.now, "stopped", "asked")
    work.session.execute(delete(ImportChunk).where(ImportChunk.import_id == job.id))
    staging.forget_told(work, job)
    work.note("import.cancelled", job, event=True, dry_run=job.dry_run, **job.counted)
    return job


def listed(work: UnitOfWork, wanted: Mapping[str, Any]) -> Select[Any]:
    """Select the imports that the caller sees."""
    return matching(work.all(Import), wanted, state=Import.state)


def lines_of(work: UnitOfWork, import_id: UUID, wanted: Mapping[str, Any]) -> Select[Any]:
    """Select the lines of an import. Raises `NotFound` if the caller does not see the import."""
    job = work.one(Import, import_id)
    return matching(work.all(ImportLine).where(ImportLine.import_id == job.id), wanted, outcome=ImportLine.outcome)
