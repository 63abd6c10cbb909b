"""Results of GaussianAvatars as avatars, on a FLAME of our own making."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from splatavatar.avatar.avatar import Avatar
from splatavatar.avatar.file import quantised
from splatavatar.avatar.framing import default_camera
from splatavatar.avatar.importers.flame.lip_teeth import VHAP
from splatavatar.avatar.importers.table import import_avatar
from splatavatar.avatar.renderers.cpu_renderer import CpuRenderer
from splatavatar.drive.retarget import retarget
from splatavatar.drive.signal import FaceSignal
from splatavatar.errors import AvatarFileError, RigError
from splatavatar.render.rasterize import rasterize
from splatavatar.rig.arkit import INDEX
from splatavatar.rig.body_models.model_file import FLAME
from splatavatar.rig.rig import PoseParameters
from support.face_models import face_model
from support.gaussian_avatars import in_world, ply, posed_flame, random_table

TRIANGLES = 9976 + 168


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    face_model(FLAME).save(folder)
    return folder


@pytest.fixture(autouse=True)
def _found(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPLATAVATAR_BODY_MODELS", str(models))


class Result:
    """A folder of GaussianAvatars: one Gaussian a triangle, and some more."""

    def __init__(self, folder: Path, degree: int, triangles: int = TRIANGLES) -> None:
        random = np.random.default_rng(4)
        self.degree = degree
        self.shape = random.normal(0, 1, 300).astype(np.float32).astype(np.float64)
        offset = random.normal(0, 3e-4, (triangles // 168 and 5143, 3)).astype(np.float32)
        self.offset = offset.astype(np.float64)
        self.faces = np.concatenate([face_model(FLAME).arrays["f"].astype(np.int64), VHAP.faces() + 5023])
        carried = np.concatenate([np.arange(triangles), random.integers(0, triangles, 3000)])
        self.table = random_table(carried, degree, 5)
        folder.mkdir(exist_ok=True)
        (folder / "point_cloud.ply").write_bytes(ply(self.table, degree))
        motion = {"expr": np.ones((7, 100), np.float32), "translation": np.ones((7, 3), np.float32)}
        np.savez(folder / "flame_param.npz", shape=self.shape.astype(np.float32), static_offset=offset[None], **motion)
        self.folder = folder

    def world(self, expression: np.ndarray, turns: np.ndarray, eye: np.ndarray):  # type: ignore[no-untyped-def]
        vertices = posed_flame(face_model(FLAME).arrays, self.shape, self.offset, expression, turns)
        return in_world(self.table, self.degree, vertices, self.faces, eye)


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Result:
    return Result(tmp_path_factory.mktemp("head") / "me", 1)


@pytest.fixture
def avatar(result: Result) -> Avatar:
    return quantised(import_avatar(result.folder))


@pytest.mark.parametrize("yaw", [0.0, 0.8])
def test_its_picture_at_rest_is_theirs(result: Result, avatar: Avatar, yaw: float) -> None:
    camera = default_camera(avatar, 192, 192, yaw=yaw)
    rest = result.world(np.zeros(100), np.zeros((5, 3)), camera.position)
    image = rasterize(rest, camera)
    wanted = np.rint(np.clip(image.colour + (1 - image.alpha[..., None]), 0, 1) * 255)
    drawn = CpuRenderer(avatar).render(PoseParameters.neutral(avatar.rig), camera, (1, 1, 1))
    assert (image.alpha > 0.5).mean() > 0.2
    assert np.abs(drawn - wanted).max() <= 2


def test_it_moves_as_theirs(result: Result, avatar: Avatar) -> None:
    random = np.random.default_rng(6)
    expression, turns = random.normal(0, 1, 100).astype(np.float32), random.normal(0, 0.2, (5, 3)).astype(np.float32)
    parameters = PoseParameters(expression, turns, np.zeros(3, np.float32))
    found = CpuRenderer(avatar).gaussians(parameters)[0]
    wanted = result.world(expression.astype(np.float64), turns.astype(np.float64), np.zeros(3))
    away = np.linalg.norm(found.mean - wanted.mean, axis=1)
    # Weights and displacements are rounded in the file.
    assert np.median(away) < 1e-5 and away.max() < 2e-4
    teeth = result.table[:, -1] >= 9976
    assert teeth.sum() > 168 and away[teeth].max() < 1e-4
    np.testing.assert_allclose(np.median(found.scale / wanted.scale), 1, atol=1e-3)


def test_coefficients_drive_it(result: Result, avatar: Avatar) -> None:
    arkit = np.zeros(52, np.float32)
    arkit[INDEX["jawOpen"]] = 1
    none = np.zeros(3, np.float32)
    signal = FaceSignal(0.0, arkit, none, none, np.zeros((2, 2), np.float32), 1.0)
    renderer = CpuRenderer(avatar)
    rest = renderer.gaussians(PoseParameters.neutral(avatar.rig))[0].mean
    moved = np.linalg.norm(renderer.gaussians(retarget(signal, avatar.rig))[0].mean - rest, axis=1)
    # The lower teeth go down with the jaw, the upper ones stay.
    upper, lower = (avatar.rig.regions[f"teeth_{row}"] for row in ("upper", "lower"))
    assert moved[np.isin(avatar.gaussians.face, lower)].min() > 5e-3 > 1e-3
    assert moved[np.isin(avatar.gaussians.face, upper)].max() < 1e-6
    assert upper.tolist() == list(range(9976, 10060)) and lower.tolist() == list(range(10060, 10144))


def test_without_teeth_it_has_the_packages_own(tmp_path: Path) -> None:
    result = Result(tmp_path / "bald", 0, triangles=9976)
    avatar = import_avatar(result.folder / "point_cloud.ply")
    assert avatar.rig.kind == "flame" and len(avatar.rig.faces) > TRIANGLES
    assert "FLAME" in avatar.rig.licence and avatar.metadata["imported"]["tool"] == "gaussian-avatars"


def test_what_is_missing_is_said(result: Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "point_cloud.ply").write_bytes(ply(result.table, 1))
    with pytest.raises(AvatarFileError, match=r"flame_param\.npz: no such file"):
        import_avatar(tmp_path)
    monkeypatch.setenv("SPLATAVATAR_BODY_MODELS", str(tmp_path))
    with pytest.raises(RigError, match="SPLATAVATAR_BODY_MODELS"):
        import_avatar(result.folder)
