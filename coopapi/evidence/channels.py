"""The kinds of shared things through which evidence is given; the feature of each kind says what evidence needs to know of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from coopapi.errors import fault
from coopapi.store.db import UnitOfWork


@dataclass(frozen=True, slots=True)
class TeamView:
    """What evidence needs to know of a team: the provider's country, those of the other parties, and who administers the space."""

    provider: str | None
    others: frozenset[str]
    administrator_id: UUID | None


@dataclass(frozen=True, slots=True)
class Channel:
    """One kind of shared thing: whether an id is one, whether it has an item such as a measure, and its team, if it is one."""

    is_one: Callable[[UnitOfWork, UUID], bool]
    has_item: Callable[[UnitOfWork, UUID, UUID], bool] = lambda _work, _thing, _item: False
    team: Callable[[UnitOfWork, UUID, UUID], TeamView | None] = lambda _work, _thing, _provider: None


CHANNELS: Final[dict[str, Channel]] = {}
"""Every channel by the name that `object_type` gives it; features.py enters them."""


def check_about(work: UnitOfWork, object_id: UUID, object_type: str, item_id: UUID | None) -> None:
    """Raise `Unprocessable` unless the thing is of the named kind, and the item, if one is named, is an item of that thing."""
    channel = CHANNELS[object_type]
    if not channel.is_one(work, object_id):
        raise fault("/object_type", "kind", f"that is no {object_type}")
    if item_id is not None and not channel.has_item(work, object_id, item_id):
        raise fault("/item_id", "measure", "that is no measure of the request")
