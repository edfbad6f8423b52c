"""The sender of webhooks, in a thread of the worker. It holds no database connection while it waits for a receiver.

For each address it reads the feed in the name of the client, with the function that `GET /events` uses, and enters what is to be
sent. Each message is built in the name of the client at the moment of sending, so what the client may not see any more is not sent.
A delivery is leased before it is sent and noted afterwards: if the worker is killed in between, the message is sent again with the
same `webhook-id`.
"""

import json
import logging
import socket
import ssl
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import Row, text

from coopapi.access import Action
from coopapi.auth.authentication import as_account
from coopapi.http.paging import BadCursor
from coopapi.journal.models import JournalEntry
from coopapi.store.db import Database, as_json
from coopapi.store.putting_off import tried
from coopapi.timelines import service as feed
from coopapi.webhooks import messages, signatures
from coopapi.webhooks.addresses import Lookup, RefusedAddress, target_of
from coopapi.webhooks.transport import Answer, post

TICK: Final = 0.5
"""Seconds between two looks for something to send, if nothing was sent."""
MOST: Final = 16
"""How many messages are sent at one time."""
MOST_TO_ONE: Final = 4
"""How many messages are sent to one address at one time."""
PAGE: Final = 200
_DUE: Final = text("select * from priv.webhooks_due()")
_ENTER: Final = text("select priv.enter_deliveries(:endpoint, cast(:was as jsonb), cast(:place as jsonb), cast(:entries as jsonb))")
_TAKE: Final = text("select * from priv.take_deliveries(:endpoint, :most, :free)")
_SETTLE: Final = text("select priv.settle_delivery(:delivery, :outcome, cast(:attempt as jsonb), :wait)")
_RESTORED: Final = text("select priv.pause_restored_webhook(:endpoint)")
_log = logging.getLogger("coopapi.webhooks")


def run(database: Database, alive: Callable[[], bool]) -> None:
    """Send what is due, again and again, while `alive` says so. It looks again as soon as one message is answered."""
    sender = Sender(database)
    while alive():
        sender.begin()
        if sender.begun:
            wait(sender.begun, TICK, FIRST_COMPLETED)
        else:
            time.sleep(TICK)


@dataclass
class Sender:
    """Reads the feed for all addresses, and sends messages in threads."""

    database: Database
    tls: ssl.SSLContext = field(default_factory=ssl.create_default_context)
    lookup: Lookup = socket.getaddrinfo
    pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(MOST, "webhooks"))
    begun: set[Future[None]] = field(default_factory=set)

    def begin(self) -> Sequence[Future[None]]:
        """Read the feed for each address that is due and begin to send; returns what was begun. Faults are logged, not raised."""
        self.begun = {one for one in self.begun if not one.done()}
        before = set(self.begun)
        try:
            with self.database.worker() as session:
                due = session.execute(_DUE).all()
            for endpoint in due:
                self._serve(endpoint)
        except Exception as fault:  # noqa: BLE001 (the sender goes on, whatever happens)
            _log.error("webhooks will be tried again", extra={"error": type(fault).__name__})
        return list(self.begun - before)

    def _serve(self, endpoint: Row[Any]) -> None:
        """Read and send for one address. If that fails, the address is put off, and the others are not."""
        with suppress(Exception), tried(self.database, "webhooks", endpoint.id, again=endpoint.again):
            if endpoint.reads:
                self._read(endpoint)
            for delivery in self._taken(endpoint):
                self.begun.add(self.pool.submit(self._deliver, endpoint, delivery))

    def _read(self, endpoint: Row[Any]) -> None:
        """Read the feed from the place of the address in the name of the client, and enter the events that are to be sent."""
        was = feed.FeedPlace(endpoint.place_xid, endpoint.place_entry, endpoint.place_epoch)
        wanted = set(endpoint.events)
        try:
            with self._client(endpoint) as work:
                work.require(Action.EVENTS_READ)
                found = feed.after(work, was, PAGE)
                entries = [
                    {"id": work.new_id(), "entry": row.id, "message": row.uid, "lane": row.case_id or row.object_id or row.uid}
                    for row in found.events
                    if not wanted or row.action in wanted
                ]
        except BadCursor:
            with self.database.worker() as session:
                session.execute(_RESTORED, {"endpoint": endpoint.id})
            return
        place = {"xid": found.place.xid, "entry": found.place.entry, "epoch": found.place.epoch}
        said = {"was": json.dumps({"xid": was.xid, "entry": was.entry}), "place": json.dumps(place), "entries": as_json(entries)}
        with self.database.worker() as session:
            session.execute(_ENTER, {"endpoint": endpoint.id, **said})

    def _taken(self, endpoint: Row[Any]) -> Sequence[Row[Any]]:
        """Lease deliveries that are due."""
        free = MOST - len(self.begun)
        with self.database.worker() as session:
            return session.execute(_TAKE, {"endpoint": endpoint.id, "most": MOST_TO_ONE, "free": free}).all()

    def _message(self, endpoint: Row[Any], delivery: Row[Any]) -> bytes | None:
        """Build the message of a delivery in the name of the client. Returns None if the client may not see the event now."""
        base_url = self.database.settings.base_url
        with self._client(endpoint) as work:
            work.require(Action.EVENTS_READ)
            if not delivery.entry_id:
                return messages.ping(endpoint.id, delivery.message_id, work.now, base_url)
            query = work.all(JournalEntry).where(JournalEntry.event, JournalEntry.id == delivery.entry_id)
            entry = work.session.scalar(query)
            return messages.event(entry, base_url) if entry else None

    def _client(self, endpoint: Row[Any]) -> Any:
        """Open a transaction of the client, with the rights that it has now."""
        return as_account(self.database, endpoint, uuid4().hex)

    def _deliver(self, endpoint: Row[Any], delivery: Row[Any]) -> None:
        """Send one message, and note what became of it. If it cannot be built, or that cannot be noted, the delivery is put off."""
        with suppress(Exception), tried(self.database, "deliveries", delivery.id, again=delivery.again):
            self._send(endpoint, delivery, self._message(endpoint, delivery))

    def _send(self, endpoint: Row[Any], delivery: Row[Any], message: bytes | None) -> None:
        outcome, attempt, pause = "withheld", None, None
        if message is not None:
            at = self.database.clock()
            answer = self._post(endpoint, delivery.message_id, message, int(at.timestamp()))
            outcome, pause = "delivered" if answer.ok else "failed", answer.wait
            attempt = as_json(
                {"at": at.isoformat(), "status": answer.status, "fault": answer.fault, "milliseconds": answer.milliseconds}
            )
        with self.database.worker() as session:
            session.execute(_SETTLE, {"delivery": delivery.id, "outcome": outcome, "attempt": attempt, "wait": pause})

    def _post(self, endpoint: Row[Any], message_id: UUID, message: bytes, at: int) -> Answer:
        keys = self.database.keys
        secrets = [signatures.unseal(keys, endpoint.id, bytes(one)) for one in (endpoint.secret, endpoint.old_secret) if one]
        headers = {"Content-Type": "application/json", "User-Agent": "coopapi-webhooks"}
        headers |= signatures.signed(str(message_id), at, message, secrets)
        try:
            target = target_of(endpoint.url, self.database.settings.webhook_allow or frozenset())
        except RefusedAddress:  # the settings have changed since it was entered
            return Answer(None, "refused_address", 0)
        return post(target, message, headers, self.tls, self.lookup)
