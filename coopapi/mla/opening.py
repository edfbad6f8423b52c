"""Open the draft that a plan proposes first, in the same step."""

from typing import Any

from coopapi.errors import Conflict, broken
from coopapi.mla import drafts, plans
from coopapi.mla.models import Request
from coopapi.mla.planned import Plan
from coopapi.mla.schemas import RequestIn
from coopapi.store.db import UnitOfWork


class NoLawfulWay(Conflict):
    """No instrument that the register knows gives a lawful way to ask that country for this.

    Nothing was opened. Each entry of `errors` says what keeps a request from being issued, with the article. Ask again without
    `open` to see the plan, with another `kind` or measure, or state more of the offence.
    """


def propose_or_open(work: UnitOfWork, data: dict[str, Any]) -> Plan | Request:
    """Return a plan, or with `open` the draft of its first proposal, which the same rules admit as any other draft.

    Raises `NoLawfulWay` if nothing can be proposed.
    """
    plan = plans.propose(work, data)
    if not data.get("open"):
        return plan
    if not plan.proposals:
        raise NoLawfulWay(errors=_against(plan))
    found: dict[str, Any] = RequestIn().load(plan.proposals[0].body)
    return drafts.begin(work, found)


def _against(plan: Plan) -> list[dict[str, str]]:
    if not plan.not_possible:
        return [broken("/country", "no_instrument", "No instrument between the two countries serves such a request.")]
    return [
        broken("/kind", point.rule, f"{one.kind} ({one.instrument.code}): {point.fault['detail']}")
        for one in plan.not_possible
        for point in one.against
    ]
