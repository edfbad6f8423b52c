"""The part of the worker that stores imports.

A portion of lines is one transaction in the name of the client that sent them, with the rights that it has at that moment. Its
rows, the results of its lines and the progress of the import are committed together. So nothing is lost, and nothing is
done twice, if the worker is killed. What becomes of a line does not depend on what other cases hold. The time at which it is stored
does: while many changes wait for the worker that finds overlaps, also those of other authorities, all imports wait.
"""

import logging
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy.exc import OperationalError

from coopapi.access import Action
from coopapi.auth.authentication import as_account
from coopapi.errors import Forbidden, Unauthenticated
from coopapi.imports import staging
from coopapi.imports.ahead import Ahead, Staged, uncollected
from coopapi.imports.lines import SentLine, portion, read_lines
from coopapi.imports.models import COUNTERS, REPORTED, Import, ImportChunk
from coopapi.imports.portions import rehearse, store
from coopapi.store.db import Database, UnitOfWork, as_json
from coopapi.store.putting_off import TakenByAnotherWorker, tried
from coopapi.store.quotas import QuotaExceeded
from coopapi.store.statements import Statement, array

MOST_LINES: Final = 6000
"""How many lines one transaction stores. A staged piece seldom has more, so it is stored as a whole."""
_MOST_WAITING: Final = 2000
"""While so many changes of holdings wait for the worker that finds overlaps, no lines are stored."""
_MOST_FORGOTTEN: Final = 10_000
_TOO_SLOW: Final = "57014"
"""What PostgreSQL answers if a statement takes longer than it may. It is the fault of the lines, not of the connection."""
_NEEDED: Final = (
    Action.IMPORT_SEND, Action.CASE_OPEN, Action.CASE_EDIT, Action.SUBJECT_WRITE, Action.IDENTIFIER_WRITE, Action.FACT_WRITE,
)  # fmt: skip
_NEXT: Final = Statement("select * from priv.next_import(:most)")
_UNFINISHED: Final = Statement("select id from priv.unfinished_imports(cast(:ids as uuid[]))")
_STOP: Final = Statement("select priv.stop_import(:id, :reason)")
_FORGET: Final = Statement("select priv.forget_import_lines(:before, :most) as forgotten")
_REPORT: Final = Statement(
    "insert into import_lines (import_id, line, type, external_id, case_external_id, outcome, faults, sealed)"
    " select :id, u.line, u.type, u.key, u.within, u.outcome, cast(u.faults as jsonb), u.sealed"
    " from unnest(cast(:lines as bigint[]), cast(:types as text[]), cast(:keys as text[]), cast(:cases as text[]),"
    " cast(:outcomes as text[]), cast(:faults as text[]), cast(:sealed as bytea[]))"
    " u (line, type, key, within, outcome, faults, sealed)"
)
_log = logging.getLogger("coopapi.worker")


def import_once(database: Database, ahead: Ahead | None = None) -> bool:
    """Store the next lines of the import whose turn it is.

    Returns False if there is no import to continue now, or if another worker has it. `ahead` is the process that
    reads lines in advance, if there is one.
    """
    with database.worker() as session:
        found = _NEXT.first(session, most=_MOST_WAITING)
        if ahead and ahead.imports - {found and found.id}:
            unfinished = _UNFINISHED.rows(session, ids=array(ahead.imports))
            ahead.forget(ahead.imports - {row.id for row in unfinished})
    if found is None:
        return False
    reason = None
    try:
        with uncollected(), tried(database, "imports", found.id, again=found.again, on=OperationalError):
            return _store_next(Importer(database, found, ahead))
    except TakenByAnotherWorker:
        pass
    except (Unauthenticated, Forbidden):
        reason = "client_revoked"
    except OperationalError:
        raise
    except Exception as fault:  # noqa: BLE001 (an import that cannot go on does not keep the others waiting)
        _log.error("an import cannot go on", extra={"import": str(found.id), "error": type(fault).__name__})
        reason = "failed"
    if ahead:
        ahead.forget({found.id})
    if reason:
        _stop(database, found, reason)
    return reason is not None


class Importer(NamedTuple):
    """Stores lines of one import."""

    database: Database
    found: Any
    ahead: Ahead | None


def _store_next(importer: Importer) -> bool:
    """Store the next lines of an import, fewer than usual if a quota or a fault of one line prevents it.

    Raises `TakenByAnotherWorker` if another worker is at it.
    """
    most = MOST_LINES
    while True:
        try:
            return _advance(importer, most)
        except QuotaExceeded as fault:
            if most == 1:
                _wait(importer.database, importer.found, fault)
                return True
        except (Unauthenticated, Forbidden, TakenByAnotherWorker):
            raise
        except Exception as fault:
            if isinstance(fault, OperationalError) and getattr(fault.orig, "pgcode", None) != _TOO_SLOW:
                raise  # a line that cannot be stored, or only too slowly, does not keep the others waiting
            _log.error("lines cannot be stored together", extra={"import": str(importer.found.id), "error": type(fault).__name__})
            if most == 1:
                return _advance(importer, most, failed=True)
        most //= 2


def _stop(database: Database, found: Any, reason: str) -> None:
    with database.worker() as session:
        _STOP.rows(session, id=found.id, reason=reason)


def forget(database: Database) -> bool:
    """Delete old results of lines. Returns False if there are none."""
    with database.worker() as session:
        before = database.clock() - REPORTED
        return bool(_FORGET.one(session, before=before, most=_MOST_FORGOTTEN).forgotten)


def _open(database: Database, found: Any) -> Any:
    return as_account(database, found, f"import.{found.id}", purpose=found.purpose)


def _locked(work: UnitOfWork, import_id: UUID) -> Import | None:
    """Lock an import that has not ended, unless another worker is at it."""
    query = work.all(Import).where(Import.id == import_id, Import.ended_at.is_(None)).with_for_update(skip_locked=True)
    found: Import | None = work.session.scalar(query)
    return found


def _wait(database: Database, found: Any, fault: QuotaExceeded) -> None:
    """Let an import wait until the quota is reset."""
    seconds = max(quota.seconds for quota in fault.quotas if quota.exceeded)
    with _open(database, found) as work:
        if job := _locked(work, found.id):
            job.state, job.waits_until = "waiting_for_quota", work.now + timedelta(seconds=seconds)


def _advance(importer: Importer, most: int, *, failed: bool = False) -> bool:
    """Store the next lines of an import in one transaction. With `failed`, the next line is refused instead."""
    began = time.perf_counter()
    with _open(importer.database, importer.found) as opened:
        work = opened.in_one_transaction()
        for action in _NEEDED:
            work.require(action)
        job = _locked(work, importer.found.id)
        if job is None:
            raise TakenByAnotherWorker
        chunks = _chunks(work, job)
        if not chunks:
            _end(work, job)
            return True
        chunk, lines = chunks[0], _read(work, job, chunks, importer.ahead, most)
        taken = portion(lines)
        told: dict[int, bytes] = {}
        if failed:
            for line in taken:
                line.refuse("", "not_storable")
        elif job.dry_run:
            told = rehearse(work, job, taken)
        else:
            store(work, taken)
        if importer.ahead and taken:
            importer.ahead.values = sum(line.outcome == "unchanged" for line in taken) < len(taken) / 2
        _report(work, job, taken, told)
        _progress(work, job, chunk, taken, whole=len(taken) == len(lines) < most)
        job.worked += time.perf_counter() - began
    return True


def _chunks(work: UnitOfWork, job: Import) -> Sequence[ImportChunk]:
    """Return the staged piece with the next line, and the one after it."""
    query = work.all(ImportChunk).where(ImportChunk.import_id == job.id).order_by(ImportChunk.first_line).limit(2)
    return work.session.scalars(query).all()


def _read(work: UnitOfWork, job: Import, chunks: Sequence[ImportChunk], ahead: Ahead | None, most: int) -> list[SentLine]:
    """Return the next lines of an import, at most so many, and have those of the next piece read meanwhile."""
    unsealed = [partial(staging.unsealed, work, job, chunk) for chunk in chunks]
    if ahead is None:
        return read_lines(unsealed[0](), chunks[0].first_line, job.read, most, csv=job.format == "csv")
    places = [Staged(job.id, chunk.first_line, job.format == "csv") for chunk in chunks]
    for place, plain in zip(places, unsealed, strict=True):
        ahead.ask(place, plain, max(job.read, place.first_line - 1))
    return ahead.lines(places[0], unsealed[0], job.read, most)


def _report(work: UnitOfWork, job: Import, lines: Sequence[SentLine], told: Mapping[int, bytes]) -> None:
    """Store what became of lines, and count it. `told` is what later lines of a dry run have to know of them."""
    for outcome, count in Counter(line.outcome or "" for line in lines).items():
        setattr(job, COUNTERS[outcome], getattr(job, COUNTERS[outcome]) + count)
    if lines:
        said = [
            as_json([{name: fault[name] for name in ("pointer", "rule")} for fault in line.faults]) if line.faults else None
            for line in lines
        ]
        _REPORT.rows(
            work.session,
            id=job.id,
            lines=array(line.number for line in lines),
            types=array(line.type for line in lines),
            keys=array(line.external_id for line in lines),
            cases=array(line.case for line in lines),
            outcomes=array(line.outcome for line in lines),
            faults=array(said),
            sealed=array(told.get(line.number) for line in lines),
        )


def _progress(work: UnitOfWork, job: Import, chunk: ImportChunk, lines: Sequence[SentLine], *, whole: bool) -> None:
    """Note how far an import is. A piece is deleted when all its lines were processed."""
    last = chunk.first_line + chunk.lines - 1
    job.read = last if whole else lines[-1].number
    job.state, job.waits_until, job.worked_at = "running", None, work.now
    job.started_at = job.started_at or work.now
    if job.read == last:
        work.session.delete(chunk)
        work.session.flush()
    if job.read >= job.lines:
        _end(work, job)


def _end(work: UnitOfWork, job: Import) -> None:
    job.end(work.now, "finished")
    staging.forget_told(work, job)
    work.note("import.finished", job, event=True, dry_run=job.dry_run, **job.counted)
