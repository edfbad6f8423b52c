"""Produce the document of a request on a chosen form, in a chosen language, as JSON, HTML or PDF."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from marshmallow import fields

from coopapi.deadlines import rules
from coopapi.directory.codelists import LANGUAGES
from coopapi.directory.entries import find_authority
from coopapi.errors import Forbidden
from coopapi.http.fields import OneOf, Schema, Shown
from coopapi.http.files import Printed
from coopapi.http.serialization import instance_of
from coopapi.instruments import own as own_instruments
from coopapi.instruments import service as instruments
from coopapi.mla import forms, issuing, presentation, printing
from coopapi.mla.models import Message, Request
from coopapi.mla.responses import RequestOut
from coopapi.shared import parties
from coopapi.shared.lifecycle import Side
from coopapi.store.db import UnitOfWork

MEDIA_TYPES: Final[Mapping[str, str]] = {"html": "text/html", "pdf": "application/pdf"}
_DECISIONS: Final = frozenset({"refuse", "postpone", "not_execute", "execute_partly", "not_preserve", "propose_other"})
"""The steps with whose reasons a request is answered."""
_WITH_ALL: Final = frozenset({Side.REQUESTING, Side.ENFORCING})


class WithheldFromYou(Forbidden):
    """Only the requesting side and the notified authority may read the parts that are withheld from the addressee.

    Ask for the version of the document for your side.
    """


class DocumentFilter(Schema):
    """Query parameters that choose the form, language and format of a document."""

    format = OneOf(("json", *MEDIA_TYPES), metadata={"description": "The format; `json` by default."})
    language = OneOf(
        LANGUAGES,
        metadata={"description": "The language of the form; by default the language of the request if available, otherwise en."},
    )
    form = OneOf(forms.all_forms(), metadata={"description": "A form for this kind of request; the standard form by default."})
    whole = fields.Boolean(
        metadata={"description": "Whether to include the parts that are withheld from the addressee (EPOC section M)."}
    )


class DocumentFieldOut(Shown):
    """A label and the lines printed under it."""

    label = fields.String(required=True)
    lines = fields.List(fields.String(), required=True)
    opens = fields.Boolean(
        required=True,
        metadata={"description": "Whether the field is the first of a person, an offence or a measure, if there are several."},
    )


class DocumentSectionOut(Shown):
    """A section, numbered as in the official form."""

    number = fields.String(required=True)
    label = fields.String(required=True)
    title = fields.String(required=True)
    fields_ = fields.List(fields.Nested(DocumentFieldOut), attribute="fields", data_key="fields", required=True)


class DocumentOut(Shown):
    """A request filled into its form."""

    form = OneOf(forms.all_forms(), required=True)
    title = fields.String(required=True)
    subtitle = fields.String(required=True)
    instrument = fields.String(required=True)
    reference = fields.String(required=True)
    language = OneOf(LANGUAGES, required=True)
    mark = fields.String(
        required=True,
        metadata={"description": "The word DRAFT in the language of the form until the request is validated; otherwise empty."},
    )
    preamble = fields.String(required=True)
    sections = fields.List(fields.Nested(DocumentSectionOut), required=True)
    notes = fields.List(fields.String(), required=True, metadata={"description": "The footnotes to names of countries."})
    footer = fields.String(required=True)


def of_request(work: UnitOfWork, request_id: UUID, wanted: Mapping[str, Any]) -> dict[str, Any] | Printed:
    """Fill in and return the form of a request, by default the copy for the addressee.

    Raises `WithheldFromYou` if the whole document is requested by a side that may not read it.
    """
    request = work.one(Request, request_id)
    own = parties.sides(work, request.id)
    if wanted.get("whole") and not own & _WITH_ALL:
        raise WithheldFromYou
    view = _view(work, request)
    language = wanted.get("language") or (view["language"] if view["language"] in LANGUAGES else "en")
    found = forms.document(view, language, form=wanted.get("form"), to_addressee=not wanted.get("whole", False))
    match wanted.get("format", "json"):
        case "html":
            return Printed(printing.as_html(found).encode(), MEDIA_TYPES["html"], f"{found.form}-{request.id}.html")
        case "pdf":
            return Printed(printing.as_pdf(found, work.now), MEDIA_TYPES["pdf"], f"{found.form}-{request.id}.pdf")
        case _:
            return printing.as_json(found)


def _view(work: UnitOfWork, request: Request) -> dict[str, Any]:
    """Return the request as the caller sees it, with the names that a form prints in place of ids."""
    (row,) = presentation.whole(work, [request])
    view: dict[str, Any] = instance_of(RequestOut).dump(row)
    if earlier := work.session.scalar(work.all(Request).where(Request.id == request.previous_id)):
        view["previous"] = {**view["previous"], **_earlier(work, earlier)}
    if validating := find_authority(work, request.validating_id):
        another = validating.id != request.requesting_id
        view["validating"] = {"name": validating.name, "type": validating.type, "another": another, "as": request.validated_as}
    if notified := find_authority(work, request.enforcing_id):
        view["enforcing"] = {"name": notified.name, "country": notified.country}
    every = own_instruments.every(work)
    entered = {one.code: one.titles for one in every if one.own}
    articles = instruments.get(request.instrument, every).measures_of(request.kind) if request.instrument else {}
    view["measures"] = [{**one, "article": articles.get(one["code"])} for one in view["measures"]]
    view["acknowledged_at"] = request.acknowledged_at and request.acknowledged_at.isoformat()
    return {**view, **_replies(work, request, view), "unchecked": _unchecked(view), "entered": entered}


def _earlier(work: UnitOfWork, earlier: Request) -> dict[str, Any]:
    """Return what identifies an earlier request: its references, to whom it was sent, and when."""
    addressee = find_authority(work, earlier.executing_id)
    sent = earlier.transmitted_at
    return {
        "reference": earlier.reference,
        "foreign_reference": earlier.foreign_reference,
        "executing": addressee.name if addressee else None,
        "transmitted_at": sent and sent.isoformat(),
    }


def _replies(work: UnitOfWork, request: Request, view: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the executing side last said with a decision on the request, and on each of its measures.

    `remarks` is what it said when it confirmed the receipt, and `forwarding` who forwarded the request, and when.
    """
    rows = work.session.scalars(
        work.all(Message)
        .where(Message.request_id == request.id, Message.side == Side.EXECUTING, Message.internal.is_(False))
        .order_by(Message.id)
    ).all()
    said = parties.with_texts(work, rows)
    last = {row.measure_id: words for row, words in said if row.act.rpartition(".")[2] in _DECISIONS}
    measures = [{**one, "reply": last.get(UUID(str(one["id"])), {})} for one in view["measures"]]
    confirmed = next((words.get("text") for row, words in said if row.act == "acknowledge"), None)
    forwarded = next((row for row, _ in said if row.act == "forward"), None)
    first = find_authority(work, forwarded.authority_id) if forwarded else None
    forwarding = {"name": first.name, "at": forwarded.at.isoformat()} if forwarded and first else None
    return {"reply": last.get(None, {}), "measures": measures, "remarks": confirmed, "forwarding": forwarding}


def _unchecked(view: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the time limits, and the rule of who may issue the request, that were not checked against the official text."""
    facts = {"measures": [measure["code"] for measure in view["measures"]], "notified": view["enforcing_authority"] is not None}
    about = (view["kind"], view["instrument"] or "", view["urgency"])
    protected = any(issuing.data_of({"code": one["code"], **one["asked"]}) & issuing.PROTECTED for one in view["measures"])
    issued = issuing.rule_for(view["kind"], protected)
    by = [{"titles": "who_issues", "article": issued.article}] if issued and issued.verify else []
    clocks = ((rule, rule.unchecked(about[1])) for rule in rules.load().values() if rule.fits(*about, facts))
    return by + [{"titles": rule.titles, "article": article} for rule, article in clocks if article]
