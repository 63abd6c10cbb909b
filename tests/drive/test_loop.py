from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from splatavatar.avatar.avatar import Avatar
from splatavatar.drive.loop import Files, Loop, LoopSettings
from splatavatar.drive.motion import moving_signal
from splatavatar.drive.signal import FaceSignal
from splatavatar.drive.sinks.signal_record import SignalRecord
from splatavatar.drive.sinks.sink import open_sink
from splatavatar.drive.sources.signal_npz import read_signal_npz
from splatavatar.drive.sources.source import FACE, Clock
from splatavatar.drive.view import default_camera
from splatavatar.errors import OutputError, SourceError

SIZE = 48


class Clip:
    """Emits the built-in motion at its own pace, then ends."""

    channels = FACE

    def __init__(self, seconds: float, fps: float = 30.0, spoil: Callable[[int, FaceSignal], FaceSignal] | None = None):
        self.name, self.fps, self.ended = "clip", fps, False
        self._recording = moving_signal(seconds, fps)
        self._spoil = spoil or (lambda n, signal: signal)
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, emit: Callable[[FaceSignal], None], clock: Clock) -> None:
        def work() -> None:
            begun = clock()
            for n in range(len(self._recording)):
                if self._stopping.wait(max(begun + n / self.fps - clock(), 0)):
                    return
                frame = self._recording.frame(n)
                values = (frame.arkit, frame.head_rotation, frame.head_translation, frame.gaze)
                emit(self._spoil(n, FaceSignal(clock(), *values, 1.0)))
            self.ended = True

        self._thread = threading.Thread(target=work, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()


class Screen:
    """A live sink that keeps what it is shown, and takes its time."""

    main_thread = False

    def __init__(self, name: str = "screen", seconds: float = 0.0, fails_at: int = -1) -> None:
        self.name, self.seconds, self.fails_at = name, seconds, fails_at
        self.images: list[NDArray[np.uint8]] = []
        self.ages: list[float | None] = []
        self.closed = False

    def write(self, image: NDArray[np.uint8], age: float | None) -> None:
        if len(self.images) == self.fails_at:
            raise OutputError("the screen is gone.")
        time.sleep(self.seconds)
        self.images.append(image)
        self.ages.append(age)

    def close(self) -> None:
        self.closed = True


def settings(avatar: Avatar, cap: float | None = 60.0) -> LoopSettings:
    return LoopSettings(default_camera(avatar, SIZE, SIZE), cap=cap)


def frames_of(path: Path) -> int:
    with av.open(str(path)) as container:
        return len(list(container.decode(video=0)))


def test_renders_faster_than_the_source_and_knows_the_ages(avatar: Avatar) -> None:
    screen = Screen()
    stats = Loop(avatar, [Clip(1.0)], [screen], settings(avatar)).run()
    assert screen.closed
    assert stats.rendered > 40
    assert stats.source_fps["clip"] > 20
    ages = [age for age in screen.ages if age is not None]
    assert len(ages) > 30 and min(ages) >= 0
    assert 0 < stats.latency_p50 <= stats.age_p95
    different = sum((a != b).any() for a, b in zip(screen.images, screen.images[1:], strict=False))
    assert different > 35


def test_a_slow_sink_holds_nothing_up(avatar: Avatar) -> None:
    slow, quick = Screen("slow", 0.2), Screen("quick")
    stats = Loop(avatar, [Clip(1.0)], [slow, quick], settings(avatar)).run()
    assert len(slow.images) <= 8
    assert stats.dropped["slow"] > 20 > stats.dropped["quick"]
    assert len(quick.images) > 40


def test_files_keep_the_clock(avatar: Avatar, tmp_path: Path) -> None:
    path, record = tmp_path / "a.mp4", tmp_path / "signal.npz"
    video = open_sink(path, 25, SIZE, SIZE, transparent=False)
    files = Files({"a.mp4": video}, SignalRecord(record, 25))
    begun = time.perf_counter()
    Loop(avatar, [Clip(1.0)], [], LoopSettings(default_camera(avatar, SIZE, SIZE), file_fps=25), files).run()
    elapsed = time.perf_counter() - begun
    assert 22 <= frames_of(path) <= elapsed * 25 + 1
    recording = read_signal_npz(record)
    assert recording.fps == 25 and len(recording) > 15
    assert recording.time[-1] <= elapsed


def test_a_sink_that_fails_ends_the_loop_and_the_files_are_whole(avatar: Avatar, tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    files = Files({"a.mp4": open_sink(path, 30, SIZE, SIZE, transparent=False)})
    screen = Screen(fails_at=5)
    with pytest.raises(OutputError, match="the screen is gone"):
        Loop(avatar, [Clip(20.0)], [screen], settings(avatar), files).run()
    assert frames_of(path) > 0 and screen.closed


def test_a_source_that_cannot_be_opened_leaves_nothing(avatar: Avatar, tmp_path: Path) -> None:
    class Absent(Clip):
        def start(self, emit: Callable[[FaceSignal], None], clock: Clock) -> None:
            raise SourceError("no camera 3.")

    files = Files({"a.mp4": open_sink(tmp_path / "a.mp4", 30, SIZE, SIZE, transparent=False)})
    with pytest.raises(SourceError, match="no camera 3"):
        Loop(avatar, [Absent(1.0)], [Screen()], settings(avatar), files).run()
    assert list(tmp_path.iterdir()) == []
