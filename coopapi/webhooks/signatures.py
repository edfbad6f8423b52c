"""Signatures by the rules of Standard Webhooks (https://www.standardwebhooks.com): HMAC-SHA-256 over id, time and body."""

import base64
import hmac
import secrets
from collections.abc import Iterable, Mapping
from typing import Final
from uuid import UUID

from coopapi.store import vault
from coopapi.store.crypto import Keyring

_PREFIX: Final = "whsec_"
_BYTES: Final = 32
_KEY: Final = "webhooks"


def new_secret() -> str:
    """Return a new secret in the form in which receivers take it."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(_BYTES)).decode()


def seal(keys: Keyring, endpoint_id: UUID, secret: str) -> bytes:
    """Encrypt the secret of an address for the database."""
    return vault.seal_bytes(vault.service_key(keys, _KEY), secret.encode(), f"webhook_endpoints/secret/{endpoint_id}")


def unseal(keys: Keyring, endpoint_id: UUID, sealed: bytes) -> str:
    """Decrypt the secret of an address."""
    return vault.open_bytes(vault.service_key(keys, _KEY), sealed, f"webhook_endpoints/secret/{endpoint_id}").decode()


def signed(message_id: str, at: int, body: bytes, with_secrets: Iterable[str]) -> Mapping[str, str]:
    """Return the headers of a message: its id, the time in seconds, and a signature with each of the secrets."""
    content = f"{message_id}.{at}.".encode() + body
    keys = (base64.b64decode(secret.removeprefix(_PREFIX)) for secret in with_secrets)
    signatures = (base64.b64encode(hmac.digest(key, content, "sha256")).decode() for key in keys)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(at),
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }
