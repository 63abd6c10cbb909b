"""What drives, and where the pictures and the face go."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from splatavatar.avatar.limits import DEFAULT_LIMIT
from splatavatar.drive.face.behaviour import check_amount
from splatavatar.drive.face.mood import Mood
from splatavatar.drive.live.loop import DEFAULT_CAP, DEFAULT_FILE_FPS
from splatavatar.drive.offline import FileInput
from splatavatar.drive.sinks.background import Background, BlurredCamera, ColourBackground
from splatavatar.drive.sinks.opening import check_kind
from splatavatar.drive.sinks.signals.write import kind_of
from splatavatar.drive.sinks.sink import LiveSink, SignalSink
from splatavatar.drive.sources.registry import file_of
from splatavatar.drive.sources.source import Source
from splatavatar.errors import SettingsError


@dataclass(frozen=True)
class SessionSettings:
    """What a ``Session`` makes its sources, its face and its sinks of."""

    sources: Sequence[Source | FileInput | str]
    """sources, files that drive, or names of sources as ``--source`` takes them: "webcam:0", "livelink" """
    outputs: Sequence[Path | str] = ()
    """files: out.mp4, out.webm, frames/%05d.png"""
    window: bool = False
    """whether a window shows the pictures; ``Session.run`` must then be called by the main thread"""
    virtual_camera: bool = False
    sinks: Sequence[str] = ()
    """names of what other packages add, as ``--sink`` takes them: it gets pictures, or the face"""
    live_sinks: Sequence[LiveSink] = ()
    """others that take pictures, and sound if they are ``SoundingSink``"""
    record: Path | str | None = None
    """a file that the face is recorded into: .npz, .csv or .json"""
    signal_sinks: Sequence[SignalSink] = ()
    """others that take the face"""
    realtime: bool = False
    """whether a file plays at its own pace where it could be played frame by frame"""
    model: Path | None = None
    """MediaPipe's face_landmarker.task, for sources by name and files; None: where ``models pull`` puts it"""
    size: tuple[int, int] = (512, 512)
    """width and height of the pictures"""
    backgrounds: Sequence[Background | BlurredCamera] = (ColourBackground((1.0, 1.0, 1.0)),)
    """the first is shown; the controls of a live session step through the others"""
    fps: float = DEFAULT_FILE_FPS
    """of files and of the recorded face, where they are driven live"""
    cap: float | None = DEFAULT_CAP
    """most pictures a second; None: as fast as it goes"""
    limit: float | None = DEFAULT_LIMIT
    """of ``ExpressionLimit``"""
    calibrate: bool = False
    """whether the face at rest is learnt in the first two seconds, and kept for the user"""
    idle_seed: int | None = 0
    """of what lids, eyes and head do by themselves; None: nothing"""
    behaviour: float = 1.0
    """how far head and eyes move by what a voice says, from 0 to 2"""
    mood: Mood | None = None
    """of a face that a voice drives"""
    face_as: str = "auto"
    """whose face a camera or a video shows, one of ``likeness_signal.WHO``: an avatar of a video knows its own"""
    device: str = "cpu"
    """where the avatar is drawn, one of ``renderer.DEVICES``"""
    label: str | None = None
    """a word in the corner of each picture, see ``Label``; None for none"""
    marks: bool = True
    """whether pictures and films say that they show an avatar"""

    @property
    def places(self) -> list[Path]:
        """Every file that is written."""
        return [*map(Path, self.outputs), *([] if self.record is None else [Path(self.record)])]

    @property
    def draws(self) -> bool:
        """Whether something that is known before it is opened takes pictures."""
        return bool(self.outputs or self.window or self.virtual_camera or self.live_sinks)

    @property
    def frame_by_frame(self) -> FileInput | None:
        """The file that drives, where all of it is played frame by frame, however long that takes.

        That is one file alone which comes out in files alone; anything live at either end makes a live session.
        """
        shown = self.window or self.virtual_camera or self.sinks or self.live_sinks or self.signal_sinks
        if self.realtime or shown or not self.places or len(self.sources) != 1:
            return None
        only = self.sources[0]
        return only if isinstance(only, FileInput) else None

    def check(self) -> None:
        """What can be said before anything is opened.

        Raises:
            SettingsError: two results would be one file, or one would replace what drives; or an amount of behaviour
                that is not from 0 to 2.
            OutputError: a file of a kind that is not known.
        """
        check_amount(self.behaviour)
        for path in map(Path, self.outputs):
            check_kind(path)
        if self.record is not None:
            kind_of(Path(self.record))
        # Not Path.resolve, which raises RuntimeError for a link that leads back to itself.
        read = {os.path.realpath(path) for path in map(_file, self.sources) if path is not None}
        written: set[str] = set()
        for path in self.places:
            place = os.path.realpath(path)
            if place in read:
                raise SettingsError(f"{path}: the file that drives would be overwritten; give the output another name.")
            if place in written:
                raise SettingsError(f"{path}: two outputs of one name; give each its own.")
            written.add(place)


def _file(source: Source | FileInput | str) -> str | Path | None:
    """The file that ``source`` reads; None where it reads none, or does not say which."""
    path = file_of(source) if isinstance(source, str) else getattr(source, "path", None)
    return path if isinstance(path, str | Path) else None
