"""Entering, pausing and ending addresses for webhooks, new secrets, and asking for pings and replays."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, func, select, text

from coopapi.approvals import service as approvals
from coopapi.approvals.models import Approval
from coopapi.directory import service as directory
from coopapi.directory.rights import ChangedSince
from coopapi.errors import Conflict, NotFound, fault
from coopapi.shared.lifecycle import Side
from coopapi.shared.workflow import Standing, Step, Workflow
from coopapi.store.db import UnitOfWork
from coopapi.store.statements import Statement
from coopapi.webhooks import signatures
from coopapi.webhooks.addresses import RefusedAddress, target_of
from coopapi.webhooks.models import WEBHOOK_LIFECYCLE, WebhookDelivery, WebhookEndpoint

KIND: Final = "webhook"
MOST_OF_A_CLIENT: Final = 10
OLD_SECRET: Final = timedelta(hours=24)
"""For so long after a rotation, messages carry a signature with the previous secret too."""
_SKIP: Final = Statement("select priv.skip_delivery(:delivery)")
_SEND: Final = text("select priv.send_webhook(:id, :endpoint, :delivery)")


class TooManyWebhooks(Conflict):
    """The client has as many addresses for webhooks as it may have.

    End one that is no longer needed.
    """


class NotWaiting(Conflict):
    """Only an event that waits to be sent can be skipped.

    Read the delivery again: it was sent, withheld or skipped meanwhile, or it is a ping or a repetition.
    """


class TooManyWaiting(Conflict):
    """Too many pings and replays of this address wait to be sent.

    Try again later.
    """


def add(work: UnitOfWork, data: Mapping[str, Any]) -> WebhookEndpoint:
    """Enter an address for a client. Its secret is shown once. It is used when a second administrator has approved it."""
    client = directory.client(work, work.actor.authority_id, data["client_id"])
    role = data.get("role") or (client.roles[0] if len(client.roles) == 1 else None)
    if not client.active or role not in client.roles:
        raise fault("/role", "role_of_client", "Name one of the roles that the client has and that were approved.")
    url = _checked(work, data["url"])
    live = select(func.count()).select_from(
        work.all(WebhookEndpoint).where(WebhookEndpoint.client_id == client.id, WebhookEndpoint.state != "ended").subquery()
    )
    if (work.session.scalar(live) or 0) >= MOST_OF_A_CLIENT:
        raise TooManyWebhooks(f"A client may have {MOST_OF_A_CLIENT} addresses.")
    row_id, secret = work.new_id(), signatures.new_secret()
    row = work.add(
        WebhookEndpoint(
            id=row_id,
            authority_id=client.authority_id,
            client_id=client.id,
            role=role,
            url=url,
            events=sorted(data.get("events", ())),
            state=WEBHOOK_LIFECYCLE.start,
            secret=signatures.seal(work.keys, row_id, secret),
            created_by=work.actor.id,
            created_at=work.now,
        )
    )
    change = {"client_id": str(client.id), "role": role, "url": url, "events": row.events}
    approvals.ask(work, KIND, row.authority_id, (row.id, row.version), change)
    work.note("webhook.added", row, client=str(client.id), role=role)
    return _revealed(row, secret)


def _checked(work: UnitOfWork, url: str) -> str:
    try:
        target_of(url, work.settings.webhook_allow or frozenset())
    except RefusedAddress as wrong:
        raise fault("/url", "webhook_url", str(wrong)) from None
    return url


def _revealed(row: WebhookEndpoint, secret: str) -> WebhookEndpoint:
    """Attach a new secret to the row for this response only."""
    vars(row)["shown_secret"] = secret
    return row


def apply(work: UnitOfWork, approval: Approval) -> None:
    """Put an approved address to work. Raises `ChangedSince` if it was ended or changed after the request."""
    if not work.session.scalar(text("select priv.apply_webhook(:id)"), {"id": approval.id}):
        raise ChangedSince
    work.note("webhook.approved", object_type=KIND, webhook=str(approval.object_id), approval=str(approval.id))


def dismiss(work: UnitOfWork, approval: Approval) -> None:
    """End an address whose request was rejected or withdrawn, if the caller's authority has it and it was not ended before."""
    row = work.session.scalar(work.all(WebhookEndpoint).where(WebhookEndpoint.id == approval.object_id))
    if row is not None and row.state == WEBHOOK_LIFECYCLE.start:
        row.state, row.ended_at = "ended", work.now
        work.note("webhook.ended", row)


def renew_secret(work: UnitOfWork, webhook_id: UUID, version: int) -> WebhookEndpoint:
    """Make a new secret and show it once. For a day, messages are signed with both."""
    row = work.one(WebhookEndpoint, webhook_id, version=version, lock=True)
    if row.state == "ended":
        raise Conflict("The address was ended.")
    secret = signatures.new_secret()
    row.old_secret, row.old_until = row.secret, work.now + OLD_SECRET
    row.secret = signatures.seal(work.keys, row.id, secret)
    work.note("webhook.secret_renewed", row)
    return _revealed(row, secret)


def listed(work: UnitOfWork) -> Select[WebhookEndpoint]:
    """Select the addresses that the caller sees."""
    return work.all(WebhookEndpoint)


def deliveries(work: UnitOfWork, webhook_id: UUID) -> Select[WebhookDelivery]:
    """Select the messages to one address that the caller sees. Raises `NotFound` if it does not see the address."""
    return work.all(WebhookDelivery).where(WebhookDelivery.endpoint_id == work.one(WebhookEndpoint, webhook_id).id)


def ping(work: UnitOfWork, webhook_id: UUID) -> WebhookDelivery:
    """Have a test message sent to an address, also while it is paused."""
    return _send(work, work.one(WebhookEndpoint, webhook_id), None)


def replay(work: UnitOfWork, webhook_id: UUID, delivery_id: UUID) -> WebhookDelivery:
    """Have the message of a delivery sent once more, with the same `webhook-id`."""
    row = work.one(WebhookDelivery, delivery_id)
    if row.endpoint_id != webhook_id or row.entry_id is None:
        raise NotFound
    return _send(work, work.one(WebhookEndpoint, webhook_id), row.id)


def skip(work: UnitOfWork, webhook_id: UUID, delivery_id: UUID) -> WebhookDelivery:
    """Give up an event that the receiver cannot take, so that the later ones of its case are sent. Raises `NotWaiting`."""
    row, endpoint = work.one(WebhookDelivery, delivery_id), work.one(WebhookEndpoint, webhook_id)
    if row.endpoint_id != webhook_id or row.entry_id is None:
        raise NotFound
    if not _SKIP.value(work.session, delivery=row.id):
        raise NotWaiting
    work.session.refresh(row)
    work.note("webhook.skipped", endpoint)
    return row


def _send(work: UnitOfWork, endpoint: WebhookEndpoint, delivery_id: UUID | None) -> WebhookDelivery:
    if endpoint.state not in {"active", "paused"}:
        raise Conflict("The address is not in use.")
    made = work.new_id()
    if not work.session.scalar(_SEND, {"id": made, "endpoint": endpoint.id, "delivery": delivery_id}):
        raise TooManyWaiting
    work.note("webhook.replayed" if delivery_id else "webhook.pinged", endpoint)
    return work.one(WebhookDelivery, made)


def _finish(step: Step[WebhookEndpoint]) -> None:
    """Pause, resume or end an address. It resumes from the place in the feed at which it stopped."""
    work, row = step.work, step.thing
    if step.event == "resume":
        work.session.execute(text("select priv.resume_webhook(:id)"), {"id": row.id})
        work.session.refresh(row)
    else:
        row.state = step.transition.target
        row.pause = "asked" if step.event == "pause" else None
        row.ended_at = work.now if step.event == "end" else None
    work.note(f"webhook.{row.state}", row)


WEBHOOK: Final = Workflow[WebhookEndpoint](
    name="webhook",
    lifecycles=(WEBHOOK_LIFECYCLE,),
    find=lambda work, webhook_id: work.one(WebhookEndpoint, webhook_id),
    standing=lambda _work, _row: Standing.on(Side.ANY),
    finish=_finish,
)


def show(work: UnitOfWork, rows: Sequence[WebhookEndpoint]) -> list[dict[str, Any]]:
    """Return addresses, each with the request for approval that it waits for, and with its secret if it was just made."""
    waiting = {one["object_id"]: [one] for one in approvals.show(work, approvals.waiting_for(work, [row.id for row in rows]))}
    return [_shown(row) | {"pending": waiting.get(row.id, [])} for row in rows]


def _shown(row: WebhookEndpoint) -> dict[str, Any]:
    shown = {name: value for name, value in row.shown().items() if name not in {"secret", "old_secret"}}
    return shown | ({"secret": vars(row)["shown_secret"]} if "shown_secret" in vars(row) else {})
