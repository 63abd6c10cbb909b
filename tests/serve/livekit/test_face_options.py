from __future__ import annotations

import pytest

from splatavatar.drive.face.mood import Mood
from splatavatar.drive.signal import FaceSignal
from splatavatar.serve.livekit.face_options import FaceOptions


@pytest.mark.parametrize("behaviour", [None, 0.0])
def test_a_face_that_does_nothing_by_itself_is_in_its_mood(behaviour: float | None) -> None:
    face = FaceOptions(behaviour=behaviour, mood="happy:0.6").face()
    happy = Mood("happy", 0.6).add(FaceSignal.neutral()).arkit
    for _ in range(50):
        signal = face.next().signal
        assert signal.arkit == pytest.approx(happy, abs=1e-6)
        assert not signal.head_rotation.any()


def test_without_a_mood_it_is_at_rest() -> None:
    face = FaceOptions(behaviour=None).face()
    assert not any(face.next().signal.arkit.any() for _ in range(50))
