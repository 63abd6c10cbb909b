from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from splatavatar.capture.faces.landmarks import Landmarks
from splatavatar.capture.video.selection import choose_frames
from splatavatar.rig.arkit import INDEX
from support.faces import FRAMES, good_landmarks, without


@pytest.fixture(scope="module")
def landmarks() -> Landmarks:
    return good_landmarks()


def test_extremes_and_rest_are_among_few(landmarks: Landmarks) -> None:
    scores = landmarks.scores.copy()
    scores[:, INDEX["eyeSquintLeft"]] = 0.1
    scores[200, INDEX["eyeSquintLeft"]] = 0.0  # the most restful
    chosen = choose_frames(replace(landmarks, scores=scores), 8)
    assert len(chosen) == 8 and (np.diff(chosen) > 0).all()
    assert 200 in chosen
    for name in ("mouthSmileLeft", "browInnerUp", "mouthPucker"):
        assert scores[chosen, INDEX[name]].max() == pytest.approx(0.9), name
    turn = landmarks.transform[:, 0, 2]
    assert turn[chosen].max() > 0.95 * turn.max()
    assert turn[chosen].min() < 0.95 * turn.min()


def test_it_is_not_every_nth(landmarks: Landmarks) -> None:
    """A third of the clip is at rest, and a tenth of the pictures."""
    chosen = choose_frames(landmarks, 40)
    assert (chosen >= 160).sum() <= 4


def test_blurred_frames_stay_out(landmarks: Landmarks) -> None:
    blurred = np.arange(3, FRAMES, 4)
    sharpness = landmarks.sharpness.copy()
    sharpness[blurred] *= 0.3
    assert not np.isin(choose_frames(replace(landmarks, sharpness=sharpness), 100), blurred).any()


def test_the_least_blurred_come_in_where_there_are_no_others(landmarks: Landmarks) -> None:
    few = replace(landmarks.part(100, 112), sharpness=np.array([9, 3, 9, 1, 9, 2, 9, 9, 9, 9, 9, 9], np.float32))
    assert choose_frames(few, 11).tolist() == [0, 1, 2, 4, 5, 6, 7, 8, 9, 10, 11]


def test_a_change_of_light_or_place_is_no_blur(landmarks: Landmarks) -> None:
    sharpness = landmarks.sharpness.copy()
    sharpness[120:] *= 0.3
    chosen = choose_frames(replace(landmarks, sharpness=sharpness), 60)
    assert chosen.tolist() == choose_frames(landmarks, 60).tolist()


def test_frames_without_a_face_and_those_not_allowed(landmarks: Landmarks) -> None:
    lost = without(landmarks, "found", slice(100, 120), False)
    lost = without(lost, "points", slice(100, 120), np.nan)
    allowed = np.ones(FRAMES, bool)
    allowed[130:140] = False
    chosen = choose_frames(lost, 120, allowed)
    assert len(chosen) == 120
    assert not ((chosen >= 100) & (chosen < 120)).any()
    assert not ((chosen >= 130) & (chosen < 140)).any()
    assert choose_frames(lost, 1000, allowed).tolist() == np.flatnonzero(lost.found & allowed).tolist()


def test_the_same_again(landmarks: Landmarks) -> None:
    assert choose_frames(landmarks, 50).tolist() == choose_frames(landmarks, 50).tolist()
