"""Announce a step: write it to every party's journal, keep its text as a message, and start and stop deadlines."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from coopapi.deadlines import service as deadlines
from coopapi.deadlines import targets
from coopapi.deadlines.service import Occasion
from coopapi.directory.models import Authority
from coopapi.mla import measures, stages, statistical_codes
from coopapi.mla.acts import Act
from coopapi.mla.authorization import Taken, authority_on
from coopapi.mla.lifecycles import BEFORE
from coopapi.mla.models import Measure, Message, Request
from coopapi.shared import parties
from coopapi.shared.lifecycle import Side
from coopapi.store.db import UnitOfWork
from coopapi.store.vault import key_of, unseal


@dataclass(frozen=True, slots=True)
class Turn:
    """The content of a new message."""

    act: str
    text: str | None
    grounds: Sequence[str] = ()
    measure_id: UUID | None = None
    reply_to: UUID | None = None
    internal: bool = False
    legal_remedy: str | None = None


def step(work: UnitOfWork, request: Request, act: Act) -> None:
    """Tell every party that a step was taken, keep its text as a message, and update the deadlines."""
    statistical_codes.set_of_step(work, request, act)
    work.session.flush()
    taken, words, measure = act.taken, act.words, act.measure
    stages.enter(work, request, taken.at, act.time_id)
    if taken.recorded or words.get("reason") or words.get("grounds"):
        about, before, remedy = measure.id if measure else None, request.state in BEFORE, words.get("legal_remedy")
        turn = Turn(act.name, words.get("reason"), words.get("grounds", ()), about, internal=before, legal_remedy=remedy)
        say(work, request, taken, turn)
    detail = {"state": measure.state if measure else request.state, "side": taken.side, "recorded": taken.recorded is not None}
    detail |= statistical_codes.changed(request, act)
    named = {"measure": str(measure.id), "code": measure.code, "request_state": request.state} if measure else {}
    parties.tell(work, request, act.name, **detail, **named)
    set_clocks(work, request, act)


def set_clocks(work: UnitOfWork, request: Request, act: Act) -> None:
    """Start, end and move the deadlines of a request that depend on this step."""
    sides, measure = _sides(work, request), act.measure
    rows = measures.of_request(work, request.id)
    occasion = Occasion(
        object_id=request.id,
        object_type="request",
        kind=request.kind,
        instrument=request.instrument or "",
        urgency=request.urgency,
        event=act.name,
        at=act.taken.at,
        sides=sides,
        item_id=measure.id if measure else None,
        items=[row.id for row in rows],
        facts={**_given(work, request, measure, rows), **_target(work, request, act), **act.facts},
        time_id=act.time_id,
    )
    deadlines.happened(work, occasion)


def _target(work: UnitOfWork, request: Request, act: Act) -> dict[str, Any]:
    """Return the own target of the executing authority for what it received now."""
    if act.name != "receive" or request.rules.to_provider:
        return {}
    return targets.facts(work, request.executing_id, request.kind, request.urgency, act.taken.at)


def _given(work: UnitOfWork, request: Request, measure: Measure | None, rows: Sequence[Measure]) -> dict[str, Any]:
    """Return the facts that the deadline rules use: the measures, whether an authority was notified, and the dates given."""
    codes = [row.code for row in ([measure] if measure else rows)]
    given: dict[str, Any] = {"notified": request.enforcing_id is not None, "measures": codes}
    until = measure.until if measure else request.until
    if until is not None:
        given["until"] = until
    wanted = unseal(key_of(work, request), request.sealed, request.id).get("wanted_by")
    return {**given, "wanted_by": datetime.fromisoformat(wanted)} if wanted else given


def _sides(work: UnitOfWork, request: Request) -> dict[Side, tuple[UUID, str | None]]:
    """Return the authority on each side and its country."""
    found = {side: authority_on(request, side) for side in (Side.REQUESTING, Side.EXECUTING, Side.ENFORCING)}
    query = select(Authority.id, Authority.country).where(Authority.id.in_([a for a in found.values() if a]))
    countries = {row.id: row.country for row in work.session.execute(query)}
    return {side: (a, countries[a] or request.executing_country) for side, a in found.items() if a is not None and a in countries}


def say(work: UnitOfWork, request: Request, taken: Taken, turn: Turn) -> Message:
    """Add a message. Its text, and the proof of a statement recorded for another authority, are encrypted."""
    recorded = taken.recorded
    words = {"text": turn.text, "proof": recorded["proof"] if recorded else None}
    words |= {"legal_remedy": turn.legal_remedy} if turn.legal_remedy else {}
    message = parties.new_part(
        work,
        Message,
        request,
        words,
        measure_id=turn.measure_id,
        at=taken.at,
        authority_id=taken.authority_id,
        side=taken.side,
        act=turn.act,
        reply_to=turn.reply_to,
        grounds=list(turn.grounds),
        recorded={"channel": recorded["channel"], "at": recorded["at"].isoformat()} if recorded else None,
        recorded_by=work.actor.authority_id,
        internal=turn.internal,
    )
    return work.add(message)
