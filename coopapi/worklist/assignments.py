"""Who attends to a thing: an assignment changes no ETag, tells nobody outside the authority, and gives no access."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import select

from coopapi.access import Action, Actor, Function, Role
from coopapi.directory.models import Principal
from coopapi.errors import Forbidden, NotFound, fault
from coopapi.shared.assignments import Assignment
from coopapi.store.db import UnitOfWork
from coopapi.worklist.awaited import Source
from coopapi.worklist.sources import SOURCES


class OthersAssigned(Forbidden):
    """Your role lets you assign things to yourself only, and give back what is assigned to you.

    Ask a prosecutor or a desk of your authority to assign the thing to another person.
    """


def assign(work: UnitOfWork, data: Mapping[str, Any]) -> Assignment:
    """Assign a thing to a person of the caller's authority, or to nobody.

    Raises `NotFound` if the caller does not see the thing, `OthersAssigned`, and `Unprocessable` if the person may not see it.
    """
    source, object_id, assignee = SOURCES[data["type"]], data["id"], data["assignee"]
    if not source.concerns(work.actor):
        raise NotFound
    work.one(source.model, object_id)
    about = (Assignment.object_type == source.type, Assignment.object_id == object_id)
    row = work.session.scalar(work.all(Assignment).where(*about))
    before = row.principal_id if row else None
    if not work.actor.may(Action.WORKLIST_ASSIGN) and not {before, assignee} <= {None, work.actor.id}:
        raise OthersAssigned
    if assignee is not None and not may_attend(work, source, object_id, assignee):
        raise fault("/assignee", "may_see", "This is no active person of your authority who may see the thing and act on it.")
    made = {"principal_id": assignee, "assigned_by": work.actor.id, "assigned_at": work.now}
    if row is None:
        named = {"authority_id": work.actor.authority_id, "object_type": source.type, "object_id": object_id}
        row = Assignment(id=work.new_id(), **named)
    row.set(made)
    work.add(row)
    work.note("worklist.assigned", row, type=source.type, object=str(object_id), assignee=str(assignee) if assignee else None)
    return row


def may_attend(work: UnitOfWork, source: Source, object_id: UUID, principal_id: UUID) -> bool:
    """Tell whether a person of the caller's authority sees a thing in a role for which such a thing can wait."""
    person = work.session.scalar(work.all(Principal).where(Principal.id == principal_id, Principal.active))
    if person is None or person.authority_id != work.actor.authority_id:
        return False
    return any(source.concerns(actor) and _sees(work, source, object_id, actor) for actor in _in_each_role(work, person))


def _in_each_role(work: UnitOfWork, person: Principal) -> Iterator[Actor]:
    """Yield a person of the caller's authority as the actor that it is in each of its roles."""
    roles = tuple(Role(name) for name in person.roles)
    for role in roles:
        mine = replace(work.actor, id=person.id, kind=person.kind, name=person.name, role=role, roles=roles)
        functions = tuple(Function(name) for name in person.functions)
        yield replace(mine, victim_cleared=person.victim_cleared, functions=functions)


def _sees(work: UnitOfWork, source: Source, object_id: UUID, actor: Actor) -> bool:
    """Tell whether an actor of the caller's authority sees a row that the caller sees too."""
    query = select(source.model.id).where(source.model.id == object_id, source.model.visible_to(actor, work.now))
    return work.session.scalar(query) is not None


def show(work: UnitOfWork, rows: Sequence[Assignment]) -> list[dict[str, Any]]:
    """Return assignments as they are shown."""
    del work
    return [{**row.shown(), "type": row.object_type, "object_id": row.object_id, "assignee": row.principal_id} for row in rows]
