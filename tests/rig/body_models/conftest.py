"""Anny laid over made-up models of which everything is known, once a run."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from splatavatar.rig.body_models.face_map import FaceMap, of_registration
from splatavatar.rig.body_models.model_file import FLAME, SMPLX, ModelFile
from splatavatar.rig.body_models.registration import Head, Registration, head_of, register
from splatavatar.rig.loader import load_rig
from splatavatar.rig.rig import Rig
from support.face_models import FaceModel, face_model


@dataclass(frozen=True)
class Laid:
    """A model, Anny on it, and the face that came of it."""

    made: FaceModel
    model: ModelFile
    head: Head
    laid: Registration
    face: FaceMap


@pytest.fixture(scope="session")
def anny() -> Rig:
    """anny-head with its identity basis."""
    pytest.importorskip("anny", reason="the body model comes with the package anny")
    return load_rig("anny-head")


def _laid(anny: Rig, made: FaceModel) -> Laid:
    model = made.model()
    head = head_of(model)
    laid = register(anny, head)
    return Laid(made, model, head, laid, of_registration(model, anny, head, laid))


@pytest.fixture(scope="session")
def flame(anny: Rig) -> Laid:
    return _laid(anny, face_model(FLAME))


@pytest.fixture(scope="session")
def smplx_body(anny: Rig) -> Laid:
    return _laid(anny, face_model(SMPLX))
