"""Faces and recordings as they are passed about."""

from __future__ import annotations

import numpy as np
import pytest

from splatavatar.drive.measuring.motion import moving_signal
from splatavatar.drive.signal import FaceSignal, chosen_frame
from splatavatar.errors import SettingsError, SignalError
from splatavatar.rig.arkit import NAMES


def test_frame_of_a_recording() -> None:
    recording = moving_signal(1.0)
    chosen = chosen_frame(recording, 7)
    assert chosen is not None
    np.testing.assert_array_equal(chosen.arkit, recording.arkit[7])
    assert chosen_frame(None, 0) is None


@pytest.mark.parametrize("frame", [-1, 30])
def test_refuses_a_frame_that_is_not_there(frame: int) -> None:
    with pytest.raises(SettingsError) as caught:
        chosen_frame(moving_signal(1.0), frame)
    assert str(caught.value) == f"no frame {frame}: the signal has 30 frames, counted from 0."


def test_a_face_by_its_coefficients() -> None:
    signal = FaceSignal.neutral(2.5, jawOpen=0.5, browInnerUp=1)
    assert signal.time == 2.5 and signal.confidence == 1
    assert {NAMES[i]: float(signal.arkit[i]) for i in np.flatnonzero(signal.arkit)} == {
        "jawOpen": 0.5,
        "browInnerUp": 1.0,
    }
    assert not signal.head_rotation.any() and not signal.head_translation.any() and not signal.gaze.any()


def test_coefficients_that_are_none() -> None:
    with pytest.raises(SignalError, match=r"^no coefficient 'jaw_open'; ARKit's 52 are jawOpen"):
        FaceSignal.neutral(jaw_open=0.5)
    for value in (1.5, -0.1, float("nan")):
        with pytest.raises(SignalError, match=r"^jawOpen is .*, expected 0 to 1"):
            FaceSignal.neutral(jawOpen=value)
