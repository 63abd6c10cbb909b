"""Captures of known cameras that bring no mattes are cut out by the tracked rig."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from splatavatar.capture import read_capture
from splatavatar.capture.capture import Capture
from splatavatar.capture.colour import AffineColours
from splatavatar.capture.images import load_frame
from splatavatar.capture.lens import Lens
from splatavatar.capture.preparation.estimated_mattes import pasted, with_mattes
from splatavatar.capture.rig_pose import fitted_rig
from splatavatar.capture.video.crop import Crop
from splatavatar.progress import unheard
from splatavatar.rig.loader import load_rig
from support.bare_scene import bare_scene, overlap
from support.people import own_cache


@pytest.fixture(autouse=True)
def own_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPLATAVATAR_CACHE", str(own_cache(tmp_path / "cache")))


def cut(capture: Capture, progress: Any = unheard) -> Capture:
    parameters = capture.rig_parameters
    assert parameters is not None
    rig = fitted_rig(load_rig(parameters.rig, parameters.identity), parameters)
    return with_mattes(capture, rig, parameters, "grabcut", progress)[0]


def with_truth_of(source: Path, root: Path) -> Capture:
    """The scene in ``root``, which is ``source`` at its first timestep, with the true rig parameters."""
    true = read_capture(source)
    scene = read_capture(root)
    cameras = [frame.camera for frame in true.frames if frame.timestep == 0]
    frames = tuple(
        replace(frame, camera=replace(frame.camera, T_camera_world=camera.T_camera_world))
        for frame, camera in zip(scene.frames, cameras, strict=True)
    )
    return replace(scene, frames=frames, rig_parameters=true.rig_parameters)


def test_a_person_before_a_busy_background(tmp_path: Path) -> None:
    source = Path(__file__).parents[3] / "data" / "made-person" / "truth"
    truth = bare_scene(source, tmp_path / "scene")
    said: list[str] = []
    capture = cut(with_truth_of(source, tmp_path / "scene"), lambda stage, share: said.append(stage))
    assert set(said) == {"cutting out"}
    overlaps = [overlap(load_frame(frame)[1], truth[frame.name]) for frame in capture.frames]
    # From both sides alone, where a bright room ends at the chest, are they 0.8.
    assert np.median(overlaps) > 0.96 and min(overlaps) > 0.7
    said.clear()
    again = cut(with_truth_of(source, tmp_path / "scene"), lambda stage, share: said.append(stage))
    assert said == [] and [frame.mask for frame in again.frames] == [frame.mask for frame in capture.frames]
    # Made again where one is gone.
    Path(str(capture.frames[3].mask)).unlink()
    assert Path(str(cut(with_truth_of(source, tmp_path / "scene")).frames[3].mask)).is_file()


def test_a_small_head_in_a_large_picture(sample_capture: Path, tmp_path: Path) -> None:
    truth = bare_scene(sample_capture, tmp_path / "scene", border=200)
    capture = cut(with_truth_of(sample_capture, tmp_path / "scene"))
    for frame in capture.frames:
        matte = load_frame(frame)[1]
        assert matte.shape == (912, 912)
        # A network for people takes what is below a head that has no body for one; of the head nothing is missing.
        assert (matte[truth[frame.name] == 255] > 127).mean() > 0.95
        assert matte[:200].max() == 0 and matte[750:].max() == 0


def test_pictures_keep_the_mattes_that_they_have(sample_capture: Path) -> None:
    capture = read_capture(sample_capture)
    parameters = capture.rig_parameters
    assert parameters is not None
    assert with_mattes(capture, load_rig(parameters.rig, parameters.identity), parameters, "grabcut", unheard) == (
        capture,
        False,
    )


def test_pictures_that_a_lens_has_bent_are_kept_straight(sample_capture: Path, tmp_path: Path) -> None:
    bare_scene(sample_capture, tmp_path / "scene")
    capture = with_truth_of(sample_capture, tmp_path / "scene")
    lens = Lens("opencv", (0.4, 0.0, 0.0, 0.0), capture.frames[0].camera.K)
    greener = AffineColours(np.diag([0.8, 1.1, 0.9]), np.zeros(3))
    frames = tuple(replace(frame, lens=lens, colour=greener) for frame in capture.frames[:2])
    bent = replace(capture, frames=frames, splits={"train": (0, 1), "val": (), "test": ()})
    straight = cut(bent)
    assert all(frame.lens is None for frame in straight.frames)
    np.testing.assert_array_equal(load_frame(straight.frames[1])[0], load_frame(frames[1])[0])
    # Not those that were kept of another lens with the same numbers, or of other colours.
    fisheye = replace(lens, model="fisheye")
    for change in ({"lens": fisheye}, {"colour": None}):
        changed = [replace(frame, **change) for frame in frames]
        again = cut(replace(bent, frames=tuple(changed)))
        np.testing.assert_array_equal(load_frame(again.frames[1])[0], load_frame(changed[1])[0])


def test_a_matte_of_a_window_in_its_picture() -> None:
    matte = np.full((4, 4), 200, np.uint8)
    whole = pasted(matte, Crop(-2, 3, 8, 4), 20, 9)
    assert whole.shape == (9, 20)
    assert (whole[3:9, :6] == 200).all() and whole[:3].max() == 0 and whole[:, 6:].max() == 0
