"""The kinds of shared objects through which evidence is given. The feature of each kind registers what evidence needs from it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from coopapi.errors import fault
from coopapi.store.db import UnitOfWork


@dataclass(frozen=True, slots=True)
class TeamView:
    """The facts of a team that matter for evidence: the countries of provider and other parties, and the space administrator."""

    provider: str | None
    others: frozenset[str]
    administrator_id: UUID | None


@dataclass(frozen=True, slots=True)
class Channel:
    """One kind of shared object.

    `is_one` tells whether an id is of this kind, `has_item` whether the object has an item such as a measure, and `team` returns
    its team, or None.
    """

    is_one: Callable[[UnitOfWork, UUID], bool]
    has_item: Callable[[UnitOfWork, UUID, UUID], bool] = lambda _work, _thing, _item: False
    team: Callable[[UnitOfWork, UUID, UUID], TeamView | None] = lambda _work, _thing, _provider: None


CHANNELS: Final[dict[str, Channel]] = {}
"""The channels by their `object_type`; features.py registers them."""


def check_about(work: UnitOfWork, object_id: UUID, object_type: str, item_id: UUID | None) -> None:
    """Raise `Unprocessable` unless the object is of the named kind and the item, if one is named, belongs to it."""
    channel = CHANNELS[object_type]
    if not channel.is_one(work, object_id):
        raise fault("/object_type", "kind", f"The id is not that of a {object_type} in which you take part.")
    if item_id is not None and not channel.has_item(work, object_id, item_id):
        raise fault("/item_id", "measure", "The id is not that of a measure of the request.")
