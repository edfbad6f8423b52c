"""Quotas of new values: counted in the database before a registration, told in header fields, refused with 429.

The header fields are those of draft-ietf-httpapi-ratelimit-headers-11: `RateLimit-Policy` names each quota, and says
how many values it allows in how many seconds; `RateLimit` says how many are left, and for how many seconds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from coopapi.errors import TooMany

_RESERVE = text(
    "select * from priv.reserve(:case, cast(:identifiers as uuid[]), cast(:tokens as bytea[]), cast(:strengths as smallint[]),"
    " cast(:hidden as boolean))"
)
_SET = text("select priv.set_quota(:authority, cast(:figures as bigint[]), cast(:until as timestamptz), :reason)")


@dataclass(frozen=True, slots=True)
class Quota:
    """One quota of the caller, as it is after a registration."""

    policy: str
    most: int
    remaining: int
    seconds: int
    """Until it begins anew."""
    length: int
    """Seconds from one beginning to the next."""
    wanted: int
    """How many new values the registration brought."""
    exceeded: bool


class QuotaExceeded(TooMany):
    """The request brings more new values than your quota has left; none of them was registered.

    Send fewer, wait for as many seconds as `Retry-After` says, or ask the operator of the register for a larger quota. Without a
    `Retry-After`, waiting does not help: what is to be registered or hidden at once is more than the whole quota.
    """

    def __init__(self, quotas: Sequence[Quota]) -> None:
        full = [quota for quota in quotas if quota.exceeded]
        said = ", ".join(f"{q.remaining} of {q.most} are left ({q.policy})" for q in full)
        super().__init__(
            f"It brings {max(q.wanted for q in full)} new values: {said}",
            retry_after=None if any(q.wanted > q.most for q in full) else max(q.seconds for q in full),
            **{"violated-policies": [q.policy for q in full]},
        )
        self.quotas = quotas


def reserve(session: Session, values: Mapping[str, Any]) -> list[Quota]:
    """Count the values that are new to their case; nothing is counted when a quota would be exceeded."""
    return [Quota(**row) for row in session.execute(_RESERVE, values).mappings()]


def set_quota(session: Session, authority_id: UUID, figures: Sequence[int] | None, until: datetime | None, reason: str) -> None:
    """Set an authority's quotas per client from the shell: values in an hour and a day, and the same in hidden cases.

    Without figures those of the settings hold again. The authority's auditors and administrators get the alarm `quota_changed`.
    """
    asked = {"authority": authority_id, "figures": None if figures is None else list(figures), "until": until, "reason": reason}
    session.execute(_SET, asked)


def version(session: Session, authority_id: UUID) -> int:
    """Tell which quotas of an authority hold now: a number that changes when they are set."""
    found: int = session.execute(text("select priv.quota_version(:authority)"), {"authority": authority_id}).scalar_one()
    return found


def apply_approved(session: Session, approval_id: UUID) -> bool:
    """Set the quotas that were asked for in an approved request; the authority's auditors and administrators get the alarm too.

    Returns whether that was possible: not if they were set anew since, or if their last day is over.
    """
    return bool(session.scalar(text("select priv.apply_quota(:approval)"), {"approval": approval_id}) == "done")


def require(quotas: Sequence[Quota]) -> None:
    """Raise `QuotaExceeded` if one of the quotas was exceeded."""
    if any(quota.exceeded for quota in quotas):
        raise QuotaExceeded(quotas)


def fields(quotas: Sequence[Quota]) -> dict[str, str]:
    """Write the header fields of an answer to a registration; none for other answers."""
    if not quotas:
        return {}
    return {
        "RateLimit-Policy": ", ".join(f'"{q.policy}";q={q.most};qu="values";w={q.length}' for q in quotas),
        "RateLimit": ", ".join(f'"{q.policy}";r={q.remaining};t={q.seconds}' for q in quotas),
    }
