"""What the made person does in the clip, and the faces that the truth cameras see."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FPS = 24
PICTURES = 216

Face = dict[str, float]


def both(**values: float) -> Face:
    """The same coefficients for the left and the right."""
    return {name + side: value for name, value in values.items() for side in ("Left", "Right")}


SMILE: Face = {**both(mouthSmile=0.85, mouthUpperUp=0.85, mouthLowerDown=0.6, cheekSquint=0.5), "jawOpen": 0.10}
OPEN: Face = {"jawOpen": 0.75, **both(browOuterUp=0.2)}
TRUTH: dict[str, Face] = {"neutral": {}, "smile": SMILE, "open": OPEN}
"""what the truth cameras see, with the head at rest"""

PARTS: tuple[tuple[float, float, Face], ...] = (
    (0.55, 0.10, both(eyeBlink=1.0)),
    (1.35, 0.55, both(mouthSmile=0.45, cheekSquint=0.2)),
    (2.95, 0.10, both(eyeBlink=1.0)),
    (3.55, 0.50, SMILE),
    (4.25, 0.38, OPEN),
    (4.85, 0.32, {"mouthPucker": 0.9}),
    (5.40, 0.32, {"browInnerUp": 0.9, **both(browOuterUp=0.8, eyeWide=0.5)}),
    (5.72, 0.09, both(eyeBlink=1.0)),
    (5.98, 0.28, {**both(browDown=0.9, noseSneer=0.5, eyeSquint=0.4)}),
    (6.50, 0.30, {"mouthLeft": 1.4, "mouthSmileLeft": 0.3}),
    (7.00, 0.30, {"mouthRight": 1.4, "mouthSmileRight": 0.3}),
    (7.48, 0.28, {"cheekPuff": 0.9, **both(mouthPress=0.3)}),
    (7.72, 0.09, both(eyeBlink=1.0)),
    (7.86, 0.11, {"jawOpen": 0.32}),
    (8.03, 0.10, {"mouthFunnel": 0.5, "jawOpen": 0.15}),
    (8.19, 0.10, {**both(mouthStretch=0.4, mouthLowerDown=0.3), "jawOpen": 0.14}),
    (8.34, 0.09, both(mouthPress=0.5)),
    (8.48, 0.11, {"jawOpen": 0.38, **both(mouthUpperUp=0.25)}),
    (8.64, 0.10, {"mouthPucker": 0.5, "jawOpen": 0.1}),
    (8.80, 0.16, both(mouthSmile=0.35)),
)
"""middle and half width in seconds, and the face there; what lies beyond 1 is what a rig's own action halves"""

TURNS: tuple[tuple[float, float, float, float], ...] = (
    (0.0, 0, 0, 0),
    (0.45, 2, 0, 0),
    (1.35, 36, 3, 2),
    (2.30, -36, -3, -2),
    (3.05, -2, 4, 0),
    (3.6, 4, -2, 3),
    (4.3, -5, -5, 0),
    (4.9, 5, 6, -3),
    (5.5, 10, -4, 1),
    (6.4, -8, 1, 0),
    (7.1, 7, 3, 2),
    (7.9, -4, 0, -2),
    (8.4, 5, -4, 2),
    (9.0, 0, 0, 0),
)
"""seconds, then yaw to the own left, pitch down and roll of the head in degrees"""


@dataclass(frozen=True)
class Performance:
    """All pictures of the clip."""

    arkit: NDArray[np.float32]
    """(T, 52)"""
    head: NDArray[np.float32]
    """(T, 3) axis-angle of the head about rig axes, radians"""
    eyes: NDArray[np.float32]
    """(T, 2) yaw to the own left and pitch up of both eyes, radians"""


def performed(names: list[str]) -> Performance:
    """The clip; ``names`` (52) orders the coefficients."""
    time = np.arange(PICTURES) / FPS
    arkit = np.zeros((len(time), len(names)), np.float32)
    for middle, half, face in PARTS:
        # Flat in the middle, so that a face is held for a moment as people do.
        amount = np.clip(1.5 * (1 + np.cos(np.pi * np.clip((time - middle) / half, -1, 1))) / 2, 0, 1)
        for name, value in face.items():
            column = names.index(name)
            arkit[:, column] = np.maximum(arkit[:, column], amount * value)
    keys = np.array(TURNS)
    yaw, pitch, roll = (smooth(time, keys[:, 0], keys[:, column]) for column in (1, 2, 3))
    head = np.radians(np.stack([pitch, yaw, roll], 1))
    # People look at the camera while they turn, as far as is comfortable.
    eyes = np.stack([np.clip(-0.75 * head[:, 1], -0.42, 0.42), np.clip(0.7 * head[:, 0], -0.2, 0.2)], 1)
    return Performance(arkit, head.astype(np.float32), eyes.astype(np.float32))


def smooth(time: NDArray[np.float64], at: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Values between keys, eased in and out of each."""
    place = np.clip(np.searchsorted(at, time, "right") - 1, 0, len(at) - 2)
    share = np.clip((time - at[place]) / (at[place + 1] - at[place]), 0, 1)
    eased = share * share * (3 - 2 * share)
    return np.asarray(values[place] + eased * (values[place + 1] - values[place]))
