"""The part of the worker that makes exports.

A portion of a case is one transaction in the name of the person who asked, with the rights that it has at that moment. The piece of
the file and the progress are committed together, so nothing is lost or doubled if the worker is killed.
"""

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy.exc import OperationalError

from coopapi.auth.authentication import as_account
from coopapi.cases.models import Case
from coopapi.cases.service import CaseIsFinal
from coopapi.directory.entries import find_authority
from coopapi.errors import Forbidden, NotFound, Unauthenticated
from coopapi.exports import pieces, selecting
from coopapi.exports.consents import conditions
from coopapi.exports.formats.common import About, Format
from coopapi.exports.formats.table import FORMATS
from coopapi.exports.lines import Portion, Terms
from coopapi.exports.models import KEPT, LARGEST, Export
from coopapi.exports.selecting import ConsentMissing, HiddenCaseNotExported
from coopapi.exports.selecting_facts import portion_of_facts
from coopapi.exports.service import left_out, tell, terms_of, words_of
from coopapi.exports.timelines import making as timelines
from coopapi.exports.timelines.choosing import Timeline
from coopapi.exports.wanting import wanted_of
from coopapi.store.db import Database, UnitOfWork
from coopapi.store.putting_off import TakenByAnotherWorker, tried
from coopapi.store.statements import Statement

_MOST_DELETED: Final = 100
_NEXT: Final = Statement("select * from priv.next_export()")
_STOP: Final = Statement("select priv.stop_export(:id, :reason)")
_DELETE: Final = Statement("select priv.delete_old_exports(:most)")
_log = logging.getLogger("coopapi.worker")


class TooLargeToExport(Exception):
    """The file of an export would be larger than it may be."""


def export_once(database: Database) -> bool:
    """Make the next portion of the export whose turn it is. Returns False if no export waits, or another worker is at it."""
    with database.worker() as session:
        found = _NEXT.first(session)
    if found is None:
        return False
    try:
        with tried(database, "exports", found.id, again=found.again, on=OperationalError):
            return _advance(database, found)
    except TakenByAnotherWorker:
        return False
    except ConsentMissing:
        _stop(database, found, "consent_missing")
    except (Unauthenticated, Forbidden, NotFound, CaseIsFinal, HiddenCaseNotExported):
        _stop(database, found, "rights_lost")
    except (TooLargeToExport, timelines.TooManyEntries):
        _stop(database, found, "too_large")
    except OperationalError:
        raise
    except Exception as fault:  # noqa: BLE001 (an export that cannot go on does not keep the others waiting)
        _log.error("an export cannot go on", extra={"export": str(found.id), "error": type(fault).__name__})
        _stop(database, found, "failed")
    return True


def delete_old(database: Database) -> bool:
    """Delete the files of exports whose time is over. Returns False if there were none."""
    with database.worker() as session:
        return bool(_DELETE.value(session, most=_MOST_DELETED))


def _stop(database: Database, found: Any, reason: str) -> None:
    with database.worker() as session:
        _STOP.rows(session, id=found.id, reason=reason)


def _locked(work: UnitOfWork, export_id: UUID) -> Export | None:
    """Lock an export that is not made yet, unless another worker is at it. Raises `NotFound` if its person lost the rights."""
    work.one(Export, export_id)
    query = work.all(Export).where(Export.id == export_id, Export.state.in_(("queued", "running")))
    locked: Export | None = work.session.scalar(query.with_for_update(skip_locked=True).execution_options(populate_existing=True))
    return locked


def _advance(database: Database, found: Any) -> bool:
    with as_account(database, found, f"export.{found.id}", purpose=found.purpose) as opened:
        work = opened.in_one_transaction()
        job = _locked(work, found.id)
        if job is None:
            raise TakenByAnotherWorker
        if work.actor.cleared != job.cleared:  # what is left out would tell of links to victims
            raise Forbidden
        cases = selecting.cases_of(work, job)
        job.state = "running"
        if job.stage == "entries":
            wanted = wanted_of(job, words_of(work, job)) or {}
            timelines.advance(Timeline(work, job, cases, terms_of(work, job), _about(work, job, cases), wanted))
        elif job.timeline is not None:
            _finish(work, job, timelines.counted(job))
        else:
            _STAGES[job.stage](Making(work, job, cases[0], terms_of(work, job), _about(work, job, cases), FORMATS[job.format]))
        if job.size > LARGEST:
            raise TooLargeToExport
        job.worked_at = work.now
    return True


def _about(work: UnitOfWork, job: Export, cases: Sequence[Case]) -> About:
    words = words_of(work, job)
    home = find_authority(work, job.authority_id)
    recipient = find_authority(work, job.recipient_id)
    return About(
        id=job.id,
        version=job.format_version,
        made_at=job.created_at,
        authority_id=job.authority_id,
        authority=home.name if home else "",
        country=home.country if home else None,
        recipient=recipient.name if recipient else f"{words['recipient_name']} ({job.recipient_country})",
        purpose=job.purpose,
        handling_code=job.handling_code,
        conditions=conditions(words["consents"], {str(case.id): case.reference for case in cases}),
    )


@dataclass(frozen=True, slots=True)
class Making:
    """An export that is being made."""

    work: UnitOfWork
    job: Export
    case: Case
    terms: Terms
    about: About
    form: Format

    def add(self, portion: Portion, before: bytes = b"") -> None:
        """Add a portion to the file, and count what it has and what it leaves out."""
        job, lines = self.job, portion.lines
        pieces.add(self.work, job, before + self.form.portion(self.about, portion))
        job.subjects += sum(line["type"] == "subject" for line in lines)
        job.identifiers += sum(line["type"] in ("identifier", "person") for line in lines)
        job.links += sum(len(line.get("subjects", ())) for line in lines if line["type"] != "fact")
        job.facts += sum(line["type"] == "fact" for line in lines)
        job.codes = sorted({*job.codes, *portion.codes})
        counted = Counter(job.left_out)
        counted.update({f"{what} {why}": n for (what, why), n in portion.left_out.items()})
        job.left_out = dict(counted)


def _of_case(making: Making) -> None:
    making.add(selecting.portion_of_case(making.case, making.terms), making.form.head(making.about))
    making.job.stage, making.job.after = "subjects", None


def _of_subjects(making: Making) -> None:
    portion, last = selecting.portion_of_subjects(making.work, making.job, making.case, making.terms)
    making.add(portion)
    making.job.stage, making.job.after = ("subjects", last) if last else ("identifiers", None)


def _of_identifiers(making: Making) -> None:
    portion, last = selecting.portion_of_identifiers(making.work, making.job, making.case, making.terms)
    making.add(portion)
    making.job.stage, making.job.after = ("identifiers", last) if last else ("facts", None)


def _of_facts(making: Making) -> None:
    portion, last = portion_of_facts(making.work, making.job, making.case, making.terms)
    making.add(portion)
    making.job.stage, making.job.after = ("facts", last) if last else ("end", None)


def _end(making: Making) -> None:
    work, job = making.work, making.job
    counts = {name: getattr(job, name) for name in ("subjects", "identifiers", "links", "facts")}
    said = {**counts, "handling_codes": job.codes, "left_out": left_out(job)}
    pieces.add(work, job, making.form.tail(making.about, said))
    _finish(work, job, said)


def _finish(work: UnitOfWork, job: Export, said: Mapping[str, Any]) -> None:
    """End an export whose file is complete."""
    job.digest = pieces.digest(work, job)
    job.state, job.ready_at, job.expires_at = "ready", work.now, work.now + KEPT
    tell(work, job, "made", **said, sha256=job.digest.hex())


_STAGES: Final = {
    "case": _of_case,
    "subjects": _of_subjects,
    "identifiers": _of_identifiers,
    "facts": _of_facts,
    "end": _end,
}
