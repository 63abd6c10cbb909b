"""From a film to a proof: the sound of a voice, and a face that does or does not speak it."""

from __future__ import annotations

import datetime
import hashlib
import wave
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from splatavatar.capture.proof.code import Code
from splatavatar.capture.proof.hearing import RATE
from splatavatar.capture.proof.proof import LISTENED, beginning, digest_of, look_for
from splatavatar.errors import SignalError
from support.espeak import in_a_room, spoken
from support.footage import numbered, write_video
from support.talking import talking

CODE = Code(("window", "paper", "kingdom", "trumpet", "yellow", "story"), datetime.date(2026, 11, 27))
OTHER = Code(("museum", "children", "library", "violin", "horizon", "together"), datetime.date(2026, 11, 27))


@pytest.fixture(scope="module")
def said() -> NDArray[np.float32]:
    """The sentence of ``CODE``."""
    return in_a_room(spoken(CODE.sentence, "en-us", 130), np.random.default_rng(1), 0.1, 30)


def test_a_code_that_the_face_speaks_is_proved(said: NDArray[np.float32]) -> None:
    verdict = look_for([OTHER, CODE], said, talking(said))
    proof = verdict.proof
    assert verdict.code == CODE
    assert proof is not None
    assert proof.date == CODE.date
    assert 0 <= proof.begins < 2 < 8 < proof.ends <= len(said) / RATE
    assert verdict.sentence == f"the code was heard from {proof.begins:.1f} to {proof.ends:.1f} s, spoken by the face"
    span = said[round(proof.begins * RATE) : round(proof.ends * RATE)]
    pcm = np.rint(span.clip(-1, 1) * 32767).astype("<i2").tobytes()
    assert proof.sha256 == hashlib.sha256(pcm).hexdigest() == digest_of(said, proof.begins, proof.ends)


def test_a_code_that_the_face_does_not_speak(said: NDArray[np.float32]) -> None:
    verdict = look_for([CODE], said, talking(said[::-1].copy()))
    assert (verdict.code, verdict.proof) == (CODE, None)
    assert verdict.sentence.endswith(" s, but the lips of the face do not move with it")
    verdict = look_for([CODE], said, talking(said).part(200, 300))
    assert (verdict.code, verdict.lips, verdict.proof) == (CODE, None, None)
    assert verdict.sentence.endswith(" s, but the face is not seen while it is said")


def test_another_code_is_not_heard(said: NDArray[np.float32]) -> None:
    verdict = look_for([OTHER], said, talking(said))
    assert (verdict.code, verdict.lips, verdict.proof) == (None, None, None)
    assert verdict.sentence == "the sentence of splatavatar consent say was not heard"


def test_the_beginning_of_a_film_is_listened_to(tmp_path: Path) -> None:
    time = np.arange(round((LISTENED + 3) * RATE)) / RATE
    tone = (np.sin(2 * np.pi * 300 * time) * 12000).astype("<i2")
    with wave.open(str(tmp_path / "long.wav"), "wb") as file:
        file.setparams((1, 2, RATE, len(tone), "NONE", ""))
        file.writeframes(tone.tobytes())
    heard = beginning(tmp_path / "long.wav")
    assert heard.shape == (LISTENED * RATE,)
    np.testing.assert_allclose(heard[:8000], tone[:8000] / 32768, atol=1e-4)
    with wave.open(str(tmp_path / "short.wav"), "wb") as file:
        file.setparams((1, 2, RATE, RATE, "NONE", ""))
        file.writeframes(tone[:RATE].tobytes())
    assert beginning(tmp_path / "short.wav").shape == (RATE,)


def test_a_film_without_sound_is_one_sentence(tmp_path: Path) -> None:
    film = write_video(tmp_path / "silent.mp4", numbered(3))
    with pytest.raises(SignalError, match=r"silent\.mp4: no audio track in it\."):
        beginning(film)
