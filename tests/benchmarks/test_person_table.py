"""``benchmarks/person_table.py``: an avatar beside the pictures of a made person from all sides."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import person_table
import pytest
from person_table import Row

from splatavatar.capture import read_capture
from splatavatar.capture.rig_pose import fitted_rig, pose_parameters
from splatavatar.rig.loader import load_rig
from splatavatar.rotations import rotation_matrices

TRUTH = person_table.FOLDER / "truth"


def test_a_similarity_is_found_again() -> None:
    random = np.random.default_rng(0)
    points = random.normal(size=(40, 3))
    turn = rotation_matrices(np.array([0.3, -0.8, 0.2]))
    found = person_table.similarity(points, 1.7 * points @ turn.T + [1, 2, 3])
    np.testing.assert_allclose(found[:3, :3], 1.7 * turn, atol=1e-12)
    np.testing.assert_allclose(found[:3, 3], [1, 2, 3], atol=1e-12)


def test_a_similarity_never_mirrors() -> None:
    points = np.random.default_rng(0).normal(size=(40, 3))
    assert np.linalg.det(person_table.similarity(points, points * [-1, 1, 1])[:3, :3]) > 0


def test_both_sides_of_an_azimuth_make_one_line() -> None:
    rows = [
        Row("smile", 30.2, 20.0, 18.0, 16.0, 0.9),
        Row("neutral", -29.8, 24.0, None, 12.0, 1.0),
        Row("neutral", 180.0, 15.0, 14.0, None, 0.8),
    ]
    lines = person_table.summary(rows)
    assert [line["azimuth"] for line in lines] == ["30", "180"]
    assert lines[0]["inside"] == pytest.approx(22.0)
    assert lines[0]["hair"] == pytest.approx(18.0)
    assert (lines[0]["mouth, smile"], lines[0]["mouth, neutral"], lines[0]["mouth, open"]) == (16.0, 12.0, None)
    assert lines[1]["mouth, neutral"] is None
    assert lines[1]["alpha"] == pytest.approx(0.8)


def test_the_truth_is_a_capture_of_twelve_cameras_and_three_faces() -> None:
    capture = read_capture(TRUTH)
    assert len(capture.frames) == 36
    asides = sorted({round(person_table.azimuth(frame)) for frame in capture.frames})
    assert asides == [-90, -60, -45, -30, -15, 0, 15, 30, 45, 60, 90, 180]
    assert {f.timestep for f in capture.frames} == set(range(len(person_table.FACES)))


def test_the_mouth_is_where_the_picture_has_it() -> None:
    """The open mouth is the darkest thing near the lips, and its middle is within the box."""
    from splatavatar.capture.images import load_frame

    capture = read_capture(TRUTH)
    parameters = capture.rig_parameters
    assert parameters is not None
    rig = fitted_rig(load_rig(parameters.rig, parameters.identity), parameters)
    timestep = person_table.FACES.index("open")
    front = next(f for f in capture.frames if f.timestep == timestep and abs(person_table.azimuth(f)) < 1)
    mask = person_table.mouth_box(rig, pose_parameters(rig, parameters, timestep), front)
    closed = replace(front, timestep=0)
    at_rest = person_table.mouth_box(rig, pose_parameters(rig, parameters, 0), closed)
    assert mask.sum() > 1.5 * at_rest.sum()
    picture = load_frame(front)[0].astype(float).mean(2)
    rows, columns = np.nonzero(mask)
    middle = picture[int(rows.mean()) - 2 : int(rows.mean()) + 3, int(columns.mean()) - 2 : int(columns.mean()) + 3]
    assert middle.mean() < 0.5 * np.median(picture[rows.min() - 12 : rows.min() - 4, columns.min() : columns.max()])
