"""The live loop: the newest signal of every source becomes pictures at the rate of the sinks."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from splatavatar.avatar.renderers.renderer import IN_FLIGHT, Drawing
from splatavatar.drive.face.chain import Chain, ChainSettings
from splatavatar.drive.label import Label
from splatavatar.drive.live.controls import Controls
from splatavatar.drive.live.mailbox import Mailbox
from splatavatar.drive.live.pace import Pace
from splatavatar.drive.live.stats import WINDOW, Ages, Rate, Stats
from splatavatar.drive.performer import Performer
from splatavatar.drive.signal import FaceSignal
from splatavatar.drive.sinks.background import Background, BlurredBackground, ColourBackground, Transparent, over
from splatavatar.drive.sinks.live_sound import LiveSoundtrack
from splatavatar.drive.sinks.outlet import WAIT, FileOutlet, Outlet, TimedPicture
from splatavatar.drive.sinks.sink import LiveSink, SignalSink, Sink
from splatavatar.drive.sources.source import Clock, Source
from splatavatar.drive.sources.thread import JOIN_SECONDS
from splatavatar.interrupts import deferred_signals
from splatavatar.render.camera import Camera
from splatavatar.trust.marks import PictureMarks

DEFAULT_CAP = 60.0
"""pictures a second"""
DEFAULT_FILE_FPS = 30.0
REPORT_EVERY = 0.5
"""seconds between two calls of ``report``"""
NAP = 0.0005
"""seconds after which a picture that a GPU makes is looked for again"""


@dataclass(frozen=True)
class LoopSettings:
    """How the loop renders."""

    size: tuple[int, int] = (512, 512)
    """width and height of the pictures"""
    backgrounds: Sequence[Background] = (ColourBackground((1.0, 1.0, 1.0)),)
    """the first is shown; the controls step through the others"""
    cap: float | None = DEFAULT_CAP
    """most pictures a second; None: as fast as it goes, for measuring"""
    file_fps: float = DEFAULT_FILE_FPS
    """frame rate of the files and of the recorded signal"""
    chain: ChainSettings = field(default_factory=ChainSettings)
    window: float = WINDOW
    """seconds that the figures look back"""
    label: Label | None = None
    """what is put on every picture that sinks take"""
    marks: PictureMarks | None = None
    """the watermark of every picture that sinks take; None for none"""


@dataclass(frozen=True)
class Files:
    """What is written, and what else the face goes to, while the loop runs."""

    videos: dict[str, Sink] = field(default_factory=dict)
    """by the name that messages call them"""
    signals: Sequence[SignalSink] = ()
    sounds: Sequence[LiveSoundtrack] = ()
    """of the videos, and of what else plays sound, to be told when those begin"""
    film_sounds: Sequence[LiveSoundtrack] = ()
    """those of the videos alone, to be told what these leave out"""


@dataclass(frozen=True)
class _Begun:
    """A face that was made, and its picture on the way."""

    drawing: Drawing | None
    """None where nothing takes pictures"""
    background: Background
    time: float
    captured: float | None
    """as those of ``TimedPicture``"""


class Loop:
    """Runs sources, rendering and sinks, each at its own rate, until told to stop.

    Every source and every sink has a thread of its own and the loop never waits for any: a source's newest signal is
    taken, a sink that is still busy misses the picture.
    """

    def __init__(
        self,
        performer: Performer,
        sources: Sequence[Source],
        sinks: Sequence[LiveSink],
        settings: LoopSettings,
        files: Files | None = None,
        controls: Controls | None = None,
        clock: Clock = perf_counter,
    ) -> None:
        """Nothing is drawn where no picture goes anywhere."""
        files = files or Files()
        self.controls = controls or Controls()
        self._performer, self._settings, self._clock = performer, settings, clock
        self._usual_camera = performer.camera(*settings.size)
        self._inputs = [(source, Mailbox(source.fps, clock)) for source in sources]
        self._chain = Chain(self._inputs, settings.chain)
        self._outlets: list[Outlet | FileOutlet] = [Outlet(sink, clock, settings.window) for sink in sinks]
        self._outlets += [FileOutlet(name, sink, settings.file_fps) for name, sink in files.videos.items()]
        self._signals = files.signals
        self._sounds, self._film_sounds = files.sounds, files.film_sounds
        self._left_out = 0.0
        self._aligned = False
        self._arrived = threading.Event()
        self._rendered = 0
        self._rates = [Rate(settings.window) for _ in sources]
        self._render_rate = Rate(settings.window)
        self._ages = Ages(settings.window)
        self._failure: BaseException | None = None
        self._finished = threading.Event()
        self._renderer: threading.Thread | None = None
        self._threads: dict[Outlet | FileOutlet, threading.Thread] = {}

    def run(self, report: Callable[[Stats], None] | None = None) -> Stats:
        """Drive until every source has ended, the controls say stop, or Ctrl-C or kill; returns the last figures.

        Files are whole whenever it ends. ``report`` gets the figures twice a second, on the calling thread. A window
        needs the main thread, which must then be the calling one.

        Raises:
            SourceError, DependencyError: a source cannot be opened.
            OutputError: a sink failed; the others have been closed.
        """
        with deferred_signals(self.controls.stop):
            try:
                self.listen()
                self._renderer = threading.Thread(target=self._render, name="render", daemon=True)
                self._renderer.start()
                for outlet in self._outlets:
                    if not outlet.main_thread:
                        thread = threading.Thread(target=self._feed, args=(outlet,), name=outlet.name, daemon=True)
                        self._threads[outlet] = thread
                        thread.start()
                self._attend(report)
            except BaseException as error:
                self._failure = self._failure or error
            self.close()
        return self.stats()

    def listen(self) -> None:
        """Start the sources, as ``run`` does. Raises SourceError or DependencyError."""
        self.prepare()
        for source, mailbox in self._inputs:
            source.start(partial(self._take, mailbox), self._clock)
            mailbox.fps = source.fps

    def prepare(self) -> None:
        """What the first picture over each background would wait for; see ``Performer.prepare``."""
        if self._outlets:
            for colour in dict.fromkeys(map(_colour, self._settings.backgrounds)):
                self._performer.prepare(self._camera(), colour, IN_FLIGHT)

    def step(self, now: float) -> TimedPicture | None:
        """Make the face of ``now``, draw it, and hand both to every sink. Called by one thread.

        Returns the picture; None where nothing takes pictures.
        """
        return self._finish(self._begin(now))

    def draw(self, signal: FaceSignal) -> NDArray[np.uint8]:
        """The picture of ``signal`` as it is: (H, W, 3), or (H, W, 4) where nothing is behind the avatar."""
        background = self._background()
        return self._over(self._performer.draw(signal, self._camera(), _colour(background)), background)

    def _begin(self, now: float) -> _Begun:
        """Make the face of ``now``, hand it on, and begin to draw it."""
        signal, captured = self._chain(now, self.controls)
        for taker in self._signals:
            taker.take(signal, now)
        for (_, mailbox), rate in zip(self._inputs, self._rates, strict=True):
            rate.see(now, mailbox.count)
        background = self._background()
        drawing = self._performer.begin(signal, self._camera(), _colour(background)) if self._outlets else None
        return _Begun(drawing, background, now, captured)

    def _finish(self, begun: _Begun) -> TimedPicture | None:
        """Hand a picture that was begun to every sink; those begun earlier have been."""
        now, captured, picture = begun.time, begun.captured, None
        if begun.drawing is not None:
            image = self._over(begun.drawing.finish(), begun.background)
            for put in (self._settings.label, self._settings.marks):
                image = image if put is None else put(image)
            picture = TimedPicture(image, now, captured)
        self._tell_sounds(now, captured)
        if picture is not None:
            for outlet in self._outlets:
                outlet.offer(picture, now)
            self._leave_out()
        self._rendered += 1
        self._render_rate.see(now, self._rendered)
        if captured is not None:
            self._ages.see(self._clock(), captured)
        return picture

    def _background(self) -> Background:
        """That which the controls show."""
        backgrounds = self._settings.backgrounds
        return backgrounds[self.controls.background % len(backgrounds)]

    def _over(self, image: NDArray[np.uint8], background: Background) -> NDArray[np.uint8]:
        """``image``, drawn over the colour of ``background`` if that is one, with what else it has behind it."""
        if isinstance(background, ColourBackground | Transparent):
            return image
        if isinstance(background, BlurredBackground):
            return over(image, background(*self._settings.size, self.controls.mirror))
        return over(image, background(*self._settings.size))

    def _camera(self) -> Camera:
        """Where the controls look from, at the size of the pictures."""
        camera = self.controls.camera
        return self._usual_camera if camera is None else camera.resized(*self._settings.size)

    def flush(self) -> None:
        """Give every sink what waits for it: for programs that ``listen`` and ``step`` instead of ``run``."""
        for outlet in self._outlets:
            outlet.serve(0.0)

    def close(self) -> None:
        """Stop and close everything, whatever fails on the way, then raise what failed first; ``run`` does so itself.

        Raises OutputError.
        """
        self.controls.stop()
        failures: list[BaseException] = []
        for source, _ in self._inputs:
            _try(source.stop, failures)
        for outlet in self._outlets:
            outlet.end()
        if self._renderer is not None:
            self._renderer.join()
        # The threads of the sinks wait for this.
        self._finished.set()
        for outlet in self._outlets:
            thread = self._threads.get(outlet)
            if thread is not None:
                # A file is finished whatever it takes; a device whose driver hangs is left alone.
                thread.join(None if isinstance(outlet, FileOutlet) else JOIN_SECONDS)
            if thread is None or not thread.is_alive():
                _try(outlet.close, failures)
        for taker in self._signals:
            _try(taker.close, failures)
        first = [self._failure, *(outlet.error for outlet in self._outlets), *failures]
        for failure in first:
            if failure is not None:
                raise failure

    def stats(self) -> Stats:
        """The figures of the last seconds: ages at the first live sink, or where there is none when handed over."""
        ages = next((outlet.ages for outlet in self._outlets if isinstance(outlet, Outlet)), self._ages)
        p50, p95, first_p50, first_p95 = ages.percentiles(self._clock())
        return Stats(
            {source.name: rate() for (source, _), rate in zip(self._inputs, self._rates, strict=True)},
            self._render_rate(),
            p50,
            p95,
            first_p50,
            first_p95,
            self._rendered,
            {outlet.name: outlet.dropped for outlet in self._outlets},
        )

    def _take(self, mailbox: Mailbox, signal: FaceSignal) -> None:
        mailbox.put(signal)
        self._arrived.set()

    def _tell_sounds(self, now: float, captured: float | None) -> None:
        if self._rendered == 0:
            for sound in self._sounds:
                sound.begin(now)
        if captured is not None and not self._aligned:
            self._aligned = True
            for sound in self._sounds:
                sound.align(max(now - captured, 0.0))

    def _leave_out(self) -> None:
        """Tell the sounds of videos what these leave out since they were told last."""
        left_out = next((outlet.left_out for outlet in self._outlets if isinstance(outlet, FileOutlet)), 0.0)
        if left_out != self._left_out:
            for sound in self._film_sounds:
                sound.leave_out(left_out - self._left_out)
            self._left_out = left_out

    def _render(self) -> None:
        """Work of the render thread: pictures at the pace of the signals; those that were missed are left out.

        A picture that a GPU has not made when the next one is due is finished after that one was begun.
        """
        pace = Pace(0.0 if self._settings.cap is None else 1.0 / self._settings.cap, perf_counter())
        stopping, begun = self.controls.stopping, deque[_Begun]()
        try:
            while not stopping.is_set():
                # Asked before the step: the last signal of a source that has ended is shown.
                ended = bool(self._inputs) and all(source.ended for source, _ in self._inputs)
                pace.drawn(perf_counter())
                self._arrived.clear()
                begun.append(self._begin(self._clock()))
                if len(begun) == IN_FLIGHT:
                    self._finish(begun.popleft())
                if ended or any(outlet.error for outlet in self._outlets):
                    break
                if self._in_time(begun[0], pace):
                    self._finish(begun.popleft())
                    self._wait(pace)
            while begun:
                self._finish(begun.popleft())
        except BaseException as error:
            self._failure = error
        finally:
            self._finished.set()

    def _in_time(self, begun: _Begun, pace: Pace) -> bool:
        """Wait for a picture; whether it is made before the next one is due."""
        while begun.drawing is not None and not begun.drawing.done:
            rest = pace.rest(perf_counter())
            if rest <= 0:
                return False
            self.controls.stopping.wait(min(rest, NAP))
        return True

    def _wait(self, pace: Pace) -> None:
        """Until the next picture is to be drawn."""
        while (rest := pace.rest(perf_counter())) > 0 and self._arrived.wait(rest):
            self._arrived.clear()
            early = pace.early(perf_counter())
            if early is not None:
                self.controls.stopping.wait(early)
                return

    def _feed(self, outlet: Outlet | FileOutlet) -> None:
        """Work of the thread of one sink."""
        try:
            while not self._finished.is_set():
                outlet.serve(WAIT)
            # What was rendered last is shown, so that a file ends with it.
            outlet.serve(0.0)
        except BaseException as error:
            self._failure = self._failure or error
            self.controls.stop()

    def _attend(self, report: Callable[[Stats], None] | None) -> None:
        """Work of the calling thread: the window, and the report."""
        windows = [outlet for outlet in self._outlets if outlet.main_thread]
        reported = perf_counter()
        while not self._finished.is_set():
            for outlet in windows:
                outlet.serve(WAIT)
            if not windows:
                self._finished.wait(WAIT)
            if report is not None and perf_counter() >= reported + REPORT_EVERY:
                reported = perf_counter()
                report(self.stats())


def _colour(background: Background) -> tuple[float, float, float] | None:
    """What the avatar is drawn over."""
    return background.colour if isinstance(background, ColourBackground) else None


def _try(close: Callable[[], None], failures: list[BaseException]) -> None:
    try:
        close()
    except Exception as error:
        failures.append(error)
