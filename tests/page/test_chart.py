from __future__ import annotations

from xml.etree import ElementTree

import numpy as np
import pytest

from splatavatar.page.chart import HEIGHT, STRIP_HEIGHT, STRIP_WIDTH, WIDTH, line_chart, strip, ticks


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 60, [0, 20, 40, 60]),
        (0, 10, [0, 2, 4, 6, 8, 10]),
        (24.3, 33.9, [24, 26, 28, 30, 32, 34]),
        (0, 0.21, [0, 0.05, 0.1, 0.15, 0.2, 0.25]),
        (-3, 4, [-4, -2, 0, 2, 4]),
    ],
)
def test_ticks_are_round_and_enclose(low: float, high: float, expected: list[float]) -> None:
    assert ticks(low, high) == pytest.approx(expected)


@pytest.mark.parametrize("value", [0.0, 3.5, -2.0])
def test_ticks_of_a_constant(value: float) -> None:
    marks = ticks(value, value)
    assert marks[0] < value < marks[-1]


@pytest.mark.parametrize(
    ("low", "high"),
    [(0.0, 1e-14), (1.0, np.nextafter(1.0, 2)), (12.0, np.nextafter(12.0, 13)), (1e6, 1e6 + 1e-9), (0.0, 5e-324)],
)
def test_values_that_differ_by_a_rounding_have_a_chart(low: float, high: float) -> None:
    marks = ticks(low, high)
    assert marks[0] <= low < high <= marks[-1]
    points = [(0.0, low), (1.0, high)]
    assert "<polyline" in line_chart("PSNR", "dB", points)
    assert "<polyline" in strip("Head", "degrees", {"yaw": points})


@pytest.mark.parametrize(
    "points",
    [
        [(0.0, 20.0), (30.0, 31.0), (60.0, 33.5)],
        [(5.0, 1.0)],
        [(0.0, 0.0)],
        [(float(i), 0.1 / (i + 1)) for i in range(2000)],
    ],
)
def test_lines_stay_inside_the_chart(points: list[tuple[float, float]]) -> None:
    svg = ElementTree.fromstring(line_chart("a & b", "dB", points, from_zero=True))
    polyline = svg.find("polyline")
    assert polyline is not None
    corners = np.array([pair.split(",") for pair in polyline.attrib["points"].split()], float)
    assert len(corners) == len(points)
    assert (corners >= 0).all()
    assert (corners <= [WIDTH, HEIGHT]).all()
    # Later is further right, more is further up.
    order = np.argsort([value for _, value in points])
    assert (np.diff(corners[:, 0]) >= 0).all()
    assert (np.diff(corners[order, 1]) <= 0).all()


def test_long_bakes_count_minutes() -> None:
    assert "minutes" in line_chart("PSNR", "dB", [(0.0, 20.0), (1800.0, 34.0)])
    assert "seconds" in line_chart("PSNR", "dB", [(0.0, 20.0), (299.0, 34.0)])


def test_a_strip_breaks_its_lines_where_nothing_is_known() -> None:
    nan = float("nan")
    lines = {"yaw": [(0.0, -5.0), (1.0, nan), (2.0, 5.0), (3.0, 6.0)], "a<b": [(float(i), 1.0) for i in range(4)]}
    svg = ElementTree.fromstring(strip("head", "degrees", lines, marks=[0.0, 3.0], shades=[(0.5, 1.5)]))
    runs = {name: [p for p in svg.findall("polyline") if p.attrib["class"] == name] for name in ("line c0", "line c1")}
    assert [len(p.attrib["points"].split()) for p in runs["line c0"]] == [2, 2]  # a single point is a dash
    assert len(runs["line c1"]) == 1
    corners = np.array([pair.split(",") for p in svg.findall("polyline") for pair in p.attrib["points"].split()], float)
    assert (corners >= 0).all() and (corners <= [STRIP_WIDTH, STRIP_HEIGHT]).all()
    shade = svg.find("rect")
    assert shade is not None
    start, width = float(shade.attrib["x"]), float(shade.attrib["width"])
    marks = [float(line.attrib["x1"]) for line in svg.findall("line") if line.attrib["class"] == "mark"]
    assert start == pytest.approx(marks[0] + (marks[1] - marks[0]) / 6, abs=0.1)
    assert width == pytest.approx((marks[1] - marks[0]) / 3, abs=0.1)
    assert "a<b" in [text.text for text in svg.findall("text")]


def test_a_strip_without_values() -> None:
    assert "no data" in strip("head", "degrees", {"yaw": [(0.0, float("nan"))], "roll": []})
