"""All formats of timelines, by the name with which they are asked for."""

from collections.abc import Mapping
from typing import Final

from coopapi.exports.timelines.calendar import Ics
from coopapi.exports.timelines.entries import TimelineFormat, WholeFormat
from coopapi.exports.timelines.rows import Csv
from coopapi.exports.timelines.timesketch import TimesketchCsv, TimesketchJsonl
from coopapi.exports.timelines.whole import HTML, PDF, SVG

IN_PORTIONS: Final[Mapping[str, TimelineFormat]] = {
    "timeline-csv": Csv(),
    "timeline-timesketch": TimesketchJsonl(),
    "timeline-timesketch-csv": TimesketchCsv(),
}
AT_ONCE: Final[Mapping[str, WholeFormat]] = {
    "timeline-ics": Ics(),
    "timeline-svg": SVG,
    "timeline-html": HTML,
    "timeline-pdf": PDF,
}
DRAWN: Final = ("timeline-svg", "timeline-html", "timeline-pdf")
"""The formats for which the typesetter is needed."""
DATED: Final = ("timeline-ics", "timeline-timesketch", "timeline-timesketch-csv")
"""The formats that have no place for an entry without a date."""
TIMELINES: Final[Mapping[str, TimelineFormat | WholeFormat]] = {**IN_PORTIONS, **AT_ONCE}
