"""The closed list of tables that are published for each quarter and year, and how their numbers hang together."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from coopapi.statistics.dimensions import SEVERAL, closed
from coopapi.statistics.rounding import Cell, Sum

_REQUESTS: Final = (
    "issued",
    "fulfilled",
    "partly_fulfilled",
    "not_fulfilled",
    "refused",
    "withdrawn",
    "postponed",
    "acknowledged_on_time",
)
_OUTCOMES: Final = ("fulfilled", "partly_fulfilled", "not_fulfilled", "refused", "withdrawn")
QUARTERS: Final = 4


@dataclass(frozen=True, slots=True)
class Table:
    """A table that is published: what it counts, by which dimensions, and which figures it shows.

    `base` is the figure that counts all things of a group; `parts` are figures that share it out.
    """

    name: str
    subject: str
    by: tuple[str, ...]
    figures: tuple[str, ...]
    base: str
    parts: tuple[str, ...] = ()


def _of_requests(name: str, *by: str, figures: tuple[str, ...] = _REQUESTS) -> Table:
    return Table(name, "requests", by, figures, "issued", tuple(one for one in _OUTCOMES if one in figures))


TABLES: Final = (
    _of_requests("requests"),
    _of_requests("requests_by_kind", "kind"),
    _of_requests("requests_by_executing_country", "executing_country"),
    _of_requests("requests_by_requesting_country", "requesting_country"),
    _of_requests("requests_by_country_pair", "requesting_country", "executing_country", figures=("issued", "fulfilled", "refused")),
    _of_requests("requests_by_region", "region"),
    _of_requests("requests_by_instrument", "instrument"),
    _of_requests("requests_by_measure", "measure"),
    _of_requests("requests_by_data_category", "data_category"),
    _of_requests("requests_by_crime_category", "crime_category"),
    _of_requests("requests_by_channel", "channel"),
    _of_requests("requests_by_urgency", "urgency"),
    Table("overlaps", "overlaps", (), ("found", "confirmed", "rejected", "disclosed"), "found", ("confirmed", "rejected")),
    Table("overlaps_by_strength", "overlaps", ("strength",), ("found", "confirmed", "disclosed"), "found"),
    Table("overlaps_by_crime_category", "overlaps", ("crime_category",), ("found", "confirmed", "disclosed"), "found"),
    Table("cases", "cases", (), ("registered", "multilateral", "prosecuted", "adjudicated"), "registered"),
    Table("cases_by_crime_category", "cases", ("crime_category",), ("registered", "prosecuted", "adjudicated"), "registered"),
    Table("cases_by_owner_country", "cases", ("owner_country",), ("registered", "multilateral"), "registered"),
    Table("meetings", "meetings", (), ("held", "coordination_centres", "with_three_countries"), "held"),
    Table("meetings_by_level", "meetings", ("level",), ("held",), "held"),
    Table("teams", "teams", (), ("set_up", "with_three_countries"), "set_up"),
    Table("teams_by_legal_basis", "teams", ("legal_basis",), ("set_up",), "set_up"),
)
NAMES: Final = tuple(table.name for table in TABLES)


def sums(cells: Collection[Cell]) -> Sequence[Sum]:
    """Return how these numbers hang together: the parts of figures, the totals of tables, country pairs, and quarters in years."""
    return [*_shared_out(cells), *_totals(cells), *_pairs(cells), *_quarters(cells)]


def _shared_out(cells: Collection[Cell]) -> Iterator[Sum]:
    """Yield that what became of the things of a group is never more than the things."""
    of = {table.name: table for table in TABLES}
    for period, name, keys, figure in cells:
        table = of[name]
        if figure == table.base:
            others = [one for one in table.figures if one not in {table.base, *table.parts}]
            for parts in (table.parts, *((one,) for one in others)):
                if parts:
                    yield Sum((period, name, keys, figure), tuple((period, name, keys, part) for part in parts))


def _totals(cells: Collection[Cell]) -> Iterator[Sum]:
    """Yield that a total is at least the sum of the rows of a table in which each thing counts once.

    If the codes of the table are a closed list, those without a row add less than five each, and it is exactly the sum. Of a row in
    which a number was left out, nobody knows how much it adds.
    """
    rows: dict[tuple[str, str, str], list[Cell]] = {}
    listed: dict[tuple[str, str], set[tuple[str, ...]]] = {}
    for cell in cells:
        rows.setdefault((cell[0], cell[1], cell[3]), []).append(cell)
        listed.setdefault((cell[0], cell[1]), set()).add(cell[2])
    for table in TABLES:
        if table.by and not SEVERAL.intersection(table.by):
            codes = closed(table.by)
            for (period, name, figure), parts in rows.items():
                if name == table.name:
                    there = listed[period, name]
                    whole = codes is not None and len(parts) == len(there)
                    others = sorted(codes - there) if codes and whole else []
                    unlisted = tuple((period, name, keys, figure) for keys in others)
                    yield Sum((period, table.subject, (), figure), tuple(parts), whole, unlisted)


def _pairs(cells: Collection[Cell]) -> Iterator[Sum]:
    """Yield that the requests to or from a country are at least those of its published pairs."""
    for place, name in ((0, "requests_by_requesting_country"), (1, "requests_by_executing_country")):
        groups: dict[Cell, list[Cell]] = {}
        for cell in cells:
            if cell[1] == "requests_by_country_pair":
                groups.setdefault((cell[0], name, (cell[2][place],), cell[3]), []).append(cell)
        yield from (Sum(total, tuple(parts)) for total, parts in groups.items())


def _quarters(cells: Collection[Cell]) -> Iterator[Sum]:
    """Yield that a year is the sum of its quarters, and at least the sum of those in which a row is published."""
    groups: dict[Cell, list[Cell]] = {}
    for period, name, keys, figure in cells:
        if "-" in period:
            groups.setdefault((period[:4], name, keys, figure), []).append((period, name, keys, figure))
    for total, parts in groups.items():
        yield Sum(total, tuple(parts), whole=len(parts) == QUARTERS)
