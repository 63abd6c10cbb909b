"""Lips from sound against lips on film: ``python benchmarks/audio_table.py AVATAR VIDEO...``.

For each video with speech the avatar is driven by the sound alone and rendered at 60 frames a second. The measure is
MediaPipe's inner-lip gap (landmarks 13-14 over 33-263) on the rendered pictures against the one on the frames of the
video: Pearson's correlation at the lag within +-80 ms where it is largest. ``--quick`` takes the gap from the
coefficients instead of rendering.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from time import process_time

import numpy as np
from numpy.typing import NDArray
from rich import box
from rich.console import Console
from rich.table import Table

from splatavatar.avatar.avatar import Avatar
from splatavatar.avatar.file import load_avatar
from splatavatar.capture.faces.landmarks import detect, detect_pictures
from splatavatar.capture.video.clips import VideoClip
from splatavatar.drive.audio.model import AudioToFace
from splatavatar.drive.audio.sound import RATE, read_audio
from splatavatar.drive.performer import Performer
from splatavatar.drive.signal import Recording
from splatavatar.models import locate
from splatavatar.rig.rig import Rig

Doubles = NDArray[np.float64]
LAGS = np.arange(-0.08, 0.0801, 0.005)
"""seconds"""
SIZE = 512
"""pixels of a rendered picture"""


def lip_gap(points: NDArray[np.floating]) -> Doubles:
    """(T) distance of the inner lips over that of the outer eye corners, of landmarks (T, 478, 2 or more)."""
    between = np.linalg.norm(points[:, 13, :2] - points[:, 14, :2], axis=1)
    return np.asarray(between / np.linalg.norm(points[:, 33, :2] - points[:, 263, :2], axis=1), np.float64)


def gap_of_film(video: Path, model: Path) -> tuple[Doubles, Doubles]:
    """Times and gaps of the frames that show a face."""
    landmarks = detect(VideoClip(video), model)
    return landmarks.time[landmarks.found], lip_gap(landmarks.points[landmarks.found])


def gap_of_render(avatar: Avatar, recording: Recording, model: Path) -> tuple[Doubles, Doubles]:
    """Times and gaps of the rendered pictures in which MediaPipe finds a face."""
    performer = Performer(avatar)
    pictures = performer.stream(
        (recording.frame(n) for n in range(len(recording))), performer.camera(SIZE, SIZE), (0.5, 0.5, 0.5)
    )
    faces = list(detect_pictures(pictures, model))
    found = [n for n, face in enumerate(faces) if face is not None]
    return recording.time[found], lip_gap(np.array([face["points"] for face in faces if face is not None]))


def gap_of_rig(rig: Rig, recording: Recording) -> tuple[Doubles, Doubles]:
    """Times and gaps of the rig's own landmarks: what an ideal detector would see."""
    landmarks = rig.landmarks["mediapipe"]

    def at(vertices: NDArray[np.float32]) -> NDArray[np.float64]:
        corners = vertices[..., rig.faces[landmarks.face[[13, 14, 33, 263]]], :]
        return np.asarray((corners * landmarks.barycentric[[13, 14, 33, 263], :, None]).sum(-2), np.float64)

    rest, moves = at(rig.template), at(rig.expression_basis)
    posed = rest + np.tensordot(recording.arkit @ rig.arkit_map.T, moves, 1)
    gap = posed[:, 0, 1] - posed[:, 1, 1]
    return recording.time, np.asarray(gap / np.linalg.norm(posed[:, 2] - posed[:, 3], axis=1))


def best_lag(film: tuple[Doubles, Doubles], shown: tuple[Doubles, Doubles]) -> tuple[float, float]:
    """Correlation, and the lag in seconds by which ``shown`` comes after ``film``, where it is largest."""
    times, gaps = film
    scores = [float(np.corrcoef(gaps, np.interp(times + lag, *shown))[0, 1]) for lag in LAGS]
    best = int(np.argmax(scores))
    return scores[best], float(LAGS[best])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("avatar", type=Path)
    parser.add_argument("videos", type=Path, nargs="+")
    parser.add_argument("--model", type=Path, help="another network than the one that ships with the package")
    parser.add_argument("--quick", action="store_true", help="the gap of the rig instead of rendered pictures")
    parser.add_argument("--json", type=Path, help="also write the rows to this file")
    arguments = parser.parse_args()
    avatar, landmarker = load_avatar(arguments.avatar), locate()
    network = AudioToFace(arguments.model) if arguments.model else AudioToFace()
    rows = []
    for video in arguments.videos:
        samples = read_audio(video)
        started = process_time()
        recording = network.track(samples)
        cost = (process_time() - started) / (len(samples) / RATE) * 10
        film = gap_of_film(video, landmarker)
        shown = gap_of_rig(avatar.rig, recording) if arguments.quick else gap_of_render(avatar, recording, landmarker)
        score, lag = best_lag(film, shown)
        rows.append({"video": video.name, "correlation": score, "lag_ms": 1000 * lag, "cost_ms_per_10_ms": cost})
    table = Table("video", "correlation", "lag, ms", "ms of a core per 10 ms", box=box.SIMPLE)
    for row in rows:
        table.add_row(
            str(row["video"]),
            f"{row['correlation']:.3f}",
            f"{row['lag_ms']:+.0f}",
            f"{row['cost_ms_per_10_ms']:.2f}",
        )
    Console().print(table)
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
