"""Many steps in one request: each is taken by the one gate, in a transaction of its own, as if it had been sent alone."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final

import marshmallow as ma

from coopapi.errors import BadRequest
from coopapi.http import idempotency, problems
from coopapi.http.etags import version_of
from coopapi.http.transitions import SERVED
from coopapi.store.db import UnitOfWork, as_json
from coopapi.store.rows import Versioned
from coopapi.worklist.sources import SOURCES

STEPPED: Final = tuple(name for name, source in SOURCES.items() if not source.path)
"""The kinds whose steps can be sent here: those whose workflow has routes of its own."""


def key_of(key: str, number: int) -> str:
    """Return the idempotency key of one step of a request with this key."""
    return f"step {number} of {sha256(key.encode()).hexdigest()}"


def take(work: UnitOfWork, step: Mapping[str, Any], key: str | None) -> str:
    """Take one step and return the new ETag of what it changed. With a key it is taken only once, however often it is sent.

    Raises what the route of the step itself would raise.
    """
    served, source = SERVED[step["type"]], SOURCES[step["type"]]
    work.require(served.act)
    version = version_of(f'"{step["etag"].strip(chr(34))}"')
    if version is None:
        raise BadRequest('The etag of a step must be one ETag of the thing, such as "v3".')
    try:
        data = served.body().load(step["step"])
    except ma.ValidationError as error:
        raise problems.invalid({"json": error.messages}) from error

    def effect() -> Versioned:
        return served.take(work, version, data, **source.ids(work.one(source.model, step["id"])))

    made: Any = idempotency.once(work, key, as_json(step).encode(), effect) if key else effect()
    work.session.flush()
    if served.show:
        (made,) = served.show(work, [made])
    etag: str = getattr(made, "etag", None) or made["etag"]
    return etag
