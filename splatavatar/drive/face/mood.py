"""How somebody feels, laid over what their face does."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

import numpy as np

from splatavatar.array_types import Floats
from splatavatar.drive.face.landmark_signal import GAP_ROW
from splatavatar.drive.signal import FaceSignal
from splatavatar.errors import SettingsError
from splatavatar.printable import printable
from splatavatar.rig.arkit import INDEX, NAMES

SIDES = ("Left", "Right")


@dataclass(frozen=True)
class Manner:
    """How a mood changes what somebody does, as factors of what they would do without it."""

    head: float = 1.0
    """how far the head moves"""
    blinks: float = 1.0
    """how often the lids close"""
    away: float = 1.0
    """how often the eyes leave the other's"""
    nod: float = 0.0
    """radians that the head is held down"""
    tilt: float = 0.0
    """radians that the head is tilted to the subject's right"""


# Coefficients at intensity 1, by the action units that go with each emotion (Ekman and Friesen, "Facial action coding
# system", 1978), of about half their range: a mood in which somebody talks, not the face of one moment.
FACES: dict[str, dict[str, float]] = {
    "neutral": {},
    "happy": {"mouthSmile": 0.6, "cheekSquint": 0.4, "eyeSquint": 0.15, "mouthDimple": 0.1, "browOuterUp": 0.15},
    "sad": {"browInnerUp": 0.8, "mouthFrown": 0.55, "eyeSquint": 0.15, "mouthShrugLower": 0.2, "eyeLookDown": 0.06},
    "angry": {"browDown": 0.9, "eyeSquint": 0.35, "noseSneer": 0.3, "mouthPress": 0.25, "mouthFrown": 0.25},
    "surprised": {"browInnerUp": 0.85, "browOuterUp": 0.8, "eyeWide": 0.6},
    "calm": {"mouthSmile": 0.2, "eyeSquint": 0.1},
    "serious": {"browDown": 0.45, "mouthPress": 0.2, "eyeSquint": 0.15},
}
MANNERS: dict[str, Manner] = {
    "neutral": Manner(),
    "happy": Manner(head=1.25, blinks=1.1, away=0.8, tilt=0.02),
    "sad": Manner(head=0.6, blinks=0.9, away=1.6, nod=0.05),
    "angry": Manner(head=1.2, blinks=0.7, away=0.5, nod=0.03),
    "surprised": Manner(head=1.1, blinks=0.7, away=0.6, nod=-0.03),
    "calm": Manner(head=0.7, blinks=0.8, away=0.9),
    "serious": Manner(head=0.75, blinks=0.85, away=0.8, nod=0.01),
}

CLOSE, WIDE = INDEX["mouthClose"], [INDEX[f"eyeWide{side}"] for side in SIDES]
BLINK = [INDEX[f"eyeBlink{side}"] for side in SIDES]
LIDS = [INDEX[f"{name}{side}"] for name in ("eyeWide", "eyeSquint") for side in SIDES]
ROUND = [INDEX["mouthPucker"], INDEX["mouthFunnel"]]
MOUTH = [index for index, name in enumerate(NAMES) if name.startswith("mouth")]
CLOSING = GAP_ROW[CLOSE]


@dataclass(frozen=True)
class Mood:
    """A mood and how strong it is."""

    name: str = "neutral"
    intensity: float = 1.0
    """in [0, 1]"""
    _face: Floats = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Raises SettingsError for a name that is not known, or an intensity that is not in [0, 1]."""
        if self.name not in FACES:
            raise SettingsError(f"there is no mood {printable(self.name)[:40]!r}; expected one of {', '.join(FACES)}.")
        if not 0.0 <= self.intensity <= 1.0:
            raise SettingsError(f"the intensity of a mood is from 0 to 1, got {self.intensity:g}.")
        face = np.zeros(len(NAMES), np.float32)
        for name, value in FACES[self.name].items():
            for index in [INDEX[name]] if name in INDEX else [INDEX[name + side] for side in SIDES]:
                face[index] = value * self.intensity
        object.__setattr__(self, "_face", face)

    @classmethod
    def parse(cls, text: str) -> Mood:
        """The mood of ``NAME`` or ``NAME:INTENSITY``, such as ``happy:0.6``; an intensity of 1 where none is said.

        >>> import splatavatar as sa
        >>> sa.Mood.parse("happy:0.6").intensity
        0.6

        Raises SettingsError.
        """
        name, mark, number = text.strip().partition(":")
        if mark and not re.fullmatch(r"\d{1,3}(\.\d{0,9})?|\.\d{1,9}", number.strip(), re.ASCII):
            raise SettingsError(f"a mood is NAME or NAME:INTENSITY, such as happy:0.6, got {printable(text)[:60]!r}.")
        return cls(name.strip().lower(), float(number) if mark else 1.0)

    @property
    def manner(self) -> Manner:
        """What it changes in how somebody moves, at this intensity."""
        full, plain = MANNERS[self.name], Manner()

        def part(name: str) -> float:
            rest = float(getattr(plain, name))
            return rest + self.intensity * (float(getattr(full, name)) - rest)

        return Manner(**{name: part(name) for name in Manner.__dataclass_fields__})

    def add(self, signal: FaceSignal, share: float = 1.0) -> FaceSignal:
        """The ``signal`` in this mood; ``share`` in [0, 1] says how much of it.

        Every coefficient goes a share of the way from where it is to 1. The lips are never further apart than they
        were: those which meet for p, b and m still do. Round lips are hardly widened, and lids that close are not
        held open.
        """
        face = np.float32(min(max(share, 0.0), 1.0)) * self._face
        if not face.any():
            return signal
        was = np.clip(np.nan_to_num(signal.arkit), 0.0, 1.0).astype(np.float32)
        face[MOUTH] *= 1.0 - was[ROUND].max()
        face[LIDS] *= 1.0 - np.tile(was[BLINK], 2)
        arkit = was + face * (1.0 - was)
        # mouthClose takes lips that the mood parts back to where they were.
        parted = max(float(GAP_ROW @ (arkit - was)), 0.0)
        arkit[CLOSE] = min(float(arkit[CLOSE]) - parted / CLOSING, 1.0)
        return replace(signal, arkit=arkit)
