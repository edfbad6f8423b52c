"""The measures of a request: what is requested, about which identifiers, and whether it was requested before."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select

from coopapi.cases.models import Identifier
from coopapi.errors import Unprocessable, broken
from coopapi.identifiers import kinds
from coopapi.identifiers.kinds import Context, ImpossibleValue
from coopapi.identifiers.service import open_values
from coopapi.mla import issuing
from coopapi.mla.models import Measure, Request
from coopapi.store.db import UnitOfWork
from coopapi.store.together import grouped, together
from coopapi.store.vault import SealKey, seal, unseal


class UnreadableIdentifier(Unprocessable):
    """An identifier of a measure is not valid, or it does not belong to your case.

    Correct the value that `errors` points to, or name an identifier of the case to which the request belongs.
    """


def write(work: UnitOfWork, request: Request, sealer: SealKey, wanted: Sequence[Mapping[str, Any]]) -> None:
    """Replace the measures of a draft with the given ones, each sealed with the identifiers that it is about.

    Raises `UnreadableIdentifier` for an impossible value and for an identifier that is not in the case.
    """
    work.session.execute(delete(Measure).where(Measure.request_id == request.id))
    held = _held(work, request, wanted)
    for place, measure in enumerate(wanted):
        asked = dict(measure)
        asked["identifiers"] = [_sought(held, s, place, n) for n, s in enumerate(measure.get("identifiers", ()))]
        row_id = work.new_id()
        work.session.add(
            Measure(
                id=row_id,
                request_id=request.id,
                place=place,
                code=asked["code"],
                data_categories=sorted(issuing.data_of(asked)),
                sealed=seal(sealer, {k: v for k, v in asked.items() if k != "code" and v != []}, row_id),
                tokens=sorted({_token(work, sought) for sought in asked["identifiers"]}),
                grounds=[],
                conditions=[],
            )
        )
    work.session.flush()


def _held(work: UnitOfWork, request: Request, wanted: Sequence[Mapping[str, Any]]) -> dict[UUID, dict[str, Any]]:
    """Return the case identifiers that the measures name, decrypted, because the request carries the values themselves."""
    ids = {s["identifier_id"] for m in wanted for s in m.get("identifiers", ()) if "identifier_id" in s}
    if not ids or request.case_id is None:
        return {}
    query = work.all(Identifier).where(
        Identifier.case_id == request.case_id, Identifier.id.in_(ids), Identifier.withdrawn_at.is_(None)
    )
    rows = work.session.scalars(query).all()
    opened = open_values(work, rows)
    return {
        row.id: {"kind": row.kind, "value": opened[row.id]["value"], "context": opened[row.id].get("context") or {}}
        for row in rows
        if opened.get(row.id, {}).get("value")
    }


def _sought(held: Mapping[UUID, dict[str, Any]], sought: Mapping[str, Any], place: int, number: int) -> dict[str, Any]:
    """Return one identifier as the request carries it; raise `UnreadableIdentifier` if it is impossible or unknown."""
    pointer = f"/measures/{place}/identifiers/{number}"
    if "identifier_id" in sought:
        if sought["identifier_id"] not in held:
            detail = "The case of the request has no identifier with this id that you may send."
            raise UnreadableIdentifier(errors=[broken(f"{pointer}/identifier_id", "held", detail)])
        return {"identifier_id": str(sought["identifier_id"]), **held[sought["identifier_id"]]}
    try:
        kinds.read(sought["kind"], sought["value"], _context(sought))
    except ImpossibleValue as fault:
        where = f"{pointer}/{fault.field.replace('.', '/')}"
        raise UnreadableIdentifier(errors=[broken(where, fault.rule, fault.detail)]) from None
    return dict(sought)


def _context(sought: Mapping[str, Any]) -> Context:
    context = dict(sought.get("context") or {})
    if isinstance(context.get("observed_at"), str):
        context["observed_at"] = datetime.fromisoformat(context["observed_at"])
    return Context(**context)


def _token(work: UnitOfWork, sought: Mapping[str, Any]) -> bytes:
    """Return a keyed digest of a value, used only to find the same value in other requests."""
    key = kinds.read(sought["kind"], sought["value"], _context(sought)).keys[0]
    return work.keys.mac("mla-identifiers", f"{key.family}|{key.text}".encode())


@together
def _of_requests(work: UnitOfWork, request_ids: Sequence[UUID]) -> dict[UUID, list[Measure]]:
    return grouped(
        request_ids,
        work.session.scalars(work.all(Measure).where(Measure.request_id.in_(request_ids)).order_by(Measure.place)),
        lambda row: row.request_id,
    )


def of_request(work: UnitOfWork, request_id: UUID) -> Sequence[Measure]:
    """Return the measures of a request, in their order."""
    return _of_requests(work, request_id)


def seen(work: UnitOfWork, request_id: UUID) -> Sequence[Measure]:
    """Return the measures of a request; raise `NotFound` if the caller does not see it."""
    return of_request(work, work.one(Request, request_id).id)


def asked(sealer: SealKey, measure: Measure) -> dict[str, Any]:
    """Decrypt and return what a measure requests."""
    return unseal(sealer, measure.sealed, measure.id)


def asked_before(work: UnitOfWork, request: Request, rows: Sequence[Measure]) -> list[UUID]:
    """Return earlier requests of the caller's side to the same addressee for the same measure about the same identifier."""
    found: list[UUID] = []
    same_addressee = (
        Request.executing_id == request.executing_id
        if request.executing_id
        else Request.executing_country == request.executing_country
    )
    for row in rows:
        if row.tokens:
            same = select(Measure.request_id).where(Measure.code == row.code, Measure.tokens.overlap(row.tokens))
            query = work.all(Request).where(
                Request.id.in_(same),
                Request.id != request.id,
                Request.requesting_id == request.requesting_id,
                same_addressee,
                Request.transmitted_at.is_not(None),
            )
            found += [earlier.id for earlier in work.session.scalars(query.limit(20))]
    return list(dict.fromkeys(found))
