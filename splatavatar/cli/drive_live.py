"""What ``splatavatar drive`` does while something live is at either end."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from splatavatar.cli.terminal import tell

if TYPE_CHECKING:
    from splatavatar.avatar.avatar import Avatar
    from splatavatar.drive.calibrate import UserCalibration
    from splatavatar.drive.controls import Controls
    from splatavatar.drive.loop import Loop
    from splatavatar.drive.sinks.background import Background
    from splatavatar.drive.sinks.live_sound import LiveSoundtrack
    from splatavatar.drive.sinks.sink import LiveSink, Sink
    from splatavatar.drive.sources.source import Source
    from splatavatar.drive.stats import Stats
    from splatavatar.render.camera import Camera


@dataclass(frozen=True)
class LiveOptions:
    """What the command line says, beyond sources and avatar."""

    outputs: Sequence[Path] = ()
    window: bool = False
    virtual_camera: bool = False
    record: Path | None = None
    backgrounds: Sequence[Background] = field(default_factory=list)
    fps: float = 30.0
    limit: float | None = None
    mirror: bool = False
    calibrate: bool = False
    idle_seed: int | None = 0
    stats: bool = False
    device: str = "cpu"


def drive_live(avatar: Avatar, camera: Camera, inputs: Sequence[Source], options: LiveOptions) -> None:
    """Runs until the sources end, the window is closed, or Ctrl-C.

    Raises SourceError, OutputError or DependencyError.
    """
    from splatavatar.drive.controls import Controls
    from splatavatar.interrupts import deferred_signals

    controls = Controls(mirror=options.mirror)
    if options.calibrate:
        controls.calibrate.set()
    # From the first sink on: an interrupt between two of them would leave a file that nobody closes. One that comes
    # before the loop begins ends it at once.
    with deferred_signals(controls.stop), ExitStack() as opened:
        loop = _opened(avatar, camera, inputs, options, controls, opened)
        opened.pop_all()
        last = loop.run(_report if options.stats else None)
    tell(f"{last.rendered} pictures of {camera.width}x{camera.height}: {last.line()}")


def _opened(
    avatar: Avatar,
    camera: Camera,
    inputs: Sequence[Source],
    options: LiveOptions,
    controls: Controls,
    opened: ExitStack,
) -> Loop:
    """The loop with its sinks open; ``opened`` closes them where it does not come so far."""
    shows: list[LiveSink] = []
    if options.window:
        # Before anything that decodes video: see ``Window``.
        from splatavatar.drive.sinks.window import Window

        shows.append(Window(controls))
    from splatavatar.avatar.open_renderer import open_renderer
    from splatavatar.drive.calibrate import stored_calibration
    from splatavatar.drive.chain import ChainSettings
    from splatavatar.drive.loop import Files, Loop, LoopSettings
    from splatavatar.drive.sinks.background import Transparent
    from splatavatar.drive.sinks.signal_record import SignalRecord
    from splatavatar.drive.sinks.sink import open_sink

    if options.virtual_camera:
        from splatavatar.drive.sinks.virtual_camera import VirtualCamera

        shows.append(VirtualCamera(camera.width, camera.height))
        opened.callback(shows[-1].close)
    transparent = isinstance(options.backgrounds[0], Transparent)
    sounds: list[LiveSoundtrack] = []
    videos: dict[str, Sink] = {}
    for path in options.outputs:
        sound = _sound(inputs) if path.suffix.lower() != ".png" else None
        sounds += [sound] if sound is not None else []
        videos[str(path)] = open_sink(path, options.fps, camera.width, camera.height, transparent, sound)
        opened.callback(videos[str(path)].discard)
    record = None if options.record is None else SignalRecord(options.record, options.fps)
    known = {source.name: stored_calibration(_user(), source.name) for source in inputs}
    chain = ChainSettings(
        idle_seed=options.idle_seed,
        calibrations={name: kept for name, kept in known.items() if kept is not None},
        calibrated=_keep,
    )
    settings = LoopSettings(camera, options.backgrounds, file_fps=options.fps, limit=options.limit, chain=chain)
    drawn = open_renderer(avatar, options.device)
    return Loop(avatar, inputs, shows, settings, Files(videos, record, sounds), controls, path=drawn)


def _sound(sources: Sequence[Source]) -> LiveSoundtrack | None:
    """That of the first source which has any."""
    from splatavatar.drive.offline import has_sound
    from splatavatar.drive.sinks.live_sound import HeardSound, PlayedSound
    from splatavatar.drive.sources.audio_file import AudioFile
    from splatavatar.drive.sources.microphone import Microphone
    from splatavatar.drive.sources.video_source import VideoCamera

    for source in sources:
        if isinstance(source, AudioFile) or (isinstance(source, VideoCamera) and has_sound(source.path)):
            return PlayedSound(source.path, partial(getattr, source, "origin"))
        if isinstance(source, Microphone):
            heard = HeardSound()
            source.listeners.append(heard.hear)
            return heard
    return None


def _keep(name: str, calibration: UserCalibration) -> None:
    from splatavatar.drive.calibrate import store_calibration

    tell(f"calibrated: {store_calibration(calibration, _user(), name)}", err=True)


def _user() -> str:
    from getpass import getuser

    try:
        return getuser()
    except (OSError, KeyError):  # a container without user names
        return "user"


def _report(stats: Stats) -> None:
    tell(stats.line(), err=True)
