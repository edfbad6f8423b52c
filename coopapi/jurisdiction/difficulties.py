"""Collect the facts of one case from which the duty to notify Eurojust follows."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select

from coopapi.directory.models import Authority
from coopapi.jurisdiction import notification_duty, pairs
from coopapi.jurisdiction.eurojust_records import of_case as of_case_records
from coopapi.jurisdiction.eurojust_records import require_answering, teams_of
from coopapi.jurisdiction.lifecycles import SETTLED
from coopapi.jurisdiction.models import Consultation
from coopapi.jurisdiction.notification_duty import Facts, Recorded, Team
from coopapi.mla.models import Measure, Request
from coopapi.shared.lifecycle import Side
from coopapi.shared.parties import Party
from coopapi.store.db import UnitOfWork
from coopapi.store.vault import key_of, unseal

_MOST: Final = 1000


def of_case(work: UnitOfWork, case_id: UUID) -> dict[str, Any]:
    """Assess the duty to notify Eurojust of a case, from what is recorded in this register.

    Raises `Forbidden` unless the caller belongs to the authority of the case and may read its requests.
    """
    case = require_answering(work, case_id)
    owner = work.session.scalars(select(Authority.country).where(Authority.id == case.authority_id)).one()
    sent = _sent(work, case_id)
    countries = {row.id: row.executing_country for row in sent if row.executing_country}
    carried = {
        countries[m.request_id] for m in _measures(work, sent) if m.code == "controlled_delivery" and m.request_id in countries
    }
    facts = Facts(
        owner=owner,
        countries=frozenset(case.countries),
        requested=frozenset(countries.values()),
        categories=frozenset(case.crime_categories),
        offences=tuple(offence for row in sent for offence in _offences(work, row)),
        deliveries=frozenset(carried | ({owner} if carried and owner else set())),
        conflicts=_conflicts(work, case_id),
        difficulties=pairs.of_case(work, case_id),
        teams=tuple(Team(str(row.id), row.stands(work.now)) for row in teams_of(work, case_id)),
        records=tuple(
            Recorded(row.kind, row.article, str(row.team_id) if row.team_id else None, row.team_step)
            for row in work.session.scalars(of_case_records(work, case_id))
        ),
    )
    work.note("duty.assessed", case, case_id=case_id, consultation=True)
    return {"case_id": case_id, **notification_duty.assess(facts)}


def _sent(work: UnitOfWork, case_id: UUID) -> Sequence[Request]:
    """Return the requests for cooperation that were sent from a case to other States."""
    own = work.all(Party).where(Party.object_id == Request.id, Party.case_id == case_id, Party.side == Side.REQUESTING)
    query = work.all(Request).where(own.exists(), Request.transmitted_at.is_not(None), Request.kind.in_(pairs.kinds()))
    return work.session.scalars(query.order_by(Request.id).limit(_MOST)).all()


def _measures(work: UnitOfWork, rows: Sequence[Request]) -> Sequence[Measure]:
    return work.session.scalars(work.all(Measure).where(Measure.request_id.in_([row.id for row in rows]))).all()


def _offences(work: UnitOfWork, row: Request) -> list[tuple[str | None, float | None]]:
    content = unseal(key_of(work, row), row.sealed, row.id)
    return [(one.get("category"), one.get("max_penalty_years")) for one in content.get("offences", ())]


def _conflicts(work: UnitOfWork, case_id: UUID) -> int:
    """Return the number of unsettled consultations on jurisdiction that are linked to a case."""
    own = work.all(Party).where(Party.object_id == Consultation.id, Party.case_id == case_id)
    query = work.all(Consultation).where(own.exists(), Consultation.state.not_in(SETTLED))
    return len(work.session.scalars(query).all())
