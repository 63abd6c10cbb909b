"""An agent whose face is gone speaks on without one."""

from __future__ import annotations

import numpy as np
from livekit import rtc
from numpy.typing import NDArray

from splatavatar.array_types import Doubles, Floats
from splatavatar.rig.arkit import NAMES
from splatavatar.serve.livekit.face_options import FaceOptions
from splatavatar.serve.livekit.output import SpeechOutput
from splatavatar.serve.livekit.runner import SplatRunner
from splatavatar.serve.speech.face import SpeakingFace


class Mute:
    """A model of speech that hears nothing, for a voice without lips."""

    look_ahead = 0.0

    def push(self, samples: NDArray[np.generic]) -> tuple[Doubles, Floats]:
        """No coefficients."""
        return np.zeros(0), np.zeros((0, len(NAMES)), np.float32)

    def reset(self) -> None:
        """Nothing is remembered."""


def voice_only(room: rtc.Room, output: SpeechOutput, options: FaceOptions) -> SplatRunner:
    """A runner that publishes the sound of ``output`` and nothing else."""
    return SplatRunner(room, output, None, options, SpeakingFace(Mute, options.fps, options.rate))
