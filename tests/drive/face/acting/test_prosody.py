from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from splatavatar.drive.face.acting.prosody import RATE, TICK, Ears, Prosody, _pitch
from support.spoken_sound import phrase, talk, tone


def follow(sound: NDArray[np.float32], ears: Ears | None = None) -> list[Prosody]:
    ears = ears or Ears()
    ticks = sound[: len(sound) // TICK * TICK].reshape(-1, TICK)
    return [ears.hear(tick if tick.any() else None) for tick in ticks]


@pytest.mark.parametrize("pitch", [80.0, 97.3, 130.0, 210.0, 333.0, 390.0])
def test_the_pitch_of_a_tone(pitch: float) -> None:
    found = _pitch(tone(pitch, 0.04))
    assert found is not None
    assert found == pytest.approx(12 * np.log2(pitch / 100), abs=0.25)


def test_noise_and_silence_have_no_pitch() -> None:
    rng = np.random.default_rng(0)
    assert _pitch(np.zeros(640, np.float32)) is None
    assert sum(_pitch(rng.standard_normal(640).astype(np.float32)) is not None for _ in range(100)) <= 2


def test_phrases_and_pauses() -> None:
    found = follow(talk(3, 2.0, 0.5))
    speaking = np.array([one.speaking for one in found])
    begins, ends = (np.flatnonzero(np.diff(speaking.astype(int)) == way) / 100 for way in (1, -1))
    np.testing.assert_allclose(begins, [0.0, 2.5, 5.0], atol=0.12)
    np.testing.assert_allclose(ends, [2.1, 4.6, 7.1], atol=0.12)
    assert found[240].pause == pytest.approx(0.4, abs=0.06)
    assert found[449].spoken == pytest.approx(2.0, abs=0.15)
    assert found[0].pause == np.inf


@pytest.mark.parametrize("loud", [0.1, 0.4])
def test_a_faint_voice_speaks_as_a_loud_one(loud: float) -> None:
    found, other = (follow(level * talk(2)) for level in (loud, 1.0))
    assert np.mean([a.speaking == b.speaking for a, b in zip(found, other, strict=True)]) > 0.97


@pytest.mark.parametrize("loud", [0.001, 0.05, 0.5])
def test_noise_does_not_speak(loud: float) -> None:
    noise = (loud * np.random.default_rng(1).standard_normal(20 * RATE)).astype(np.float32)
    assert not any(one.speaking for one in follow(noise))


def test_phrases_end_in_noise() -> None:
    sound = talk(3)
    noisy = sound + (0.01 * np.random.default_rng(1).standard_normal(len(sound))).astype(np.float32)
    found = follow(noisy)
    assert not any(found[n].speaking for n in (248, 498, 748))
    assert np.mean([one.speaking for one in found[30:200]]) > 0.8


def test_stressed_syllables_are_louder_and_higher_and_ends_are_low() -> None:
    found = follow(phrase(6.0))
    # Syllables of 0.2 s, the second of each three stressed.
    stressed, other = (np.array([one.loud for one in found[at:600:60]]) for at in (30, 50))
    assert stressed.mean() > 0.5
    assert stressed.mean() > other.mean() + 0.8
    low = np.array([one.low >= 0.11 for one in found])
    assert low[-100:].mean() > 2 * low[20:200].mean()


def test_anything_is_finite() -> None:
    rng = np.random.default_rng(2)
    for sound in (np.ones(8000), np.sign(rng.standard_normal(8000)), 1e-30 * np.ones(8000), np.eye(1, 8000)[0]):
        for one in follow(sound.astype(np.float32)):
            assert np.isfinite([one.loud, one.pitch, one.spoken, one.low]).all()
            assert abs(one.loud) <= 3 and abs(one.pitch) <= 3
