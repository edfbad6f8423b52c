"""The keys of the service, match tokens and other keyed digests. Encryption (sealing) is in `sealing.py`.

All keys are derived from two root keys in a file that only the service can read. `root` encrypts the data keys and signs what the
service issues; `token` is for match tokens. Neither is ever stored in the database.
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
_PADS: Final = [bytes(byte ^ pad for byte in range(256)) for pad in (0x36, 0x5C)]
"""Tables that turn a key into the two pads of HMAC."""


class Mac:
    """HMAC-SHA-256 (RFC 2104) with one key. The pads are hashed in advance, which more than halves the time of `hmac.digest`.

    All messages begin with `prefix`, which is hashed in advance, too.
    """

    def __init__(self, key: bytes, prefix: str = "") -> None:
        padded = key.ljust(_BLOCK, b"\0")
        inner, outer = (sha256(padded.translate(pad)) for pad in _PADS)
        inner.update(prefix.encode())
        self._inner, self._outer = inner.copy, outer.copy

    def digest(self, message: bytes) -> bytes:
        """Return the MAC of the prefix with a message behind it (32 bytes)."""
        inner, outer = self._inner(), self._outer()
        inner.update(message)
        outer.update(inner.digest())
        return outer.digest()


CONTEXTS: Final = {"request": "context", "worker": "worker-context"}
"""The purposes of the two keys that sign the context of a transaction."""


class Keyring:
    """All keys of the service, derived on demand from the two root keys (HKDF-SHA-256, RFC 5869)."""

    def __init__(self, root: bytes, token: bytes) -> None:
        self._derived = cache(lambda which, purpose: derive(root if which == "root" else token, purpose))
        self._macs = cache(lambda purpose: Mac(self._derived("root", purpose)))
        self._families: dict[str, tuple[Mac, Mac]] = {}

    def inner(self, family: str, text: str) -> bytes:
        """Return the k1 digest of a value. An authority may hold k1, and then submits digests instead of values."""
        return self._pair(family)[0].digest(text.encode())

    def token(self, family: str, text: str) -> bytes:
        """Return the match token of a value: HMAC(k2, HMAC(k1, family | text)), 32 bytes."""
        inner, outer = self._families.get(family) or self._pair(family)
        return outer.digest(inner.digest(text.encode()))

    def outer(self, family: str, inner: bytes) -> bytes:
        """Return the match token for a digest that an authority made with k1."""
        return self._pair(family)[1].digest(inner)

    def inner_key(self, family: str) -> bytes:
        """Return the k1 of one family, for an authority that submits digests instead of values."""
        return self._derived("token", f"k1/{family}/{KEY_VERSION}")

    def _pair(self, family: str) -> tuple["Mac", "Mac"]:
        """Return the keys k1 and k2 of a family. They are cached because registration makes thousands of tokens a second."""
        found = self._families.get(family)
        if found is None:
            found = (inner_mac(self.inner_key(family), family), Mac(self._derived("token", f"k2/{family}/{KEY_VERSION}")))
            self._families[family] = found
        return found

    def mac(self, purpose: str, message: bytes) -> bytes:
        """Return the HMAC-SHA-256 of a message under the key for this purpose."""
        return self._macs(purpose).digest(message)

    def key_for(self, purpose: str) -> bytes:
        """Return the sealing key for one purpose, derived from the root key. Only `sealing.py` calls this."""
        return self._derived("root", purpose)

    def context_key(self, of: str) -> bytes:
        """Return the key with which the database verifies the signed context of transactions of a `request` or of the `worker`."""
        return self._derived("root", CONTEXTS[of])


def inner_mac(key: bytes, family: str) -> Mac:
    """Return what makes the k1 digests of texts of a family: the MAC of the family, a bar and the text.

    An authority that does not want to send values submits these digests instead.
    """
    return Mac(key, f"{family}|")


def derive(root: bytes, purpose: str) -> bytes:
    """Derive the key for one purpose from a root key (HKDF-SHA-256, RFC 5869)."""
    return HKDF(SHA256(), KEY_BYTES, None, f"coopapi/{purpose}".encode()).derive(root)


def same(a: bytes, b: bytes) -> bool:
    """Compare two secrets in constant time."""
    return hmac.compare_digest(a, b)


def create_key_file(path: Path) -> None:
    """Write new root keys to a file that only its owner can read. An existing file is left unchanged."""
    roots = {name: base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode() for name in ("root", "token")}
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(handle, "w") as file:
        json.dump({"version": KEY_VERSION, **roots}, file)


def load_keys(path: Path) -> Keyring:
    """Read the key file. Raises `BadSettings` with the reason if it cannot be used."""
    try:
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise BadSettings(f"COOPAPI_KEY_FILE {path} can be read by others: chmod 600")
        data = json.loads(path.read_bytes())
        roots = [base64.b64decode(data[name], validate=True) for name in ("root", "token")]
    except OSError as fault:
        raise BadSettings(f"COOPAPI_KEY_FILE {path} cannot be read: {fault.strerror}") from fault
    except (ValueError, KeyError, TypeError) as fault:
        raise BadSettings(f"COOPAPI_KEY_FILE {path} is not a key file") from fault
    if any(len(root) != KEY_BYTES for root in roots) or roots[0] == roots[1]:
        raise BadSettings(f"COOPAPI_KEY_FILE {path} must hold two different roots of {KEY_BYTES} bytes")
    return Keyring(*roots)
