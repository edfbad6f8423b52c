"""Teams as a channel of evidence: their parties and their space administrator (Regulation (EU) 2023/969 Art. 17(3))."""

from typing import Final
from uuid import UUID

from coopapi.directory.entries import find_authority
from coopapi.evidence.channels import Channel, TeamView
from coopapi.jits import authorization
from coopapi.jits.models import Jit
from coopapi.store.db import UnitOfWork


def _jit(work: UnitOfWork, object_id: UUID) -> Jit | None:
    return work.session.scalar(work.all(Jit).where(Jit.id == object_id))


def _team(work: UnitOfWork, object_id: UUID, provider_id: UUID) -> TeamView | None:
    jit = _jit(work, object_id)
    provider = find_authority(work, provider_id)
    if jit is None or provider is None:
        return None
    others = {party.country for party in authorization.of_team(work, jit.id) if party.authority_id != provider_id}
    return TeamView(provider.country, frozenset(others), jit.administrator_id)


JIT_CHANNEL: Final = Channel(lambda work, object_id: _jit(work, object_id) is not None, team=_team)
