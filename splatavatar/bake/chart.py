"""A line over time as inline SVG."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

WIDTH, HEIGHT = 480, 260
LEFT, RIGHT, TOP, BOTTOM = 52, 14, 34, 40
MINUTES_FROM = 300.0
"""seconds from which the axis counts minutes"""
DOTS_UP_TO = 40
"""longer series are drawn without a dot for each point"""


def ticks(low: float, high: float, wanted: int = 5) -> list[float]:
    """About ``wanted`` round numbers, 1, 2 or 5 times a power of ten apart; the outer ones enclose [low, high]."""
    if not high > low:
        low, high = low - 0.5 * (abs(low) or 1), high + 0.5 * (abs(high) or 1)
    rough = (high - low) / wanted
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * (1 - 1e-9))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(i * step, 12) for i in range(first, last + 1)]


def line_chart(title: str, unit: str, points: Sequence[tuple[float, float]], from_zero: bool = False) -> str:
    """An ``<svg>`` of ``points`` (seconds, value); the classes in it are styled by the page around it.

    ``unit`` is written at the value axis; that axis starts at 0 with ``from_zero``. Points that are not finite are left
    out, and without any point the chart says so.
    """
    shown = [(x, y) for x, y in points if math.isfinite(x) and math.isfinite(y)]
    head = (
        f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">'
        f'<text class="title" x="{LEFT}" y="18">{escape(title)}</text>'
    )
    if not shown:
        return (
            f'{head}<text class="tick" x="{WIDTH / 2:g}" y="{HEIGHT / 2:g}" text-anchor="middle">no data</text></svg>'
        )
    in_minutes = shown[-1][0] >= MINUTES_FROM
    times = [x / 60 if in_minutes else x for x, _ in shown]
    values = [y for _, y in shown]
    columns = ticks(0, max(times) or 1)
    rows = ticks(min(0.0, *values) if from_zero else min(values), max(values))
    right = max(times) or 1.0

    def at_x(time: float) -> float:
        return LEFT + time / right * (WIDTH - LEFT - RIGHT)

    def at_y(value: float) -> float:
        return HEIGHT - BOTTOM - (value - rows[0]) / (rows[-1] - rows[0]) * (HEIGHT - TOP - BOTTOM)

    parts = [head]
    for row in rows:
        y = at_y(row)
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text class="tick" x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{row:g}</text>')
    base = HEIGHT - BOTTOM
    parts.append(f'<line class="axis" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{base}" y2="{base}"/>')
    for column in columns:
        if column <= right * 1.001:
            x = at_x(column)
            parts.append(f'<line class="axis" x1="{x:.1f}" x2="{x:.1f}" y1="{base}" y2="{base + 4}"/>')
            parts.append(f'<text class="tick" x="{x:.1f}" y="{base + 17}" text-anchor="middle">{column:g}</text>')
    middle = (LEFT + WIDTH - RIGHT) / 2
    parts.append(
        f'<text class="tick" x="{middle:g}" y="{HEIGHT - 6}" text-anchor="middle">'
        f"wall time, {'minutes' if in_minutes else 'seconds'}</text>"
    )
    parts.append(
        f'<text class="tick" transform="translate(13 {(TOP + base) / 2:g}) rotate(-90)" text-anchor="middle">'
        f"{escape(unit)}</text>"
    )
    corners = [(at_x(x), at_y(y)) for x, y in zip(times, values, strict=True)]
    parts.append(f'<polyline class="line" points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in corners)}"/>')
    if len(corners) <= DOTS_UP_TO:
        for (x, y), (seconds, value) in zip(corners, shown, strict=True):
            parts.append(
                f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="3"><title>{value:.4g} {escape(unit)} at '
                f"{seconds:.0f} s</title></circle>"
            )
    parts.append(f'<text class="last" x="{WIDTH - RIGHT}" y="18" text-anchor="end">{values[-1]:.4g} at the end</text>')
    return "".join([*parts, "</svg>"])
