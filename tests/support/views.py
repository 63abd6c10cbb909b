"""How the tests of a renderer look at small avatars."""

from __future__ import annotations

import numpy as np

from splatavatar.render.camera import Camera, look_at

BACKGROUND = (0.2, 0.5, 0.9)


def camera(width: int = 75, height: int = 53) -> Camera:
    """From a metre away, not quite in front of it."""
    return look_at(np.array([0.1, 0.05, 1.0]), np.zeros(3), 0.6, width, height)
