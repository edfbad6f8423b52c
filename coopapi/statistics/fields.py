"""Fields of queries for figures, and of the figures that are answered."""

from collections.abc import Collection, Iterable
from typing import Any

from marshmallow import fields

from coopapi.http.fields import OneOf, Shown, Text, refusal
from coopapi.statistics.dimensions import MOST


class By(fields.String):
    """Up to three dimensions, separated by commas."""

    def __init__(self, dimensions: Collection[str], **kwargs: Any) -> None:
        self.dimensions = dimensions
        about = f"By what to group, separated by commas: up to {MOST} of {', '.join(dimensions)}."
        super().__init__(metadata={"description": about}, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        named = super()._deserialize(value, attr, data, **kwargs).split(",")
        if len(named) > MOST or len(set(named)) < len(named) or set(named) - set(self.dimensions):
            raise refusal("dimensions", f"Name at most {MOST} different dimensions of {', '.join(self.dimensions)}.")
        return named


def by_each(dimensions: Iterable[str], **typed: fields.Field[Any]) -> dict[str, fields.Field[Any]]:
    """Return `by`, and a filter for each dimension: only things that are in the group of this code. `typed` has those of a type."""
    return {"by": By(tuple(dimensions)), **{name: typed.get(name) or _only(name) for name in dimensions}}


def _only(dimension: str) -> Text:
    return Text(60, metadata={"description": f"Only what has this code in the dimension `{dimension}`, as in `keys`."})


def number(about: str) -> fields.Integer:
    """Return a field for a number of things."""
    return fields.Integer(required=True, metadata={"description": about})


class SpreadOut(Shown):
    """Durations in hours: how many there are, their mean, their median and their 90th percentile."""

    number = fields.Integer(required=True)
    mean = fields.Float(required=True)
    median = fields.Float(required=True)
    p90 = fields.Float(required=True)


def spread(about: str) -> fields.Nested:
    """Return a field for durations in hours, or null if there are none."""
    return fields.Nested(SpreadOut, required=True, allow_none=True, metadata={"description": about})


def keys() -> fields.Dict:
    """Return the field with the code of a group in each dimension."""
    about = "The code of this group in each dimension; `none` if things have none, `unknown` if it is not known."
    return fields.Dict(keys=fields.String(), values=fields.String(), required=True, metadata={"description": about})


class GroupedOut(Shown):
    """What tables of figures have in common."""

    by = fields.List(fields.String(), required=True)
    several = fields.List(
        fields.String(),
        required=True,
        metadata={"description": "The dimensions in which one thing may count in several groups, so that a sum is no total."},
    )


FORMAT = OneOf(
    ("json", "csv", "sdmx", "svg"), name="FigureFormat", metadata={"description": "The format of the answer; `json` by default."}
)
