"""Private calendar feeds of an authority. Each has a secret address that is shown once and can be revoked."""

import secrets
from typing import Any, Final

from sqlalchemy import text

from coopapi.errors import NotFound
from coopapi.meetings import calendars
from coopapi.meetings.lifecycles import FEED_LIFECYCLE
from coopapi.meetings.models import CalendarFeed
from coopapi.shared.lifecycle import Side
from coopapi.shared.workflow import Standing, Step, Workflow
from coopapi.store.crypto import Keyring
from coopapi.store.db import Database, UnitOfWork


def make(work: UnitOfWork) -> CalendarFeed:
    """Create a secret address for the caller's authority. Only this answer contains it."""
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
    """Revoke an address: calendars that read it get 404 from then on."""
    step.thing.revoked_at = step.work.now
    step.work.note("calendar_feed.revoked", step.thing, event=True)


FEED: Final = Workflow[CalendarFeed](
    name="calendar_feed",
    lifecycles=(FEED_LIFECYCLE,),
    find=lambda work, feed_id: work.one(CalendarFeed, feed_id),
    standing=lambda _work, _feed: Standing.on(Side.ANY),
    finish=_revoke,
)


def read(database: Database, secret: str) -> bytes:
    """Return the iCalendar file for a secret address, with times and states but no text and no names.

    Raises `NotFound` for an unknown or revoked secret.
    """
    digest = digest_of(database.keys, secret)
    with database.anonymous() as session:
        if not session.scalar(text("select priv.calendar_feed_lives(:digest)"), {"digest": digest}):
            raise NotFound
        found: Any = session.execute(
            text("select * from priv.calendar_feed(:digest, :at)"), {"digest": digest, "at": database.clock()}
        ).all()
    return calendars.write(found, database.settings.base_url)


def digest_of(keys: Keyring, secret: str) -> bytes:
    """Return the digest of a secret under a key that is not in the database."""
    return keys.mac("calendar-feeds", secret.encode())
