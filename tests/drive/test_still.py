from __future__ import annotations

import numpy as np
import pytest

from splatavatar.drive.motion import moving_signal
from splatavatar.drive.retarget import retarget
from splatavatar.drive.still import parameters_at
from splatavatar.errors import SettingsError
from splatavatar.rig.rig import Rig


def test_frame_of_a_recording(rig: Rig) -> None:
    recording = moving_signal(1.0)
    expected = retarget(recording.frame(7), rig)
    np.testing.assert_array_equal(parameters_at(recording, 7, rig).expression, expected.expression)
    np.testing.assert_array_equal(parameters_at(recording, 7, rig).joint_rotations, expected.joint_rotations)


def test_rests_without_a_recording(rig: Rig) -> None:
    parameters = parameters_at(None, 0, rig)
    assert not parameters.expression.any() and not parameters.joint_rotations.any()


@pytest.mark.parametrize("frame", [-1, 30])
def test_refuses_a_frame_that_is_not_there(rig: Rig, frame: int) -> None:
    with pytest.raises(SettingsError) as caught:
        parameters_at(moving_signal(1.0), frame, rig)
    assert str(caught.value) == f"no frame {frame}: the signal has 30 frames, counted from 0."
