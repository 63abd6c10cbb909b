from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from splatavatar.capture.capture import Capture, RigParameters
from splatavatar.capture.faces.landmarks import Landmarks
from splatavatar.capture.inspection.curves import BREAK, Timeline, rig_charts, video_charts
from splatavatar.rig.arkit import NAMES
from support.faces import FPS, FRAMES, good_landmarks, without

LENGTH = (FRAMES - 1) / FPS


@pytest.fixture
def clips() -> list[Landmarks]:
    """Two takes; the second starts its clock at 5 seconds and loses the face from frame 20 to 29."""
    second = without(good_landmarks(), "found", slice(20, 30), False)
    return [good_landmarks(), replace(second, time=second.time + 5)]


def test_takes_follow_each_other(clips: list[Landmarks]) -> None:
    timeline = Timeline.of(clips, False, [(0, 0), (1, 25)])
    assert timeline.starts == pytest.approx((0, LENGTH + BREAK))
    assert timeline.marks == pytest.approx([0, LENGTH + BREAK + 1])
    assert timeline.across == "time, seconds; 2 clips in a row"
    [(start, stop)] = timeline.shades()
    assert (start, stop) == pytest.approx((LENGTH + BREAK + 20 / FPS, LENGTH + BREAK + 30 / FPS))
    points = timeline.line(lambda clip: clip.brightness[clip.found])
    assert [x for x, _ in points] == sorted(x for x, _ in points)
    gaps = [x for x, y in points if math.isnan(y)]
    # One between the takes, ten without a face, one at the end.
    assert gaps == pytest.approx([LENGTH, *(LENGTH + BREAK + np.arange(20, 30) / FPS), 2 * LENGTH + BREAK])


def test_of_cameras_of_one_take_the_first_is_shown(clips: list[Landmarks]) -> None:
    timeline = Timeline.of(clips, True, [(0, 5), (1, 5)])
    assert len(timeline.landmarks) == 1
    assert timeline.marks == [5 / FPS]
    assert timeline.shades() == []


def test_before_tracking_the_charts_show_the_detected_scores(clips: list[Landmarks]) -> None:
    charts = [ElementTree.fromstring(svg) for svg in video_charts(Timeline.of(clips, False, []), None, (), [])]
    titles = [chart.attrib["aria-label"] for chart in charts]
    assert titles[1:3] == ["Mouth: detected scores", "Eyes and brows: detected scores"]
    assert not any("Distance" in title or "Matte" in title for title in titles)
    smile = [line for line in charts[1].findall("polyline") if line.attrib["class"] == "line c1"]
    assert len(smile) == 3  # the first take, the second before and after the loss
    heights = np.array([pair.split(",")[1] for pair in smile[0].attrib["points"].split()], float)
    assert len(heights) == FRAMES
    assert sorted(np.argsort(heights)[:10]) == list(range(120, 130))


def test_charts_of_rig_parameters_have_the_turns_of_neck_and_head_together() -> None:
    half = np.zeros((3, 3), np.float32)
    half[:, 1] = np.radians([0, 10, 20])
    parameters = RigParameters("anny-head", {}, np.zeros((3, 52), np.float32), NAMES, {"neck03": half, "head": half})
    head, *_ = rig_charts(Capture(Path(), (), {}, parameters), parameters)
    svg = ElementTree.fromstring(head)
    ticks = [text.text for text in svg.findall("text")]
    assert "40" in ticks  # twice 20 degrees
    yaw = next(line for line in svg.findall("polyline") if line.attrib["class"] == "line c0")
    heights = np.array([pair.split(",")[1] for pair in yaw.attrib["points"].split()], float)
    assert heights[0] - heights[2] == pytest.approx(2 * (heights[0] - heights[1]), abs=0.2)
