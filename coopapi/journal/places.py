"""Where the thing is read that an event is about."""

from typing import Final
from uuid import UUID

_PATHS: Final = {
    "case": "/cases/{object}",
    "subject": "/cases/{case}/subjects/{object}",
    "identifier": "/cases/{case}/identifiers/{object}",
    "fact": "/cases/{case}/facts/{object}",
    "overlap": "/overlaps/{object}",
    "disclosure": "/disclosures/{object}",
    "request": "/mla-requests/{object}",
    "meeting": "/meetings/{object}",
    "jit": "/jits/{object}",
    "consultation": "/jurisdiction-consultations/{object}",
    "import": "/imports/{object}",
    "export": "/exports/{object}",
    "savedsearch": "/saved-searches/{object}",
}


def path_of(object_type: str, object_id: UUID | None, case_id: UUID | None) -> str:
    """Return the path below /api/v1 of what an event is about, or of the events of its case if it has no path of its own."""
    path = _PATHS.get(object_type)
    if path and object_id and (case_id or "{case}" not in path):
        return path.format(object=object_id, case=case_id)
    return f"/events?case_id={case_id}" if case_id else "/events"
