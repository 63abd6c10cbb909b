"""The face of a body that moves.

A face avatar shows the head, the gaze, the jaw and the expression; arms, legs and the trunk are left out, as one line
of the log says. The head turns as it does against the upper body: the neck (joint 12) times the head (joint 15). So a
person who walks in circles, or whose world has Z up, looks at the viewer where they look ahead.

The head stays where it is: the translation of these models is the way that the pelvis takes through the world. What is
left of it after a slow mean is how the hips sway, not the head against the shoulders that the avatar has.
"""

from __future__ import annotations

import logging

import numpy as np
from numpy.typing import NDArray

from splatavatar.drive.signal import Recording
from splatavatar.drive.sources.recorded.checked import assembled, check_rate
from splatavatar.drive.sources.recorded.clock import DEFAULT_FPS
from splatavatar.drive.sources.recorded.model_face import face_of, face_of_jaw, gaze_of
from splatavatar.drive.sources.recorded.smpl.parameters import BodyMotion
from splatavatar.rotations import axis_angles_of_quaternions, quaternion_product, quaternions

LOG = logging.getLogger("splatavatar")


def body_recording(motion: BodyMotion, source: str, ticks: NDArray[np.int64] | None = None) -> Recording:
    """The face that ``motion`` shows, as far as it can be carried over.

    Jaw and expression become coefficients by the user's own file of SMPL-X (``model_face.py``). ``ticks`` (T) counts
    the frames at the rate of the recording where some are missing. Raises SignalError.
    """
    T = len(motion.head)
    rate = DEFAULT_FPS if motion.fps is None else check_rate(motion.fps, source)
    more = {"gaze": motion.eyes, "jaw": motion.jaw, "expression": motion.expression}
    parts = ["head", *(name for name, part in more.items() if part is not None)]
    LOG.warning(
        "%s: a body of %s: its %s this avatar; arms, body and where it goes are left out%s.",
        source,
        motion.model,
        f"{', '.join(parts[:-1])} and {parts[-1]} drive" if len(parts) > 1 else "head drives",
        "" if motion.fps is not None else f"; it has no frame rate, {rate:g} a second are assumed",
    )
    jaw = np.zeros((T, 3)) if motion.jaw is None else motion.jaw
    if motion.expression is None:
        arkit = face_of_jaw(jaw)
    else:
        arkit = face_of("smplx", motion.expression, jaw, motion.eyes, source)
    head = axis_angles_of_quaternions(quaternion_product(quaternions(motion.neck), quaternions(motion.head)))
    time = (np.arange(T) if ticks is None else ticks) / rate
    return assembled(source, time, arkit, head, None, gaze_of(motion.eyes, T), fps=rate)
