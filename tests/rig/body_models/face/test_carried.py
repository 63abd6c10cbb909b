"""What was Anny's on a template: against what the made-up models know of themselves."""

from __future__ import annotations

import numpy as np
import pytest

from splatavatar.rig.arkit import INDEX
from splatavatar.rig.body_models.face.carried import carried_deformations, corresponding
from splatavatar.rig.body_models.face.shaded import Side, shaded
from splatavatar.rig.landmarks import positions
from splatavatar.rig.rig import Rig
from support.laid import Laid
from support.shared import landmark_model

BOTH = pytest.mark.parametrize("which", ["flame", "smplx_body"])


@BOTH
def test_landmarks_are_points_of_the_files_triangles(which: str, request: pytest.FixtureRequest) -> None:
    one: Laid = request.getfixturevalue(which)
    template, faces = one.model.template.astype(np.float32), one.model.faces.astype(np.int32)
    for name, count in (("mediapipe", 478), ("ibug68", 68)):
        points = one.face.landmarks[name]
        assert len(points.face) == count
        np.testing.assert_allclose(points.barycentric.sum(1), 1, atol=1e-5)
        missed = np.linalg.norm(positions(points, template, faces) - one.made.truth(name), axis=1)
        assert np.median(missed) < 1e-3 and np.quantile(missed, 0.95) < 3.5e-3, name
    # Irises lie on eyeballs.
    balls = np.concatenate([one.face.regions["eye_left"], one.face.regions["eye_right"]])
    assert np.isin(one.face.landmarks["mediapipe"].face[468:], balls).all()


@BOTH
def test_regions_partition_the_mesh(which: str, request: pytest.FixtureRequest) -> None:
    one: Laid = request.getfixturevalue(which)
    regions, F = one.face.regions, len(one.model.faces)
    parts = ("skin", "lips", "mouth", "tongue", "eye_left", "eye_right", "eye_sockets", "teeth_upper", "teeth_lower")
    count = np.bincount(np.concatenate([regions[name] for name in parts]), minlength=F)
    assert (count == 1).all()
    assert not any(len(regions[name]) for name in ("tongue", "teeth_upper", "teeth_lower"))
    for name in ("eyelids", "ears", "neck", "scalp"):
        assert np.isin(regions[name], regions["skin"]).all() and len(regions[name]), name
    middle = {
        name: one.model.template[one.model.faces[part]].mean((0, 1)) for name, part in regions.items() if len(part)
    }
    eyes = one.head.eyes
    assert np.linalg.norm(middle["eye_left"] - eyes[0]) < 2e-3 and middle["eye_left"][0] > 0
    assert middle["scalp"][1] > eyes[0, 1] > middle["lips"][1] > middle["neck"][1]


def test_regions_are_the_persons(flame: Laid) -> None:
    """By the region of the place of Anny that most of a triangle is."""
    person, mix = flame.made.person, flame.made.mix
    of_triangle = {}
    for name in ("lips", "eyelids", "ears", "scalp", "mouth", "eye_sockets"):
        inside = np.zeros(mix.shape[1])
        inside[np.unique(person.faces[person.regions[name]])] = 1
        of_triangle[name] = (mix @ inside)[flame.model.faces].min(1) > 0.99
    for name, truth in of_triangle.items():
        found = np.zeros(len(truth), bool)
        found[flame.face.regions[name]] = True
        assert (found & truth).sum() / (found | truth).sum() > 0.8, name


@BOTH
def test_deformations_are_the_persons(which: str, anny: Rig, request: pytest.FixtureRequest) -> None:
    one: Laid = request.getfixturevalue(which)
    names = ("jawOpen", "mouthSmileLeft", "eyeBlinkRight", "browInnerUp", "mouthPucker", "mouthLowerDownLeft")
    fields = anny.expression_basis[[INDEX[name] for name in names]]
    found = carried_deformations(anny, one.laid, corresponding(anny, one.laid, one.head), fields)
    eyeballs = one.model.weights[:, list(one.model.kind.eyes)].sum(1) > 0.5
    assert not found[:, eyeballs].any()
    for name, field in zip(names, found, strict=True):
        truth = one.made.mix @ one.made.person.expression_basis[INDEX[name]].astype(float)
        truth[eyeballs] = 0
        assert np.linalg.norm(field - truth) < 0.15 * np.linalg.norm(truth), name
        assert np.abs(field - truth).max() < 6e-3, name


@pytest.mark.shared
def test_a_detector_finds_the_landmarks_where_they_are(flame: Laid) -> None:
    """It misses them by its own error, from every side: no more than it misses the truth."""
    from splatavatar.capture.faces.landmarks import detect_pictures

    model = landmark_model()
    template, faces = flame.model.template, flame.model.faces
    colours = np.tile([0.85, 0.65, 0.55], (len(faces), 1))
    colours[flame.face.regions["lips"]] = [0.75, 0.4, 0.38]
    for name, eye in zip(("eye_left", "eye_right"), flame.head.eyes, strict=True):
        ball = flame.face.regions[name]
        way = template[faces[ball]].mean(1) - eye
        dark = way[:, 2] > 0.92 * np.linalg.norm(way, axis=1)
        colours[ball] = np.where(dark[:, None], [0.2, 0.12, 0.1], 0.95)
    own = positions(flame.face.landmarks["mediapipe"], template.astype(np.float32), faces.astype(np.int32))
    sides = [Side(flame.head.eyes.mean(0) - [0, 0.03, 0.05], 1600, 420, 480, yaw) for yaw in (-0.5, 0.0, 0.5)]
    pictures = [shaded(template, faces, colours, side, 0.5) for side in sides]
    for side, seen in zip(sides, detect_pictures(pictures, model), strict=True):
        assert seen is not None
        missed, by_itself = (
            np.median(np.linalg.norm(side.project(places)[:, :2] - seen["points"][:, :2], axis=1)) / 1.6
            for places in (own.astype(np.float64), flame.made.truth().astype(np.float64))
        )
        assert missed < 3.5 and missed < by_itself + 0.4  # millimetres
