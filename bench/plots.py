"""Draw figures as SVG, without a library."""

import math
from collections.abc import Mapping, Sequence
from typing import Final
from xml.sax.saxutils import escape

_COLOURS: Final = ("#1f77b4", "#ff7f0e", "#2ca02c", "#9467bd")
_LEFT, _WIDE, _HIGH, _TOP = 360, 560, 13, 50


def speeds(figures: Mapping[str, Mapping[str, Mapping[str, float]]]) -> str:
    """Draw the median of each measurement, and its 99th percentile as a line, with one bar for each size of the register."""
    sizes = [place for place in figures if place != "bare"]
    bars = {name: [(row[name]["p50"], row[name]["p99"]) for row in map(figures.get, sizes) if row] for name in figures[sizes[0]]}
    return chart("milliseconds: median (bar) and 99th percentile (line)", [f"{int(size):,} identifiers" for size in sizes], bars)


def chart(title: str, series: Sequence[str], bars: Mapping[str, Sequence[tuple[float, float]]]) -> str:
    """Draw groups of horizontal bars on a logarithmic axis; each bar has a line from its end to a second value."""
    values = [value for group in bars.values() for pair in group for value in pair]
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))

    def place(value: float) -> float:
        return _LEFT + (math.log10(value) - low) / max(1, high - low) * _WIDE

    drawn: list[str] = [f'<text x="10" y="20" font-size="14">{escape(title)}</text>']
    for number, name in enumerate(series):
        drawn.append(f'<rect x="{10 + number * 170}" y="28" width="10" height="10" fill="{_COLOURS[number]}"/>')
        drawn.append(f'<text x="{24 + number * 170}" y="37">{escape(name)}</text>')
    y = _TOP
    for name, group in bars.items():
        drawn.append(f'<text x="{_LEFT - 6}" y="{y + _HIGH * len(group) / 2 + 4}" text-anchor="end">{escape(name)}</text>')
        for number, (value, end) in enumerate(group):
            wide, middle = place(value) - _LEFT, y + _HIGH / 2 - 1
            drawn.append(f'<rect x="{_LEFT}" y="{y}" width="{wide:.1f}" height="{_HIGH - 2}" fill="{_COLOURS[number]}"/>')
            drawn.append(f'<line x1="{place(value):.1f}" y1="{middle}" x2="{place(end):.1f}" y2="{middle}" stroke="#555"/>')
            y += _HIGH
        y += 8
    for power in range(low, high + 1):
        x = place(10.0**power)
        drawn.append(f'<line x1="{x:.1f}" y1="{_TOP - 4}" x2="{x:.1f}" y2="{y}" stroke="#ccc" stroke-dasharray="2"/>')
        drawn.append(f'<text x="{x:.1f}" y="{y + 12}" text-anchor="middle">{10.0**power:g}</text>')
    size = f'width="{_LEFT + _WIDE + 40}" height="{y + 24}" font-family="sans-serif" font-size="11"'
    white = '<rect width="100%" height="100%" fill="white"/>'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{white}{"".join(drawn)}</svg>\n'


def curves(title: str, series: Mapping[str, Sequence[tuple[float, float]]]) -> str:
    """Draw several series of points as lines over one horizontal axis, each in a field of its own that begins at zero."""
    most = max(x for points in series.values() for x, _ in points)
    high, gap, top = 110, 36, 40
    drawn = [f'<text x="10" y="20" font-size="14">{escape(title)}</text>']
    for number, (name, points) in enumerate(series.items()):
        peak = max(y for _, y in points) or 1.0
        foot = top + (high + gap) * number + high
        places = [f"{80 + x / most * _WIDE:.1f},{foot - y / peak * (high - 20):.1f}" for x, y in points]
        drawn += [
            f'<text x="80" y="{foot - high + 10}">{escape(name)}</text>',
            f'<line x1="80" y1="{foot}" x2="{80 + _WIDE}" y2="{foot}" stroke="#999"/>',
            f'<text x="74" y="{foot}" text-anchor="end">0</text>',
            f'<text x="74" y="{foot - high + 24}" text-anchor="end">{peak:,.0f}</text>',
            f'<polyline points="{" ".join(places)}" fill="none" stroke="{_COLOURS[number % len(_COLOURS)]}" stroke-width="1.5"/>',
            *(
                f'<text x="{80 + part * _WIDE:.0f}" y="{foot + 14}" text-anchor="middle">{part * most:,.0f}</text>'
                for part in (0.25, 0.5, 0.75, 1.0)
            ),
        ]
    size = f'width="{80 + _WIDE + 40}" height="{top + (high + gap) * len(series) + 10}" font-family="sans-serif" font-size="11"'
    white = '<rect width="100%" height="100%" fill="white"/>'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{white}{"".join(drawn)}</svg>\n'
