"""Public keys of issuers and clients, from a document or a URL. Each key can be used with one algorithm only (RFC 7517)."""

import base64
import hashlib
import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

import jwt
import urllib3
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt.algorithms import ECAlgorithm

from coopapi import strictjson
from coopapi.errors import CoopError

_CURVES: Final = {"P-256": "ES256", "P-384": "ES384", "Ed25519": "EdDSA"}
_ALGORITHMS: Final[Mapping[str, frozenset[str]]] = {
    "EC": frozenset({"ES256", "ES384"}),
    "OKP": frozenset({"EdDSA"}),
    "RSA": frozenset({"PS256", "RS256"}),
}
_PRIVATE: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_TEXTS: Final = ("kid", "kty", "use", "alg", "crv", "x", "y", "n", "e")
"""The members of a key that are read here. All of them must be text."""
_RSA_BITS: Final = 2048
_LARGEST: Final = 100_000
_AGAIN: Final = 60.0
_FRESH: Final = 600.0
_OUTAGE: Final = 86_400.0


@dataclass(frozen=True, slots=True)
class VerificationKey:
    """A public key and the one algorithm that it is used with."""

    key: Any
    algorithm: str


class KeySource(Protocol):
    """A source of an issuer's keys."""

    def find(self, kid: str) -> VerificationKey | None:
        """Return the key with this id, or None."""


class StaticKeys:
    """The keys of one JWKS document. Raises `ValueError` if it contains anything but public signing keys."""

    def __init__(self, jwks: Any) -> None:
        keys = jwks.get("keys") if isinstance(jwks, Mapping) else None
        if not isinstance(keys, list) or len(keys) > 100:  # noqa: PLR2004 (no issuer has so many)
            raise ValueError("a JWKS must be an object with a list of keys")
        self._keys: dict[str, VerificationKey] = {}
        for jwk in keys:
            kid, key = _read(jwk)
            if kid in self._keys:
                raise ValueError("two keys have the same kid")
            self._keys[kid] = key

    def find(self, kid: str) -> VerificationKey | None:
        """Return the key with this id, or None."""
        return self._keys.get(kid)


def public_keys(jwks: Any) -> dict[str, Any]:
    """Return a JWKS with only those members of its keys that are read. Raises `ValueError` as `StaticKeys` does."""
    StaticKeys(jwks)
    return {"keys": [_public(jwk) for jwk in jwks["keys"]]}


def _public(jwk: Mapping[str, Any]) -> dict[str, str]:
    return {name: jwk[name] for name in _TEXTS if name in jwk}


def _read(jwk: Any) -> tuple[str, VerificationKey]:
    if not isinstance(jwk, Mapping):
        raise ValueError("a key is not an object")  # noqa: TRY004 (one kind of fault for a bad document)
    if not all(isinstance(jwk.get(name, ""), str) for name in _TEXTS):
        raise ValueError(f"the members {', '.join(_TEXTS)} of a key must be text")
    public = _public(jwk)
    kid, kty = public.get("kid", ""), public.get("kty", "")
    if not 0 < len(kid) <= 255:  # noqa: PLR2004 (a bound on names)
        raise ValueError("a key has no valid kid")
    if kty not in _ALGORITHMS:
        raise ValueError("only EC, OKP and RSA keys are accepted")
    if _PRIVATE & jwk.keys():
        raise ValueError("a key contains its private part; send only the public key")
    if public.get("use", "sig") != "sig":
        raise ValueError("a key is not intended for signatures")
    implied = _CURVES.get(public.get("crv", ""), "") if kty != "RSA" else "PS256"
    algorithm = public.get("alg", implied)
    if algorithm not in _ALGORITHMS[kty] or (kty != "RSA" and algorithm != implied):
        raise ValueError("the algorithm of a key is not one of ES256, ES384, EdDSA, PS256 and RS256, or does not match its curve")
    try:
        key = jwt.PyJWK(public, algorithm=algorithm).key
    except (jwt.PyJWTError, ValueError, TypeError, KeyError) as fault:
        raise ValueError("a key cannot be read") from fault
    if isinstance(key, RSAPublicKey) and key.key_size < _RSA_BITS:
        raise ValueError(f"an RSA key has fewer than {_RSA_BITS} bits")
    return kid, VerificationKey(key, algorithm)


class RemoteKeys:
    """The keys at a URL. An unknown kid causes at most one request per minute; keys stay valid for a day if the URL fails."""

    def __init__(self, uri: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        parts = urlsplit(uri)
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in {"127.0.0.1", "localhost", "::1"}):
            raise ValueError("jwks_uri must be an https address")
        self._uri = uri
        self._clock = clock
        self._pool = urllib3.PoolManager(num_pools=1, timeout=urllib3.Timeout(3), retries=False)
        self._lock = threading.Lock()
        self._keys: StaticKeys | None = None
        self._tried = float("-inf")
        self._read = float("-inf")

    def find(self, kid: str) -> VerificationKey | None:
        """Return the key with this id, or None. Reads the URL again if necessary."""
        with self._lock:
            now = self._clock()
            found = self._keys.find(kid) if self._keys else None
            due = found is None or now - self._read > _FRESH
            if due and now - self._tried >= _AGAIN:
                self._tried = now
                self._refresh(now)
            if self._keys is None or now - self._read > _OUTAGE:
                return None
            return self._keys.find(kid)

    def _refresh(self, now: float) -> None:
        """Read the URL. An answer that is not a valid JWKS changes nothing."""
        try:
            response = self._pool.request("GET", self._uri, redirect=False, preload_content=False)
            try:
                raw = response.read(_LARGEST + 1)
                usable = response.status == 200  # noqa: PLR2004 (OK)
            finally:
                response.close()
            if usable:
                self._keys = StaticKeys(strictjson.loads(raw, max_bytes=_LARGEST))
                self._read = now
        except (urllib3.exceptions.HTTPError, ValueError, CoopError):
            return


def new_signing_key() -> tuple[str, ec.EllipticCurvePrivateKey]:
    """Make an ES256 key and its id, the thumbprint of the public key (RFC 7638)."""
    private = ec.generate_private_key(ec.SECP256R1())
    public = ECAlgorithm.to_jwk(private.public_key(), as_dict=True)
    members = json.dumps({name: public[name] for name in ("crv", "kty", "x", "y")}, separators=(",", ":"))
    return base64.urlsafe_b64encode(hashlib.sha256(members.encode()).digest()).decode().rstrip("="), private


def public_jwk(kid: str, private: ec.EllipticCurvePrivateKey) -> dict[str, Any]:
    """Return the public part of one of our keys as a JWK."""
    return {**ECAlgorithm.to_jwk(private.public_key(), as_dict=True), "kid": kid, "use": "sig", "alg": "ES256"}
