"""Sound and pictures of a written file, judged by decoding it."""

from __future__ import annotations

import wave
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from splatavatar.drive.sinks.encoded import MP4, WEBM, EncodedVideo, Encoding
from splatavatar.drive.sinks.soundtrack import RATE, FileSound
from splatavatar.errors import SignalError

FPS = Fraction(30000, 1001)
EVENTS = (10, 25, 47)
"""frames that flash"""
Open = Callable[[Path, FileSound], EncodedVideo]


def write_clicks(path: Path, rate: int, channels: int, seconds: float, shift: float = 0.0) -> None:
    """A wave file with a click of 4 ms at the time of every flash, ``shift`` seconds later."""
    samples = np.zeros(round(seconds * rate))
    for frame in EVENTS:
        at = round((float(frame / FPS) + shift) * rate)
        if at < len(samples):
            samples[at : at + rate // 250] = 0.8 * np.sin(np.arange(rate // 250) * 2 * np.pi * 1000 / rate)
    with wave.open(str(path), "wb") as file:
        file.setparams((channels, 2, rate, 0, "NONE", ""))
        file.writeframes(np.repeat((samples * 32767).astype("<i2"), channels).tobytes())


def onsets(samples: NDArray[np.float32], start: float, rate: int) -> list[float]:
    """Seconds at which the sound gets loud after silence."""
    loud = np.flatnonzero(np.abs(samples) > 0.2) / rate
    return [float(at) + start for n, at in enumerate(loud) if n == 0 or at > loud[n - 1] + 0.1]


def decode(path: Path) -> tuple[list[float], list[float], float, float]:
    """Times of flashes and clicks, then the ends of pictures and sound; seconds."""
    with av.open(str(path)) as container:
        frames = [(float(f.time), f.to_ndarray(format="gray").mean()) for f in container.decode(video=0)]
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        pieces = [(float(f.time), f.to_ndarray()[0]) for f in container.decode(stream)]
        rate = stream.rate
    sound = np.concatenate([piece for _, piece in pieces])
    clicks = onsets(sound, pieces[0][0], rate)
    return (
        [at for at, light in frames if light > 128],
        clicks,
        frames[-1][0] + float(1 / FPS),
        pieces[-1][0] + len(pieces[-1][1]) / rate,
    )


def film(sink: EncodedVideo, frames: int = 60) -> None:
    for n in range(frames):
        sink.write(np.full((48, 64, 3), 255 if n in EVENTS else 0, np.uint8))
    sink.close()


@pytest.mark.parametrize(("name", "encoding"), [("a.mp4", MP4), ("a.webm", WEBM)])
@pytest.mark.parametrize(("rate", "channels"), [(44100, 2), (16000, 1)])
def test_clicks_fall_on_flashes(tmp_path: Path, name: str, encoding: Encoding, rate: int, channels: int) -> None:
    write_clicks(tmp_path / "clicks.wav", rate, channels, 4.0)
    film(EncodedVideo(tmp_path / name, FPS, 64, 48, encoding, FileSound(tmp_path / "clicks.wav")))
    flashes, clicks, end_of_pictures, end_of_sound = decode(tmp_path / name)
    assert len(flashes) == len(clicks) == len(EVENTS)
    np.testing.assert_allclose(clicks, flashes, atol=0.003)
    # Longer sound than pictures is cut to them, but for the rest of the codec's frame.
    assert end_of_pictures <= end_of_sound <= end_of_pictures + 0.03


def test_a_video_begins_where_it_is_told_to(tmp_path: Path) -> None:
    write_clicks(tmp_path / "clicks.wav", 48000, 1, 4.0, shift=1.5)
    film(EncodedVideo(tmp_path / "a.mp4", FPS, 64, 48, MP4, FileSound(tmp_path / "clicks.wav", start=1.5)))
    write_clicks(tmp_path / "early.wav", 48000, 1, 4.0, shift=-0.2)
    film(EncodedVideo(tmp_path / "b.mp4", FPS, 64, 48, MP4, FileSound(tmp_path / "early.wav", start=-0.2)))
    for name in ("a.mp4", "b.mp4"):
        flashes, clicks, _, _ = decode(tmp_path / name)
        np.testing.assert_allclose(clicks, flashes, atol=0.003)


def test_sound_of_a_video_goes_through_twice(tmp_path: Path) -> None:
    """AAC out of an mp4 begins before its time 0 with samples that are not heard."""
    write_clicks(tmp_path / "clicks.wav", 44100, 2, 2.0)
    film(EncodedVideo(tmp_path / "a.mp4", FPS, 64, 48, MP4, FileSound(tmp_path / "clicks.wav")))
    film(EncodedVideo(tmp_path / "b.mp4", FPS, 64, 48, MP4, FileSound(tmp_path / "a.mp4")))
    flashes, clicks, _, _ = decode(tmp_path / "b.mp4")
    np.testing.assert_allclose(clicks, flashes, atol=0.003)


def test_short_sound_ends_before_the_pictures(tmp_path: Path) -> None:
    write_clicks(tmp_path / "clicks.wav", 48000, 1, 1.0)
    film(EncodedVideo(tmp_path / "a.mp4", FPS, 64, 48, MP4, FileSound(tmp_path / "clicks.wav")))
    flashes, clicks, end_of_pictures, end_of_sound = decode(tmp_path / "a.mp4")
    assert len(flashes) == 3 and len(clicks) == 2
    assert end_of_sound == pytest.approx(1.0, abs=0.03) and end_of_pictures == pytest.approx(2.0, abs=0.01)


def test_hands_out_every_sample_once(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    samples = (rng.uniform(-0.5, 0.5, RATE) * 32767).astype("<i2")
    with wave.open(str(tmp_path / "noise.wav"), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes(samples.tobytes())
    sound = FileSound(tmp_path / "noise.wav")
    pieces = [sound.read(int(count)) for count in rng.integers(1, 3000, 100)]
    got = np.concatenate(pieces, axis=1)
    sound.close()
    sound.close()
    assert got.shape == (2, RATE)
    np.testing.assert_allclose(got[0], samples / 32768, atol=1e-4)
    np.testing.assert_allclose(got[1], samples / 32768, atol=1e-4)


def test_a_file_without_sound_says_so(tmp_path: Path) -> None:
    film(EncodedVideo(tmp_path / "mute.mp4", FPS, 64, 48, MP4), frames=3)
    (tmp_path / "text.txt").write_text("no sound")
    for name, message in (("mute.mp4", "no audio track"), ("text.txt", "cannot be decoded"), ("none.wav", "no such")):
        with pytest.raises(SignalError, match=message):
            FileSound(tmp_path / name)
