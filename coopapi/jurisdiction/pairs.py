"""Difficulties between pairs of States: refusals, delays and silence, by stage, and the next step that the law provides for."""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from coopapi.deadlines.rules import no_limits
from coopapi.directory import codelists
from coopapi.directory.codelists import CodelistItem
from coopapi.directory.models import Authority
from coopapi.errors import fault
from coopapi.jurisdiction import notification_duty
from coopapi.mla.lifecycles import KINDS
from coopapi.store.db import UnitOfWork
from coopapi.store.statements import Statement, array

_NEXT_QUARTER: Final = 100
"""A number of days after which a quarter that has begun is over, and the next one is not."""
_YEAR: Final = 360
"""A number of days that leads from the end of a quarter into the one that began a year before it."""
_COUNTED: Final = ("refused", "not_executed", "overdue")
_BETWEEN: Final = Statement(
    "select * from priv.difficulties(:since, :until, cast(:kinds as text[]), :requesting, :executing, cast(:case as uuid),"
    " cast(:no_limits as text[]), cast(:silence as interval))"
)
_EVER: Final = {"since": datetime(1, 1, 2, tzinfo=UTC), "until": datetime(9999, 12, 31, tzinfo=UTC)}


def kinds() -> list[str]:
    """Return the kinds of requests for cooperation between States."""
    return [name for name, kind in KINDS.items() if not kind.to_provider and name != "spontaneous_information"]


def between(work: UnitOfWork, wanted: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Count difficulties between pairs of States among the requests that were sent in a time, by default in the last year.

    The caller sees those of the requests that it may read. The desk of either State sees the same figures without the requests,
    because a desk facilitates between both; hidden cases are left out, and so are numbers by stage, detail and instrument that are
    below five. So that it cannot tell single requests apart, it is told of whole quarters only, by default of the present one and
    the three before. Raises `Unprocessable` if the time ends before it begins, and for a desk if it is not one of whole quarters.
    """
    since, until = _time(work, wanted)
    if since >= until:
        raise fault("/since", "order_of_time", "The time must begin before it ends.")
    executing = wanted.get("executing_country", wanted.get("country"))
    asked = {"since": since, "until": until, "requesting": wanted.get("requesting_country"), "executing": executing}
    return [_pair(row) for row in _rows(work, case=None, **asked)]


def of_case(work: UnitOfWork, case_id: UUID) -> Counter[str]:
    """Count for each State the requests to it from a case that were refused, not carried out or are overdue.

    They are the same difficulties as those between pairs of States, among the requests that the caller may read.
    """
    found: Counter[str] = Counter()
    for row in _rows(work, case=case_id, requesting=None, executing=None, **_EVER):
        found[row.executing_country] += sum(getattr(row, what) for what in _COUNTED)
    return found


def _rows(work: UnitOfWork, **asked: Any) -> list[Any]:
    silence = f"{notification_duty.rules()['unanswered_days']} days"
    return _BETWEEN.rows(work.session, kinds=array(kinds()), no_limits=array(no_limits()), silence=silence, **asked)


def _time(work: UnitOfWork, wanted: Mapping[str, Any]) -> tuple[datetime, datetime]:
    """Return the time that is wanted, or the last year."""
    if work.one(Authority, work.actor.authority_id).type != "eurojust_desk":
        until = wanted.get("until", work.now + timedelta(seconds=1))
        return wanted.get("since", until - timedelta(days=notification_duty.rules()["opinion"]["days"])), until
    for name in ("since", "until"):
        if name in wanted and wanted[name] != _quarter(wanted[name]):
            told = "A desk is told of whole quarters: name the first moment (UTC) of January, April, July or October."
            raise fault(f"/{name}", "quarter", told)
    until = wanted["until"] if "until" in wanted else _quarter(_quarter(work.now) + timedelta(days=_NEXT_QUARTER))
    return wanted.get("since", _quarter(until - timedelta(days=_YEAR))), until


def _quarter(at: datetime) -> datetime:
    """Return the first moment of the quarter of a time, in UTC."""
    at = at.astimezone(UTC)
    return datetime(at.year, (at.month - 1) // 3 * 3 + 1, 1, tzinfo=UTC)


def _pair(row: Any) -> dict[str, Any]:
    opinion = notification_duty.rules()["opinion"]
    total = row.refused + row.not_executed + row.overdue
    members = {row.requesting_country, row.executing_country} <= notification_duty.bound()
    recurrent = members and total >= opinion["at_least"]
    return {
        "requesting_country": row.requesting_country,
        "executing_country": row.executing_country,
        **{what: getattr(row, what) for what in _COUNTED},
        "total": total,
        "requests": sorted(row.requests or ()),
        "difficulties": [_difficulty(one, members=members, recurrent=recurrent) for one in row.found],
        "candidate_for_opinion": recurrent,
        "article": opinion["article"] if recurrent else None,
    }


def _difficulty(found: Mapping[str, Any], *, members: bool, recurrent: bool) -> dict[str, Any]:
    repeated = found["requests"] >= notification_duty.rules()["repeated"]
    conditions = {"members": members, "repeated": repeated, "recurrent": recurrent}
    steps = [item for item in codelists.load("next_steps").items if _provided(item, found, conditions)]
    return {
        **found,
        "repeated": repeated,
        "next_steps": [{"step": item.code, "article": item.article or None, "verify": item.extra["verify"]} for item in steps],
    }


def _provided(item: CodelistItem, found: Mapping[str, Any], conditions: Mapping[str, bool]) -> bool:
    """Tell whether a next step is provided for a difficulty under one of the instruments of its requests."""
    instruments = item.extra.get("instruments")
    return (
        found["difficulty"] in item.extra["difficulties"]
        and (instruments is None or not found["by_instrument"].keys().isdisjoint(instruments))
        and all(holds for name, holds in conditions.items() if item.extra.get(name))
    )
