"""mp4 and webm: every frame, its colours, its alpha, whole or not at all."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from splatavatar.drive.sinks.encoded import MP4, EncodedVideo
from splatavatar.drive.sinks.opening import open_sink

RATE = Fraction(30000, 1001)
H, W = 48, 64
COLOURS = [(200, 30, 40), (20, 180, 60), (30, 60, 220), (255, 255, 255), (0, 0, 0), (128, 128, 128)]


def record(path: Path) -> EncodedVideo:
    sink = EncodedVideo(path, RATE, 64, 48, MP4)
    for colour in COLOURS:
        sink.write(np.full((48, 64, 3), colour, np.uint8))
    return sink


def test_keeps_every_frame_its_colour_and_the_exact_rate(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    record(path).close()
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.mp4"]
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name == "h264" and stream.codec_context.pix_fmt == "yuv420p"
        assert stream.average_rate == RATE
        frames = list(container.decode(stream))
        context = stream.codec_context
        assert (context.color_primaries, context.color_trc, context.colorspace, context.color_range) == (1, 13, 1, 1)
    assert len(frames) == len(COLOURS)
    assert [frame.pts * frame.time_base for frame in frames] == [n / RATE for n in range(len(COLOURS))]
    for frame, colour in zip(frames, COLOURS, strict=True):
        image = frame.reformat(format="rgb24", src_colorspace=1, src_color_range=1).to_ndarray()
        np.testing.assert_allclose(image.reshape(-1, 3).mean(0), colour, atol=4)


def test_appears_only_when_closed(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_text("old")
    sink = record(path)
    assert path.read_text() == "old"
    sink.close()
    assert path.read_bytes()[4:8] == b"ftyp"


@pytest.mark.parametrize("frames", [0, 3])
def test_discard_leaves_nothing(tmp_path: Path, frames: int) -> None:
    sink = EncodedVideo(tmp_path / "a.mp4", RATE, 64, 48, MP4)
    for _ in range(frames):
        sink.write(np.zeros((48, 64, 3), np.uint8))
    sink.discard()
    assert list(tmp_path.iterdir()) == []


def test_closing_without_a_frame_leaves_nothing(tmp_path: Path) -> None:
    EncodedVideo(tmp_path / "a.mp4", RATE, 64, 48, MP4).close()
    assert list(tmp_path.iterdir()) == []


def badge() -> NDArray[np.uint8]:
    """Left opaque red, middle half-transparent green, right nothing."""
    image = np.zeros((H, W, 4), np.uint8)
    image[:, :24] = (220, 40, 30, 255)
    image[:, 24:40] = (30, 200, 60, 128)
    return image


def decoded(path: Path) -> list[NDArray[np.uint8]]:
    """Frames with alpha, by the one decoder of VP9 that knows it."""
    frames = []
    decoder = av.CodecContext.create("libvpx-vp9", "r")
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert dict(stream.metadata)["ALPHA_MODE"] == "1"
        for packet in container.demux(stream):
            frames += decoder.decode(packet if packet.size else None)
    return [frame.reformat(format="rgba", src_colorspace=1, src_color_range=1).to_ndarray() for frame in frames]


def test_alpha_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "a.webm"
    sink = open_sink(path, 25, W, H, transparent=True)
    for _ in range(10):
        sink.write(badge())
    sink.close()
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.webm"]
    frames = decoded(path)
    assert len(frames) == 10
    for frame in frames:
        np.testing.assert_allclose(frame[24, 12], (220, 40, 30, 255), atol=8)
        np.testing.assert_allclose(frame[24, 32, 3], 128, atol=6)
        assert (frame[:, 46:, 3] <= 3).all()
    with av.open(str(path)) as container:
        assert container.streams.video[0].average_rate == 25


def test_pictures_without_alpha_are_opaque(tmp_path: Path) -> None:
    sink = open_sink(tmp_path / "a.webm", 25, W, H, transparent=False)
    sink.write(badge()[..., :3])
    sink.close()
    assert (decoded(tmp_path / "a.webm")[0][..., 3] >= 253).all()


def test_an_mp4_puts_what_is_transparent_on_black(tmp_path: Path) -> None:
    sink = EncodedVideo(tmp_path / "a.mp4", Fraction(25), W, H, MP4)
    sink.write(badge())
    sink.close()
    with av.open(str(tmp_path / "a.mp4")) as container:
        image = next(container.decode(video=0)).reformat(format="rgb24", src_colorspace=1, src_color_range=1)
    np.testing.assert_allclose(image.to_ndarray()[24, [12, 32, 56]], [(220, 40, 30), (15, 100, 30), (0, 0, 0)], atol=8)
