"""What MediaPipe's FaceLandmarker sees in every frame of a clip."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from splatavatar.array_types import Floats
from splatavatar.arrays import Layout, read_npz_or_none
from splatavatar.capture.faces.mediapipe_face import face_box, quiet, scores_of
from splatavatar.errors import CaptureError, DependencyError
from splatavatar.models import read_bundle
from splatavatar.output import atomic_write
from splatavatar.printable import printable
from splatavatar.privacy import import_mediapipe, unreported
from splatavatar.rig.arkit import NAMES

if TYPE_CHECKING:
    from splatavatar.capture.video.clips import Clip

FaceRow = dict[str, Any]
"""what is known of one face in one frame: points, scores, transform, sharpness, brightness"""

POINTS = 478
LAYOUT: Layout = {
    **{"time": ("f", ("T",)), "found": ("b", ("T",)), "faces": ("iu", ("T",))},
    **{"points": ("f", ("T", POINTS, 3)), "scores": ("f", ("T", len(NAMES))), "transform": ("f", ("T", 4, 4))},
    **{"sharpness": ("f", ("T",)), "brightness": ("f", ("T",)), "width": ("iu", ()), "height": ("iu", ())},
}
"""of the file of a ``Landmarks``"""
FACES = 2
"""that are looked for: one more than wanted, so that a second one is noticed; and with one alone MediaPipe smooths its
landmarks in time, which makes them 0.2 to 0.7 frames late"""
CROWD = 6
"""that are looked for where someone must be chosen"""
STRANGERS = 0.1
"""share of the frames with several faces, above which someone must be chosen"""
SMALLEST = 40.0
"""pixels between the outer corners of the eyes, below which there is too little to see"""
REACH = 1.0
"""widths of a face that it may be away from where it was last and be the same"""
GROWTH = 1.6
"""by which its size may change meanwhile"""
PATCH = 160
"""pixels to which the face is scaled before its sharpness is measured"""


@dataclass(frozen=True)
class Landmarks:
    """The landmarks of T frames; where the face was not found, the numbers are NaN or 0."""

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
    """(T) how many faces were seen; -1 where the frame is left out (``kept``), whatever it shows"""
    sharpness: Floats
    """(T) variance of the Laplacian of the face, scaled to the same size in all frames"""
    brightness: Floats
    """(T) mean luma of the face, in [0, 1]"""
    width: int
    """pixels of a frame"""
    height: int

    @property
    def eye_spans(self) -> NDArray[np.float64]:
        """The pixels (found) between the outer corners of the eyes, as if seen from the front."""
        right, left = np.moveaxis(self.of(33, 263)[..., :2], 1, 0)
        eyes = np.linalg.norm(right - left, axis=1)
        return np.asarray(eyes / np.cos(self.yaws[self.found]).clip(0.35), np.float64)

    def of(self, *which: int) -> NDArray[np.float64]:
        """The points (found, N, 3) of the N landmarks ``which`` alone: all of a long film are gigabytes."""
        return np.asarray(self.points[:, which][self.found], np.float64)

    @property
    def yaws(self) -> NDArray[np.float64]:
        """The radians (T) by which the face looks past the camera, about the vertical axis, to the subject's left; NaN
        where it was not found."""
        forward = self.transform[:, :3, 2].astype(np.float64)
        return np.where(self.found, np.arctan2(forward[:, 0], forward[:, 2]), np.nan)

    @property
    def lost(self) -> NDArray[np.bool_]:
        """Whether the face was looked for and not found (T)."""
        return ~self.found & (self.faces >= 0)

    def part(self, start: int, stop: int) -> Landmarks:
        """The frames from ``start`` to before ``stop``."""
        arrays = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in ("width", "height")}
        return replace(self, **{name: values[start:stop] for name, values in arrays.items()})

    def kept(self, frames: NDArray[np.bool_]) -> Landmarks:
        """The same without what was found in other frames than ``frames`` (T)."""
        kept = self.found & frames
        arrays: dict[str, Any] = {
            "found": kept,
            "faces": np.where(self.found & ~frames, np.int32(-1), self.faces),
            "points": np.where(kept[:, None, None], self.points, np.float32(np.nan)),
        }
        for name in ("scores", "transform", "sharpness", "brightness"):
            values = getattr(self, name)
            arrays[name] = np.where(kept.reshape(-1, *(1,) * (values.ndim - 1)), values, np.float32(0))
        return replace(self, **arrays)

    def save(self, path: Path) -> None:
        """Raises OutputError where ``path`` cannot be written."""
        arrays: dict[str, Any] = {f.name: np.asarray(getattr(self, f.name)) for f in fields(self)}
        with atomic_write(path) as file:
            np.savez_compressed(file, **arrays)

    @staticmethod
    def load(path: Path) -> Landmarks:
        """Raises CaptureError where ``path`` is no such file."""
        values: dict[str, Any] | None = read_npz_or_none(path, LAYOUT)
        if values is None or not len(values["time"]) or not np.isfinite(values["time"]).all():
            raise CaptureError(f"{printable(path)}: not the landmarks of a clip; extract the video again")
        size = {name: int(values[name]) for name in ("width", "height")}
        return Landmarks(**{**values, **size})


def detect(
    clip: Clip, model: Path, face: int | None = None, progress: Callable[[float], None] | None = None
) -> Landmarks:
    """The landmarks of one face in all frames of ``clip``; ``progress(share)`` hears of the advance.

    Of several faces ``face`` is the one to follow, counted from the left of the picture and from 1.

    Raises:
        CaptureError: no face, a face too small, or several faces and no choice.
        DependencyError: ``model`` is not a model of MediaPipe.
    """
    seen: list[list[FaceRow]] = []
    times: list[float] = []
    width, height = clip.info.width, clip.info.height
    with unreported(), _landmarker(model, clip.info.still, FACES if face is None else CROWD) as landmarker:
        stamp = -1
        for frame in clip.frames():
            stamp = max(stamp + 1, round(1000 * frame.time))
            result = landmarker(frame.image, stamp)
            height, width = frame.image.shape[:2]
            seen.append([_row(result, number, frame.image) for number in range(len(result.face_landmarks))])
            times.append(frame.time)
            if progress is not None:
                progress(min((frame.index + 1) / max(clip.info.frames, 1), 1.0))
    _check_choice(clip.info.path, [len(faces) for faces in seen], face)
    landmarks = _stacked(times, [len(faces) for faces in seen], follow(seen, face), width, height)
    _check_size(clip.info.path, landmarks)
    return landmarks


def detect_pictures(pictures: Iterable[NDArray[np.uint8]], model: Path) -> Iterator[dict[str, Floats] | None]:
    """The ``points``, ``scores`` and ``transform`` (see ``Landmarks``) of the largest face of each picture (H, W, 3).

    None where there is no face. Raises DependencyError where ``model`` is not a model of MediaPipe.
    """
    with unreported(), _landmarker(model, True, FACES) as landmarker:
        for picture in pictures:
            result = landmarker(picture, 0)
            faces = [_row(result, number, picture) for number in range(len(result.face_landmarks))]
            yield max(faces, key=lambda row: face_box(row["points"])[1], default=None)


def follow(seen: Sequence[Sequence[FaceRow]], face: int | None) -> list[FaceRow | None]:
    """One face through the frames, where ``seen`` holds the rows of all faces of each frame.

    It is the ``face``-th from the left, counted from 1, in the first frame that shows the most faces. Without a choice
    it is the one that is there most, and who comes back elsewhere while nobody else is there is the same person.
    """
    tracks: list[dict[int, FaceRow]] = []
    for t, faces in enumerate(seen):
        free = tracks.copy()
        for row in sorted(faces, key=lambda row: -face_box(row["points"])[1]):
            known = [track for track in free if _same(_last(track), row)]
            if known:
                track = min(known, key=lambda track: _distance(_last(track), row))
                # Tracks are themselves; to compare their rows would be to compare arrays.
                free = [other for other in free if other is not track]
                track[t] = row
            else:
                tracks.append({t: row})
    chosen: dict[int, FaceRow] = {}
    if face is None:
        for track in sorted(tracks, key=lambda track: -sum(face_box(row["points"])[1] for row in track.values())):
            if not chosen.keys() & track.keys():
                chosen |= track
    else:
        crowded = max(range(len(seen)), key=lambda t: len(seen[t]))
        row = sorted(seen[crowded], key=lambda row: float(face_box(row["points"])[0][0]))[face - 1]
        chosen = next(track for track in tracks if track.get(crowded) is row)
    return [chosen.get(t) for t in range(len(seen))]


def _last(track: dict[int, FaceRow]) -> FaceRow:
    return next(reversed(track.values()))


def _same(one: FaceRow, other: FaceRow) -> bool:
    size, now = face_box(one["points"])[1], face_box(other["points"])[1]
    return _distance(one, other) < REACH * size and 1 / GROWTH < now / size < GROWTH


def _distance(one: FaceRow, other: FaceRow) -> float:
    return float(np.linalg.norm(face_box(one["points"])[0] - face_box(other["points"])[0]))


@contextlib.contextmanager
def _landmarker(model: Path, still: bool, faces: int) -> Iterator[Callable[[NDArray[np.uint8], int], Any]]:
    """A function from a picture (H, W, 3) RGB and its time in ms to what MediaPipe says of it."""
    bundle = read_bundle(model)
    with quiet():
        mediapipe, tasks = import_mediapipe()
        vision = tasks.vision
        mode = vision.RunningMode.IMAGE if still else vision.RunningMode.VIDEO
        options = vision.FaceLandmarkerOptions(
            base_options=tasks.BaseOptions(model_asset_buffer=bundle),
            running_mode=mode,
            num_faces=faces,
            output_face_blendshapes=True,
            output_facial_transformation_matrixes=True,
        )
        try:
            landmarker = vision.FaceLandmarker.create_from_options(options)
        except (RuntimeError, ValueError, OSError) as error:
            raise DependencyError(
                f"{model}: not MediaPipe's face_landmarker.task; run `splatavatar models pull`"
            ) from error
    # What it starts in the background still writes while the first picture is looked at.
    hush: Callable[[], contextlib.AbstractContextManager[None]] = quiet

    def run(image: NDArray[np.uint8], stamp: int) -> Any:
        nonlocal hush
        picture = mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=np.ascontiguousarray(image))
        with hush():
            result = landmarker.detect(picture) if still else landmarker.detect_for_video(picture, stamp)
        hush = contextlib.nullcontext
        return result

    with landmarker:
        yield run


def _row(result: Any, chosen: int, image: NDArray[np.uint8]) -> FaceRow:
    height, width = image.shape[:2]
    points = np.array([[p.x * width, p.y * height, p.z * width] for p in result.face_landmarks[chosen]], np.float32)
    transform = np.array(result.facial_transformation_matrixes[chosen], np.float32)
    sharpness, brightness = _quality(image, points)
    return {
        "points": points,
        "scores": scores_of(result.face_blendshapes[chosen]),
        "transform": transform,
        "sharpness": sharpness,
        "brightness": brightness,
    }


def _quality(image: NDArray[np.uint8], points: Floats) -> tuple[float, float]:
    import cv2

    low = np.floor(points[:, :2].min(0)).astype(int).clip(0)
    high = np.ceil(points[:, :2].max(0)).astype(int).clip(0)
    patch = image[low[1] : high[1], low[0] : high[0]]
    if not patch.size:
        return 0.0, 0.0
    luma = cv2.cvtColor(cv2.resize(patch, (PATCH, PATCH), interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
    return float(cv2.Laplacian(luma, cv2.CV_32F).var()), float(luma.mean() / 255)


def _stacked(
    times: Sequence[float], faces: Sequence[int], chosen: Sequence[FaceRow | None], width: int, height: int
) -> Landmarks:
    nothing: FaceRow = {
        "points": np.full((POINTS, 3), np.nan, np.float32),
        "scores": np.zeros(len(NAMES), np.float32),
        "transform": np.zeros((4, 4), np.float32),
        "sharpness": np.float32(0),
        "brightness": np.float32(0),
    }
    rows = [nothing if row is None else row for row in chosen]
    return Landmarks(
        time=np.array(times, np.float64),
        found=np.array([row is not None for row in chosen], np.bool_),
        faces=np.array(faces, np.int32),
        # An empty clip has rows of the right shape too.
        **{name: np.array([row[name] for row in [*rows, nothing]], np.float32)[:-1] for name in nothing},
        width=width,
        height=height,
    )


def _check_choice(where: str, faces: Sequence[int], face: int | None) -> None:
    most, total = max(faces, default=0), len(faces)
    several = sum(count > 1 for count in faces)
    if most == 0:
        raise CaptureError(f"{where}: no face found in any of its {total} frames")
    if face is None and several > STRANGERS * total:
        raise CaptureError(
            f"{where}: more than one face in {several} of its {total} frames; "
            "say which one with --face N, counted from the left"
        )
    if face is not None and face > most:
        shown = "1 face" if most == 1 else f"{most} faces"
        raise CaptureError(f"{where}: --face {face}, but its frames show no more than {shown}")


def _check_size(where: str, landmarks: Landmarks) -> None:
    eyes = float(np.median(landmarks.eye_spans))
    if eyes < SMALLEST:
        raise CaptureError(
            f"{where}: the face is too small, {eyes:.0f} pixels between the outer corners of the eyes, "
            f"expected at least {SMALLEST:.0f}; film closer"
        )
