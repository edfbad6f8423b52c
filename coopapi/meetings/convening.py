"""Convene a meeting, invite participants and set until when they have access to it."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from coopapi.access import Level
from coopapi.cases.models import Case
from coopapi.directory.entries import known_authority
from coopapi.directory.models import Authority
from coopapi.errors import Conflict, fault
from coopapi.meetings import authorization, case_sharing
from coopapi.meetings.lifecycles import AHEAD, AMONG_DESKS, LIVE, PLACE_LIFECYCLE, WORDS
from coopapi.meetings.models import Meeting, MeetingParticipant
from coopapi.mla.models import Request
from coopapi.overlaps import presentation as overlaps
from coopapi.shared import parties
from coopapi.shared.grants import reaches
from coopapi.shared.lifecycle import Side
from coopapi.store.db import UnitOfWork
from coopapi.store.vault import key_of, seal, unseal

UNSCHEDULED: Final = timedelta(days=90)
AFTERWARDS: Final = timedelta(days=30)
"""How long participants have access while no time is set, and after the end of the meeting unless the host desk extends it."""
LONGEST: Final = timedelta(days=3 * 366)
_DESK: Final = "eurojust_desk"
_DESKS: Final = frozenset({_DESK, "liaison_prosecutor", "eurojust_contact_point", "organisation"})
_TWO: Final = 2
_DELEGATIONS: Final = "delegations"
_COLUMNS: Final = ("mode", "time_zone", "interpretation", "countries")
_IN_CALENDARS: Final = frozenset({"mode", "time_zone", "place"})


class TakesPartAlready(Conflict):
    """The authority already takes part in the meeting.

    Change the existing entry of the authority.
    """


class MeetingIsOver(Conflict):
    """A meeting that was held, closed or cancelled can no longer be changed, except that access to it may be extended.

    Convene a new meeting for open points.
    """


def convene(work: UnitOfWork, data: Mapping[str, Any]) -> Meeting:
    """Propose a meeting. A desk hosts it itself; a prosecutor or an organisation asks a desk to host it."""
    case_id = _seen_origin(work, data)
    host, me = _host(work, data.get("host_desk")), work.actor.authority_id
    mine = known_authority(work, me, "/authority_id")
    if data["level"] in AMONG_DESKS and mine.type not in _DESKS:
        raise fault("/level", "desks_only", "Meetings of levels I and II are only for desks.")
    countries = _at_the_table(data["level"], {*data.get("countries", ()), host.country, mine.country}, "/countries")
    row_id, until = work.new_id(), work.now + UNSCHEDULED
    _admit_both(work, row_id, host.id, case_id, until)
    meeting = work.add(
        parties.new_object(
            work,
            Meeting,
            row_id,
            {name: data[name] for name in WORDS if name in data},
            reference=f"CM-{work.now.year}-{row_id.hex[-8:].upper()}",
            level=data["level"],
            origin_type=data["origin_type"],
            origin_id=data.get("origin_id"),
            convener_id=me,
            host_id=host.id,
            countries=countries,
            interpretation=data.get("interpretation", []),
            mode=data["mode"],
            time_zone=data["time_zone"],
            access_until=until,
        )
    )
    _seat(work, meeting, host, {"function": "host"})
    if host.id != me:
        _seat(work, meeting, mine, {"function": data.get("function", "prosecutor")})
    for number, guest in enumerate(data.get("participants", ())):
        _invite(work, meeting, guest, f"/participants/{number}")
    authorization.tell(work, meeting, "proposed", level=meeting.level, host=str(host.id))
    return meeting


def _admit_both(work: UnitOfWork, meeting_id: UUID, host_id: UUID, case_id: UUID | None, until: datetime) -> None:
    """Admit the convener and the host desk until access ends. The host desk stays a reader after that."""
    me = work.actor.authority_id
    parties.admit(work, meeting_id, me, Side.HOST if host_id == me else Side.INVITED, case_id=case_id, until=until)
    if host_id != me:
        parties.admit(work, meeting_id, host_id, Side.HOST, until=until)
    parties.admit(work, meeting_id, host_id, Side.PARTICIPANT)


def _seen_origin(work: UnitOfWork, data: Mapping[str, Any]) -> UUID | None:
    """Check that the convener sees what the meeting is about, and return the convener's own case among it, or None.

    People who may read that case then see the meeting. Raises `NotFound`, and `Unprocessable` if the origin is missing, or if there
    is one although the meeting is one of two delegations.
    """
    kind, origin_id = data["origin_type"], data.get("origin_id")
    if kind == _DELEGATIONS:
        if data["level"] != "bilateral" or origin_id is not None:
            raise fault("/origin_type", _DELEGATIONS, "Only a bilateral meeting is one of delegations, and it has no `origin_id`.")
        return None
    if origin_id is None:
        raise fault("/origin_id", "required", "Name the case, the overlap or the request that the meeting is about.")
    if kind == "case":
        work.one(Case, origin_id)
        ours = [origin_id]
    elif kind == "overlap":
        overlap = overlaps.one_overlap(work, origin_id)
        ours = [overlap.case_a, overlap.case_b]
    else:
        request = work.one(Request, origin_id)
        ours = [part.case_id for part in parties.parts(work, request.id) if part.case_id]
    return next((case_id for case_id in ours if reaches(work, case_id, Level.CONTRIBUTE)), None)


def _host(work: UnitOfWork, wished: UUID | None) -> Authority:
    """Return the host desk: the one that is named, or else the caller's own or that of the caller's country.

    Raises `Unprocessable` if there is none.
    """
    if wished is not None:
        found = work.session.scalar(work.all(Authority).where(Authority.id == wished, Authority.type == _DESK))
    else:
        desks = work.all(Authority).where(Authority.type == _DESK)
        own = work.session.scalar(desks.where(Authority.id == work.actor.authority_id))
        found = own or work.session.scalar(desks.where(Authority.country == work.actor.country).order_by(Authority.id))
    if found is None:
        raise fault("/host_desk", _DESK, "Name the desk at Eurojust that you ask to host the meeting.")
    return found


def _at_the_table(level: str, countries: Iterable[str | None], pointer: str) -> list[str]:
    """Return the countries of a meeting.

    Organisations have none. Raises `Unprocessable` for a bilateral meeting of more than two.
    """
    there = sorted({country for country in countries if country})
    if level == "bilateral" and len(there) > _TWO:
        raise fault(pointer, "bilateral", "A bilateral meeting is between exactly two countries.")
    return there


def _seat(work: UnitOfWork, meeting: Meeting, authority: Authority, data: Mapping[str, Any]) -> MeetingParticipant:
    """Add a participant. The convener and the host have accepted from the start."""
    accepted = authority.id in {meeting.host_id, meeting.convener_id}
    place = parties.new_part(
        work,
        MeetingParticipant,
        meeting,
        {"persons": list(data.get("persons", ()))},
        authority_id=authority.id,
        country=authority.country,
        function=data["function"],
        state="accepted" if accepted else PLACE_LIFECYCLE.start,
        invited_by=work.actor.authority_id,
        invited_at=work.now,
        answered_at=work.now if accepted else None,
    )
    return work.add(place)


def invite(work: UnitOfWork, meeting_id: UUID, data: Mapping[str, Any]) -> MeetingParticipant:
    """Invite an authority or an organisation. From then on it sees the meeting and the cases that are shared for it.

    Raises `MeetingIsOver`, and `NotAtTheTable` unless the caller is the host.
    """
    meeting = work.one(Meeting, meeting_id)
    authorization.require(work, meeting, host=True)
    meeting = work.one(Meeting, meeting_id, lock=True)
    if meeting.state not in AHEAD:
        raise MeetingIsOver(state=meeting.state)
    row = _invite(work, meeting, data, "")
    case_sharing.update_access(work, meeting)
    authorization.tell(work, meeting, "invited", to=str(row.authority_id))
    return row


def _invite(work: UnitOfWork, meeting: Meeting, data: Mapping[str, Any], pointer: str) -> MeetingParticipant:
    authority = known_authority(work, data["authority_id"], f"{pointer}/authority_id")
    before = next((p for p in authorization.of_meeting(work, meeting.id) if p.authority_id == authority.id), None)
    if before is not None and before.state in {"invited", "accepted"}:
        raise TakesPartAlready(participant=str(before.id))
    if meeting.level in AMONG_DESKS and authority.type not in _DESKS:
        raise fault(
            f"{pointer}/authority_id",
            "desks_only",
            "Meetings of levels I and II are only for desks; authorities may take part in level III.",
        )
    countries = _at_the_table(meeting.level, {*meeting.countries, authority.country}, f"{pointer}/authority_id")
    parties.admit(work, meeting.id, authority.id, Side.INVITED, until=meeting.access_until)
    meeting.countries = countries
    if before is None:
        return _seat(work, meeting, authority, data)
    PLACE_LIFECYCLE.transition(before.state, "invite")
    before.state, before.function, before.invited_at, before.answered_at = "invited", data["function"], work.now, None
    before.sealed = seal(key_of(work, meeting), {"persons": list(data.get("persons", ()))}, before.id)
    return before


def change(work: UnitOfWork, meeting_id: UUID, version: int, data: Mapping[str, Any]) -> Meeting:
    """Change the plan of a meeting; a scheduled meeting gets a new sequence number when what calendars show changes.

    Raises `MeetingIsOver` unless only the end of access changes.
    """
    meeting = work.one(Meeting, meeting_id)
    authorization.require(work, meeting, host=True)
    meeting = work.one(Meeting, meeting_id, version=version, lock=True)
    if meeting.state not in AHEAD and data.keys() - {"access_until"}:
        raise MeetingIsOver(state=meeting.state)
    if "countries" in data:
        seated = {place.country for place in authorization.of_meeting(work, meeting.id) if place.state in LIVE}
        data = {**data, "countries": _at_the_table(meeting.level, {*data["countries"], *seated}, "/countries")}
    for name in data.keys() & set(_COLUMNS):
        setattr(meeting, name, data[name])
    if data.keys() & set(WORDS):
        said = {**unseal(key_of(work, meeting), meeting.sealed, meeting.id), **{n: data[n] for n in WORDS if n in data}}
        meeting.sealed = seal(key_of(work, meeting), said, meeting.id)
    if data.keys() & _IN_CALENDARS and meeting.state == "scheduled":
        meeting.sequence += 1
    if until := data.get("access_until"):
        if not work.now < until <= work.now + LONGEST:
            raise fault("/access_until", "order_of_time", "The time must be in the future, and at most three years from now.")
        last(work, meeting, until)
    meeting.updated_at = work.now
    authorization.tell(work, meeting, "changed", fields=sorted(data))
    return meeting


def last(work: UnitOfWork, meeting: Meeting, until: datetime) -> None:
    """Set the end of access to the meeting and to the cases that are shared for it."""
    meeting.access_until = until
    for place in authorization.of_meeting(work, meeting.id):
        if place.state in {"invited", "accepted"}:
            side = Side.HOST if place.authority_id == meeting.host_id else Side.INVITED
            parties.admit(work, meeting.id, place.authority_id, side, until=until)
    case_sharing.update_access(work, meeting)
