"""What a POST makes that makes something only if its body has `open`; otherwise it only reads."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import marshmallow as ma
from flask import Response, current_app

from coopapi.http.serialization import instance_of
from coopapi.store.db import UnitOfWork
from coopapi.store.rows import Versioned


@dataclass(frozen=True, slots=True)
class Opens:
    """The most bytes of the body, the schema of what is made, the function that shows it, and the path of its kind."""

    most_bytes: int
    returns: type[ma.Schema]
    show: Callable[[UnitOfWork, Sequence[Any]], Sequence[Any]]
    at: str

    def wanted(self, bodies: Sequence[Any]) -> bool:
        """Tell whether the body, if there is one, asks to make something."""
        return any(body.get("open") for body in bodies)

    def answer(self, work: UnitOfWork, made: Versioned) -> Response:
        """Return the response 201 with what was made, and its address in `Location`."""
        (shown,) = self.show(work, [made])
        located = {"Location": f"{self.at}/{made.id}"}
        return current_app.make_response((instance_of(self.returns).dump(shown), HTTPStatus.CREATED, located))

    @property
    def documented(self) -> dict[str, Any]:
        """What the API document says of the response."""
        location = {"description": "The address of what was made.", "schema": {"type": "string", "format": "uri-reference"}}
        return {"schema": self.returns, "headers": {"Location": location}}
