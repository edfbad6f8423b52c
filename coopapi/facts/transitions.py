"""The workflow of a fact: it can be withdrawn."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from coopapi.access import Level
from coopapi.cases import service as cases
from coopapi.cases.transitions import standing_in_case
from coopapi.facts.models import FACT_LIFECYCLE, Fact
from coopapi.facts.recording import tell
from coopapi.facts.service import fact_of
from coopapi.shared.workflow import Step, Workflow
from coopapi.store.db import UnitOfWork
from coopapi.store.rows import store_changes


def _find(work: UnitOfWork, case_id: UUID, fact_id: UUID) -> Fact:
    cases.require_access(work, case_id, Level.READ)
    return fact_of(work, case_id, fact_id)


def _lock(work: UnitOfWork, row: Fact, version: int) -> Fact:
    cases.usable(work, row.case_id, Level.CONTRIBUTE, lock=True)
    return fact_of(work, row.case_id, row.id, version=version)


def withdraw(work: UnitOfWork, steps: Sequence[Step[Fact]]) -> None:
    """Withdraw facts. They are kept until the retention period ends (LED Art. 5), and their keys are free again."""
    for step in steps:
        step.thing.withdrawn_at, step.thing.withdrawal_reason = work.now, step.data.get("reason")
    store_changes(work.session, [step.thing for step in steps])
    for step in steps:
        tell(work, step.thing, "withdrawn", victims=step.thing.victims, kind=step.thing.kind)


FACT: Final = Workflow[Fact](
    name="fact",
    lifecycles=(FACT_LIFECYCLE,),
    find=_find,
    lock=_lock,
    standing=lambda work, row: standing_in_case(work, row.case_id),
    finish=lambda step: withdraw(step.work, [step]),
)
