"""Mail over HTTP: what a person chooses about it, and its addresses."""

from http import HTTPStatus

from coopapi.access import Action
from coopapi.http.api import Blueprint
from coopapi.http.collection import serve
from coopapi.mail import service
from coopapi.mail.schemas import (
    MailAddressIn,
    MailAddressOut,
    MailCodeIn,
    NotificationsOut,
    NotificationsPatch,
    PersonNotificationsOut,
)

blp = Blueprint("mail", __name__, url_prefix="/api/v1", description="Mail to people that says only that something new waits")

_MINE = "/me/notifications"
_ADDRESS = f"{_MINE}/addresses/<uuid:address_id>"
_PERSON = "/authorities/<uuid:authority_id>/people/<uuid:person_id>/notifications"
_CHOOSE = {"allow": Action.MAIL_CHOOSE, "method": "POST", "returns": MailAddressOut, "show": service.show}

serve(
    blp,
    _MINE,
    "get_notifications",
    service.own,
    "Show when you get mail, at which addresses, and whether it fails.",
    allow=Action.MAIL_CHOOSE,
    returns=NotificationsOut,
    show=service.show_account,
)
serve(
    blp,
    _MINE,
    "update_notifications",
    service.choose,
    """Choose when you get mail and in which language.

    Mail says only that there is something new. While you are on duty, emergencies and clocks of at most
    eight hours are mailed in any case.
    """,
    allow=Action.MAIL_CHOOSE,
    method="PATCH",
    body=NotificationsPatch,
    returns=NotificationsOut,
    show=service.show_account,
    changes=True,
)
serve(
    blp,
    f"{_MINE}/addresses",
    "add_mail_address",
    service.enter,
    "Enter an address of yours. A code is sent to it, and it is used when you have entered the code.",
    body=MailAddressIn,
    status=HTTPStatus.CREATED,
    **_CHOOSE,
)
serve(
    blp,
    f"{_ADDRESS}/confirmation",
    "confirm_mail_address",
    service.confirm,
    "Enter the code that was sent to an address of yours. A mail to the previous one says that it was replaced.",
    body=MailCodeIn,
    **_CHOOSE,
)
serve(
    blp,
    f"{_ADDRESS}/removal",
    "remove_mail_address",
    service.remove,
    "Remove an address of yours. A mail to it says so. You cannot remove your only one while a shift of yours runs or is to come.",
    **_CHOOSE,
)
serve(
    blp,
    _PERSON,
    "get_person_notifications",
    service.of_person,
    "Show which addresses for mail a person of the authority has, and whether they work; not the addresses themselves.",
    allow=Action.STAFF_MANAGE,
    returns=PersonNotificationsOut,
)
serve(
    blp,
    f"{_PERSON}/addresses",
    "add_person_mail_address",
    service.enter_for,
    "Enter an address of a person of the authority. It is used when that person has entered the code that is sent to it.",
    allow=Action.STAFF_MANAGE,
    method="POST",
    body=MailAddressIn,
    status=HTTPStatus.CREATED,
    returns=MailAddressOut,
    show=service.show,
)
