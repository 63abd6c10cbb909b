"""A made-up body model with Anny laid over its head."""

from __future__ import annotations

from dataclasses import dataclass

from splatavatar.rig.body_models.face.face_map import FaceMap, of_registration
from splatavatar.rig.body_models.face.registration import Head, Registration, head_of, register
from splatavatar.rig.body_models.model_file import ModelFile
from splatavatar.rig.rig import Rig
from support.face_models import FaceModel


@dataclass(frozen=True)
class Laid:
    """A model, Anny on it, and the face that came of it."""

    made: FaceModel
    model: ModelFile
    head: Head
    laid: Registration
    face: FaceMap


def lay(anny: Rig, made: FaceModel) -> Laid:
    """``anny``, which is anny-head with its identity basis, laid over ``made``."""
    model = made.model()
    head = head_of(model)
    laid = register(anny, head)
    return Laid(made, model, head, laid, of_registration(model, anny, head, laid))
