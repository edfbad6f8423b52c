"""Receiving a file, and showing what became of it."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Select

from coopapi.errors import UnsupportedMedia
from coopapi.imports import staging
from coopapi.imports.mapping import as_lines, read_mapping
from coopapi.imports.models import Import, ImportLine
from coopapi.imports.staging import BrokenFile
from coopapi.store import quotas, vault
from coopapi.store.db import UnitOfWork
from coopapi.store.rows import matching

_FORMATS: Mapping[str, str] = {"application/x-ndjson": "ndjson", "text/csv": "csv"}


def receive(work: UnitOfWork, stream: Any, media_type: str, wanted: Mapping[str, Any], *, compressed: bool) -> Import:
    """Stage a file for the worker, and tell the quotas of which it will use. Nothing is staged if it cannot be read to its end.

    Raises `UnsupportedMedia`, `BrokenFile` and `FileTooLarge`.
    """
    if media_type not in _FORMATS:
        raise UnsupportedMedia("Send the file as application/x-ndjson or text/csv.")
    pieces = staging.read_pieces(stream)
    plain = staging.limited(staging.decompressed(pieces) if compressed else pieces)
    if media_type == "text/csv":
        plain = as_lines(plain, read_mapping(wanted.get("mapping")))
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


def listed(work: UnitOfWork, wanted: Mapping[str, Any]) -> Select[Any]:
    """Select the imports that the caller sees."""
    return matching(work.all(Import), wanted, state=Import.state)


def lines_of(work: UnitOfWork, import_id: UUID, wanted: Mapping[str, Any]) -> Select[Any]:
    """Select the lines of an import. Raises `NotFound` if the caller does not see the import."""
    job = work.one(Import, import_id)
    return matching(work.all(ImportLine).where(ImportLine.import_id == job.id), wanted, outcome=ImportLine.outcome)
