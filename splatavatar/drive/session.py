"""A live drive from one end to the other: sources, the face, pictures, sinks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from splatavatar.avatar.avatar import Avatar
from splatavatar.drive.face.chain import ChainSettings
from splatavatar.drive.face.user_calibration import UserCalibration, store_calibration, stored_calibration
from splatavatar.drive.limits import DEFAULT_LIMIT
from splatavatar.drive.live.controls import Controls
from splatavatar.drive.live.loop import DEFAULT_CAP, DEFAULT_FILE_FPS, Files, Loop, LoopSettings
from splatavatar.drive.live.stats import Stats
from splatavatar.drive.performer import Performer
from splatavatar.drive.sinks.background import Background, ColourBackground, Transparent
from splatavatar.drive.sinks.opening import open_sink
from splatavatar.drive.sinks.signal_record import SignalRecord
from splatavatar.drive.sinks.sink import LiveSink, SignalSink, Sink, SoundingSink
from splatavatar.drive.sources.registry import make_from
from splatavatar.drive.sources.source import Source
from splatavatar.interrupts import deferred_signals
from splatavatar.output import outputs_ready

if TYPE_CHECKING:
    from splatavatar.drive.sinks.live_sound import LiveSoundtrack


@dataclass(frozen=True)
class SessionSettings:
    """What drives, and where the pictures and the face go."""

    sources: Sequence[Source | str]
    """sources, or their names as ``--source`` takes them: "webcam:0", "livelink", "audio:hello.wav" """
    outputs: Sequence[Path] = ()
    """files: out.mp4, out.webm, frames/%05d.png"""
    window: bool = False
    """whether a window shows the pictures; ``run`` must then be called by the main thread"""
    virtual_camera: bool = False
    live_sinks: Sequence[LiveSink] = ()
    """others that take pictures, and sound if they are ``SoundingSink``"""
    record: Path | None = None
    """an .npz file that the face is recorded into"""
    signal_sinks: Sequence[SignalSink] = ()
    """others that take the face"""
    size: tuple[int, int] = (512, 512)
    """width and height of the pictures"""
    backgrounds: Sequence[Background] = (ColourBackground((1.0, 1.0, 1.0)),)
    """the first is shown; the controls step through the others"""
    fps: float = DEFAULT_FILE_FPS
    """of files and of the recorded face"""
    cap: float | None = DEFAULT_CAP
    """most pictures a second; None: as fast as it goes"""
    limit: float | None = DEFAULT_LIMIT
    """of ``ExpressionLimit``"""
    calibrate: bool = False
    """whether the face at rest is learnt in the first two seconds, and kept for the user"""
    idle_seed: int | None = 0
    """of what lids and head do by themselves; None: nothing"""
    device: str = "cpu"
    """where the avatar is drawn, one of ``renderer.DEVICES``"""


@dataclass
class Session:
    """Drives ``avatar`` as ``settings`` say.

    >>> import splatavatar as sa
    >>> settings = sa.SessionSettings(sources=["signal:hello.npz"], record="again.npz")
    >>> sa.Session(sa.load_avatar("demo"), settings).run().rendered > 0
    True
    """

    avatar: Avatar
    settings: SessionSettings
    controls: Controls = field(default_factory=Controls)
    """what a program changes while it runs"""
    calibrated: Callable[[str, Path], None] = lambda source, path: None
    """told the name of a source and the file where the face at rest was kept"""

    def run(self, report: Callable[[Stats], None] | None = None) -> Stats:
        """Drive until the sources end, the controls say stop, a window is closed, or Ctrl-C; returns the last figures.

        ``report`` gets the figures twice a second. Files are whole whenever it ends.

        Raises:
            SourceError: a source that is not there or cannot be opened.
            OutputError: a sink that cannot be opened, or failed.
            DependencyError: a package or a model that is needed is absent.
            SettingsError: a device or a size that cannot be.
        """
        settings = self.settings
        sources = [make_from(source) if isinstance(source, str) else source for source in settings.sources]
        if settings.calibrate:
            self.controls.calibrate.set()
        places = [*settings.outputs, *([] if settings.record is None else [settings.record])]
        # From the first sink on: an interrupt between two of them would leave a file that nobody closes. One that comes
        # before the loop begins ends it at once.
        with (
            outputs_ready(*map(Path, places)),
            deferred_signals(self.controls.stop),
            ExitStack() as opened,
        ):
            loop = self._opened(sources, opened)
            opened.pop_all()
            return loop.run(report)

    def _opened(self, sources: Sequence[Source], opened: ExitStack) -> Loop:
        """The loop with its sinks open; ``opened`` closes them where it does not come so far."""
        settings, (width, height) = self.settings, self.settings.size
        shows = list(settings.live_sinks)
        if settings.window:
            # Before anything that decodes video: see ``Window``.
            from splatavatar.drive.sinks.window import Window

            shows.append(Window(self.controls))
        if settings.virtual_camera:
            from splatavatar.drive.sinks.virtual_camera import VirtualCamera

            shows.append(VirtualCamera(width, height))
            opened.callback(shows[-1].close)
        transparent = isinstance(settings.backgrounds[0], Transparent)
        sounds: list[LiveSoundtrack] = []
        videos: dict[str, Sink] = {}
        for show in shows:
            if isinstance(show, SoundingSink) and (heard := _sound(sources)) is not None:
                sounds.append(heard)
                opened.callback(heard.close)
                show.hear(heard)
        for path in map(Path, settings.outputs):
            sound = _sound(sources) if path.suffix.lower() != ".png" else None
            sounds += [sound] if sound is not None else []
            videos[str(path)] = open_sink(path, settings.fps, width, height, transparent, sound)
            opened.callback(videos[str(path)].discard)
        signals = list(settings.signal_sinks)
        if settings.record is not None:
            signals.append(SignalRecord(Path(settings.record), settings.fps))
        known = {source.name: stored_calibration(_user(), source.name) for source in sources}
        chain = ChainSettings(
            idle_seed=settings.idle_seed,
            calibrations={name: kept for name, kept in known.items() if kept is not None},
            calibrated=self._keep,
        )
        at = LoopSettings(settings.size, settings.backgrounds, settings.cap, settings.fps, chain)
        performer = Performer(self.avatar, settings.device, settings.limit)
        return Loop(performer, sources, shows, at, Files(videos, signals, sounds), self.controls)

    def _keep(self, source: str, calibration: UserCalibration) -> None:
        self.calibrated(source, store_calibration(calibration, _user(), source))


def _sound(sources: Sequence[Source]) -> LiveSoundtrack | None:
    """That of the first source which has any."""
    from splatavatar.drive.offline import has_sound
    from splatavatar.drive.sinks.live_sound import HeardSound, PlayedSound
    from splatavatar.drive.sources.live.audio_file import AudioFile
    from splatavatar.drive.sources.live.microphone import Microphone
    from splatavatar.drive.sources.live.video_source import VideoCamera

    for source in sources:
        if isinstance(source, AudioFile) or (isinstance(source, VideoCamera) and has_sound(source.path)):
            return PlayedSound(source.path, partial(getattr, source, "origin"))
        if isinstance(source, Microphone):
            heard = HeardSound()
            source.listeners.append(heard.hear)
            return heard
    return None


def _user() -> str:
    from getpass import getuser

    try:
        return getuser()
    except (OSError, KeyError):  # a container without user names
        return "user"
