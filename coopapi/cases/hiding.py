"""Hiding a case: a person decides, a machine client only asks for it, and what is hidden counts against the smaller quotas."""

from collections.abc import Mapping
from typing import Any

from coopapi.access import Action
from coopapi.cases.models import CASE_LIFECYCLE, Case
from coopapi.errors import Conflict, fault
from coopapi.matching import engine
from coopapi.store.db import UnitOfWork

PENDING = "hidden_pending"


class HidingUnconfirmed(Conflict):
    """A machine client asked for the case to be hidden, and nobody has confirmed it yet.

    A person of its authority takes the step `confirm_hidden` or `refuse_hidden` first.
    """


def first_state(work: UnitOfWork, data: Mapping[str, Any]) -> str:
    """Return the state in which a case begins: one that a machine client hides waits for a person, and it says why."""
    if data.get("visibility") != "hidden" or work.actor.human:
        return CASE_LIFECYCLE.start
    if not data.get("visibility_reason"):
        raise fault("/visibility_reason", "required", "a machine client says why the case is to be hidden")
    return PENDING


def before_change(work: UnitOfWork, case: Case, visibility: str) -> None:
    """Stop unless the caller may show or hide the case so; what it holds counts as hidden."""
    if case.state == PENDING:
        raise HidingUnconfirmed(state=case.state, allowed=[move.event for move in CASE_LIFECYCLE.leaving(case.state)])
    if visibility == "hidden":
        work.require(Action.CASE_EDIT, human=True)
        engine.announce_hiding(work, case.id, hidden=True)


def settle(work: UnitOfWork, case: Case, *, hidden: bool) -> None:
    """Let a case that a machine client hid take part in matching, as a hidden one or, if a person refuses that, as others do."""
    engine.announce_hiding(work, case.id, hidden=hidden)
    if hidden:
        engine.confirm_hiding(work, case.id)
    engine.register_pending(work, case.id)
    work.session.refresh(case, ["visibility"])
