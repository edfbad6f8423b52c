"""The order of overlaps in lists: by rank, found without reading the overlaps of others."""

from typing import Any, Final

from sqlalchemy import Column, Select, Uuid, func, select, true, union

from coopapi.access import Actor
from coopapi.http.paging import Order
from coopapi.overlaps.models import Overlap

_PLACES: Final = func.priv.places_of_overlaps().table_valued(
    Column("authority_id", Uuid()), Column("case_id", Uuid()), name="places"
)
_WHERE: Final = (
    (Overlap.authority_a, _PLACES.c.authority_id),
    (Overlap.authority_b, _PLACES.c.authority_id),
    (Overlap.case_a, _PLACES.c.case_id),
    (Overlap.case_b, _PLACES.c.case_id),
)


def by_rank(actor: Actor) -> "Ranked":
    """Return the order by the rank that overlaps have for this caller."""
    return Ranked((Overlap.seen(actor, "rank"), Overlap.id), indexed=True)


class Ranked(Order):
    """Sorts the overlaps of all cases by rank.

    The first ones of each authority of whose cases the caller sees many are read from the index by its rank, those of single cases
    by the case, and the best of these make the page. So the work for a page does not depend on how many overlaps there are.
    """

    def first(self, query: Select[Any], count: int) -> Select[Any]:
        """Sort the query and limit it to the first rows."""
        found = union(*(self._of_place(query.where(here == there), count) for here, there in _WHERE)).subquery()
        ids = select(found.c.id).order_by(found.c.rank.desc(), found.c.id.desc()).limit(count)
        return super().first(select(Overlap).where(Overlap.id.in_(ids)), count)

    def _of_place(self, query: Select[Any], count: int) -> Select[Any]:
        rank = self.columns[0].label("rank")
        part = super().first(query.with_only_columns(Overlap.id, rank), count).correlate(_PLACES).lateral()
        return select(part.c.id, part.c.rank).select_from(_PLACES.join(part, true()))
