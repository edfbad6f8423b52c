"""Transmit a request: find the addressee, record the channel and admit the parties (Budapest Art. 25(3), 27, 35; EIO Art. 7)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from coopapi.contacts import service as contacts
from coopapi.errors import Conflict
from coopapi.mla import authorization, issuing, notifications
from coopapi.mla.acts import Act
from coopapi.mla.authorization import Taken
from coopapi.mla.models import Request, Transmission
from coopapi.shared import parties
from coopapi.shared.lifecycle import Side
from coopapi.store.db import UnitOfWork


class NotSentYet(Conflict):
    """A request can be confirmed only after it was transmitted.

    Transmit the request first.
    """


class NoRoundTheClockContact(Conflict):
    """The directory has no 24/7 point of contact of that country.

    Find the authority with `/authorities/competent`, and name it as the addressee in `executing_id`.
    """


def addressee_of(work: UnitOfWork, request: Request) -> UUID:
    """Return the addressee. An emergency or a preservation goes to the country's 24/7 point of contact if no addressee is named.

    Raises `NoRoundTheClockContact` if no addressee is named and the directory has no such contact (Budapest Art. 35).
    """
    if request.executing_id:
        return request.executing_id
    found = contacts.emergency_contact(work, request.executing_country) if request.executing_country else None
    if found is None or found.authority_id in {request.requesting_id, request.enforcing_id}:
        raise NoRoundTheClockContact
    return found.authority_id


def transmit(work: UnitOfWork, request: Request, sent: Mapping[str, Any], at: datetime) -> None:
    """Record that a request was sent at this time. From now on the addressee and the notified authority take part in it."""
    addressee = addressee_of(work, request)
    request.executing_id, request.transmitted_at = addressee, at
    work.session.flush()
    parties.admit(work, request.id, addressee, Side.EXECUTING)
    if request.enforcing_id:
        parties.admit(work, request.id, request.enforcing_id, Side.ENFORCING)
    _record(work, request, addressee, sent, at)


def facts(request: Request, sent: Mapping[str, Any]) -> dict[str, Any]:
    """Return the facts that deadlines depend on: whether validation is due, and until when to confirm the request."""
    unvalidated = issuing.judicial(request.kind) and request.validated_at is None
    return {"unvalidated": unvalidated, "formal_confirmation_due": sent.get("formal_confirmation_due")}


def _record(work: UnitOfWork, request: Request, addressee: UUID, sent: Mapping[str, Any], at: datetime) -> Transmission:
    how = {name: sent[name] for name in ("channel", "security", "receipt", "formal_confirmation_due") if name in sent}
    sender = {"from_id": work.actor.authority_id, "sent_by": work.actor.id, "at": at}
    return work.add(Transmission(request_id=request.id, to_id=addressee, **sender, **how))


def confirm(work: UnitOfWork, request_id: UUID, data: Mapping[str, Any]) -> Transmission:
    """Record the formal confirmation of a request sent by fast means (Budapest Art. 25(3)), or its documents by another channel.

    Raises `NotSentYet` before the request was transmitted.
    """
    request = work.one(Request, request_id)
    authorization.require_requesting(work, request, "This step is reserved for the requesting side.")
    authorization.require_on_duty(work, request.kind, request.urgency)
    if request.executing_id is None or request.transmitted_at is None:
        raise NotSentYet(state=request.state)
    made = _record(work, request, request.executing_id, data, work.now)
    notifications.step(work, request, Act("confirm", Taken(Side.REQUESTING, work.actor.authority_id, work.now), {}))
    return made
