"""Addresses are sealed under the key file of the service, each for its own row."""

from typing import Final
from uuid import UUID

from coopapi.store import vault
from coopapi.store.crypto import Keyring

_KEY: Final = "mail-addresses"


def seal(keys: Keyring, address_id: UUID, address: str) -> bytes:
    """Encrypt an address for the database."""
    return vault.seal_bytes(vault.service_key(keys, _KEY), address.encode(), f"mail_addresses/address/{address_id}")


def unseal(keys: Keyring, address_id: UUID, sealed: bytes) -> str:
    """Decrypt an address."""
    return vault.open_bytes(vault.service_key(keys, _KEY), bytes(sealed), f"mail_addresses/address/{address_id}").decode()
