"""The lifecycles of a meeting, of a participant and of an action, as tables."""

from functools import partial
from typing import Final

from coopapi.access import Action
from coopapi.shared.lifecycle import Awaited, Lifecycle, Side, Transition

_hosts = partial(Transition, by=Action.MEETING_CONVENE, side=Side.HOST, human=True)
_answers = partial(Transition, by=Action.MEETING_WRITE, side=Side.INVITED)
_owns = partial(Transition, by=Action.MEETING_WRITE, side=Side.OWNER)

MEETING_LIFECYCLE: Final = Lifecycle(
    "proposed",
    _hosts("poll", "proposed", "dates_polled"),
    _hosts("schedule", "proposed", "scheduled", awaited=Awaited.NOW),
    _hosts("schedule", "dates_polled", "scheduled", awaited=Awaited.NOW),
    _hosts("reschedule", "scheduled", "scheduled", reason=True),
    _hosts("hold", "scheduled", "held", awaited=Awaited.NOW),
    _answers("agree", "held", "held", human=True, awaited=Awaited.NOW),
    _answers("agree", "minutes_agreed", "minutes_agreed", human=True),
    *(_hosts("cancel", state, "cancelled", reason=True) for state in ("proposed", "dates_polled", "scheduled")),
    _hosts("close", "minutes_agreed", "closed", awaited=Awaited.NOW),
    derived=("minutes_agreed",),
    parts="agreement_of_all",
)
PLACE_LIFECYCLE: Final = Lifecycle(
    "invited",
    _answers("accept", "invited", "accepted", awaited=Awaited.NOW),
    _answers("decline", "invited", "declined", reason=True),
    _answers("decline", "accepted", "declined", reason=True),
    *(_hosts("remove", state, "removed", reason=True) for state in ("invited", "accepted")),
    *(_hosts("invite", state, "invited") for state in ("declined", "removed")),
)
ACTION_LIFECYCLE: Final = Lifecycle(
    "open",
    _owns("done", "open", "done", awaited=Awaited.NOW),
    _owns("drop", "open", "dropped", reason=True),
    _owns("reopen", "done", "open", reason=True),
)
FEED_LIFECYCLE: Final = Lifecycle("live", Transition("revoke", "live", "revoked", by=Action.MEETING_READ))

LIVE: Final = ("invited", "accepted")
"""States of participants who may still come: neither declined nor removed."""
AHEAD: Final = ("proposed", "dates_polled", "scheduled")
AFTER: Final = ("held", "minutes_agreed", "closed")
LEVELS: Final = ("I", "II", "III", "bilateral", "coordination_centre")
AMONG_DESKS: Final = ("I", "II")
MODES: Final = ("place", "video", "hybrid")
WORDS: Final = ("title", "agenda", "legal_issues", "confidentiality", "place")
