"""The mirror image of a signal."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from splatavatar.drive.face.mirror import mirror
from splatavatar.drive.retarget import LOOK, look_coefficients
from splatavatar.drive.signal import FaceSignal
from splatavatar.rig.arkit import INDEX, NAMES
from splatavatar.rotations import rotation_matrices


def values(shape: tuple[int, ...], low: float, high: float) -> st.SearchStrategy[np.ndarray]:
    return arrays(np.float32, shape, elements=st.floats(low, high, width=32))


SIGNALS = st.builds(
    FaceSignal,
    st.floats(0, 100),
    values((52,), 0, 1),
    values((3,), -1, 1),
    values((3,), -1, 1),
    values((2, 2), -1, 1),
    st.floats(0, 1, width=32),
)


@settings(deadline=None, max_examples=25)
@given(SIGNALS)
def test_the_mirror_of_a_mirror_is_the_signal(signal: FaceSignal) -> None:
    twice = mirror(mirror(signal))
    for name in ("time", "arkit", "head_rotation", "head_translation", "gaze", "confidence"):
        np.testing.assert_array_equal(getattr(twice, name), getattr(signal, name), name)


def test_names_change_sides() -> None:
    for name, other in (("eyeBlinkLeft", "eyeBlinkRight"), ("jawRight", "jawLeft"), ("jawOpen", "jawOpen")):
        arkit = np.zeros(len(NAMES), np.float32)
        arkit[INDEX[name]] = 1
        signal = FaceSignal(0, arkit, np.zeros(3, np.float32), np.zeros(3, np.float32), np.zeros((2, 2)), 1)
        assert np.flatnonzero(mirror(signal).arkit).tolist() == [INDEX[other]]


@given(values((3,), -1.5, 1.5), values((3,), -1, 1))
def test_what_the_head_does_is_mirrored_in_space(turn: np.ndarray, way: np.ndarray) -> None:
    signal = FaceSignal(0, np.zeros(52, np.float32), turn, way, np.zeros((2, 2), np.float32), 1)
    flip = np.diag([-1.0, 1.0, 1.0])
    before, after = (rotation_matrices(s.head_rotation.astype(np.float64)) for s in (signal, mirror(signal)))
    np.testing.assert_allclose(after, flip @ before @ flip, atol=1e-6)
    np.testing.assert_array_equal(mirror(signal).head_translation, (flip @ way).astype(np.float32))


def test_a_gaze_and_its_coefficients_agree() -> None:
    arkit = np.zeros(52, np.float32)
    gaze = np.array([[0.3, 0.1], [0.2, -0.2]], np.float32)
    for eye in range(2):
        arkit[LOOK[eye]] = look_coefficients(*gaze[eye].tolist(), left=eye == 0)
    signal = mirror(FaceSignal(0, arkit, np.zeros(3, np.float32), np.zeros(3, np.float32), gaze, 1))
    for eye in range(2):
        wanted = look_coefficients(*signal.gaze[eye].tolist(), left=eye == 0)
        # In and out have ranges of their own, so only what is not 0 stays what it is.
        np.testing.assert_array_equal(signal.arkit[LOOK[eye]] > 0, wanted > 0)
