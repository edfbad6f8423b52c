"""Assess whether a request can be transmitted: what is missing, what is advised, and what the addressed country will refuse."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from coopapi.contacts import service as contacts
from coopapi.directory.entries import find_authority
from coopapi.directory.models import Authority
from coopapi.errors import Unprocessable
from coopapi.instruments import own as own_instruments
from coopapi.instruments import service as instruments
from coopapi.mla import form_requirements, issuing, order_conditions, protection
from coopapi.mla import measures as asked_for
from coopapi.mla.issuing import IssuingRule, Validator
from coopapi.mla.models import Measure, Request
from coopapi.mla.points import Point
from coopapi.mla.requirements import RequestDraft, timeless_addresses, unmet, vague_measures
from coopapi.notices import service as notices
from coopapi.notices.models import RequirementNotice
from coopapi.store.db import UnitOfWork
from coopapi.store.vault import key_of, unseal


class NotReady(Unprocessable):
    """The request is not complete enough for this step.

    Complete what `errors` lists. `readiness` shows the same list before you take the step.
    """


@dataclass(frozen=True, slots=True)
class Readiness:
    """What still has to be done before a draft can be transmitted."""

    missing: list[Point] = field(default_factory=list)
    advised: list[Point] = field(default_factory=list)
    will_be_refused: list[Point] = field(default_factory=list)
    notices: list[UUID] = field(default_factory=list)
    duplicates: list[UUID] = field(default_factory=list)
    accepted_languages: list[str] = field(default_factory=list)
    needs_validation: Validator = Validator.NONE
    validated_later: bool = False
    issuing_rule: IssuingRule | None = None

    @property
    def ready(self) -> bool:
        """Tell whether nothing required is missing and nobody has to validate the request first."""
        return not self.missing and self.needs_validation is Validator.NONE

    @property
    def validation_article(self) -> str | None:
        """Return the article that says who may issue the request, or None if anybody may."""
        return self.issuing_rule.article if self.issuing_rule else None

    @property
    def validation_verify(self) -> bool:
        """Tell whether that article was not checked in the official text."""
        return self.issuing_rule is not None and self.issuing_rule.verify


def of_request(work: UnitOfWork, request_id: UUID) -> Readiness:
    """Assess the request with this id, and find earlier requests for the same data."""
    request = work.one(Request, request_id)
    earlier = asked_for.asked_before(work, request, asked_for.of_request(work, request.id))
    return replace(assess(work, request), duplicates=earlier)


def assess(work: UnitOfWork, request: Request) -> Readiness:
    """Assess a draft against the requirements, the instrument, the requirement notices and the languages of the addressee."""
    rows = asked_for.of_request(work, request.id)
    addressee = find_authority(work, request.executing_id)
    draft = _draft(work, request, rows, addressee)
    issued = issuing.rule_for(request.kind, draft.protected)
    found = Readiness(
        needs_validation=_open_validation(work, request, issued),
        validated_later=validated_later(request, issued) and request.validated_at is None,
        issuing_rule=issued,
    )
    found.missing.extend(rule.point for rule in unmet(draft, advised=False))
    found.advised.extend(rule.point for rule in unmet(draft, advised=True))
    today = work.now.date()
    found.missing.extend((*order_conditions.missing(draft), *protection.missing(draft, today)))
    found.advised.extend((*form_requirements.advised(draft), *order_conditions.advised(draft), *protection.advised(draft, today)))
    _look_at_measures(found, draft)
    _look_at_instrument(work, request, draft, found)
    _look_at_notices(work, request, rows, found)
    _look_at_language(work, request, draft, found)
    return found


def require(work: UnitOfWork, request: Request) -> Readiness:
    """Return the assessment; raise `NotReady` with the pointer and article of everything that is missing."""
    found = assess(work, request)
    if found.missing:
        raise NotReady(errors=[point.fault for point in found.missing])
    return found


def _draft_of(work: UnitOfWork, request: Request) -> RequestDraft:
    return _draft(work, request, asked_for.of_request(work, request.id), find_authority(work, request.executing_id))


def _draft(work: UnitOfWork, request: Request, rows: Sequence[Measure], addressee: Authority | None) -> RequestDraft:
    key = key_of(work, request)
    issuer, notified = find_authority(work, request.requesting_id), find_authority(work, request.enforcing_id)
    return RequestDraft(
        kind=request.kind,
        instrument=request.instrument,
        urgency=request.urgency,
        content=unseal(key, request.sealed, request.id),
        measures=[{"code": row.code, **asked_for.asked(key, row)} for row in rows],
        addressed=request.executing_id is not None,
        provider=addressee is not None and addressee.type == "service_provider",
        emergency_ground=request.emergency_ground,
        from_country=issuer.country if issuer else None,
        to_country=request.executing_country,
        notified=request.enforcing_id is not None,
        enforcing_country=notified.country if notified else None,
        relation=request.relation,
    )


def rule_of(work: UnitOfWork, request: Request) -> IssuingRule | None:
    """Return the rule that says who may issue a request and who validates it; None if anybody may issue it."""
    return issuing.rule_for(request.kind, _draft_of(work, request).protected)


def needs_validation(work: UnitOfWork, request: Request) -> Validator:
    """Return who must still validate a request before it is sent: nobody if it was validated, or if the caller may issue it.

    An order that may be validated within 48 hours after it was sent needs nobody before (Regulation (EU) 2023/1543 Art. 4(5)).
    """
    return _open_validation(work, request, rule_of(work, request))


def _open_validation(work: UnitOfWork, request: Request, rule: IssuingRule | None) -> Validator:
    if rule is None or request.validated_at or validated_later(request, rule):
        return Validator.NONE
    if request.state == "validation_pending":
        return rule.validator
    issuer = find_authority(work, request.requesting_id)
    return issuing.needed(rule, work.actor, issuer.type if issuer else None)


def validated_later(request: Request, rule: IssuingRule | None) -> bool:
    """Tell whether a request may be validated after it was sent."""
    return issuing.validated_later(rule, request.urgency, request.emergency_ground)


def _look_at_measures(found: Readiness, draft: RequestDraft) -> None:
    if draft.relation == "after_preservation" and draft.kind not in {"preservation", "epoc_pr"}:
        for place, measure in enumerate(draft.measures):
            if measure["code"] == "preservation":
                detail = "The data are preserved already. Ask for the data themselves."
                pointer, article = f"/measures/{place}/code", "Budapest Art. 29(2)(f), 29(7)"
                found.missing.append(Point("after_preservation", pointer, detail, article))
    for place, name, detail in vague_measures(draft):
        found.advised.append(Point("scope", f"/measures/{place}/{name}", detail, "SIRIUS"))
    for place, number in timeless_addresses(draft):
        pointer = f"/measures/{place}/identifiers/{number}/context/observed_at"
        found.missing.append(
            Point(
                "time_of_use",
                pointer,
                "An IP address needs the time of its use, because otherwise its user cannot be identified.",
                "RFC 6302",
            )
        )


def _look_at_instrument(work: UnitOfWork, request: Request, draft: RequestDraft, found: Readiness) -> None:
    """Add what is missing if the instrument does not cover a measure between these two countries today."""
    if not request.instrument or not request.executing_country:
        return
    issuer = find_authority(work, request.requesting_id)
    from_ = issuer.country if issuer and issuer.country else ""
    codes, to = [m["code"] for m in draft.measures] or [""], request.executing_country
    on, among = work.now.date(), own_instruments.every(work)
    for code in dict.fromkeys(codes):
        every = instruments.applicable(from_, to, code or None, request.kind, on=on, among=among)
        (this,) = [a for a in every if a.instrument.code == request.instrument]
        if not this.applicable:
            rest = instruments.applicable(from_, to, code or None, on=on, among=among)
            others = [a.instrument.code for a in rest if a.applicable]
            hint = f"Use another instrument, such as {', '.join(others)}. " if others else ""
            reason = this.reasons[0]
            found.missing.append(
                Point(reason.code, "/instrument", f"{hint}{request.instrument} cannot be used here: {reason.text}", reason.article)
            )


def _look_at_notices(work: UnitOfWork, request: Request, rows: Sequence[Measure], found: Readiness) -> None:
    """Require that the requirement notices of the addressee's country are acknowledged before the request is transmitted."""
    for notice in _attached(work, request, rows):
        if notice.applicability == "not_applicable":
            detail = "The country has declared that this measure is not available there."
            found.will_be_refused.append(Point("not_applicable", "/measures", detail, f"requirement notice {notice.id}"))
        if notice.id not in request.notices:
            found.notices.append(notice.id)
            detail = f"Read and acknowledge the requirement notice {notice.id}."
            found.missing.append(Point("notice", "/acknowledged_notices", detail))


def attached(work: UnitOfWork, request_id: UUID) -> Sequence[RequirementNotice]:
    """Return the requirement notices of the addressee's country that concern a request."""
    request = work.one(Request, request_id)
    return _attached(work, request, asked_for.of_request(work, request.id))


def _attached(work: UnitOfWork, request: Request, rows: Sequence[Measure]) -> Sequence[RequirementNotice]:
    if not request.executing_country:
        return []
    codes = [row.code for row in rows]
    return notices.in_force(work, request.executing_country, codes, request.instrument, work.now.date())


def _look_at_language(work: UnitOfWork, request: Request, draft: RequestDraft, found: Readiness) -> None:
    """Compare the language of the request and of its translations with the accepted languages (EIO Art. 5(2))."""
    if not request.executing_country:
        return
    accepted = {
        language
        for code in dict.fromkeys(m["code"] for m in draft.measures)
        for language in contacts.accepted_languages(work, request.executing_country, request.instrument, code)
    }
    found.accepted_languages.extend(sorted(accepted))
    written = {request.language, *(t["language"] for t in draft.content.get("translations", ()))} - {None}
    if not written:
        found.missing.append(Point("language", "/language", "Give the language of the request."))
    elif accepted and not written & accepted:
        detail = f"Add a translation. The country accepts {', '.join(sorted(accepted))}."
        found.missing.append(Point("translation", "/content/translations", detail, "EIO Art. 5(2)"))
