"""Colours of films that do not say how they are coded, by the matrices of BT.601 and BT.709 computed here."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from splatavatar.capture.video.video import Video

COLOUR = (200, 60, 30)
WEIGHTS = {601: (0.299, 0.114), 709: (0.2126, 0.0722)}


def write(path: Path, size: tuple[int, int], matrix: int, *, full: bool = False, tag: int | None = None) -> Path:
    """A lossless film of ``COLOUR``, coded by ``matrix``; ``tag`` is what it says of that."""
    red, green, blue = (value / 255 for value in COLOUR)
    kr, kb = WEIGHTS[matrix]
    y = kr * red + (1 - kr - kb) * green + kb * blue
    u, v = (blue - y) / (2 - 2 * kb), (red - y) / (2 - 2 * kr)
    codes = (255 * y, 255 * u + 128, 255 * v + 128) if full else (16 + 219 * y, 128 + 224 * u, 128 + 224 * v)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        if full:
            stream.codec_context.color_range = 2
        if tag is not None:
            stream.codec_context.colorspace = tag
        for number in range(2):
            frame = av.VideoFrame(*size, "yuv420p")
            for plane, code in zip(frame.planes, codes, strict=True):
                plane.update(np.full(plane.buffer_size, round(code), np.uint8).tobytes())
            if full:
                frame.color_range = 2
            if tag is not None:
                frame.colorspace = tag
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize(
    ("size", "matrix", "full", "tag"),
    [
        ((64, 48), 601, False, None),
        ((720, 576), 601, False, None),
        ((1280, 720), 709, False, None),
        ((720, 1280), 709, False, None),
        ((64, 48), 709, False, 1),
        ((1280, 720), 601, False, 6),
        ((1280, 720), 601, False, 5),
        ((64, 48), 601, True, None),
        ((1280, 720), 709, True, None),
        ((64, 48), 601, False, 3),
        ((64, 48), 601, False, 0),
    ],
)
def test_colours_are_those_that_were_coded(
    tmp_path: Path, size: tuple[int, int], matrix: int, full: bool, tag: int | None
) -> None:
    image = next(Video(write(tmp_path / "v.mkv", size, matrix, full=full, tag=tag)).frames())[2]
    assert image[20, 20].tolist() == pytest.approx(COLOUR, abs=3)
