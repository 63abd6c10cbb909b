"""A face that is lost and found."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from splatavatar.drive.face.channels import BROWS, EYES, FACE, GAZE, HEAD, MOUTH
from splatavatar.drive.face.presence import EASE, HOLD, RECOVER, Presence
from splatavatar.drive.face.vector import SLOTS, from_vector, to_vector
from splatavatar.drive.measuring.motion import moving_signal
from splatavatar.drive.signal import FaceSignal, nobody

FPS = 60.0
SMILING = from_vector(np.concatenate([np.full(52, 0.6), np.full(10, 0.2)]), 0.0, 1.0)


def shown(presence: Presence, signal: FaceSignal | None, seconds: float, start: float = 0.0) -> list[FaceSignal]:
    return [presence(signal, FACE, start + i / FPS) for i in range(round(seconds * FPS))]


def test_a_face_that_is_there_is_shown_as_it_is() -> None:
    presence = Presence()
    shown(presence, SMILING, 1.0)
    recording = moving_signal()
    for i in range(20):
        signal = recording.frame(i)
        np.testing.assert_allclose(to_vector(presence(signal, FACE, 1.0 + i / FPS)), to_vector(signal), atol=1e-6)
    assert set(presence.away.values()) == {0.0}


def test_a_lost_face_is_held_then_eased_to_rest_then_at_rest() -> None:
    presence = Presence()
    shown(presence, SMILING, 1.0)
    for seconds in (HOLD / 2, HOLD - 0.02):
        held = shown(presence, None, seconds, start=1.0)[-1]
        np.testing.assert_allclose(to_vector(held), to_vector(SMILING), atol=1e-6)
        shown(presence, SMILING, 1.0)
    away = shown(presence, nobody(0.0), HOLD + EASE + 0.1, start=1.0)
    half = away[round((HOLD + EASE / 2) * FPS)]
    np.testing.assert_allclose(to_vector(half), to_vector(SMILING) / 2, atol=0.05)
    assert not to_vector(away[-1]).any() and away[-1].confidence == 0
    assert set(presence.away.values()) == {1.0}


def test_a_face_that_is_back_is_taken_up_within_its_time() -> None:
    presence = Presence()
    back = shown(presence, SMILING, RECOVER + 2 / FPS)
    assert to_vector(back[0]).max() < 0.05
    np.testing.assert_allclose(to_vector(back[-1]), to_vector(SMILING), atol=1e-6)


@settings(deadline=None, max_examples=30)
@given(st.lists(st.tuples(st.booleans(), st.integers(1, 40)), min_size=2, max_size=12), st.integers(0, 1000))
def test_however_it_comes_and_goes_nothing_jumps(pieces: list[tuple[bool, int]], seed: int) -> None:
    """Of a face that stands still at two places, what is shown never moves faster than from one to the other within
    the time of a recovery.
    """
    rng = np.random.default_rng(seed)
    presence, before, frame = Presence(), np.zeros(62), 0
    # Smoothstep is 1.5 times as steep in its middle as on average.
    most = 1.0 * 1.5 / (RECOVER * FPS) + 1e-6
    face = from_vector(np.zeros(62), 0.0, 1.0)
    for there, frames in pieces:
        if not there:
            # Found again elsewhere.
            face = from_vector(rng.uniform(0, 1, 62), 0.0, 1.0)
        for _ in range(frames):
            now = to_vector(presence(face if there else None, FACE, frame / FPS))
            assert np.abs(now - before).max() <= most
            before, frame = now, frame + 1


def test_idle_life_comes_and_goes_with_the_face() -> None:
    presence, seen = Presence(), []
    for i in range(240):
        presence(SMILING if i < 60 or i > 180 else None, FACE, i / FPS)
        seen.append(presence.away[EYES])
    assert seen[60] == 0 and seen[160] == 1 and seen[-1] == 0
    assert np.abs(np.diff([1.0, *seen])).max() < 0.11


def test_a_voice_keeps_the_mouth_while_the_face_is_away() -> None:
    presence = Presence()
    shown(presence, SMILING, 1.0)
    for i in range(120):
        last = presence(SMILING, {MOUTH}, 1.0 + i / FPS)
    assert (last.arkit[SLOTS[MOUTH]] == np.float32(0.6)).all()
    for channel in (EYES, BROWS):
        assert not last.arkit[SLOTS[channel]].any()
    assert not last.gaze.any() and not last.head_rotation.any()
    assert presence.away == {MOUTH: 0.0, EYES: 1.0, BROWS: 1.0, GAZE: 1.0, HEAD: 1.0}
    assert last.confidence == 1


def test_values_that_are_no_numbers_count_as_what_was_shown() -> None:
    presence = Presence()
    shown(presence, SMILING, 1.0)
    broken = from_vector(np.full(62, np.nan), 0.0, 1.0)
    np.testing.assert_allclose(to_vector(presence(broken, FACE, 1.1)), to_vector(SMILING), atol=1e-6)
    away = shown(presence, None, HOLD + EASE + 0.1, start=1.2)
    assert not to_vector(away[-1]).any()


@pytest.mark.parametrize("now", [-50.0, 1.0, np.nan])
def test_a_clock_that_goes_back_or_stands_neither_jumps_nor_stops(now: float) -> None:
    presence = Presence()
    shown(presence, SMILING, 1.0)
    before = shown(presence, None, HOLD + EASE / 2, start=1.0)[-1]
    after = presence(None, FACE, now)
    np.testing.assert_allclose(to_vector(after), to_vector(before), atol=0.05)
    start = now if np.isfinite(now) else 3.0
    assert not to_vector(shown(presence, None, EASE, start=start)[-1]).any()


def test_a_pause_of_the_renderer_is_no_jump() -> None:
    presence = Presence()
    shown(presence, SMILING, 1.0)
    held = presence(None, FACE, 1.0)
    after = presence(None, FACE, 60.0)
    np.testing.assert_allclose(to_vector(after), to_vector(held), atol=1e-6)
