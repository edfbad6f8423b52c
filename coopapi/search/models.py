"""The tables of search that the application reads: words of things, written by the worker, and saved searches."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Mapped, mapped_column

from coopapi.access import Action, Actor
from coopapi.cases.models import CASE_LIFECYCLE
from coopapi.jits.lifecycles import JIT_LIFECYCLE
from coopapi.journal.models import tell_with
from coopapi.meetings.lifecycles import MEETING_LIFECYCLE
from coopapi.mla.lifecycles import KINDS as REQUEST_KINDS
from coopapi.store import vault
from coopapi.store.rows import Versioned

KINDS: Final = {
    "case": Action.CASE_READ,
    "request": Action.MLA_READ,
    "jit": Action.JIT_READ,
    "meeting": Action.MEETING_READ,
}
"""The kinds of things that are searched, each with the action that a caller needs to see them."""
STATES: Final = frozenset(
    state
    for life in (CASE_LIFECYCLE, JIT_LIFECYCLE, MEETING_LIFECYCLE, *(kind.life for kind in REQUEST_KINDS.values()))
    for state in life.states
)
"""The states of all things that are searched."""
MOST_SAVED: Final = 50
"""How many active saved searches one person or client may have."""


class SavedSearch(Versioned):
    """A search by text that a person or client keeps, with the role in which it is made. Name and text are encrypted."""

    __kind__ = "savedsearch"
    __tablename__ = "saved_searches"

    authority_id: Mapped[UUID] = mapped_column()
    principal_id: Mapped[UUID] = mapped_column()
    role: Mapped[str] = mapped_column()
    sealed: Mapped[bytes] = mapped_column()
    filters: Mapped[dict[str, Any]] = mapped_column()
    active: Mapped[bool] = mapped_column()
    created_at: Mapped[datetime] = mapped_column()
    updated_at: Mapped[datetime] = mapped_column()

    @classmethod
    def visible_to(cls, actor: Actor, now: datetime) -> ColumnElement[bool]:
        """Return the condition for the saved searches of the actor itself."""
        del now
        return cls.principal_id == actor.id


vault.register_readers(SavedSearch.__kind__, Action.SEARCH_READ, content=("name", "q"))


def of_search(column: Any, actor: Actor, now: datetime) -> ColumnElement[bool]:
    """Return the condition for rows of a saved search of the actor."""
    return select(SavedSearch.id).where(SavedSearch.id == column, SavedSearch.visible_to(actor, now)).exists()


tell_with(SavedSearch.__kind__, of_search)
