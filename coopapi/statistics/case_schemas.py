"""Figures about cases, overlaps, meetings and teams, on the wire."""

from typing import ClassVar

from marshmallow import fields

from coopapi.directory.fields import Code
from coopapi.http.fields import Schema, Shown, When
from coopapi.statistics.dimensions import OF_CASES, OF_MEETINGS, OF_OVERLAPS, OF_TEAMS
from coopapi.statistics.fields import FORMAT, GroupedOut, by_each, keys, number, spread


class _PeriodFilter(Schema):
    since = When(metadata={"description": "Only what began at this time or later."})
    until = When(metadata={"description": "Only what began before this time."})
    format = FORMAT


class OverlapFigureFilter(_PeriodFilter):
    """Which overlaps are counted, and in which groups. An overlap counts when your side could first know of it."""

    class Meta(Schema.Meta):
        """Has a filter for each dimension."""

        include: ClassVar = by_each(OF_OVERLAPS)

    country = Code("countries", metadata={"description": "The older name of `counterpart_country`."})


class CaseFigureFilter(_PeriodFilter):
    """Which cases are counted, and in which groups. A case counts in the period in which it was registered."""

    class Meta(Schema.Meta):
        """Has a filter for each dimension."""

        include: ClassVar = by_each(OF_CASES)


class MeetingFigureFilter(_PeriodFilter):
    """Which meetings are counted, and in which groups. A meeting counts in the period in which it begins."""

    class Meta(Schema.Meta):
        """Has a filter for each dimension."""

        include: ClassVar = by_each(OF_MEETINGS)


class TeamFigureFilter(_PeriodFilter):
    """Which teams are counted, and in which groups. A team counts in the period in which it was set up."""

    class Meta(Schema.Meta):
        """Has a filter for each dimension."""

        include: ClassVar = by_each(OF_TEAMS)


class OverlapFiguresOut(Shown):
    """The figures of one group of overlaps, from your side."""

    keys = keys()
    found = number("Overlaps that were found.")
    standing = number("Overlaps that still have evidence.")
    confirmed = number("Overlaps that your side confirmed.")
    rejected = number("Overlaps that your side rejected.")
    unsure = number("Overlaps of which your side is not sure.")
    under_verification = number("Overlaps that your side verifies now.")
    not_verified = number("Overlaps that your side has not taken up.")
    disclosure_asked = number("Overlaps about which either side asked for a disclosure.")
    disclosed = number("Overlaps about which something was disclosed.")
    disclosure_refused = number("Overlaps about which a disclosure was refused.")
    hours_to_verify = spread("From when your side could first know of an overlap until it decided on it.")
    hours_to_disclose = spread("From when your side could first know of an overlap until something was disclosed.")


class CaseFiguresOut(Shown):
    """The figures of one group of cases."""

    keys = keys()
    registered = number("Cases that were registered.")
    under_way = number("Cases that have not ended.")
    closed = number("Cases that were closed.")
    transferred = number("Cases that were transferred.")
    withdrawn = number("Cases that were withdrawn.")
    multilateral = number("Cases that concern three countries or more.")
    investigated = number("Cases of which at least an investigation is recorded.")
    prosecuted = number("Cases of which at least a prosecution is recorded.")
    adjudicated = number("Cases of which a judgment is recorded.")
    convictions = number("Cases with a conviction, of all or of some.")
    acquittals = number("Cases with an acquittal of all.")
    hours_to_end = spread("From the registration of cases until they ended.")


class MeetingFiguresOut(Shown):
    """The figures of one group of meetings."""

    keys = keys()
    convened = number("Meetings that were proposed, whatever became of them.")
    held = number("Meetings and centres that took place.")
    minutes_agreed = number("Meetings whose minutes were agreed.")
    cancelled = number("Meetings that were cancelled.")
    coordination_centres = number("Coordination centres that took place.")
    with_three_countries = number("Meetings of three countries or more.")
    outcomes = number("Requests, teams and other things that these meetings led to.")


class TeamFiguresOut(Shown):
    """The figures of one group of teams."""

    keys = keys()
    proposed = number("Teams that were proposed, whatever became of them.")
    set_up = number("Teams that were set up by signature.")
    active = number("Teams that work now.")
    ended = number("Teams that have ended.")
    ended_by_expiry = number("Teams whose time was over.")
    ended_with_its_goal = number("Teams that reached their goal.")
    ended_by_withdrawal = number("Teams that their parties left.")
    abandoned = number("Teams that were never set up.")
    with_three_countries = number("Teams of three countries or more.")
    hours_of_work = spread("From the setting up of teams until they ended.")


class OverlapFigureTableOut(GroupedOut):
    """Figures of overlaps in groups."""

    rows = fields.List(fields.Nested(OverlapFiguresOut), required=True)


class CaseFigureTableOut(GroupedOut):
    """Figures of cases in groups."""

    rows = fields.List(fields.Nested(CaseFiguresOut), required=True)


class MeetingFigureTableOut(GroupedOut):
    """Figures of meetings in groups."""

    rows = fields.List(fields.Nested(MeetingFiguresOut), required=True)


class TeamFigureTableOut(GroupedOut):
    """Figures of teams in groups."""

    rows = fields.List(fields.Nested(TeamFiguresOut), required=True)
