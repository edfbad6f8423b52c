"""Sending a request: to whom it goes, how, and what begins with it (Budapest Art. 25(3), 27, 35; EIO Art. 7)."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from coopapi.access import Action
from coopapi.contacts import service as contacts
from coopapi.errors import Conflict, Unprocessable
from coopapi.mla import authorization, notifications, readiness
from coopapi.mla.models import Request, Transmission
from coopapi.mla.notifications import Act
from coopapi.shared import parties
from coopapi.shared.lifecycle import Side, Transition
from coopapi.store.db import UnitOfWork


class NotSentYet(Conflict):
    """A request is confirmed after it was transmitted.

    Transmit the request first.
    """


class NoRoundTheClockContact(Conflict):
    """The directory knows no 24/7 point of contact of that country: name the addressee.

    Look for the authority with `/authorities/competent` and name it as `executing_id`.
    """


def transmit(work: UnitOfWork, request: Request, data: Mapping[str, Any], facts: dict[str, Any]) -> Request | None:
    """Send a request that is ready; gives back the preservation that it follows up, if that waits for it."""
    sent = data.get("transmission")
    if sent is None:
        raise Unprocessable(
            errors=[{"in": "body", "pointer": "/transmission", "rule": "required", "detail": "say how it was sent (Art. 25(3))"}]
        )
    readiness.require(work, request)
    addressee = request.executing_id or _route(work, request)
    request.executing_id, request.transmitted_at = addressee, work.now
    work.session.flush()
    parties.admit(work, request.id, addressee, Side.EXECUTING)
    if request.enforcing_id:
        parties.admit(work, request.id, request.enforcing_id, Side.ENFORCING)
    work.add(
        Transmission(
            request_id=request.id, from_id=work.actor.authority_id, to_id=addressee, at=work.now, sent_by=work.actor.id, **sent
        )
    )
    facts |= {"channel": sent["channel"], "unvalidated": request.rules.judicial and request.validated_at is None}
    if sent.get("formal_confirmation_due"):
        facts["formal_confirmation_due"] = sent["formal_confirmation_due"]
    return _preserved(work, request)


def _record(work: UnitOfWork, request: Request, addressee: UUID, sent: Mapping[str, Any]) -> Transmission:
    sender = {"from_id": work.actor.authority_id, "sent_by": work.actor.id, "at": work.now}
    return work.add(Transmission(request_id=request.id, to_id=addressee, **sender, **sent))


def confirm(work: UnitOfWork, request_id: UUID, data: Mapping[str, Any]) -> Transmission:
    """Confirm formally what went out by fast means (Budapest Art. 25(3)), or send its papers by another channel."""
    request = work.one(Request, request_id)
    sent = Transition("confirm", request.state, request.state, by=Action.MLA_TRANSMIT, side=Side.REQUESTING)
    taken = authorization.take(work, request, sent, None)
    if request.executing_id is None or request.transmitted_at is None:
        raise NotSentYet(state=request.state)
    made = _record(work, request, request.executing_id, data)
    notifications.step(work, request, Act("confirm", taken, {}))
    return made


def _route(work: UnitOfWork, request: Request) -> UUID:
    """An emergency and a preservation find their 24/7 point of contact by themselves (Budapest Art. 35)."""
    found = contacts.emergency_contact(work, request.executing_country, work.now) if request.executing_country else None
    if found is None:
        raise NoRoundTheClockContact
    return found.authority_id


def _preserved(work: UnitOfWork, request: Request) -> Request | None:
    """The preservation that this request follows up, locked, if it still waits."""
    if request.relation != "after_preservation" or request.previous_id is None:
        return None
    earlier = work.one(Request, request.previous_id)
    if Side.REQUESTING not in {part.side for part in authorization.mine(work, earlier)}:
        return None
    earlier = work.one(Request, request.previous_id, lock=True)
    return earlier if (earlier.state, "follow_up") in earlier.rules.life.transitions else None
