"""Films of an avatar, frame by frame."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from splatavatar.avatar.avatar import Avatar
from splatavatar.avatar.limits import DEFAULT_LIMIT
from splatavatar.avatar.renderers.renderer import Colour, Picture
from splatavatar.drive.label import Label
from splatavatar.drive.offline import FileInput
from splatavatar.drive.performer import Performer
from splatavatar.drive.playback import FilmBackground, PlaybackStats, play
from splatavatar.drive.signal import Recording
from splatavatar.drive.sinks.background import (
    Background,
    BlurredBackground,
    BlurredCamera,
    ColourBackground,
    Transparent,
    nothing_sees,
)
from splatavatar.drive.sinks.opening import open_sink, open_sinks
from splatavatar.drive.sinks.sink import Sink
from splatavatar.drive.sinks.soundtrack import Soundtrack
from splatavatar.interrupts import deferred_signals
from splatavatar.output import outputs_ready
from splatavatar.progress import FrameProgress
from splatavatar.render.camera import Camera
from splatavatar.trust.credentials.marker import Marker, marker_of
from splatavatar.trust.marks import PictureMarks

WHITE: Colour = (1.0, 1.0, 1.0)


def save_video(
    path: str | Path,
    avatar: Avatar,
    recording: Recording,
    audio: str | Path | None = None,
    size: tuple[int, int] = (512, 512),
    background: Colour | None = WHITE,
    camera: Camera | None = None,
    limit: float | None = DEFAULT_LIMIT,
    device: str = "cpu",
    progress: FrameProgress | None = None,
    marks: bool = True,
    label: str | None = None,
) -> PlaybackStats:
    """Write ``avatar`` doing what ``recording`` says as a film, frame by frame.

    >>> import splatavatar as sa
    >>> sa.save_video("frames/%05d.png", sa.load_avatar("demo"), sa.read_signal("hello.npz")).frames
    180

    Args:
        path: out.mp4, out.webm or frames/%05d.png.
        avatar: who is seen.
        recording: the face, as ``read_signal`` reads it.
        audio: a file whose sound is heard with it.
        size: width and height in pixels, where no ``camera`` has its own.
        background: RGB in [0, 1] behind the avatar; None for transparent pictures, which an mp4 cannot hold.
        camera: where to look from; the head from the front where none is given.
        limit: that of ``ExpressionLimit``.
        device: where it is drawn, one of ``renderer.DEVICES``.
        progress: called once a frame with how many are done and how many there are.
        marks: whether the film says that it shows an avatar, by content credentials and by a watermark.
        label: a word in the corner of each frame, such as "Avatar"; None for none.

    Raises:
        OutputError: the film cannot be written.
        SignalError: ``audio`` has no sound.
        TrustError: the certificate that signs what is said of the film cannot be used.
        DependencyError: a package that films need is absent.
    """
    performer = Performer(avatar, device, limit)
    view = camera or performer.camera(*size)
    sound = None if audio is None else FileInput("audio", Path(audio)).sound
    marker = marker_of(avatar, ["recording"]) if marks else None
    with outputs_ready(Path(path)):
        return write_films(performer, recording, [path], view, background, sound, progress, marks, marker, label)


def write_films(
    performer: Performer,
    recording: Recording,
    paths: Sequence[str | Path],
    camera: Camera,
    background: FilmBackground | None = WHITE,
    sound: Callable[[], Soundtrack | None] | None = None,
    progress: FrameProgress | None = None,
    marks: bool = True,
    marker: Marker | None = None,
    label: str | None = None,
) -> PlaybackStats:
    """Write what ``performer`` does by ``recording`` into every film of ``paths``: all are opened, or none is left.

    Args:
        performer: who is seen.
        recording: the face.
        paths: out.mp4, out.webm, frames/%05d.png; see ``open_sink``.
        camera: where to look from; its size is the size of the films.
        background: RGB in [0, 1] or the picture behind each frame; None for transparent pictures.
        sound: opens what is heard, anew for each film that has sound.
        progress: called once a frame with how many are done and how many there are.
        marks: whether the pictures have a watermark.
        marker: gives the films content credentials.
        label: a word in the corner of each frame, see ``Label``; None for none.

    Raises:
        OutputError: a film cannot be written; of the others nothing is left either.
        SignalError: the sound cannot be opened.
        KeyboardInterrupt, SystemExit: a signal asked to end; the films keep their beginnings, see ``play``.
    """
    shown = None if label is None else Label(label)
    watermark = PictureMarks(performer.avatar) if marks else None

    def opened(path: Path) -> Sink:
        heard = None if sound is None or path.suffix.lower() == ".png" else sound()
        try:
            return open_sink(path, recording.fps, camera.width, camera.height, background is None, heard, marker)
        except BaseException:
            if heard is not None:
                heard.close()
            raise

    interrupted = threading.Event()
    # From the first sink on: an interrupt between two of them would leave a file that nobody closes.
    with deferred_signals(interrupted.set) as asked:
        sinks = open_sinks([partial(opened, Path(path)) for path in paths])
        try:
            return play(
                performer,
                recording,
                camera,
                sinks,
                background,
                progress,
                interrupted=interrupted,
                label=shown,
                marks=watermark,
            )
        except KeyboardInterrupt:
            raise asked.ending() from None


def film_background(
    background: Background | BlurredCamera, given: FileInput, width: int, height: int, mirrored: bool
) -> FilmBackground | None:
    """What ``play`` puts behind the frames of the file ``given``, in pictures of that size.

    Raises SettingsError for the blurred pictures of a file that has none, SourceError for a video that cannot be read.
    """
    if isinstance(background, ColourBackground):
        return background.colour
    if isinstance(background, Transparent):
        return None
    if isinstance(background, BlurredCamera):
        return _blurred(given, width, height, mirrored)
    if isinstance(background, BlurredBackground):
        return lambda frame: background(width, height, mirrored)
    return lambda frame: background(width, height)


def _blurred(given: FileInput, width: int, height: int, mirrored: bool) -> FilmBackground:
    if given.kind != "video":
        raise nothing_sees()
    from splatavatar.drive.sources.live.video_source import VideoPictures

    pictures = VideoPictures(given.path)
    blurred = BlurredBackground(pictures.picture)

    def behind(frame: int) -> Picture:
        pictures.go_to(frame)
        return blurred(width, height, mirrored)

    return behind
