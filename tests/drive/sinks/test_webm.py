from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from splatavatar.drive.sinks.opening import open_sink
from splatavatar.drive.sinks.video import VideoSink

H, W = 48, 64


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
    sink = VideoSink(tmp_path / "a.mp4", Fraction(25), W, H)
    sink.write(badge())
    sink.close()
    with av.open(str(tmp_path / "a.mp4")) as container:
        image = next(container.decode(video=0)).reformat(format="rgb24", src_colorspace=1, src_color_range=1)
    np.testing.assert_allclose(image.to_ndarray()[24, [12, 32, 56]], [(220, 40, 30), (15, 100, 30), (0, 0, 0)], atol=8)
