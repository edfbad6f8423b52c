"""Figures in other formats than JSON: rows for spreadsheets, SDMX-JSON for statistical systems, and a drawing."""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final

from coopapi.http.files import Printed, csv_line
from coopapi.statistics import drawing
from coopapi.store.db import UnitOfWork

Count = Callable[[UnitOfWork, Mapping[str, Any]], dict[str, Any]]
_SDMX: Final = "application/vnd.sdmx.data+json"
MEDIA_TYPES: Final = ("text/csv", _SDMX, "image/svg+xml")


def in_formats(subject: str, count: Count, figures: Collection[str]) -> Callable[..., dict[str, Any] | Printed]:
    """Return the function that counts and answers in the format that is asked for, with the figures in this order."""

    def answer(work: UnitOfWork, wanted: Mapping[str, Any]) -> dict[str, Any] | Printed:
        table = count(work, wanted)
        rows = [{name: row[name] for name in figures if name in row} for row in table["rows"]]
        return as_asked(subject, {**table, "rows": rows}, wanted.get("format", "json"))

    return answer


def as_asked(subject: str, table: dict[str, Any], form: str) -> dict[str, Any] | Printed:
    """Return a table of figures in one of the formats json, csv, sdmx and svg."""
    match form:
        case "csv":
            return Printed(as_csv(table), "text/csv", f"{subject}.csv")
        case "sdmx":
            return Printed(as_sdmx(subject, table), _SDMX, f"{subject}.json")
        case "svg":
            return Printed(drawing.of_table(subject, table["by"], flat_rows(table)), "image/svg+xml", f"{subject}.svg")
        case _:
            return table


def flat_rows(table: Mapping[str, Any]) -> list[tuple[tuple[str, ...], dict[str, Any]]]:
    """Return the keys and the figures of each row. A figure within a figure has both names: `hours_to_obtain.median`."""
    return [(tuple(row["keys"].values()), _flat(row.get("figures", row))) for row in table["rows"]]


def _flat(figures: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in figures.items():
        if name != "keys":
            found |= _flat(value, f"{prefix}{name}.") if isinstance(value, Mapping) else {prefix + name: value}
    return found


def _columns(rows: Sequence[tuple[tuple[str, ...], Mapping[str, Any]]]) -> list[str]:
    """Return the names of all figures, those of one group beside each other."""
    names = list(dict.fromkeys(name for _, figures in rows for name in figures))
    first = {name: place for place, name in reversed(list(enumerate(name.split(".")[0] for name in names)))}
    nested = {name.split(".")[0] for name in names if "." in name}
    shown = [name for name in names if name not in nested]  # null instead of a group of figures has no column
    return sorted(shown, key=lambda name: (first[name.split(".")[0]], name if "." in name else ""))


def as_csv(table: Mapping[str, Any]) -> bytes:
    """Return a table as CSV (RFC 4180) in UTF-8: a column for each dimension and figure. No cell is a formula."""
    rows = flat_rows(table)
    columns = _columns(rows)
    found = [[*keys, *(figures.get(name) for name in columns)] for keys, figures in rows]
    return "".join(map(csv_line, [[*table["by"], *columns], *found])).encode()


def as_sdmx(subject: str, table: Mapping[str, Any]) -> bytes:
    """Return a table as a data message of SDMX-JSON 2.0, with the figure as one more dimension. Texts are left out."""
    rows = flat_rows(table)
    columns = _columns(rows)
    dimensions = [*table["by"], "figure"]
    codes = [sorted({keys[place] for keys, _ in rows}) for place in range(len(table["by"]))] + [columns]
    places = [{code: place for place, code in enumerate(values)} for values in codes]
    observations = {
        ":".join(str(places[n][code]) for n, code in enumerate((*keys, name))): [value]
        for keys, figures in rows
        for name, value in figures.items()
        if isinstance(value, int | float)
    }
    described = [
        {"id": name.upper(), "keyPosition": place, "roles": [], "values": [{"id": code, "name": code} for code in codes[place]]}
        for place, name in enumerate(dimensions)
    ]
    structure = {
        "dataSets": [0],
        "dimensions": {"dataSet": [], "series": [], "observation": described},
        "measures": {"observation": [{"id": "OBS_VALUE", "name": "Value"}]},
        "attributes": {"dataSet": [], "series": [], "observation": []},
    }
    message = {
        "meta": {"schema": "https://json.sdmx.org/2.0.0/sdmx-json-data-schema.json", "id": subject, "contentLanguages": ["en"]},
        "data": {"structures": [structure], "dataSets": [{"structure": 0, "action": "Information", "observations": observations}]},
    }
    return json.dumps(message, separators=(",", ":")).encode()
