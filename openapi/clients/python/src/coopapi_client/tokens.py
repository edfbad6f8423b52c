"""Access tokens: asked for when they are needed, and renewed before they expire."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final
from uuid import uuid4

import httpx

from coopapi_client.problems import Unauthenticated, problem_in

_ASSERTION: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_LIFETIME: Final = 60
_EARLY: Final = 0.8
_TOLERATED: Final = 10
Proof = Callable[[], Mapping[str, str]]
"""Returns the form that proves who the client is. It is made anew for each attempt, because an assertion is good for one only."""
_GRANT: Final = {"grant_type": "client_credentials"}


def by_secret(client_id: str, secret: str) -> Proof:
    """Prove it by a secret."""
    return lambda: {**_GRANT, "client_id": client_id, "client_secret": secret}


def by_key(client_id: str, key: str | bytes, key_id: str, audience: str, algorithm: str = "ES256") -> Proof:
    """Prove it by a signed assertion (`private_key_jwt`, RFC 7523). It needs the extra `keys` of this package.

    `key` is the private key as PEM, `key_id` its `kid` in the register, and `audience` the address of the token endpoint.
    """
    import jwt  # noqa: PLC0415 (only clients with a key pair need the extra)

    def proof() -> Mapping[str, str]:
        now = int(time.time())
        claims = {"iss": client_id, "sub": client_id, "aud": audience, "iat": now, "exp": now + _LIFETIME, "jti": str(uuid4())}
        signed = jwt.encode(claims, key, algorithm=algorithm, headers={"kid": key_id})
        return {**_GRANT, "client_assertion_type": _ASSERTION, "client_assertion": signed}

    return proof


@dataclass
class Tokens:
    """The token of a client. Threads may share it."""

    ask: Callable[[], httpx.Response]
    _token: str = ""
    _until: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def current(self, refused: str = "") -> str:
        """Return a token that is valid; another one than `refused`, which the register did not accept.

        Raises `Unauthenticated` if the credentials are wrong, and says so if the clock may be the cause.
        """
        with self._lock:
            if time.monotonic() >= self._until or self._token == refused:
                asked = time.monotonic()
                response = self.ask()
                if not response.is_success:
                    raise _with_clock(problem_in(response), response) if response.status_code == 401 else problem_in(response)  # noqa: PLR2004
                given = response.json()
                self._token, self._until = given["access_token"], asked + given["expires_in"] * _EARLY
            return self._token


def _with_clock(problem: Exception, response: httpx.Response) -> Exception:
    """Add what the header `Date` tells about the clock of this computer."""
    behind = seconds_behind(response)
    if not isinstance(problem, Unauthenticated) or abs(behind) <= _TOLERATED:
        return problem
    said = f"The clock of this computer is {abs(behind):.0f} seconds {'behind' if behind > 0 else 'ahead of'} that of the register."
    detail = f"{problem.detail} {said} Set it (NTP).".strip()
    return Unauthenticated(problem.status, {**problem.document, "detail": detail}, problem.request_id)


def seconds_behind(response: httpx.Response) -> float:
    """Return by how many seconds the clock of this computer is behind the one that wrote the header `Date`; 0 without it."""
    try:
        told = parsedate_to_datetime(response.headers["Date"])
    except (KeyError, ValueError):
        return 0.0
    return (told - datetime.now(UTC)).total_seconds()
