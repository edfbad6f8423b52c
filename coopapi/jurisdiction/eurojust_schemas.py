"""The duties towards Eurojust on the wire: records, and whether Eurojust is to be notified of a case."""

import marshmallow as ma
from marshmallow import fields

from coopapi.http.fields import Line, OneOf, Schema, Shown, When, refusal
from coopapi.jurisdiction.eurojust_records import ARTICLES, EXEMPTIONS, GROUNDS
from coopapi.jurisdiction.notification_duty import TEAM_STEPS


class NotificationConditionOut(Shown):
    """One condition, whether it holds, and why."""

    code = fields.String(required=True)
    article = fields.String(required=True)
    holds = fields.Boolean(required=True)
    why = fields.String(required=True)


class EurojustRecordIn(Schema):
    """A notification, an exemption or a written opinion. The article says which: 21(4) to (6), 21(7), or 4(4) and 4(5)."""

    article = OneOf([article for articles in ARTICLES.values() for article in articles], required=True)
    recorded_on = fields.Date(required=True, metadata={"description": "The day of the notification, decision or opinion."})
    reference = Line(100, metadata={"description": "The number that it has at Eurojust or in your file."})
    team_id = fields.UUID(metadata={"description": "The team of which Eurojust was told (Art. 21(4))."})
    team_step = OneOf(TEAM_STEPS, metadata={"description": "What it was told of the team: that it was set up, or its results."})
    ground = OneOf(EXEMPTIONS, metadata={"description": "Why no information is supplied (Art. 21(7))."})

    @ma.validates_schema
    def names_a_team_with_its_step(self, data: dict[str, object], **_: object) -> None:
        """A team is named with what was told of it, and only under Art. 21(4)."""
        if ("team_id" in data) != ("team_step" in data) or ("team_id" in data and data.get("article") != "21(4)"):
            raise refusal("team_step", "Give `team_id` and `team_step` together, and only with the article 21(4).", "team_step")

    @ma.validates_schema
    def exempted_on_a_ground(self, data: dict[str, object], **_: object) -> None:
        """An exemption has a ground, and nothing else has."""
        if (data.get("article") == "21(7)") != ("ground" in data):
            raise refusal("ground", "Give `ground` with the article 21(7), and with no other article.", "ground")


class OpinionAnswerIn(Schema):
    """How the authority answers a written opinion (Regulation (EU) 2018/1727 Art. 4(6))."""

    answer = OneOf(("followed", "declined"), required=True)
    ground = OneOf(GROUNDS, metadata={"description": "Why it is declined."})
    answered_on = fields.Date(required=True)

    @ma.validates_schema
    def declined_on_a_ground(self, data: dict[str, object], **_: object) -> None:
        """An opinion is declined on a ground, and followed without one."""
        if (data.get("answer") == "declined") != ("ground" in data):
            raise refusal("ground", "Give the ground of Art. 4(6) if you decline, and no ground if you follow.", "ground")


class EurojustRecordOut(Shown):
    """What was recorded of the duties towards Eurojust in a case."""

    id = fields.UUID(required=True)
    case_id = fields.UUID(required=True)
    kind = OneOf(ARTICLES, required=True)
    article = fields.String(required=True, metadata={"description": "The article of Regulation (EU) 2018/1727."})
    recorded_on = fields.Date(required=True)
    reference = fields.String(allow_none=True)
    team_id = fields.UUID(allow_none=True)
    team_step = OneOf(TEAM_STEPS, allow_none=True)
    answer = OneOf(("followed", "declined"), allow_none=True)
    ground = OneOf(GROUNDS, allow_none=True, metadata={"description": "Why an opinion is declined, or why the case is exempted."})
    answered_on = fields.Date(allow_none=True)
    created_at = When(required=True)
    etag = fields.String(required=True)


class TeamToNotifyOut(Shown):
    """A team, and what of it is to be notified."""

    team_id = fields.UUID(required=True)
    team_step = OneOf(TEAM_STEPS, required=True)


class NotificationDutyOut(Shown):
    """Whether Eurojust is to be notified of a case (Art. 21(4) to (6)), and whether an exemption is recorded (Art. 21(7))."""

    case_id = fields.UUID(required=True)
    due = fields.Boolean(required=True)
    article = fields.String(allow_none=True, required=True)
    articles = fields.List(fields.String(), required=True)
    not_notified = fields.List(
        fields.String(),
        required=True,
        metadata={
            "description": "The paragraphs that apply and of which no notification is recorded, or under Art. 21(4) too few "
            "for its teams."
        },
    )
    teams_not_notified = fields.List(
        fields.Nested(TeamToNotifyOut),
        required=True,
        metadata={"description": "What of which team has still to be notified (Art. 21(4)), as far as records do not cover it."},
    )
    verify = fields.Boolean(
        required=True, metadata={"description": "True if lists and figures were not checked against the official text."}
    )
    conditions = fields.List(fields.Nested(NotificationConditionOut), required=True)
