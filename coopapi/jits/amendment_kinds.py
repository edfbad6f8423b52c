"""The kinds of amendments: what each requires, and what it changes once all parties have signed it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

from coopapi.errors import Conflict, Unprocessable, fault
from coopapi.evidence import recipients
from coopapi.jits import agreement, authorization, expiry_deadlines, membership
from coopapi.jits.lifecycles import TEXTS, TWO
from coopapi.jits.models import Jit, JitAmendment, JitParty
from coopapi.shared import parties
from coopapi.shared.lifecycle import Side
from coopapi.store.db import UnitOfWork
from coopapi.store.together import grouped, together
from coopapi.store.vault import key_of, seal, unseal


class JoinsAlready(Conflict):
    """An amendment by which this State joins is already waiting for signatures.

    Sign the amendment that `existing` names, or ask the State that proposed it to withdraw it.
    """


def pending(work: UnitOfWork, jit: Jit) -> list[JitAmendment]:
    """Return the amendments of a team that wait for signatures."""
    return _pending(work, jit.id)


@together
def _pending(work: UnitOfWork, jit_ids: Sequence[UUID]) -> dict[UUID, list[JitAmendment]]:
    query = work.all(JitAmendment).where(JitAmendment.jit_id.in_(jit_ids), JitAmendment.state == "proposed")
    return grouped(jit_ids, work.session.scalars(query.order_by(JitAmendment.id)), lambda row: row.jit_id)


def holds(work: UnitOfWork, jit: Jit, row: JitAmendment) -> bool:
    """Tell whether a fully signed amendment can still be applied.

    One that later changes made impossible stays until it is withdrawn.
    """
    try:
        CHANGES[row.change].check(work, jit, row)
    except (Unprocessable, Conflict):
        return False
    return True


def _check_join(work: UnitOfWork, jit: Jit, row: JitAmendment) -> None:
    if row.authority_id is None:
        raise fault("/authority_id", "required", "Name the authority that joins.")
    authority = authorization.state_authority(work, row.authority_id, "/authority_id")
    authorization.check_new_state(work, jit.id, authority.country, "/authority_id")
    if outside := agreement.not_bound(work, jit, [authority.country or ""]):
        raise fault("/authority_id", "not_bound", outside)
    there = {party.authority_id: party.country for party in authorization.of_team(work, jit.id)}
    if lacking := agreement.administration(jit.administrator_id, {**there, authority.id: authority.country}):
        raise fault("/authority_id", "space_administrator", lacking)
    for other in pending(work, jit):
        if other.id != row.id and other.joining and authorization.country_of(work, other.joining) == authority.country:
            raise JoinsAlready(existing=f"/api/v1/jits/{jit.id}/amendments/{other.id}/transitions")


def _check_leave(work: UnitOfWork, jit: Jit, row: JitAmendment) -> None:
    there = authorization.of_team(work, jit.id)
    if row.authority_id not in {party.authority_id for party in there}:
        raise fault("/authority_id", "party", "Only a party can leave the team.")
    if len(there) <= TWO:
        raise fault("/authority_id", "two_states", "A team needs at least two States. End the team instead.")
    if row.authority_id == jit.administrator_id:
        raise fault(
            "/authority_id", "space_administrator", "This authority is the space administrator. Amend the platform clause first."
        )


def _check_period(work: UnitOfWork, jit: Jit, row: JitAmendment) -> None:
    del work
    if row.until is None or jit.until is None or row.until <= jit.until:
        raise fault("/until", "later", "The new date must be later than the current one.")


def _check_purpose(work: UnitOfWork, jit: Jit, row: JitAmendment) -> None:
    if not _details(work, jit, row).get("purpose"):
        raise fault("/purpose", "required", "Give the new purpose.")


def _check_clause(work: UnitOfWork, jit: Jit, row: JitAmendment) -> None:
    said = _details(work, jit, row)
    if not said.get("clause") or not said.get("platform" if said["clause"] == "platform" else "text"):
        raise fault("/clause", "required", "Name the clause and give its new text.")
    if said["clause"] == "platform":
        there = {party.authority_id: party.country for party in authorization.of_team(work, jit.id)}
        if lacking := agreement.administration(UUID(said["platform"]["space_administrator"]), there):
            raise fault("/platform/space_administrator", "party", lacking)


def _check_states(work: UnitOfWork, jit: Jit, row: JitAmendment) -> None:
    if not _details(work, jit, row).get("states_of_operation"):
        raise fault("/states_of_operation", "required", "Name the States of operation.")


def _check_participant(work: UnitOfWork, jit: Jit, row: JitAmendment) -> None:
    membership.check_period(work, {"until": row.until})
    if row.authority_id is None or not _details(work, jit, row).get("role"):
        raise fault("/role", "required", "Give the role in which the organisation takes part.")
    membership.check_participant(work, jit.id, row.authority_id, "/authority_id")


def _details(work: UnitOfWork, jit: Jit, row: JitAmendment) -> dict[str, Any]:
    return unseal(key_of(work, jit), row.sealed, row.id)


def _join(work: UnitOfWork, jit: Jit, row: JitAmendment) -> None:
    authority: UUID = row.authority_id  # type: ignore[assignment]
    country = authorization.country_of(work, authority)
    party = JitParty(id=work.new_id(), jit_id=jit.id, authority_id=authority, country=country, joined_at=work.now)
    party.sealed = seal(key_of(work, jit), _details(work, jit, row).get("leader") or {}, party.id)
    work.add(party)
    parties.admit(work, jit.id, authority, Side.NEGOTIATING)
    authorization.seat(work, jit)
    expiry_deadlines.start(work, jit, [party])


def _leave(work: UnitOfWork, jit: Jit, row: JitAmendment) -> None:
    party = next(p for p in authorization.of_team(work, jit.id) if p.authority_id == row.authority_id)
    party.state, party.left_at = "left", work.now
    expiry_deadlines.drop(work, jit, party)
    authorization.release(work, jit, party.authority_id, Side.MEMBER)
    authorization.take_back(work, jit, party.authority_id)
    authorization.release(work, jit, party.authority_id, Side.NEGOTIATING)


def _extend(work: UnitOfWork, jit: Jit, row: JitAmendment) -> None:
    jit.until = row.until
    authorization.seat(work, jit)
    expiry_deadlines.move(work, jit)
    for other in pending(work, jit):
        if other.joining and other.id != row.id:
            parties.admit(work, jit.id, other.joining, Side.NEGOTIATING, until=jit.until)


def _repurpose(work: UnitOfWork, jit: Jit, row: JitAmendment) -> None:
    agreement.amend_terms(work, jit, {"purpose": _details(work, jit, row)["purpose"]})


def _reword(work: UnitOfWork, jit: Jit, row: JitAmendment) -> Mapping[str, int]:
    """Replace a clause. Evidence that waits for verification is assigned to the new space administrator."""
    said = _details(work, jit, row)
    new = said["platform"] if said["clause"] == "platform" else said["text"]
    clauses = unseal(key_of(work, jit), jit.sealed, jit.id).get("clauses", {})
    terms = {said["clause"]: new} if said["clause"] in TEXTS else {"clauses": {**clauses, said["clause"]: new}}
    agreement.amend_terms(work, jit, terms)
    handed = recipients.assign_verifier(work, jit.id) if said["clause"] == "platform" else 0
    return {"to_verify": handed} if handed else {}


def _operate(work: UnitOfWork, jit: Jit, row: JitAmendment) -> None:
    jit.states_of_operation = _details(work, jit, row)["states_of_operation"]


def _take_part(work: UnitOfWork, jit: Jit, row: JitAmendment) -> None:
    authority: UUID = row.authority_id  # type: ignore[assignment]
    membership.seat_participant(work, jit, authority, {**_details(work, jit, row), "until": row.until}, "/authority_id")


class Change(NamedTuple):
    """A kind of amendment.

    `check` runs when it is proposed, signed and applied. `apply` changes the agreement and returns figures for the journal.
    """

    check: Callable[[UnitOfWork, Jit, JitAmendment], None]
    apply: Callable[[UnitOfWork, Jit, JitAmendment], Mapping[str, int] | None]


CHANGES: Final[Mapping[str, Change]] = {
    "join": Change(_check_join, _join),
    "leave": Change(_check_leave, _leave),
    "period": Change(_check_period, _extend),
    "purpose": Change(_check_purpose, _repurpose),
    "clause": Change(_check_clause, _reword),
    "states_of_operation": Change(_check_states, _operate),
    "participant": Change(_check_participant, _take_part),
}
