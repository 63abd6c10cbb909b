"""Does the avatar do what the face does? ``python benchmarks/drive_match.py AVATAR VIDEO... [--as auto|me|other]``.

Each video drives the avatar frame by frame, its face read as by ``drive --as``. MediaPipe then looks at the rendered
pictures as it looked at the video:

- correlation over time of the scores that move (standard deviation in the video of at least 0.05): the median of all,
  and by group; and the slope of the render's over the video's, the median of all: 1 where the avatar does as much;
- the inner-lip gap over the eye span: correlation, and the lag at which it is largest;
- the angles of the head, degrees: the median error about each axis once their mean difference is taken off.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from audio_table import lip_gap
from numpy.typing import NDArray
from rich import box
from rich.console import Console
from rich.table import Table
from video_table import GROUPS, MOVES

from splatavatar.avatar.avatar import Avatar
from splatavatar.avatar.file import load_avatar
from splatavatar.avatar.library import resolve
from splatavatar.capture.faces.landmarks import Landmarks, detect, detect_pictures
from splatavatar.capture.video.clips import VideoClip
from splatavatar.drive.face.likeness_signal import WHO, reading_of
from splatavatar.drive.offline import FileInput
from splatavatar.drive.performer import Performer
from splatavatar.drive.signal import Recording
from splatavatar.models import locate
from splatavatar.rig.arkit import INDEX

Doubles = NDArray[np.float64]
SIZE = 512
"""pixels of a rendered picture"""
LAGS = np.arange(-0.2, 0.2001, 0.005)
"""seconds"""


def rendered(avatar: Avatar, recording: Recording, model: Path) -> tuple[NDArray[np.int64], dict[str, Doubles]]:
    """Frames in which the rendered face was found, and what MediaPipe says of each."""
    performer = Performer(avatar)
    pictures = performer.stream(
        (recording.frame(n) for n in range(len(recording))), performer.camera(SIZE, SIZE), (0.6, 0.6, 0.6)
    )
    faces = list(detect_pictures(pictures, model))
    seen = [(n, face) for n, face in enumerate(faces) if face is not None]
    fields = {
        name: np.array([face[name] for _, face in seen], np.float64) for name in ("points", "scores", "transform")
    }
    return np.array([n for n, _ in seen]), fields


def angles(transform: Doubles) -> Doubles:
    """(T, 3) degrees of (T, 4, 4) transforms about x, y and z: the head's, read as small turns of YXZ."""
    R = transform[:, :3, :3]
    x = np.arcsin(np.clip(-R[:, 1, 2], -1, 1))
    return np.degrees(np.stack([x, np.arctan2(R[:, 0, 2], R[:, 2, 2]), np.arctan2(R[:, 1, 0], R[:, 1, 1])], 1))


def correlation(mine: Doubles, true: Doubles) -> float:
    return float(np.corrcoef(mine, true)[0, 1])


def match(avatar: Avatar, video: Path, model: Path, who: str) -> dict[str, float]:
    """All figures of one video, whose face is read as that of ``who``."""
    film: Landmarks = detect(VideoClip(video), model)
    recording = FileInput("video", video).recording(model, reading=reading_of(avatar, who))
    shown, mine = rendered(avatar, recording, model)
    # Frames of the film and of the recording are the same ones; both may lack some.
    place = {round(float(time), 4): n for n, time in enumerate(film.time) if film.found[n]}
    pairs = [(place[time], k) for k, n in enumerate(shown) if (time := round(float(recording.time[n]), 4)) in place]
    true, drawn = (np.array(column) for column in zip(*pairs, strict=True))
    scores, wanted = mine["scores"][drawn], np.asarray(film.scores[true], np.float64)
    moving = np.flatnonzero(wanted.std(0) >= MOVES)
    each = [correlation(scores[:, i], wanted[:, i]) for i in moving]
    slopes = [np.polyfit(wanted[:, i], scores[:, i], 1)[0] for i in moving]
    out = {
        "found": len(pairs) / int(film.found.sum()),
        "scores": float(np.median(each)),
        "slope": float(np.median(slopes)),
    }
    for group, members in GROUPS.items():
        columns = [i for i in (INDEX[name] for name in members) if i in moving]
        if columns:
            out[group] = correlation(scores[:, columns].mean(1), wanted[:, columns].mean(1))
    times, gap = film.time[film.found], lip_gap(film.points[film.found])
    own, own_times = lip_gap(mine["points"]), recording.time[shown]
    at_lags = [correlation(np.interp(times + lag, own_times, own), gap) for lag in LAGS]
    out |= {"lips": max(at_lags), "lag_ms": 1000 * float(LAGS[int(np.argmax(at_lags))])}
    off = angles(mine["transform"][drawn]) - angles(np.asarray(film.transform[true], np.float64))
    error = np.median(np.abs(off - np.median(off, 0)), 0)
    return out | dict(zip(("pitch", "yaw", "roll"), map(float, error), strict=True))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("avatar")
    parser.add_argument("videos", type=Path, nargs="+")
    parser.add_argument("--as", dest="who", choices=WHO, default="auto")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    model, avatar = locate("face_landmarker"), load_avatar(resolve(options.avatar))
    rows = {video.stem: match(avatar, video, model, options.who) for video in options.videos}
    if options.json:
        print(json.dumps(rows, indent=1))
        return
    names = list(dict.fromkeys(name for row in rows.values() for name in row))
    table = Table("video", *names, box=box.SIMPLE)
    for video, row in rows.items():
        table.add_row(video, *(f"{row[name]:.2f}" if name in row else "-" for name in names))
    Console(width=200).print(table)


if __name__ == "__main__":
    main()
