"""Draw a table of figures as bars, in SVG without scripts or links."""

import re
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Final

import pygal
from pygal.style import Style

# pygal looks for its plugins with an import hook of an old kind, which slows down and disturbs all other imports
sys.meta_path[:] = [finder for finder in sys.meta_path if type(finder).__module__ != pygal.__name__]

MOST_BARS: Final = 30
"""How many groups are drawn, the largest first. The title says how many are left out."""
_LONGEST: Final = 40
_BESIDE: Final = re.compile("<script.*?</script>|<!--.*?-->", re.DOTALL)
"""The script that would show values under the pointer, and comments. Texts of a drawing are escaped, so this is no part of one."""
_PARTS: Final[Mapping[str, tuple[str, ...]]] = {
    "requests": (
        "fulfilled",
        "partly_fulfilled",
        "not_fulfilled",
        "refused",
        "returned",
        "withdrawn",
        "pending",
        "outcome_unknown",
    ),
    "overlaps": ("confirmed", "rejected", "unsure", "under_verification", "not_verified"),
    "cases": ("under_way", "closed", "transferred", "withdrawn"),
    "meetings": ("held", "cancelled"),
    "teams": ("active", "ended", "abandoned"),
    "stages": ("hours.median",),
}
"""The figures of which the bars of each subject are made. Of other tables, all figures are drawn beside each other."""
_COLOURS: Final = ("#0072b2", "#56b4e9", "#e69f00", "#d55e00", "#cc79a7", "#999999", "#f0e442", "#444444")
"""Colours that people with colour blindness tell apart (Okabe and Ito)."""
_STYLE: Final = Style(
    background="white", plot_background="white", colors=_COLOURS, font_family="sans-serif", opacity="1", label_font_size=11,
    major_label_font_size=11, legend_font_size=11, title_font_size=14, no_data_font_size=14,
)  # fmt: skip

_LAYOUT: Final[Mapping[str, Any]] = {
    "js": (),
    "no_prefix": True,
    "disable_xml_declaration": True,
    "explicit_size": True,
    "width": 900,
    "spacing": 8,
    "legend_at_bottom": True,
    "legend_at_bottom_columns": 4,
    "truncate_label": _LONGEST,
    "truncate_legend": _LONGEST,
    "no_data_text": "no figures",
}


def of_table(subject: str, by: Sequence[str], rows: Sequence[tuple[tuple[str, ...], Mapping[str, Any]]]) -> bytes:
    """Return a drawing of the groups of a table: bars that are made of what became of the things of each group."""
    parts = _PARTS.get(subject) or tuple(dict.fromkeys(name for _, figures in rows for name in figures))
    groups = sorted(((_label(keys, figures), _bars(figures, parts)) for keys, figures in rows), key=lambda row: -sum(row[1]))
    drawn = groups[:MOST_BARS]
    left_out = f", {len(groups) - len(drawn)} smaller groups left out" if len(groups) > len(drawn) else ""
    kind = pygal.HorizontalStackedBar if subject in _PARTS else pygal.HorizontalBar
    title = f"{_words(subject)} by {', '.join(map(_words, by)) or 'nothing'}{left_out}"
    chart = kind(style=_STYLE, title=title, height=160 + 24 * len(drawn), **_LAYOUT)
    drawn.reverse()  # the first row is at the bottom
    chart.x_labels = [label for label, _ in drawn]
    for place, name in enumerate(parts):
        chart.add(_words(name), [bars[place] for _, bars in drawn])
    svg: str = chart.render(is_unicode=True)
    return _BESIDE.sub("", svg).encode()


def _label(keys: Sequence[str], figures: Mapping[str, Any]) -> str:
    """Return the name of a group. A state of requests is told by a figure of its own."""
    told = [*keys, *([figures["stage"]] if isinstance(figures.get("stage"), str) else [])]
    return " · ".join(told) or "all"


def _bars(figures: Mapping[str, Any], parts: Sequence[str]) -> list[float]:
    return [_number(figures.get(name)) for name in parts]


def _number(value: Any) -> float:
    """Return a figure as a length; what is fewer than five, or not published, has none."""
    text = str(value)
    return float(text) if text.replace(".", "", 1).isdigit() else 0.0


def _words(name: str) -> str:
    return name.replace("_", " ").replace(".", ", ")
