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
    aspect: Fraction | None = None,
    container_format: str | None = None,
) -> Path:
    """A video of ``images`` (H, W, 3), at ``times`` (s) where they are given; ``planes``: they are raw YUV 4:4:4 codes
    (3, H, W) in the depth of ``pixels``. ``aspect`` is the width of a pixel over its height."""
    import av

    quiet = {"x265-params": "log-level=none:pools=none:frame-threads=1"} if codec == "libx265" else {}
    with av.open(str(path), "w", format=container_format) as container:
        stream: Any = container.add_stream(codec, rate=fps)
        if aspect is not None:
            stream.codec_context.sample_aspect_ratio = aspect
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


def disc(size: tuple[int, int], aspect: Fraction, radius: float) -> np.ndarray:
    """A light disc in the middle of a dark picture of ``size``, whose pixels are ``aspect`` times as wide as high."""
    y, x = np.mgrid[: size[1], : size[0]]
    across, down = (x - (size[0] - 1) / 2) * float(aspect), y - (size[1] - 1) / 2
    inside = across**2 + down**2 < radius**2
    return np.where(inside[..., None], np.uint8(230), np.uint8(30)).repeat(3, 2)


def extent(image: np.ndarray) -> tuple[int, int]:
    """Columns and rows of what is light in a picture."""
    rows, columns = np.nonzero(image[..., 0] > 128)
    return int(np.ptp(columns)) + 1, int(np.ptp(rows)) + 1


def woven_bar(count: int, top_first: bool) -> list[np.ndarray]:
    """A light bar that moves to the right by 4 pixels a field; two fields lie in every picture (96, 192, 3)."""
    pictures = []
    for k in range(count):
        fields = []
        for moment in (2 * k, 2 * k + 1):
            image = np.full((96, 192, 3), 60, np.uint8)
            at = 10 + 4 * moment % 150
            image[:, at : at + 20] = 220
            fields.append(image)
        top, bottom = fields if top_first else fields[::-1]
        woven = top.copy()
        woven[1::2] = bottom[1::2]
        pictures.append(woven)
    return pictures


def add_clean_aperture(path: Path, width: int, height: int, right: int, down: int) -> None:
    """Has an mp4 state that of its pictures ``width`` x ``height`` pixels are shown, ``right`` and ``down`` of the
    middle."""
    import struct

    extra = struct.pack(">I4s8i", 40, b"clap", width, 1, height, 1, right, 1, down, 1)
    data = bytearray(path.read_bytes())
    start, end, boxes = 0, len(data), []
    for name, head in (
        (b"moov", 8),
        (b"trak", 8),
        (b"mdia", 8),
        (b"minf", 8),
        (b"stbl", 8),
        (b"stsd", 16),
        (b"avc1", 86),
    ):
        at = start
        while bytes(data[at + 4 : at + 8]) != name:
            at += int.from_bytes(data[at : at + 4], "big")
        boxes.append(at)
        start, end = at + head, at + int.from_bytes(data[at : at + 4], "big")
    for at in boxes:
        data[at : at + 4] = (int.from_bytes(data[at : at + 4], "big") + len(extra)).to_bytes(4, "big")
    data[end:end] = extra
    path.write_bytes(data)


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
