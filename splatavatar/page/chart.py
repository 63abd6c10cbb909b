"""Lines over time as inline SVG."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from splatavatar.page.words import words

WIDTH, HEIGHT = 480, 260
STRIP_WIDTH, STRIP_HEIGHT = 1000, 200
LEFT, RIGHT, TOP, BOTTOM = 58, 14, 34, 40
MINUTES_FROM = 300.0
"""seconds from which the axis of a bake counts minutes"""
DOTS_UP_TO = 40
"""longer series are drawn without a dot for each point"""
COLOURS = 6
"""lines that a strip can tell apart"""
LEGEND_GLYPH = 7.0
"""mean width of a letter of a legend, pixels"""
FLAT, LEAST = 1e-9, 1e-100
"""share of the values, and spread, up to which they count as one: what is left of computing with floats"""

Points = Sequence[tuple[float, float]]


def ticks(low: float, high: float, wanted: int = 5) -> list[float]:
    """About ``wanted`` round numbers, 1, 2 or 5 times a power of ten apart; the outer ones enclose [low, high]."""
    size = max(abs(low), abs(high))
    if not high - low > max(FLAT * size, LEAST):
        size = size if size > LEAST else 1.0
        low, high = low - 0.5 * size, high + 0.5 * size
    rough = (high - low) / wanted
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * (1 - 1e-9))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    digits = max(12, 2 - math.floor(math.log10(step)))
    return [round(i * step, digits) for i in range(first, last + 1)]


@dataclass(frozen=True)
class _Axes:
    """The plane of a chart: times from 0 to ``right``, values from the first to the last of ``rows``."""

    width: int
    height: int
    right: float
    rows: list[float]

    @property
    def base(self) -> int:
        return self.height - BOTTOM

    def at_x(self, time: float) -> float:
        return LEFT + time / self.right * (self.width - LEFT - RIGHT)

    def at_y(self, value: float) -> float:
        return self.base - (value - self.rows[0]) / (self.rows[-1] - self.rows[0]) * (self.base - TOP)

    def corners(self, points: Points) -> list[tuple[float, float]]:
        return [(self.at_x(x), self.at_y(y)) for x, y in points]

    def svg(self, across: str, up: str, columns: int) -> Iterable[str]:
        """Grid and numbers, and what the axes count."""
        for row in self.rows:
            y = self.at_y(row)
            yield f'<line class="grid" x1="{LEFT}" x2="{self.width - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
            yield f'<text class="tick" x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{row:g}</text>'
        yield f'<line class="axis" x1="{LEFT}" x2="{self.width - RIGHT}" y1="{self.base}" y2="{self.base}"/>'
        for column in ticks(0, self.right, columns):
            if column <= self.right * 1.001:
                x = self.at_x(column)
                yield f'<line class="axis" x1="{x:.1f}" x2="{x:.1f}" y1="{self.base}" y2="{self.base + 4}"/>'
                yield f'<text class="tick" x="{x:.1f}" y="{self.base + 17}" text-anchor="middle">{column:g}</text>'
        middle = (LEFT + self.width - RIGHT) / 2
        yield f'<text class="tick" x="{middle:g}" y="{self.height - 6}" text-anchor="middle">{words(across)}</text>'
        yield (
            f'<text class="tick" transform="translate(11 {(TOP + self.base) / 2:g}) rotate(-90)" text-anchor="middle">'
            f"{words(up)}</text>"
        )


def line_chart(title: str, unit: str, points: Points, from_zero: bool = False) -> str:
    """An ``<svg>`` of ``points`` (seconds, value); the classes in it are styled by the page around it.

    ``unit`` is written at the value axis; that axis starts at 0 with ``from_zero``. Points that are not finite are left
    out, and without any point the chart says so.
    """
    shown = _finite(points)
    head = _head(title, WIDTH, HEIGHT)
    if not shown:
        return _empty(head, WIDTH, HEIGHT)
    in_minutes = shown[-1][0] >= MINUTES_FROM
    scaled = [(x / 60 if in_minutes else x, y) for x, y in shown]
    values = [y for _, y in shown]
    rows = ticks(min(0.0, *values) if from_zero else min(values), max(values))
    axes = _Axes(WIDTH, HEIGHT, max(x for x, _ in scaled) or 1.0, rows)
    corners = axes.corners(scaled)
    parts = [head, *axes.svg(f"wall time, {'minutes' if in_minutes else 'seconds'}", unit, 5)]
    parts.append(_polyline("line", corners))
    if len(corners) <= DOTS_UP_TO:
        for (x, y), (seconds, value) in zip(corners, shown, strict=True):
            parts.append(
                f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="3"><title>{value:.4g} {words(unit)} at '
                f"{seconds:.0f} s</title></circle>"
            )
    parts.append(f'<text class="last" x="{WIDTH - RIGHT}" y="18" text-anchor="end">{values[-1]:.4g} at the end</text>')
    return "".join([*parts, "</svg>"])


def strip(
    title: str,
    unit: str,
    lines: Mapping[str, Points],
    across: str = "time, seconds",
    marks: Sequence[float] = (),
    shades: Sequence[tuple[float, float]] = (),
) -> str:
    """A wide ``<svg>`` of up to ``COLOURS`` named ``lines``; ``across`` says what the time axis counts.

    A line is broken where a value is not finite. ``marks`` are ticks at the bottom, ``shades`` spans of time in grey.
    """
    head = _head(title, STRIP_WIDTH, STRIP_HEIGHT)
    shown = {name: _finite(points) for name, points in lines.items()}
    every = [point for points in shown.values() for point in points]
    if not every:
        return _empty(head, STRIP_WIDTH, STRIP_HEIGHT)
    values = [y for _, y in every]
    right = max([x for x, _ in every] + [stop for _, stop in shades]) or 1.0
    axes = _Axes(STRIP_WIDTH, STRIP_HEIGHT, right, ticks(min(values), max(values), 4))
    parts = [head]
    for start, stop in shades:
        x, end = axes.at_x(start), axes.at_x(stop)
        parts.append(
            f'<rect class="shade" x="{x:.1f}" y="{TOP}" width="{max(end - x, 1):.1f}" height="{axes.base - TOP}"/>'
        )
    parts += axes.svg(across, unit, 10)
    for time in marks:
        x = axes.at_x(time)
        parts.append(f'<line class="mark" x1="{x:.1f}" x2="{x:.1f}" y1="{axes.base - 5}" y2="{axes.base}"/>')
    for number, points in enumerate(lines.values()):
        for finite, run in groupby(points, lambda point: math.isfinite(point[0]) and math.isfinite(point[1])):
            if finite:
                parts.append(_polyline(f"line c{number % COLOURS}", _steady(axes.corners(list(run)))))
    return "".join([*parts, *_legend(list(lines)), "</svg>"])


def _finite(points: Points) -> list[tuple[float, float]]:
    return [(x, y) for x, y in points if math.isfinite(x) and math.isfinite(y)]


def _steady(corners: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """A single point as a dash: a polyline of one corner draws nothing."""
    if len(corners) > 1:
        return corners
    [(x, y)] = corners
    return [(x - 1, y), (x + 1, y)]


def _legend(names: list[str]) -> Iterable[str]:
    x = STRIP_WIDTH - RIGHT - sum(len(name) * LEGEND_GLYPH + 30 for name in names)
    for number, name in enumerate(names):
        yield f'<line class="line c{number % COLOURS}" x1="{x + 8:.0f}" x2="{x + 24:.0f}" y1="14" y2="14"/>'
        yield f'<text class="tick" x="{x + 28:.0f}" y="18">{words(name)}</text>'
        x += len(name) * LEGEND_GLYPH + 30


def _polyline(name: str, corners: Points) -> str:
    return f'<polyline class="{name}" points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in corners)}"/>'


def _head(title: str, width: int, height: int) -> str:
    return (
        f'<svg class="chart" viewBox="0 0 {width} {height}" role="img" aria-label="{words(title)}">'
        f'<text class="title" x="{LEFT}" y="18">{words(title)}</text>'
    )


def _empty(head: str, width: int, height: int) -> str:
    return f'{head}<text class="tick" x="{width / 2:g}" y="{height / 2:g}" text-anchor="middle">no data</text></svg>'
