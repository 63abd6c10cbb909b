"""Faces in a video file: as a camera, at the pace of the file, or all of it at once."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np

from splatavatar.array_types import Bytes
from splatavatar.capture.faces.mediapipe_face import quiet
from splatavatar.capture.video.video import Video
from splatavatar.drive.face.likeness_signal import Reading, Sight, any_face
from splatavatar.drive.signal import Recording
from splatavatar.drive.sources.live.tracking import CameraSource, FaceChooser, Landmarker, LiveTracker, seen
from splatavatar.drive.sources.notices import Notices
from splatavatar.drive.sources.recorded.checked import checked
from splatavatar.drive.sources.source import Clock, Emit
from splatavatar.drive.sources.thread import Thread
from splatavatar.errors import CaptureError, SourceError
from splatavatar.input import check_input
from splatavatar.models import locate, read_bundle
from splatavatar.progress import FrameProgress

NAP = 0.01
"""seconds after which the clock is looked at again"""
LATE = 0.1
"""seconds by which a frame may be late and still be looked at"""
BEHIND = 1.0
"""seconds of lateness, after which the rest of the video is shown that much later"""


class VideoCamera(CameraSource):
    """A video file as a camera: every frame comes at its own time, late ones are left out, and it ends."""

    def __init__(self, path: str | Path, model: Path | None = None) -> None:
        """``model`` is MediaPipe's face_landmarker.task; None looks for it where ``models pull`` puts it."""
        self.path = Path(path)
        self.name = f"video {self.path.name}"
        self.fps = 30.0
        self.ended = False
        self.origin: float | None = None
        """when its time 0 was, on the clock; None before the first frame"""
        self._model = model
        self._notices = Notices(self.name)

    def start(self, emit: Emit, clock: Clock) -> None:
        """See ``Source``. The first frame comes at once."""
        model, video = locate(given=self._model), _opened(self.path)
        self.fps, self.ended = video.fps, False
        signal = self.reading(())
        tracker = LiveTracker(model, lambda face, time: emit(signal(face, time)), self._notices)
        self._tracker = tracker
        self._thread = Thread(self.name, lambda stopping: self._play(video, tracker, clock, stopping))

    def _play(self, video: Video, tracker: LiveTracker, clock: Clock, stopping: threading.Event) -> None:
        start: float | None = None
        try:
            for _, time, image in video.frames():
                start = clock() if start is None else start
                self.origin = start - video.start
                while not stopping.is_set() and (ahead := start + time - clock()) > 0:
                    stopping.wait(min(ahead, NAP))
                if stopping.is_set():
                    return
                self._newest = image
                late = clock() - start - time
                if late < LATE:
                    tracker.offer(image, start + time)
                elif late > BEHIND:
                    start += late
            tracker.drain()
        except CaptureError as error:
            self._notices.say(str(error))
        finally:
            self.ended = not stopping.is_set()


class VideoPictures:
    """The pictures of a video in the order of ``video_recording``, for one that walks through them."""

    def __init__(self, path: str | Path) -> None:
        """Raises SourceError."""
        self._frames = _opened(Path(path)).frames()
        self._index = -1
        self._newest: Bytes | None = None

    def picture(self) -> Bytes | None:
        """See ``PictureSource``: that of the frame gone to last."""
        return self._newest

    def go_to(self, frame: int) -> None:
        """On to ``frame``, counted from 0; never back. A file that ends before it stays at its last."""
        while self._index < frame:
            self._index += 1
            self._newest = next((image for _, _, image in self._frames), self._newest)


def video_recording(
    path: str | Path, model: Path | None = None, progress: FrameProgress | None = None, reading: Reading = any_face
) -> Recording:
    """The face in every frame of a video; ``progress(done, total)`` is called once a frame.

    ``reading`` is how the face is read; whose it is can be told from the whole video.

    Of several faces the largest of the first frame is followed. Frames without it have the confidence 0 and repeat the
    last face seen.

    Raises:
        SourceError: not a video, or no face in any frame.
        DependencyError: mediapipe or its model is absent.
    """
    # What can go wrong with files first: the network is the one that must be closed again.
    found = locate(given=model)
    read_bundle(found)
    video = _opened(Path(path))
    network = Landmarker(found)
    chooser, sights = FaceChooser(), list[Sight]()
    stamp, times = -1, list[float]()
    try:
        for index, time, image in video.frames():
            stamp = max(stamp + 1, round(1000 * time))
            if index:
                result = network.detect(image, stamp)
            else:
                with quiet():
                    result = network.detect(image, stamp)
            sights.append((chooser.choose(seen(result, image.shape[1], image.shape[0]), time), time))
            times.append(max(time, times[-1] + 1e-6) if times else time)
            if progress is not None:
                progress(min(index + 1, video.count), video.count)
    except CaptureError as error:
        raise SourceError(str(error)) from error
    finally:
        network.close()
    signal = reading(sights)
    signals = [signal(face, time) for face, time in sights]
    confidence = np.array([frame.confidence for frame in signals], np.float32)
    if not confidence.any():
        raise SourceError(f"{path}: no face in any of its {len(signals)} frames.")
    # Before the first face comes what it shows then.
    order = np.maximum.accumulate(np.where(confidence > 0, np.arange(len(signals)), -1))
    shown = [signals[index] for index in np.where(order < 0, int(np.argmax(confidence > 0)), order)]
    return checked(
        Recording(
            time=np.array(times) - times[0],
            arkit=np.array([frame.arkit for frame in shown], np.float32),
            head_rotation=np.array([frame.head_rotation for frame in shown], np.float32),
            head_translation=np.array([frame.head_translation for frame in shown], np.float32),
            gaze=np.array([frame.gaze for frame in shown], np.float32),
            confidence=confidence,
            fps=video.fps,
        ),
        str(path),
    )


def _opened(path: Path) -> Video:
    try:
        check_input(path, SourceError, "a video")
        return Video(path)
    except CaptureError as error:
        raise SourceError(str(error)) from error
