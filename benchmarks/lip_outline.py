"""Do the lips of the rig lie on the lips of the person? ``python benchmarks/lip_outline.py VIDEO... [--end 0.2]``.

Each video is tracked as a bake does it. The lips of the tracked rig, their inner and their outer outline, are projected
into the frames of grimaces, which MediaPipe's scores name; the table has the distance to its landmarks, per cent of
the eye span: the median over the frames of the mean over the 40 points. ``--end`` finds the person without the last
share of the frames, and measures those alone.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich import box
from rich.console import Console
from rich.table import Table

from splatavatar.capture.faces.landmark_cache import detect_once
from splatavatar.capture.faces.landmarks import Landmarks
from splatavatar.capture.preparation.prepare import choose_rig
from splatavatar.capture.tracking.landmark_model import LIP_OUTLINE
from splatavatar.capture.tracking.observations import Observations
from splatavatar.capture.tracking.solve import Motion, Track, track, track_motion
from splatavatar.capture.tracking.track import observe, pose_of
from splatavatar.capture.video.clips import VideoClip
from splatavatar.models import locate
from splatavatar.rig.arkit import INDEX
from splatavatar.rig.landmarks import positions
from splatavatar.rig.loader import load_rig
from splatavatar.rig.posing import pose_numpy
from splatavatar.rotations import rotation_matrices

Doubles = NDArray[np.float64]
GRIMACES = {
    "aside": ("mouthLeft", "mouthRight"),
    "one-sided": (),
    "pressed": ("mouthPressLeft", "mouthPressRight", "mouthRollLower", "mouthRollUpper"),
    "open": ("jawOpen",),
    "pursed": ("mouthPucker", "mouthFunnel", "cheekPuff"),
    "bared": ("mouthUpperUpLeft", "mouthUpperUpRight", "mouthLowerDownLeft", "mouthLowerDownRight"),
    "smile": ("mouthSmileLeft", "mouthSmileRight"),
}
"""names of coefficients, of which one at least is large in such a frame"""
PAIRS = ("mouthSmile", "mouthUpperUp", "mouthLowerDown", "mouthStretch", "mouthPress", "mouthFrown", "mouthDimple")
"""that differ between left and right in a one-sided grimace"""
LARGE, APART = 0.35, 0.2
"""scores, and differences of scores, above those of the face at rest"""
STRONGEST = 0.1
"""share of the frames of a clip that a kind of grimace has at most: its strongest"""


def grimaces(scores: Doubles) -> dict[str, NDArray[np.int64]]:
    """The frames of each kind among ``scores`` (T, 52)."""
    moved = scores - np.quantile(scores, 0.1, axis=0)
    found = {}
    for kind, names in GRIMACES.items():
        if names:
            amount, least = moved[:, [INDEX[name] for name in names]].max(1), LARGE
        else:
            left, right = (moved[:, [INDEX[pair + side] for pair in PAIRS]] for side in ("Left", "Right"))
            amount, least = np.abs(left - right).max(1), APART
        strongest = np.argsort(-amount, kind="stable")[: max(1, round(STRONGEST * len(amount)))]
        found[kind] = np.sort(strongest[amount[strongest] > least])
    return {kind: frames for kind, frames in found.items() if len(frames)}


def lip_errors(tracked: Track, motion: Motion, seen: Observations) -> Doubles:
    """The mean distance (T) between lips of the rig and landmarks, per cent of the eye span."""
    rig, lenses = tracked.person.rig, tracked.lenses
    turns, T = rotation_matrices(motion.head_rotation), lenses.T_camera_rig[0]
    out = []
    for t, turn in enumerate(turns):
        vertices = pose_numpy(rig, pose_of(rig, motion, t))
        # Where on a face the detector has its landmarks differs from person to person, in all frames alike.
        at = positions(rig.landmarks["mediapipe"], vertices, rig.faces) + tracked.habits @ turn.T
        camera = at @ T[:3, :3].T + T[:3, 3]
        pixels = lenses.focal[0] * camera[:, :2] / camera[:, 2:] + lenses.centre[0]
        away = np.linalg.norm(pixels - seen.pixels[t], axis=1)[list(LIP_OUTLINE)]
        out.append(100 * away.mean() / seen.span[t])
    return np.array(out)


def measured(video: Path, model: Path, end: float) -> dict[str, tuple[int, float]]:
    """For all frames measured, and for each kind of grimace among them: how many, and the median error."""
    found: Landmarks = detect_once(VideoClip(video), model, None, lambda share: None)
    seen = observe([found], False)
    all_of_it, T = seen.observations, seen.observations.timesteps
    first = round(T * (1 - end)) if end else 0
    learnt = all_of_it.of_timesteps(np.arange(first)) if end else all_of_it
    if end:
        learnt = replace(learnt, linked=all_of_it.linked[:first])
    tracked = track(load_rig(choose_rig([found])), learnt, seen.lenses)
    motion = track_motion(tracked.person.rig, tracked.habits, all_of_it, tracked.lenses) if end else tracked.motion
    errors = lip_errors(tracked, motion, all_of_it)
    rows = {"all": np.arange(T), **grimaces(all_of_it.scores)}
    shown = {kind: frames[frames >= first] for kind, frames in rows.items()}
    return {kind: (len(frames), float(np.median(errors[frames]))) for kind, frames in shown.items() if len(frames)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("videos", type=Path, nargs="+")
    parser.add_argument("--end", type=float, default=0.0, help="share of the frames to leave out, and measure alone")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    model = locate("face_landmarker")
    table, kinds = {}, ("all", *GRIMACES)
    for video in options.videos:
        table[video.stem] = measured(video, model, options.end)
    if options.json:
        print(json.dumps(table, indent=1))
        return
    shown = Table("video", *kinds, box=box.SIMPLE)
    for name, row in table.items():
        shown.add_row(name, *(f"{row[k][1]:.2f} ({row[k][0]})" if k in row else "-" for k in kinds))
    Console(width=160).print(shown)


if __name__ == "__main__":
    main()
