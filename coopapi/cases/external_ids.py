"""The keys under which national systems know cases, subjects and identifiers (`external_id`).

Rows about victims have keys of their own: a key that somebody without clearance uses neither finds nor meets such a row.
"""

from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, false, select
from sqlalchemy.orm import InstrumentedAttribute

from coopapi.access import Action
from coopapi.cases.models import Case
from coopapi.errors import Conflict
from coopapi.store.db import UnitOfWork

Condition = ColumnElement[bool] | InstrumentedAttribute[bool]
Q = TypeVar("Q", bound=Select[Any])


class ExternalIdTaken(Conflict):
    """Another row has this external_id: a case of your authority, or a subject or an identifier of the case.

    Change the row that `existing` names, or use another external_id.
    """


def taken_by(path: str, *, shown: bool) -> ExternalIdTaken:
    """Return the error, with the path of the row that has the key if the caller may know it."""
    return ExternalIdTaken(existing=path) if shown else ExternalIdTaken()


def shows_key(work: UnitOfWork, *, of_victim: bool) -> bool:
    """Tell whether the caller sees the key of a subject or an identifier: not if pseudonymised, and of victims with clearance."""
    return work.actor.may(Action.IDENTIFIER_CLEAR) and (work.actor.cleared or not of_victim)


def with_key(
    work: UnitOfWork,
    query: Q,
    column: InstrumentedAttribute[str | None],
    key: str,
    of_victim: ColumnElement[bool] | InstrumentedAttribute[bool],
) -> Q:
    """Restrict a query to rows that have a key which the caller sees."""
    if not work.actor.may(Action.IDENTIFIER_CLEAR):
        return query.where(false())
    found = query.where(column == key)
    return found if work.actor.cleared else found.where(~of_victim)


def require_free_for_case(work: UnitOfWork, key: str | None, case: Case | None = None) -> None:
    """Raise `ExternalIdTaken` if another case of the caller's authority has this key."""
    if key is None or (case is not None and case.external_id == key):
        return
    authority_id = case.authority_id if case is not None else work.actor.authority_id
    taken = work.session.scalar(
        select(Case.id).where(Case.authority_id == authority_id, Case.external_id == key, Case.visible_to(work.actor, work.now))
    )
    if taken is not None:
        raise ExternalIdTaken(existing=f"/api/v1/cases/{taken}")
