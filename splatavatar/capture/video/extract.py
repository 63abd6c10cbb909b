"""From video to pictures: which frames, which part of them, and the landmarks of all."""

from __future__ import annotations

import itertools
import math
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np

from splatavatar.capture.faces.landmark_cache import detect_once
from splatavatar.capture.faces.landmarks import Landmarks
from splatavatar.capture.preparation.folder import (
    Extraction,
    check_replaceable,
    landmarks_path,
    replace_extraction,
    write_extraction,
)
from splatavatar.capture.video.clips import Clip, open_clips
from splatavatar.capture.video.crop import Crop
from splatavatar.capture.video.selection import choose_frames
from splatavatar.errors import CaptureError
from splatavatar.models import locate
from splatavatar.output import folder_made, make_folder, temporary_beside
from splatavatar.pictures import write_picture
from splatavatar.progress import Progress

FRAMES = 180
"""pictures that are chosen where nothing else is said"""
EYE_SPAN = 0.0865
"""metres between the outer corners of the eyes of the mean person"""
SIDE = 0.44
"""metres that a window spans at the face: a head with hair, and shoulders"""
BELOW = 0.035
"""metres from the middle of the face down to the middle of a window"""
DRAFT = "extracting"
SHORTEST = 2.0
"""seconds"""
LARGEST = 512
"""pixels of a picture"""


@dataclass(frozen=True)
class ExtractOptions:
    """What to take."""

    frames: int = FRAMES
    """pictures, over all clips"""
    face: int | None = None
    """which face, counted from the left, where there are several"""
    model: Path | None = None
    """the landmark model; None: where ``models.locate`` finds it"""
    fps: float | None = None
    """of a folder of images"""
    part: tuple[float, float] = (0.0, 1.0)
    """of every clip, as shares of its frames"""
    yaw: tuple[float, float] | None = None
    """least and largest ``Holdout.yaw`` of a frame, radians to either side; None: any"""
    size: int | None = None
    """pixels of the frame that a window spans; None: from the size of the head"""


def extract(paths: Sequence[Path], folder: Path, options: ExtractOptions, progress: Progress) -> Extraction:
    """Writes pictures and landmarks of the clips at ``paths`` into ``folder``.

    Several clips are takes of one person by one camera; a folder of videos holds the cameras of one take. What is in
    ``folder`` stays as it is until all is there; an earlier extraction, and what was tracked of it, is replaced then.

    Raises:
        CaptureError: no video, or no face in it, or too little of either.
        DependencyError: the landmark model is absent.
        OutputError: the folder cannot be written.
    """
    model = locate(given=options.model)
    clips = open_clips(paths, options.fps)
    synchronised = len(paths) == 1 and len(clips) > 1
    if synchronised and options.yaw is not None:
        raise CaptureError(f"{paths[0]}: to the cameras of one take a head is turned differently; hold out their end")
    for clip in clips:
        _check_length(clip, clip.info.frames)
    check_replaceable(folder)
    with _drafted(folder) as draft:
        extraction = _extract(clips, synchronised, model, draft, options, progress)
        replace_extraction(folder, draft)
    return extraction


@contextmanager
def _drafted(folder: Path) -> Iterator[Path]:
    """A folder within ``folder`` to write to. It goes in the end; so do folders that were made for nothing."""
    # A name of its own: on file systems without locks another process may extract into the same folder.
    with folder_made(folder):
        draft = temporary_beside(folder / DRAFT)
        try:  # from the first folder on: an interrupt may come between any two
            for name in ("images", "landmarks"):
                make_folder(draft / name)
            yield draft
        finally:
            shutil.rmtree(draft, ignore_errors=True)


def forget_drafts(folder: Path) -> None:
    """Remove what processes that were killed have left; for who is alone in ``folder``."""
    for draft in (*folder.glob(f".{DRAFT}.*.part"), folder / f".{DRAFT}"):
        shutil.rmtree(draft, ignore_errors=True)


def _extract(
    clips: Sequence[Clip],
    synchronised: bool,
    model: Path,
    folder: Path,
    options: ExtractOptions,
    progress: Progress,
) -> Extraction:
    seen = []
    for clip in clips:
        name = "finding the face" if len(clips) == 1 else f"finding the face in {clip.info.name}"
        seen.append(_landmarks(clip, model, options.face, partial(progress, name)))
    if synchronised:
        # One camera may have run a frame longer, or has lost its end: what is left are the moments that all have.
        shortest = min(len(landmarks.time) for landmarks in seen)
        seen = [landmarks.part(0, shortest) for landmarks in seen]
    found, first = [], []
    for number, (clip, landmarks) in enumerate(zip(clips, seen, strict=True)):
        start, stop = (round(share * len(landmarks.time)) for share in options.part)
        landmarks = landmarks.part(start, stop)
        if not landmarks.found.any():
            raise CaptureError(f"{clip.info.path}: no face found in the frames {start} to {stop - 1}")
        if options.yaw is not None:
            landmarks = _turned(clip, landmarks, *options.yaw)
        landmarks.save(landmarks_path(folder, number))
        found.append(landmarks)
        first.append(start)
    chosen = _choose(found, options.frames, synchronised)
    if not chosen:
        raise CaptureError(f"{Path(clips[0].info.path).parent}: no frame in which all its cameras see a face")
    windows = _windows(found, chosen, options.size)
    extraction = Extraction([_described(clip) for clip in clips], synchronised, first, chosen, windows, SIDE)
    _write_pictures(clips, extraction, folder, progress)
    write_extraction(folder, extraction)
    return extraction


def _landmarks(clip: Clip, model: Path, face: int | None, progress: Callable[[float], None]) -> Landmarks:
    landmarks = detect_once(clip, model, face, progress)
    # Of a file that was cut off fewer frames can be decoded than it says.
    _check_length(clip, len(landmarks.time))
    return landmarks


def _turned(clip: Clip, landmarks: Landmarks, least: float, most: float) -> Landmarks:
    """The ``landmarks`` of the frames whose head is turned by ``least`` to ``most`` radians to either side."""
    turned = np.abs(landmarks.yaws)
    landmarks = landmarks.kept((turned >= least) & (turned <= most))
    if not landmarks.found.any():
        turns = f"turned by {math.degrees(least):.0f} to {math.degrees(most):.0f} degrees"
        raise CaptureError(f"{clip.info.path}: no frame in which the head is {turns}")
    return landmarks


def _check_length(clip: Clip, frames: int) -> None:
    seconds = frames / clip.info.fps
    if not clip.info.still and seconds < SHORTEST:
        raise CaptureError(f"{clip.info.path}: {seconds:.1f} seconds are too short, expected at least {SHORTEST:g}")


def _choose(found: Sequence[Landmarks], count: int, synchronised: bool) -> list[tuple[int, int]]:
    if synchronised:
        common = np.logical_and.reduce([landmarks.found for landmarks in found])
        frames = choose_frames(found[0], max(count // len(found), 1), common)
        return [(clip, int(frame)) for clip in range(len(found)) for frame in frames]
    lengths = np.array([landmarks.found.sum() for landmarks in found])
    shares = np.maximum(np.round(count * lengths / lengths.sum()).astype(int), 1)
    return [
        (clip, int(frame))
        for clip, (landmarks, share) in enumerate(zip(found, shares, strict=True))
        for frame in choose_frames(landmarks, int(share))
    ]


def _windows(found: Sequence[Landmarks], chosen: Sequence[tuple[int, int]], size: int | None) -> list[Crop]:
    sizes = [size or _window_size(landmarks) for landmarks in found]
    windows = []
    for clip, frame in chosen:
        landmarks, side = found[clip], sizes[clip]
        middle = landmarks.points[frame, :, :2].mean(0)
        centre = middle + np.array([0.0, BELOW / SIDE * side])
        corner = [
            # Inside of the frame where there is room, so that the borders of the frame are not pictures of nothing.
            int(np.clip(round(c - side / 2), min(0, length - side), max(0, length - side)))
            for c, length in zip(centre, (landmarks.width, landmarks.height), strict=True)
        ]
        windows.append(Crop(corner[0], corner[1], side, min(LARGEST, side)))
    return windows


def _window_size(landmarks: Landmarks) -> int:
    """Pixels of the frame: ``SIDE`` metres at the median size of the face, no more than fits into the frame."""
    span = float(np.median(landmarks.eye_spans))
    return int(min(round(span * SIDE / EYE_SPAN), max(min(landmarks.width, landmarks.height), round(span * 3.2))))


def _write_pictures(clips: Sequence[Clip], extraction: Extraction, folder: Path, progress: Progress) -> None:
    done = 0
    pictures = sorted(range(len(extraction.chosen)), key=lambda p: extraction.chosen[p])
    for clip, group in itertools.groupby(pictures, key=lambda p: extraction.chosen[p][0]):
        of_frame = {extraction.chosen[p][1] + extraction.first[clip]: p for p in group}
        for frame in clips[clip].frames(of_frame.keys()):
            picture = of_frame[frame.index]
            path = folder / extraction.image_name(picture)
            write_picture(path, extraction.windows[picture].cut(frame.image))
            done += 1
            progress("cutting pictures", done / len(pictures))


def _described(clip: Clip) -> dict[str, object]:
    info = asdict(clip.info)
    return {name: info[name] for name in info if name != "path"}
