"""Hiding a case: a person decides it, a machine client can only ask for it, and hidden cases have smaller quotas."""

from collections.abc import Mapping
from typing import Any

from coopapi.access import Action
from coopapi.cases.models import CASE_LIFECYCLE, Case
from coopapi.errors import Conflict, fault
from coopapi.matching import engine
from coopapi.store.db import UnitOfWork

PENDING = "hidden_pending"


class HidingUnconfirmed(Conflict):
    """A machine client asked to hide the case, and no person has confirmed it yet.

    A person of the authority must first take the step `confirm_hidden` or `refuse_hidden`.
    """


def first_state(work: UnitOfWork, data: Mapping[str, Any]) -> str:
    """Return the first state of a case. If a machine client hides it, it must give a reason and the case waits for a person."""
    if data.get("visibility") != "hidden" or work.actor.human:
        return CASE_LIFECYCLE.start
    if not data.get("visibility_reason"):
        raise fault("/visibility_reason", "required", "A machine client must give the reason for hiding the case.")
    return PENDING


def before_change(work: UnitOfWork, case: Case, visibility: str) -> None:
    """Check that the caller may change the visibility of the case. If it will be hidden, count its values against the quotas."""
    if case.state == PENDING:
        raise HidingUnconfirmed(state=case.state, allowed=[move.event for move in CASE_LIFECYCLE.leaving(case.state)])
    if visibility == "hidden":
        work.require(Action.CASE_EDIT, human=True)
        engine.announce_hiding(work, case.id, hidden=True)


def settle(work: UnitOfWork, case: Case, *, hidden: bool) -> None:
    """Put a case that a machine client asked to hide into matching: hidden, or as a normal case if a person refused to hide it."""
    engine.announce_hiding(work, case.id, hidden=hidden)
    if hidden:
        engine.confirm_hiding(work, case.id)
    engine.register_pending(work, case.id)
    work.session.refresh(case, ["visibility"])
