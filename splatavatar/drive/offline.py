"""File sources as recordings: every frame counts, however long it takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from splatavatar.array_types import Floats
from splatavatar.drive.face.acting.ear import RATE
from splatavatar.drive.face.acting.own_voice import LEAD
from splatavatar.drive.face.behaviour import Behaviour
from splatavatar.drive.face.likeness_signal import Reading, any_face
from splatavatar.drive.face.mirror import mirror
from splatavatar.drive.face.mood import Mood
from splatavatar.drive.signal import FaceSignal, Recording
from splatavatar.drive.sinks.soundtrack import Soundtrack
from splatavatar.drive.sources.recorded.read import read_signal
from splatavatar.drive.sources.registry import make
from splatavatar.drive.sources.source import Source
from splatavatar.errors import SignalError
from splatavatar.media import warn_once
from splatavatar.progress import FrameProgress

SAID = 1.0
"""seconds of sound that are said ahead of a frame"""


@dataclass(frozen=True)
class FileInput:
    """One file that drives: a recorded ``signal``, a ``video`` of a face, or ``audio`` of a voice."""

    kind: str
    path: Path

    def recording(
        self,
        model: Path | None = None,
        idle_seed: int | None = 0,
        mirrored: bool = False,
        progress: FrameProgress | None = None,
        reading: Reading = any_face,
        behaviour: float = 1.0,
        mood: Mood | None = None,
    ) -> Recording:
        """All of it.

        Args:
            model: MediaPipe's face_landmarker.task, for a video; None looks for it where ``models pull`` puts it.
            idle_seed: of what lids, eyes and head do by themselves, for a voice, which moves none; None: nothing.
            mirrored: whether left and right change sides.
            progress: called once a frame with how many are done and how many there are.
            reading: how the face in a video is read.
            behaviour: how far head and eyes move by what a voice says, as the amount of ``Behaviour``.
            mood: of the face of a voice.

        Raises:
            SignalError, SourceError: the file cannot be read, or nothing in it drives.
            DependencyError: a package or a model that is needed is absent.
        """
        recording = self._recording(model, idle_seed, progress, reading, behaviour, mood)
        return _with(recording, lambda signal, time: mirror(signal)) if mirrored else recording

    def live(self, model: Path | None = None) -> Source:
        """What plays it as if it came in live, not started; ``model`` as that of ``recording``. Raises SourceError."""
        return make(self.kind, str(self.path), model)

    def sound(self) -> Soundtrack | None:
        """What is heard with it; None where there is nothing to hear. Raises SignalError for a voice without sound."""
        if self.kind == "signal":
            return None
        from splatavatar.drive.sinks.soundtrack import FileSound

        if self.kind == "audio":
            return FileSound(self.path)
        if not has_sound(self.path):
            return None
        from splatavatar.capture.video.video import Video

        return FileSound(self.path, Video(self.path).start)

    def _recording(
        self,
        model: Path | None,
        idle_seed: int | None,
        progress: FrameProgress | None,
        reading: Reading,
        behaviour: float,
        mood: Mood | None,
    ) -> Recording:
        if self.kind == "signal":
            return read_signal(self.path)
        if self.kind == "video":
            from splatavatar.drive.sources.live.video_source import video_recording

            return video_recording(self.path, model, progress, reading)
        from splatavatar.drive.sources.live.voice import audio_recording

        if idle_seed is None:
            recording = audio_recording(self.path, None, progress)
            return recording if mood is None else _with(recording, lambda signal, time: mood.add(signal))
        taken: list[Floats] = []
        recording = audio_recording(self.path, None, progress, taken.append)
        return _with(recording, _behaving(Behaviour(idle_seed, behaviour, mood), taken[0]))


def has_sound(path: Path) -> bool:
    """Whether a film has sound that can be decoded; a warning says so once where it has only other."""
    from splatavatar.sounds import Sound, sound_tracks

    try:
        if not sound_tracks(path):
            return False
        Sound(path, 1, 48000).close()
    except SignalError as error:
        warn_once(f"{error} It goes on without sound.")
        return False
    return True


def _behaving(life: Behaviour, sound: Floats) -> Callable[[FaceSignal, float], FaceSignal]:
    """What adds to the face of each time what ``life`` does by the ``sound`` (N), which begins at 0."""
    said = round(LEAD * RATE)

    def add(signal: FaceSignal, time: float) -> FaceSignal:
        nonlocal said
        due = round((time + LEAD + SAID) * RATE)
        life.say(sound[said:due])
        said = max(said, due)
        return life.add(signal, time)

    return add


def _with(recording: Recording, change: Callable[[FaceSignal, float], FaceSignal]) -> Recording:
    frames = [change(recording.frame(i), float(time)) for i, time in enumerate(recording.time)]
    return replace(
        recording,
        arkit=np.stack([f.arkit for f in frames]),
        head_rotation=np.stack([f.head_rotation for f in frames]).astype(np.float32),
        head_translation=np.stack([f.head_translation for f in frames]).astype(np.float32),
        gaze=np.stack([f.gaze for f in frames]).astype(np.float32),
    )
