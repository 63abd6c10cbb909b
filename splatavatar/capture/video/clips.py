"""Frames in the order of time, from a video file or a folder of pictures."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from splatavatar.array_types import Bytes
from splatavatar.capture.images import rgb_of
from splatavatar.capture.video.bars import content
from splatavatar.capture.video.video import Video
from splatavatar.errors import CaptureError, SettingsError
from splatavatar.input import open_input, why_unread
from splatavatar.media import FILMS, warn_once
from splatavatar.natural import natural
from splatavatar.printable import printable

IMAGES = (".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp")
FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP")
"""of pictures, by Pillow's names"""
UNREAD = (".heic", ".heif", ".avif", ".jxl", ".dng")
"""pictures of phones that are not read: left out of a folder, which is said"""
VIDEOS = FILMS
IMAGES_FPS = 25.0
"""of a folder of pictures, where nobody says"""
SLACK = 1
"""frames by which synchronised videos may differ in length"""
KEY_FRAMES = 12
"""that are looked at for black bars"""


@dataclass(frozen=True)
class ClipFrame:
    """One picture of a clip."""

    index: int
    """from 0"""
    time: float
    """seconds from the first frame"""
    image: Bytes
    """(H, W, 3) sRGB, upright"""


@dataclass(frozen=True)
class ClipInfo:
    """What is known of a clip before all of it is decoded."""

    name: str
    """of the file or folder, as it may be shown and stored"""
    path: str
    sha256: str
    """of the file; of the names and contents of a folder"""
    width: int
    """pixels, upright"""
    height: int
    fps: float
    """mean"""
    frames: int
    """as counted in the file; fewer can be decoded of a damaged one"""
    duration: float
    """seconds"""
    rotation: int
    """degrees counter-clockwise by which the stored pictures were turned upright"""
    hdr: bool
    codec: str
    still: bool
    """whether the frames may have nothing to do with their neighbours"""


class Clip(Protocol):
    """A source of frames that can be read again and again."""

    @property
    def info(self) -> ClipInfo: ...

    def frames(self, indices: Collection[int] | None = None) -> Iterator[ClipFrame]:
        """The frames, or those at ``indices``, in order.

        Raises CaptureError where nothing can be decoded.
        """
        ...


class VideoClip:
    """A video file, without black bars. Raises CaptureError for a file without pictures that can be decoded."""

    def __init__(self, path: Path) -> None:
        self._video = Video(path)
        v = self._video
        shots = v.key_frames(KEY_FRAMES)
        self._content = content(shots) if shots else (0, 0, v.width, v.height)
        x0, y0, x1, y1 = self._content
        self.info = ClipInfo(
            name=printable(path.name),
            path=str(path),
            sha256=_digest([path]),
            width=x1 - x0,
            height=y1 - y0,
            fps=v.fps,
            frames=v.count,
            duration=v.count / v.fps,
            rotation=v.rotation,
            hdr=v.hdr,
            codec=v.codec,
            still=False,
        )

    def frames(self, indices: Collection[int] | None = None) -> Iterator[ClipFrame]:
        x0, y0, x1, y1 = self._content
        for index, time, image in self._video.frames(indices):
            yield ClipFrame(index, time, np.ascontiguousarray(image[y0:y1, x0:x1]))


class ImageClip:
    """A folder of pictures of one size. Raises CaptureError for an empty one, or pictures of several sizes."""

    def __init__(self, folder: Path, fps: float | None) -> None:
        self._paths = _files(folder, IMAGES)
        if not self._paths:
            raise CaptureError(f"{folder}: no videos and no pictures in this folder, expected {', '.join(IMAGES)}")
        warn_of_unread(folder)
        first = _upright(self._paths[0])
        rate = IMAGES_FPS if fps is None else fps
        self.info = ClipInfo(
            name=printable(Path(os.path.realpath(folder)).name),
            path=str(folder),
            sha256=_digest(self._paths),
            width=first.shape[1],
            height=first.shape[0],
            fps=rate,
            frames=len(self._paths),
            duration=len(self._paths) / rate,
            rotation=0,
            hdr=False,
            codec="pictures",
            still=True,
        )

    def frames(self, indices: Collection[int] | None = None) -> Iterator[ClipFrame]:
        wanted = range(len(self._paths)) if indices is None else sorted(indices)
        for index in wanted:
            image = _upright(self._paths[index])
            height, width = image.shape[:2]
            if (width, height) != (self.info.width, self.info.height):
                raise CaptureError(
                    f"{self._paths[index]}: {width}x{height} pixels, the first picture of the folder has "
                    f"{self.info.width}x{self.info.height}"
                )
            yield ClipFrame(index, index / self.info.fps, image)


def open_clips(paths: Sequence[Path], fps: float | None = None) -> list[Clip]:
    """The clips at ``paths``: files, folders of pictures, or one folder of synchronised videos (cameras of one take).

    ``fps`` is that of folders of pictures.

    Raises:
        CaptureError: nothing there, nothing that can be decoded, or videos of one folder that differ in length.
        SettingsError: ``fps`` is not above 0.
    """
    if fps is not None and not fps > 0:
        raise SettingsError(f"the frames a second of a folder of pictures must be above 0, got {fps:g}")
    clips: list[Clip] = []
    for path in paths:
        if not os.path.lexists(path):
            raise CaptureError(f"{path}: no such file or folder, expected a video")
        if not path.is_dir():
            clips.append(VideoClip(path))
            continue
        videos = _files(path, VIDEOS)
        if not videos:
            clips.append(ImageClip(path, fps))
            continue
        if len(paths) > 1 and len(videos) > 1:
            raise CaptureError(f"{path}: a folder of several videos is one capture; give it alone")
        cameras = [VideoClip(video) for video in videos]
        _check_lengths(path, cameras)
        clips.extend(cameras)
    return clips


def warn_of_unread(folder: Path) -> None:
    """Says which pictures of ``folder`` are left out although somebody may count on them."""
    files = [path for path in folder.iterdir() if not path.name.startswith(".")]
    found = [suffix for path in files if (suffix := path.suffix.lower()) in UNREAD]
    if found:
        kinds = ", ".join(sorted(set(found)))
        count = f"{len(found)} picture{'s' * (len(found) != 1)}"
        warn_once(f"{printable(folder)}: {count} ({kinds}) left out, which cannot be read here; convert to JPEG first.")


def _check_lengths(folder: Path, cameras: Sequence[VideoClip]) -> None:
    shortest, longest = (pick(cameras, key=lambda c: c.info.frames) for pick in (min, max))
    if longest.info.frames - shortest.info.frames > SLACK:
        raise CaptureError(
            f"{folder}: its videos differ in length, {shortest.info.name} has {shortest.info.frames} frames and "
            f"{longest.info.name} has {longest.info.frames}; the cameras of one take must run together"
        )


def _files(folder: Path, suffixes: Sequence[str]) -> list[Path]:
    # macOS leaves a ._name beside every name on other people's disks.
    try:
        files = [p for p in folder.iterdir() if p.suffix.lower() in suffixes and not p.name.startswith(".")]
    except OSError as error:
        raise CaptureError(f"{folder}: cannot be read: {(error.strerror or str(error)).lower()}") from error
    return sorted(files, key=natural)


def _upright(path: Path) -> Bytes:
    from PIL import Image, ImageOps

    try:
        # No other format: Pillow has programs run for some, whatever the file is called.
        with open_input(path, CaptureError, "a picture") as file, Image.open(file, formats=FORMATS) as image:
            return rgb_of(ImageOps.exif_transpose(image), path)
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
        raise CaptureError(f"{path}: not a readable image") from error


def _digest(paths: Sequence[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        if len(paths) > 1:
            digest.update(os.fsencode(path.name))
        try:
            with open_input(path, CaptureError, "a video or a picture") as file:
                while piece := file.read(1 << 20):
                    digest.update(piece)
        except OSError as error:
            raise CaptureError(f"{path}: cannot be read: {why_unread(error)}") from error
    return digest.hexdigest()
