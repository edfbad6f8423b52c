"""Files of comma-separated values: the client declares which field each column fills, and each row becomes a line of JSON."""

import codecs
import csv
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from marshmallow import ValidationError, fields, validates_schema

from coopapi import strictjson
from coopapi.errors import BadRequest, Unprocessable, broken
from coopapi.http.fields import OneOf, Schema, refusal
from coopapi.imports.models import TYPES
from coopapi.imports.staging import LONGEST_LINE, OTHER_COLUMNS, TOO_LONG, BrokenFile

_SEPARATOR: Final = ";"
_LISTS: Final = frozenset({"crime_categories", "countries", "person.birth_dates", "person.nationalities", "person.places"})
"""The fields whose cells may hold several values, between semicolons."""
_NUMBERS: Final = frozenset({"context.port", "context.quality"})
_DEGREES: Final = frozenset({"place.latitude", "place.longitude"})
_DECIMAL: Final = re.compile(r"-?[0-9]{1,3}(\.[0-9]{1,15})?", re.ASCII)
_FLAGS: Final = {"true": True, "false": False}
_MOST_PARTS: Final = 2


class MappingIn(Schema):
    """How the columns of a file become lines."""

    type = OneOf(TYPES, required=True)
    columns = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    values = fields.Dict(keys=fields.String(), values=fields.String())
    delimiter = OneOf((",", ";", "\t", "|"))

    @validates_schema
    def require_simple_paths(self, data: dict[str, Any], **_: object) -> None:
        """A field is a member of the line, or a member of one of its members."""
        named = [*data["columns"].values(), *data.get("values", {})]
        if not all(named) or any(path.count(".") >= _MOST_PARTS for path in named):
            raise refusal("path", "A field is named as in `title` or `context.country`.", "columns")
        if len(set(named)) != len(named):
            raise refusal("distinct", "Two columns fill the same field.", "columns")


def read_mapping(declared: str | None) -> Mapping[str, Any]:
    """Read the mapping of a request. Raises `Unprocessable` with a pointer into the query."""
    if declared is None:
        raise Unprocessable(errors=[broken("/mapping", "required", "A CSV file needs a mapping.", "query")])
    try:
        said: Mapping[str, Any] = MappingIn().load(strictjson.loads(declared.encode()))
    except (BadRequest, ValidationError):
        detail = "The mapping must be a JSON object with type, columns and, if needed, values and delimiter."
        raise Unprocessable(errors=[broken("/mapping", "mapping", detail, "query")]) from None
    return said


def as_lines(pieces: Iterable[bytes], mapping: Mapping[str, Any]) -> Iterator[bytes]:
    """Yield a line of JSON for each row of a CSV file with a header (RFC 4180), and an empty line for the header.

    A row that cannot be read becomes a line that is refused. Raises `BrokenFile` if a column that the mapping names is missing.
    """
    rows = csv.reader(_texts(pieces), delimiter=mapping.get("delimiter", ","), strict=True)
    header: list[str] | None = None
    while True:
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error:
            yield TOO_LONG + b"\n"
            continue
        if header is None:
            header = [name.strip() for name in row]
            if missing := sorted(set(mapping["columns"]) - set(header)):
                raise BrokenFile(f"The header does not have every column of the mapping: {len(missing)} are missing.")
            yield b"\n"
        elif row:
            yield _line(header, row, mapping) + b"\n"


def _texts(pieces: Iterable[bytes]) -> Iterator[str]:
    """Yield the lines of a file as text. Bytes that are not UTF-8 are kept, so that only their line is refused."""
    decoder, kept = codecs.getincrementaldecoder("utf-8")("surrogateescape"), ""
    first = True
    for piece in pieces:
        kept += decoder.decode(piece)
        if first and kept:
            kept, first = kept.removeprefix("\ufeff"), False
        *whole, kept = kept.split("\n")
        yield from (f"{line}\n" for line in whole)
        if len(kept) > LONGEST_LINE:
            yield kept  # the reader refuses it
            kept = ""
    if kept:
        yield kept


def _line(header: list[str], row: list[str], mapping: Mapping[str, Any]) -> bytes:
    if len(row) != len(header):
        return OTHER_COLUMNS
    line: dict[str, Any] = {"type": mapping["type"]}
    cells = dict(zip(header, row, strict=True))
    said = {path: cells[name] for name, path in mapping["columns"].items()} | dict(mapping.get("values", {}))
    for path, cell in said.items():
        if cell.strip():
            _put(line, path, cell.strip())
    return json.dumps(line, ensure_ascii=False).encode("utf-8", "surrogateescape")


def _put(line: dict[str, Any], path: str, cell: str) -> None:
    parts = [part.strip() for part in cell.split(_SEPARATOR)]
    if path in {"subjects", "identifiers"}:
        line[path] = [{"external_id": part} for part in parts]
    elif path == "person.full_name":
        line.setdefault("person", {})["names"] = [{"full": cell}]
    else:
        outer, _, inner = path.rpartition(".")
        (line.setdefault(outer, {}) if outer else line)[inner] = parts if path in _LISTS else _value(path, cell)


def _value(path: str, cell: str) -> Any:
    """Return the number or the truth value that a cell stands for, where its field has one, otherwise the text."""
    if path in _NUMBERS and cell.isdecimal() and cell.isascii():
        return int(cell)
    if path in _DEGREES and _DECIMAL.fullmatch(cell):
        return float(cell)
    return _FLAGS.get(cell.lower(), cell) if path == "about_victim" else cell
