"""Create and change drafts of requests.

A draft may reuse an earlier request. A request that was received from an authority outside this register is entered here too.
"""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from coopapi.cases import service as cases
from coopapi.directory.entries import known_authority
from coopapi.errors import Conflict, fault
from coopapi.instruments import own as own_instruments
from coopapi.mla import authorization, measures, moments, notifications, stages, statistical_codes
from coopapi.mla.acts import Act
from coopapi.mla.authorization import Taken
from coopapi.mla.models import Request
from coopapi.overlaps import presentation
from coopapi.shared import parties
from coopapi.shared.lifecycle import IllegalMove, Side
from coopapi.store.db import UnitOfWork
from coopapi.store.vault import key_of, seal, unseal
from coopapi.unicode_text import fold_reference

_COLUMNS = {
    "instrument": "instrument",
    "executing_authority": "executing_id",
    "executing_country": "executing_country",
    "enforcing_authority": "enforcing_id",
    "overlap_id": "overlap_id",
    "jit_id": "jit_id",
    "foreign_reference": "foreign_reference",
    "urgency": "urgency",
    "emergency_ground": "emergency_ground",
    "language": "language",
    "acknowledged_notices": "notices",
}
_NOT_CARRIED_OUT = frozenset({"partly_executed", "partly_transferred", "not_executed", "declined"})


class RequestReferenceTaken(Conflict):
    """Your authority already has a request with this reference.

    Use the request that `existing` names, or choose another reference for the new request.
    """


def begin(work: UnitOfWork, data: Mapping[str, Any]) -> Request:
    """Create a draft, or enter a request that was received from an authority that does not use this register."""
    incoming = data.get("incoming")
    authorization.require_on_duty(work, data["kind"], data.get("urgency", "routine"))
    asks = incoming["requesting_authority"] if incoming else work.actor.authority_id
    _check_reference(work, asks, data["reference"])
    if data.get("case_id"):
        case = cases.changeable(work, data["case_id"])
        if not incoming and case.authority_id != asks:
            raise fault("/case_id", "own_case", "The case belongs to another authority. Name a case of your own authority.")
    previous, content, wanted = _reused(work, data)
    request_id = work.new_id()
    side = Side.EXECUTING if incoming else Side.REQUESTING
    parties.admit(work, request_id, work.actor.authority_id, side, case_id=data.get("case_id"))
    request = parties.new_object(work, Request, request_id, content, requesting_id=asks, **_columns(work, data))
    if previous:
        request.previous_id, request.relation = previous.id, data["previous"]["relation"]
    if incoming:
        _enter(work, request, incoming)
    _set(work, request, data)
    statistical_codes.set_of_draft(work, request, content, wanted)
    work.add(request)
    measures.write(work, request, key_of(work, request), wanted)
    if incoming:
        _announce(work, request, incoming["recorded"])
    else:
        stages.enter(work, request, work.now, None)
        work.note("request.drafted", request, case_id=request.case_id, event=True, kind=request.kind)
    return request


def _announce(work: UnitOfWork, request: Request, recorded: Mapping[str, Any]) -> None:
    """Record when the authority outside this register sent its request, and start the deadlines."""
    taken = Taken(Side.REQUESTING, request.requesting_id, recorded["at"], recorded)
    time_id = moments.state(work, request, "transmit", taken)
    notifications.step(work, request, Act("transmit", taken, {}, time_id=time_id))


def _columns(work: UnitOfWork, data: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "maker_id": work.actor.authority_id,
        "reference": data["reference"],
        "kind": data["kind"],
        "case_id": None if data.get("incoming") else data.get("case_id"),
        "state": "transmitted" if data.get("incoming") else "draft",
        "urgency": "routine",
        "notices": [],
        "grounds": [],
        "path_countries": [],
        **statistical_codes.AT_FIRST,
    }


def _check_reference(work: UnitOfWork, asks: UUID, reference: str) -> None:
    same = Request.reference_folded == fold_reference(reference)
    taken = work.all(Request).where(Request.maker_id == work.actor.authority_id, Request.requesting_id == asks, same)
    if found := work.session.scalar(taken):
        raise RequestReferenceTaken(existing=f"/api/v1/mla-requests/{found.id}")


def _enter(work: UnitOfWork, request: Request, incoming: Mapping[str, Any]) -> None:
    """Fill in a request from an authority outside this register; the caller's authority is the addressee.

    Raises `Unprocessable` if that authority uses this register, does not exist, or is said to have sent it in the future.
    """
    if incoming["requesting_authority"] == work.actor.authority_id or parties.has_users(work, incoming["requesting_authority"]):
        raise fault(
            "/incoming/requesting_authority", "joined", "This authority uses the register and must send its requests itself."
        )
    known_authority(work, incoming["requesting_authority"], "/incoming/requesting_authority")
    if incoming["recorded"]["at"] > work.now:
        raise fault("/incoming/recorded/at", "order_of_time", "The date must not be in the future.")
    request.executing_id, request.executing_country = work.actor.authority_id, work.actor.country
    request.transmitted_at = incoming["recorded"]["at"]


def _reused(work: UnitOfWork, data: Mapping[str, Any]) -> tuple[Request | None, Mapping[str, Any], list[Mapping[str, Any]]]:
    """Return the earlier request, the content and the measures of a new draft.

    With `reuse`, the content is that of the earlier request with the given fields replaced. Unless measures are given, those that
    were not fully carried out are requested again.
    """
    content, wanted = data.get("content", {}), data.get("measures", [])
    if not (earlier := data.get("previous")):
        return None, content, wanted
    previous = work.one(Request, earlier["request_id"])
    if earlier.get("reuse"):
        authorization.require_requesting(work, previous, "Only the requesting side may copy the content of a request.")
        key = key_of(work, previous)
        content = {**unseal(key, previous.sealed, previous.id), **content}
        rows = measures.of_request(work, previous.id)
        left = [row for row in rows if row.state in _NOT_CARRIED_OUT] or rows
        again = [{"code": row.code, **_asked_again(measures.asked(key, row))} for row in left]
        if earlier["relation"] == "after_preservation" and data["kind"] not in {"preservation", "epoc_pr"}:
            content = {name: said for name, said in content.items() if name != "preservation"}
            again = [one for measure in again for one in _produced(measure)]
        wanted = wanted or again
    return previous, content, wanted


def _asked_again(asked: Mapping[str, Any]) -> dict[str, Any]:
    sought = [{k: v for k, v in one.items() if k != "identifier_id"} for one in asked.get("identifiers", ())]
    return {**asked, "identifiers": sought}


_PRODUCES: Final[Mapping[str, str]] = {"identify_user_only": "identification"}
"""The measure that obtains a category of data, if it has another name."""


def _produced(measure: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what asks for the data that a measure preserved: one measure for each category of data.

    A preservation that named no category yields none, because which data are wanted must be said.
    """
    if measure["code"] != "preservation":
        return [dict(measure)]
    return [
        {**measure, "code": _PRODUCES.get(name, name), "data_categories": [name]} for name in measure.get("data_categories", ())
    ]


def _set(work: UnitOfWork, request: Request, data: Mapping[str, Any]) -> None:
    """Set the given columns; raise `Unprocessable` for a reference to something that does not exist."""
    for name, column in _COLUMNS.items():
        if name in data and not (request.state != "draft" and name.startswith("executing")):
            setattr(request, column, data[name])
    if data.get("instrument") and data["instrument"] not in {one.code for one in own_instruments.every(work)}:
        raise fault("/instrument", "unknown", "The value is not a code of `/instruments`.")
    _check_addressees(work, request)
    if request.urgency == "emergency" and not request.emergency_ground:
        raise fault("/emergency_ground", "listed_ground", "An emergency needs a ground of the codelist emergency_grounds.")
    if data.get("jit_id") and not parties.parts(work, data["jit_id"]):
        raise fault("/jit_id", "unknown", "There is no team with this id in which you take part.")
    if data.get("overlap_id"):
        presentation.one_overlap(work, data["overlap_id"])


def _check_addressees(work: UnitOfWork, request: Request) -> None:
    """Raise `Unprocessable` unless the addressee and the notified authority exist and are two different other authorities."""
    if request.executing_id:
        addressee = known_authority(work, request.executing_id, "/executing_authority")
        request.executing_country = addressee.country or request.executing_country
    if request.enforcing_id:
        known_authority(work, request.enforcing_id, "/enforcing_authority")
    if request.enforcing_id in {request.requesting_id, request.executing_id} - {None}:
        raise fault(
            "/enforcing_authority", "third", "The notified authority must be neither the requesting nor the executing authority."
        )
    if request.executing_id == request.requesting_id:
        raise fault("/executing_authority", "oneself", "The addressee must be another authority than your own.")


def change(work: UnitOfWork, request_id: UUID, version: int, data: Mapping[str, Any]) -> Request:
    """Change a draft. Raises `IllegalMove` once the request has left the state `draft`."""
    request = work.one(Request, request_id)
    authorization.require_requesting(work, request, "Only the requesting side may change a draft.")
    request = work.one(Request, request_id, version=version, lock=True)
    authorization.require_on_duty(work, request.kind, data.get("urgency", request.urgency))
    if request.state != "draft":
        allowed = [move.event for move in request.rules.life.leaving(request.state)]
        raise IllegalMove("Only a draft can be changed. Take the step `revise` first.", state=request.state, allowed=allowed)
    sealer = key_of(work, request)
    _set(work, request, data)
    if "content" in data:
        request.sealed = seal(sealer, data["content"], request.id)
    statistical_codes.set_of_draft(work, request, data.get("content"), data.get("measures"))
    if "measures" in data:
        measures.write(work, request, sealer, data["measures"])
    request.updated_at = work.now
    work.note("request.changed", request, case_id=request.case_id, fields=sorted(data), event=True)
    return request


def link(work: UnitOfWork, request_id: UUID, data: Mapping[str, Any]) -> Request:
    """Link the caller's side of a request to one of its cases. From then on only people who may read that case see the request."""
    request = work.one(Request, request_id)
    own = parties.acting_parts(work, request.id)
    if not own:
        raise authorization.WrongSide("Only a side that acts in a request may link it to a case.")
    case_id: UUID = data["case_id"]
    case = cases.changeable(work, case_id)
    if request.case_id is None and request.requesting_id == work.actor.authority_id == case.authority_id:
        request.case_id = case_id
    for part in own:
        parties.admit(work, request.id, work.actor.authority_id, Side(part.side), case_id=case_id, until=part.until)
    work.note("request.linked", request, case_id=case_id, event=True)
    return request


def add_party(work: UnitOfWork, request_id: UUID, data: Mapping[str, Any]) -> Request:
    """Give another authority of the same country a part on the caller's side: to validate, transmit, execute, or only read."""
    request = work.one(Request, request_id)
    own = parties.acting_parts(work, request.id)
    if not own:
        raise authorization.WrongSide("Only a side that acts in a request may add authorities.")
    other = known_authority(work, data["authority_id"], "/authority_id")
    if other.country not in {None, work.actor.country}:
        raise fault("/authority_id", "same_country", "You may only add authorities of your own country to your side.")
    if data["authority_id"] in {work.actor.authority_id, request.requesting_id, request.executing_id, request.enforcing_id}:
        raise fault("/authority_id", "has_part", "This authority already takes part.")
    side, acting = Side(own[0].side), data.get("acting", True)
    parties.admit(work, request.id, data["authority_id"], side, acting=acting, until=data.get("until"))
    case_id = own[0].case_id
    work.note("request.shared", request, case_id=case_id, event=True, to=str(data["authority_id"]), acting=acting)
    return request
