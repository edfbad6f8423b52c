"""The response to a request of which each item succeeds or fails by itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final
from uuid import UUID

import marshmallow as ma

from coopapi.errors import Unprocessable
from coopapi.http.fields import OneOf, Shown, bare_name
from coopapi.http.problems import named
from coopapi.http.serialization import instance_of
from coopapi.store.rows import Versioned

STATES: Final = ("stored", "existing", "corrected", "refused")


class Fault(Shown):
    """What is wrong with one part of a request."""

    where = ma.fields.String(
        required=True,
        attribute="in",
        data_key="in",
        metadata={"description": "The part of the request: body, query, path or headers."},
    )
    pointer = ma.fields.String(required=True, metadata={"description": "The JSON pointer of the field (RFC 6901)."})
    rule = ma.fields.String(
        required=True, metadata={"description": "The rule that the value breaks, such as `required` or `length`"}
    )
    detail = ma.fields.String(required=True)


class Problem(Shown):
    """A problem document (RFC 9457)."""

    type = ma.fields.String(required=True, metadata={"format": "uri-reference"})
    title = ma.fields.String(required=True)
    status = ma.fields.Integer(required=True)
    detail = ma.fields.String()
    errors = ma.fields.List(ma.fields.Nested(Fault))


@dataclass(frozen=True, slots=True)
class ItemOutcome:
    """What became of one item: a row, or the problem for which it was refused."""

    outcome: str
    row: Versioned | None = None
    problem: Mapping[str, Any] | None = None


class Outcomes(list[ItemOutcome]):
    """What became of each item, in the order of the request."""

    @property
    def rows(self) -> list[Versioned]:
        """The rows of the items that were not refused."""
        return [one.row for one in self if one.row is not None]


def refused(kind: type[Unprocessable], faults: Sequence[Mapping[str, str]]) -> ItemOutcome:
    """Return the outcome of an item that was refused."""
    return ItemOutcome("refused", problem={**named(kind), "errors": list(faults)})


@cache
def outcomes_of(schema: type[ma.Schema]) -> type[ma.Schema]:
    """Return the schema of a list of outcomes about rows of this schema."""
    outcome = Shown.from_dict(
        {
            "outcome": OneOf(STATES, name="ItemOutcome", required=True),
            "id": ma.fields.UUID(required=True, allow_none=True),
            "item": ma.fields.Nested(schema, required=True, allow_none=True, metadata={"description": "Null if it was refused."}),
            "problem": ma.fields.Nested(Problem, required=True, allow_none=True),
        },
        name=f"{bare_name(schema)}Outcome",
    )
    return Shown.from_dict(
        {"results": ma.fields.List(ma.fields.Nested(outcome), required=True)}, name=f"{bare_name(schema)}Outcomes"
    )


def results_of(made: Outcomes, shown: Sequence[Any], schema: type[ma.Schema]) -> Any:
    """Return the body of the response. `shown` are the rows as the caller sees them, or nothing if only their ids are wanted."""
    by_id = dict(zip([row.id for row in made.rows], shown, strict=False))
    return instance_of(outcomes_of(schema)).dump({"results": [_result(one, by_id) for one in made]})


def _result(one: ItemOutcome, shown: Mapping[UUID, Any]) -> dict[str, Any]:
    row_id = one.row.id if one.row else None
    return {"outcome": one.outcome, "id": row_id, "item": shown.get(row_id) if row_id else None, "problem": one.problem}
