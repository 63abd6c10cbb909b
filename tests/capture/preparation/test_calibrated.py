"""A capture of known cameras without rig parameters: the head says how the world of the cameras lies."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from splatavatar.capture import read_capture
from splatavatar.capture.calibration.known_cameras import lens_numbers
from splatavatar.capture.capture import Capture
from splatavatar.capture.lens import Lens
from splatavatar.capture.preparation.calibrated import (
    kept_parameters,
    lenses_of,
    observed,
    placement_of,
    tracked_parameters,
    tracking_frames,
)
from splatavatar.capture.rig_pose import fitted_rig, posed_vertices
from splatavatar.errors import CaptureError
from splatavatar.rig.loader import DEFAULT, load_rig
from support.people import own_cache
from support.shared import landmark_model

CAMERAS, TIMESTEPS = (0, 2, 4, 6), (0, 4)
"""numbers between 0 and 4 have no pictures"""
TURNED = np.array([[0.0, -0.6, 0.8], [1.0, 0.0, 0.0], [0.0, 0.8, 0.6]])
"""a world as structure from motion leaves it"""


@pytest.fixture(autouse=True)
def own_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPLATAVATAR_MODELS", str(landmark_model().parent))
    monkeypatch.setenv("SPLATAVATAR_CACHE", str(own_cache(tmp_path / "cache")))


def part(
    source: Path, root: Path, unit: float = 1.0, turn: np.ndarray | None = None, origin: float = 0.0, **changes: object
) -> Path:
    """A few pictures of ``source``, whose cameras stand ``unit`` times as far from the origin of a world turned by
    ``turn`` (3, 3) and moved by ``origin`` units, at ``root``. A turn that mirrors leaves the cameras right-handed."""
    root.mkdir()
    data = json.loads((source / "transforms.json").read_text())
    frames = [f for f in data["frames"] if f["timestep_index"] in TIMESTEPS and f["camera_index"] in CAMERAS]
    turn = np.eye(3) if turn is None else turn
    for frame in frames:
        T = np.array(frame["transform_matrix"])
        T[:3] = turn @ T[:3]
        T[:3, 3] = unit * T[:3, 3] + origin
        T[:3, 0] *= np.linalg.det(turn)
        frame["transform_matrix"] = T.tolist()
        for name in ("file_path", "mask_path", "fg_mask_path"):
            frame[name] = str(source / frame[name])
    kept = {name: data[name] for name in ("w", "h", "fl_x", "fl_y", "cx", "cy")}
    (root / "transforms.json").write_text(json.dumps({**kept, "frames": frames, **changes}))
    return root


def read(root: Path, rig_params: Path | None = None) -> Capture:
    """``part`` names the pictures where they are."""
    return read_capture(root, rig_params, allow_outside=True)


def quietly(name: str, share: float) -> None:
    """Nothing is said of the progress."""


@pytest.mark.shared
@pytest.mark.parametrize(
    ("unit", "turn", "origin"),
    [(3.7, np.eye(3), 0.0), (0.01, TURNED, -50.0), (100.0, np.diag([1.0, -1.0, -1.0]), 1e5)],
    ids=["unit", "turned", "upside down"],
)
def test_any_world_will_do(sample_capture: Path, tmp_path: Path, unit: float, turn: np.ndarray, origin: float) -> None:
    root = part(sample_capture, tmp_path / "part", unit, turn, origin)
    path = tracked_parameters(read(root), "anny-head", None, quietly)
    capture, true = read(root, path), read_capture(sample_capture)
    tracked = capture.rig_parameters
    assert tracked is not None and true.rig_parameters is not None and tracked.placement is not None
    # This person's head is not of the mean size; what is left of that goes with the cameras.
    factor = np.cbrt(np.linalg.det(tracked.placement[:3, :3])) * unit
    assert factor == pytest.approx(1.0, abs=0.06)
    # Nothing of the turn of the world is in the neck.
    assert np.abs(tracked.joint_rotations["head"]).max() < np.radians(8)
    assert tracked.translation is not None and np.abs(tracked.translation).max() < 0.02
    rig = fitted_rig(load_rig(tracked.rig, tracked.identity), tracked)
    wanted = load_rig(true.rig_parameters.rig, true.rig_parameters.identity)
    face = np.unique(rig.faces[rig.landmarks["mediapipe"].face])
    front, true_front = (next(f.camera for f in c.frames if f.camera_index == CAMERAS[2]) for c in (capture, true))
    for timestep, number in enumerate(TIMESTEPS):
        # Seen from a camera, for the worlds of both differ.
        found = posed_vertices(rig, tracked, timestep)[face] @ front.T_camera_world[:3, :3].T
        found = (found + front.T_camera_world[:3, 3]) / factor
        truth = posed_vertices(wanted, true.rig_parameters, number)[face] @ true_front.T_camera_world[:3, :3].T
        truth += true_front.T_camera_world[:3, 3]
        assert np.median(np.linalg.norm(found - truth, axis=1)) < 0.0035  # metres; 4 cameras, 2 timesteps


@pytest.mark.shared
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_mirrored_world_is_said(sample_capture: Path, tmp_path: Path, axis: int) -> None:
    mirror = np.eye(3)
    mirror[axis, axis] = -1
    root = part(sample_capture, tmp_path / "part", 1.0, mirror @ TURNED)
    with pytest.raises(CaptureError, match=r"transforms.json: the world of the cameras is mirrored \(left-handed\)"):
        tracked_parameters(read(root), "anny-head", None, quietly)
    assert not list((tmp_path / "cache").glob("captures/*"))


@pytest.mark.shared
def test_the_metre_stays_as_it_is(sample_capture: Path, tmp_path: Path) -> None:
    capture, seen = observed(read(part(sample_capture, tmp_path / "part")), None, quietly)

    def factor(capture: Capture) -> float:
        return float(np.cbrt(np.linalg.det(placement_of(capture, seen, load_rig(DEFAULT))[:3, :3])))

    assert factor(capture) == pytest.approx(1.0, abs=1e-9)
    for scale in (0.02, 40.0):
        assert factor(capture.placed(np.diag([scale, scale, scale, 1]))) * scale == pytest.approx(1.0, abs=0.06)


@pytest.mark.shared
def test_what_was_tracked_is_kept(sample_capture: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[__name__], "TIMESTEPS", (0,))
    load_rig("anny-head")  # whoever has never used it would hear of its preparation, too
    capture = read(part(sample_capture, tmp_path / "part"))
    said: list[str] = []
    one = tracked_parameters(capture, "anny-head", None, lambda name, share: said.append(name))
    assert {"finding the face", "tracking the head"} == set(said)
    said.clear()
    assert tracked_parameters(capture, "anny-head", None, lambda name, share: said.append(name)) == one
    assert not said
    # Found again where the file is damaged.
    one.write_bytes(one.read_bytes()[:1000])
    assert tracked_parameters(capture, "anny-head", None, lambda name, share: said.append(name)) == one
    assert said and read(capture.root, one).rig_parameters is not None


@pytest.mark.shared
def test_what_was_tracked_is_of_one_reading_alone(tiny_capture: Path, edit_transforms: Any) -> None:
    """``--format`` makes other cameras of the same files, and lists of splits may lie beside them."""
    (tiny_capture / "rig_params.npz").unlink()
    edit_transforms(lambda data: [frame.update(flame_param_path="none.npz") for frame in data["frames"]])
    one, other = (read_capture(tiny_capture, layout=layout) for layout in ("vhap", "nerfstudio"))
    swapped = replace(one, splits={**one.splits, "train": one.splits["test"], "test": one.splits["train"]})
    lens = Lens("opencv", (0.1, 0.0, 0.0, 0.0), one.frames[0].camera.K)
    bent = [replace(one, frames=tuple(replace(f, lens=found) for f in one.frames)) for found in (lens, None)]
    places = [kept_parameters(capture, "anny-head") for capture in (one, other, swapped, *bent)]
    assert len(set(places)) == 4 and places[0] == places[4]
    assert kept_parameters(read_capture(tiny_capture, layout="vhap"), "anny-head") == places[0]


@pytest.mark.shared
def test_the_cameras_are_those_of_the_capture(tiny_capture: Path) -> None:
    (tiny_capture / "rig_params.npz").unlink()
    capture = read_capture(tiny_capture)
    lenses = lenses_of(capture)
    assert lenses.focal.tolist() == [40.0, 40.0]
    assert lenses.centre.tolist() == [[12.5, 8.25]] * 2
    np.testing.assert_array_equal(lenses.T_camera_rig[1], capture.frames[1].camera.T_camera_world)
    # Training pictures; all pictures of timesteps that have none.
    names = [frame.name for frame in tracking_frames(capture)]
    assert "images/t001_cam01.png" not in names and names[-2:] == ["images/t002_cam00.png", "images/t002_cam01.png"]


@pytest.mark.shared
def test_timesteps_without_a_face(tiny_capture: Path) -> None:
    (tiny_capture / "rig_params.npz").unlink()
    capture = read_capture(tiny_capture)
    with pytest.raises(CaptureError) as caught:
        tracked_parameters(capture, "anny-head", None, lambda name, share: None)
    assert str(caught.value) == (
        f"{tiny_capture}: no face found in any picture of 3 of 3 timesteps, the first is that of images/t000_cam00.png"
    )


@pytest.mark.shared
def test_a_timestep_without_a_face_is_left_out(
    sample_capture: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """One picture in which no face was found refused the bake of all others."""
    root = part(sample_capture, tmp_path / "part")
    data = json.loads((root / "transforms.json").read_text())
    blank = str(tmp_path / "blank.png")
    Image.new("RGB", (512, 512), (90, 90, 90)).save(blank)
    for frame in data["frames"]:  # of the timesteps 0 and 4
        frame["timestep_index"] = 2 * frame["timestep_index"]
    lost = {**data["frames"][0], "file_path": blank, "timestep_index": 4}
    (root / "transforms.json").write_text(json.dumps({**data, "frames": [lost, *data["frames"]]}))
    assert [frame.timestep for frame in read(root).frames] == [1, *[0] * 4, *[2] * 4]
    path = tracked_parameters(read(root), "anny-head", None, quietly)
    assert not caplog.text
    capture = read(root, path)
    parameters = capture.rig_parameters
    assert f"{root}: 1 of 3 timesteps are left out, for no picture of them shows a face; the first is" in caplog.text
    assert blank in caplog.text and blank not in [frame.name for frame in capture.frames]
    assert [frame.timestep for frame in capture.frames] == [*[0] * 4, *[1] * 4]
    assert capture.splits == {"train": tuple(range(8)), "val": (), "test": ()}
    assert parameters is not None and parameters.seen is not None and parameters.seen.tolist() == [True, True]
    # An evaluation goes on, too.
    caplog.clear()
    shown, seen = observed(read(root), None, quietly)
    assert [frame.name for frame in shown.frames] == [frame.name for frame in capture.frames]
    assert [frame.timestep for frame in shown.frames] == [*[0] * 4, *[1] * 4]
    assert np.unique(seen.timestep).tolist() == [0, 1] and "1 of 3 timesteps are left out" in caplog.text
    whole = read(root2 := part(sample_capture, tmp_path / "whole"))
    wanted = read(root2, tracked_parameters(whole, "anny-head", None, quietly)).rig_parameters
    assert wanted is not None and wanted.seen is None
    np.testing.assert_allclose(parameters.expression, wanted.expression, atol=1e-3)
    for name, turns in wanted.joint_rotations.items():
        np.testing.assert_allclose(parameters.joint_rotations[name], turns, atol=1e-3)


@pytest.mark.shared
def test_timesteps_far_apart_take_no_memory(tiny_capture: Path, edit_transforms: Any) -> None:
    """Rows for all of a million timesteps took gigabytes."""
    (tiny_capture / "rig_params.npz").unlink()
    edit_transforms(lambda data: [f.update(timestep_index=10**6 * f["timestep_index"] + 7) for f in data["frames"]])
    assert [frame.timestep for frame in read_capture(tiny_capture).frames] == [0, 0, 1, 1, 2, 2]


@pytest.mark.shared
def test_one_camera_that_is_moved_is_many(tiny_capture: Path, edit_transforms: Any) -> None:
    (tiny_capture / "rig_params.npz").unlink()
    edit_transforms(lambda data: [frame.update(camera_index=3) for frame in data["frames"]])
    capture = read_capture(tiny_capture)
    assert lens_numbers(capture) == [0, 1, 0, 1, 0, 1]
    lenses = lenses_of(capture.placed(np.diag([2.0, 2.0, 2.0, 1.0])))
    np.testing.assert_allclose(lenses.T_camera_rig[0, :3, 3], [0, 0, 2], atol=1e-12)
    assert len(lenses.focal) == 2
