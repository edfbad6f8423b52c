"""Encryption (sealing) with AES-256-GCM. An import contract ensures that only vault.py imports this module."""

import os
import secrets
from functools import cached_property, lru_cache
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from coopapi.store.crypto import KEY_BYTES, KEY_VERSION, Keyring, Mac, derive

_FORMAT: Final = b"\x01"
_NONCE: Final = 12


class BrokenSeal(Exception):
    """A sealed value was changed, or it was moved from the place that it was sealed for."""


class Sealer:
    """AES-256-GCM with one key. The place of a value is authenticated with it, so that it cannot be moved elsewhere."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def seal(self, plain: bytes, place: str) -> bytes:
        """Encrypt a value for one place. Returns the format byte, the nonce and the ciphertext."""
        nonce = os.urandom(_NONCE)
        return _FORMAT + nonce + self._cipher.encrypt(nonce, plain, place.encode())

    def open(self, sealed: bytes, place: str) -> bytes:
        """Decrypt a value. Raises `BrokenSeal` if it was changed or moved to another place."""
        if sealed[:1] != _FORMAT:
            raise BrokenSeal
        try:
            return self._cipher.decrypt(sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :], place.encode())
        except (InvalidTag, ValueError) as fault:
            raise BrokenSeal from fault


class DataKey:
    """The data key of one case or shared object. If its encrypted form is destroyed, the values can no longer be read."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    @cached_property
    def _values(self) -> Sealer:
        return Sealer(derive(self._key, "values"))

    @cached_property
    def _fingerprints(self) -> Mac:
        return Mac(derive(self._key, "fingerprints"))

    def fingerprint(self, family: str, text: str) -> bytes:
        """Return a keyed digest by which a value is recognised within this case, and in no other case."""
        return self._fingerprints.digest(f"{family}|{text}".encode())


@lru_cache(maxsize=100)
def sealer(keys: Keyring, purpose: str) -> Sealer:
    """Return the sealer for one purpose of the service. It is made once."""
    return Sealer(keys.key_for(purpose))


def new_data_key(keys: Keyring, thing_id: str) -> tuple[bytes, DataKey]:
    """Make a data key for a case or shared object. Returns it encrypted, for the database, and ready for use."""
    key = secrets.token_bytes(KEY_BYTES)
    return sealer(keys, "case-keys").seal(key, f"case_keys/{thing_id}/{KEY_VERSION}"), DataKey(key)


def data_key(keys: Keyring, thing_id: str, wrapped: bytes) -> DataKey:
    """Decrypt the data key of a case or shared object. Raises `BrokenSeal` if it belongs to another one."""
    return DataKey(sealer(keys, "case-keys").open(wrapped, f"case_keys/{thing_id}/{KEY_VERSION}"))
