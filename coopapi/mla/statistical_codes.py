"""The codes of requests from which statistics are made. They are not sealed; this module alone sets them, with each draft and step.

They say how a request was made and what became of it, in codes of lists and in times, and nothing about persons or facts
(docs/decisions.md says why that may be unsealed). `unknown` stands for what was sealed before there were these columns.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from coopapi.directory.entries import authorities_of
from coopapi.mla import issuing, measures
from coopapi.mla.acts import Act
from coopapi.mla.models import Measure, Request
from coopapi.store.db import UnitOfWork

AT_FIRST: Final[Mapping[str, Any]] = {"crime_categories": [], "data_categories": [], "measure_codes": [], "refusal_grounds": []}
"""The codes of a draft that says nothing yet."""
OUTCOMES: Final[Mapping[str, str]] = {
    "executed": "fulfilled",
    "evidence_transferred": "fulfilled",
    "preserved": "fulfilled",
    "surrendered": "fulfilled",
    "accepted": "fulfilled",
    "partially_executed": "partly_fulfilled",
    "not_executed": "not_fulfilled",
    "declined": "not_fulfilled",
    "refused": "refused",
    "returned": "returned",
    "withdrawn": "withdrawn",
}
"""The outcome that each state means. Any other state is none, unless it only continues what was before."""
_KEEPING: Final = frozenset({"closed", "extension_requested", "mla_submitted", "released", "expired"})
"""The states that change nothing about the outcome."""
_OBTAINED: Final = frozenset({"executed", "partly_executed", "transferred", "partly_transferred"})
_AT_ONCE: Final = frozenset({"preserve", "surrender", "accept_conditions"})
"""The steps that obtain what a request without measures asks for."""
_CHANNELS: Final = ("transmission", "receipt", "sending")
"""The parts of a body that name a channel."""
_ALSO: Final = ("grounds", "outcome_reason", "conditions")
_CONFIDED: Final = "spontaneous_information"
"""The kind of request whose content the receiver may read only when it has accepted the conditions (Budapest Art. 26(2))."""


def set_of_draft(
    work: UnitOfWork, request: Request, content: Mapping[str, Any] | None, wanted: Sequence[Mapping[str, Any]] | None
) -> None:
    """Set the codes that follow from a draft: country; offences of new content; measures and categories of data of new measures."""
    asking = authorities_of(work, {request.requesting_id}).get(request.requesting_id)
    request.requesting_country = asking.country if asking else None
    if content is not None:
        request.crime_categories = sorted({one["category"] for one in content.get("offences", ()) if one.get("category")})
    if wanted is not None:
        request.measure_codes = sorted({measure["code"] for measure in wanted})
        request.data_categories = sorted({name for measure in wanted for name in issuing.data_of(measure)})


def set_of_step(work: UnitOfWork, request: Request, act: Act) -> None:
    """Set the codes that follow from a step that was taken with a request or one of its measures."""
    at = act.taken.at
    match act.name:
        case "transmit":
            _sent(request, act)
        case "acknowledge":
            request.acknowledged_at = request.acknowledged_at or at
        case "postpone" | "measure.postpone":
            request.postponed_at = request.postponed_at or at
        case "request_enforcement":
            request.enforcement_at = request.enforcement_at or at
        case "ready" | "validate":
            request.validation = "before" if request.validated_at else None
        case "validate_ex_post":
            request.validation = "later"
        case "deny_validation":
            request.validation = "denied"
    rows = measures.of_request(work, request.id)
    _set_outcome(request, rows)
    _set_obtained(request, rows, at if act.name in _AT_ONCE else None)


def _sent(request: Request, act: Act) -> None:
    """Set what the sending of a request says. A request that is sent once more begins anew."""
    request.channel = channel_of(act)
    request.acknowledged_at = request.obtained_at = request.postponed_at = request.enforcement_at = None
    if request.validated_at:
        request.validation = "before"
    elif request.urgency == "emergency" and issuing.judicial(request.kind):
        request.validation = "awaited"


def _set_outcome(request: Request, rows: Sequence[Measure]) -> None:
    if request.state not in _KEEPING:
        request.outcome = OUTCOMES.get(request.state)
    elif request.outcome is None and request.transmitted_at:
        request.outcome = "unknown"
    refused = {ground for row in rows if row.state == "refused" for ground in row.grounds}
    if request.state == "refused":
        request.refusal_grounds = sorted({*request.grounds, *refused})
    elif request.state not in _KEEPING:
        request.refusal_grounds = sorted(refused)


def _set_obtained(request: Request, rows: Sequence[Measure], at: datetime | None) -> None:
    """Set when the last thing that was obtained was obtained, once nothing more is awaited."""
    if at is not None:
        request.obtained_at = request.obtained_at or at
    elif (
        rows and request.state not in _KEEPING and request.outcome in {"fulfilled", "partly_fulfilled", None} and not _held(request)
    ):
        ended = [row.ended_at for row in rows if row.state in _OBTAINED and row.ended_at]
        request.obtained_at = max(ended, default=None) if request.outcome else None


def _held(request: Request) -> bool:
    """Tell whether data are preserved, so that its measures say nothing about when."""
    return request.state == "preserved"


def channel_of(act: Act) -> str | None:
    """Return the channel that a step names, or by which a step that is recorded for another side is known."""
    parts = [act.words.get(name) or {} for name in _CHANNELS]
    if act.taken.recorded:
        parts.append(act.taken.recorded)
    return next((part["channel"] for part in parts if part.get("channel")), None)


def changed(request: Request, act: Act) -> dict[str, Any]:
    """Return the codes of a step for its entry in the journal: the state before, grounds, and how a request was sent."""
    said: dict[str, Any] = {"from": act.was} if act.was else {}
    said |= {name: list(value) if isinstance(value, list | tuple) else value for name in _ALSO if (value := act.words.get(name))}
    if channel := channel_of(act):
        said["channel"] = channel
    if act.name == "transmit":
        said |= {
            name: getattr(request, name) for name in ("kind", "instrument", "urgency", "requesting_country", "executing_country")
        }
        if request.kind != _CONFIDED:
            said |= {name: getattr(request, name) for name in ("measure_codes", "data_categories", "crime_categories")}
    elif act.name in {"validate_ex_post", "deny_validation"}:
        said["validation"] = request.validation
    return said
