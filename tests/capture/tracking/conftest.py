"""A person with the real rig, filmed once for all tests."""

from __future__ import annotations

import numpy as np
import pytest

from splatavatar.rig.loader import load_rig
from splatavatar.rig.rig import Rig
from support.synthetic_track import Take, facing, movement, take

IDENTITY = {"gender": 0.2, "chin-width-incr": 0.4, "nose-scale-vert-incr": 0.4, "mouth-scale-horiz-incr": 0.3}


@pytest.fixture(scope="session")
def mean_head() -> Rig:
    """anny-head whose identity is not folded in."""
    pytest.importorskip("anny", reason="the body model comes with the package anny")
    return load_rig("anny-head")


@pytest.fixture(scope="session")
def someone() -> Rig:
    """anny-head of a person who is not the mean one."""
    pytest.importorskip("anny", reason="the body model comes with the package anny")
    return load_rig("anny-head", IDENTITY)


@pytest.fixture(scope="session")
def clip(someone: Rig) -> Take:
    """40 frames of ``someone`` before one camera."""
    return take(someone, *movement(40))


@pytest.fixture(scope="session")
def pair(someone: Rig) -> Take:
    """15 frames before two cameras that stand 45 degrees apart."""
    expression, turn, translation = movement(15)
    return take(
        someone, expression, turn, translation, np.stack([facing(someone, 0.7, -0.1), facing(someone, 0.8, 0.7)])
    )
