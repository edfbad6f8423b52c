"""Exports over HTTP."""

from http import HTTPStatus
from typing import Final
from uuid import UUID

from flask import request

from coopapi.access import Action
from coopapi.exports import service
from coopapi.exports.formats.table import EVERY
from coopapi.exports.models import Export
from coopapi.exports.schemas import ExportFilter, ExportIn, ExportOut
from coopapi.http.api import Blueprint
from coopapi.http.collection import Collection
from coopapi.http.files import Download
from coopapi.store.db import UnitOfWork

_SAID: Final = {
    "ndjson": '{"type": "case", "external_id": "4711", "reference": "RO-2026-4711", "title": "Stolen accounts"}\n',
    "case": '{"@context": {}, "@graph": []}',
    "stix": '{"type": "bundle", "id": "bundle--5d0f6f0e-6d2b-4a54-9d5e-9e7f3c6c1f0a", "objects": []}',
    "timeline-csv": "record,id,kind,at\r\n",
    "timeline-ics": "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//coopapi//timeline//EN\r\nEND:VCALENDAR\r\n",
    "timeline-svg": '<svg xmlns="http://www.w3.org/2000/svg"/>',
    "timeline-html": "<!DOCTYPE html>",
    "timeline-pdf": "%PDF-1.7",
}
_EXAMPLES: Final = {EVERY[name].media_type: said for name, said in _SAID.items()}

blp = Blueprint("exports", __name__, url_prefix="/api/v1", description="Cases in files for named recipients")

_EXPORTS = Collection(
    blp, "/exports", ExportOut, Action.CASE_EXPORT, Action.CASE_EXPORT, show=service.show, item="/<uuid:export_id>"
)
_EXPORTS.list(
    "list_exports", service.listed, "List your exports, and those that you may decide about, newest first.", query=ExportFilter
)
_EXPORTS.add(
    "ask_export",
    service.ask,
    """Ask for a file of a case, or of the timelines of cases, for a named recipient.

    The file is made afterwards; `GET /exports/{id}` shows how far it is.
    """,
    body=ExportIn,
    status=HTTPStatus.ACCEPTED,
)
_EXPORTS.get("get_export", Export, "Show how far an export is, and what was left out.")


@blp.route("/exports/<uuid:export_id>/content", allow=Action.CASE_EXPORT, files=_EXAMPLES)
def get_export_content(export_id: UUID, *, work: UnitOfWork) -> Download:
    """Download the file of an export, for seven days after it was made.

    One answer has at most 16 MiB. A larger file is read in parts with the header `Range`; a single range of bytes is answered with
    206. `Repr-Digest` is the digest of the whole file (RFC 9530). Each download is recorded in the journal.
    """
    wanted = (
        request.range.ranges[0] if request.range and len(request.range.ranges) == 1 and request.range.units == "bytes" else None
    )
    job, first, body = service.content(work, export_id, wanted)
    form = EVERY[job.format]
    name = f"{job.id}.{form.suffix}"
    return Download(body, form.media_type, name, first, job.size, bytes(job.digest or b""), partial=wanted is not None)
