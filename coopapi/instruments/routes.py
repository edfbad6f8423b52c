"""Instruments over HTTP: what they say, whom they bind, and which may be used."""

from collections.abc import Sequence
from typing import Any

from coopapi.access import Action
from coopapi.http.api import Blueprint
from coopapi.instruments import own, service
from coopapi.instruments.models import Assessment, Instrument
from coopapi.instruments.schemas import ApplicableFilter, AssessmentOut, InstrumentDetailOut, InstrumentFilter, InstrumentOut
from coopapi.store.db import UnitOfWork

blp = Blueprint("instruments", __name__, url_prefix="/api/v1", description="Legal instruments of cooperation")


@blp.route("/instruments", allow=Action.DIRECTORY_READ, query=InstrumentFilter, returns=InstrumentOut, many="items")
def list_instruments(wanted: dict[str, Any], *, work: UnitOfWork) -> Sequence[Instrument]:
    """List the instruments in order of preference: acts of the Union, conventions, bilateral treaties, reciprocity."""
    return service.of_country(wanted.get("country"), own.every(work))


@blp.route("/instruments/applicable", allow=Action.DIRECTORY_READ, query=ApplicableFilter, returns=AssessmentOut, many="items")
def find_applicable_instruments(wanted: dict[str, Any], *, work: UnitOfWork) -> Sequence[Assessment]:
    """Show for each instrument whether a request may be based on it, and if not, why."""
    on = wanted.get("on", work.now.date())
    way = (wanted["sender"], wanted["addressee"], wanted.get("measure"), wanted.get("kind"))
    return service.applicable(*way, on=on, among=own.every(work))


@blp.route("/instruments/<code>", allow=Action.DIRECTORY_READ, returns=InstrumentDetailOut)
def get_instrument(code: str, *, work: UnitOfWork) -> dict[str, Any]:
    """Show one instrument with its rules, parties and reservations."""
    return service.show(code, own.every(work))
