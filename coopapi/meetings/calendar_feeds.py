"""Private calendars of an authority: a secret address, shown once, that can be taken back."""

import secrets
from typing import Any, Final

from sqlalchemy import Select, text

from coopapi.errors import NotFound
from coopapi.meetings import calendars
from coopapi.meetings.lifecycles import FEED_LIFECYCLE
from coopapi.meetings.models import CalendarFeed
from coopapi.shared.lifecycle import Side
from coopapi.shared.workflow import Standing, Step, Workflow
from coopapi.store.crypto import Keyring
from coopapi.store.db import Database, UnitOfWork


def make(work: UnitOfWork) -> CalendarFeed:
    """Make a secret address for one's own authority; it is shown in this answer and never again."""
    secret = secrets.token_urlsafe(32)
    row = work.add(
        CalendarFeed(
            authority_id=work.actor.authority_id,
            digest=digest_of(work.keys, secret),
            created_by=work.actor.id,
            created_at=work.now,
        )
    )
    vars(row)["address"] = f"{work.settings.base_url}/api/v1/calendar-feeds/{secret}.ics"
    work.note("calendar_feed.made", row, event=True)
    return row


def _revoke(step: Step[CalendarFeed]) -> None:
    """Take an address back: calendars that read it find nothing from then on."""
    step.thing.revoked_at = step.work.now
    step.work.note("calendar_feed.revoked", step.thing, event=True)


FEED: Final = Workflow[CalendarFeed](
    name="calendar_feed",
    lifecycles=(FEED_LIFECYCLE,),
    find=lambda work, feed_id: work.one(CalendarFeed, feed_id),
    standing=lambda _work, _feed: Standing.on(Side.ANY),
    finish=_revoke,
)


def feeds(work: UnitOfWork) -> Select[CalendarFeed]:
    """Select the addresses of one's own authority."""
    return work.all(CalendarFeed)


def read(database: Database, secret: str) -> bytes:
    """Write the calendar of whoever holds the secret; times and states, no words, no names."""
    digest = digest_of(database.keys, secret)
    with database.anonymous() as session:
        if not session.scalar(text("select priv.calendar_feed_lives(:digest)"), {"digest": digest}):
            raise NotFound
        found: Any = session.execute(
            text("select * from priv.calendar_feed(:digest, :at)"), {"digest": digest, "at": database.clock()}
        ).all()
    return calendars.write(found, database.settings.base_url)


def digest_of(keys: Keyring, secret: str) -> bytes:
    """Digest a secret under a key that is not in the database."""
    return keys.mac("calendar-feeds", secret.encode())
