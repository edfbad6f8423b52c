"""Legal instruments of central authorities over HTTP."""

from http import HTTPStatus

from coopapi.access import Action
from coopapi.http.api import Blueprint
from coopapi.http.collection import Collection
from coopapi.instruments import own
from coopapi.instruments.own_models import OwnInstrument
from coopapi.instruments.own_schemas import OwnInstrumentEndIn, OwnInstrumentFilter, OwnInstrumentIn, OwnInstrumentOut

blp = Blueprint(
    "own_instruments",
    __name__,
    url_prefix="/api/v1/own-instruments",
    description="Legal instruments that central authorities enter",
)

_OWN = Collection(
    blp, "", OwnInstrumentOut, Action.DIRECTORY_READ, Action.INSTRUMENT_PROPOSE, own.show, item="/<uuid:instrument_id>"
)
_OWN.list(
    "list_own_instruments",
    own.listed,
    "List the treaties that central authorities have entered, and what they took away from shipped instruments.",
    query=OwnInstrumentFilter,
)
_OWN.add(
    "propose_own_instrument",
    own.propose,
    """Propose a treaty of your country, or a narrowing of a shipped instrument.

    It counts once a person of the operator has approved it at `/approvals`.
    """,
    body=OwnInstrumentIn,
)
_OWN.get("get_own_instrument", OwnInstrument, "Show one instrument that a central authority entered.")
_OWN.act(
    "/end",
    "end_own_instrument",
    own.end,
    "Ask for another last day of an instrument of yours; a person of the operator approves it.",
    body=OwnInstrumentEndIn,
    status=HTTPStatus.ACCEPTED,
    changes=True,
)
