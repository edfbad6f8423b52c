"""Mail on the wire."""

import re
from typing import Final

from marshmallow import fields, validate

from coopapi.http.fields import Like, Line, Lower, OneOf, Schema, Shown, Text, When, Zone
from coopapi.mail.messages import languages
from coopapi.mail.models import FAULTS, FREQUENCIES, STATES, USES
from coopapi.setting_values import MAIL_ADDRESS

_CLOCK: Final = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d", re.ASCII)
_CODE: Final = re.compile(r"[a-z2-7]{4}(?:-[a-z2-7]{4}){3}", re.ASCII)
_PLAIN: Final = Like(rf"{MAIL_ADDRESS.pattern}\Z", "This is no plain address such as a.b@justice.example.")
_SINCE: Final = {"description": "Since when mail fails; null if the last one arrived at the mail server."}


def _clock(about: str) -> Text:
    return Text(5, allow_none=True, validate=[validate.Regexp(_CLOCK)], metadata={"description": about})


class NotificationsPatch(Schema):
    """When mail goes to you, and in which language. It says only that there is something new."""

    frequency = OneOf(
        FREQUENCIES,
        name="MailFrequency",
        metadata={"description": "Within a minute, at each full hour, once a day at `hour`, or never."},
    )
    hour = fields.Integer(strict=True, validate=validate.Range(0, 23), metadata={"description": "The hour of daily mail."})
    time_zone = Zone()
    quiet_from = _clock("The beginning of the hours without mail, such as 22:00. What comes then is told at their end.")
    quiet_until = _clock("The end of the hours without mail, such as 07:00. They do not apply to daily mail, nor on duty.")
    language = OneOf(languages(), name="MailLanguage")


class MailAddressIn(Schema):
    """An address for mail to a person."""

    use = OneOf(
        USES,
        name="MailUse",
        required=True,
        metadata={"description": "Usual, or for emergencies and clocks of at most eight hours while the person is on duty."},
    )
    address = Line(254, required=True, validate=[_PLAIN])


class MailCodeIn(Schema):
    """The code that was sent to an address."""

    code = Lower(19, required=True, validate=[validate.Regexp(_CODE)])


class MailAddressOut(Shown):
    """An address for mail, in clear only for the person itself."""

    id = fields.UUID(required=True)
    use = OneOf(USES, name="MailUse", required=True)
    address = fields.String(allow_none=True, required=True)
    state = OneOf(STATES, name="MailAddressState", required=True)
    asked_by = fields.UUID(required=True)
    asked_at = When(required=True)
    expires_at = When(required=True, metadata={"description": "Until when the code is valid, while the address waits for it."})
    confirmed_at = When(allow_none=True, required=True)
    fault = OneOf(
        FAULTS,
        name="MailFault",
        allow_none=True,
        required=True,
        metadata={"description": "Why the code, or the test that is made once a day, could not be sent."},
    )
    failing_since = When(allow_none=True, required=True, metadata=_SINCE)
    etag = fields.String(required=True)


class NotificationsOut(Shown):
    """When mail goes to you, where to, and whether it fails."""

    frequency = OneOf(FREQUENCIES, name="MailFrequency", required=True)
    hour = fields.Integer(required=True)
    time_zone = fields.String(required=True)
    quiet_from = fields.String(allow_none=True, required=True)
    quiet_until = fields.String(allow_none=True, required=True)
    language = OneOf(languages(), name="MailLanguage", required=True)
    on_duty = fields.Boolean(
        required=True,
        metadata={
            "description": "Whether you are on duty now: emergencies and clocks of at most eight hours are mailed anyway then."
        },
    )
    addresses = fields.List(fields.Nested(MailAddressOut), required=True)
    fault = OneOf(FAULTS, name="MailFault", allow_none=True, required=True)
    failing_since = When(allow_none=True, required=True, metadata=_SINCE)
    etag = fields.String(required=True)


class PersonNotificationsOut(Shown):
    """Which addresses for mail a person has, and whether they work."""

    addresses = fields.List(fields.Nested(MailAddressOut), required=True)
