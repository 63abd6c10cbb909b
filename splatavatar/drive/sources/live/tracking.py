"""MediaPipe's FaceLandmarker on the frames of a camera: the newest frame wins."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from splatavatar.array_types import Bytes
from splatavatar.capture.faces.mediapipe_face import face_box, quiet, scores_of
from splatavatar.drive.face.channels import FACE
from splatavatar.drive.face.likeness_signal import Reading, any_face
from splatavatar.drive.face.seen import Seen
from splatavatar.drive.sources.notices import Notices
from splatavatar.drive.sources.thread import Thread
from splatavatar.errors import DependencyError
from splatavatar.models import read_bundle
from splatavatar.privacy import import_mediapipe, unreported

FACES = 2
"""that are looked for: with one alone MediaPipe smooths its landmarks in time, which makes them late"""
REACH = 1.0
"""widths of a face that it may have moved since the last frame"""
MEMORY = 0.7
"""seconds that a lost face is waited for, before another one is followed"""
OVERDUE = 0.5
"""seconds after which a frame is no longer waited for: MediaPipe may drop some"""
WARM_UP = 10.0
"""seconds that the first picture may take"""


FaceListener = Callable[[Seen | None, float], None]
"""takes the face, or None, and the time of its frame"""


class Landmarker:
    """The network, on one frame after the other; ``answer`` makes it answer asynchronously (LIVE_STREAM)."""

    def __init__(self, model: Path, answer: Callable[[Any, Any, int], None] | None = None) -> None:
        """Raises DependencyError where ``model`` is not a model of MediaPipe."""
        bundle = read_bundle(model)
        try:
            with quiet():
                mediapipe, tasks = import_mediapipe()
        except ImportError as error:
            raise DependencyError("cameras and videos need the package 'mediapipe'; install it first.") from error
        self._mediapipe = mediapipe
        self._closed = False
        vision = tasks.vision
        options = vision.FaceLandmarkerOptions(
            base_options=tasks.BaseOptions(model_asset_buffer=bundle),
            running_mode=vision.RunningMode.VIDEO if answer is None else vision.RunningMode.LIVE_STREAM,
            num_faces=FACES,
            output_face_blendshapes=True,
            output_facial_transformation_matrixes=True,
            result_callback=answer,
        )
        self._unreported = unreported()
        self._unreported.__enter__()
        try:
            with quiet():
                self._landmarker = vision.FaceLandmarker.create_from_options(options)
        except (RuntimeError, ValueError, OSError) as error:
            self._unreported.__exit__(None, None, None)
            raise DependencyError(
                f"{model}: not MediaPipe's face_landmarker.task; run `splatavatar models pull`."
            ) from error

    def detect(self, image: Bytes, milliseconds: int) -> Any:
        """The answer to one picture (H, W, 3) RGB; ``milliseconds`` must increase."""
        return self._landmarker.detect_for_video(self._picture(image), milliseconds)

    def ask(self, image: Bytes, milliseconds: int) -> None:
        """Have ``answer`` called with the answer, from a thread of MediaPipe."""
        self._landmarker.detect_async(self._picture(image), milliseconds)

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        with quiet():
            self._landmarker.close()
        self._unreported.__exit__(None, None, None)

    def _picture(self, image: Bytes) -> Any:
        data = np.ascontiguousarray(image)
        return self._mediapipe.Image(image_format=self._mediapipe.ImageFormat.SRGB, data=data)


class FaceChooser:
    """Keeps to one of several faces."""

    def __init__(self) -> None:
        self._middle = np.zeros(2)
        self._size = 0.0
        self._time = -np.inf

    def choose(self, faces: Sequence[Seen], time: float) -> Seen | None:
        """The face that is nearest to where the followed one was; the largest where none is followed."""
        if not faces:
            return None
        boxes = [face_box(face.points.astype(np.float64)) for face in faces]
        if 0 <= time - self._time < MEMORY:
            ways = [float(np.linalg.norm(middle - self._middle)) for middle, _ in boxes]
            best = int(np.argmin(ways))
            if ways[best] > REACH * self._size:
                return None
        else:
            best = int(np.argmax([size for _, size in boxes]))
        (self._middle, self._size), self._time = boxes[best], time
        return faces[best]


class CameraSource:
    """What sources that see pictures share: a thread that offers them to a tracker."""

    channels = FACE
    reading: Reading = staticmethod(any_face)
    """how the faces it sees are read; set before it starts"""
    _thread: Thread | None = None
    _tracker: LiveTracker | None = None
    _newest: Bytes | None = None

    def picture(self) -> Bytes | None:
        """See ``PictureSource``."""
        return self._newest

    def stop(self) -> None:
        """See ``Source``."""
        if self._thread is not None:
            self._thread.stop()
            self._thread = None
        if self._tracker is not None:
            self._tracker.close()
            self._tracker = None


class LiveTracker:
    """Tracks in a thread of its own. While a frame is looked at, only the newest of those that come is kept."""

    def __init__(self, model: Path, report: FaceListener, notices: Notices) -> None:
        """Raises DependencyError."""
        self._report = report
        self._notices = notices
        self._chooser = FaceChooser()
        self._lock = threading.Condition()
        self._waiting: tuple[Bytes, float] | None = None
        self._asked: dict[int, tuple[float, int, int]] = {}
        self._landmarker = Landmarker(model, self._answered)
        self._warm = threading.Event()
        try:
            # The first picture takes longer, and is when MediaPipe's threads write to the terminal.
            with quiet():
                self._landmarker.ask(np.zeros((64, 64, 3), np.uint8), 0)
                self._warm.wait(WARM_UP)
            self._thread = Thread("face tracking", self._run)
        except BaseException:
            self._landmarker.close()
            raise

    def offer(self, image: Bytes, time: float) -> None:
        """A frame (H, W, 3) RGB, captured at ``time``; it must not change any more."""
        with self._lock:
            self._waiting = (image, time)
            self._lock.notify_all()

    def drain(self, seconds: float = OVERDUE) -> None:
        """Wait until the frames that were offered are reported, ``seconds`` at most."""
        with self._lock:
            self._lock.wait_for(lambda: self._waiting is None and not self._asked, seconds)

    def close(self) -> None:
        """Report nothing more."""
        self._thread.stop()
        self._landmarker.close()

    def _run(self, stopping: threading.Event) -> None:
        stamp, first = 0, None
        while not stopping.is_set():
            with self._lock:
                if not self._lock.wait_for(lambda: self._waiting is not None, 0.1) or self._waiting is None:
                    continue
                (image, time), self._waiting = self._waiting, None
                first = time if first is None else first
                stamp = max(stamp + 1, round(1000 * (time - first)))
                self._asked[stamp] = (time, image.shape[1], image.shape[0])
            try:
                self._landmarker.ask(image, stamp)
            except (RuntimeError, ValueError) as error:
                self._notices.say(f"a frame cannot be tracked: {error}.")
                with self._lock:
                    self._asked.pop(stamp, None)
            with self._lock:
                self._lock.wait_for(lambda: not self._asked, OVERDUE)

    def _answered(self, result: Any, image: Any, stamp: int) -> None:
        self._warm.set()
        with self._lock:
            asked = self._asked.get(stamp)
        if asked is None:
            return
        try:
            time, width, height = asked
            self._report(self._chooser.choose(seen(result, width, height), time), time)
        except Exception as error:  # nothing may be raised into MediaPipe's thread
            self._notices.say(f"a frame cannot be used: {error}.")
        finally:
            with self._lock:
                # Those before it were dropped.
                self._asked = {later: what for later, what in self._asked.items() if later > stamp}
                self._lock.notify_all()


def seen(result: Any, width: int, height: int) -> list[Seen]:
    """The faces in an answer of MediaPipe to a frame of ``width`` x ``height`` pixels."""
    faces = []
    for face, categories, transform in zip(
        result.face_landmarks, result.face_blendshapes, result.facial_transformation_matrixes, strict=True
    ):
        points = np.array([(p.x, p.y, p.z) for p in face], np.float32) * np.array([width, height, width], np.float32)
        faces.append(Seen(points, scores_of(categories), np.array(transform, np.float32), width, height))
    return faces
