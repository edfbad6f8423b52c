"""The keys of the service, and what is made with them but seals: match tokens and other keyed digests.

The keys are derived from two roots in a file that only the service can read: `root` wraps data keys and signs what the
service hands out, `token` keys the matching. Neither is ever in the database.
"""

import base64
import hmac
import json
import os
import secrets
import stat
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from coopapi.config import BadSettings

KEY_VERSION: Final = 1
KEY_BYTES: Final = 32
_BLOCK: Final = 64


class Mac:
    """HMAC-SHA-256 (RFC 2104) under one key, with both pads hashed beforehand: less than half the time of `hmac.digest`."""

    def __init__(self, key: bytes) -> None:
        padded = key.ljust(_BLOCK, b"\0")
        self._inner, self._outer = (sha256(bytes(byte ^ pad for byte in padded)) for pad in (0x36, 0x5C))

    def digest(self, message: bytes) -> bytes:
        """Return the 32 bytes."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(message)
        outer.update(inner.digest())
        return outer.digest()


class Keyring:
    """All keys of the service, derived on demand from the two roots (HKDF-SHA-256, RFC 5869)."""

    def __init__(self, root: bytes, token: bytes) -> None:
        self._derived = cache(lambda which, purpose: derive(root if which == "root" else token, purpose))
        self._families: dict[str, tuple[Mac, Mac]] = {}

    def inner(self, family: str, text: str) -> bytes:
        """Digest a value with k1, which an authority may hold to submit digests instead of values."""
        return inner_digest(self._pair(family)[0], family, text)

    def token(self, family: str, text: str) -> bytes:
        """Make the 32-byte match token HMAC(k2, HMAC(k1, family | text))."""
        return self.outer(family, self.inner(family, text))

    def outer(self, family: str, inner: bytes) -> bytes:
        """Make the token of a digest that an authority made with k1."""
        return self._pair(family)[1].digest(inner)

    def inner_key(self, family: str) -> bytes:
        """The k1 of one family, for an authority that prefers to submit digests."""
        return self._derived("token", f"k1/{family}/{KEY_VERSION}")

    def _pair(self, family: str) -> tuple["Mac", "Mac"]:
        """The keys k1 and k2 of a family, made ready once: registration makes thousands of tokens a second."""
        found = self._families.get(family)
        if found is None:
            found = (Mac(self.inner_key(family)), Mac(self._derived("token", f"k2/{family}/{KEY_VERSION}")))
            self._families[family] = found
        return found

    def mac(self, purpose: str, message: bytes) -> bytes:
        """Authenticate a message for one purpose."""
        return hmac.digest(self._derived("root", purpose), message, "sha256")

    def key_for(self, purpose: str) -> bytes:
        """Return the key for sealing for one purpose, derived from the root; `sealing.py` alone asks for it."""
        return self._derived("root", purpose)

    @property
    def context_key(self) -> bytes:
        """The key with which the database checks the caller's context."""
        return self._derived("root", "context")


def inner_digest(mac: Mac, family: str, text: str) -> bytes:
    """Digest a text of one family with k1: what an authority submits that prefers to keep its values."""
    return mac.digest(f"{family}|{text}".encode())


def derive(root: bytes, purpose: str) -> bytes:
    """Derive a key for one purpose from a root (HKDF-SHA-256, RFC 5869)."""
    return HKDF(SHA256(), KEY_BYTES, None, f"coopapi/{purpose}".encode()).derive(root)


def same(a: bytes, b: bytes) -> bool:
    """Compare secrets in constant time."""
    return hmac.compare_digest(a, b)


def create_key_file(path: Path) -> None:
    """Write new roots to a file that only its owner can read; a file that is there is left alone."""
    roots = {name: base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode() for name in ("root", "token")}
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(handle, "w") as file:
        json.dump({"version": KEY_VERSION, **roots}, file)


def load_keys(path: Path) -> Keyring:
    """Read the key file, or raise `BadSettings` that says what is wrong with it."""
    try:
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise BadSettings(f"COOPAPIKEY_BYTES_FILE {path} can be read by others: chmod 600")
        data = json.loads(path.read_bytes())
        roots = [base64.b64decode(data[name], validate=True) for name in ("root", "token")]
    except OSError as fault:
        raise BadSettings(f"COOPAPIKEY_BYTES_FILE {path} cannot be read: {fault.strerror}") from fault
    except (ValueError, KeyError, TypeError) as fault:
        raise BadSettings(f"COOPAPIKEY_BYTES_FILE {path} is not a key file") from fault
    if any(len(root) != KEY_BYTES for root in roots) or roots[0] == roots[1]:
        raise BadSettings(f"COOPAPIKEY_BYTES_FILE {path} must hold two different roots of {KEY_BYTES} bytes")
    return Keyring(*roots)
