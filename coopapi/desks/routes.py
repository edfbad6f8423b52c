"""The index of a State over HTTP."""

from typing import Any

from coopapi.access import Action
from coopapi.desks import service
from coopapi.desks.schemas import StateIndexFilter, StateIndexOut
from coopapi.http.api import Blueprint
from coopapi.http.paging import Page
from coopapi.store.db import UnitOfWork

blp = Blueprint("desks", __name__, url_prefix="/api/v1/state-index", description="What a Eurojust desk sees of its State")


@blp.route("", allow=Action.STATE_INDEX_READ, query=StateIndexFilter, returns=StateIndexOut, page=True)
def list_state_index(wanted: dict[str, Any], *, work: UnitOfWork) -> Page:
    """List the requests, teams, meetings or disclosures of your State, newest first, as an index without content.

    Only the Eurojust desk of a State has such an index (Regulation (EU) 2018/1727 Art. 24). What concerns a hidden case of your
    State, or one with `desk: none`, is not in it. `missed=true` lists what a deadline was missed of.
    """
    return service.state_index(work, wanted)
