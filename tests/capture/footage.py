"""Videos made for a test."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

RED, GREEN, BLUE, GREY = (255, 0, 0), (0, 255, 0), (0, 0, 255), (128, 128, 128)
SIZE = (64, 48)
"""width and height of ``quarters``"""


def quarters() -> np.ndarray:
    """Red, green (top), blue and grey (bottom)."""
    width, height = SIZE
    image = np.empty((height, width, 3), np.uint8)
    image[: height // 2, : width // 2], image[: height // 2, width // 2 :] = RED, GREEN
    image[height // 2 :, : width // 2], image[height // 2 :, width // 2 :] = BLUE, GREY
    return image


def corners(image: np.ndarray) -> list[list[int]]:
    """The colours of the four quarters of a picture, row by row."""
    height, width = image.shape[:2]
    return [image[y, x].tolist() for y in (height // 4, 3 * height // 4) for x in (width // 4, 3 * width // 4)]


def numbered(count: int, size: tuple[int, int] = SIZE) -> list[np.ndarray]:
    """Frame k has the grey value 2 k, and noise that makes its file large."""
    rng = np.random.default_rng(0)
    return [(2 * k + rng.integers(0, 3, (size[1], size[0], 3))).astype(np.uint8) for k in range(count)]


def write_video(
    path: Path,
    images: Sequence[np.ndarray],
    *,
    fps: int = 25,
    codec: str = "libx264",
    pixels: str = "yuv420p",
    times: Sequence[float] | None = None,
    rotation: float = 0,
    mirrored: bool = False,
    tags: dict[str, int] | None = None,
    planes: bool = False,
    options: dict[str, str] | None = None,
) -> Path:
    """A video of ``images`` (H, W, 3), at ``times`` (s) where they are given; ``planes``: they are raw YUV 4:4:4 codes
    (3, H, W) in the depth of ``pixels``."""
    import av

    quiet = {"x265-params": "log-level=none:pools=none:frame-threads=1"} if codec == "libx265" else {}
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=fps)
        stream.options = {**quiet, **(options or {})}
        stream.pix_fmt = pixels
        stream.height, stream.width = images[0].shape[1:] if planes else images[0].shape[:2]
        if times is not None:
            stream.codec_context.time_base = Fraction(1, 1000)
        for name, value in (tags or {}).items():
            setattr(stream.codec_context, name, value)
        if rotation or mirrored:
            stream.set_display_rotation(rotation, hflip=mirrored)
        for number, image in enumerate(images):
            if planes:
                frame = av.VideoFrame(image.shape[2], image.shape[1], pixels)
                for plane, values in zip(frame.planes, image, strict=True):
                    rows = np.zeros((plane.height, plane.line_size // 2), np.uint16)
                    rows[:, : values.shape[1]] = values
                    plane.update(rows.tobytes())
            else:
                frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), "rgb24")
            frame.pts = number
            if times is not None:
                frame.pts, frame.time_base = round(1000 * times[number]), Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def write_sound(path: Path) -> Path:
    """A second of silence."""
    import av

    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("aac", rate=44100)
        for number in range(43):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
            frame.sample_rate, frame.pts = 44100, 1024 * number
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path
