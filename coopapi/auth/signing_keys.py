"""The keys that sign our tokens: made with the owner's rights, kept wrapped, and believed only with a MAC of the key file.

The application's role reads them. Somebody who writes rows of their own into the table, even with the owner's rights, signs and
verifies nothing with them, because the MAC needs a key that is not in the database.
"""

import json
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.orm import Session

from coopapi.auth.jwks import new_signing_key, public_jwk
from coopapi.auth.tokens import Signer
from coopapi.errors import Unavailable
from coopapi.store import vault
from coopapi.store.crypto import Keyring, same

_VERIFIES: Final = timedelta(hours=2)
"""How long a retired key verifies: longer than any token that it signed lives."""


class NoSigningKey(Unavailable):
    """The service has no key to sign tokens with.

    The operator finds the reason with `coopapi check`, and makes a key with `coopapi migrate`.
    """


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One of our keys: the public half for everybody, the private half wrapped."""

    kid: str
    public_jwk: dict[str, Any]
    wrapped: bytes
    created_at: datetime
    retired_at: datetime | None

    def mac(self, keys: Keyring) -> bytes:
        """Return what only the right key file makes of this key: it covers every field."""
        times = [None if at is None else at.astimezone(UTC).isoformat() for at in (self.created_at, self.retired_at)]
        fields = [self.kid, self.public_jwk, self.wrapped.hex(), *times]
        return keys.mac("signing-keys/row", json.dumps(fields, sort_keys=True, separators=(",", ":")).encode())


@dataclass(frozen=True, slots=True)
class SigningKeys:
    """The keys with a right MAC, oldest first, and the names of the rows without one."""

    genuine: tuple[SigningKey, ...]
    forged: tuple[str, ...]

    @property
    def current(self) -> SigningKey | None:
        """Return the key that signs: the newest, unless it was retired."""
        newest = self.genuine[-1] if self.genuine else None
        return newest if newest and newest.retired_at is None else None

    def signer(self, keys: Keyring) -> Signer:
        """Open the key that signs, or raise `NoSigningKey`."""
        if self.current is None:
            raise NoSigningKey
        pem = vault.open_bytes(vault.service_key(keys, "signing-keys"), self.current.wrapped, _place(self.current.kid))
        private = serialization.load_pem_private_key(pem, None)
        if not isinstance(private, ec.EllipticCurvePrivateKey):
            raise NoSigningKey
        return Signer(self.current.kid, private)

    def public(self, now: datetime) -> dict[str, Any]:
        """Return the keys against which our tokens are checked (RFC 7517): the one that signs, and those retired lately.

        A key is retired when the next one was made, whatever its row says: an older copy of a row does not bring a key back.
        """
        ends = [*(after.created_at for after in self.genuine[1:]), None]
        lives = [key for key, end in zip(self.genuine, ends, strict=False) if _verifies(key.retired_at or end, now)]
        return {"keys": [key.public_jwk for key in lives]}


def _verifies(retired_at: datetime | None, now: datetime) -> bool:
    return retired_at is None or retired_at > now - _VERIFIES


def read(session: Session | Connection, keys: Keyring) -> SigningKeys:
    """Read all signing keys, and tell those with a right MAC from the others."""
    columns = "kid, public_jwk, wrapped, created_at, retired_at, mac"
    rows = session.execute(text(f"select {columns} from public.signing_keys order by created_at, kid")).all()  # noqa: S608 (columns)
    found = [
        (SigningKey(row.kid, row.public_jwk, bytes(row.wrapped), row.created_at, row.retired_at), bytes(row.mac)) for row in rows
    ]
    genuine = [key for key, mac in found if same(mac, key.mac(keys))]
    return SigningKeys(tuple(genuine), tuple(key.kid for key, _ in found if key not in genuine))


def ensure(connection: Connection, keys: Keyring) -> None:
    """Make the first signing key unless there is one that signs; the connection needs the owner's rights."""
    if read(connection, keys).current is None:
        _make(connection, keys)


def rotate(owner_url: str, keys: Keyring) -> str:
    """Make a new signing key with the owner's address and return its id; the one before it verifies until its tokens have ended.

    Raises `NoSigningKey` when there is none to follow: the key file is another one, or `coopapi migrate` was not run.
    """
    engine = create_engine(owner_url, hide_parameters=True)
    with engine.begin() as connection:
        connection.execute(text("select pg_advisory_xact_lock(hashtext('coopapi.signing_keys'))"))
        if read(connection, keys).current is None:
            raise NoSigningKey
        kid = _make(connection, keys)
    engine.dispose()
    return kid


def _make(connection: Connection, keys: Keyring) -> str:
    now = datetime.now(UTC)
    kid, private = new_signing_key()
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    pem = private.private_bytes(encoding, form, serialization.NoEncryption())
    for key in read(connection, keys).genuine:
        if key.retired_at is None:
            _write(connection, keys, replace(key, retired_at=now))
    sealed = vault.seal_bytes(vault.service_key(keys, "signing-keys"), pem, _place(kid))
    _write(connection, keys, SigningKey(kid, public_jwk(kid, private), sealed, now, None))
    return kid


def _place(kid: str) -> str:
    return f"signing_keys/{kid}"


def _write(connection: Connection, keys: Keyring, key: SigningKey) -> None:
    connection.execute(
        text(
            "insert into public.signing_keys (kid, public_jwk, wrapped, created_at, retired_at, mac)"
            " values (:kid, cast(:public_jwk as jsonb), :wrapped, :created_at, :retired_at, :mac)"
            " on conflict (kid) do update set retired_at = excluded.retired_at, mac = excluded.mac"
        ),
        {**asdict(key), "public_jwk": json.dumps(key.public_jwk), "mac": key.mac(keys)},
    )
