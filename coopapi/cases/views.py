"""How cases are shown: as far as the caller's level of access goes."""

from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Any, ClassVar, Final, NamedTuple
from uuid import UUID

from coopapi.access import Level
from coopapi.cases import titles
from coopapi.cases.models import Case
from coopapi.errors import NotFound
from coopapi.http.paging import LIMIT, Page, open_cursor, place_of, seal_cursor
from coopapi.store.db import UnitOfWork, as_json
from coopapi.store.statements import Statement
from coopapi.unicode_text import fold_reference

_INDEX_FIELDS: Final = ("id", "crime_categories", "visibility")
_OPEN_FIELDS: Final = (*_INDEX_FIELDS, "reference", "title")
_DESK_FIELDS: Final = (*_OPEN_FIELDS, "handler_id", "state")
_COLUMNS: Final = tuple(column.key for column in Case.__table__.columns)
_NOTHING: Final = dict.fromkeys(_COLUMNS)
_READERS: Final = {fields: attrgetter(*fields) for fields in (_INDEX_FIELDS, _OPEN_FIELDS, _DESK_FIELDS, _COLUMNS)}
_BESIDE: Final = "f.name, f.country, f.level, f.responsible, f.for_desk, f.handler_name"
_COLUMNS_SHOWN: Final = f"select (f.shown).*, {_BESIDE}"
_SHOWN: Final = Statement(f"{_COLUMNS_SHOWN} from priv.shown_cases(cast(:cases as uuid[])) f")
_CONSULTED: Final = Statement(
    f"{_COLUMNS_SHOWN}, priv.record(cast(:notes as jsonb)) from priv.shown_cases(array [cast(:case as uuid)]) f"
)
_IN_A_PAGE: Final = ", ".join(
    f"(f.shown).{column.key}{'::text' * (column.type.python_type is UUID)} as {column.key}" for column in Case.__table__.columns
)
"""The columns of a case, with ids as texts, because a page only shows them."""
_PAGE: Final = Statement(
    f"select {_IN_A_PAGE}, {_BESIDE} from priv.page_of_cases(cast(:wanted as jsonb), :before, :most) f"  # noqa: S608 (constants)
)
_AFTER_ALL: Final = UUID(int=2**128 - 1)


class CaseView(dict[str, Any]):
    """A case, reduced to the fields that the caller's level of access shows. The others are None."""

    __kind__: ClassVar[str] = Case.__kind__

    @property
    def id(self) -> UUID | str:
        """The id of the case, which is a text in a page."""
        found: UUID | str = self["id"]
        return found

    @property
    def etag(self) -> str:
        """The ETag of this view. It differs for callers who see only the index."""
        found: str = self["etag"]
        return found


def consult_case(work: UnitOfWork, case_id: UUID) -> CaseView:
    """Return one case as the caller may see it, and record that the caller looked at it, all in one round trip.

    Raises `NotFound` if the case is absent or hidden from the caller. Nothing is recorded then.
    """
    work.note("case.consulted", CaseView(id=case_id), case_id=case_id, consultation=True)
    found = _CONSULTED.alone(work.session, case=case_id, notes=work.take_notes())
    if not found:
        raise NotFound
    return _view(found[0])


def show_cases(work: UnitOfWork, cases: Sequence[Case]) -> list[CaseView]:
    """Return the cases, each with the fields that the caller's access to it shows, in one query unless they were just opened.

    A case to which the caller's access ended since it was read is left out.
    """
    unread = [case.id for case in cases if not case.just_opened]
    found, own = seen(work, unread) if unread else {}, _MoreOfCase(work.actor.authority_name, work.actor.country)
    return [_view(case, own) if case.just_opened else found[case.id] for case in cases if case.just_opened or case.id in found]


def page_of_cases(work: UnitOfWork, wanted: Mapping[str, Any]) -> Page:
    """Return a page of the cases that the caller sees, newest first, each as far as its access goes."""
    place, limit = place_of(work, "cases", wanted), wanted.get("limit", LIMIT)
    before = UUID(open_cursor(work, wanted["cursor"], place)["at"][0]) if "cursor" in wanted else _AFTER_ALL
    filters = {**wanted, "reference": fold_reference(wanted["reference"])} if "reference" in wanted else wanted
    found = _PAGE.alone(work.session, wanted=as_json(filters), before=before, most=limit + 1)
    shown = [_view(case) for case in found[:limit]]
    following = seal_cursor(work, {"at": [shown[-1]["id"]]}, place) if len(found) > limit else None
    return Page(shown, following, shown=True)


def seen(work: UnitOfWork, case_ids: Sequence[UUID]) -> dict[UUID, CaseView]:
    """Return those of these cases that the caller sees, each with the fields that its access shows."""
    return {case.id: _view(case) for case in _SHOWN.rows(work.session, cases=case_ids)}


class _MoreOfCase(NamedTuple):
    """What is shown beside the columns of a case. The rest is what the authority that opened the case is shown at once."""

    name: str
    country: str | None
    level: int = Level.OWN
    responsible: Mapping[str, Any] | None = None
    for_desk: bool = False
    handler_name: str | None = None


def _view(case: Any, more: Any = None) -> CaseView:
    """Return the view of a case from its columns and what is shown beside them, which the database returns in the same row."""
    more = more or case
    level = Level(more.level)
    index = _OPEN_FIELDS if case.visibility == "open_index" else _INDEX_FIELDS
    fields = _COLUMNS if level > Level.INDEX else _DESK_FIELDS if more.for_desk else index
    responsible = more.responsible or {}
    return CaseView(
        {
            **_NOTHING,
            **dict(zip(fields, _READERS[fields](case), strict=True)),
            "authority": {"id": case.authority_id, "name": more.name, "country": more.country},
            "handler_name": more.handler_name,
            "title_warnings": titles.warnings(case.title) if "title" in fields else [],
            "responsible_authority": responsible.get("accepted"),
            "named_authority": responsible.get("named"),
            "level": level.name.lower(),
            "etag": f"v{case.version}" if level > Level.INDEX else f"v{case.version}{'d' if more.for_desk else 'i'}",
        }
    )
