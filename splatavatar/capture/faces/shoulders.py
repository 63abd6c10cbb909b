"""Whether pictures show more of a person than a head."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from splatavatar.capture.faces.landmarks import Landmarks

ROOM = 0.25
"""eye spans below the chin, seen in most frames, from which on more than a head is in the picture"""
CHIN = 152
"""of MediaPipe's landmarks"""


def shows_shoulders(found: Sequence[Landmarks]) -> bool:
    """Whether shoulders are in most frames of the clips that ``found`` is of."""
    room = [
        (f.height - f.of(CHIN)[:, 0, 1]) / f.eye_spans  # frames, in eye spans
        for f in found
    ]
    return float(np.median(np.concatenate(room))) > ROOM
