"""Faces that speak what is heard, and faces that do not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from splatavatar.capture.faces.landmarks import Landmarks
from splatavatar.capture.proof.lips import AGREES, MORE, RATE, SPAN, Agreement, agreement
from support.talking import babble, talking


@pytest.mark.parametrize("seed", range(4))
def test_a_face_that_speaks(seed: int) -> None:
    sound = babble(20, seed)
    found = agreement(talking(sound), sound, 5, 15)
    assert found is not None
    assert found.speaks
    assert found.here > 0.7


@pytest.mark.parametrize("late", [-1.5, -0.6, 0.6, 1.0, 5.0])
def test_a_sound_that_is_moved(late: float) -> None:
    sound = babble(24, 1)
    found = agreement(talking(sound, late), sound, 6, 16)
    assert found is not None
    assert not found.speaks


@pytest.mark.parametrize("seed", range(4))
def test_the_sound_of_another(seed: int) -> None:
    found = agreement(talking(babble(20, seed)), babble(20, seed + 50), 5, 15)
    assert found is not None
    assert not found.speaks


def test_a_face_that_keeps_still() -> None:
    sound = babble(20, 0)
    still = talking(sound)
    still.points[:] = still.points[:1]
    assert agreement(still, sound, 5, 15) == Agreement(-1.0, -1.0)


def test_a_little_late_is_in_time() -> None:
    sound = babble(20, 2)
    found = agreement(talking(sound, 0.08), sound, 5, 15)
    assert found is not None
    assert found.speaks


def test_a_short_sentence_is_looked_at_with_what_is_around_it() -> None:
    sound = babble(20, 3)
    face = talking(sound)
    for begins, ends in ((0.0, 2.0), (9.0, 11.0), (18.0, 19.9)):
        found = agreement(face, sound, begins, ends)
        assert found is not None
        assert found.speaks
    assert agreement(talking(babble(SPAN - 1, 3)), babble(SPAN - 1, 3), 2, 4) is None


def test_a_face_that_is_not_seen() -> None:
    sound = babble(20, 4)
    face = talking(sound)
    assert agreement(face.kept(np.abs(face.time - 10) > 2), sound, 5, 15) is None
    assert agreement(face.part(300, 500), sound, 5, 15) is None
    assert agreement(replace(face, found=np.zeros(500, bool)), sound, 5, 15) is None
    few = face.kept(np.arange(500) % 10 != 0)
    found = agreement(few, sound, 5, 15)
    assert found is not None
    assert found.speaks


def test_the_size_of_a_face_does_not_matter() -> None:
    sound = babble(20, 5)
    face = talking(sound)

    def of_size(factor: float) -> Landmarks:
        return replace(face, points=face.points * np.float32(factor))

    one, other = (agreement(of_size(factor), sound, 5, 15) for factor in (1, 3))
    assert one is not None
    assert other is not None
    assert one.here == pytest.approx(other.here, abs=1e-4)


def test_what_speaks() -> None:
    assert Agreement(AGREES, AGREES - MORE).speaks
    assert not Agreement(AGREES - 0.01, -1).speaks
    assert not Agreement(0.9, 0.85).speaks
    assert RATE == 16000
