"""Search by text in what the caller may see (`priv.search`): in fields without personal data, which are stored unsealed."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from coopapi.cases.models import Case
from coopapi.cases.views import show_cases
from coopapi.errors import fault
from coopapi.http.paging import LIMIT, Page, begins_at, cut, place_of
from coopapi.jits.models import Jit
from coopapi.meetings.models import Meeting
from coopapi.mla.models import Request
from coopapi.search import words
from coopapi.search.models import KINDS
from coopapi.store.db import UnitOfWork, as_json
from coopapi.store.rows import Versioned
from coopapi.store.statements import Statement, array

_SEARCH: Final = Statement(
    "select * from priv.search(cast(:words as text[]), cast(:codes as jsonb), cast(:similar as jsonb), cast(:wanted as jsonb),"
    " cast(:score as integer), cast(:id as uuid), :most, cast(:only as uuid[]))"
)
_SIMILAR: Final = Statement("select * from priv.similar_words(cast(:words as text[]))")
_PATHS: Final = {"case": "cases", "request": "mla-requests", "jit": "jits", "meeting": "meetings"}
_MODELS: Final[Mapping[str, type[Versioned]]] = {"request": Request, "jit": Jit, "meeting": Meeting}
_FIRST: Final[Mapping[str, Any]] = {"score": None, "id": None}


def read_words(text: str) -> Mapping[str, Any]:
    """Return the words of a search. Raises `Unprocessable` if there are none or too many."""
    asked = words.asked(text)
    if not asked["words"]:
        raise fault("/q", "words", "The text has no letter and no digit.")
    if len(asked["words"]) > words.MOST_WORDS:
        raise fault("/q", "many_words", f"A search has at most {words.MOST_WORDS} different words.")
    return asked


def kinds_for(work: UnitOfWork, kind: str | None) -> list[str]:
    """Return the kinds of things to search: those that the caller's role may see, or one of them."""
    return [name for name, action in KINDS.items() if work.actor.may(action) and kind in {None, name}]


def found(work: UnitOfWork, wanted: Mapping[str, Any], most: int, **more: Any) -> tuple[list[Any], bool]:
    """Return the best things after a place (`score` and `id`), or of those in `only`, and whether every candidate was looked at."""
    asked = read_words(wanted["q"])
    filters = {name: wanted[name] for name in ("state", "country") if name in wanted}
    values = {
        "words": array(asked["words"]),
        "codes": as_json(asked["codes"]),
        "similar": as_json(_similar(work, asked["words"])),
        "wanted": as_json({**filters, "kinds": kinds_for(work, wanted.get("kind"))}),
        "most": most,
    }
    rows = _SEARCH.rows(work.session, **{**_FIRST, "only": None, **values, **more})
    return [row for row in rows if row.object_id], rows[0].complete


def _similar(work: UnitOfWork, every: Sequence[str]) -> list[list[str]]:
    """Return for each word those words of things that the caller may see which differ from it by typing errors."""
    rows = _SIMILAR.rows(work.session, words=array(every))
    return [[row.word for row in rows if row.asked == word and words.differ_by_typing(word, row.word)] for word in every]


def search(work: UnitOfWork, wanted: Mapping[str, Any]) -> Page:
    """Return a page of what a text finds, the best first. Raises `Unprocessable` for a text without words."""
    place, limit = place_of(work, "search", wanted), wanted.get("limit", LIMIT)
    at = begins_at(work, wanted, place)
    begins = {"score": at[0], "id": UUID(at[1])} if at else {}
    rows, complete = found(work, wanted, limit + 1, **begins)
    work.note("search.made", object_type="search", consultation=True, count=len(rows[:limit]))
    page = cut(work, rows, limit, place, lambda row: [row.score, row.object_id])
    return Page(show(work, page.items), page.next, complete=complete, shown=True)


def show(work: UnitOfWork, rows: Sequence[Any]) -> list[dict[str, Any]]:
    """Return found things as they are shown, with what the caller sees of each."""
    seen = _seen(work, rows)
    return [
        {
            "kind": row.kind,
            "id": row.object_id,
            "path": f"/api/v1/{_PATHS[row.kind]}/{row.object_id}",
            **seen[row.object_id],
            "state": row.state,
            "countries": sorted({country for country in row.countries if country}),
            "matched": row.fields,
        }
        for row in rows
        if row.object_id in seen
    ]


def _seen(work: UnitOfWork, rows: Sequence[Any]) -> dict[UUID, dict[str, Any]]:
    ids = {kind: [row.object_id for row in rows if row.kind == kind] for kind in KINDS}
    cases = work.session.scalars(work.all(Case).where(Case.id.in_(ids["case"]))).all() if ids["case"] else []
    shown = {
        case["id"]: {"reference": case["reference"], "title": case["title"], "authority_id": case["authority"]["id"]}
        for case in show_cases(work, cases)
    }
    for kind, model in _MODELS.items():
        if ids[kind]:
            things: Sequence[Any] = work.session.scalars(work.all(model).where(model.id.in_(ids[kind]))).all()
            shown |= {one.id: {"reference": one.reference, "title": None, "authority_id": _maker(one)} for one in things}
    return shown


def _maker(thing: Any) -> UUID:
    """Return the authority that asks in a request, made a team, or convened a meeting."""
    made_by: UUID = next(getattr(thing, name) for name in ("requesting_id", "maker_id", "convener_id") if hasattr(thing, name))
    return made_by
