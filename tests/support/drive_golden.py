"""Writes the golden vectors of the page's camera and microphone: ``PYTHONPATH=tests python -m support.drive_golden``.

``test_drive_golden`` holds that the file is that of the code at hand.
"""

from __future__ import annotations

import base64
import json
from typing import Any

import numpy as np

from splatavatar.drive.audio.features import HOP, RATE, WINDOW, Features
from splatavatar.drive.audio.model import AudioToFace
from splatavatar.drive.face.landmark_signal import LandmarkSignal
from splatavatar.drive.face.seen import Seen
from splatavatar.drive.face.user_calibration import collect
from splatavatar.drive.signal import FaceSignal
from splatavatar.drive.sources.live.tracking import FaceChooser
from splatavatar.rig.arkit import NAMES
from splatavatar.rotations import rotation_matrices
from support.page_golden import FOLDER, plain, rounded

FILE = "drive.json"
FRAMES = 30
POINTS = 478


def face(rng: np.random.Generator, base: np.ndarray, index: int) -> Seen:
    """A face like ``base`` that turns, blinks and opens its mouth."""
    shape = base + rng.normal(0, 0.004, base.shape)
    shape[[14, 87, 317], 1] -= 0.15 * abs(np.sin(index / 3))
    shape[[13, 14, 61, 291], 0] += 0.04 * np.sin(index / 4)
    shape[[386, 385, 387], 1] -= 0.05 * (index % 7 == 0)
    shape[[159, 160, 158], 1] -= 0.05 * (index % 7 == 0)
    turn = rotation_matrices(np.array([0.2, 0.1 + 0.03 * index, -0.1]) * np.sin(index / 6))
    transform = np.eye(4)
    transform[:3, :3] = turn @ (np.eye(3) + rng.normal(0, 0.005, (3, 3)))
    transform[:3, 3] = [1.5 * np.sin(index / 5), -2.0, -45 + index / 10]
    points = (shape @ turn.T) * (1, -1, -1) * 150 + (320, 240, 0)
    scores = np.clip(rng.normal(0.2, 0.2, len(NAMES)), 0, 1)
    return Seen(points.astype(np.float32), scores.astype(np.float32), transform.astype(np.float32), 640, 480)


def faces() -> list[Seen | None]:
    """Frames of one face, two without it."""
    rng = np.random.default_rng(40)
    base = rng.normal(0, 0.3, (POINTS, 3))
    places = {
        33: (-0.5, 0.2),
        133: (-0.2, 0.2),
        362: (0.2, 0.2),
        263: (0.5, 0.2),
        473: (0.36, 0.23),
        468: (-0.34, 0.23),
    }
    places |= {
        385: (0.3, 0.25),
        386: (0.35, 0.25),
        387: (0.4, 0.25),
        380: (0.3, 0.16),
        374: (0.35, 0.16),
        373: (0.4, 0.16),
    }
    places |= {158: (-0.3, 0.25), 159: (-0.35, 0.25), 160: (-0.4, 0.25), 153: (-0.3, 0.16), 145: (-0.35, 0.16)}
    places |= {
        144: (-0.4, 0.16),
        13: (0, -0.5),
        82: (-0.05, -0.5),
        312: (0.05, -0.5),
        14: (0, -0.52),
        87: (-0.05, -0.52),
    }
    places |= {317: (0.05, -0.52), 61: (-0.2, -0.5), 291: (0.2, -0.5)}
    for index, place in places.items():
        base[index] = (*place, 0.0)
    return [None if index in (11, 12) else face(rng, base, index) for index in range(FRAMES)]


def landmarks() -> tuple[list[dict[str, Any]], list[FaceSignal]]:
    """What is seen, and the signals of it; of the points only those that are looked at are kept."""
    signal, given, made = LandmarkSignal(), [], []
    for index, seen in enumerate(faces()):
        time = index / 25 + (3.0 if index > 24 else 0.0)
        made.append(signal(seen, time))
        given.append(
            {
                "time": time,
                "points": None if seen is None else base64.b64encode(seen.points.tobytes()).decode(),
                "scores": None if seen is None else rounded(seen.scores, 9),
                "transform": None if seen is None else rounded(seen.transform, 9),
            }
        )
    return given, made


def chosen() -> list[dict[str, Any]]:
    """Which of two faces is followed while the first goes, by their places and sizes in pixels."""
    chooser, out = FaceChooser(), []
    for time, boxes in ((0.0, [(100, 100, 80), (300, 100, 60)]), (0.1, [(290, 100, 90), (110, 100, 70)]),
                        (0.2, [(300, 100, 90)]), (0.9, [(300, 100, 90)]), (1.0, [])):  # fmt: skip
        seen = []
        for x, y, size in boxes:
            points = np.zeros((POINTS, 3), np.float32)
            points[:, :2] = (x, y)
            points[0, :2] = (x - size / 2, y - size / 2)
            points[1, :2] = (x + size / 2, y + size / 2)
            seen.append(Seen(points, np.zeros(52, np.float32), np.eye(4, dtype=np.float32), 640, 480))
        best = chooser.choose(seen, time)
        place = next((n for n, one in enumerate(seen) if one is best), None)
        out.append({"time": time, "boxes": boxes, "chosen": place})
    return out


def calibration(signals: list[FaceSignal]) -> dict[str, Any]:
    """What those signals say about rest, and two of them without it."""
    rest = collect(signals)
    names = {"neutral": "neutral", "peak": "peak", "head_rotation": "headRotation"}
    names |= {"head_translation": "headTranslation", "gaze": "gaze"}
    return {
        "rest": {there: rounded(getattr(rest, here), 7) for here, there in names.items()},
        "made": [plain(rest(signals[index])) for index in (3, 20)],
    }


def samples() -> np.ndarray:
    """0.8 s of a voice-like sound, silence at both ends, as int16."""
    rng = np.random.default_rng(41)
    time = np.arange(int(0.8 * RATE)) / RATE
    pitch = 2 * np.pi * np.cumsum(120 + 30 * np.sin(9 * time)) / RATE
    voice = sum(np.sin(n * pitch) / n for n in range(1, 20)) * (0.5 - 0.5 * np.cos(2 * np.pi * 2.5 * time))
    voice = (0.15 * voice + rng.normal(0, 0.01, len(time))) * ((time > 0.1) & (time < 0.7))
    return (voice * 20000).clip(-32768, 32767).astype(np.int16)


def speech() -> dict[str, Any]:
    """Sound, its features, what the network says of each, and the coefficients out of that."""
    sound = samples()
    features = Features().push(sound.astype(np.float32) / np.float32(32768))
    model = AudioToFace()
    network, said = model._session, []
    state = np.zeros((1, model._state_size), np.float32)
    for row in features:
        now, state = network.run(None, {"features": row[None], "state": state})
        said.append(now[0])
    times, arkit = model.push(sound)
    assert len(features) == (len(sound) - WINDOW) // HOP + 1
    return {
        "samples": base64.b64encode(sound.tobytes()).decode(),
        "features": rounded(features, 5),
        "network": rounded(said, 6),
        "time": rounded(times, 6),
        "arkit": rounded(arkit, 6),
    }


def golden() -> dict[str, Any]:
    """The content of the file."""
    given, made = landmarks()
    return {
        "seen": given,
        "signals": [plain(signal) for signal in made],
        "chosen": chosen(),
        "calibration": calibration(made),
        "speech": speech(),
    }


if __name__ == "__main__":
    (FOLDER / FILE).write_text(json.dumps(golden(), separators=(",", ":")) + "\n", encoding="utf-8")
