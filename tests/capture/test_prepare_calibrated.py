"""A capture of known cameras without rig parameters: the head says in which unit the cameras stand."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from splatavatar.capture import read_capture
from splatavatar.capture.prepare_calibrated import (
    camera_scale,
    lenses_of,
    observed,
    tracked_parameters,
    tracking_frames,
)
from splatavatar.capture.rig_pose import fitted_rig, posed_vertices
from splatavatar.errors import CaptureError
from splatavatar.rig.loader import load_rig

sys.path.insert(0, str(Path(__file__).parent))
from people import MODELS, own_cache

CAMERAS, TIMESTEPS = (0, 2, 4, 6), (0, 4)
"""numbers between 0 and 4 have no pictures"""


@pytest.fixture(autouse=True)
def own_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not MODELS.is_dir():
        pytest.skip("the shared models are not here")
    monkeypatch.setenv("SPLATAVATAR_MODELS", str(MODELS))
    monkeypatch.setenv("SPLATAVATAR_CACHE", str(own_cache(tmp_path / "cache")))


def part(source: Path, root: Path, unit: float = 1.0, **changes: object) -> Path:
    """A few pictures of ``source``, whose cameras stand ``unit`` times as far from the origin, at ``root``."""
    root.mkdir()
    data = json.loads((source / "transforms.json").read_text())
    frames = [f for f in data["frames"] if f["timestep_index"] in TIMESTEPS and f["camera_index"] in CAMERAS]
    for frame in frames:
        for row in frame["transform_matrix"][:3]:
            row[3] *= unit
        for name in ("file_path", "mask_path", "fg_mask_path"):
            frame[name] = str(source / frame[name])
    kept = {name: data[name] for name in ("w", "h", "fl_x", "fl_y", "cx", "cy")}
    (root / "transforms.json").write_text(json.dumps({**kept, "frames": frames, **changes}))
    return root


def test_a_unit_that_is_not_the_metre_is_found(sample_capture: Path, tmp_path: Path) -> None:
    root = part(sample_capture, tmp_path / "part", 3.7)
    path = tracked_parameters(read_capture(root), "anny-head", None, lambda name, share: None)
    capture, true = read_capture(root, path), read_capture(sample_capture)
    tracked = capture.rig_parameters
    assert tracked is not None and true.rig_parameters is not None
    # This person's head is not of the mean size; what is left of that goes with the cameras.
    assert tracked.camera_scale * 3.7 == pytest.approx(1.0, abs=0.06)
    rig = fitted_rig(load_rig(tracked.rig, tracked.identity), tracked)
    wanted = load_rig(true.rig_parameters.rig, true.rig_parameters.identity)
    face = np.unique(rig.faces[rig.landmarks["mediapipe"].face])
    for timestep in TIMESTEPS:
        found = posed_vertices(rig, tracked, timestep)[face] / (tracked.camera_scale * 3.7)
        truth = posed_vertices(wanted, true.rig_parameters, timestep)[face]
        assert np.median(np.linalg.norm(found - truth, axis=1)) < 0.0035  # metres; 4 cameras, 2 timesteps


def test_the_metre_stays_as_it_is(sample_capture: Path, tmp_path: Path) -> None:
    capture = read_capture(part(sample_capture, tmp_path / "part"))
    seen = observed(capture, tracking_frames(capture), None, lambda name, share: None)
    assert camera_scale(capture, seen) == 1.0
    for factor in (0.02, 40.0):
        assert camera_scale(capture.scaled(factor), seen) * factor == pytest.approx(1.0, abs=0.06)


def test_numbers_without_pictures_repeat_a_neighbour(sample_capture: Path, tmp_path: Path) -> None:
    capture = read_capture(part(sample_capture, tmp_path / "part"))
    seen = observed(capture, tracking_frames(capture), None, lambda name, share: None)
    first = np.searchsorted(seen.timestep, np.arange(6))
    assert len(np.unique(seen.timestep)) == 5
    pictures = [seen.pixels[first[t] : first[t + 1]] for t in range(5)]
    for t, same in ((1, 0), (2, 0), (3, 4)):
        np.testing.assert_array_equal(pictures[t], pictures[same])
    assert not np.array_equal(pictures[0], pictures[4])


def test_what_was_tracked_is_kept(sample_capture: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[__name__], "TIMESTEPS", (0,))
    capture = read_capture(part(sample_capture, tmp_path / "part"))
    said: list[str] = []
    one = tracked_parameters(capture, "anny-head", None, lambda name, share: said.append(name))
    assert {"finding the face", "tracking the head"} == set(said)
    said.clear()
    assert tracked_parameters(capture, "anny-head", None, lambda name, share: said.append(name)) == one
    assert not said


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


def test_timesteps_without_a_face(tiny_capture: Path) -> None:
    (tiny_capture / "rig_params.npz").unlink()
    capture = read_capture(tiny_capture)
    with pytest.raises(CaptureError) as caught:
        tracked_parameters(capture, "anny-head", None, lambda name, share: None)
    assert str(caught.value) == (f"{tiny_capture}: no face found in any picture of 3 of 3 timesteps, the first is 0")
