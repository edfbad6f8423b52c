"""The keys that sign our tokens. They are stored encrypted, and are valid only with a MAC made with the key file.

The owner of the database creates them, and the application's role reads them. A row that somebody inserts into the table, even with
the owner's rights, is useless, because the key of the MAC is not in the database.
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
"""How long a retired key still verifies tokens. It must be longer than the lifetime of any token."""


class NoSigningKey(Unavailable):
    """The service has no key to sign access tokens.

    The operator can find the cause with `coopapi check` and create a key with `coopapi migrate`.
    """


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One of our signing keys: the public key, and the private key in encrypted form."""

    kid: str
    public_jwk: dict[str, Any]
    wrapped: bytes
    created_at: datetime
    retired_at: datetime | None

    def mac(self, keys: Keyring) -> bytes:
        """Return the MAC over all fields of this key, which only the right key file can produce."""
        times = [None if at is None else at.astimezone(UTC).isoformat() for at in (self.created_at, self.retired_at)]
        fields = [self.kid, self.public_jwk, self.wrapped.hex(), *times]
        return keys.mac("signing-keys/row", json.dumps(fields, sort_keys=True, separators=(",", ":")).encode())


@dataclass(frozen=True, slots=True)
class SigningKeys:
    """The keys with a valid MAC, oldest first, and the ids of the rows without one."""

    genuine: tuple[SigningKey, ...]
    forged: tuple[str, ...]

    @property
    def current(self) -> SigningKey | None:
        """Return the key that signs: the newest one, unless it is retired."""
        newest = self.genuine[-1] if self.genuine else None
        return newest if newest and newest.retired_at is None else None

    def signer(self, keys: Keyring) -> Signer:
        """Decrypt the key that signs, or raise `NoSigningKey`."""
        if self.current is None:
            raise NoSigningKey
        pem = vault.open_bytes(vault.service_key(keys, "signing-keys"), self.current.wrapped, _place(self.current.kid))
        private = serialization.load_pem_private_key(pem, None)
        if not isinstance(private, ec.EllipticCurvePrivateKey):
            raise NoSigningKey
        return Signer(self.current.kid, private)

    def public(self, now: datetime) -> dict[str, Any]:
        """Return the JWKS that verifies our tokens (RFC 7517): the key that signs, and keys that were retired recently.

        A key counts as retired when the next one was made, even if its row says otherwise, so restoring an old copy of a row does
        not reactivate a key.
        """
        ends = [*(after.created_at for after in self.genuine[1:]), None]
        lives = [key for key, end in zip(self.genuine, ends, strict=False) if _verifies(key.retired_at or end, now)]
        return {"keys": [key.public_jwk for key in lives]}


def _verifies(retired_at: datetime | None, now: datetime) -> bool:
    return retired_at is None or retired_at > now - _VERIFIES


def read(session: Session | Connection, keys: Keyring) -> SigningKeys:
    """Read all signing keys and check their MACs."""
    columns = "kid, public_jwk, wrapped, created_at, retired_at, mac"
    rows = session.execute(text(f"select {columns} from public.signing_keys order by created_at, kid")).all()  # noqa: S608 (columns)
    found = [
        (SigningKey(row.kid, row.public_jwk, bytes(row.wrapped), row.created_at, row.retired_at), bytes(row.mac)) for row in rows
    ]
    genuine = [key for key, mac in found if same(mac, key.mac(keys))]
    return SigningKeys(tuple(genuine), tuple(key.kid for key, _ in found if key not in genuine))


def ensure(connection: Connection, keys: Keyring) -> None:
    """Make the first signing key unless there is one that signs. The connection needs the owner's rights."""
    if read(connection, keys).current is None:
        _make(connection, keys)


def rotate(owner_url: str, keys: Keyring) -> str:
    """Make a new signing key and return its id. The previous key verifies until its tokens have expired.

    `owner_url` is the database address with the owner's rights. Raises `NoSigningKey` if no key signs now: the key file is the
    wrong one, or `coopapi migrate` was not run.
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
