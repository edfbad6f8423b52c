"""The kinds of things that are found in a way of their own: overlaps, by their rank, and deadlines that were missed."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Text, and_, case, literal, null, or_, select, true
from sqlalchemy.orm import aliased

from coopapi.access import Action, Actor, Level
from coopapi.deadlines import service as deadlines
from coopapi.deadlines.models import Deadline
from coopapi.overlaps.models import Overlap, OverlapSide
from coopapi.overlaps.ranking import Ranked
from coopapi.shared.grants import granted
from coopapi.shared.parties import Party
from coopapi.store.db import UnitOfWork
from coopapi.worklist.awaited import NO_TIME, PageStart, Rows, Source, columns_of, own_case


class Overlaps(Source):
    """Overlaps to verify, read in the order of their rank."""

    __slots__ = ()

    def rows(self, work: UnitOfWork, wanted: Mapping[str, Any], place: PageStart) -> list[Rows]:
        """Select the strongest overlaps that wait for the caller's side of them, or that the caller has taken."""
        if not self.concerns(work.actor) or not self.offers(wanted):
            return []
        awaited = self.awaits(work.actor)
        first = OverlapSide.case_id == Overlap.case_a
        detected = case((first, Overlap.seen(work.actor, "detected_a")), else_=Overlap.seen(work.actor, "detected_b"))
        mine = or_(OverlapSide.state != "under_verification", OverlapSide.verifier_id == work.actor.id)
        query = (
            work.all(Overlap)
            .join(OverlapSide, OverlapSide.overlap_id == Overlap.id)
            .where(
                true() if work.actor.cleared else OverlapSide.victims.is_(False),
                OverlapSide.holds_for(work.actor),
                OverlapSide.state.in_([step.source for _, step in awaited]),
                mine,
                detected.is_not(None),
                granted(OverlapSide.case_id, Level.CONTRIBUTE, work.actor, work.now),
                Overlap.seen(work.actor, "strength") > 0,
                *self.chosen(work, wanted, NO_TIME, OverlapSide.case_id),
            )
        )
        order = Ranked((Overlap.seen(work.actor, "rank"), Overlap.id, OverlapSide.case_id), indexed=True)
        if "case_id" in wanted:
            query = query.where(or_(Overlap.case_a == wanted["case_id"], Overlap.case_b == wanted["case_id"]))
        if place.after:
            query = order.after(query, place.after)
        event = case(*((OverlapSide.state == step.source, step.event) for _, step in awaited))
        best = order.best(query, place.count, OverlapSide.case_id.label("case_id"), event.label("event"), detected.label("since"))
        found = best.subquery()
        about = {"side": null().cast(Text()), "event": found.c.event, "since": found.c.since, "due": NO_TIME}
        return [select(*columns_of(self.type, found.c.id, found.c.case_id, rank=found.c.rank, **about))]


class MissedClocks(Source):
    """Deadlines of the caller's side that were missed and still run."""

    __slots__ = ()

    @property
    def titles(self) -> list[str]:
        """Return the only title of these items. No step is awaited of anybody: the thing itself waits for its own step."""
        return [f"{self.type}.missed"]

    def concerns(self, actor: Actor) -> bool:
        """Tell whether the caller's role may read deadlines."""
        return actor.may(Action.DEADLINE_READ)

    def rows(self, work: UnitOfWork, wanted: Mapping[str, Any], place: PageStart) -> list[Rows]:
        """Select the missed deadlines of the caller's authority, and those of its side of requests."""
        del place
        if not self.concerns(work.actor) or not self.offers(wanted):
            return []
        case_id = own_case(work, Deadline.object_id)
        missed = deadlines.worklist(work, {"overdue": True}).where(*self.chosen(work, wanted, Deadline.due_at, case_id))
        about = {"side": Deadline.owed_by, "event": literal("missed"), "since": Deadline.due_at, "due": Deadline.due_at}
        own = missed.where(Deadline.authority_id == work.actor.authority_id)
        part = aliased(Party)
        beside = missed.join(part, and_(part.object_id == Deadline.object_id, part.side == Deadline.owed_by)).where(
            part.visible_to(work.actor, work.now),
            part.acting,
            Deadline.object_type == "request",
            Deadline.authority_id != work.actor.authority_id,
        )
        return [arm.with_only_columns(*columns_of(self.type, Deadline.id, case_id, **about)) for arm in (own, beside)]
