"""Imports over HTTP."""

from http import HTTPStatus
from typing import Any, Final
from uuid import UUID

from flask import request
from sqlalchemy import Select

from coopapi.access import Action
from coopapi.http.api import Blueprint
from coopapi.http.collection import Collection
from coopapi.http.middleware import UPLOADS
from coopapi.http.paging import Order
from coopapi.imports import service
from coopapi.imports.models import Import, ImportLine
from coopapi.imports.schemas import ImportFilter, ImportOut, ImportQuery, ReportFilter, ReportLineOut
from coopapi.store.db import UnitOfWork

_NDJSON: Final = """\
{"type": "case", "external_id": "4711", "reference": "RO-2026-4711", "title": "Parcels that were paid from stolen accounts"}
{"type": "subject", "case": "4711", "external_id": "P1", "pseudonym": "RO-P1", "category": "suspect"}
{"type": "identifier", "case": "4711", "external_id": "I1", "kind": "phone", "value": "+40 712 345 678",
 "subjects": [{"external_id": "P1"}]}
""".replace(",\n ", ", ")
_CSV: Final = "File,No,Kind,Value\n4711,I2,email,heron@example.org\n"

blp = Blueprint("imports", __name__, url_prefix="/api/v1", description="Bulk intake")


@blp.route(
    "/imports",
    method="POST",
    allow=Action.IMPORT_SEND,
    query=ImportQuery,
    counts_values=True,
    files=dict(zip(UPLOADS, (_NDJSON, _CSV), strict=True)),
    returns=ImportOut,
    status=HTTPStatus.ACCEPTED,
)
def send_import(wanted: dict[str, Any], *, work: UnitOfWork) -> Import:
    """Send a file of cases, subjects, persons and identifiers: NDJSON, or CSV with a mapping; gzip is accepted.

    The answer is 202: the lines are stored afterwards, one import of a client after the other. `GET /imports/{id}` shows how far
    it is. A file that is sent again changes nothing. `RateLimit` tells the quotas before its values are counted. docs/imports.md
    describes the lines.
    """
    compressed = request.headers.get("Content-Encoding", "").lower() == "gzip"
    return service.receive(work, request.stream, request.mimetype, wanted, compressed=compressed)


_IMPORTS = Collection(blp, "/imports", ImportOut, Action.IMPORT_READ, Action.IMPORT_SEND, item="/<uuid:import_id>")
_IMPORTS.list(
    "list_imports", service.listed, "List the imports of your client, or of your authority, newest first.", query=ImportFilter
)
_IMPORTS.get("get_import", Import, "Show how far an import is.")

_IMPORTS.act(
    "/stop",
    "stop_import",
    service.stop,
    """Stop an import of your client, such as one of the wrong file.

    What was stored stays, and the rest of the file is deleted. The report says what became of the lines that were read. While lines
    are being stored the answer waits for them; if that takes longer than 14 seconds, it is 503 with `Retry-After`: ask again.
    """,
)


def _lines(work: UnitOfWork, import_id: UUID, wanted: dict[str, Any]) -> Select[Any]:
    return service.lines_of(work, import_id, wanted)


Collection(blp, "/imports/<uuid:import_id>/report", ReportLineOut, Action.IMPORT_READ, Action.IMPORT_READ).list(
    "get_import_report",
    _lines,
    "Show what became of each line, in their order; for 30 days after the import has ended.",
    query=ReportFilter,
    order=Order((ImportLine.line,), descending=False),
)
