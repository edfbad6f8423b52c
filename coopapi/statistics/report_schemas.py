"""Reports of a year on the wire: Regulation (EU) 2023/1543 Art. 28(2), and Eurojust's annual report."""

from marshmallow import fields

from coopapi.http.fields import Count, Schema, Shown
from coopapi.statistics.fields import number, spread


class YearFilter(Schema):
    """The year of a report."""

    year = Count(2000, 2199, required=True)


class OrderFiguresOut(Shown):
    """The figures of orders for one category of data, one addressee, and emergencies or other situations."""

    data_category = fields.String(required=True)
    addressee = fields.String(required=True, metadata={"description": "The id of the provider."})
    emergency = fields.Boolean(required=True)
    issued = number("Orders issued (a).")
    issued_before_validation = number("Orders issued under the derogation for emergencies (b).")
    fulfilled = number("Orders fulfilled (c).")
    not_fulfilled = number("Orders not fulfilled, or only in part (c).")
    notified = number("Notifications to enforcing authorities (d).")
    refused = number("Orders refused (d).")
    refused_by_ground = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)
    hours_to_obtain = spread("From the issuing of a fulfilled order until the data were obtained (e).")
    hours_to_follow_up = spread("From the issuing of an order to preserve until the request for the data was issued (f).")
    sent_for_enforcement = number("Orders sent to the enforcing State for enforcement (g).")
    fulfilled_after_enforcement = number("Those of them that were fulfilled (g).")
    validation_denied = number("Orders of which the validation was not granted afterwards (i).")


class EEvidenceReportOut(Shown):
    """The statistics of Regulation (EU) 2023/1543 Art. 28(2) for a calendar year."""

    verify = fields.Boolean(
        required=True,
        metadata={"description": "Always false: the list was compared with OJ L 191, 28.7.2023, p. 118, on 30 November 2026."},
    )
    year = fields.Integer(required=True)
    production = fields.List(fields.Nested(OrderFiguresOut), required=True)
    preservation = fields.List(fields.Nested(OrderFiguresOut), required=True)
    received_for_enforcement = number("Orders received from other States for enforcement (g).")
    legal_remedies = fields.Integer(
        required=True, allow_none=True, metadata={"description": "Always null: the register does not hold legal remedies (h)."}
    )
    costs = fields.Integer(
        required=True, allow_none=True, metadata={"description": "Always null: the register does not hold costs (j)."}
    )


class CaseworkOut(Shown):
    """The cases of a year."""

    worked_on = number("Cases that were registered before the end of the year and had not ended before it began.")
    new = number("Those of them that were registered in the year.")
    bilateral = number("Those that concern two countries, as far as you may know it.")
    multilateral = number("Those that concern three countries or more, as far as you may know it.")
    with_third_states = number("Those that concern a country outside the European Union, as far as you may know it.")


class CrimeOut(Shown):
    """The cases of one crime category. A case of several categories counts in each."""

    category = fields.String(required=True)
    ongoing = number("Cases from earlier years.")
    new = number("Cases registered in the year.")


class MeetingsOfYearOut(Shown):
    """The meetings of a year."""

    held = number("Coordination meetings that were held.")
    coordination_centres = number("Coordination centres that were held.")


class TeamsOfYearOut(Shown):
    """The teams of a year."""

    supported = number("Teams that worked in the year.")
    new = number("Those of them that were set up in the year.")


class EurojustReportOut(Shown):
    """What your authority sees, in the figures of Eurojust's annual report."""

    year = fields.Integer(required=True)
    cases = fields.Nested(CaseworkOut, required=True)
    crime = fields.List(fields.Nested(CrimeOut), required=True)
    meetings = fields.Nested(MeetingsOfYearOut, required=True)
    teams = fields.Nested(TeamsOfYearOut, required=True)
    requests = fields.Dict(
        keys=fields.String(),
        values=fields.Integer(),
        required=True,
        metadata={"description": "The requests that were sent in the year, by kind, such as `eio`, `eaw` and `epoc`."},
    )
