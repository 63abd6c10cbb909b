from __future__ import annotations

from pathlib import Path

import numpy as np

from splatavatar.drive.measuring.motion import moving_signal
from splatavatar.drive.sources.recorded.checked import checked
from splatavatar.drive.sources.recorded.read import read_signal

SAMPLE = Path(__file__).parents[3] / "data" / "signals" / "hello.npz"


def test_is_a_valid_recording_in_which_every_frame_moves() -> None:
    recording = checked(moving_signal(), "built-in")
    assert len(recording) == 180
    assert recording.arkit.min() >= 0 and recording.arkit.max() <= 1
    assert (np.abs(np.diff(recording.head_rotation, axis=0)).sum(1) > 1e-4).all()


def test_turns_the_head_twenty_degrees_to_both_sides() -> None:
    yaw = np.degrees(moving_signal().head_rotation[:, 1])
    np.testing.assert_allclose([yaw.min(), yaw.max()], [-20, 20], atol=0.2)


def test_the_sample_is_this_motion() -> None:
    sample, motion = read_signal(SAMPLE), moving_signal()
    assert sample.fps == motion.fps
    np.testing.assert_allclose(sample.arkit, motion.arkit, atol=1e-6)
    np.testing.assert_allclose(sample.head_rotation, motion.head_rotation, atol=1e-6)
