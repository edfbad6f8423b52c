"""The keys under which national systems know cases, subjects and identifiers (`external_id`)."""

from typing import Any, TypeVar

from sqlalchemy import Select, false
from sqlalchemy.orm import InstrumentedAttribute

from coopapi.access import Action
from coopapi.cases.models import Case
from coopapi.errors import Conflict
from coopapi.store.db import UnitOfWork

Q = TypeVar("Q", bound=Select[Any])


class ExternalIdTaken(Conflict):
    """Another row has this external_id: a case of your authority, or a subject or an identifier of the case.

    Change the row that `existing` names, or use another external_id.
    """


def shows_key(work: UnitOfWork) -> bool:
    """Tell whether the caller sees the keys of subjects and identifiers. Callers for whom these are pseudonymised do not."""
    return work.actor.may(Action.IDENTIFIER_CLEAR)


def with_key(work: UnitOfWork, query: Q, column: InstrumentedAttribute[str | None], key: str) -> Q:
    """Restrict a query to rows that have a key which the caller sees."""
    return query.where(column == key if shows_key(work) else false())


def require_free_for_case(work: UnitOfWork, key: str | None, case: Case | None = None) -> None:
    """Raise `ExternalIdTaken` if another case of the caller's authority has this key."""
    if key is None or (case is not None and case.external_id == key):
        return
    authority_id = case.authority_id if case is not None else work.actor.authority_id
    taken = work.session.scalar(work.all(Case).where(Case.authority_id == authority_id, Case.external_id == key))
    if taken is not None:
        raise ExternalIdTaken(existing=f"/api/v1/cases/{taken.id}")
