"""Verifies access tokens of the configured issuers (RFC 9068) and signs our own. Stricter than PyJWT.

An ECDSA signature has a second valid form (`n - s`). So the same claims can have two tokens, and nothing here may identify or
revoke a token by its hash.
"""

import base64
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives.asymmetric import ec

from coopapi import strictjson
from coopapi.auth.jwks import KeySource, RemoteKeys, StaticKeys, VerificationKey
from coopapi.errors import BadRequest, TooLarge, Unauthenticated

_SHAPE: Final = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+){2}", re.ASCII)
LONGEST: Final = 8192
_NAME: Final = 255
_HEADER: Final = frozenset({"alg", "kid", "typ"})
ALGORITHMS: Final = frozenset({"ES256", "ES384", "PS256", "RS256", "EdDSA"})
_ASSERTION_ALGORITHMS: Final = frozenset({"ES256", "ES384", "PS256", "EdDSA"})
_ASSERTION_LIFETIME: Final = 300
_LEEWAY: Final = 10
_REMEMBERED_SECONDS: Final = 10
_MOST_REMEMBERED: Final = 1000
_UNCHECKED: Final = {f"verify_{name}": False for name in ("exp", "nbf", "iat", "aud", "iss", "sub", "jti")}


class BadToken(Unauthenticated):
    """The access token is not valid.

    Get a new token from your issuer. `detail` says what is wrong with this token, for example its signature, audience,
    issuer or times.
    """


class BadAssertion(Unauthenticated):
    """The client assertion is not valid.

    Sign a new assertion for each request with a registered key of the client. It must name this service as its audience and
    expire within minutes.
    """


class BadSignature(BadAssertion):
    """The client assertion is not signed with a key of the client that it names.

    Sign a new assertion with a key that is registered for the client.
    """


@dataclass(frozen=True, slots=True)
class Issuer:
    """An issuer whose tokens are accepted, and the conditions that they must meet."""

    issuer: str
    audience: str = "coopapi"
    algorithms: tuple[str, ...] = ("ES256",)
    typ: tuple[str, ...] = ("at+jwt", "application/at+jwt")
    max_lifetime: int = 600
    leeway: int = _LEEWAY
    subject_claim: str = "sub"
    client_claim: str = "client_id"
    audience_list: bool = False
    keys: KeySource = field(default_factory=lambda: StaticKeys({"keys": []}))


@dataclass(frozen=True, slots=True)
class Claims:
    """The claims about the sender of a token. Rights are never read from a token."""

    issuer: str
    subject: str
    client_id: str
    jti: str
    issued_at: int
    expires_at: int
    kid: str
    """The id of the key that signed the token."""


@dataclass(frozen=True, slots=True)
class AssertionClaims:
    """The claims by which a client assertion is recognised if it is used again."""

    jti: str
    exp: int


@dataclass(frozen=True, slots=True)
class Signer:
    """One of our keys that signs."""

    kid: str
    private: ec.EllipticCurvePrivateKey

    def sign(self, claims: Mapping[str, Any], typ: str = "at+jwt") -> str:
        """Return a JWT with these claims, signed with ES256."""
        return jwt.encode(dict(claims), self.private, "ES256", headers={"kid": self.kid, "typ": typ})


@dataclass(frozen=True, slots=True)
class _Remembered:
    """A token that was verified: its claims, the key that signed it, and the time at which that was done."""

    claims: Claims
    key: VerificationKey | None
    at: float


class Verifier:
    """Verifies access tokens, and remembers each for at most ten seconds, as long as it is valid and its key is accepted.

    Only the verification is remembered. Rights are read from the database at every request.
    """

    def __init__(self, issuers: Mapping[str, Issuer]) -> None:
        self.issuers = issuers
        self._remembered: dict[str, _Remembered] = {}

    def verify(self, token: str, now: float) -> Claims:
        """Return the claims of a token. Raises `BadToken` with the rule that it breaks."""
        known = self._remembered.get(token)
        if known is not None and self._holds(known, now):
            return known.claims
        claims = verify(token, self.issuers, now)
        if len(self._remembered) >= _MOST_REMEMBERED:
            self._remembered.clear()
        self._remembered[token] = _Remembered(claims, self._key(claims), now)
        return claims

    def _holds(self, known: _Remembered, now: float) -> bool:
        timely = known.at <= now < min(known.at + _REMEMBERED_SECONDS, known.claims.expires_at)
        return timely and self._key(known.claims) is known.key

    def _key(self, claims: Claims) -> VerificationKey | None:
        return self.issuers[claims.issuer].keys.find(claims.kid)


def verify(token: str, issuers: Mapping[str, Issuer], now: float) -> Claims:
    """Verify an access token and return its claims. Raises `BadToken` with the rule that it breaks."""
    header, payload = _parts(token, BadToken)
    issuer = issuers.get(payload["iss"]) if isinstance(payload.get("iss"), str) else None
    if issuer is None:
        raise BadToken("The issuer of the token is not accepted here.")
    if header.get("typ") not in issuer.typ:
        raise BadToken("The header field typ does not say that this is an access token.")
    _check_signature(token, header, issuer.keys, issuer.algorithms, BadToken)
    _check_audience(payload.get("aud"), issuer)
    issued, expires = _moment(payload, "iat", BadToken), _moment(payload, "exp", BadToken)
    _check_times(payload, issued, expires, now, issuer.leeway, issuer.max_lifetime, BadToken)
    subject, client, jti = (_named(payload, claim, BadToken) for claim in (issuer.subject_claim, issuer.client_claim, "jti"))
    return Claims(issuer.issuer, subject, client, jti, issued, expires, header["kid"])


def _parts(token: str, wrong: type[Unauthenticated]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return header and payload, read with the strict JSON parser. The header may contain only alg, kid and typ."""
    if len(token) > LONGEST or not _SHAPE.fullmatch(token):
        raise wrong("It is not in the format of a signed JWT.")
    header, payload = (_segment(part, wrong) for part in token.split(".")[:2])
    _segment(token.split(".")[2], wrong, parse=False)
    if not header.keys() <= _HEADER or not {"alg", "kid"} <= header.keys():
        raise wrong("The header must contain alg and kid, may contain typ, and must not contain anything else.")
    if not all(isinstance(value, str) for value in header.values()):
        raise wrong("All values in the header must be text.")
    return header, payload


def _segment(part: str, wrong: type[Unauthenticated], *, parse: bool = True) -> dict[str, Any]:
    try:
        raw = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
        if base64.urlsafe_b64encode(raw).decode().rstrip("=") != part:
            raise wrong("It is not encoded in canonical base64url.")
        found = strictjson.loads(raw, max_bytes=LONGEST) if parse else {}
    except (ValueError, BadRequest, TooLarge):
        raise wrong("It is not a well-formed JWT.") from None
    if not isinstance(found, dict):
        raise wrong("It is not a well-formed JWT.")
    return found


def _check_signature(
    token: str, header: Mapping[str, str], keys: KeySource, algorithms: Collection[str], wrong: type[Unauthenticated]
) -> None:
    """Check the signature with the key that kid names and the algorithm of that key."""
    key = keys.find(header["kid"])
    if key is None:
        raise wrong("The key with this kid is not known.")
    if key.algorithm not in algorithms or header["alg"] != key.algorithm:
        raise wrong("The algorithm does not match the key.")
    try:
        jwt.decode(token, key.key, algorithms=[key.algorithm], options=_UNCHECKED)  # type: ignore[arg-type]
    except (jwt.PyJWTError, ValueError, TypeError):
        raise wrong("The signature is not valid.") from None


def _check_audience(audience: Any, issuer: Issuer) -> None:
    listed = audience if isinstance(audience, list) else None
    fits = audience == issuer.audience if listed is None else issuer.audience_list and issuer.audience in listed
    if not fits:
        raise BadToken("The audience of the token is not this service.")


def _moment(payload: Mapping[str, Any], claim: str, wrong: type[Unauthenticated]) -> int:
    value = payload.get(claim)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**40:
        raise wrong(f"The claim {claim} must be a time in whole seconds.")
    return value


def _check_times(  # noqa: PLR0913, PLR0917 (one rule over one set of times)
    payload: Mapping[str, Any], issued: int, expires: int, now: float, leeway: int, lifetime: int, wrong: type[Unauthenticated]
) -> None:
    if expires <= now - leeway:
        raise wrong("It has expired.")
    if issued > now + leeway or ("nbf" in payload and _moment(payload, "nbf", wrong) > now + leeway):
        raise wrong("It is not valid yet.")
    if not 0 < expires - issued <= lifetime:
        raise wrong(f"Its lifetime is longer than {lifetime} seconds.")


def _named(payload: Mapping[str, Any], claim: str, wrong: type[Unauthenticated]) -> str:
    value = payload.get(claim)
    if not isinstance(value, str) or not 0 < len(value) <= _NAME:
        raise wrong(f"The claim {claim} is missing or is not a valid name.")
    return value


def read_assertion(
    assertion: str, *, client_id: str, jwks: Mapping[str, Any], audiences: Collection[str], now: float
) -> AssertionClaims:
    """Verify a client assertion with the client's own keys (RFC 7523), or raise `BadAssertion`."""
    header, payload = _parts(assertion, BadAssertion)
    _check_signature(assertion, header, StaticKeys(jwks), _ASSERTION_ALGORITHMS, BadSignature)
    if payload.get("iss") != client_id or payload.get("sub") != client_id:
        raise BadAssertion("The claims iss and sub must be the client id.")
    if not isinstance(payload.get("aud"), str) or payload["aud"] not in audiences:
        raise BadAssertion("The claim aud must be the address of this token endpoint.")
    issued, expires = _moment(payload, "iat", BadAssertion), _moment(payload, "exp", BadAssertion)
    _check_times(payload, issued, expires, now, _LEEWAY, _ASSERTION_LIFETIME, BadAssertion)
    return AssertionClaims(_named(payload, "jti", BadAssertion), expires)


def unverified_client(assertion: str) -> str:
    """Return the client that an assertion claims to be from, before it is verified."""
    return _named(_parts(assertion, BadAssertion)[1], "iss", BadAssertion)


_SETTINGS: Final = {
    "issuer": str,
    "audience": str,
    "algorithms": list,
    "typ": list,
    "max_lifetime": int,
    "leeway": int,
    "subject_claim": str,
    "client_claim": str,
    "audience_list": bool,
    "jwks_uri": str,
    "jwks": dict,
}


def issuers_from(data: Any) -> tuple[Issuer, ...]:
    """Return the issuers in a configuration file. Raises `ValueError` with the entry and its fault."""
    if not isinstance(data, list):
        raise ValueError("must hold a list of issuers")  # noqa: TRY004 (one kind of fault for a bad document)
    return tuple(_issuer(entry, f"entry {index + 1}") for index, entry in enumerate(data))


def _issuer(entry: Any, where: str) -> Issuer:
    if not isinstance(entry, dict):
        raise ValueError(f"{where} is not an object")  # noqa: TRY004 (one kind of fault for a bad document)
    for name, value in entry.items():
        if name not in _SETTINGS or type(value) is not _SETTINGS[name]:
            raise ValueError(f"{where}: {name} is not a setting of an issuer, or has the wrong type")
    if "issuer" not in entry or ("jwks" in entry) == ("jwks_uri" in entry):
        raise ValueError(f"{where} needs issuer and either jwks or jwks_uri")
    if not all(isinstance(name, str) for name in [*entry.get("algorithms", ()), *entry.get("typ", ())]):
        raise ValueError(f"{where}: algorithms and typ must be lists of text")
    if not set(entry.get("algorithms", ["ES256"])) <= ALGORITHMS:
        raise ValueError(f"{where}: algorithms must be among {', '.join(sorted(ALGORITHMS))}")
    try:
        keys: KeySource = StaticKeys(entry["jwks"]) if "jwks" in entry else RemoteKeys(entry["jwks_uri"])
    except ValueError as fault:
        raise ValueError(f"{where}: {fault}") from None
    plain: dict[str, Any] = {name: value for name, value in entry.items() if name not in {"jwks", "jwks_uri"}}
    lists = {name: tuple(value) for name, value in plain.items() if isinstance(value, list)}
    return Issuer(**{**plain, **lists}, keys=keys)
