from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from splatavatar.capture.tracking.observations import FACING_CAMERA, Lenses
from splatavatar.capture.tracking.person import TrackedPerson
from splatavatar.capture.tracking.solve import Motion, Track
from splatavatar.capture.tracking.track_cache import key_of, load_track, save_track
from splatavatar.rig.loader import load_rig

T, E = 3, 52


@pytest.fixture(scope="module")
def found() -> Track:
    rng = np.random.default_rng(0)
    identity = {"age": 0.625}
    rig = load_rig("anny-head", identity)
    offset = rng.normal(0, 1e-3, rig.template.shape).astype(np.float32)
    return Track(
        TrackedPerson(
            identity, offset, np.zeros_like(rig.expression_basis), replace(rig, template=rig.template + offset)
        ).expressing(rng.normal(0, 1e-3, rig.expression_basis.shape).astype(np.float32)),
        rng.normal(0, 1e-3, (478, 3)),
        Lenses(FACING_CAMERA[None], np.array([700.0]), np.array([[240.0, 240.0]]), True, False, False),
        Motion(rng.random((T, E)), rng.random((T, 3)), rng.random((T, 3)), rng.random(T)),
    )


def test_what_is_saved_is_loaded_to_the_bit(found: Track, tmp_path: Path) -> None:
    save_track(tmp_path / "fit.npz", found, "key")
    loaded = load_track(tmp_path / "fit.npz", "key")
    assert loaded is not None
    assert loaded.person.identity == found.person.identity
    np.testing.assert_array_equal(loaded.person.rig.template, found.person.rig.template)
    np.testing.assert_array_equal(loaded.person.rig.expression_basis, found.person.rig.expression_basis)
    np.testing.assert_array_equal(loaded.person.expression_offset, found.person.expression_offset)
    np.testing.assert_array_equal(loaded.habits, found.habits)
    for one, other in ((loaded.lenses, found.lenses), (loaded.motion, found.motion)):
        for field in fields(one):
            np.testing.assert_array_equal(getattr(one, field.name), getattr(other, field.name))
    assert (loaded.lenses.free_focal, loaded.lenses.free_place) == (True, False)


def test_another_or_a_damaged_track_is_none(found: Track, tmp_path: Path) -> None:
    path = tmp_path / "fit.npz"
    assert load_track(path, "key") is None
    save_track(path, found, "key")
    assert load_track(path, "another") is None
    path.write_bytes(path.read_bytes()[:-500])
    assert load_track(path, "key") is None


def test_a_key_is_of_rig_and_landmarks(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("a", "b", "c")]
    for path, content in zip(paths, (b"1", b"1", b"2"), strict=True):
        path.write_bytes(content)
    one, same, other = ([path] for path in paths)
    assert key_of("anny-head", one, False) == key_of("anny-head", same, False)
    keys = {
        key_of("anny-head", one, False),
        key_of("anny-bust", one, False),
        key_of("anny-head", other, False),
        key_of("anny-head", one, True),
    }
    assert len(keys) == 4
