"""One frame of a recording."""

from __future__ import annotations

from splatavatar.drive.limits import ExpressionLimit
from splatavatar.drive.retarget import retarget
from splatavatar.drive.signal import Recording
from splatavatar.errors import SettingsError
from splatavatar.rig.rig import PoseParameters, Rig


def parameters_at(
    recording: Recording | None, frame: int, rig: Rig, limit: ExpressionLimit | None = None
) -> PoseParameters:
    """The parameters of frame ``frame``, counted from 0; the rest pose without a recording.

    Raises SettingsError for a frame that the recording does not have.
    """
    if recording is None:
        return PoseParameters.neutral(rig)
    if not 0 <= frame < len(recording):
        raise SettingsError(f"no frame {frame}: the signal has {len(recording)} frames, counted from 0.")
    return retarget(recording.frame(frame), rig, limit)
