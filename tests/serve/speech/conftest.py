from __future__ import annotations

import numpy as np
import pytest

from splatavatar.drive.audio.sound import read_audio
from splatavatar.serve.speech.resampling import Samples
from support.shared import shared


@pytest.fixture(scope="module")
def shared_speech() -> Samples:
    """Four seconds of a person, 16 kHz."""
    return np.asarray(np.rint(read_audio(shared("speech/jfk.wav"))[: 4 * 16000] * 32767), np.int16)
