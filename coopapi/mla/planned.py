"""What a plan proposes: ways to ask another country for a measure, with everything that is known about each."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from coopapi.contacts.models import ContactPoint
from coopapi.contacts.service import Found
from coopapi.deadlines.rules import DeadlineRule
from coopapi.instruments.models import Assessment, Instrument, Reason
from coopapi.mla import forms
from coopapi.mla.issuing import IssuingRule, Validator
from coopapi.mla.points import Point
from coopapi.mla.wording import read
from coopapi.notices.models import RequirementNotice
from coopapi.store.db import UnitOfWork


@dataclass(frozen=True, slots=True)
class PlannedRequest:
    """One way to ask, with everything that is known about it, and the body with which `POST /mla-requests` opens it."""

    kind: str
    assessed: Assessment
    to_state: Sequence[Point]
    against: Sequence[Point]
    issued: IssuingRule | None
    needs_validation: Validator
    validated_later: bool
    also_through: Sequence[Reason]
    accepted_languages: Sequence[str]
    addressees: Sequence[Found]
    contact_point: ContactPoint | None
    notices: Sequence[RequirementNotice]
    clocks: Sequence[DeadlineRule]
    draft: Mapping[str, Any]

    @property
    def instrument(self) -> Instrument:
        """The instrument on which the request would be based."""
        return self.assessed.instrument

    @property
    def forms(self) -> list[dict[str, Any]]:
        """The forms with which such a request is made, each with what of its text was not compared. Replies are none of them."""
        made = [code for code in forms.forms_of(self.kind) if not read(code).get("needs")]
        texts = {code: read(code) for code in made}
        return [
            {"form": code, "verify": bool(text.get("verify")), "unchecked": text.get("unchecked", {})}
            for code, text in texts.items()
        ]

    @property
    def body(self) -> dict[str, Any]:
        """The draft as JSON."""
        return {name: str(value) if isinstance(value, UUID) else value for name, value in self.draft.items()}

    @property
    def possible(self) -> bool:
        """Tell whether nothing keeps the request from being issued."""
        return not self.against


@dataclass(frozen=True, slots=True)
class Plan:
    """What may be sent, best first, what should be sent before, and what is not possible and why."""

    proposals: list[PlannedRequest] = field(default_factory=list)
    send_first: list[PlannedRequest] = field(default_factory=list)
    not_possible: list[PlannedRequest] = field(default_factory=list)


def show(work: UnitOfWork, plans: Sequence[Plan]) -> list[dict[str, Any]]:
    """Return plans as they are shown."""
    del work
    return [
        {
            "proposals": [_shown(one) for one in plan.proposals],
            "send_first": [_shown(one) for one in plan.send_first],
            "not_possible": [_shown(one) for one in plan.not_possible],
            "only_reciprocity": bool(plan.proposals) and all(one.instrument.open for one in plan.proposals),
        }
        for plan in plans
    ]


def _shown(one: PlannedRequest) -> dict[str, Any]:
    instrument, issued = one.instrument, one.issued
    return {
        "kind": one.kind,
        "instrument": instrument,
        "article": one.assessed.article,
        "conditions": one.assessed.conditions,
        "evidence": instrument.evidence,
        "needs_validation": one.needs_validation,
        "validated_later": one.validated_later,
        "validation_article": (issued.later if one.validated_later else issued.article) if issued else None,
        "validation_verify": bool(issued and issued.verify),
        "form": instrument.form,
        "forms": one.forms,
        "channel": instrument.channel,
        "also_through": one.also_through,
        "languages": instrument.languages,
        "accepted_languages": one.accepted_languages,
        "addressees": one.addressees,
        "contact_point": one.contact_point.id if one.contact_point else None,
        "notices": [_notice(notice) for notice in one.notices[:20]],
        "clocks": [_clock(rule, instrument.code) for rule in one.clocks],
        "to_state": one.to_state,
        "against": one.against,
        "draft": one.body,
    }


def _clock(rule: DeadlineRule, instrument: str) -> dict[str, Any]:
    """Return a rule with the article that was not compared under this instrument, as deadlines show it."""
    unchecked = rule.unchecked(instrument)
    names = (one.name for one in dataclasses.fields(rule))
    return {**{name: getattr(rule, name) for name in names}, "verify": bool(unchecked), "unchecked": unchecked}


def _notice(notice: RequirementNotice) -> dict[str, Any]:
    return {name: getattr(notice, name) for name in ("id", "theme", "applicability", "declared_by")}
