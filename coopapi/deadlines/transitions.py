"""The workflow of a deadline: the authority that owes it may extend it within the limits of its article."""

from datetime import UTC, datetime
from typing import Final

from coopapi.deadlines import rules, service
from coopapi.deadlines.models import DEADLINE_LIFECYCLE, Deadline
from coopapi.deadlines.rules import Extension
from coopapi.errors import Conflict, Forbidden, fault
from coopapi.shared import parties
from coopapi.shared.lifecycle import Side
from coopapi.shared.workflow import Standing, Step, Workflow
from coopapi.store import vault
from coopapi.store.db import UnitOfWork


class NotYourDeadline(Forbidden):
    """Only the authority that must meet a deadline may extend it.

    Ask that authority to extend the deadline.
    """


class NoMoreExtension(Conflict):
    """The legal provision that sets this deadline does not allow another extension.

    Answer by the deadline, or agree on another date with the other side outside this register.
    """


def _standing(work: UnitOfWork, row: Deadline) -> Standing:
    owes = row.owed_by in parties.acting_sides(work, row.object_id)
    return (
        Standing.on(Side.OWNER)
        if owes
        else Standing(refusal="This step is reserved for the authority that must meet the deadline.")
    )


def _extension_of(row: Deadline) -> Extension:
    """Return the next extension that the article allows, or raise `NoMoreExtension`."""
    rule = rules.load()[row.rule]
    if rule.extension is None or len(row.extensions) >= rule.extension.most:
        raise NoMoreExtension(article=rule.extension.article if rule.extension else rule.article)
    return rule.extension


def _require_extension(step: Step[Deadline]) -> None:
    _extension_of(step.thing)


def _extend(step: Step[Deadline]) -> None:
    """Extend a deadline within the limits of its article and encrypt the reason."""
    work, row, estimate = step.work, step.thing, step.data.get("estimate")
    row.due_at = _longer(row, _extension_of(row), estimate)
    extension = {
        "at": work.now.isoformat(),
        "to": row.due_at.astimezone(UTC).isoformat(),
        "sealed": vault.seal_bytes(service.reason_key(work), step.data["reason"].encode(), f"deadlines/{row.id}").hex(),
        "estimate": estimate.astimezone(UTC).isoformat() if estimate else None,
    }
    row.extensions = [*row.extensions, extension]
    case_id = parties.case_of(work, row.object_id)
    work.note("deadline.extended", row, case_id=case_id, parties=row.object_id, event=True, rule=row.rule)
    work.notes[-1] |= {"object_type": row.object_type, "object_id": str(row.object_id)}


def _longer(row: Deadline, extension: Extension, estimate: datetime | None) -> datetime:
    """Return the end of the extended deadline.

    Raises `Unprocessable` if the article requires an estimate and none is given, or if the estimate is out of range.
    """
    if estimate is None and extension.estimate:
        raise fault("/estimate", "estimate", f"Give the new date in `estimate` ({extension.article}).")
    if estimate is not None and estimate <= row.due_at:
        raise fault("/estimate", "later", "The new date must be later than the current one.")
    if estimate is not None and extension.unit == "given":
        return estimate
    end = service.ends(rules.load()[row.rule], row.from_at, row.country, len(row.extensions) + 1)
    if estimate is not None and estimate > end:
        raise fault("/estimate", "at_most", f"The date must not be later than {end.isoformat()} ({extension.article}).")
    return end


DEADLINE: Final = Workflow[Deadline](
    name="deadline",
    lifecycles=(DEADLINE_LIFECYCLE,),
    find=lambda work, deadline_id: work.one(Deadline, deadline_id),
    state=lambda work, row: service.state(row, work.now),
    standing=_standing,
    guards={"extend": (_require_extension,)},
    finish=_extend,
    wrong_side=NotYourDeadline,
)
