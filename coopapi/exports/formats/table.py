"""All formats, by the name with which they are asked for."""

from collections.abc import Mapping
from typing import Final

from coopapi.exports.formats.case_uco import CaseUco
from coopapi.exports.formats.common import Format
from coopapi.exports.formats.ndjson import Ndjson
from coopapi.exports.formats.stix import Stix

FORMATS: Final[Mapping[str, Format]] = {"ndjson": Ndjson(), "case": CaseUco(), "stix": Stix()}
