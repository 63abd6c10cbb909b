from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from splatavatar.drive.sinks.video import VideoSink

RATE = Fraction(30000, 1001)
COLOURS = [(200, 30, 40), (20, 180, 60), (30, 60, 220), (255, 255, 255), (0, 0, 0), (128, 128, 128)]


def record(path: Path) -> VideoSink:
    sink = VideoSink(path, RATE, 64, 48)
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
    sink = VideoSink(tmp_path / "a.mp4", RATE, 64, 48)
    for _ in range(frames):
        sink.write(np.zeros((48, 64, 3), np.uint8))
    sink.discard()
    assert list(tmp_path.iterdir()) == []


def test_closing_without_a_frame_leaves_nothing(tmp_path: Path) -> None:
    VideoSink(tmp_path / "a.mp4", RATE, 64, 48).close()
    assert list(tmp_path.iterdir()) == []
