"""What MediaPipe's FaceLandmarker sees in every frame of a clip."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from splatavatar.errors import CaptureError, DependencyError
from splatavatar.output import atomic_write
from splatavatar.rig.arkit import INDEX, NAMES

if TYPE_CHECKING:
    from splatavatar.capture.clips import Clip

Floats = NDArray[np.float32]

POINTS = 478
FACES = 2
"""that are looked for: one more than wanted, so that a second one is noticed; and with one alone MediaPipe smooths its
landmarks in time, which makes them late"""
STRANGERS = 0.1
"""share of the frames with several faces, above which someone must be chosen"""
SMALLEST = 36.0
"""pixels between the outer corners of the eyes, below which there is too little to see"""
PATCH = 160
"""pixels to which the face is scaled before its sharpness is measured"""


@dataclass(frozen=True)
class Landmarks:
    """Of T frames; where the face was not found, the numbers are NaN or 0."""

    time: NDArray[np.float64]
    """(T) seconds from the first frame of the clip"""
    found: NDArray[np.bool_]
    """(T)"""
    points: Floats
    """(T, 478, 3) pixels of the upright frame, from its corner; depth away from the camera in the same unit"""
    scores: Floats
    """(T, 52) in [0, 1], ``arkit.NAMES`` order; the detector has no tongueOut, which is 0"""
    transform: Floats
    """(T, 4, 4) from MediaPipe's canonical face to its camera (right, up, back), centimetres"""
    faces: NDArray[np.int32]
    """(T) how many faces were seen"""
    sharpness: Floats
    """(T) variance of the Laplacian of the face, scaled to the same size in all frames"""
    brightness: Floats
    """(T) mean luma of the face, in [0, 1]"""
    width: int
    """pixels of a frame"""
    height: int

    @property
    def eye_spans(self) -> NDArray[np.float64]:
        """(found) pixels between the outer corners of the eyes, as if seen from the front."""
        points, turn = self.points[self.found].astype(np.float64), self.transform[self.found]
        eyes = np.linalg.norm(points[:, 33, :2] - points[:, 263, :2], axis=1)
        yaw = np.arctan2(turn[:, 0, 2], turn[:, 2, 2])
        return np.asarray(eyes / np.cos(yaw).clip(0.35), np.float64)

    def part(self, start: int, stop: int) -> Landmarks:
        """The frames from ``start`` to before ``stop``."""
        arrays = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in ("width", "height")}
        return replace(self, **{name: values[start:stop] for name, values in arrays.items()})

    def save(self, path: Path) -> None:
        """Raises OutputError where ``path`` cannot be written."""
        with atomic_write(path) as file:
            np.savez_compressed(file, **{f.name: np.asarray(getattr(self, f.name)) for f in fields(self)})

    @staticmethod
    def load(path: Path) -> Landmarks:
        """Raises CaptureError where ``path`` is no such file."""
        import zipfile

        try:
            with np.load(path, allow_pickle=False) as file:
                values: dict[str, Any] = {f.name: file[f.name] for f in fields(Landmarks)}
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise CaptureError(f"{path}: not the landmarks of a clip; extract the video again") from error
        return Landmarks(**{**values, "width": int(values["width"]), "height": int(values["height"])})


def detect(
    clip: Clip, model: Path, face: int | None = None, progress: Callable[[float], None] | None = None
) -> Landmarks:
    """The landmarks of one face in all frames of ``clip``; ``progress(share)`` hears of the advance.

    Of several faces ``face`` is the one to follow, counted from the left of the picture and from 1.

    Raises:
        CaptureError: no face, a face too small, or several faces and no choice.
        DependencyError: ``model`` is not a model of MediaPipe.
    """
    rows: list[dict[str, Any]] = []
    last: NDArray[np.float32] | None = None
    width, height = clip.info.width, clip.info.height
    with _landmarker(model, clip.info.still) as landmarker:
        stamp = -1
        for frame in clip.frames():
            stamp = max(stamp + 1, round(1000 * frame.time))
            result = landmarker(frame.image, stamp)
            height, width = frame.image.shape[:2]
            chosen = _chosen(result, face, last, width)
            row = {"time": frame.time, "faces": len(result.face_landmarks)}
            if chosen is not None:
                row |= _row(result, chosen, frame.image)
                last = row["points"]
            rows.append(row)
            if progress is not None:
                progress(min((frame.index + 1) / max(clip.info.frames, 1), 1.0))
    landmarks = _stacked(rows, width, height)
    _check(clip, landmarks, face)
    return landmarks


def detect_pictures(pictures: Iterable[NDArray[np.uint8]], model: Path) -> Iterator[dict[str, Floats] | None]:
    """``points``, ``scores`` and ``transform`` (see ``Landmarks``) of the largest face of each picture (H, W, 3) RGB.

    None where there is no face. Raises DependencyError where ``model`` is not a model of MediaPipe.
    """
    with _landmarker(model, True) as landmarker:
        for picture in pictures:
            result = landmarker(picture, 0)
            chosen = _chosen(result, None, None, picture.shape[1])
            yield None if chosen is None else _row(result, chosen, picture)


@contextlib.contextmanager
def _landmarker(model: Path, still: bool) -> Iterator[Callable[[NDArray[np.uint8], int], Any]]:
    """A function from a picture (H, W, 3) RGB and its time in ms to what MediaPipe says of it."""
    with _quiet():
        import mediapipe
        from mediapipe.tasks.python import BaseOptions, vision

        mode = vision.RunningMode.IMAGE if still else vision.RunningMode.VIDEO
        options = vision.FaceLandmarkerOptions(
            base_options=BaseOptions(model_asset_path=str(model)),
            running_mode=mode,
            num_faces=FACES,
            output_face_blendshapes=True,
            output_facial_transformation_matrixes=True,
        )
        try:
            landmarker = vision.FaceLandmarker.create_from_options(options)
        except (RuntimeError, ValueError, OSError) as error:
            raise DependencyError(
                f"{model}: not MediaPipe's face_landmarker.task; run `splatavatar models pull`"
            ) from error

        def run(image: NDArray[np.uint8], stamp: int) -> Any:
            picture = mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=np.ascontiguousarray(image))
            return landmarker.detect(picture) if still else landmarker.detect_for_video(picture, stamp)

        with landmarker:
            yield run


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Native libraries write their log to file descriptor 2, past everything that Python could redirect."""
    keep, void = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(void, 2)
    try:
        yield
    finally:
        os.dup2(keep, 2)
        os.close(keep)
        os.close(void)


def _chosen(result: Any, face: int | None, last: NDArray[np.float32] | None, width: int) -> int | None:
    """Which of the faces: the one nearest to where it was, at first the ``face``-th from the left, or the largest."""
    boxes = [np.array([[p.x, p.y] for p in points]) for points in result.face_landmarks]
    if not boxes:
        return None
    centres = np.array([box.mean(0) for box in boxes])
    if last is not None:
        size = np.ptp(last[:, 0]) / width
        distance = np.abs(centres[:, 0] - last[:, 0].mean() / width)
        nearest = int(distance.argmin())
        return nearest if distance[nearest] < 2 * size else None
    if face is not None:
        order = np.argsort(centres[:, 0])
        return int(order[face - 1]) if face <= len(order) else None
    return int(np.argmax([np.ptp(box, axis=0).prod() for box in boxes]))


def _row(result: Any, chosen: int, image: NDArray[np.uint8]) -> dict[str, Any]:
    height, width = image.shape[:2]
    points = np.array([[p.x * width, p.y * height, p.z * width] for p in result.face_landmarks[chosen]], np.float32)
    scores = np.zeros(len(NAMES), np.float32)
    for category in result.face_blendshapes[chosen]:
        if category.category_name in INDEX:
            scores[INDEX[category.category_name]] = category.score
    transform = np.array(result.facial_transformation_matrixes[chosen], np.float32)
    sharpness, brightness = _quality(image, points)
    return {
        "found": True,
        "points": points,
        "scores": scores,
        "transform": transform,
        "sharpness": sharpness,
        "brightness": brightness,
    }


def _quality(image: NDArray[np.uint8], points: Floats) -> tuple[float, float]:
    import cv2

    low = np.floor(points[:, :2].min(0)).astype(int).clip(0)
    high = np.ceil(points[:, :2].max(0)).astype(int)
    patch = image[low[1] : high[1], low[0] : high[0]]
    if not patch.size:
        return 0.0, 0.0
    luma = cv2.cvtColor(cv2.resize(patch, (PATCH, PATCH), interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
    return float(cv2.Laplacian(luma, cv2.CV_32F).var()), float(luma.mean() / 255)


def _stacked(rows: list[dict[str, Any]], width: int, height: int) -> Landmarks:
    nothing: dict[str, Any] = {
        "found": False,
        "points": np.full((POINTS, 3), np.nan, np.float32),
        "scores": np.zeros(len(NAMES), np.float32),
        "transform": np.zeros((4, 4), np.float32),
        "sharpness": 0.0,
        "brightness": 0.0,
    }
    full = [{**nothing, **row} for row in rows]
    kinds = {"time": np.float64, "found": np.bool_, "faces": np.int32}
    names = [f.name for f in fields(Landmarks) if f.name not in ("width", "height")]
    shapes = {"points": (0, POINTS, 3), "scores": (0, len(NAMES)), "transform": (0, 4, 4)}
    arrays = {
        name: np.array([row[name] for row in full], kinds.get(name, np.float32)).reshape(len(full), *shapes[name][1:])
        if name in shapes
        else np.array([row[name] for row in full], kinds.get(name, np.float32))
        for name in names
    }
    return Landmarks(**arrays, width=width, height=height)


def _check(clip: Clip, landmarks: Landmarks, face: int | None) -> None:
    where, total = clip.info.path, len(landmarks.time)
    several = int((landmarks.faces > 1).sum())
    if not landmarks.found.any():
        if face is not None and several == 0 and (landmarks.faces > 0).any():
            raise CaptureError(f"{where}: --face {face} asks for more faces than the {total} frames show")
        raise CaptureError(f"{where}: no face found in any of its {total} frames")
    if face is None and several > STRANGERS * total:
        raise CaptureError(
            f"{where}: {int(landmarks.faces.max())} faces in {several} of {total} frames; say which one with --face N, "
            "counted from the left"
        )
    points = landmarks.points[landmarks.found]
    eyes = float(np.median(np.linalg.norm(points[:, 33, :2] - points[:, 263, :2], axis=1)))
    if eyes < SMALLEST:
        raise CaptureError(
            f"{where}: the face is too small, {eyes:.0f} pixels between the eyes, expected at least {SMALLEST:.0f}; "
            "film closer"
        )
