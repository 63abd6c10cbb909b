"""Somebody with the face of a body model whose expressions are not ARKit's: found, and said in its own parameters."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from splatavatar.capture.rig_pose import fitted_rig, posed_vertices
from splatavatar.capture.tracking.observations import FACING_CAMERA
from splatavatar.capture.tracking.parameters import parameters_of
from splatavatar.capture.tracking.solve import Track, track
from splatavatar.capture.tracking.track import pose_of
from splatavatar.rig.arkit import INDEX
from splatavatar.rig.arkit_form import arkit_form
from splatavatar.rig.body_models.found import VARIABLE
from splatavatar.rig.body_models.model_file import FLAME
from splatavatar.rig.loader import load_rig
from splatavatar.rig.posing import pose_numpy
from splatavatar.rig.rig import Rig
from support.face_models import face_model
from support.flame_scene import IDENTITY
from support.synthetic_track import FOCAL, Take, movement, take


@pytest.fixture(scope="module")
def nobody(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """FLAME with its identity basis, and its file in reach."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, str(face_model(FLAME).save(tmp_path_factory.mktemp("model"))))
        yield load_rig("flame")


@pytest.fixture(scope="module")
def clip(nobody: Rig) -> Take:
    """Somebody who speaks and turns, sixty frames."""
    return take(arkit_form(load_rig("flame", IDENTITY)), *movement(60))


@pytest.fixture(scope="module")
def tracked(nobody: Rig, clip: Take) -> Track:
    guess = replace(clip.lenses(free_focal=True), focal=np.array([1.25 * FOCAL]), T_camera_rig=FACING_CAMERA[None])
    return track(arkit_form(nobody), clip.seen, guess)


def test_the_expression_is_found(tracked: Track, clip: Take) -> None:
    for name in ("jawOpen", "eyeBlinkLeft", "mouthSmileRight"):
        true = clip.expression[:, INDEX[name]]
        if true.std() > 0.02:
            assert np.corrcoef(tracked.motion.expression[:, INDEX[name]], true)[0, 1] > 0.9


def test_the_person_is_written_in_coefficients_of_the_model(tracked: Track) -> None:
    identity = tracked.person.identity
    assert identity.keys() <= {f"shape_{number:03d}" for number in range(300)}
    assert 0.2 < max(map(abs, identity.values())) < 5  # standard deviations


def test_the_motion_is_written_in_parameters_of_the_model(nobody: Rig, tracked: Track) -> None:
    person = tracked.person
    own = load_rig("flame", person.identity)
    parameters = parameters_of(
        own, tracked.motion, person.identity, person.template_offset, person.expression_offset, np.arange(0, 60, 6)
    )
    assert parameters.rig == "flame" and parameters.expression.shape == (10, 100)
    assert parameters.joint_rotations.keys() == {"neck", "jaw", "left_eye", "right_eye"}
    rig = fitted_rig(own, parameters)
    face = np.unique(rig.faces[rig.landmarks["mediapipe"].face[:468]])
    for row, step in enumerate(range(0, 60, 6)):
        seen = placed_in(person.rig, tracked, step)[face]
        written = posed_vertices(rig, parameters, row)[face]
        # The straight way of the chin instead of its arc, and what expressions cannot show of a person's own.
        assert np.median(np.linalg.norm(seen - written, axis=1)) < 1e-3


def placed_in(form: Rig, tracked: Track, step: int) -> np.ndarray:
    return pose_numpy(form, pose_of(form, tracked.motion, step))
