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
from coopapi.http.problems import pointers
from coopapi.imports.models import TYPES
from coopapi.imports.staging import LONGEST_LINE, NO_CSV, OTHER_COLUMNS, TOO_LONG, BrokenFile

_SEPARATOR: Final = ";"
_LISTS: Final = frozenset({"crime_categories", "countries", "person.birth_dates", "person.nationalities", "person.places"})
"""The fields whose cells may hold several values, between semicolons."""
_NUMBERS: Final = frozenset({"context.port", "context.quality"})
_DEGREES: Final = frozenset({"place.latitude", "place.longitude"})
_DECIMAL: Final = re.compile(r"-?[0-9]{1,3}(\.[0-9]{1,15})?", re.ASCII)
_FLAGS: Final = {"true": True, "false": False}
_MOST_PARTS: Final = 2
_NAMES: Final = {"person.full_name": "full", "person.given_name": "given", "person.family_name": "family"}
"""The fields that fill the name of a person."""
_OVERLONG: Final = "\ud800"
"""Stands for a line of the file that is too long. No bytes are read as this character, so no cell has it otherwise."""
_UNCLEAR: Final = (("column", "The header does not have this column."), ("distinct", "The header has this column twice."))
_MOST_NAMED: Final = 20
"""How many columns that are missing or doubled one answer names."""


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
        paths = [path.split(".") for path in named]
        if any(len(path) > _MOST_PARTS or not all(path) for path in paths):
            raise refusal("path", "A field is named as in `title` or `context.country`.", "columns")
        whole, parts = ({path[0] for path in paths if len(path) == size} for size in (1, _MOST_PARTS))
        names = _NAMES.keys() & set(named)
        doubled = len(set(named)) != len(named) or whole & parts or (names and "person.names" in named)
        if doubled or ("person.full_name" in names and len(names) > 1):
            raise refusal("distinct", "Two columns fill the same field, or a field and a part of it.", "columns")


def read_mapping(declared: str | None) -> Mapping[str, Any]:
    """Read the mapping of a request. Raises `Unprocessable` with a pointer into the query."""
    if declared is None:
        raise Unprocessable(errors=[broken("/mapping", "required", "A CSV file needs a mapping.", "query")])
    try:
        said: Mapping[str, Any] = MappingIn().load(strictjson.loads(declared.encode()))
    except BadRequest:
        detail = "The mapping must be a JSON object with `type`, `columns` and, if needed, `values` and `delimiter`."
        raise Unprocessable(errors=[broken("/mapping", "mapping", detail, "query")]) from None
    except ValidationError as wrong:
        raise Unprocessable(errors=list(pointers(wrong.messages, "query", "/mapping"))) from None
    return said


def as_lines(pieces: Iterable[bytes], mapping: Mapping[str, Any]) -> Iterator[bytes]:
    """Yield a line of JSON for each row of a CSV file with a header (RFC 4180), and an empty line for each other line of the file.

    So a row has the number of the line on which it begins. A row that cannot be read becomes a line that is refused. Raises
    `BrokenFile` if the header cannot be read, or if it does not have each column that the mapping names exactly once.
    """
    rows = csv.reader(_texts(pieces), delimiter=mapping.get("delimiter", ","), strict=True)
    header: list[str] | None = None
    before = 0
    while True:
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error:
            row = None
        made = b""
        if header is None:
            header = _header(row, mapping)
        elif row is None:
            made = NO_CSV
        elif row:
            made = _line(header, row, mapping)
        yield made + b"\n" * (rows.line_num - before)
        before = rows.line_num


def _header(row: list[str] | None, mapping: Mapping[str, Any]) -> list[str]:
    """Return the names of the columns. Raises `BrokenFile`."""
    if row is None:
        raise BrokenFile("The header is no row of CSV.")
    header = [name.strip() for name in row]
    counts = {name: header.count(name) for name in mapping["columns"]}
    faults = [
        broken(f"/mapping/columns/{name.replace('~', '~0').replace('/', '~1')}", *_UNCLEAR[count > 0], "query")
        for name, count in counts.items()
        if count != 1
    ]
    if faults:
        raise BrokenFile("The header does not have each column of the mapping once.", errors=faults[:_MOST_NAMED])
    return header


def _texts(pieces: Iterable[bytes]) -> Iterator[str]:
    """Yield the lines of a file as text, and a mark for each that is too long.

    Bytes that are not UTF-8 are kept, so that only their line is refused.
    """
    kept, dropping = "", False
    for text in codecs.iterdecode(pieces, "utf-8", "surrogateescape"):
        *whole, kept = (kept + text).split("\n")
        for line in whole:
            yield f"{_OVERLONG if dropping or len(line) > LONGEST_LINE else line}\n"
            dropping = False
        if dropping := dropping or len(kept) > LONGEST_LINE:
            kept = ""
    if kept or dropping:
        yield _OVERLONG if dropping else kept


def _line(header: list[str], row: list[str], mapping: Mapping[str, Any]) -> bytes:
    if any(_OVERLONG in cell for cell in row):
        return TOO_LONG
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
    elif path in _NAMES:
        line.setdefault("person", {}).setdefault("names", [{}])[0][_NAMES[path]] = cell
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
