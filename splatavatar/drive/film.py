"""A film of an avatar in one call."""

from __future__ import annotations

from pathlib import Path

from splatavatar.avatar.avatar import Avatar
from splatavatar.avatar.renderer import Colour
from splatavatar.drive.limits import DEFAULT_LIMIT
from splatavatar.drive.performer import Performer
from splatavatar.drive.playback import PlaybackStats, play
from splatavatar.drive.signal import Recording
from splatavatar.drive.sinks.opening import open_sink
from splatavatar.output import outputs_ready
from splatavatar.progress import FrameProgress
from splatavatar.render.camera import Camera

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

    Raises:
        OutputError: the film cannot be written.
        SignalError: ``audio`` has no sound.
        DependencyError: a package that films need is absent.
    """
    performer = Performer(avatar, device, limit)
    view = camera or performer.camera(*size)
    sound = None
    if audio is not None:
        from splatavatar.drive.sinks.soundtrack import FileSound

        sound = FileSound(Path(audio))
    with outputs_ready(Path(path)):
        sink = open_sink(path, recording.fps, view.width, view.height, background is None, sound)
        return play(performer, recording, view, [sink], background, progress)
