"""Quotas for new values: counted before each registration, reported in header fields, and enforced with status 429.

The header fields follow draft-ietf-httpapi-ratelimit-headers-11: `RateLimit-Policy` names each quota, with the number of values
that it allows and its period in seconds; `RateLimit` gives the number that is left and the seconds until the quota is reset.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from coopapi.errors import TooMany
from coopapi.store.statements import Statement

_RESERVE: Final = Statement(
    "select * from priv.reserve(:case, cast(:identifiers as uuid[]), cast(:tokens as bytea[]), cast(:strengths as smallint[]),"
    " cast(:hidden as boolean))"
)
_PRESENT = Statement("select * from priv.present_quotas()")
_SET = Statement("select priv.set_quota(:authority, cast(:figures as bigint[]), cast(:until as timestamptz), :reason)")


@dataclass(frozen=True, slots=True)
class Quota:
    """The state of one quota of the caller after a registration."""

    policy: str
    most: int
    remaining: int
    seconds: int
    """Seconds until the quota is reset."""
    length: int
    """Length of the period in seconds."""
    wanted: int
    """Number of new values in this registration."""
    exceeded: bool


class QuotaExceeded(TooMany):
    """The request has more new values than your remaining quota, so none of them was registered.

    Send fewer values, wait for the number of seconds in `Retry-After`, or ask the operator for a larger quota. If there is
    no `Retry-After`, waiting does not help, because the request is larger than the whole quota.
    """

    def __init__(self, quotas: Sequence[Quota]) -> None:
        full = [quota for quota in quotas if quota.exceeded]
        said = ", ".join(f"{q.remaining} of {q.most} remain ({q.policy})" for q in full)
        super().__init__(
            f"The request has {max(q.wanted for q in full)} new values: {said}.",
            retry_after=None if any(q.wanted > q.most for q in full) else max(q.seconds for q in full),
            **{"violated-policies": [q.policy for q in full]},
        )
        self.quotas = quotas


def reserve(run: Callable[[Statement, Mapping[str, Any]], Sequence[Any]], values: Mapping[str, Any]) -> list[Quota]:
    """Count the values that are new to their case against the quotas. If a quota would be exceeded, nothing is counted.

    `run` runs a statement in a transaction of its own.
    """
    return [Quota(**row._asdict()) for row in run(_RESERVE, values)]


def present(session: Session) -> list[Quota]:
    """Return the caller's quotas for values of cases that are not hidden, as they are now."""
    return [Quota(**row._asdict()) for row in _PRESENT.rows(session)]


def set_quota(session: Session, authority_id: UUID, figures: Sequence[int] | None, until: datetime | None, reason: str) -> None:
    """Set the quotas of an authority, per client: values per hour and per day, then the same for hidden cases.

    If `figures` is None, the quotas of the settings apply again. The auditors and administrators of the authority get the alarm
    `quota_changed`.
    """
    asked = {"authority": authority_id, "figures": None if figures is None else list(figures), "until": until, "reason": reason}
    _SET.rows(session, **asked)


def version(session: Session, authority_id: UUID) -> int:
    """Return a number that identifies the current quotas of an authority. It changes whenever they are set."""
    found: int = session.execute(text("select priv.quota_version(:authority)"), {"authority": authority_id}).scalar_one()
    return found


def apply_approved(session: Session, approval_id: UUID) -> bool:
    """Set the quotas of an approved request. The authority's auditors and administrators get an alarm.

    Returns False if the quotas were set again after the request, or if the last day that it asks for has passed.
    """
    return bool(session.scalar(text("select priv.apply_quota(:approval)"), {"approval": approval_id}) == "done")


def require(quotas: Sequence[Quota]) -> None:
    """Raise `QuotaExceeded` if one of the quotas was exceeded."""
    if any(quota.exceeded for quota in quotas):
        raise QuotaExceeded(quotas)


def fields(quotas: Sequence[Quota]) -> dict[str, str]:
    """Return the quota header fields for the answer to a registration, or none if no quota was counted."""
    if not quotas:
        return {}
    return {
        "RateLimit-Policy": ", ".join(f'"{q.policy}";q={q.most};qu="values";w={q.length}' for q in quotas),
        "RateLimit": ", ".join(f'"{q.policy}";r={q.remaining};t={q.seconds}' for q in quotas),
    }
