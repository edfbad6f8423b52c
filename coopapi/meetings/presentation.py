"""What a caller sees of meetings: the text if it takes part, and the origin if it sees that without the meeting."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select

from coopapi.access import Level
from coopapi.directory.entries import authorities_of
from coopapi.directory.models import Authority
from coopapi.meetings import minutes
from coopapi.meetings.lifecycles import AHEAD, WORDS
from coopapi.meetings.models import Meeting, MeetingParticipant
from coopapi.mla.models import Request
from coopapi.overlaps import models as overlaps
from coopapi.shared.grants import reaches
from coopapi.shared.parties import owners_of, with_texts
from coopapi.shared.recording import recorded_of
from coopapi.store.db import UnitOfWork
from coopapi.store.rows import matching
from coopapi.store.vault import SealKey, key_of, unseal


def select_meetings(work: UnitOfWork, wanted: Mapping[str, Any]) -> Select[Meeting]:
    """Select the meetings that the caller's authority takes part in and that match the filters."""
    query = matching(work.all(Meeting), wanted, state=Meeting.state, level=Meeting.level, origin_id=Meeting.origin_id)
    if country := wanted.get("country"):
        query = query.where(Meeting.countries.contains([country]))
    if side := wanted.get("side"):
        hosted = Meeting.host_id == work.actor.authority_id
        query = query.where(hosted if side == "host" else ~hosted)
    if wanted.get("upcoming"):
        query = query.where(Meeting.state.in_(AHEAD), Meeting.starts_at >= work.now)
    return query


def brief(work: UnitOfWork, rows: Sequence[Meeting]) -> list[dict[str, Any]]:
    """Return meetings as lists show them."""
    named = {id_ for row in rows for id_ in (row.host_id, row.convener_id)}
    there = authorities_of(work, named)
    return [_brief(work, row, there) for row in rows]


def _brief(work: UnitOfWork, row: Meeting, there: Mapping[UUID, Authority]) -> dict[str, Any]:
    said = unseal(key_of(work, row), row.sealed, row.id)
    return {
        **row.shown(),
        "title": said.get("title"),
        "host": there.get(row.host_id),
        "convener": there.get(row.convener_id),
        "side": "host" if row.host_id == work.actor.authority_id else "invited",
        **({} if _sees_origin(work, row) else {"origin_type": None, "origin_id": None}),
    }


def whole(work: UnitOfWork, rows: Sequence[Meeting]) -> list[dict[str, Any]]:
    """Return meetings with their text, and with the authorities whose agreement to the minutes is awaited."""
    shown = []
    for view, row in zip(brief(work, rows), rows, strict=True):
        key = key_of(work, row)
        said = unseal(key, row.sealed, row.id)
        shown.append(
            {
                **view,
                **{name: said.get(name) for name in WORDS},
                "minutes": unseal(key, row.minutes, row.id, "minutes").get("minutes"),
                "reason": unseal(key, row.reason, row.id, "reason").get("reason"),
                "awaited": [p.authority_id for p in minutes.awaited(work, row)],
            }
        )
        work.note("meeting.consulted", row, consultation=True)
    return shown


def _sees_origin(work: UnitOfWork, row: Meeting) -> bool:
    """Tell whether the caller sees the origin without the meeting; only then is it named."""
    if row.origin_id is None:
        return True
    if row.origin_type == "case":
        return reaches(work, row.origin_id, Level.INDEX)
    if row.origin_type == "overlap":
        return bool(overlaps.visible(work, [row.origin_id]))
    query = select(Request.id).where(Request.id == row.origin_id, Request.visible_to(work.actor, work.now))
    return work.session.scalar(query) is not None


def participants(work: UnitOfWork, rows: Sequence[MeetingParticipant]) -> list[dict[str, Any]]:
    """Return participants with their authority, the persons that it sends, and how recorded answers are known."""
    there, owners = authorities_of(work, {row.authority_id for row in rows}), owners_of(work, rows)
    keys = {owner_id: key_of(work, owner) for owner_id, owner in owners.items()}
    return [
        {
            **row.shown(),
            "authority": there.get(row.authority_id),
            "persons": said["persons"],
            **_recorded(keys[row.meeting_id], row),
        }
        for row, said in with_texts(work, rows, owners)
    ]


def _recorded(key: SealKey, row: MeetingParticipant) -> dict[str, Any]:
    told = unseal(key, row.recorded, row.id, "recorded")
    return {f"recorded_{what}": recorded_of({"recorded": told.get(what)}) for what in ("answer", "agreement")}


def calendar_place(work: UnitOfWork, meeting: Meeting) -> str | None:
    """Return the place of a meeting for a participant's calendar."""
    work.note("meeting.consulted", meeting, consultation=True)
    said = unseal(key_of(work, meeting), meeting.sealed, meeting.id)
    place: str | None = said.get("place")
    return place
