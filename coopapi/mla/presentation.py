"""What a caller sees of requests. One record is outgoing for the requesting side and incoming for the other sides."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import aliased

from coopapi.contacts import service as contacts
from coopapi.deadlines import service as deadlines
from coopapi.deadlines.models import Deadline
from coopapi.directory.entries import authorities_of, of_country
from coopapi.directory.models import Authority
from coopapi.instruments import own as own_instruments
from coopapi.instruments import service as instruments
from coopapi.mla import measures, stages
from coopapi.mla.authorization import side_of
from coopapi.mla.models import Measure, Request
from coopapi.overlaps import models as overlaps
from coopapi.shared.lifecycle import Side
from coopapi.shared.parties import Party, in_case
from coopapi.statistics.published import usual_time
from coopapi.store.db import UnitOfWork
from coopapi.store.rows import matching
from coopapi.store.vault import key_of, unseal
from coopapi.unicode_text import fold_reference

UNANSWERED: Final = timedelta(minutes=15)
_KEPT: Final = ("preserved", "extension_requested")
_CONDITIONS: Final = ("use_conditions", "conditions_text")
_SECTION_M: Final = frozenset({"necessity", "proportionality", "facts", "link", "persons"})
_DISCLOSED: Final = frozenset({"accepted", "closed"})


class RequestView(dict[str, Any]):
    """A request as one caller sees it."""

    __kind__: ClassVar[str] = Request.__kind__

    @property
    def id(self) -> UUID:
        """The id of the request."""
        found: UUID = self["id"]
        return found

    @property
    def etag(self) -> str:
        """The ETag of the request."""
        found: str = self["etag"]
        return found


def measured(code: str) -> ColumnElement[bool]:
    """Return the condition for requests with a measure of this kind."""
    return select(Measure.id).where(Measure.request_id == Request.id, Measure.code == code).exists()


FILTERS: Final[Mapping[str, Callable[[Any], ColumnElement[bool]]]] = {
    "requesting_country": lambda country: of_country(Request.requesting_id, country),
    "executing_country": lambda country: Request.executing_country == country,
    "urgency": lambda urgency: Request.urgency == urgency,
    "measure": measured,
    "reference": lambda part: or_(
        Request.reference_folded.contains(fold_reference(part), autoescape=True),
        func.lower(Request.foreign_reference).contains(part.lower(), autoescape=True),
    ),
}
"""The filters of requests that the list of requests and the worklist have."""


def select_requests(work: UnitOfWork, wanted: Mapping[str, Any]) -> Select[Request]:
    """Select the requests that the caller takes part in and that match the filters."""
    query = matching(
        work.all(Request),
        wanted,
        kind=Request.kind,
        state=Request.state,
        instrument=Request.instrument,
        overlap_id=Request.overlap_id,
        jit_id=Request.jit_id,
        country=Request.executing_country,
    )
    direction = "outgoing" if "overlap_id" in wanted else wanted.get("direction")
    if direction:
        sides = [Side.REQUESTING] if direction == "outgoing" else [Side.EXECUTING, Side.ENFORCING]
        query = query.where(work.all(Party).where(Party.object_id == Request.id, Party.side.in_(sides)).exists())
    if "side" in wanted:
        query = query.where(_on_side(work, wanted["side"]))
    if case_id := wanted.get("case_id"):
        query = query.where(in_case(work, Request.id, case_id))
    if authority := wanted.get("authority"):
        query = query.where(or_(Request.requesting_id == authority, Request.executing_id == authority))
    query = query.where(*(condition(wanted[name]) for name, condition in FILTERS.items() if name in wanted))
    return _by_time(work, query, wanted)


def _on_side(work: UnitOfWork, side: str) -> ColumnElement[bool]:
    """Return the condition for requests of which this is the caller's side, as `side_of` tells it."""
    mine = work.all(Party).where(Party.object_id == Request.id)
    acts, forwarded = mine.where(Party.acting).exists(), mine.where(Party.side == Side.FORWARDING).exists()
    if side == Side.FORWARDING:
        return and_(forwarded, ~acts)
    there = mine.where(Party.side == side)
    return or_(there.where(Party.acting).exists(), and_(there.exists(), ~acts, ~forwarded))


def _by_time(work: UnitOfWork, query: Select[Request], wanted: Mapping[str, Any]) -> Select[Request]:
    """Filter for overdue deadlines, for data whose preservation ends soon, and for preservations without a later request."""
    if wanted.get("overdue"):
        late = deadlines.worklist(work, {"overdue": True, "nature": "law"}).where(Deadline.object_id == Request.id)
        query = query.where(late.exists())
    if before := wanted.get("due_before"):
        part = aliased(Party)
        own = select(part.id).where(part.object_id == Request.id, part.visible_to(work.actor, work.now))
        query = query.where(own.where(deadlines.due_of(work, Request.id, part.side) < before).exists())
    if hours := wanted.get("expires_within"):
        soon = work.now + timedelta(hours=hours)
        query = query.where(Request.state.in_(_KEPT), Request.until <= soon)
    if wanted.get("never_followed_up"):
        later = aliased(Request)
        followed = select(later.id).where(later.previous_id == Request.id, later.transmitted_at.is_not(None))
        kept = Request.state.in_((*_KEPT, "released", "expired"))
        query = query.where(kept, Request.until.is_not(None), ~followed.exists())
    return query


def brief(work: UnitOfWork, rows: Sequence[Request]) -> list[dict[str, Any]]:
    """Return requests as lists show them, with a fixed number of queries however many there are."""
    ids = {row.id for row in rows} | {row.jit_id for row in rows if row.jit_id}
    own: dict[UUID, list[Party]] = {}
    for part in work.session.scalars(work.all(Party).where(Party.object_id.in_(ids)).order_by(Party.id)):
        own.setdefault(part.object_id, []).append(part)
    named = {a for row in rows for a in (row.requesting_id, row.executing_id) if a}
    there = authorities_of(work, named)
    earlier = work.all(Request).where(Request.id.in_([row.previous_id for row in rows if row.previous_id]))
    seen = {row.id for row in work.session.scalars(earlier)} if any(row.previous_id for row in rows) else set()
    overlapping = overlaps.visible(work, (row.overlap_id for row in rows))
    shown = []
    for row in rows:
        view = _brief(row, work.now, own.get(row.id, []), there)
        hidden = {
            "previous": row.previous_id not in seen,
            "jit_id": row.jit_id not in own,
            "overlap_id": row.overlap_id not in overlapping,
        }
        shown.append(view | {name: None for name, gone in hidden.items() if gone})
    return shown


def _brief(row: Request, now: datetime, own: Sequence[Party], there: Mapping[UUID, Authority]) -> dict[str, Any]:
    first = own[0] if own else None
    return {
        **row.shown(),
        "side": side_of(own),
        "direction": "outgoing" if first is None or first.side == Side.REQUESTING else "incoming",
        "requesting": there.get(row.requesting_id),
        "executing": there.get(row.executing_id) if row.executing_id else None,
        "case_id": first.case_id if first else None,
        "overlap_id": row.overlap_id if first is not None and first.side == Side.REQUESTING else None,
        "previous": {"request_id": row.previous_id, "relation": row.relation} if row.previous_id else None,
        "expired": row.state in _KEPT and row.until is not None and row.until < now,
    }


def whole(work: UnitOfWork, rows: Sequence[Request]) -> list[dict[str, Any]]:
    """Return requests with their content, their measures and suggestions for the next step."""
    shown = []
    for view, row in zip(brief(work, rows), rows, strict=True):
        key = key_of(work, row)
        content = _open_to(row, view, unseal(key, row.sealed, row.id))
        rows_of = measures.of_request(work, row.id)
        asked = [{**_outcome(m), "asked": {} if _undisclosed(row, view) else measures.asked(key, m)} for m in rows_of]
        proposed = [*suggestions(work, row, view, rows_of), *next_contact(work, row, view)]
        extra = {"suggestions": proposed, "stages": stages.of_request(work, row.id)}
        shown.append({**view, "content": content, "measures": asked, **extra})
    return shown


def consulted(work: UnitOfWork, row: Request, *, usual: bool) -> RequestView:
    """Return one request with its content, and if wanted how long such requests usually take, in published figures."""
    (shown,) = whole(work, [row])
    time = {"usual": usual_time(work, row.kind, row.requesting_country, row.executing_country)} if usual else {}
    return RequestView(shown | time)


def _undisclosed(row: Request, view: Mapping[str, Any]) -> bool:
    """Tell whether this is spontaneous information whose conditions the caller has not accepted yet (Budapest Art. 26(2))."""
    return row.kind == "spontaneous_information" and view["direction"] == "incoming" and row.state not in _DISCLOSED


def _open_to(row: Request, view: Mapping[str, Any], content: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the content that the caller's side may read.

    Before the conditions are accepted this is only the conditions. A provider is not told the reasons (EPOC Annex I, section M).
    """
    if _undisclosed(row, view):
        return {name: content[name] for name in _CONDITIONS if name in content}
    if row.kind in {"epoc", "epoc_pr"} and view["side"] == Side.EXECUTING:
        return {name: said for name, said in content.items() if name not in _SECTION_M}
    return content


def _outcome(row: Measure) -> dict[str, Any]:
    return {**row.shown()}


def show_measures(work: UnitOfWork, rows: Sequence[Measure]) -> list[dict[str, Any]]:
    """Return measures; what they request is included only if it is disclosed to the caller."""
    there = {id_: work.one(Request, id_) for id_ in {row.request_id for row in rows}}
    views = {view["id"]: view for view in brief(work, list(there.values()))}
    open_ = {id_: key_of(work, row) for id_, row in there.items() if not _undisclosed(row, views[id_])}
    return [
        {**_outcome(row), "asked": measures.asked(open_[row.request_id], row) if row.request_id in open_ else {}} for row in rows
    ]


def next_contact(work: UnitOfWork, row: Request, view: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return the 24/7 contact to try next if the one to which a request was sent has not confirmed its receipt for 15 minutes."""
    urgent = row.rules.round_the_clock or row.urgency == "emergency"
    waits = row.state == "transmitted" and row.transmitted_at is not None and work.now - row.transmitted_at >= UNANSWERED
    if not urgent or not waits or view["direction"] != "outgoing" or row.executing_country is None:
        return []
    there = contacts.emergency_contacts(work, row.executing_country)
    others = [one for one in there if one.authority_id not in {row.executing_id, row.requesting_id}]
    return [
        {
            "do": "try_next_contact",
            "href": f"/api/v1/contact-points/{one.id}",
            "method": "GET",
            "previous": str(row.id),
            "why": "There was no answer for 15 minutes.",
        }
        for one in others[:1]
    ]


def _preservable(work: UnitOfWork, row: Request) -> Iterator[dict[str, str]]:
    """Yield the countries on the path of a communication in which data can be preserved, with the kind of request that does it."""
    issuer = authorities_of(work, {row.requesting_id}).get(row.requesting_id)
    for country in row.path_countries:
        for kind in ("preservation", "epoc_pr"):
            way = (issuer.country if issuer and issuer.country else "", country, "preservation", kind)
            every = instruments.applicable(*way, on=work.now.date(), among=own_instruments.every(work))
            if fitting := next((one.instrument.code for one in every if one.applicable), None):
                yield {"do": "preserve", "country": country, "kind": kind, "instrument": fitting, "why": "Budapest Art. 30"}
                break


def suggestions(work: UnitOfWork, row: Request, view: Mapping[str, Any], rows: Sequence[Measure]) -> list[dict[str, str]]:
    """Return what the requesting side could do next. These are suggestions; no step is taken automatically."""
    if view["direction"] != "outgoing":
        return []
    found: list[dict[str, str]] = []
    if row.kind == "preservation" and row.path_countries:
        found += _preservable(work, row)
    if row.state in _KEPT:
        found.append({"do": "follow_up", "relation": "after_preservation", "why": "Budapest Art. 29(7)"})
    if any(m.state in {"partly_executed", "partly_transferred", "not_executed"} for m in rows):
        found.append({"do": "follow_up", "relation": "follow_up", "why": "Not all measures were carried out."})
    return [{"href": "/api/v1/mla-requests", "method": "POST", "previous": str(row.id), **one} for one in found]


def instruments_of(work: UnitOfWork, ids: Collection[UUID]) -> dict[UUID, str]:
    """Return the instrument of each request with one of these ids that the caller sees and that has one."""
    named = work.all(Request).where(Request.id.in_(ids), Request.instrument.is_not(None))
    return {row.id: row.instrument for row in work.session.scalars(named) if row.instrument}
