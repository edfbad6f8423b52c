"""Issues access tokens to machine clients, and provides the keys that verify our own tokens."""

import base64
import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import text
from sqlalchemy.orm import Session

from coopapi.auth import signing_keys, tokens
from coopapi.auth.authentication import actor_of
from coopapi.auth.jwks import StaticKeys, VerificationKey
from coopapi.config import BadSettings, Settings
from coopapi.directory.service import digest_of
from coopapi.errors import BadRequest, Unauthenticated
from coopapi.oauth.attempts import Attempt, TooManyFailures
from coopapi.oauth.models import UsedAssertion
from coopapi.store.crypto import same
from coopapi.store.db import Database

ASSERTION: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
AUDIENCE: Final = "coopapi"
_REFRESH: Final = 60.0
_READS_A_SECOND: Final = 5
_SEEN: Final = timedelta(hours=2)


class UnsupportedGrant(BadRequest):
    """The token endpoint supports only the grant type client_credentials.

    Send `grant_type=client_credentials`. Persons get their access tokens from an issuer that the operator accepts.
    """

    def __init__(self) -> None:
        super().__init__(error="unsupported_grant_type")


class InvalidClient(Unauthenticated):
    """The client could not be authenticated.

    Check the client id and its secret, or the key of its assertion. An administrator can issue a new secret or register a
    new key.
    """

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail, error="invalid_client")


@dataclass(frozen=True, slots=True)
class ClientProof:
    """The credentials of a client: a secret or a signed assertion."""

    client_id: str
    secret: str | None
    assertion: str | None


def proof_from(form: Mapping[str, str], authorization: str | None) -> ClientProof:
    """Return the credentials in a request. Exactly one of the three methods must be used (RFC 6749, 2.3)."""
    if form.get("grant_type") != "client_credentials":
        raise UnsupportedGrant
    scheme, _, encoded = (authorization or "").partition(" ")
    ways = [scheme.lower() == "basic", "client_secret" in form, "client_assertion" in form]
    if ways.count(True) != 1:
        raise InvalidClient("Use exactly one method of authentication: Basic, client_secret or client_assertion.")
    if ways[0]:
        return _basic(encoded)
    if ways[1]:
        return ClientProof(form.get("client_id", ""), form["client_secret"], None)
    if form.get("client_assertion_type") != ASSERTION:
        raise InvalidClient(f"The value of client_assertion_type must be {ASSERTION}.")
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


def token_for(database: Database, proof: ClientProof, address: str) -> dict[str, Any]:
    """Check the credentials of a client and return its token. The token is recorded in the journal of the client's authority.

    Raises `InvalidClient`. After too many failures from this address, raises `TooManyFailures` without checking the credentials.
    """
    now = database.clock()
    attempt = Attempt.of(database, proof.client_id, address)
    with database.anonymous() as session:
        wait = attempt.begin(session)
        signer = None if wait else signing_keys.read(session, database.keys).signer(database.keys)
    if signer is None:
        raise TooManyFailures(retry_after=wait, error="temporarily_unavailable")
    try:
        client_id = _prove(database, proof, attempt, now)
    except InvalidClient:
        attempt.failed(database)
        raise
    _journal(database, client_id)
    return {
        "access_token": sign(signer, database.settings, str(client_id), str(client_id), now),
        "token_type": "Bearer",
        "expires_in": database.settings.token_lifetime,
    }


def _prove(database: Database, proof: ClientProof, attempt: Attempt, now: datetime) -> UUID:
    """Return the id of the authenticated client. Raises the same `InvalidClient` for wrong credentials and an unknown client."""
    with database.anonymous() as session:
        found = session.execute(text("select * from priv.client(:id)"), {"id": attempt.client}).one_or_none()
        if attempt.client is None or found is None:
            raise InvalidClient
        if proof.assertion is not None:
            _check_assertion(session, attempt.client, found.jwks, proof.assertion, database.settings, now)
        elif found.secret_digest is None or not same(digest_of(database.keys, proof.secret or ""), bytes(found.secret_digest)):
            raise InvalidClient
        attempt.proved(session)
    return attempt.client


def _check_assertion(  # noqa: PLR0913, PLR0917 (a proof and all it is checked against)
    session: Session, client_id: UUID, jwks: Mapping[str, Any] | None, assertion: str, settings: Settings, now: datetime
) -> None:
    if not jwks:
        raise InvalidClient
    audiences = {f"{settings.base_url}/oauth/token", settings.base_url, settings.issuer}
    try:
        claims = tokens.read_assertion(assertion, client_id=str(client_id), jwks=jwks, audiences=audiences, now=now.timestamp())
    except tokens.BadSignature:
        raise InvalidClient from None
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
        raise InvalidClient("This assertion was already used.")


def _journal(database: Database, client_id: UUID) -> None:
    names = {"issuer": database.settings.issuer, "subject": str(client_id)}
    with database.anonymous() as session:
        known = session.execute(text("select roles from priv.account_of(:issuer, :subject)"), names).one_or_none()
    if known is None:
        raise InvalidClient("This client is registered under another name of this issuer. Inform the operator of the service.")
    with database.work(lambda opening: actor_of(opening, names["issuer"], names["subject"], known.roles[0]), uuid4().hex) as work:
        work.note("token.issued", object_type="principal", client=str(client_id))


def sign(signer: tokens.Signer, settings: Settings, subject: str, client_id: str, now: datetime) -> str:
    """Sign an access token (RFC 9068). It identifies the caller and contains no rights."""
    issued = int(now.timestamp())
    claims = {"iss": settings.issuer, "aud": AUDIENCE, "sub": subject, "client_id": client_id, "jti": uuid4().hex}
    return signer.sign({**claims, "iat": issued, "exp": issued + settings.token_lifetime})


@dataclass
class OwnKeys:
    """Our own public keys. They are read from the database once a minute, and when a token names an unknown key.

    The number of reads per second is limited, because anyone can send tokens with invented key names.
    """

    database: Database
    _keys: StaticKeys | None = None
    _reads: list[float] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def find(self, kid: str) -> VerificationKey | None:
        """Return our key with this id, or None."""
        with self._lock:
            now = time.monotonic()
            fresh = self._keys is not None and now - self._reads[-1] < _REFRESH
            found = self._keys.find(kid) if self._keys is not None and fresh else None
            if found is None and len([at for at in self._reads if now - at < 1]) < _READS_A_SECOND:
                with self.database.anonymous() as session:
                    self._keys = StaticKeys(signing_keys.read(session, self.database.keys).public(self.database.clock()))
                self._reads = [*self._reads[1 - _READS_A_SECOND :], time.monotonic()]
                found = self._keys.find(kid)
            return found


def accepted_issuers(settings: Settings, database: Database) -> Mapping[str, tokens.Issuer]:
    """Return the accepted token issuers: this service and those of COOPAPI_ISSUERS_FILE. Raises `BadSettings`."""
    own = tokens.Issuer(settings.issuer, AUDIENCE, max_lifetime=settings.token_lifetime, keys=OwnKeys(database))
    try:
        others = tokens.issuers_from(json.loads(settings.issuers_file.read_bytes())) if settings.issuers_file else ()
    except ValueError as fault:
        raise BadSettings(f"COOPAPI_ISSUERS_FILE {fault}") from fault
    return {issuer.issuer: issuer for issuer in (*others, own)}
