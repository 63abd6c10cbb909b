"""From a film to a proof: the sound of a voice, and a face that does or does not speak it."""

from __future__ import annotations

import datetime
import hashlib
import wave
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from splatavatar.capture.proof.code import Code
from splatavatar.capture.proof.hearing import RATE
from splatavatar.capture.proof.proof import LISTENED, beginning, digest_of, look_for
from splatavatar.capture.video.video import Video
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


def test_sound_counts_from_the_first_picture(tmp_path: Path) -> None:
    """A click and a flash of one instant have one time, although the sound of the film begins 0.32 s before the
    pictures, as browsers record it."""
    import av

    late, instant, film = 0.32, 1.0, tmp_path / "late.webm"
    with av.open(str(film), "w") as container:
        stream: Any = container.add_stream("libvpx", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        track: Any = container.add_stream("libopus", rate=48000)
        track.layout = "mono"
        packets = []
        for number in range(50):
            at = late + number / 25
            picture = np.full((48, 64, 3), 255 if abs(at - instant) < 0.01 else 0, np.uint8)
            frame = av.VideoFrame.from_ndarray(picture, "rgb24")
            frame.pts, frame.time_base = round(1000 * at), Fraction(1, 1000)
            packets += stream.encode(frame)
        sound = np.zeros((1, 3 * 48000), np.float32)
        sound[:, 48000:48480] = 0.9
        for first in range(0, sound.shape[1], 960):
            piece = av.AudioFrame.from_ndarray(sound[:, first : first + 960], "fltp", "mono")
            piece.sample_rate, piece.pts, piece.time_base = 48000, first, Fraction(1, 48000)
            packets += track.encode(piece)
        for packet in sorted([*packets, *stream.encode(None), *track.encode(None)], key=lambda p: p.dts * p.time_base):
            container.mux(packet)
    heard = beginning(film)
    (flash,) = [at for _, at, picture in Video(film).frames() if picture.mean() > 128]
    assert flash == pytest.approx(instant - late, abs=0.02)
    assert np.flatnonzero(np.abs(heard) > 0.3)[0] / RATE == pytest.approx(flash, abs=0.02)


def test_a_film_without_sound_is_one_sentence(tmp_path: Path) -> None:
    film = write_video(tmp_path / "silent.mp4", numbered(3))
    with pytest.raises(SignalError, match=r"silent\.mp4: no audio track in it\."):
        beginning(film)
