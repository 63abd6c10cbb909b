from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from splatavatar.avatar.avatar import Avatar
from splatavatar.avatar.framing import default_camera
from splatavatar.avatar.renderers.cpu_renderer import CpuRenderer
from splatavatar.avatar.renderers.renderer import Drawing
from splatavatar.drive.face.channels import FACE
from splatavatar.drive.live.loop import Files, Loop, LoopSettings
from splatavatar.drive.measuring.motion import moving_signal
from splatavatar.drive.performer import Performer
from splatavatar.drive.signal import FaceSignal
from splatavatar.drive.sinks.background import BlurredBackground, ColourBackground, PictureBackground, Transparent
from splatavatar.drive.sinks.live_sound import HeardSound
from splatavatar.drive.sinks.opening import open_sink
from splatavatar.drive.sinks.signal_record import SignalRecord
from splatavatar.drive.sources.recorded.read import read_signal
from splatavatar.drive.sources.source import Clock
from splatavatar.errors import OutputError, SourceError
from support.clip import Clip

SIZE = 48
Events = list[tuple[str, int]]


class Screen:
    """A live sink that keeps what it is shown, and takes its time."""

    main_thread = False

    def __init__(self, name: str = "screen", seconds: float = 0.0, fails_at: int = -1) -> None:
        self.name, self.seconds, self.fails_at = name, seconds, fails_at
        self.images: list[NDArray[np.uint8]] = []
        self.moments: list[float] = []
        self.ages: list[float | None] = []
        self.closed = False

    def write(self, image: NDArray[np.uint8], moment: float, age: float | None) -> None:
        if len(self.images) == self.fails_at:
            raise OutputError("the screen is gone.")
        time.sleep(self.seconds)
        self.images.append(image)
        self.moments.append(moment)
        self.ages.append(age)

    def close(self) -> None:
        self.closed = True


def settings(avatar: Avatar, cap: float | None = 60.0) -> LoopSettings:
    return LoopSettings((SIZE, SIZE), cap=cap)


def frames_of(path: Path) -> int:
    with av.open(str(path)) as container:
        return len(list(container.decode(video=0)))


class Puppet:
    """Emits what a test gives it."""

    name, fps, channels, ended = "puppet", 30.0, FACE, False
    emit: Callable[[FaceSignal], None]

    def start(self, emit: Callable[[FaceSignal], None], clock: Clock) -> None:
        self.emit = emit

    def stop(self) -> None:
        self.ended = True


class Hand:
    """A clock that is set by hand."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


class Played:
    """A loop that is stepped by hand: 60 pictures a second of the built-in motion at 30, captured 10 ms before."""

    def __init__(self, avatar: Avatar, sinks: list[Screen], file_fps: float = 30.0, files: Files | None = None) -> None:
        self.clock, self.source, self.ticks = Hand(), Puppet(), 0
        at = LoopSettings((SIZE, SIZE), file_fps=file_fps)
        self.loop = Loop(Performer(avatar), [self.source], sinks, at, files, clock=self.clock)
        self.loop.listen()
        self._motion = moving_signal()

    def play(self, ticks: int, spoil: Callable[[int, FaceSignal], FaceSignal] = lambda n, signal: signal) -> None:
        for _ in range(ticks):
            if self.ticks % 2 == 0:
                n = self.ticks // 2
                frame = self._motion.frame(n % len(self._motion))
                self.source.emit(spoil(n, replace(frame, time=self.clock.now - 0.010)))
            self.loop.step(self.clock.now)
            self.loop.flush()
            self.clock.now += 1 / 60
            self.ticks += 1


def test_renders_faster_than_the_source_and_knows_the_ages(avatar: Avatar) -> None:
    screen = Screen()
    played = Played(avatar, [screen])
    played.play(120)
    stats = played.loop.stats()
    assert len(screen.images) == stats.rendered == 120
    assert stats.source_fps["puppet"] == pytest.approx(30, rel=0.02)
    assert stats.render_fps == pytest.approx(60, rel=0.02)
    assert (stats.latency_p50, stats.latency_p95) == (pytest.approx(10), pytest.approx(10))
    assert (stats.age_p50, stats.age_p95) == (pytest.approx(18.3, abs=0.1), pytest.approx(26.7, abs=0.1))
    assert screen.ages[::2] == pytest.approx([0.010] * 60) and screen.ages[1::2] == pytest.approx(
        [0.0267] * 60, abs=1e-4
    )
    # The motion never rests: where no signal comes it goes on.
    assert sum((a != b).any() for a, b in zip(screen.images, screen.images[1:], strict=False)) > 110


def test_before_the_first_signal_the_avatar_rests_and_has_no_age(avatar: Avatar) -> None:
    screen = Screen()
    played = Played(avatar, [screen])
    played.loop.step(played.clock.now)
    played.loop.flush()
    assert screen.ages == [None] and np.isnan(played.loop.stats().age_p50)
    assert played.loop.stats().line().startswith("source puppet 0.0 FPS")


def test_no_number_never_reaches_the_picture(avatar: Avatar) -> None:
    def spoil(n: int, signal: FaceSignal) -> FaceSignal:
        arkit, gaze = signal.arkit.copy(), np.full((2, 2), np.nan if n % 5 == 1 else np.inf, np.float32)
        arkit[n % 52] = np.nan
        return replace(signal, arkit=arkit, head_rotation=np.full(3, np.nan, np.float32), gaze=gaze)

    screen = Screen()
    played = Played(avatar, [screen])
    played.play(30)
    played.play(60, lambda n, signal: spoil(n, signal) if n % 3 else signal)
    shares = [(image != 255).any(2).mean() for image in screen.images]
    # The head neither disappears nor fills the picture.
    assert min(shares) > 0.5 * shares[0] and max(shares) < 1.5 * shares[0]


def test_a_clock_that_goes_back_is_survived(avatar: Avatar, tmp_path: Path) -> None:
    path, screen = tmp_path / "a.mp4", Screen()
    played = Played(avatar, [screen], files=Files({"a.mp4": open_sink(path, 30, SIZE, SIZE, False)}))
    for jump in (-500.0, 3600.0, -0.001, 0.0):
        played.play(30)
        played.clock.now += jump
    played.play(30)
    played.loop.flush()
    ages = [age for age in screen.ages if age is not None]
    assert len(screen.images) == 150 and min(ages) >= 0 and max(ages) < 1
    assert sum((a != b).any() for a, b in zip(screen.images[120:], screen.images[121:], strict=False)) > 20
    played.loop.close()
    assert 70 <= frames_of(path) <= 77


def test_a_slow_sink_holds_nothing_up(avatar: Avatar) -> None:
    class Stuck(Screen):
        """Shows a second picture only when it is let."""

        def __init__(self) -> None:
            super().__init__("stuck")
            self.let = threading.Event()

        def write(self, image: NDArray[np.uint8], moment: float, age: float | None) -> None:
            if self.images:
                self.let.wait(60)
            super().write(image, moment, age)

    stuck, quick = Stuck(), Screen("quick")
    loop = Loop(Performer(avatar), [Clip(1000.0)], [stuck, quick], settings(avatar))

    def let_go() -> None:
        while len(quick.images) < 20:
            time.sleep(0.01)
        loop.controls.stop()
        stuck.let.set()

    threading.Thread(target=let_go, daemon=True).start()
    stats = loop.run()
    assert len(quick.images) >= 20 and len(stuck.images) <= 4
    assert stats.dropped["stuck"] >= 15


def test_files_keep_the_clock(avatar: Avatar, tmp_path: Path) -> None:
    path, record = tmp_path / "a.mp4", tmp_path / "signal.npz"
    video = open_sink(path, 25, SIZE, SIZE, transparent=False)
    played = Played(avatar, [], 25, Files({"a.mp4": video}, [SignalRecord(record, 25)]))
    played.play(120)
    # The machine was busy for half a second: the film holds its picture.
    played.clock.now += 0.5
    played.play(60)
    played.loop.close()
    seconds = (120 + 60 - 1) / 60 + 0.5
    assert frames_of(path) == int(seconds * 25) + 1
    recording = read_signal(record)
    assert recording.fps == 25 and recording.time[-1] == pytest.approx(int(seconds * 25) / 25)
    assert recording.arkit.std() > 0.01


def test_what_a_file_leaves_out_its_sound_leaves_out_too(avatar: Avatar, tmp_path: Path) -> None:
    """The program was stopped for 20 seconds, and what drives is heard half a second later."""
    path, heard = tmp_path / "a.mp4", HeardSound()
    video = open_sink(path, 30, SIZE, SIZE, transparent=False, sound=heard)
    played = Played(avatar, [], files=Files({"a.mp4": video}, sounds=[heard], film_sounds=[heard]))
    for shout in (None, 50):
        for block in range(100):
            samples = np.full(160, 0.5 if block == shout else 0.0, np.float32)
            heard.hear(samples, played.clock.now + block / 100)
        played.play(60)
        played.clock.now += 20.0
    played.loop.close()
    with av.open(str(path)) as container:
        frames = [(frame.time, frame.to_ndarray()[0]) for frame in container.decode(audio=0)]
    samples = np.concatenate([samples for _, samples in frames])
    # The sound is put where its face is seen, 10 ms later.
    assert frames[0][0] + np.argmax(np.abs(samples) > 0.2) / 48000 == pytest.approx(1.5, abs=0.03)


def test_a_source_that_ends_ends_the_loop(avatar: Avatar) -> None:
    screen = Screen()
    stats = Loop(Performer(avatar), [Clip(0.2), Clip(0.3)], [screen], settings(avatar)).run()
    assert screen.closed and stats.rendered >= len(screen.images) > 0


def test_a_source_that_dies_does_not_end_it(avatar: Avatar) -> None:
    screen = Screen()
    played = Played(avatar, [screen])
    played.play(60)
    for _ in range(300):
        played.loop.step(played.clock.now)
        played.loop.flush()
        played.clock.now += 1 / 60
    assert len(screen.images) == 360
    assert played.loop.stats().source_fps["puppet"] == pytest.approx(0, abs=0.1)


def test_backgrounds_are_stepped_through(avatar: Avatar) -> None:
    picture = PictureBackground(np.full((10, 10, 3), (10, 200, 30), np.uint8))
    blurred = BlurredBackground(lambda: np.full((10, 10, 3), (90, 20, 30), np.uint8))
    backgrounds = (ColourBackground((1, 0, 0)), picture, Transparent(), blurred)
    screen = Screen()
    loop = Loop(Performer(avatar), [], [screen], LoopSettings((SIZE, SIZE), backgrounds))
    for _ in range(5):
        loop.step(0.0)
        loop.flush()
        loop.controls.next_background()
    corners = [tuple(image[0, 0].tolist()) for image in screen.images]
    assert corners == [(255, 0, 0), (10, 200, 30), (0, 0, 0, 0), (90, 20, 30), (255, 0, 0)]
    middles = [image[SIZE // 2, SIZE // 2, :3].astype(int) for image in screen.images]
    np.testing.assert_allclose(middles, [middles[0]] * 5, atol=12)


def test_a_sink_that_fails_ends_the_loop_and_the_files_are_whole(avatar: Avatar, tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    files = Files({"a.mp4": open_sink(path, 30, SIZE, SIZE, transparent=False)})
    screen = Screen(fails_at=5)
    with pytest.raises(OutputError, match="the screen is gone"):
        Loop(Performer(avatar), [Clip(20.0)], [screen], settings(avatar), files).run()
    assert frames_of(path) > 0 and screen.closed


def test_a_source_that_cannot_be_opened_leaves_nothing(avatar: Avatar, tmp_path: Path) -> None:
    class Absent(Clip):
        def start(self, emit: Callable[[FaceSignal], None], clock: Clock) -> None:
            raise SourceError("no camera 3.")

    files = Files({"a.mp4": open_sink(tmp_path / "a.mp4", 30, SIZE, SIZE, transparent=False)})
    with pytest.raises(SourceError, match="no camera 3"):
        Loop(Performer(avatar), [Absent(1.0)], [Screen()], settings(avatar), files).run()
    assert list(tmp_path.iterdir()) == []


def test_without_anything_that_takes_pictures_nothing_is_drawn(avatar: Avatar, tmp_path: Path) -> None:
    class Undrawn(Performer):
        def begin(self, *arguments: object, **named: object) -> Drawing:  # type: ignore[override]
            raise AssertionError("drawn")

    record = SignalRecord(tmp_path / "face.npz", 30)
    stats = Loop(Undrawn(avatar), [Clip(0.3)], [], settings(avatar), Files(signals=[record])).run()
    assert stats.rendered > 5
    assert len(read_signal(tmp_path / "face.npz")) > 5


class Beside:
    """A picture that is made in a thread beside its caller."""

    def __init__(self, number: int, picture: Future[NDArray[np.uint8]], due: threading.Event, events: Events) -> None:
        self._number, self._picture, self._due, self._events = number, picture, due, events
        events.append(("begun", number))

    @property
    def done(self) -> bool:
        return self._picture.done()

    def finish(self) -> NDArray[np.uint8]:
        self._due.set()
        picture = self._picture.result()
        self._events.append(("finished", self._number))
        return picture


class BusyRenderer(CpuRenderer):
    """Draws beside its caller, as a GPU does; if it is ``late``, nothing is made until somebody waits for it."""

    def __init__(self, avatar: Avatar, late: bool) -> None:
        super().__init__(avatar)
        self.events: Events = []
        self._late, self._count, self._pool = late, 0, ThreadPoolExecutor(1)

    def begin(self, *arguments: Any) -> Beside:  # type: ignore[override]
        due = threading.Event()

        def work() -> NDArray[np.uint8]:
            if self._late:
                due.wait()
            return self.render(*arguments)

        self._count += 1
        return Beside(self._count, self._pool.submit(work), due, self.events)


class Faces:
    """Keeps the faces by the moment."""

    def __init__(self) -> None:
        self.at: dict[float, FaceSignal] = {}

    def take(self, signal: FaceSignal, now: float) -> None:
        self.at[now] = signal

    def close(self) -> None:
        """Nothing."""


def assert_every_picture_is_right(screen: Screen, faces: Faces, avatar: Avatar) -> None:
    performer = Performer(avatar)
    assert screen.moments == sorted(screen.moments) and screen.moments[-1] == max(faces.at)
    for image, moment in zip(screen.images, screen.moments, strict=True):
        np.testing.assert_array_equal(image, performer.draw(faces.at[moment], performer.camera(SIZE, SIZE)))


def test_pictures_that_come_late_are_made_while_the_next_begins(avatar: Avatar) -> None:
    screen, faces, renderer = Screen(), Faces(), BusyRenderer(avatar, late=True)
    loop = Loop(
        Performer(avatar, renderer=renderer), [Clip(0.4)], [screen], settings(avatar, 120.0), Files(signals=[faces])
    )
    stats = loop.run()
    n = stats.rendered
    assert n > 5 and len(screen.images) > 1
    begun = [("begun", 1)] + [event for k in range(2, n + 1) for event in (("begun", k), ("finished", k - 1))]
    assert renderer.events == [*begun, ("finished", n)]
    assert_every_picture_is_right(screen, faces, avatar)


def test_pictures_in_time_are_shown_before_the_next_begins(avatar: Avatar) -> None:
    screen, faces, renderer = Screen(), Faces(), BusyRenderer(avatar, late=False)
    loop = Loop(
        Performer(avatar, renderer=renderer), [Clip(0.6, 5.0)], [screen], settings(avatar, 4.0), Files(signals=[faces])
    )
    stats = loop.run()
    assert stats.rendered > 1
    assert renderer.events == [(what, k) for k in range(1, stats.rendered + 1) for what in ("begun", "finished")]
    assert_every_picture_is_right(screen, faces, avatar)


def test_the_camera_is_a_control(avatar: Avatar) -> None:
    screen = Screen()
    loop = Loop(Performer(avatar), [], [screen], settings(avatar))
    for camera in (None, default_camera(avatar, 100, 200, yaw=1.0), default_camera(avatar, SIZE, SIZE, yaw=1.0), None):
        loop.controls.camera = camera
        loop.step(0.0)
        loop.flush()
    front, side, same, again = screen.images
    assert {image.shape for image in screen.images} == {(SIZE, SIZE, 3)}
    np.testing.assert_array_equal(side, same)
    np.testing.assert_array_equal(front, again)
    assert (front != side).any()
