"""What every format has."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol
from uuid import UUID, uuid5

from coopapi.exports.lines import Portion

_NAMESPACE: Final = UUID("5d0f6f0e-6d2b-5a54-9d5e-9e7f3c6c1f0a")
ACCOUNTS: Final = frozenset(
    {
        "bank_account", "bch_address", "btc_address", "card", "discord", "eth_address", "iban", "kik", "line",
        "ltc_address", "matrix", "payment_handle", "platform_user_id", "session", "signal", "simplex", "skype",
        "snapchat", "telegram", "threema", "ton_address", "tox", "tron_address", "username", "viber", "whatsapp",
        "xmpp", "xmr_address", "xrp_address",
    }
)  # fmt: skip
"""The kinds of identifiers that name an account or a wallet."""
REFERENCES: Final = ("reference", "eurojust_number", "siena_reference", "ecodex_id", "external_id")
"""The fields of a case that other systems know it by."""


@dataclass(frozen=True, slots=True)
class About:
    """What the file says of itself: by whom, for whom, for what purpose, and under which conditions it was made."""

    id: UUID
    version: str
    made_at: datetime
    authority_id: UUID
    authority: str
    country: str | None
    recipient: str
    purpose: str
    handling_code: str
    conditions: Sequence[str]

    def names(self, *parts: str) -> UUID:
        """Return the id of something of the authority. It is the same in every export."""
        return uuid5(_NAMESPACE, "|".join((str(self.authority_id), *parts)))

    def said(self) -> dict[str, Any]:
        """Return what the file says of itself as an object."""
        return {
            "export": str(self.id),
            "version": self.version,
            "made_at": moment(self.made_at),
            "authority": {"name": self.authority, "country": self.country},
            "recipient": self.recipient,
            "purpose": self.purpose,
            "handling_code": self.handling_code,
            "conditions": list(self.conditions),
        }


class Format(Protocol):
    """A format of exports: its version, and how the parts of a file are written."""

    version: str
    media_type: str
    suffix: str

    def head(self, about: About) -> bytes:
        """Return the beginning of a file."""

    def portion(self, about: About, portion: Portion) -> bytes:
        """Return the next lines of a file. What has no place in the format is counted in the portion as left out."""

    def tail(self, about: About, counted: Mapping[str, Any]) -> bytes:
        """Return the end of a file: what it has, and what was left out and why."""


def compact(value: Any) -> bytes:
    """Return a value as JSON on one line."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str).encode()


def moment(value: datetime) -> str:
    """Return a time with milliseconds in UTC (RFC 3339)."""
    return value.strftime("%Y-%m-%dT%H:%M:%S.") + f"{value.microsecond // 1000:03d}Z"


def in_words(counted: Mapping[str, Any]) -> str:
    """Return what was left out and why, as text."""
    return "; ".join(f"{one['count']} x {one['what']}: {one['why']}" for one in counted["left_out"]) or "nothing was left out"
