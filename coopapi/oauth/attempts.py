"""Protection of the token endpoint against guessing: failed attempts are counted per address and per client and address.

The database counts, so that the limit applies to all workers together. It receives only keyed digests of the addresses and does not
have the key. Addresses are never written to the journal.
"""

from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final, Self
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from coopapi.errors import TooMany
from coopapi.store.db import Database

PAIR_FAILURES: Final = 20
"""Failed attempts of one client from one address in 15 minutes, after which further ones are refused without being checked."""
ADDRESS_FAILURES: Final = 100
"""Failed attempts from one address in 15 minutes, for all clients together."""
ALARMING_FAILURES: Final = 20
"""Failed attempts of one client from all addresses in one hour, after which its authority gets an alarm."""

_SITE_BITS: Final = 64
_SHOWN: Final = 8
_BEGIN: Final = text("select priv.attempt(:signed)")
_PROVED: Final = text("select priv.attempt_proved(:signed)")
_FAILED: Final = text("select priv.attempt_failed(:signed)")


class TooManyFailures(TooMany):
    """There were too many failed attempts to sign in from your address.

    Wait for the number of seconds in the response header `Retry-After`, and check the secret or the key of your client.
    """


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt to authenticate a client, signed so that the database accepts it only from this service."""

    client: UUID | None
    signed: str

    @classmethod
    def of(cls, database: Database, client_id: str, address: str) -> Self:
        """Return the attempt of a client from an address. The client may be unknown, and its id may be written in any way."""
        site, client = _site(address), _uuid(client_id)
        pair = database.keys.mac("token-attempts", f"pair|{site}|{client or client_id}".encode())
        place = database.keys.mac("token-attempts", f"address|{site}".encode())
        said = ("attempt", pair.hex(), place.hex(), str(client or ""), place[:_SHOWN].hex())
        limits = f"{PAIR_FAILURES},{ADDRESS_FAILURES},{ALARMING_FAILURES}"
        return cls(client, database.sign(said, database.clock(), limits))

    def begin(self, session: Session) -> int:
        """Count the attempt as failed until it succeeds. If there were too many, return the seconds to wait and count nothing."""
        found: int = session.execute(_BEGIN, {"signed": self.signed}).scalar_one()
        return found

    def proved(self, session: Session) -> None:
        """Remove the attempt from the failures."""
        session.execute(_PROVED, {"signed": self.signed})

    def failed(self, database: Database) -> None:
        """Record the failure in the journal of the client's authority, if the client exists, with an alarm if there were many."""
        with database.anonymous() as session:
            session.execute(_FAILED, {"signed": self.signed})


def _uuid(client_id: str) -> UUID | None:
    try:
        return UUID(client_id)
    except ValueError:
        return None


def _site(address: str) -> str:
    """Return the address to count by. For IPv6 these are the first 64 bits, because one subscriber has all addresses in them."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if not isinstance(found, IPv6Address):
        return str(found)
    return str(found.ipv4_mapped or ip_network((found, _SITE_BITS), strict=False))
