"""What was found over time, as charts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from splatavatar.array_types import Doubles
from splatavatar.capture.capture import Capture, RigParameters
from splatavatar.capture.inspection.critique import head_angles, turn_angles
from splatavatar.page.chart import Points, strip
from splatavatar.rig.arkit import NAMES
from splatavatar.rotations import rotation_matrices

if TYPE_CHECKING:
    from splatavatar.capture.faces.landmarks import Landmarks


BREAK = 0.5
"""seconds between two takes on the time axis"""
NECK = ("neck03", "head")
"""joints that share a turn of the head"""
ANGLES = ("yaw", "pitch", "roll")
MOUTH: dict[str, tuple[str, ...]] = {
    "jawOpen": ("jawOpen",),
    "mouthSmile": ("mouthSmileLeft", "mouthSmileRight"),
    "mouthPucker": ("mouthPucker",),
}
EYES: dict[str, tuple[str, ...]] = {
    "eyeBlinkLeft": ("eyeBlinkLeft",),
    "eyeBlinkRight": ("eyeBlinkRight",),
    "browInnerUp": ("browInnerUp",),
}
"""lines of the charts, each the mean of coefficients"""


@dataclass(frozen=True)
class Timeline:
    """Several takes in a row, or the first of several cameras of one take."""

    landmarks: tuple[Landmarks, ...]
    starts: tuple[float, ...]
    """seconds on the axis of the first frame of each clip"""
    across: str
    marks: list[float] = field(default_factory=list)
    """chosen frames"""

    @staticmethod
    def of(landmarks: Sequence[Landmarks], synchronised: bool, chosen: Sequence[tuple[int, int]]) -> Timeline:
        """The timeline of clips; ``chosen`` are (clip, frame) of the pictures."""
        shown = tuple(landmarks[:1] if synchronised else landmarks)
        lengths = [float(clip.time[-1] - clip.time[0]) + BREAK for clip in shown]
        starts = tuple(float(s) for s in np.concatenate([[0.0], np.cumsum(lengths)])[: len(shown)])
        across = "time, seconds" if len(shown) == 1 else f"time, seconds; {len(shown)} clips in a row"
        line = Timeline(shown, starts, across)
        line.marks.extend(line.at(clip, frame) for clip, frame in chosen if clip < len(shown))
        return line

    def at(self, clip: int, frame: int) -> float:
        """Seconds on the axis."""
        times = self.landmarks[clip].time
        return self.starts[clip] + float(times[frame] - times[0])

    def line(self, values: Callable[[Landmarks], NDArray[np.floating]]) -> Points:
        """The line of ``values`` (found) of each clip; not a number where no face was found and between clips."""
        points: list[tuple[float, float]] = []
        for start, clip in zip(self.starts, self.landmarks, strict=True):
            whole = np.full(len(clip.time), np.nan)
            whole[clip.found] = values(clip)
            times = start + (clip.time - clip.time[0])
            points += [*zip(times.tolist(), whole.tolist(), strict=True), (float(times[-1]), float("nan"))]
        return points

    def shades(self) -> list[tuple[float, float]]:
        """Spans in which no face was found."""
        spans = []
        for start, clip in zip(self.starts, self.landmarks, strict=True):
            times = start + (clip.time - clip.time[0])
            step = float(np.median(np.diff(times))) if len(times) > 1 else 1.0
            edges = np.flatnonzero(np.diff(np.concatenate([[False], ~clip.found, [False]]).astype(int)))
            spans += [(float(times[a]), float(times[b - 1]) + step) for a, b in edges.reshape(-1, 2)]
        return spans


def video_charts(
    timeline: Timeline,
    track: Mapping[str, NDArray[np.generic]] | None,
    names: Sequence[str],
    weights: Points,
) -> list[str]:
    """Charts of a capture prepared from video.

    ``track`` are the arrays of ``track.npz`` (None before tracking) with expressions called ``names``, ``weights`` the
    matte weights of the pictures by seconds on the axis.
    """
    shades = timeline.shades()

    def chart(title: str, unit: str, lines: Mapping[str, Points]) -> str:
        return strip(title, unit, lines, timeline.across, timeline.marks, shades)

    angles = {name: timeline.line(_angle(i)) for i, name in enumerate(ANGLES)}
    charts = [chart("Head, as the camera sees it", "degrees", angles)]
    tracked = None if track is None else _tracked(timeline, track)
    for title, chosen in (("Mouth", MOUTH), ("Eyes and brows", EYES)):
        if tracked is None or track is None:
            found = {n: timeline.line(_score(of)) for n, of in chosen.items()}
            charts.append(chart(f"{title}: detected scores", "score", found))
        else:
            fitted = {n: tracked(_mean(np.asarray(track["expression"]), names, of)) for n, of in chosen.items()}
            charts.append(chart(f"{title}: tracked coefficients", "coefficient", fitted))
    if tracked is not None and track is not None:
        error = tracked(100.0 * np.asarray(track["reprojection"], np.float64))
        charts.append(chart("Distance of detected and fitted landmarks", "% of eye span", {"median of a frame": error}))
    if weights:
        charts.append(chart("Matte weight of the pictures", "weight", {"weight": weights}))
    sharpness = timeline.line(lambda clip: clip.sharpness[clip.found])
    brightness = timeline.line(lambda clip: clip.brightness[clip.found])
    charts.append(chart("Sharpness of the face", "variance", {"sharpness": sharpness}))
    charts.append(chart("Brightness of the face", "mean luma", {"brightness": brightness}))
    return charts


def rig_charts(capture: Capture, parameters: RigParameters) -> list[str]:
    """Charts of a capture that came with its rig parameters, over its timesteps."""
    across = "timestep"
    steps = np.arange(len(parameters.expression), dtype=np.float64)

    def line(values: NDArray[np.floating]) -> Points:
        return list(zip(steps.tolist(), values.tolist(), strict=True))

    turns = [parameters.joint_rotations[joint] for joint in NECK if joint in parameters.joint_rotations]
    charts = []
    if turns:
        angles = turn_angles(rotation_matrices(np.sum(turns, 0)))
        charts.append(strip("Head", "degrees", {n: line(angles[:, i]) for i, n in enumerate(ANGLES)}, across))
    for title, chosen in (("Mouth", MOUTH), ("Eyes and brows", EYES)):
        lines = {n: line(_mean(parameters.expression, parameters.expression_names, of)) for n, of in chosen.items()}
        charts.append(strip(f"{title}: coefficients", "coefficient", lines, across))
    return charts


def _angle(which: int) -> Callable[[Landmarks], Doubles]:
    return lambda clip: head_angles(clip)[:, which]


def _score(of: Sequence[str]) -> Callable[[Landmarks], Doubles]:
    return lambda clip: _mean(clip.scores[clip.found], NAMES, of)


def _tracked(timeline: Timeline, track: Mapping[str, NDArray[np.generic]]) -> Callable[[NDArray[np.floating]], Points]:
    """Points of values over the tracked frames; not a number where the frames have a gap."""
    clip, frame = (np.asarray(track[name], np.int64) for name in ("clip", "frame"))
    times = [timeline.at(int(c), int(f)) for c, f in zip(clip, frame, strict=True)]
    broken = np.concatenate([[False], (np.diff(frame) != 1) | (np.diff(clip) != 0)])

    def points(values: NDArray[np.floating]) -> Points:
        out: list[tuple[float, float]] = []
        for time, value, gap in zip(times, values.tolist(), broken, strict=True):
            out += [(time, float("nan")), (time, value)] if gap else [(time, value)]
        return out

    return points


def _mean(values: NDArray[np.floating], names: Sequence[str], wanted: Sequence[str]) -> Doubles:
    """(T) of the columns of ``values`` (T, E) that are called ``wanted``; not a number where there is none."""
    columns = [i for i, name in enumerate(names) if name in wanted]
    if not columns:
        return np.full(len(values), np.nan)
    return np.asarray(values[:, columns].mean(1), np.float64)
