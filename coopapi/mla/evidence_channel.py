"""Requests as a channel of evidence: an item may be about one of their measures."""

from typing import Final
from uuid import UUID

from coopapi.evidence.channels import Channel
from coopapi.mla.models import Measure, Request
from coopapi.store.db import UnitOfWork


def _is_request(work: UnitOfWork, object_id: UUID) -> bool:
    return work.session.scalar(work.all(Request).where(Request.id == object_id)) is not None


def _has_measure(work: UnitOfWork, object_id: UUID, item_id: UUID) -> bool:
    query = work.all(Measure).where(Measure.id == item_id, Measure.request_id == object_id)
    return work.session.scalar(query) is not None


REQUEST_CHANNEL: Final = Channel(_is_request, has_item=_has_measure)
