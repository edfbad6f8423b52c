"""What the worker does for search: it writes words of things, compares saved searches with what is new, and forgets values."""

import logging
from collections.abc import Sequence
from typing import Any, Final
from uuid import uuid4

from coopapi.auth.authentication import as_account
from coopapi.errors import CoopError
from coopapi.search import saved, service
from coopapi.search.words import words_in
from coopapi.store.db import Database
from coopapi.store.putting_off import Batch, no_longer_put_off
from coopapi.store.statements import Statement, array
from coopapi.store.vault import BrokenSeal

MOST_THINGS: Final = 50
"""How many entries of the list of changed things are followed in one transaction."""
MOST_SEARCHES: Final = 20
"""How many saved searches are compared at one time."""
MOST_COMPARED: Final = 200
"""With how many things one saved search is compared at one time."""
_MOST_FORGOTTEN: Final = 1000
_NEXT: Final = Statement("select priv.next_things(:most)")
_READ: Final = Statement("select * from priv.to_index(cast(:things as uuid[]))")
_STORE: Final = Statement(
    "select priv.index_things(cast(:things as uuid[]), cast(:entries as bigint[]), cast(:of as uuid[]), cast(:places as uuid[]),"
    " cast(:numbers as integer[]), cast(:fields as text[]), cast(:words as text[]))"
)
_CHECKS: Final = Statement("select * from priv.searches_to_check(:most, :each)")
_TELL: Final = Statement(
    "select priv.tell_found(:search, cast(:compared as uuid[]), cast(:found as uuid[]), cast(:kinds as text[]))"
)
_FORGET: Final = Statement("select priv.forget_searched(:most)")
_log = logging.getLogger("coopapi.search")


def index(database: Database, batch: Batch) -> None:
    """Write the words of the next things that were made or changed, or that somebody sees more or less of."""
    with database.worker() as session:
        things = _READ.rows(session, things=array(batch.take(session, _NEXT, most=MOST_THINGS)))
        if things:
            _STORE.rows(session, **_words_of(things))


def _words_of(things: Sequence[Any]) -> dict[str, str]:
    """Return things and the words that each place may find them by, as `priv.index_things` expects them."""
    places = [(thing, place["place"], place.get("fields") or thing.said) for thing in things for place in thing.places]
    words = [(number, *word) for number, (thing, _, fields) in enumerate(places, 1) for word in words_in(thing.said, fields)]
    return {
        "things": array(thing.object_id for thing in things),
        "entries": array(entry for thing in things for entry in thing.entries),
        "of": array(thing.object_id for thing, *_ in places),
        "places": array(place for _, place, _ in places),
        "numbers": array(number for number, *_ in words),
        "fields": array(field for _, field, _ in words),
        "words": array(word for *_, word in words),
    }


def compare_saved(database: Database, batch: Batch) -> None:
    """Compare saved searches with things of which their owners see something new, and tell of what is found for the first time.

    Each is compared in the name of its owner, with the rights that the owner has at that moment. One that fails is put off, and
    those after it are left for the next time.
    """
    with database.worker() as session:
        batch.take(session)
        waiting = _CHECKS.rows(session, most=batch.most(MOST_SEARCHES), each=MOST_COMPARED)
    for search in waiting:
        batch.pieces = [str(search.id)]
        found = _found(database, search)
        ids, kinds = [row.object_id for row in found], [row.kind for row in found]
        with database.worker() as session:
            _TELL.rows(session, search=search.id, compared=search.objects, found=ids, kinds=kinds)
            if search.again:
                no_longer_put_off(session, batch.kind, str(search.id))


def _found(database: Database, search: Any) -> list[Any]:
    """Return those of the things that a saved search finds now.

    If its owner may no longer search, or its text can no longer be read, it finds nothing.
    """
    try:
        with as_account(database, search, uuid4().hex) as work:
            wanted = {**search.filters, "q": saved.said(work, search)["q"]}
            return service.found(work, wanted, MOST_COMPARED, only=search.objects)[0]
    except (CoopError, BrokenSeal) as fault:
        _log.warning("a saved search was not made", extra={"error": type(fault).__name__})
        return []


def forget_searched(database: Database) -> bool:
    """Delete the digests of values whose search cost quota more than a day ago. Returns False if there were none."""
    with database.worker() as session:
        return bool(_FORGET.value(session, most=_MOST_FORGOTTEN))
