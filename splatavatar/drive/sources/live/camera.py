"""Faces before a webcam."""

from __future__ import annotations

import re
import stat
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from splatavatar.array_types import Bytes
from splatavatar.capture.faces.mediapipe_face import quiet
from splatavatar.drive.sources.live.tracking import CameraSource, LiveTracker
from splatavatar.drive.sources.notices import Notices
from splatavatar.drive.sources.source import Clock, Emit
from splatavatar.drive.sources.thread import Thread
from splatavatar.errors import SourceError
from splatavatar.extras import required
from splatavatar.input import why_unread
from splatavatar.models import locate
from splatavatar.printable import printable

WIDTH, HEIGHT, FPS = 640, 480, 30.0
"""that a camera is asked for; it may give others"""
MOST_CAMERAS = 1000
RETRY = 1.0
"""seconds between two attempts to open a camera that has gone"""
_ADDRESS = re.compile(r"(?:https?|rtsps?|rtmps?|rtp|udp|tcp|srt)://[^/\s]", re.IGNORECASE)
MISSES = 10
"""frames in a row that cannot be read, after which a camera has gone"""


class Webcam(CameraSource):
    """A camera by its number, its device file, or the address of a stream.

    One that goes away is tried again every second.
    """

    ended = False

    def __init__(self, device: int | str = 0, model: Path | None = None) -> None:
        """``model`` is MediaPipe's face_landmarker.task; None looks for it where ``models pull`` puts it."""
        self.name = f"webcam {device}"
        self.fps = FPS
        self._device = device
        self._model = model
        self._notices = Notices(self.name)

    def start(self, emit: Emit, clock: Clock) -> None:
        """See ``Source``."""
        cv2 = required("cv2")
        if isinstance(self._device, str):
            _check_named(self._device)
        camera = _opened(self._device)
        if camera is None:
            raise SourceError(absence(self._device))
        rate = float(camera.get(cv2.CAP_PROP_FPS))
        self.fps = rate if 1.0 <= rate <= 240.0 else FPS
        signal = self.reading(())
        try:
            model = locate(given=self._model)
            self._tracker = LiveTracker(model, lambda face, time: emit(signal(face, time)), self._notices)
        except BaseException:
            camera.release()
            raise
        offer = self._tracker.offer
        self._thread = Thread(self.name, lambda stopping: self._read(camera, offer, clock, stopping))

    def _read(
        self, camera: Any, offer: Callable[[Bytes, float], None], clock: Clock, stopping: threading.Event
    ) -> None:
        import cv2

        misses, gone = 0, False
        while not stopping.is_set():
            if camera is None:
                stopping.wait(RETRY)
                camera = None if stopping.is_set() else _opened(self._device)
                continue
            if camera.grab():
                time = clock()
                read, image = camera.retrieve()
                if read and image is not None and image.ndim == 3:
                    self._newest = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)
                    offer(self._newest, time)
                    misses = 0
                    if gone:
                        gone = False
                        self._notices.say("is back.")
                    continue
            misses += 1
            if misses < MISSES:
                stopping.wait(0.01)
                continue
            camera.release()
            camera, misses = None, 0
            if not gone:
                gone = self._notices.say("gives no more pictures; it is tried again every second.")
        if camera is not None:
            camera.release()


def _check_named(device: str) -> None:
    """Raise SourceError unless ``device`` may be given to OpenCV, which opens anything and may wait for it."""
    expected = "expected a camera: its number, its device file or the address of a stream"
    if _ADDRESS.match(device):
        return
    try:
        mode = Path(device).stat().st_mode
    except (OSError, ValueError) as error:
        raise SourceError(f"{printable(device)}: {why_unread(error)}, {expected}.") from None
    if stat.S_ISREG(mode):
        raise SourceError(f"{printable(device)}: a file, {expected}; a recorded video goes in with --video FILE.")
    if not stat.S_ISCHR(mode):
        raise SourceError(f"{printable(device)}: {'a folder' if stat.S_ISDIR(mode) else 'no camera'}, {expected}.")


def _opened(device: int | str) -> Any:
    """The camera, known to give pictures; None where it is absent or busy."""
    import cv2

    if isinstance(device, int) and not 0 <= device < MOST_CAMERAS:
        return None  # numbers that OpenCV has other meanings for, or crashes at
    with quiet():
        camera = cv2.VideoCapture(device)
        if camera.isOpened():
            if isinstance(device, int):
                # Uncompressed pictures of this size are too much for many cameras at full rate.
                camera.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
                camera.set(cv2.CAP_PROP_FRAME_WIDTH, WIDTH)
                camera.set(cv2.CAP_PROP_FRAME_HEIGHT, HEIGHT)
                camera.set(cv2.CAP_PROP_FPS, FPS)
                camera.set(cv2.CAP_PROP_BUFFERSIZE, 1)
            if camera.grab():
                return camera
        camera.release()
    return None


def absence(device: int | str, devices: Path = Path("/dev")) -> str:
    """Why there is no such camera, as far as can be told; ``devices`` is where Linux has a file for each."""
    if not isinstance(device, int) or not sys.platform.startswith("linux"):
        return f"camera {device} cannot be opened: it is absent, or another program is using it."
    there = sorted(int(path.name[5:]) for path in devices.glob("video[0-9]*") if path.name[5:].isdecimal())
    if device not in there:
        found = f"found {', '.join(map(str, there))}" if there else "no camera was found"
        return f"there is no camera {device}; {found}. A recorded video goes in with --video FILE."
    return f"camera {device} gives no pictures; another program is using it, or you may not read /dev/video{device}."
