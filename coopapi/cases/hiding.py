"""Hiding a case: a person decides, a machine client only asks for it, and what is hidden counts against the smaller quotas."""

from collections.abc import Mapping
from typing import Any

from coopapi import matching
from coopapi.access import Action
from coopapi.cases.models import CASE_LIFE, Case
from coopapi.db import Work
from coopapi.errors import Conflict, fault

PENDING = "hidden_pending"


class HidingUnconfirmed(Conflict):
    """A machine client asked for the case to be hidden, and nobody has confirmed it yet.

    A person of its authority takes the step `confirm_hidden` or `refuse_hidden` first.
    """


def first_state(work: Work, data: Mapping[str, Any]) -> str:
    """Return the state in which a case begins: one that a machine client hides waits for a person, and it says why."""
    if data.get("visibility") != "hidden" or work.actor.human:
        return CASE_LIFE.start
    if not data.get("visibility_reason"):
        raise fault("/visibility_reason", "required", "a machine client says why the case is to be hidden")
    return PENDING


def before_change(work: Work, case: Case, visibility: str) -> None:
    """Stop unless the caller may show or hide the case so; what it registered within the last hour counts as hidden."""
    if case.state == PENDING:
        raise HidingUnconfirmed(state=case.state, allowed=[move.event for move in CASE_LIFE.leaving(case.state)])
    if visibility == "hidden":
        work.require(Action.CASE_EDIT, human=True)
        matching.announce_hiding(work, case.id, hidden=True)


def settle(work: Work, case: Case, *, hidden: bool) -> None:
    """Let a case that a machine client hid take part in matching, as a hidden one or, if a person refuses that, as others do."""
    matching.announce_hiding(work, case.id, hidden=hidden)
    if hidden:
        matching.confirm_hiding(work, case.id)
    else:
        case.visibility = "hit_no_hit"
    matching.register_pending(work, case.id)
