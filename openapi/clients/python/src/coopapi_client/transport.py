"""Sends requests: with a token, with an Idempotency-Key, again after a fault that passes, and with the version that was read."""

import random
import time
from collections.abc import Callable, Mapping
from typing import Any, Final, Self
from urllib.parse import quote
from uuid import uuid4

import httpx

from coopapi_client.paging import Pages
from coopapi_client.problems import NoAnswer, problem_in
from coopapi_client.tokens import Proof, Tokens, by_key, by_secret

Version = Mapping[str, Any] | str
"""The object as it was read, or its ETag."""
_UNAUTHENTICATED: Final = 401
_TOO_MANY: Final = 429
_BUSY: Final = frozenset({408, 429, 502, 503, 504})
_FIRST_PAUSE: Final = 0.5
_NOT_SENT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


def new_key() -> str:
    """Return a new Idempotency-Key."""
    return str(uuid4())


def quoted(part: str) -> str:
    """Return a part of a path, so that it is one part whatever it contains."""
    return quote(part, safe="")


class Transport:
    """A connection to a register for one machine client. Threads may share it.

    `url` is the address of the register. The client proves who it is by `client_secret`, or by `private_key` (PEM) with `key_id`;
    `audience` is needed if the register knows itself under another address than `url`. A request is sent up to `attempts` times if
    it can be repeated safely, with pauses of up to `longest_pause` seconds; if the register asks for a longer pause, the
    problem is raised at once. `role` and `purpose` are sent with every request. `http` replaces the HTTP client, for other
    certificates or a proxy.
    """

    def __init__(  # noqa: PLR0913 (what a connection depends on)
        self,
        url: str,
        client_id: str,
        *,
        client_secret: str | None = None,
        private_key: str | bytes | None = None,
        key_id: str = "",
        audience: str = "",
        role: str = "",
        purpose: str = "",
        attempts: int = 6,
        longest_pause: float = 60.0,
        http: httpx.Client | None = None,
    ) -> None:
        self.url, self.attempts, self.longest_pause = url.rstrip("/"), attempts, longest_pause
        self.http = http or httpx.Client(timeout=httpx.Timeout(60.0, connect=10.0))
        named = {"Coopapi-Role": role, "Coopapi-Purpose": purpose, "Accept": "application/json"}
        self._headers = {name: value for name, value in named.items() if value}
        proof = self._proof(client_id, client_secret, private_key, key_id, audience)
        self._tokens = Tokens(lambda: self._repeated("POST", "/oauth/token", {}, lambda: {"data": proof()}, repeatable=True))

    def _proof(self, client_id: str, secret: str | None, key: str | bytes | None, key_id: str, audience: str) -> Proof:
        if (secret is None) == (key is None):
            raise TypeError("Give either client_secret or private_key.")
        if secret is not None:
            return by_secret(client_id, secret)
        return by_key(client_id, key or "", key_id, audience or f"{self.url}/oauth/token")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self.http.close()

    def json_of(self, method: str, path: str, **asked: Any) -> Any:
        """Send a request and return the JSON of the answer. Raises `Problem` or `NoAnswer`."""
        return self.answer_of(method, path, **asked).json()

    def pages_of(self, method: str, path: str, *, query: Mapping[str, Any], **more: Any) -> Pages[Any]:
        """Return the items of a list; each page is asked for when it is needed."""
        return Pages(lambda cursor: self.json_of(method, path, query={**query, "cursor": cursor}, **more), query.get("cursor"))

    def answer_of(  # noqa: PLR0913 (what a request may have)
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        key: str | None = None,
        read: Version | None = None,
        prefer: str | None = None,
    ) -> httpx.Response:
        """Send a request and return the answer. Raises `Problem` if the register refuses it, and `NoAnswer`.

        It is repeated if it reads only, or has a key; the key stays the same. A token that is refused is renewed once.
        """
        said = {**self._headers, **(headers or {})}
        said |= {"Idempotency-Key": key} if key else {}
        said |= {"If-Match": etag_of(read)} if read is not None else {}
        said |= {"Prefer": prefer} if prefer else {}
        more: dict[str, Any] = {"params": {name: value for name, value in (query or {}).items() if value is not None}}
        more |= {"json": body} if body is not None else {"content": content} if content is not None else {}
        repeatable = method == "GET" or key is not None

        def send(token: str) -> httpx.Response:
            return self._repeated(method, path, {**said, "Authorization": f"Bearer {token}"}, lambda: more, repeatable=repeatable)

        response = send(token := self._tokens.current())
        if response.status_code == _UNAUTHENTICATED:
            response = send(self._tokens.current(refused=token))
        if not response.is_success:
            raise problem_in(response)
        return response

    def _repeated(
        self, method: str, path: str, headers: Mapping[str, str], more: Callable[[], Mapping[str, Any]], *, repeatable: bool
    ) -> httpx.Response:
        """Send a request until it is answered by something else than a fault that passes, or the attempts are used up.

        `more` is asked for the rest of the request before each attempt.
        """
        for attempt in range(1, self.attempts + 1):
            asked: float | None = None
            try:
                response = self.http.request(method, self.url + path, headers=headers, **more())
            except httpx.TransportError as fault:
                if attempt == self.attempts or not (repeatable or isinstance(fault, _NOT_SENT)):
                    raise NoAnswer(f"{method} {path} was not answered: {type(fault).__name__}.") from fault
            else:
                if response.status_code not in _BUSY or attempt == self.attempts:
                    return response
                asked = problem_in(response).retry_after
                if not (repeatable or response.status_code == _TOO_MANY) or (asked or 0) > self.longest_pause:
                    return response
            time.sleep(pause(attempt, asked, self.longest_pause))
        raise AssertionError


def pause(attempt: int, asked: float | None, longest: float) -> float:
    """Return the seconds to wait: what the register asks for, or twice as long each time. A random part keeps clients apart."""
    if asked is not None:
        return asked * random.uniform(1, 1.1)  # noqa: S311 (no secret)
    return min(_FIRST_PAUSE * 2.0 ** (attempt - 1), longest) * random.uniform(0.5, 1)  # noqa: S311


def etag_of(read: Version) -> str:
    """Return the ETag of the version that was read, as it stands in `If-Match`."""
    tag = read if isinstance(read, str) else read.get("etag")
    if not tag:
        raise ValueError("This object has no ETag. Read the object itself and pass it as `read`.")
    return tag if tag.startswith('"') else f'"{tag}"'
