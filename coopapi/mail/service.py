"""What a person chooses about mail, and its addresses, each of which is used once the person has entered the code sent to it."""

import hmac
from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from coopapi.directory import service as directory
from coopapi.errors import Conflict, NotFound, Stale, fault
from coopapi.mail import addresses, messages
from coopapi.mail.models import MailAccount, MailAddress
from coopapi.store.db import UnitOfWork
from coopapi.store.statements import Statement

_OPEN: Final = Statement("select priv.open_mail_account()")
_ASK: Final = Statement("select priv.ask_address(:id, :person, :use, :address) as done")
_CONFIRM: Final = Statement("select priv.confirm_address(:id) as done")
_REMOVE: Final = Statement("select priv.remove_address(:id) as done")
_ON_DUTY: Final = Statement("select priv.am_on_duty() as now")
_UNTOUCHED: Final = {
    "version": 0,
    "frequency": "never",
    "hour": 8,
    "time_zone": "UTC",
    "quiet_from": None,
    "quiet_until": None,
    "language": "en",
    "fault": None,
    "failing_since": None,
}
"""What holds for a person who has chosen nothing, as in the table."""


class MailIsOff(Conflict):
    """No mail is sent, because the register has no mail server.

    The operator can set one up with `COOPAPI_SMTP_URL`.
    """


class TooManyAddresses(Conflict):
    """Ten addresses of this person were entered within a day.

    Try again tomorrow.
    """


class NeededOnDuty(Conflict):
    """You are on duty, or will be, and this is the only address at which you can be reached then.

    Enter and confirm another address first, or have your shifts ended.
    """


def own(work: UnitOfWork) -> MailAccount:
    """Return what the caller chose. If it chose nothing yet, there is no row; what holds then is returned."""
    work.require_person()
    return work.find(MailAccount, work.actor.id) or MailAccount(id=work.actor.id, **_UNTOUCHED)


def show_account(work: UnitOfWork, rows: Sequence[MailAccount]) -> list[dict[str, Any]]:
    """Return the account of the caller with its addresses, and whether the caller is on duty now."""
    on_duty = _ON_DUTY.one(work.session).now
    return [{**row.shown(), "on_duty": on_duty, "addresses": _shown(work, row.id)} for row in rows]


def _shown(work: UnitOfWork, person_id: UUID) -> list[dict[str, Any]]:
    """Return the addresses of a person that wait or are in use, in clear only to the person itself."""
    query = work.all(MailAddress).where(MailAddress.principal_id == person_id, MailAddress.state != "ended")
    return show(work, work.session.scalars(query.order_by(MailAddress.id)).all())


def show(work: UnitOfWork, rows: Sequence[MailAddress]) -> list[dict[str, Any]]:
    """Return addresses as they are shown: in clear only to the person itself."""
    shown = []
    for row in rows:
        own_one = row.principal_id == work.actor.id and row.address is not None
        clear = addresses.unseal(work.keys, row.id, row.address) if own_one and row.address else None
        shown.append({**row.shown(), "address": clear})
    return shown


def choose(work: UnitOfWork, version: int, data: Mapping[str, Any]) -> MailAccount:
    """Change what the caller chose. Raises `Stale` if it was changed meanwhile."""
    work.require_person()
    _OPEN.rows(work.session)
    row = work.session.scalar(work.all(MailAccount).where(MailAccount.id == work.actor.id).with_for_update())
    if row is None:
        raise NotFound
    if row.version != version:
        raise Stale(version=row.etag)
    _check_quiet(row, data)
    row.set(data)
    row.next_at = None if row.frequency == "never" else work.now
    work.note("mail.chosen", row, fields=sorted(data))
    return row


def _check_quiet(row: MailAccount, data: Mapping[str, Any]) -> None:
    start, end = (data.get(name, getattr(row, name)) for name in ("quiet_from", "quiet_until"))
    if (start is None) != (end is None) or (start is not None and start == end):
        raise fault("/quiet_until", "quiet_hours", "Quiet hours need a beginning and a different end, or neither.")


def enter(work: UnitOfWork, data: Mapping[str, Any]) -> MailAddress:
    """Enter an address of the caller and have a code sent to it."""
    work.require_person()
    return _asked(work, work.actor.id, data)


def enter_for(work: UnitOfWork, authority_id: UUID, person_id: UUID, data: Mapping[str, Any]) -> MailAddress:
    """Enter an address of a person whom the caller administers. Only that person can confirm it."""
    return _asked(work, directory.person(work, authority_id, person_id).id, data)


def _asked(work: UnitOfWork, person_id: UUID, data: Mapping[str, Any]) -> MailAddress:
    if work.settings.smtp_url is None:
        raise MailIsOff
    made = work.new_id()
    sealed = addresses.seal(work.keys, made, data["address"])
    if not _ASK.one(work.session, id=made, person=person_id, use=data["use"], address=sealed).done:
        raise TooManyAddresses
    row = work.one(MailAddress, made)
    work.note("mail.address_entered", row, person=str(person_id), use=row.use)
    return row


def confirm(work: UnitOfWork, address_id: UUID, data: Mapping[str, Any]) -> MailAddress:
    """Put an address of the caller to use. Raises `Unprocessable` for a wrong code and `Conflict` if it waits no longer."""
    row = _own(work, address_id)
    if not hmac.compare_digest(messages.code_of(work.keys, row.id), data["code"]):
        raise fault("/code", "code", "This is not the code that was sent to the address.")
    if not _CONFIRM.one(work.session, id=row.id).done:
        raise Conflict("The address does not wait for its code any more. Enter it again.")
    work.session.refresh(row)
    work.note("mail.address_confirmed", row, use=row.use)
    return row


def remove(work: UnitOfWork, address_id: UUID) -> MailAddress:
    """End an address of the caller. Raises `NeededOnDuty`."""
    row = _own(work, address_id)
    if not _REMOVE.one(work.session, id=row.id).done:
        raise NeededOnDuty
    work.session.refresh(row)
    work.note("mail.address_removed", row, use=row.use)
    return row


def _own(work: UnitOfWork, address_id: UUID) -> MailAddress:
    work.require_person()
    row = work.one(MailAddress, address_id)
    if row.principal_id != work.actor.id:
        raise NotFound
    return row


def of_person(work: UnitOfWork, authority_id: UUID, person_id: UUID) -> dict[str, Any]:
    """Return which addresses a person has whom the caller administers, and whether they work."""
    person = directory.person(work, authority_id, person_id)
    return {"addresses": _shown(work, person.id)}
