"""Search over HTTP."""

from typing import Any, Final

from coopapi.access import Action
from coopapi.http.api import Blueprint
from coopapi.http.collection import Collection
from coopapi.http.paging import Page
from coopapi.search import identifiers, saved, service
from coopapi.search.models import SavedSearch
from coopapi.search.schemas import (
    IdentifierSearchIn,
    IdentifierSearchOut,
    SavedSearchIn,
    SavedSearchOut,
    SavedSearchPatch,
    SearchFilter,
    SearchHitOut,
)
from coopapi.store.db import UnitOfWork

blp = Blueprint("search", __name__, url_prefix="/api/v1", description="Search by text, by identifier and by person")
LARGEST_SEARCH: Final = 64 * 1024
"""The most bytes that a search for an identifier or a person has."""


@blp.route("/search", allow=Action.SEARCH_READ, query=SearchFilter, returns=SearchHitOut, page=True)
def search(wanted: dict[str, Any], *, work: UnitOfWork) -> Page:
    """Find cases, requests, teams and meetings that you may see by words in fields without personal data.

    These are references, titles and operations of cases, handlers of your own authority, states, countries and categories. Each
    thing is found only by what your access to it shows. `complete` is false if the words occur too often to look at everything:
    then add a word.
    """
    return service.search(work, wanted)


@blp.route(
    "/search/identifiers",
    method="POST",
    allow=Action.IDENTIFIER_CLEAR,
    body=IdentifierSearchIn,
    returns=IdentifierSearchOut,
    counts_values=True,
    only_reads=LARGEST_SEARCH,
)
def search_identifiers(data: dict[str, Any], *, work: UnitOfWork) -> dict[str, Any]:
    """Find a value or a person among the identifiers of cases that you may read, for one of these cases.

    The value is read as when it is registered, and persons are scored as in overlaps. What others hold is never searched: register
    the value in your case, and overlaps are found. What is found tells nothing of links to victims. The search counts against
    your quotas as a registration does, and is recorded as a consultation of the case and of each case in which something is
    found, without the value.
    """
    return identifiers.search_identifiers(work, data)


_SAVED = Collection(
    blp, "/saved-searches", SavedSearchOut, Action.SEARCH_READ, Action.SEARCH_READ, show=saved.show, item="/<uuid:search_id>"
)
_SAVED.list("list_saved_searches", saved.listed, "List your saved searches, newest first.")
_SAVED.add(
    "save_search",
    saved.save,
    """Save a search by text. The event `search.found` tells you what it finds later for the first time, once for each thing.

    That is what you newly see, and what you saw before and was changed so that it matches now.
    """,
    body=SavedSearchIn,
)
_SAVED.get("get_saved_search", SavedSearch, "Show one of your saved searches.")
_SAVED.update("change_saved_search", saved.change, "Rename a saved search, or make it inactive or active.", body=SavedSearchPatch)
