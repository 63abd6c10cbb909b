"""What a bake reports while it runs: one frozen class a kind of event, and their union.

Whoever calls a bake gives it a ``Listener``. The progress display and the report of a bake are listeners themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from splatavatar.avatar.avatar import Avatar
    from splatavatar.bake.settings import BakeSettings
    from splatavatar.bake.unfinished import Unfinished
    from splatavatar.capture.capture import Capture, RigParameters


@dataclass(frozen=True)
class DeviceChosen:
    """The bake knows where it computes."""

    name: str
    """``cpu`` or ``cuda``"""
    remark: str
    """why it is not the one that was expected; empty where it is"""


@dataclass(frozen=True)
class CaptureRecognised:
    """A capture of known cameras was read."""

    remark: str
    """as which layout, and why"""


@dataclass(frozen=True)
class CamerasChecked:
    """The face was found in the pictures of known cameras, and held against them."""

    remark: str
    """how far off it is, and what may be wrong with the cameras"""


@dataclass(frozen=True)
class ParametersLeftOut:
    """A capture brings rig parameters of another program, for another rig than that of the bake."""

    tracker: str
    """the program"""
    rig: str
    """that they are for"""
    baked: str
    """the rig of the bake, on which the head is tracked anew"""


@dataclass(frozen=True)
class Preparing:
    """A stage before the optimiser has come further."""

    stage: str
    fraction: float
    """in [0, 1]"""


@dataclass(frozen=True)
class RigPrepared:
    """The body model was read for the first time on this machine."""

    seconds: float
    """that it took, which are not taken out of the budget"""


@dataclass(frozen=True)
class Measured:
    """One point of the curve of a bake."""

    seconds: float
    """of wall time since the bake began, those before an interruption included"""
    progress: float
    """in [0, 1]"""
    loss: float
    """moving average of the photometric loss of training pictures"""
    psnr: float | None = None
    """dB of pictures held out, or of training pictures where there are none; None where it was not measured"""


@dataclass(frozen=True)
class Resumed:
    """The bake goes on from a checkpoint."""

    iteration: int
    """steps taken before"""
    curve: tuple[Measured, ...]
    """what was measured before"""


@dataclass(frozen=True)
class Training:
    """The optimiser has come further; reported every few steps."""

    iteration: int
    progress: float
    """in [0, 1]: of the budget, or of the steps asked for"""
    per_second: float
    """steps"""
    loss: float
    psnr: float
    """the newest of ``Measured``; NaN before the first"""
    gaussians: int


@dataclass(frozen=True)
class CheckpointFailed:
    """A checkpoint could not be written; the bake goes on without."""

    reason: str


@dataclass(frozen=True)
class Interrupted:
    """The bake was told to end; it can be resumed."""

    iteration: int | None
    """steps taken; None where all were, and the avatar was being written"""


@dataclass(frozen=True)
class SpokenChecked:
    """The footage was searched for the sentence that was handed out to be read aloud."""

    sentence: str
    """what came of it"""


@dataclass(frozen=True)
class FootageForgotten:
    """What was kept of the footage is removed."""

    places: int
    """files and folders that were removed"""
    bytes: int
    kept: tuple[str, ...]
    """what of it stays, and why, a sentence each"""


@dataclass(frozen=True)
class FootageKept:
    """The footage was to be forgotten, but the bake was told to end, and can be resumed."""


@dataclass(frozen=True)
class AvatarWritten:
    """The avatar is in its file."""

    path: Path
    avatar: Avatar
    capture: Capture
    parameters: RigParameters
    """of the rig in every timestep, as the bake has refined them"""
    settings: BakeSettings
    steps: int
    psnr: float
    """dB of pictures held out, or of training pictures where there are none; NaN where it was not measured"""
    held_out: bool
    """whether it is of pictures held out"""
    seconds: float
    """of wall time"""
    unfinished: Unfinished | None
    """why it is no avatar yet"""

    @property
    def score(self) -> str:
        """``psnr``, and of which pictures."""
        return f"{self.psnr:.1f} dB {'held out' if self.held_out else 'of pictures trained on'}"


@dataclass(frozen=True)
class ReportWritten:
    """The report of the bake is in its file."""

    path: Path


@dataclass(frozen=True)
class Baked:
    """A bake is done: the last event, and what ``bake`` returns."""

    path: Path
    """of the avatar file"""
    report: Path
    """of the page that tells how it went"""
    avatar: Avatar
    unfinished: Unfinished | None
    """why it is no avatar yet; None where it is one"""
    resumable: bool = True
    """whether the bake can go on; not where the footage is forgotten"""


Event = (
    DeviceChosen
    | CaptureRecognised
    | CamerasChecked
    | ParametersLeftOut
    | Preparing
    | RigPrepared
    | Resumed
    | Training
    | Measured
    | CheckpointFailed
    | Interrupted
    | SpokenChecked
    | FootageForgotten
    | FootageKept
    | AvatarWritten
    | ReportWritten
    | Baked
)
Listener = Callable[[Event], None]


def nobody(event: Event) -> None:
    """The ``Listener`` of a bake that nobody listens to."""
