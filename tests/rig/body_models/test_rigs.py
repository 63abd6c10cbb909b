"""FLAME and SMPL-X as rigs: against the package ``smplx``, and what they say of themselves."""

from __future__ import annotations

import os
import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from splatavatar.capture.head_region import head_faces
from splatavatar.errors import RigError
from splatavatar.rig import arkit_form
from splatavatar.rig.arkit import INDEX, NAMES
from splatavatar.rig.arkit_map import show_arkit
from splatavatar.rig.body_models import found
from splatavatar.rig.body_models.model_file import FLAME, SMPLX
from splatavatar.rig.loader import edition, load_rig, names
from splatavatar.rig.posing import pose_numpy
from splatavatar.rig.rig import PoseParameters
from splatavatar.rig.skinning import pose, tensor_rig
from support.face_models import face_model

KINDS = {"flame": FLAME, "smplx": SMPLX}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both models under their official names, and the landmarks that ``smplx`` always opens."""
    made = tmp_path_factory.mktemp("models")
    for kind in KINDS.values():
        arrays = dict(face_model(kind).arrays)
        if kind is SMPLX:
            arrays |= {f"hands_components{side}": np.eye(45) for side in "lr"}
            arrays |= {f"hands_mean{side}": np.zeros(45) for side in "lr"}
            arrays |= {"lmk_faces_idx": np.zeros(51, np.int64), "lmk_bary_coords": np.full((51, 3), 1 / 3)}
        np.savez(made / f"{kind.name.replace('-', '')}_NEUTRAL.npz", **arrays)
    marks = {"lmk_face_idx": np.zeros(51, np.int64), "lmk_b_coords": np.full((51, 3), 1 / 3)}
    (made / "flame_static_embedding.pkl").write_bytes(pickle.dumps(marks))
    return made


@pytest.fixture
def models(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(found.VARIABLE, str(folder))
    return folder


def theirs(
    folder: Path, name: str, shape: np.ndarray, expression: np.ndarray, turns: dict[str, np.ndarray]
) -> np.ndarray:
    """The vertices (B, V, 3) of the package for parameters of B poses."""
    smplx = pytest.importorskip("smplx", reason="the package to compare with")
    size = {"num_betas": shape.shape[1], "num_expression_coeffs": expression.shape[1], "batch_size": len(shape)}
    given = {part: torch.from_numpy(value) for part, value in turns.items()}
    given |= {"betas": torch.from_numpy(shape), "expression": torch.from_numpy(expression)}
    # Its numbers are single; of its own code only the file is read by another.
    if name == "flame":
        body = smplx.FLAME(str(folder), ext="npz", use_face_contour=False, **size, dtype=torch.float64)
    else:
        body = smplx.SMPLX(
            str(folder / "SMPLX_NEUTRAL.npz"),
            ext="npz",
            use_pca=False,
            flat_hand_mean=True,
            **size,
            dtype=torch.float64,
        )
    with torch.no_grad():
        return np.asarray(body(**given, return_verts=True).vertices)


# Which parameters of the package turn which joints of the rig.
PARTS = {
    "flame": {"global_orient": [0], "neck_pose": [1], "jaw_pose": [2], "leye_pose": [3], "reye_pose": [4]},
    "smplx": {
        **{"global_orient": [0], "body_pose": list(range(1, 22)), "jaw_pose": [22], "leye_pose": [23]},
        **{"reye_pose": [24], "left_hand_pose": list(range(25, 40)), "right_hand_pose": list(range(40, 55))},
    },
}


@pytest.mark.parametrize("batch", [1, 16])
@pytest.mark.parametrize("name", ["flame", "smplx"])
def test_vertices_are_those_of_the_package(models: Path, name: str, batch: int) -> None:
    rng = np.random.default_rng(batch)
    mean = load_rig(name)
    V, J = KINDS[name].vertices, KINDS[name].joints
    shape, expression = rng.normal(0, 1, (batch, 300)), rng.normal(0, 1, (batch, 100))
    turns, moved = rng.normal(0, 0.3, (batch, J, 3)), rng.normal(0, 0.2, (batch, 3))
    given = {part: turns[:, joints].reshape(batch, -1) for part, joints in PARTS[name].items()}
    expected = theirs(models, name, shape, expression, {**given, "transl": moved})
    posed = pose(
        tensor_rig(mean, torch.float64), *(torch.from_numpy(x) for x in (expression, turns, moved, shape))
    ).numpy()
    assert np.abs(posed[:, :V] - expected).max() <= 1e-5
    identity = {name: float(value) for name, value in zip(mean.identity_names, shape[0], strict=True)}
    one = PoseParameters(*(x[0].astype(np.float32) for x in (expression, turns, moved)))
    folded = pose_numpy(load_rig(name, identity), one)
    assert np.abs(folded[:V] - expected[0]).max() <= 1e-5
    np.testing.assert_allclose(folded, posed[0], atol=1e-5)  # teeth among them


@pytest.mark.parametrize("name", ["flame", "smplx"])
def test_what_a_rig_of_them_says_of_itself(models: Path, name: str) -> None:
    rig = load_rig(name, {})
    kind = KINDS[name]
    assert name in names() and rig.kind == name
    assert rig.template.shape == (kind.vertices + 2 * 399, 3)
    assert rig.expression_names[0] == "expression_000" and len(rig.expression_names) == 100
    low, high = rig.expression_bounds
    assert (low == -3).all() and (high == 3).all()
    assert "non-commercial" in rig.licence
    partition = np.concatenate(
        [rig.regions[part] for part in rig.regions if part not in ("eyelids", "ears", "neck", "scalp", "body")]
    )
    np.testing.assert_array_equal(np.sort(partition), np.arange(len(rig.faces)))
    assert {part: len(points.face) for part, points in rig.landmarks.items()} == {"mediapipe": 478, "ibug68": 68}
    left, right = rig.joints[list(rig.eye_joints)]
    assert left[0] > 0.02 and right[0] < -0.02 and left[2] > rig.joints[rig.head_joint][2]


@pytest.mark.parametrize("name", ["flame", "smplx"])
def test_the_lower_teeth_follow_the_jaw_and_the_upper_ones_the_head(models: Path, name: str) -> None:
    rig = load_rig(name, {})
    parameters = PoseParameters.neutral(rig)
    show_arkit(rig, np.eye(52, dtype=np.float32)[INDEX["jawOpen"]], parameters)
    moved = np.linalg.norm(pose_numpy(rig, parameters) - rig.template, axis=1)
    lower, upper = (np.unique(rig.faces[rig.regions[f"teeth_{which}"]]) for which in ("lower", "upper"))
    assert moved[lower].min() > 0.008 and moved[upper].max() < 1e-6
    lips = rig.template[np.unique(rig.faces[rig.regions["lips"]])]
    front = rig.template[np.concatenate([lower, upper])]
    assert front[:, 2].max() < lips[:, 2].max() and np.abs(front[:, 0]).max() < 1.3 * np.abs(lips[:, 0]).max()


@pytest.mark.parametrize("name", ["flame", "smplx"])
def test_the_body_is_no_part_of_the_head(models: Path, name: str) -> None:
    rig = load_rig(name, {})
    parameters = PoseParameters.neutral(rig)
    parameters.joint_rotations[rig.head_joint] = [0, 0.5, 0]
    # Without what correctives and expressions add the head turns as one.
    turned = pose_numpy(replace(rig, pose_basis=None), parameters)
    moved = np.linalg.norm(turned - rig.template, axis=1)
    away = np.hypot(*(rig.template - rig.joints[rig.head_joint])[:, [0, 2]].T) * 2 * np.sin(0.25)
    body, head = np.unique(rig.faces[rig.regions["body"]]), np.unique(head_faces(rig))
    assert (moved[body] < 0.51 * away[body] + 1e-4).all()
    ears = np.unique(rig.faces[rig.regions["ears"]])
    assert np.isin(ears, head).all() and not np.isin(ears, body).any()
    np.testing.assert_allclose(moved[ears], away[ears], rtol=0.2)
    assert np.ptp(rig.template[head], axis=0).max() < 0.32
    assert rig.template[head, 1].min() > rig.template[:, 1].min()


def test_a_head_without_shoulders(models: Path) -> None:
    whole, head = load_rig("flame", {"shape_002": 1.0}), load_rig("flame-head", {"shape_002": 1.0})
    assert len(head.faces) < len(whole.faces) and head.faces.max() == len(head.template) - 1
    rng = np.random.default_rng(0)
    parameters = PoseParameters(*(rng.normal(0, 0.3, size).astype(np.float32) for size in (100, (5, 3), 3)))
    points = [pose_numpy(rig, parameters)[rig.faces[rig.landmarks["ibug68"].face]] for rig in (whole, head)]
    np.testing.assert_allclose(*points, atol=1e-6)


def test_a_tracker_sees_the_52_coefficients(models: Path) -> None:
    rig = load_rig("flame", {})
    form = arkit_form.arkit_form(rig)
    assert form.expression_names == NAMES
    arkit = np.zeros((2, 52), np.float32)
    arkit[0, [INDEX["jawOpen"], INDEX["mouthSmileLeft"]]] = [0.5, 0.4]
    own = arkit_form.own_parameters(rig, arkit)
    assert set(own.joint_rotations) == {"jaw", "left_eye", "right_eye"}
    turns = np.zeros((len(rig.joint_names), 3), np.float32)
    for name, turned in own.joint_rotations.items():
        turns[rig.joint_names.index(name)] = turned[0]
    shown = pose_numpy(rig, PoseParameters(own.expression[0], turns, np.zeros(3, np.float32)))
    seen = pose_numpy(form, PoseParameters(arkit[0], np.zeros_like(turns), np.zeros(3, np.float32)))
    assert np.abs(seen - rig.template).max() > 0.01
    assert np.abs(seen - shown).max() < 2.5e-3  # the straight way of the chin instead of the arc
    anny = load_rig("anny-head", {})
    assert arkit_form.arkit_form(anny) is anny


def test_files_are_found_by_their_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for path in (
        "deep/er/flame2023.pkl",
        "models/flame/generic_model.pkl",
        "models/FLAME2023_Open.pkl",
        "models/mine.npz",
    ):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(b"")
    monkeypatch.setenv(found.VARIABLE, str(tmp_path))
    assert found.body_model_path("flame") == tmp_path / "models/FLAME2023_Open.pkl"
    assert found.body_model_path("smplx") is None
    for name in ("SMPLX_MALE.npz", "SMPLX_NEUTRAL_2020.npz"):
        (tmp_path / "deep" / name).write_bytes(b"")
        assert found.body_model_path("smplx") == tmp_path / "deep" / name
    monkeypatch.setenv(found.VARIABLE, f"{tmp_path / 'deep'}:{tmp_path / 'models'}")
    assert found.body_model_path("flame") == tmp_path / "deep/er/flame2023.pkl"
    monkeypatch.setenv(found.VARIABLE, str(tmp_path / "models/mine.npz"))
    assert found.body_model_path("flame") == found.body_model_path("smplx") == tmp_path / "models/mine.npz"
    monkeypatch.setenv(found.VARIABLE, str(tmp_path / "models/flame/generic_model.pkl"))
    assert found.body_model_path("smplx") is None


def test_files_of_one_gender_a_home_folder_that_no_shell_named_and_links(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = tmp_path / "our models ü"
    (mine / "FLAME2020").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(mine))
    monkeypatch.setenv(found.VARIABLE, "~/FLAME2020")
    for name in ("flame2023_no_jaw.pkl", "FLAME_masks.pkl"):
        (mine / "FLAME2020" / name).write_bytes(b"")
    assert found.body_model_path("flame") is None
    for name in ("male_model.pkl", "female_model.pkl", "GENERIC_model.pkl"):
        (mine / "FLAME2020" / name).write_bytes(b"")
        assert found.body_model_path("flame") == mine / "FLAME2020" / name
    linked = tmp_path / "linked"
    linked.mkdir()
    (linked / "flame").symlink_to(mine / "FLAME2020")
    (linked / "smplx").symlink_to(linked / "smplx")
    (linked / "round").symlink_to(linked)
    (linked / "flame2023.pkl").mkdir()
    monkeypatch.setenv(found.VARIABLE, str(linked))
    assert found.body_model_path("flame") == linked / "flame/GENERIC_model.pkl"
    assert found.body_model_path("smplx") is None


def test_why_no_file_was_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "generic_model.pkl").write_bytes(b"")
    said = {
        "empty": "none of its files has an official name",
        "loop": "a symbolic link that leads back to itself",
        "nowhere": "no such file or folder",
        "generic_model.pkl": "a file of another model",
    }
    monkeypatch.setenv(found.VARIABLE, os.pathsep.join(str(tmp_path / name) for name in said))
    with pytest.raises(RigError) as caught:
        found.needed_body_model("smplx")
    assert "; ".join(f"{tmp_path / name}: {why}" for name, why in said.items()) in str(caught.value)


def test_what_is_missing_or_another_model_is_said(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(RigError, match="unknown identity parameter 'nose' of flame; known are shape_000 to shape_299"):
        load_rig("flame", {"nose": 1.0})
    monkeypatch.setenv(found.VARIABLE, str(tmp_path))
    for ask in (load_rig, edition):
        with pytest.raises(RigError, match=r"the rig flame needs a file of yours \(.*official name\); .*https://flame"):
            ask("flame")
    monkeypatch.delenv(found.VARIABLE)
    with pytest.raises(RigError, match=r"SPLATAVATAR_BODY_MODELS is not set.*https://smpl-x"):
        load_rig("smplx")
    other = tmp_path / "model.npz"
    other.write_bytes((models / "SMPLX_NEUTRAL.npz").read_bytes())
    monkeypatch.setenv(found.VARIABLE, str(other))
    for ask in (load_rig, edition):
        with pytest.raises(RigError, match="a file of SMPL-X, expected FLAME for the rig flame"):
            ask("flame")


def test_the_edition_is_that_of_the_file(models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = edition("flame")
    assert before != edition("flame-head") and before == edition("flame")
    arrays = dict(np.load(models / "FLAME_NEUTRAL.npz"))
    np.savez(tmp_path / "flame2023_Open.npz", **{**arrays, "v_template": arrays["v_template"] * 1.01})
    monkeypatch.setenv(found.VARIABLE, str(tmp_path))
    assert edition("flame") != before


def test_a_file_may_be_named(models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(found.VARIABLE, str(tmp_path))
    found.name_body_model(None)
    assert found.body_model_path("flame") is None
    found.name_body_model(models / "FLAME_NEUTRAL.npz")
    assert found.body_model_path("flame") == models / "FLAME_NEUTRAL.npz"
    with pytest.raises(RigError, match="nowhere: no such file, expected a body model, or a folder of them"):
        found.name_body_model(tmp_path / "nowhere")
