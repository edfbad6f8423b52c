"""Changes of the rights of people and clients: some take effect at once, others only when a second administrator approves."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import text

from coopapi.access import Role
from coopapi.approvals import service as approvals
from coopapi.approvals.models import Approval
from coopapi.directory.models import Principal
from coopapi.errors import Conflict, Stale
from coopapi.store.db import UnitOfWork, as_json

KIND: Final = "account"


class LastAdministrator(Conflict):
    """An authority must have at least one active administrator.

    Name another administrator first.
    """


class ChangedSince(Conflict):
    """The account or setting was changed after the request for approval was made, or the requested period has ended.

    Withdraw the request, check the current account or setting, and make a new request.
    """


def enter(work: UnitOfWork, account: Mapping[str, Any]) -> Principal:
    """Create an account. Rights that one administrator may not give alone are left out, and their approval is requested."""
    waits = work.session.scalar(text("select priv.enter_account(cast(:account as jsonb))"), {"account": _written(account)})
    row = work.one(Principal, account["id"])
    work.note(f"{row.kind}.added", row, roles=row.roles, victim_cleared=row.victim_cleared, functions=row.functions)
    wanted = {key: account[key] for key in ("roles", "victim_cleared", "functions") if key != "functions" or account[key]}
    _ask(work, row, wanted, waits=bool(waits))
    return row


def change(work: UnitOfWork, row: Principal, data: Mapping[str, Any]) -> None:
    """Change an account. What needs no second administrator changes now; one approval is requested for everything else.

    Raises `LastAdministrator`, and `Stale` if somebody changed the row in the meantime.
    """
    ends = {"active": False} if data.get("active") is False else {}
    wanted = {key: value for key, value in data.items() if key != "name" and key not in ends}
    if ends:
        _write(work, row, ends)
    waits = bool(wanted) and not _write(work, row, wanted)
    if "name" in data:
        row.name = data["name"]
        work.session.flush()
    done = sorted(data.keys() - (wanted if waits else {}))
    if done:
        _note(work, row, fields=done)
    _ask(work, row, wanted, waits=waits)


def _write(work: UnitOfWork, row: Principal, data: Mapping[str, Any]) -> bool:
    """Write a change. Returns False if it has to wait for a second administrator."""
    work.session.flush()
    verdict = work.session.scalar(
        text("select priv.change_account(:id, :version, cast(:change as jsonb))"),
        {"id": row.id, "version": row.version, "change": _written(data)},
    )
    _raise(verdict, Stale())
    work.session.refresh(row)
    return bool(verdict != "waits")


def _raise(verdict: str | None, stale: Exception) -> None:
    if verdict == "last":
        raise LastAdministrator
    if verdict == "stale":
        raise stale


def _ask(work: UnitOfWork, row: Principal, wanted: Mapping[str, Any], *, waits: bool) -> None:
    """Request approval of a change that waits, or confirmation of an administrator who was appointed by a single person."""
    if not waits and Role.ADMIN in wanted.get("roles", ()) and row.vouched_by is not None:
        wanted, waits = {"confirmed": True}, True
    if waits:
        approvals.ask(work, KIND, row.authority_id, (row.id, row.version), _plain(wanted))


def apply(work: UnitOfWork, approval: Approval) -> None:
    """Apply an approved change. Raises `ChangedSince` if the account has changed since the request."""
    verdict = work.session.scalar(text("select priv.apply_to_account(:id)"), {"id": approval.id})
    _raise(verdict, ChangedSince())
    row = work.one(Principal, approval.object_id)
    work.session.refresh(row)
    _note(work, row, fields=sorted(approval.change), approval=str(approval.id))


def _note(work: UnitOfWork, row: Principal, **rest: Any) -> None:
    rights: dict[str, Any] = {"roles": row.roles, "victim_cleared": row.victim_cleared, "functions": row.functions}
    work.note(f"{row.kind}.changed", row, **rights, active=row.active, **rest)


def show(work: UnitOfWork, rows: Sequence[Principal]) -> list[dict[str, Any]]:
    """Return accounts, each with the requests about it that wait for a decision."""
    waiting: dict[Any, list[dict[str, Any]]] = {}
    for one in approvals.show(work, approvals.waiting_for(work, [row.id for row in rows])):
        waiting.setdefault(one["object_id"], []).append(one)
    return [{**row.shown(), **_secret(row), "pending": waiting.get(row.id, [])} for row in rows]


def reveal(row: Principal, secret: str) -> Principal:
    """Attach a new secret to the client for this response only. It is not stored in clear."""
    vars(row)["client_secret"] = secret
    return row


def _secret(row: Principal) -> dict[str, str]:
    return {"client_secret": vars(row)["client_secret"]} if "client_secret" in vars(row) else {}


def _written(data: Mapping[str, Any]) -> str:
    return as_json(_plain(data))


def _plain(data: Mapping[str, Any]) -> dict[str, Any]:
    """Convert bytes to the form in which PostgreSQL reads them from JSON."""
    return {key: f"\\x{value.hex()}" if isinstance(value, bytes) else value for key, value in data.items()}
