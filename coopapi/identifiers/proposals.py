"""Texts and tables in which identifiers are looked for, and what is found, on the wire."""

from typing import Any, Final

from marshmallow import fields, validates_schema

from coopapi.http.fields import Many, OneOf, Schema, Shown, Text, refusal
from coopapi.identifiers.extracting.finder import DOUBTS
from coopapi.identifiers.kinds import KINDS
from coopapi.identifiers.schemas import ContextIn

MOST_TO_EXTRACT: Final = 256 * 1024
"""The maximum size of a body in which identifiers are looked for, in bytes."""
MOST_ROWS: Final = 10_000
MOST_COLUMNS: Final = 200
_DOUBT: Final = "What is doubtful, as codes: " + ", ".join(f"`{code}`" for code in DOUBTS) + ", and the codes of `warnings`."


class Passage(Text):
    """Text that is kept as it came, so that places in it can be counted. It may be empty."""

    def __init__(self, most: int, **kwargs: Any) -> None:
        super().__init__(most, least=0, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        stripped: str = super()._deserialize(value, attr, data, **kwargs)
        return value if isinstance(value, str) else stripped


class ExtractIn(Schema):
    """A text or a table in which identifiers are looked for: exactly one of `text` and `rows`."""

    text = Passage(MOST_TO_EXTRACT)
    rows = Many(
        Many(Passage(10_000, allow_none=True), MOST_COLUMNS, distinct=False),
        MOST_ROWS,
        distinct=False,
        metadata={"description": "The rows of a table without its header. A cell is text or null."},
    )
    header = Many(
        Passage(200, allow_none=True),
        MOST_COLUMNS,
        distinct=False,
        metadata={"description": "The titles of the columns. A column whose title names a kind is read as that kind."},
    )

    @validates_schema
    def require_text_or_rows(self, data: dict[str, object], **_: object) -> None:
        """Either text or a table is sent, and a header only with a table."""
        if len({"text", "rows"} & data.keys()) != 1 or ("header" in data and "rows" not in data):
            raise refusal("exactly_one", "Send either text, or rows with or without a header.", "text")


class ProposalOut(Shown):
    """A value that may be an identifier, with its place in what was sent."""

    kind = OneOf(KINDS, name="IdentifierKind", required=True)
    value = fields.String(required=True, metadata={"description": "The value as it stands in the text."})
    context = fields.Nested(ContextIn, required=True, metadata={"description": "What to send as `context` with the value."})
    row = fields.Integer(allow_none=True, metadata={"description": "In a table, the number of the row, from 0."})
    column = fields.Integer(allow_none=True, metadata={"description": "In a table, the number of the column, from 0."})
    start = fields.Integer(required=True, metadata={"description": "Where the value begins in the text or cell, in code points."})
    end = fields.Integer(required=True, metadata={"description": "The place behind the last character of the value."})
    doubt = fields.List(fields.String(), required=True, metadata={"description": _DOUBT})
    already_in_case = fields.Boolean(
        required=True, metadata={"description": "Whether the case has this value, as far as you may know."}
    )


class ExtractOut(Shown):
    """What may be identifiers in a text or a table. Nothing of it is stored until it is registered."""

    proposals = fields.List(fields.Nested(ProposalOut), required=True)
    truncated = fields.Boolean(
        required=True,
        metadata={"description": "Whether the search ended early: at 500 proposals, or because the text asked for too much work."},
    )
