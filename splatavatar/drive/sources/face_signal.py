"""From a face that was found in a frame to its signal."""

from __future__ import annotations

import numpy as np

from splatavatar.drive.signal import FaceSignal
from splatavatar.drive.sources.source import nobody
from splatavatar.drive.sources.tracking import Seen


def face_signal(face: Seen | None, time: float) -> FaceSignal:
    """The signal of one frame, captured at ``time``; None is nobody.

    The scores are taken as they are, the head from the transform, whose axes are the rig's.
    """
    import cv2

    if face is None:
        return nobody(time)
    left, _, right = np.linalg.svd(face.transform[:3, :3].astype(np.float64))
    rotation = cv2.Rodrigues(left @ right)[0].reshape(3).astype(np.float32)
    return FaceSignal(time, face.scores, rotation, np.zeros(3, np.float32), np.zeros((2, 2), np.float32), 1.0)
