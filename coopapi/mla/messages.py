"""The messages of a request: questions, answers and remarks, each written by one side."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from coopapi.errors import fault
from coopapi.mla import authorization, notifications
from coopapi.mla.models import Measure, Message, Request
from coopapi.mla.notifications import Turn
from coopapi.shared import parties
from coopapi.shared.lifecycle import Side
from coopapi.store.db import UnitOfWork


def say(work: UnitOfWork, request_id: UUID, data: Mapping[str, Any]) -> Message:
    """Write a question, an answer or a remark, or record what an authority outside this register said."""
    request = work.one(Request, request_id)
    taken = _sender(work, request, data)
    if "reply_to" in data:
        _same(request, work.one(Message, data["reply_to"]).request_id, "/reply_to")
    if "measure_id" in data:
        _same(request, work.one(Measure, data["measure_id"]).request_id, "/measure_id")
    internal = data.get("internal", False)
    turn = Turn(data["act"], data["text"], (), data.get("measure_id"), data.get("reply_to"), internal)
    message = notifications.say(work, request, taken, turn)
    if internal:
        work.note("request.remarked", request, case_id=parties.case_of(work, request.id), message=str(message.id))
        return message
    told = {"side": taken.side, "message": str(message.id), "recorded": taken.recorded is not None}
    parties.tell(work, request, data["act"], **told)
    return message


def _same(request: Request, request_id: UUID, pointer: str) -> None:
    if request_id != request.id:
        raise fault(pointer, "same_request", "The id does not belong to this request.")


def _sender(work: UnitOfWork, request: Request, data: Mapping[str, Any]) -> authorization.Taken:
    """Return who speaks: the caller's own side or, with `recorded`, a side whose authority does not use this register."""
    stands = authorization.standing(work, request)
    if not stands.own:
        raise authorization.WrongSide("This is reserved for sides that act in the request.")
    recorded = data.get("recorded")
    heard = stands.recorded if recorded else frozenset()
    if heard:
        work.require(authorization.RECORDED_BY)
    authorization.require_on_duty(work, request.kind, request.urgency)
    side = Side.EXECUTING if Side.EXECUTING in heard else min(heard or stands.own)
    return authorization.taken_by(work, request, side, stands, recorded)


def show(work: UnitOfWork, rows: Sequence[Message]) -> list[dict[str, Any]]:
    """Return messages with their decrypted text."""
    return [_show(row, said) for row, said in parties.with_texts(work, rows)]


def _show(row: Message, words: Mapping[str, Any]) -> dict[str, Any]:
    recorded = {**row.recorded, "proof": words.get("proof")} if row.recorded else None
    return {**row.shown(), "text": words.get("text"), "legal_remedy": words.get("legal_remedy"), "recorded": recorded}
