"""Who may have a token, which key signs it, and how keys follow one another (D12, R19)."""

import base64
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from coopapi import tokens
from coopapi.callers import actor_of
from coopapi.config import Settings
from coopapi.crypto import Keyring, same
from coopapi.db import Database
from coopapi.directory.service import digest_of
from coopapi.errors import BadRequest, Unauthenticated
from coopapi.jwks import SigningKey as PublicKey
from coopapi.jwks import StaticKeys, new_signing_key, public_jwk
from coopapi.oauth.models import SigningKey, UsedAssertion

ASSERTION: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
AUDIENCE: Final = "coopapi"
_REFRESH: Final = 60.0
_READS_A_SECOND: Final = 5
_SEEN: Final = timedelta(hours=2)


class UnsupportedGrant(BadRequest):
    """Only the grant client_credentials is offered here.

    Send `grant_type=client_credentials`; people sign in at the issuers of the deployment, not here.
    """

    def __init__(self) -> None:
        super().__init__(error="unsupported_grant_type")


class InvalidClient(Unauthenticated):
    """The client did not prove who it is.

    Check the client id and its secret, or the key of its assertion; an administrator can give the client a new one.
    """

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail, error="invalid_client")


@dataclass(frozen=True, slots=True)
class ClientProof:
    """How a client proves itself: by secret, or by a signed assertion."""

    client_id: str
    secret: str | None
    assertion: str | None


def proof_from(form: Mapping[str, str], authorization: str | None) -> ClientProof:
    """Read the proof from the request: exactly one way of the three (RFC 6749, 2.3)."""
    if form.get("grant_type") != "client_credentials":
        raise UnsupportedGrant
    scheme, _, encoded = (authorization or "").partition(" ")
    ways = [scheme.lower() == "basic", "client_secret" in form, "client_assertion" in form]
    if ways.count(True) != 1:
        raise InvalidClient("prove yourself in one way: Basic, client_secret or client_assertion")
    if ways[0]:
        return _basic(encoded)
    if ways[1]:
        return ClientProof(form.get("client_id", ""), form["client_secret"], None)
    if form.get("client_assertion_type") != ASSERTION:
        raise InvalidClient(f"client_assertion_type must be {ASSERTION}")
    try:
        claimed = tokens.unverified_client(form["client_assertion"])
    except tokens.BadAssertion as fault:
        raise InvalidClient(fault.detail) from None
    return ClientProof(claimed, None, form["client_assertion"])


def _basic(encoded: str) -> ClientProof:
    try:
        client_id, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:
        raise InvalidClient from None
    return ClientProof(client_id, secret, None)


def token_for(database: Database, proof: ClientProof) -> dict[str, Any]:
    """Check a client's proof and sign its token; the token is journaled with the client's authority."""
    try:
        client_id = UUID(proof.client_id)
    except ValueError:
        raise InvalidClient from None
    settings = database.settings
    with database.anonymous() as session:
        found = session.execute(text("select * from priv.client(:id)"), {"id": client_id}).one_or_none()
        if found is None:
            raise InvalidClient
        now = database.clock()
        if proof.assertion is not None:
            _check_assertion(session, client_id, found.jwks, proof.assertion, settings, now)
        elif found.secret_digest is None or not same(digest_of(database.keys, proof.secret or ""), bytes(found.secret_digest)):
            raise InvalidClient
        signer = signer_of(session, database.keys, now)
    _journal(database, client_id)
    return {
        "access_token": sign(signer, settings, str(client_id), str(client_id), now),
        "token_type": "Bearer",
        "expires_in": settings.token_lifetime,
    }


def _check_assertion(  # noqa: PLR0913, PLR0917 (a proof and all it is checked against)
    session: Session, client_id: UUID, jwks: Mapping[str, Any] | None, assertion: str, settings: Settings, now: datetime
) -> None:
    if not jwks:
        raise InvalidClient
    audiences = {f"{settings.base_url}/oauth/token", settings.base_url, settings.issuer}
    try:
        claims = tokens.read_assertion(assertion, client_id=str(client_id), jwks=jwks, audiences=audiences, now=now.timestamp())
    except tokens.BadAssertion as fault:
        raise InvalidClient(fault.detail) from None
    session.execute(text("delete from used_assertions where expires_at < :old"), {"old": now - _SEEN})
    used = {"client": client_id, "jti": claims.jti, "until": datetime.fromtimestamp(claims.exp, UTC)}
    fresh = session.execute(
        text(
            f"insert into {UsedAssertion.__tablename__} (client_id, jti, expires_at) values (:client, :jti, :until)"  # noqa: S608 (a table's name)
            " on conflict do nothing returning jti",
        ),
        used,
    ).one_or_none()
    if fresh is None:
        raise InvalidClient("this assertion was used already")


def _journal(database: Database, client_id: UUID) -> None:
    def identify(session: Session) -> Any:
        names = {"issuer": database.settings.issuer, "subject": str(client_id)}
        known = session.execute(text("select roles from priv.who(:issuer, :subject)"), names).one_or_none()
        if known is None:
            raise InvalidClient("this client was entered under another name of this issuer: tell the operator of the service")
        return actor_of(session, names["issuer"], names["subject"], known.roles[0])

    with database.work(identify, uuid4().hex) as work:
        work.note("token.issued", object_type="principal", client=str(client_id))


def sign(signer: tokens.Signer, settings: Settings, subject: str, client_id: str, now: datetime) -> str:
    """Sign an access token (RFC 9068): it says who, never what they may do."""
    issued = int(now.timestamp())
    claims = {"iss": settings.issuer, "aud": AUDIENCE, "sub": subject, "client_id": client_id, "jti": uuid4().hex}
    return signer.sign({**claims, "iat": issued, "exp": issued + settings.token_lifetime})


def signer_of(session: Session, keys: Keyring, now: datetime) -> tokens.Signer:
    """The newest key of ours; the first one is made when it is first needed."""
    newest = select(SigningKey).where(SigningKey.retired_at.is_(None)).order_by(SigningKey.created_at.desc()).limit(1)
    row = session.scalar(newest) or rotate(session, keys, now)
    pem = keys.sealer("signing-keys").open(row.wrapped, f"signing_keys/{row.kid}")
    private = serialization.load_pem_private_key(pem, None)
    if not isinstance(private, ec.EllipticCurvePrivateKey):
        raise TypeError
    return tokens.Signer(row.kid, private)


def rotate(session: Session, keys: Keyring, now: datetime) -> SigningKey:
    """Make a new signing key; those before it sign no more, and verify until their tokens have ended."""
    session.execute(text("select pg_advisory_xact_lock(hashtext('coopapi.signing_keys'))"))
    kid, private = new_signing_key()
    pem = private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    session.execute(text("update signing_keys set retired_at = :now where retired_at is null"), {"now": now})
    row = SigningKey(
        kid=kid,
        public_jwk=public_jwk(kid, private),
        wrapped=keys.sealer("signing-keys").seal(pem, f"signing_keys/{kid}"),
        created_at=now,
        retired_at=None,
    )
    session.add(row)
    session.flush()
    return row


def public_keys(session: Session, now: datetime) -> dict[str, Any]:
    """The keys against which our tokens are checked (RFC 7517)."""
    known = select(SigningKey.public_jwk).where((SigningKey.retired_at.is_(None)) | (SigningKey.retired_at > now - _SEEN))
    return {"keys": list(session.scalars(known.order_by(SigningKey.created_at)))}


@dataclass
class OwnKeys:
    """Our own keys as a key source: read from the database once a minute, or when a token names one not known yet.

    Whoever makes up names of keys makes us read a few times a second, and no more.
    """

    database: Database
    _keys: StaticKeys | None = None
    _reads: list[float] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def find(self, kid: str) -> PublicKey | None:
        """Find a key of ours by its id."""
        with self._lock:
            now = time.monotonic()
            fresh = self._keys is not None and now - self._reads[-1] < _REFRESH
            found = self._keys.find(kid) if self._keys is not None and fresh else None
            if found is None and len([at for at in self._reads if now - at < 1]) < _READS_A_SECOND:
                with self.database.anonymous() as session:
                    self._keys = StaticKeys(public_keys(session, self.database.clock()))
                self._reads = [*self._reads[1 - _READS_A_SECOND :], time.monotonic()]
                found = self._keys.find(kid)
            return found
