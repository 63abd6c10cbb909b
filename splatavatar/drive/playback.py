"""Playing a recording on an avatar: render, hand on, measure."""

from __future__ import annotations

import logging
import threading
import warnings
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from splatavatar.avatar.avatar import Avatar
from splatavatar.avatar.limits import DEFAULT_LIMIT
from splatavatar.avatar.renderers.renderer import IN_FLIGHT, Renderer
from splatavatar.drive.label import Label
from splatavatar.drive.performer import Performer
from splatavatar.drive.signal import Recording
from splatavatar.drive.sinks.background import over
from splatavatar.drive.sinks.sink import Sink
from splatavatar.errors import OutputError
from splatavatar.interrupts import deferred_signals
from splatavatar.printable import printable
from splatavatar.progress import FrameProgress
from splatavatar.render.camera import Camera
from splatavatar.trust.marks import PictureMarks

WAITING = 2
"""pictures between the renderer and the sinks"""

Behind = Callable[[int], NDArray[np.uint8]]
"""(H, W, 3) RGB that is seen behind the avatar in a frame of the recording"""
FilmBackground = tuple[float, float, float] | Behind


@dataclass(frozen=True)
class PlaybackStats:
    """How a playback went."""

    frames: int
    render_fps: float
    """frames over the time spent retargeting and rendering; encoding runs beside it and is not counted"""
    stages: dict[str, float]
    """mean milliseconds a frame by stage of the drive path"""


def schedule(recording: Recording) -> NDArray[np.int64]:
    """The index (N) of the recorded frame that each frame of a steady playback at ``recording.fps`` shows.

    Sources drop frames and jitter. The playback keeps the clock: a gap holds the last frame instead of shortening the
    film.
    """
    ticks = np.arange(round(float(recording.time[-1]) * recording.fps) + 1) / recording.fps
    half = 0.5 / recording.fps
    return np.maximum(np.searchsorted(recording.time, ticks + half, side="right") - 1, 0)


def play(
    performer: Performer | Avatar,
    recording: Recording,
    camera: Camera,
    sinks: Sequence[Sink],
    background: FilmBackground | None,
    progress: FrameProgress | None = None,
    limit: float | None = DEFAULT_LIMIT,
    interrupted: threading.Event | None = None,
    path: Renderer | None = None,
    label: Label | None = None,
    marks: PictureMarks | None = None,
) -> PlaybackStats:
    """Render every frame of ``recording`` and give it to every sink, in order.

    ``background`` is RGB in [0, 1] or the picture behind each frame, None for transparent pictures; ``label`` is put on
    each, and ``marks`` into each. ``progress(done, total)`` is called once a frame.
    One worker thread feeds the sinks while the next frame is rendered. On Ctrl-C or another signal that asks to end, at
    whatever moment, the sinks keep the beginning that they have, which replaces no older film and is said in the log;
    then KeyboardInterrupt goes on, SystemExit for other signals. On any error the sinks are discarded. ``interrupted``
    says the same when it is set, for a caller that defers signals itself.

    Until the next version an avatar may stand in the place of the performer, with a warning: ``limit`` and ``path``,
    its renderer, are of that form alone, for a ``Performer`` has both.
    """
    if isinstance(performer, Avatar):
        warnings.warn(
            "play takes a Performer, sa.play(sa.Performer(avatar), ...), and no longer an avatar",
            DeprecationWarning,
            stacklevel=2,
        )
        performer = Performer(performer, limit=limit, renderer=path)
    elif limit != DEFAULT_LIMIT or path is not None:
        raise TypeError("limit and path are those of an avatar; a Performer has its own")
    interrupted = interrupted or threading.Event()
    with deferred_signals(interrupted.set) as asked:
        stats = _play(performer, recording, camera, sinks, background, progress, interrupted, label, marks)
    if interrupted.is_set():
        raise asked.ending()
    return stats


def _play(
    performer: Performer,
    recording: Recording,
    camera: Camera,
    sinks: Sequence[Sink],
    background: FilmBackground | None,
    progress: FrameProgress | None,
    interrupted: threading.Event,
    label: Label | None,
    marks: PictureMarks | None,
) -> PlaybackStats:
    order = schedule(recording).tolist()
    behind = background if callable(background) else None
    colour = None if callable(background) else background
    pending: deque[Future[None]] = deque()
    rendering, stages, done = 0.0, dict[str, float](), 0
    try:
        performer.prepare(camera, colour, IN_FLIGHT)
        pictures = performer.stream((recording.frame(index) for index in order), camera, colour)
        with ThreadPoolExecutor(max_workers=1) as worker, closing(pictures):
            for done, index in enumerate(order, start=1):
                started = perf_counter()
                image = next(pictures)
                if behind is not None:
                    image = over(image, behind(index))
                if label is not None:
                    image = label(image)
                rendering += perf_counter() - started
                for stage, milliseconds in performer.renderer.timings().items():
                    stages[stage] = stages.get(stage, 0.0) + milliseconds
                if len(pending) == WAITING:
                    pending.popleft().result()
                pending.append(worker.submit(_write, sinks, image, marks))
                if progress is not None:
                    progress(done, len(order))
                if interrupted.is_set():
                    break
            while pending:
                pending.popleft().result()
        if done < len(order):
            _keep(sinks, done, len(order))
        else:
            _each([sink.close for sink in sinks])
    except KeyboardInterrupt:
        _keep(sinks, done, len(order))
        raise
    except BaseException:
        for sink in sinks:
            sink.discard()
        raise
    return PlaybackStats(done, done / rendering, {stage: total / done for stage, total in stages.items()})


def _write(sinks: Sequence[Sink], image: NDArray[np.uint8], marks: PictureMarks | None) -> None:
    if marks is not None:
        image = marks(image)
    for sink in sinks:
        sink.write(image)


def _keep(sinks: Sequence[Sink], done: int, total: int) -> None:
    """Finish the films where they are; each replaces none, and is named."""

    def keep(sink: Sink) -> None:
        kept = sink.keep()
        old = "" if kept.instead is None else f"; {kept.instead} is the older one"
        text = f"{kept.place}: the first {done} of {total} frames{old}"
        logging.getLogger("splatavatar").warning("%s", printable(text))

    _each([partial(keep, sink) for sink in sinks])


def _each(endings: Sequence[Callable[[], None]]) -> None:
    """All of ``endings``, whatever fails on the way; then raises what failed first."""
    failures = []
    for end in endings:
        try:
            end()
        except OutputError as error:
            failures.append(error)
    if failures:
        raise failures[0]
