"""A drive from one end to the other: sources, the face, pictures, sinks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from splatavatar.avatar.avatar import Avatar
from splatavatar.avatar.renderers.renderer import check_device
from splatavatar.drive.driver import driver
from splatavatar.drive.face.chain import ChainSettings
from splatavatar.drive.face.likeness_signal import Reading, any_face, reading_of
from splatavatar.drive.face.user_calibration import UserCalibration, store_calibration, stored_calibration
from splatavatar.drive.film import film_background, write_films
from splatavatar.drive.label import Label
from splatavatar.drive.live.controls import Controls
from splatavatar.drive.live.loop import Files, Loop, LoopSettings
from splatavatar.drive.live.stats import Stats
from splatavatar.drive.offline import FileInput
from splatavatar.drive.performer import Performer
from splatavatar.drive.playback import PlaybackStats
from splatavatar.drive.settings import SessionSettings
from splatavatar.drive.sinks.background import Background, Transparent, with_camera
from splatavatar.drive.sinks.named import open_named
from splatavatar.drive.sinks.opening import open_sink
from splatavatar.drive.sinks.signal_record import SignalRecord
from splatavatar.drive.sinks.signals.write import write_recording
from splatavatar.drive.sinks.sink import LiveSink, SignalSink, Sink, SoundingSink
from splatavatar.drive.sources.live.tracking import CameraSource
from splatavatar.drive.sources.registry import make_from
from splatavatar.drive.sources.source import PictureSource, Source
from splatavatar.errors import SettingsError
from splatavatar.interrupts import deferred_signals
from splatavatar.output import outputs_ready
from splatavatar.progress import FrameProgress
from splatavatar.trust.credentials.marker import Marker, marker_of
from splatavatar.trust.marks import PictureMarks

if TYPE_CHECKING:
    from splatavatar.drive.sinks.live_sound import LiveSoundtrack


@dataclass(frozen=True)
class Filmed:
    """What came of a file that was played frame by frame."""

    frames: int
    """of the face"""
    fps: float
    """that they were seen at, and that the films have"""
    played: PlaybackStats | None
    """None where nothing took pictures"""


@dataclass
class Session:
    """Drives ``avatar`` as ``settings`` say: live by ``run``, or a file frame by frame by ``film``.

    >>> import splatavatar as sa
    >>> settings = sa.SessionSettings(sources=["signal:hello.npz"], record="again.npz")
    >>> sa.Session(sa.load_avatar("demo"), settings).run().rendered > 0
    True

    Raises:
        SettingsError, OutputError: see ``SessionSettings.check``.
        DependencyError: a device that draws cannot work on this machine.
    """

    avatar: Avatar
    settings: SessionSettings
    controls: Controls = field(default_factory=Controls)
    """what a program changes while it runs"""
    calibrated: Callable[[str, Path], None] = lambda source, path: None
    """told the name of a source and the file where the face at rest was kept"""
    _reading: Reading = field(init=False, default=any_face)
    _label: Label | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self.settings.check()
        self._reading = reading_of(self.avatar, self.settings.face_as)
        self._label = None if self.settings.label is None else Label(self.settings.label)
        if self.settings.draws:
            check_device(self.settings.device)

    def run(self, report: Callable[[Stats], None] | None = None) -> Stats:
        """Drive until the sources end, the controls say stop, a window is closed, or Ctrl-C; returns the last figures.

        ``report`` gets the figures twice a second. Files are whole whenever it ends.

        Raises:
            SourceError: a source that is not there or cannot be opened.
            OutputError: a sink that cannot be opened, or failed.
            DependencyError: a package or a model that is needed is absent.
            TrustError: the certificate that signs what is said of the files cannot be used.
            SettingsError: a size that cannot be, or a blurred background where nothing sees pictures.
        """
        settings = self.settings
        sources = [self._source(source) for source in settings.sources]
        seen = (source.picture for source in sources if isinstance(source, PictureSource))
        backgrounds = with_camera(settings.backgrounds, next(seen, None))
        if settings.calibrate:
            self.controls.calibrate.set()
        # From the first sink on: an interrupt between two of them would leave a file that nobody closes. One that comes
        # before the loop begins ends it at once.
        with (
            outputs_ready(*settings.places),
            deferred_signals(self.controls.stop),
            ExitStack() as opened,
        ):
            loop = self._opened(sources, backgrounds, opened)
            opened.pop_all()
            try:
                return loop.run(report)
            finally:
                self.controls.stopping.clear()  # what ended this run ends no other

    def film(self, reading: FrameProgress | None = None, drawing: FrameProgress | None = None) -> Filmed:
        """Play the file of ``SessionSettings.frame_by_frame``: every frame of it, however long that takes.

        The controls are asked for the camera and whether to mirror when it begins. On Ctrl-C the films keep the
        beginning that they have, see ``play``.

        Args:
            reading: called once a frame of the file with how many are done and how many there are.
            drawing: the same for the frames of the films.

        Raises:
            SettingsError: the settings want a live session.
            SignalError, SourceError: the file cannot be played.
            OutputError: a film cannot be written.
            TrustError: the certificate that signs what is said of the films cannot be used.
            DependencyError: a package or a model that is needed is absent.
        """
        settings, controls = self.settings, self.controls
        given = settings.frame_by_frame
        if given is None:
            raise SettingsError("a film is made of one file that drives, and goes into files alone; run is live")
        width, height = settings.size
        marker = self._marker()  # before the work, what cannot be signed
        behind = None
        if settings.outputs:
            behind = film_background(settings.backgrounds[0], given, width, height, controls.mirror)
        with outputs_ready(*settings.places):
            recording = given.recording(
                settings.model,
                settings.idle_seed,
                controls.mirror,
                reading,
                self._reading,
                settings.behaviour,
                settings.mood,
            )
            if settings.record is not None:
                write_recording(settings.record, recording)
            played = None
            if settings.outputs:
                performer = Performer(self.avatar, settings.device, settings.limit)
                camera = controls.camera
                view = performer.camera(width, height) if camera is None else camera.resized(width, height)
                played = write_films(
                    performer,
                    recording,
                    settings.outputs,
                    view,
                    behind,
                    given.sound,
                    drawing,
                    settings.marks,
                    marker,
                    settings.label,
                )
        return Filmed(len(recording), recording.fps, played)

    def _marker(self) -> Marker | None:
        """What gives the files their credentials; None where they get none."""
        settings = self.settings
        if not settings.marks or not settings.outputs:
            return None
        return marker_of(self.avatar, list(map(driver, settings.sources)))

    def _source(self, given: Source | FileInput | str) -> Source:
        if isinstance(given, str):
            source = make_from(given, self.settings.model)
        else:
            source = given.live(self.settings.model) if isinstance(given, FileInput) else given
        if isinstance(source, CameraSource):
            source.reading = self._reading
        return source

    def _opened(self, sources: Sequence[Source], backgrounds: Sequence[Background], opened: ExitStack) -> Loop:
        """The loop with its sinks open; ``opened`` closes them where it does not come so far."""
        settings, (width, height) = self.settings, self.settings.size
        shows, signals = list(settings.live_sinks), list(settings.signal_sinks)
        if settings.window:
            # Before anything that decodes video: see ``Window``.
            from splatavatar.drive.sinks.window import Window

            shows.append(Window(self.controls))
        if settings.virtual_camera:
            from splatavatar.drive.sinks.virtual_camera import VirtualCamera

            shows.append(VirtualCamera(width, height))
            opened.callback(shows[-1].close)
        for name in settings.sinks:
            sink = open_named(name)
            opened.callback(sink.close)
            shows += [sink] if isinstance(sink, LiveSink) else []
            signals += [sink] if isinstance(sink, SignalSink) else []
        transparent, marker = isinstance(backgrounds[0], Transparent), self._marker()
        sounds: list[LiveSoundtrack] = []
        film_sounds: list[LiveSoundtrack] = []
        videos: dict[str, Sink] = {}
        # What takes both is one of each.
        for show in dict.fromkeys([*shows, *signals]):
            if isinstance(show, SoundingSink) and (heard := _sound(sources)) is not None:
                sounds.append(heard)
                opened.callback(heard.close)
                show.hear(heard)
        for path in map(Path, settings.outputs):
            sound = _sound(sources) if path.suffix.lower() != ".png" else None
            film_sounds += [sound] if sound is not None else []
            videos[str(path)] = open_sink(path, settings.fps, width, height, transparent, sound, marker)
            _keep_what_there_is(videos[str(path)])
            opened.callback(videos[str(path)].discard)
        if settings.record is not None:
            signals.append(SignalRecord(Path(settings.record), settings.fps))
        known = {source.name: stored_calibration(_user(), source.name) for source in sources}
        chain = ChainSettings(
            idle_seed=settings.idle_seed,
            behaviour=settings.behaviour,
            mood=settings.mood,
            calibrations={name: kept for name, kept in known.items() if kept is not None},
            calibrated=self._keep,
        )
        marks = PictureMarks(self.avatar) if settings.marks else None
        at = LoopSettings(settings.size, backgrounds, settings.cap, settings.fps, chain, label=self._label, marks=marks)
        performer = Performer(self.avatar, settings.device, settings.limit)
        files = Files(videos, signals, [*sounds, *film_sounds], film_sounds)
        return Loop(performer, sources, shows, at, files, self.controls)

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


def _keep_what_there_is(video: Sink) -> None:
    """Nobody does again what is driven live."""
    from splatavatar.drive.sinks.encoded import EncodedVideo

    if isinstance(video, EncodedVideo):
        video.repeatable = False


def _user() -> str:
    from getpass import getuser

    try:
        return getuser()
    except (OSError, KeyError):  # a container without user names
        return "user"
