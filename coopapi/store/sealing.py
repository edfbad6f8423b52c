"""Sealing with AES-256-GCM. Only vault.py imports this module, by an import contract: it is the one place that opens seals."""

import hmac
import os
import secrets
from typing import Final, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from coopapi.store.crypto import KEY_BYTES, KEY_VERSION, Keyring, derive

_FORMAT: Final = b"\x01"
_NONCE: Final = 12


class BrokenSeal(Exception):
    """A sealed value was changed, or belongs somewhere else."""


class Sealer(NamedTuple):
    """AES-256-GCM under one key; the place a value belongs to is authenticated with it."""

    key: bytes

    def seal(self, plain: bytes, place: str) -> bytes:
        """Encrypt for one place: format byte, nonce, ciphertext."""
        nonce = os.urandom(_NONCE)
        return _FORMAT + nonce + AESGCM(self.key).encrypt(nonce, plain, place.encode())

    def open(self, sealed: bytes, place: str) -> bytes:
        """Decrypt, or raise `BrokenSeal` when the value was changed or moved."""
        if sealed[:1] != _FORMAT:
            raise BrokenSeal
        try:
            return AESGCM(self.key).decrypt(sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :], place.encode())
        except (InvalidTag, ValueError) as fault:
            raise BrokenSeal from fault


class DataKey:
    """The data key of one case: destroy its wrapped form and the values are gone."""

    def __init__(self, key: bytes) -> None:
        self._values = Sealer(derive(key, "values"))
        self._fingerprints = derive(key, "fingerprints")

    def fingerprint(self, family: str, text: str) -> bytes:
        """Digest a value so that it is found again within this case, and in no other."""
        return hmac.digest(self._fingerprints, f"{family}|{text}".encode(), "sha256")


def sealer(keys: Keyring, purpose: str) -> Sealer:
    """Return the sealer for one purpose of the service."""
    return Sealer(keys.key_for(purpose))


def new_data_key(keys: Keyring, thing_id: str) -> tuple[bytes, DataKey]:
    """Make a data key for one case or shared thing: wrapped for the database, and open for use now."""
    key = secrets.token_bytes(KEY_BYTES)
    return sealer(keys, "case-keys").seal(key, f"case_keys/{thing_id}/{KEY_VERSION}"), DataKey(key)


def data_key(keys: Keyring, thing_id: str, wrapped: bytes) -> DataKey:
    """Unwrap the data key of a case or shared thing; raise `BrokenSeal` if it is another's."""
    return DataKey(sealer(keys, "case-keys").open(wrapped, f"case_keys/{thing_id}/{KEY_VERSION}"))
