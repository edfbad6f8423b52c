"""What of timelines is wanted: of which cases, and which entries. Reading them and exporting them share these words."""

from typing import Any, Final

import marshmallow as ma
from marshmallow import fields

from coopapi.directory.codelists import LANGUAGES
from coopapi.exports.timelines.sources import THINGS
from coopapi.http.fields import Many, OneOf, Schema, Text, When, refusal

KINDS: Final = ("act", "fact")


class CasesFilter(Schema):
    """The things whose cases are wanted. Who uses this has a field `case_id`, too."""

    overlap_id = fields.UUID(metadata={"description": "The cases of this overlap that you may read."})
    jit_id = fields.UUID(metadata={"description": "The cases that are shared with this team and that you may read."})
    meeting_id = fields.UUID(metadata={"description": "The cases that are shared with this meeting and that you may read."})

    @ma.validates_schema
    def _one_choice(self, wanted: dict[str, Any], **_: Any) -> None:
        if len({"case_id", *THINGS} & wanted.keys()) != 1:
            raise refusal("one_needed", "Send one of case_id, overlap_id, jit_id and meeting_id.", "case_id")


class EntriesFilter(Schema):
    """Which entries of a timeline, and in which language."""

    since = When(metadata={"description": "Only entries at this time or later."})
    until = When(metadata={"description": "Only entries before this time."})
    type = Many(
        Text(60), 20, metadata={"description": "Only these types: names of events, such as `overlap.detected`, or kinds of facts."}
    )
    kind = OneOf(KINDS, name="TimelineKind", metadata={"description": "Only acts in the register, or only facts of the world."})
    subject_id = fields.UUID(metadata={"description": "Only entries about this subject or an identifier of it."})
    identifier_id = fields.UUID(metadata={"description": "Only entries about this identifier."})
    authority_id = fields.UUID(metadata={"description": "Only entries of this authority."})
    text = Text(
        200,
        metadata={
            "description": "Only entries in which this stands, in the sentence, the type, the text, the place or the pseudonyms."
        },
    )
    as_known_on = When(
        metadata={"description": "Facts and acts as the register knew them at this time, as far as you may see them today."}
    )
    language = OneOf(LANGUAGES, metadata={"description": "The language of the sentences (default en)."})
