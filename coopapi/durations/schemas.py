"""Durations on the wire."""

from marshmallow import fields

from coopapi.directory.fields import Code
from coopapi.durations.awaited import KINDS_OF_THINGS, READ_BY, STATES, WHO
from coopapi.http.fields import Count, OneOf, Paged, Schema, Shown, When
from coopapi.http.paging import MOST
from coopapi.statistics.fields import number, spread

_TYPES = tuple(READ_BY)


def _state() -> OneOf:
    about = "The state; `unknown` for what was not recorded."
    return OneOf(STATES, name="TimedState", required=True, metadata={"description": about})


def _kind() -> OneOf:
    about = (
        "The kind of a request, the code of a measure, the strength of an overlap, `outgoing` or `incoming` of a disclosure, the"
        " level of a meeting, the legal basis of a team."
    )
    return OneOf(KINDS_OF_THINGS, name="TimedKind", required=True, allow_none=True, metadata={"description": about})


class DurationsFilter(Paged):
    """Which things of a case."""

    type = OneOf(_TYPES, name="TimedType", metadata={"description": "Only things of this type."})


class WaitingFilter(Schema):
    """What of a case, and how much of it."""

    type = OneOf(_TYPES, name="TimedType", metadata={"description": "Only things of this type."})
    limit = Count(1, MOST, metadata={"description": "How many of the things that wait now are listed; 50 if you do not say."})


class DurationFigureFilter(Schema):
    """Which durations are counted: those of states that were left in a time."""

    type = OneOf(_TYPES, name="TimedType", metadata={"description": "Only things of this type."})
    since = When(metadata={"description": "Only states that were left at this time or later."})
    until = When(metadata={"description": "Only states that were left before this time."})


class TimedStateOut(Shown):
    """A state in which a thing was."""

    state = _state()
    since = When(required=True, allow_none=True, metadata={"description": "When it entered the state, if that is known."})
    until = When(required=True, allow_none=True, metadata={"description": "When it left the state; null if it has not."})
    hours = fields.Float(
        required=True, allow_none=True, metadata={"description": "The length, until now if it has not ended; null if not known."}
    )


class DurationOut(Shown):
    """A thing of a case, with its states in the order in which it entered them."""

    type = OneOf(_TYPES, name="TimedType", required=True)
    id = fields.UUID(required=True)
    kind = _kind()
    state = _state()
    stages = fields.List(fields.Nested(TimedStateOut), required=True)


class _WhoOut(Shown):
    who = OneOf(WHO, name="WaitedFor", required=True)
    authority_id = fields.UUID(required=True, allow_none=True)
    authority = fields.String(required=True, allow_none=True)
    country = Code("countries", required=True, allow_none=True)


class WaitedOut(_WhoOut):
    """How long a case waited for one authority, over all its things."""

    waiting = number("How many things wait now.")
    overdue = number("How many of them wait longer than they may.")
    hours = fields.Float(required=True, metadata={"description": "The hours of all things together, until now."})
    longest_hours = fields.Float(
        required=True, allow_none=True, metadata={"description": "How long the one that has waited for longest waits now."}
    )
    next_due_at = When(required=True, allow_none=True)


class WaitingOut(_WhoOut):
    """A thing that waits for a step now."""

    type = OneOf(_TYPES, name="TimedType", required=True)
    id = fields.UUID(required=True)
    kind = _kind()
    state = _state()
    step = fields.String(required=True, metadata={"description": "The event that is awaited."})
    since = When(required=True, allow_none=True)
    hours = fields.Float(required=True, allow_none=True)
    due_at = When(required=True, allow_none=True)
    overdue = fields.Boolean(required=True)


class CaseWaitingOut(Shown):
    """On whom a case waited, and what waits now: what is due first, then what has waited for longest."""

    case_id = fields.UUID(required=True)
    waited = fields.List(fields.Nested(WaitedOut), required=True)
    waiting = fields.List(fields.Nested(WaitingOut), required=True)
    total = number("How many things wait now, also beyond those that are listed.")


class DurationFiguresOut(Shown):
    """How long things of one type and kind were in one state."""

    type = OneOf(_TYPES, name="TimedType", required=True)
    kind = _kind()
    state = _state()
    now_in = number("How many are in the state now.")
    not_known = number("How many left the state after a time that is not known; only counted if you name no period.")
    hours = spread("The hours in the state, of those that have left it.")


class DurationFigureTableOut(Shown):
    """How long things that your authority may read were in each state."""

    rows = fields.List(fields.Nested(DurationFiguresOut), required=True)
