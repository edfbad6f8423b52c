"""All formats, by the name with which they are asked for: those of a case, and those of timelines."""

from collections.abc import Mapping
from typing import Final

from coopapi.exports.formats.case_uco import CaseUco
from coopapi.exports.formats.common import Format
from coopapi.exports.formats.ndjson import Ndjson
from coopapi.exports.formats.stix import Stix
from coopapi.exports.timelines.entries import TimelineFormat, WholeFormat
from coopapi.exports.timelines.table import TIMELINES

FORMATS: Final[Mapping[str, Format]] = {"ndjson": Ndjson(), "case": CaseUco(), "stix": Stix()}
EVERY: Final[Mapping[str, Format | TimelineFormat | WholeFormat]] = {**FORMATS, **TIMELINES}
