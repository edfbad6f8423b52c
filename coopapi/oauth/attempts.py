"""Guessing at the token endpoint: failed proofs are counted per address, and per pair of a client and an address.

The database counts, so that the limit holds for all workers together. It sees digests of addresses under a key that it does not
have; an address never stands in the journal.
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
"""Failed proofs of one client from one address in 15 minutes, before further ones are refused unseen."""
ADDRESS_FAILURES: Final = 100
"""Failed proofs from one address in 15 minutes, whatever the client."""
ALARMING_FAILURES: Final = 20
"""Failed proofs of one client from all addresses within an hour, at which its authority is alarmed."""

_SITE_BITS: Final = 64
_SHOWN: Final = 8
_BEGIN: Final = text("select priv.attempt(:signed)")
_PROVED: Final = text("select priv.attempt_proved(:signed)")
_FAILED: Final = text("select priv.attempt_failed(:signed)")


class TooManyFailures(TooMany):
    """Too many proofs from your address have failed.

    Wait for the seconds that the header `Retry-After` names, and check the secret or the key of your client in the meantime.
    """


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt to prove who a client is, as the service signed it for the database: nobody else tells of attempts."""

    client: UUID | None
    signed: str

    @classmethod
    def of(cls, database: Database, client_id: str, address: str) -> Self:
        """Describe the attempt of a claimed client, known here or not and however its id is spelled, from a network address."""
        site, client = _site(address), _uuid(client_id)
        pair = database.keys.mac("token-attempts", f"pair|{site}|{client or client_id}".encode())
        place = database.keys.mac("token-attempts", f"address|{site}".encode())
        said = ("attempt", pair.hex(), place.hex(), str(client or ""), place[:_SHOWN].hex())
        limits = f"{PAIR_FAILURES},{ADDRESS_FAILURES},{ALARMING_FAILURES}"
        return cls(client, database.sign(said, database.clock(), limits))

    def begin(self, session: Session) -> int:
        """Count the attempt as a failure until it is proved; or return how many seconds to wait, and count nothing."""
        found: int = session.execute(_BEGIN, {"signed": self.signed}).scalar_one()
        return found

    def proved(self, session: Session) -> None:
        """Take the attempt back from the failures."""
        session.execute(_PROVED, {"signed": self.signed})

    def failed(self, database: Database) -> None:
        """Tell the authority of the client, if there is such a client, and alarm it when there were many."""
        with database.anonymous() as session:
            session.execute(_FAILED, {"signed": self.signed})


def _uuid(client_id: str) -> UUID | None:
    try:
        return UUID(client_id)
    except ValueError:
        return None


def _site(address: str) -> str:
    """Return the address that counts: of IPv6 the first 64 bits, because one subscriber has all addresses behind them."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if not isinstance(found, IPv6Address):
        return str(found)
    return str(found.ipv4_mapped or ip_network((found, _SITE_BITS), strict=False))
