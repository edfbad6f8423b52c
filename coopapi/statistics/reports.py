"""The reports of a year that law or custom fix: Regulation (EU) 2023/1543 Art. 28(2), and Eurojust's annual report."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from coopapi.directory import codelists
from coopapi.statistics import service
from coopapi.store.db import UnitOfWork, as_json
from coopapi.store.statements import Statement

_ANNUAL: Final = Statement("select priv.annual_figures(:year, cast(:wanted as jsonb))")
_BY: Final = ["data_category", "executing_authority", "emergency"]
_RENAMED: Final = {
    "issued": "issued",
    "issued_before_validation": "sent_before_validation",
    "fulfilled": "fulfilled",
    "notified": "notified",
    "refused": "refused",
    "refused_by_ground": "refused_by_ground",
    "hours_to_follow_up": "hours_to_follow_up",
    "sent_for_enforcement": "enforcement_requested",
    "fulfilled_after_enforcement": "enforcement_fulfilled",
    "validation_denied": "validation_denied",
}


def e_evidence(work: UnitOfWork, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Return the statistics of Art. 28(2) for the orders that the caller's authority issued in a year."""
    period = _period(wanted["year"])
    of_kind = {
        name: [
            _of_order(row) for row in service.requests(work, {**period, "by": _BY, "kind": kind, "direction": "outgoing"})["rows"]
        ]
        for name, kind in (("production", "epoc"), ("preservation", "epoc_pr"))
    }
    incoming = service.requests(work, {**period, "by": ["kind"], "direction": "incoming"})["rows"]
    received = sum(row["enforcement_requested"] for row in incoming if row["keys"]["kind"] in {"epoc", "epoc_pr"})
    return {
        "verify": False,
        "year": wanted["year"],
        **of_kind,
        "received_for_enforcement": received,
        "legal_remedies": None,
        "costs": None,
    }


def _of_order(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the figures of a group of orders under the names of the Regulation. What was fulfilled in part was not fulfilled."""
    keys = row["keys"]
    return {
        "data_category": keys["data_category"],
        "addressee": keys["executing_authority"],
        "emergency": keys["emergency"] == "yes",
        "not_fulfilled": row["not_fulfilled"] + row["partly_fulfilled"],
        "hours_to_obtain": row["hours_to_obtain_whole"],
        **{name: row[source] for name, source in _RENAMED.items()},
    }


def eurojust(work: UnitOfWork, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Return the figures of Eurojust's annual report over what the caller's authority sees."""
    work.note("figures.consulted", object_type="figures", consultation=True, subject="eurojust")
    members = dict.fromkeys(codelists.member_states(), 1)
    said = _ANNUAL.value(work.session, year=wanted["year"], wanted=as_json({"members": members}))
    crime = [{"category": code, **figures} for code, figures in sorted(said["crime"].items())]
    return {"year": wanted["year"], **said, "crime": crime}


def _period(year: int) -> dict[str, datetime]:
    return {"since": datetime(year, 1, 1, tzinfo=UTC), "until": datetime(year + 1, 1, 1, tzinfo=UTC)}
