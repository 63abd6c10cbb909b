"""Parameters of FLAME's trackers on the rig of a file of FLAME: its vertices are where the formula puts them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from splatavatar.bake.inputs import without_others
from splatavatar.bake.settings import BakeSettings
from splatavatar.capture import read_capture
from splatavatar.capture.capture import Capture, RigParameters
from splatavatar.capture.rig_pose import fitted_rig, means_the_same, posed_vertices
from splatavatar.errors import RigError
from splatavatar.rig.body_models import found
from splatavatar.rig.body_models.model_file import FLAME
from splatavatar.rig.loader import load_rig
from support.face_models import face_model
from support.flame_captures import gaussian_blendshapes, imavatar, vhap
from support.flame_like import FlameLike

V = FLAME.vertices


@pytest.fixture(scope="module")
def arrays(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, np.ndarray]]:
    """A file of FLAME with a face of our own, where the rig looks for it."""
    pytest.importorskip("anny", reason="the face is carried over from Anny")
    made = dict(face_model(FLAME).arrays)
    path = tmp_path_factory.mktemp("models") / "FLAME_NEUTRAL.npz"
    np.savez(path, **made)  # type: ignore[arg-type]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(found.VARIABLE, str(path))
        yield made


def parameters_of(capture: Capture) -> RigParameters:
    assert capture.rig_parameters is not None
    return capture.rig_parameters


@pytest.mark.parametrize("layout", [vhap, gaussian_blendshapes, imavatar])
def test_vertices_are_where_the_tracker_has_them(
    arrays: Mapping[str, np.ndarray], tmp_path: Path, layout: object
) -> None:
    capture = read_capture(layout(tmp_path / "a"))  # type: ignore[operator]
    parameters = parameters_of(capture)
    rig = fitted_rig(load_rig("flame", parameters.identity), parameters)
    truth = FlameLike.of_file(arrays)
    for timestep in (0, 2):
        posed = posed_vertices(rig, parameters, timestep)
        np.testing.assert_allclose(posed[:V], truth.of(parameters, timestep), atol=1e-5)


def test_the_head_without_shoulders_takes_them_too(arrays: Mapping[str, np.ndarray], tmp_path: Path) -> None:
    capture = read_capture(vhap(tmp_path / "a"))
    kept, left_out = without_others(capture, BakeSettings(capture.root, rig="flame-head"))
    parameters = parameters_of(kept)
    assert left_out is None and parameters.rig == "flame-head"
    assert means_the_same(parameters_of(capture), "flame-head") and not means_the_same(parameters, "flame")
    head = fitted_rig(load_rig("flame-head", parameters.identity), parameters)
    whole = posed_vertices(fitted_rig(load_rig("flame", parameters.identity), parameters), parameters, 1)
    posed = posed_vertices(head, parameters, 1)
    assert len(posed) < len(whole)
    nearest = np.linalg.norm(posed[::50, None] - whole, axis=2).min(1)
    assert nearest.max() < 1e-6


def test_teeth_go_where_the_lips_go(arrays: Mapping[str, np.ndarray], tmp_path: Path) -> None:
    parameters = parameters_of(read_capture(vhap(tmp_path / "a")))
    step = np.array([0.0, 0.01, 0.02])
    moved = replace(parameters, template_offset=np.tile(step, (V, 1)).astype(np.float32))
    rig = load_rig("flame", parameters.identity)
    np.testing.assert_allclose(fitted_rig(rig, moved).template, rig.template + step, atol=1e-6)
    np.testing.assert_allclose(fitted_rig(rig, moved).joints, rig.joints + step, atol=1e-6)


def test_offsets_of_another_rig(arrays: Mapping[str, np.ndarray], tmp_path: Path) -> None:
    parameters = parameters_of(read_capture(vhap(tmp_path / "a")))
    with pytest.raises(RigError, match=r"the rig parameters move vertices of a body model, anny-head is none"):
        fitted_rig(load_rig("anny-head", {}), parameters)
    short = replace(parameters, template_offset=np.zeros((9, 3), np.float32))
    with pytest.raises(RigError, match=r"the rig parameters move 9 vertices of the template, FLAME has 5023"):
        fitted_rig(load_rig("flame", parameters.identity), short)
