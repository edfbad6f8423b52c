"""The log of a coordination centre on its action day, and its results for each country."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from coopapi.errors import Conflict, fault
from coopapi.meetings import authorization
from coopapi.meetings.models import CentreEntry, Meeting
from coopapi.shared.lifecycle import Side
from coopapi.shared.parties import new_part, with_texts
from coopapi.store.db import UnitOfWork

_EVE: Final = timedelta(days=1)


class NoActionDay(Conflict):
    """A log is possible only for a coordination centre, from its start until its minutes are agreed.

    Convene a coordination centre, and write the log between its start and the agreement on its minutes.
    """


def log(work: UnitOfWork, meeting_id: UUID, data: Mapping[str, Any]) -> CentreEntry:
    """Log a measure with its figures: each country for itself, the host desk for every country.

    Raises `NoActionDay` unless it is a coordination centre between its start and the agreement of its minutes.
    """
    meeting = work.one(Meeting, meeting_id)
    stands = authorization.require(work, meeting)
    if meeting.level != "coordination_centre" or meeting.state not in {"scheduled", "held"}:
        raise NoActionDay(state=meeting.state)
    if stands is not Side.HOST and data["country"] != work.actor.country:
        raise authorization.NotAtTheTable(
            "Each country may only add its own entries to the log; the host desk may add entries for all countries."
        )
    if data["country"] not in meeting.countries:
        raise fault("/country", "at_the_table", "This must be a country that takes part in the coordination centre.")
    authorization.require_seat(work, meeting)
    if data["at"] > work.now:
        raise fault("/at", "order_of_time", "The date must not be in the future.")
    if meeting.starts_at and data["at"] < meeting.starts_at - _EVE:
        raise fault("/at", "order_of_time", "The time must be on the action day or the day before.")
    about = {name: data[name] for name in ("at", "country", "measure")}
    about |= {"authority_id": work.actor.authority_id, "figures": data.get("figures", {})}
    row = work.add(new_part(work, CentreEntry, meeting, {"note": data.get("note")}, **about))
    authorization.tell(work, meeting, "logged", country=row.country, measure=row.measure)
    return row


def show(work: UnitOfWork, rows: Sequence[CentreEntry]) -> list[dict[str, Any]]:
    """Return entries of the log with their notes."""
    return [{**row.shown(), "note": said.get("note")} for row, said in with_texts(work, rows)]


def results(work: UnitOfWork, meeting_id: UUID) -> dict[str, Any]:
    """Return the sums of the figures of a coordination centre, for each country and in total."""
    by_country: dict[str, Counter[str]] = {}
    rows = work.session.scalars(work.all(CentreEntry).where(CentreEntry.meeting_id == work.one(Meeting, meeting_id).id)).all()
    for row in rows:
        by_country.setdefault(row.country, Counter()).update(row.figures)
    total = sum(by_country.values(), Counter())
    countries = [{"country": country, "figures": dict(figures)} for country, figures in sorted(by_country.items())]
    return {"countries": countries, "total": dict(total), "entries": len(rows)}
