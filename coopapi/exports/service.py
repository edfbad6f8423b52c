"""Asking for exports, approving them, and downloading their files."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from math import ceil
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, or_, true

from coopapi.approvals import service as approvals
from coopapi.approvals.models import Approval
from coopapi.cases.models import Case
from coopapi.directory.codelists import member_states
from coopapi.directory.entries import authorities_of, known_authority
from coopapi.directory.models import Authority
from coopapi.directory.rights import ChangedSince
from coopapi.errors import Conflict, Forbidden, TooMany, Unprocessable, fault
from coopapi.exports import consents, pieces, wanting
from coopapi.exports.formats.table import EVERY
from coopapi.exports.lines import Terms
from coopapi.exports.models import Export
from coopapi.exports.selecting import cases_of
from coopapi.exports.timelines.table import DRAWN, TIMELINES
from coopapi.shared.days import latest_day
from coopapi.store import vault
from coopapi.store.db import UnitOfWork
from coopapi.store.rows import matching
from coopapi.store.statements import Statement
from coopapi.typesetting import typst

KIND: Final = "export"
MOST_A_DAY: Final = 100
"""How many exports one person may ask for in 24 hours."""
_DAY: Final = timedelta(days=1)
MOST_AT_ONCE: Final = 16 * 1024 * 1024
"""The most bytes that one answer has."""
_LATEST: Final = Statement("select asked_at from priv.latest_exports(:most)")
_APPLY: Final = Statement("select priv.apply_export(:id)")
_REFUSE: Final = Statement("select priv.refuse_export(:id)")


class ExportNotReady(Conflict):
    """The file of the export cannot be downloaded: it is not made yet, or it was deleted.

    `state` is the state of the export. Files are deleted seven days after they were made; ask for a new export then.
    """


class TooManyExports(TooMany):
    """You have asked for as many exports as one person may in a day.

    Wait for the number of seconds in `Retry-After`. Many exports at once are a matter for the operator.
    """


class TooLargeForOneAnswer(Conflict):
    """The file is too large for one answer.

    Ask for parts of it with the header `Range`, such as `bytes=0-16777215`. `size` is the size of the whole file.
    """


def ask(work: UnitOfWork, data: Mapping[str, Any]) -> Export:
    """Ask for an export. It is made afterwards, or when a second person has approved that it leaves the Member States.

    Raises `Forbidden` for a machine client, for victims without clearance, and for the case of another authority that is to be
    passed on; `Unprocessable` for a missing consent; `PdfNotInstalled` for a drawing; and the errors of `cases_of`.
    """
    work.require_person()
    _require_few(work)
    if data["format"] in DRAWN:
        typst.require()
    recipient = _recipient(work, data["recipient"])
    country = recipient.country if recipient else data["recipient"]["country"]
    victims = data.get("victims", False)
    if victims and not work.actor.cleared:
        raise Forbidden("An export with data about victims needs clearance for evidence about victims.")
    data = {**data, **wanting.cases_of_thing(work, data)}
    job = _new(work, data, recipient, four_eyes=_leaves(work, recipient, country), victims=victims)
    job.recipient_country = country
    cases = cases_of(work, job)
    _check_cases(work, cases, job, data)
    work.add(job)
    if job.four_eyes:
        approvals.ask(work, KIND, job.authority_id, (job.id, job.version), _to_approve(job))
    tell(work, job, "asked", waits=job.four_eyes)
    return job


def _to_approve(job: Export) -> dict[str, Any]:
    """Return what the second person is told: every case of the file, what of a timeline is in it, and for whom it is.

    Of whom or what the entries are is shown with the export itself, to those who see it.
    """
    also = [str(one) for one in job.also_case_ids]
    of_timeline = {"also_case_ids": also, "timeline": wanting.without_ids(job.timeline)} if job.timeline else {}
    to = {"recipient_id": job.recipient_id, "country": job.recipient_country}
    return {"case_id": str(job.case_id), **of_timeline, "format": job.format, **to, "victims": job.victims}


def _require_few(work: UnitOfWork) -> None:
    """Raise `TooManyExports` if the person has asked for as many exports in the last 24 hours as it may."""
    asked = _LATEST.rows(work.session, most=MOST_A_DAY)
    if len(asked) >= MOST_A_DAY:
        raise TooManyExports(retry_after=ceil((asked[-1].asked_at + _DAY - work.now).total_seconds()))


def _recipient(work: UnitOfWork, said: Mapping[str, Any]) -> Authority | None:
    return known_authority(work, said["authority_id"], "/recipient/authority_id") if "authority_id" in said else None


def _leaves(work: UnitOfWork, recipient: Authority | None, country: str | None) -> bool:
    """Tell whether an export goes to somebody else than an authority of a Member State of the Union in the directory."""
    if recipient is not None and recipient.id == work.actor.authority_id:
        return False
    return recipient is None or country not in member_states() or recipient.type == "service_provider"


def _new(work: UnitOfWork, data: Mapping[str, Any], recipient: Authority | None, *, four_eyes: bool, victims: bool) -> Export:
    made = work.new_id()
    words = {"recipient_name": data["recipient"].get("name"), "reason": data["reason"], "consents": consents.stored(data)}
    words |= wanting.sealed(data)
    return Export(
        id=made,
        authority_id=work.actor.authority_id,
        principal_id=work.actor.id,
        role=work.actor.role,
        purpose=data["purpose"],
        case_id=data["case_id"],
        also_case_ids=data.get("also_case_ids", []),
        timeline=wanting.stored(data) if data["format"] in TIMELINES else None,
        stage="entries" if data["format"] in TIMELINES else "case",
        format=data["format"],
        format_version=EVERY[data["format"]].version,
        recipient_id=recipient.id if recipient else None,
        handling_code=data.get("handling_code", "H0"),
        victims=victims,
        cleared=work.actor.cleared,
        four_eyes=four_eyes,
        words=vault.seal(vault.kind_key(work, KIND), words, made),
        state="waiting_for_approval" if four_eyes else "queued",
        wrapped=vault.new_key(work, KIND, made)[0],
        created_at=work.now,
    )


def _check_cases(work: UnitOfWork, cases: Sequence[Case], job: Export, data: Mapping[str, Any]) -> None:
    """Raise the problem that keeps the cases from being exported to the recipient."""
    faults = consents.faults(job, data, latest_day(work.now))
    if faults:
        raise Unprocessable(errors=faults)
    if job.recipient_id == work.actor.authority_id:
        return
    terms = terms_of(work, job)
    if any(terms.needs_consent(case.id, case.handling_code) for case in cases):
        detail = "A case has the handling code H2 or H3. Record the consent of its originator, for this case, in `consents`."
        raise fault("/consents", "consent", detail)


def words_of(work: UnitOfWork, job: Export) -> dict[str, Any]:
    """Decrypt the recipient's name, the reason and the consents of an export, each with its case."""
    words = vault.unseal(vault.kind_key(work, KIND), job.words, job.id)
    return {**words, "consents": [{"case_id": str(job.case_id), **one} for one in words.get("consents", ())]}


def terms_of(work: UnitOfWork, job: Export) -> Terms:
    """Return what may be exported."""
    consented = frozenset((UUID(one["case_id"]), one["handling_code"]) for one in words_of(work, job)["consents"])
    internal = job.recipient_id == job.authority_id
    return Terms(job.victims, job.cleared, job.handling_code, consented, internal)


def tell(work: UnitOfWork, job: Export, act: str, **detail: Any) -> None:
    """Write an act about an export to the journal, for each of its cases.

    Only cleared people see it if the person who asked is cleared.
    """
    about: dict[str, Any] = {
        "format": job.format,
        "recipient": str(job.recipient_id) if job.recipient_id else None,
        "country": job.recipient_country,
    }
    for case_id in job.case_ids:
        work.note(f"export.{act}", job, case_id=case_id, event=True, **about, victims=job.victims, purpose=job.purpose, **detail)
        work.notes[-1]["victims_only"] = job.cleared


def apply(work: UnitOfWork, approval: Approval) -> None:
    """Let an approved export be made. Raises `ChangedSince` if it no longer waits."""
    if not _APPLY.value(work.session, id=approval.id):
        raise ChangedSince
    tell(work, work.one(Export, approval.object_id), "approved")


def dismiss(work: UnitOfWork, approval: Approval) -> None:
    """End an export that was not approved."""
    job = work.one(Export, approval.object_id)
    _REFUSE.rows(work.session, id=approval.id)
    tell(work, job, "refused")


def listed(work: UnitOfWork, wanted: Mapping[str, Any]) -> Select[Any]:
    """Select the exports that the caller sees."""
    query = matching(work.all(Export), wanted, state=Export.state)
    of_case = (
        or_(Export.case_id == wanted["case_id"], Export.also_case_ids.contains([wanted["case_id"]]))
        if "case_id" in wanted
        else true()
    )
    return query.where(of_case)


def show(work: UnitOfWork, rows: Sequence[Export]) -> list[dict[str, Any]]:
    """Return exports with their recipients, reasons, consents and what was left out."""
    named = authorities_of(work, {row.recipient_id for row in rows if row.recipient_id})
    return [{**row.shown(), **_words(work, row, named)} for row in rows]


def _words(work: UnitOfWork, row: Export, named: Mapping[UUID, Authority]) -> dict[str, Any]:
    words = words_of(work, row)
    known = named.get(row.recipient_id) if row.recipient_id else None
    return {
        "recipient": {
            "authority_id": row.recipient_id,
            "name": known.name if known else words.get("recipient_name"),
            "country": row.recipient_country,
        },
        "reason": words["reason"],
        "consents": words["consents"],
        "timeline": wanting.wanted_of(row, words),
        "handling_codes": row.codes,
        "sha256": bytes(row.digest).hex() if row.digest else None,
        "left_out": left_out(row),
    }


def left_out(row: Export) -> list[dict[str, Any]]:
    """Return what was left out so far, and why."""
    return [
        {"what": what, "why": why, "count": n}
        for (what, _, why), n in ((key.partition(" "), n) for key, n in sorted(row.left_out.items()))
    ]


def content(work: UnitOfWork, export_id: UUID, wanted: tuple[int | None, int | None] | None) -> tuple[Export, int, bytes]:
    """Return an export, where the wanted part of its file begins, and the bytes of the part.

    The rights are checked as they are now. `wanted` are the first byte and the one after the last as in a `Range`, or None for all.
    Raises `NotFound` for an export that the caller does not see, `Forbidden` for one that another person asked for,
    `ExportNotReady`, `TooLargeForOneAnswer`, and the errors of `cases_of`.
    """
    job = work.one(Export, export_id)
    if job.principal_id != work.actor.id:
        raise Forbidden("Only the person who asked for an export downloads it.")
    cases_of(work, job)
    if job.state != "ready" or job.expires_at is None or job.expires_at <= work.now:
        raise ExportNotReady(state="deleted" if job.state == "ready" else job.state)
    first, last = _part(job, wanted)
    body = b"".join(pieces.read(work, job, first, last))
    if len(body) != max(0, last - first + 1):  # the worker deletes it at this moment
        raise ExportNotReady(state="deleted")
    tell(work, job, "downloaded", first=first, last=last)
    return job, first, body


def _part(job: Export, wanted: tuple[int | None, int | None] | None) -> tuple[int, int]:
    """Return the first and the last byte of a part, at most `MOST_AT_ONCE` of them."""
    if wanted is None:
        if job.size > MOST_AT_ONCE:
            raise TooLargeForOneAnswer(size=job.size)
        return 0, job.size - 1
    first, stop = wanted
    first = max(0, job.size + first) if first is not None and first < 0 else first or 0
    last = min(stop or job.size, job.size, first + MOST_AT_ONCE) - 1
    return first, last
