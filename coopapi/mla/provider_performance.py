"""Measure how a provider answers the requests that the caller takes part in."""

from typing import Any
from uuid import UUID

from sqlalchemy import extract, func, select

from coopapi.mla.models import Measure, Request
from coopapi.providers.models import Provider
from coopapi.store.db import UnitOfWork

_ANSWERED = ("executed", "partly_executed", "transferred", "partly_transferred")


def performance(work: UnitOfWork, provider_id: UUID) -> dict[str, Any]:
    """Return how many measures the caller requested from a provider, how many were answered, and after how many hours.

    The hours are the median and the 90th percentile. Raises `NotFound` for an unknown provider.
    """
    provider = work.one(Provider, provider_id)
    hours = extract("epoch", Measure.ended_at - Request.received_at) / 3600
    answered = Measure.state.in_(_ANSWERED)
    query = (
        select(
            func.count().label("asked"),
            func.count().filter(answered).label("answered"),
            func.count().filter(Measure.state.in_(("not_executed", "refused"))).label("not_answered"),
            func.percentile_cont(0.5).within_group(hours).filter(answered).label("median_hours"),
            func.percentile_cont(0.9).within_group(hours).filter(answered).label("p90_hours"),
        )
        .join(Request, Request.id == Measure.request_id)
        .where(
            Request.visible_to(work.actor, work.now),
            Request.executing_id == provider.authority_id,
            Request.received_at.is_not(None),
        )
    )
    return dict(work.session.execute(query).mappings().one())
