"""The mailer, in a thread of the worker. It holds no database connection while it talks to the mail server.

Once a minute it looks, in the name of each person whose time has come and in each of its roles, at what waits for that person. It
uses the query of the worklist, with the same checks. If something came since the last mail, a mail is entered. It looks at no more
than a fixed number of people in a minute, and sends mail in between. Who is looked at depends on what people chose and on how many
they are, never on what waits for anybody, so the time of a mail tells nothing about others.

Each mail is leased before it is sent and noted afterwards: if the worker is killed in between, that one mail is sent again with the
same `Message-ID`.
"""

import logging
import ssl
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from smtplib import SMTP
from typing import Any, Final
from uuid import uuid4

from coopapi.auth.authentication import as_account
from coopapi.deadlines import rules
from coopapi.directory import codelists
from coopapi.mail import addresses, messages, ticks, transport
from coopapi.mail.transport import Undelivered
from coopapi.store.db import Database, as_json
from coopapi.store.putting_off import tried
from coopapi.store.statements import Statement
from coopapi.worklist import service as worklist

TICK: Final = 1.0
"""Seconds between two looks for mail that is to be sent."""
MOST: Final = 50
"""How many mails are sent on one connection."""
SECONDS: Final = 120
"""For how long mail is sent on one connection. What is left then is sent when its lease, which is longer, has ended."""
MOST_PEOPLE: Final = 50
"""How many people the worker looks at before it sends mail again."""
MOST_IN_MINUTE: Final = 400
"""How many people a worker looks at in a minute. Those on duty come first, then those whose time came first."""
MOST_OVERLAPS: Final = 1000
_SHORT_HOURS: Final = 8
_DUE: Final = Statement("select * from priv.people_to_tell(:most)")
_LOOK: Final = Statement(
    "select * from priv.to_tell(cast(:steps as jsonb), cast(:lapsing as jsonb), cast(:short as jsonb), :most,"
    " cast(:looked as timestamptz))"
)
_TELL: Final = Statement(
    "select priv.tell(:person, cast(:was as timestamptz), cast(:items as bigint[]), cast(:urgent as bigint[]),"
    " cast(:late as bigint[]), :sends, cast(:next as timestamptz))"
)
_TAKE: Final = Statement("select * from priv.take_mails(:most)")
_SETTLE: Final = Statement("select priv.settle_mail(:mail, :fault, :final)")
_log = logging.getLogger("coopapi.mail")


def run(database: Database, alive: Callable[[], bool]) -> None:
    """Look and send again and again, while `alive` says so. Without a mail server it does nothing."""
    if database.settings.smtp_url is None:
        return
    mailer = Mailer(database)
    while alive():
        mailer.look()
        mailer.send()
        time.sleep(TICK)


@cache
def short() -> str:
    """Return the rules of deadlines of at most eight hours, and the urgencies of disclosures with such a time, for the database."""
    clocks = [rule.code for rule in rules.load().values() if rule.unit == "hours" and 0 < rule.length <= _SHORT_HOURS]
    urgencies = [item.code for item in codelists.load("disclosure_urgencies").items if item.extra["hours"] <= _SHORT_HOURS]
    return as_json({"rules": clocks, "urgencies": urgencies})


@dataclass
class Mailer:
    """Looks at what waits for people, and sends the mail that was entered."""

    database: Database
    tls: ssl.SSLContext | None = None
    minute: datetime | None = None
    left: int = 0
    """How many people the worker may still look at in this minute."""

    def look(self) -> None:
        """Look at what waits for the next people whose time has come, some of them at once. Faults are logged, not raised."""
        minute = self.database.clock().replace(second=0, microsecond=0)
        if minute != self.minute:
            self.minute, self.left = minute, MOST_IN_MINUTE
        if not self.left:
            return
        most = min(MOST_PEOPLE, self.left)
        try:
            with self.database.worker() as session:
                due = _DUE.rows(session, most=most)
        except Exception as fault:  # noqa: BLE001 (the mailer goes on, whatever happens)
            _log.error("looking for mail will be tried again", extra={"error": type(fault).__name__})
            return
        for person in due:
            with suppress(Exception), tried(self.database, "people", person.id, again=person.again):
                self._serve(person)
        self.left = self.left - most if len(due) == most else 0

    def _serve(self, person: Any) -> None:
        """Look at what waits for one person, and enter mail."""
        found = [row for role in person.roles for row in self._waiting(person, role)]
        now = self.database.clock()
        told = {
            "items": [row.item for row in found],
            "urgent": [row.item for row in found if row.urgent],
            "late": [row.item for row in found if row.late],
        }
        when = {"was": person.looked_at, "sends": ticks.sends(person, now), "next": ticks.next_look(person, now)}
        with self.database.worker() as session:
            _TELL.rows(session, person=person.id, **told, **when)

    def _waiting(self, person: Any, role: str) -> Sequence[Any]:
        """Return keys of what waits for a person in one of its roles, as its worklist would show it now."""
        with as_account(self.database, person, uuid4().hex, role=role) as work:
            asked = worklist.asked(work, {})
            sent = {"steps": asked["steps"], "lapsing": asked["lapsing"], "short": short()}
            return _LOOK.rows(work.session, **sent, most=MOST_OVERLAPS, looked=person.looked_at)

    def send(self) -> None:
        """Send the mail that is due. Faults of the server are noted with the mail, others are logged, and nothing is raised."""
        try:
            with self.database.worker() as session:
                taken = _TAKE.rows(session, most=MOST)
            if taken:
                self._send(taken)
        except Exception as fault:  # noqa: BLE001 (as above)
            _log.error("mail will be tried again", extra={"error": type(fault).__name__})

    def _send(self, taken: Sequence[Any]) -> None:
        left, began = list(taken), time.monotonic()
        try:
            with transport.connected(self.database.settings, self.tls) as client:
                while left and time.monotonic() - began < SECONDS:
                    if lost := self._handle(client, left[0]):
                        raise lost
                    left.pop(0)
        except Undelivered as fault:  # there is no connection, or no longer one
            for mail in left:
                with suppress(Exception), tried(self.database, "mails", mail.id, again=mail.again):
                    self._settle(mail, fault)

    def _handle(self, client: SMTP, mail: Any) -> Undelivered | None:
        """Send one mail and note what became of it, or put it off. Returns the fault if the connection is lost."""
        with suppress(Exception), tried(self.database, "mails", mail.id, again=mail.again):
            fault = self._sent(client, mail)
            if fault is not None and fault.word in {"connection", "timeout"}:
                return fault
            self._settle(mail, fault)
        return None

    def _sent(self, client: SMTP, mail: Any) -> Undelivered | None:
        """Send one mail or make one test. Returns the fault, if there was one."""
        settings, keys = self.database.settings, self.database.keys
        address = addresses.unseal(keys, mail.address_id, mail.address)
        try:
            if mail.kind == "test":
                transport.test(client, str(settings.smtp_from), address)
            else:
                code = messages.code_of(keys, mail.address_id) if mail.kind == "code" else ""
                transport.send(client, messages.message(settings, mail, address, code, self.database.clock()))
        except Undelivered as fault:
            return fault
        return None

    def _settle(self, mail: Any, fault: Undelivered | None) -> None:
        if fault is not None:
            _log.warning("mail was not sent", extra={"fault": fault.word})
        with self.database.worker() as session:
            _SETTLE.rows(session, mail=mail.id, fault=fault.word if fault else None, final=bool(fault and fault.final))
