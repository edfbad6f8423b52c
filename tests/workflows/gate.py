"""Compare, for one thing in every state, what GET offers a caller with what POST takes from it, in savepoints."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from sqlalchemy import text

from coopapi.access import GRANTS, Action, Actor, Role
from coopapi.errors import CoopError
from coopapi.shared.lifecycle import IllegalMove
from coopapi.shared.workflow import Workflow, the_only_view

MACHINES = (Role.SYSTEM, Role.ANALYST, Role.AUDITOR, Role.CENTRAL_AUTHORITY, Role.CONTACT_POINT)


class Undo(Exception):
    """Leaves a transaction without a commit."""


@dataclass
class Scene:
    """One thing: its workflow, the names by which it is found, how its state is set, whose people try, a body for each event.

    `idle` are the states from which none of these people can take a step.
    """

    workflow: Workflow[Any]
    read: Action
    act: Action
    ids: Mapping[str, Any]
    put: Callable[[Any, str], None]
    people: tuple[str, ...]
    bodies: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    idle: Sequence[str] = ()

    def __post_init__(self):
        self.ids = {name: UUID(str(value)) for name, value in self.ids.items()}


def set_state(table, row_id, **more):
    """Return a function that writes a state, and what goes with it, behind the back of every rule."""

    def put(owner, state):
        values = {"state": state, **more.get(state, {})}
        columns = ", ".join(f"{name} = %s" for name in values)
        with owner.cursor() as cursor:
            cursor.execute("set session_replication_role = replica")
            cursor.execute(f"update {table} set {columns} where id = %s", (*values.values(), str(row_id)))
            cursor.execute("set session_replication_role = default")

    return put


def expect(world, database, owner, scene, state):
    """Expect that GET offers exactly what POST takes, and that POST refuses what is blocked for the reason that GET gives."""
    scene.put(owner, state)
    taken, differences = set(), []
    tried: set[str] = set()
    for label, actor in _actors(world, owner, scene):
        lists, steps = _ask(database, actor, scene, state, tried)
        offered = {one["event"] for one in lists["allowed"]} if lists else set()
        blocked = {one["event"]: one["detail"] for one in lists["blocked"]} if lists else {}
        for event, problem in steps.items():
            taken |= {event} if problem is None else set()
            told = problem is not None and problem.explained
            if (event in offered) != (problem is None) or blocked.get(event, told) != told:
                differences.append(
                    f"{label}: {event} from {state}: {event in offered=}, {blocked.get(event)=}, taking it gives {problem!r}"
                )
    assert not differences, "\n".join(differences)
    ends = not any(lifecycle.leaving(state) for lifecycle in scene.workflow.lifecycles)
    assert taken or ends or state in scene.idle, f"nobody could take any step from {state}"
    return taken


def _actors(world, owner, scene):
    with owner.cursor() as cursor:
        for name in scene.people:
            person = world.people[name]
            cursor.execute(
                "select a.id, a.name, a.country from principals p join authorities a on a.id = p.authority_id where p.id = %s",
                (str(person),),
            )
            authority_id, authority, country = cursor.fetchone()
            authority_id = UUID(authority_id)
            for role in Role:
                if scene.read not in GRANTS[role]:
                    continue
                for kind in ("person", *(("client",) if role in MACHINES else ())):
                    actor = Actor(person, kind, name, authority_id, authority, country, role, (role,), True, False)
                    yield f"{name} as {role} ({kind})", actor


def _ask(database, actor, scene, state, tried):
    """What GET answers (which may only read), or None, and for each event how POST refuses it, or None where it takes the step.

    `tried` are the events of other lifecycles that were refused to somebody who finds the thing: they are not tried again.
    """
    steps = {}
    lists = None
    with suppress(Undo), database.work(lambda _: actor, "gate") as work:
        reading = work.session.begin_nested()
        work.session.execute(text("set transaction read only"))
        with suppress(CoopError):
            lists = scene.workflow.options(work, **scene.ids)
        thing = _found(work, scene)
        version = None if thing is None else scene.workflow.row(thing).version
        events = _events(scene, state, thing, tried)
        reading.rollback()
        once = replace(scene, workflow=_standing_once(scene.workflow))
        for event in events:
            steps[event] = _take(work, actor, once, event, version)
            if isinstance(steps[event], IllegalMove):
                tried.add(event)
        raise Undo
    return lists, steps


def _events(scene, state, thing, tried):
    """The events that lead out of a state in any lifecycle of the workflow, and one that does not.

    Which events are possible depends on the thing and its state alone. So those that are not are left out once they were tried.
    """
    workflow = scene.workflow
    leaving = {t.event for lifecycle in workflow.lifecycles for t in lifecycle.leaving(state)}
    other = [event for event in workflow.events if event not in leaving]
    if thing is not None:
        own = workflow.lifecycle(thing) if workflow.lifecycle else workflow.lifecycles[0]
        leaving -= tried - {t.event for t in own.leaving(state)}
    return [*sorted(leaving), *other[:1]]


def _standing_once(workflow):
    """A workflow that reads once where the caller stands: each step is undone, so another one finds the caller where it was."""
    if workflow.views is not the_only_view:
        return workflow
    known = []

    def standing(work, thing):
        if not known:
            known.append(workflow.standing(work, thing))
        return known[0]

    return replace(workflow, standing=standing)


def _found(work, scene):
    """The thing, or nothing for those who do not find it: they find it no better when they try a step."""
    try:
        return scene.workflow.find(work, **scene.ids)
    except CoopError:
        return None


def _take(work, actor, scene, event, version):
    savepoint = work.session.begin_nested()
    kept = len(work.notes)
    try:
        if not actor.may(scene.act):
            work.require(scene.act)
        body = {"reason": "a reason", **scene.bodies.get(event, {}), "event": event}
        scene.workflow.take(work, version, body, **scene.ids)
        work.session.flush()
    except CoopError as problem:
        return problem
    finally:
        if savepoint.is_active:
            savepoint.rollback()
        work.session.expunge_all()
        del work.notes[kept:]
    return None
