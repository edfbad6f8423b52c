"""Figures about requests for assistance, on the wire."""

from typing import ClassVar

from marshmallow import fields

from coopapi.directory.fields import Code
from coopapi.http.fields import OneOf, Schema, Shown, Text, When
from coopapi.statistics.dimensions import OF_REQUESTS
from coopapi.statistics.fields import FORMAT, GroupedOut, by_each, keys, number, spread


class RequestFigureFilter(Schema):
    """Which requests are counted, and in which groups. A request counts in the period in which it was sent."""

    class Meta(Schema.Meta):
        """Has a filter for each dimension."""

        include: ClassVar = by_each(
            OF_REQUESTS,
            direction=OneOf(("outgoing", "incoming")),
            kind=Code("request_kinds"),
            instrument=Text(40),
            urgency=Code("urgency_levels"),
            measure=Code("measures"),
            requesting_country=Code("countries"),
            executing_country=Code("countries"),
        )

    since = When(metadata={"description": "Only what was sent at this time or later."})
    until = When(metadata={"description": "Only what was sent before this time."})
    format = FORMAT


class RequestFiguresOut(Shown):
    """The figures of one group of requests."""

    keys = keys()
    issued = number("Requests that were sent.")
    received = number("Requests of which the receipt is stated.")
    acknowledged = number("Requests whose receipt was acknowledged.")
    acknowledged_on_time = number("Requests acknowledged within the time of the law (Directive 2014/41/EU Art. 16(1)).")
    acknowledged_late = number("Requests that were acknowledged later, or not although the law sets a time.")
    deadlines_kept = number("Requests of which the executing side kept every time limit that has ended, and none is overdue.")
    deadlines_missed = number("Requests of which the executing side missed a time limit.")
    fulfilled = number("Requests carried out in full, data preserved, persons surrendered.")
    partly_fulfilled = number("Requests carried out in part.")
    not_fulfilled = number("Requests not carried out for a reason that is no refusal.")
    refused = number("Requests that were refused.")
    returned = number("Requests returned because no proper authority issued or validated them.")
    withdrawn = number("Requests that were withdrawn.")
    pending = number("Requests that have no outcome yet.")
    outcome_unknown = number("Requests closed before their outcome was counted.")
    postponed = number("Requests of which the decision or a measure was postponed, whatever followed.")
    refused_by_ground = fields.Dict(
        keys=fields.String(),
        values=fields.Integer(),
        required=True,
        metadata={"description": "The refused requests by the grounds that were cited; one with several counts under each."},
    )
    emergencies = number("Requests that were sent as emergencies.")
    sent_before_validation = number("Orders sent in an emergency before their validation (Regulation (EU) 2023/1543 Art. 4(5)).")
    validated_later = number("Those of them that were validated afterwards.")
    validation_denied = number("Those of them of which the validation was not granted.")
    notified = number("Requests of which an authority of the enforcing State was notified (Art. 8).")
    enforcement_requested = number("Orders that were sent to the enforcing State for enforcement (Art. 16).")
    enforcement_fulfilled = number("Those of them that were carried out, in full or in part.")
    preserved = number("Preservation requests and orders by which data were preserved.")
    followed_up = number("Those of them that a request for the data followed.")
    never_followed_up = number("Those of them that ended without a request for the data.")
    hours_to_obtain = spread(
        "From sending until everything that was obtained was there, of fulfilled and partly fulfilled requests."
    )
    hours_to_obtain_whole = spread("The same, of fulfilled requests alone.")
    hours_to_follow_up = spread("From the sending of a preservation until the request for the data was sent.")


class RequestFigureTableOut(GroupedOut):
    """Figures of requests in groups."""

    rows = fields.List(fields.Nested(RequestFiguresOut), required=True)


class StageFiguresOut(Shown):
    """How long the requests of one group were in one state."""

    keys = keys()
    stage = fields.String(required=True, metadata={"description": "A state of requests."})
    hours = spread("The hours in this state, of the requests that have left it.")


class StageFigureTableOut(GroupedOut):
    """Hours that requests were in each state, in groups."""

    rows = fields.List(fields.Nested(StageFiguresOut), required=True)
