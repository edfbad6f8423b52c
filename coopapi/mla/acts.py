"""A step of a request or of one of its measures, as it is announced to the parties."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from coopapi.mla.authorization import Taken
from coopapi.mla.models import Measure


@dataclass(frozen=True, slots=True)
class Act:
    """A step to be announced: event, who took it, text, measure if any, the facts that deadlines depend on, and the stated time."""

    event: str
    taken: Taken
    words: Mapping[str, Any]
    measure: Measure | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    time_id: UUID | None = None
    was: str | None = None
    """The state before the step, of the measure or else of the request."""

    @property
    def name(self) -> str:
        """Return the event, prefixed with `measure.` for a step of a measure."""
        return f"measure.{self.event}" if self.measure else self.event
