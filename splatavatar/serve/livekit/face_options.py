"""How a face in a room looks and behaves."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from splatavatar.avatar.renderers.renderer import Colour
from splatavatar.drive.audio.model import AudioToFace
from splatavatar.drive.face.behaviour import Behaviour
from splatavatar.drive.face.mood import Mood
from splatavatar.errors import SettingsError
from splatavatar.serve.speech.face import FASTEST, SpeakingFace
from splatavatar.serve.speech.resampling import HIGHEST_RATE, LOWEST_RATE
from splatavatar.serve.stage import LARGEST, SMALLEST, Stage, open_stage

RATE = 24000
"""Hz of the sound that goes out"""


@dataclass(frozen=True)
class FaceOptions:
    """What a face in a room is asked for.

    Raises SettingsError for a size that is not offered or odd, and for rates that make no sense.
    """

    width: int = 512
    """pixels of a picture, an even number"""
    height: int = 512
    fps: float = 25.0
    """pictures a second"""
    rate: int = RATE
    """Hz of the sound that goes out; what comes in may have any rate"""
    device: str = "cpu"
    """what draws: one of ``renderer.DEVICES``"""
    background: Colour = (1.0, 1.0, 1.0)
    """RGB in [0, 1] behind the avatar"""
    mood: str | None = None
    """a name, or a name and how much of it, as in happy:0.6; None is neutral"""
    behaviour: float | None = 1.0
    """how far head and eyes move by what is said and heard, from 0 to 2; None for a face that does nothing by itself;
    its mood stays"""
    seed: int = 0
    """of what the face does by chance"""
    marks: bool = True
    """whether pictures carry the watermark"""
    label: str | None = None
    """a word in a corner of every picture"""
    without_consent: bool = False
    """whether the avatar is shown even if its file has no consent to calls"""
    client_rendered: bool = False
    """whether those who can draw the avatar themselves are sent its file and faces in place of pictures"""

    def __post_init__(self) -> None:
        for side in (self.width, self.height):
            if not SMALLEST <= side <= LARGEST or side % 2:
                raise SettingsError(
                    f"a picture of {self.width}x{self.height} pixels, expected even sides of {SMALLEST} to {LARGEST}."
                )
        if not 1 <= self.fps <= FASTEST:
            raise SettingsError(f"{self.fps:g} pictures a second, expected 1 to {FASTEST:g}.")
        if not LOWEST_RATE <= self.rate <= HIGHEST_RATE:
            raise SettingsError(f"sound at {self.rate} Hz, expected {LOWEST_RATE} to {HIGHEST_RATE} Hz.")
        self._behaviour()

    def open_stage(self, avatar: str | Path) -> Stage:
        """Load an avatar for these options. Raises AvatarFileError, TrustError, SettingsError, DependencyError."""
        return open_stage(avatar, self.without_consent, self.device, self.background, self.marks, self.label)

    def face(self) -> SpeakingFace:
        """A face that says what it is given. Raises DependencyError where a package is absent."""
        return SpeakingFace(AudioToFace, self.fps, self.rate, self._behaviour())

    def _behaviour(self) -> Behaviour | None:
        if self.mood is None and self.behaviour is None:
            return None
        mood = None if self.mood is None else Mood.parse(self.mood)
        # A face that does nothing by itself is in its mood all the same.
        return Behaviour(self.seed, self.behaviour or 0.0, mood)
