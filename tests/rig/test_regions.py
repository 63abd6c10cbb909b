import numpy as np
import pytest

from splatavatar.rig.regions import components, seam

APART = (
    "skin", "lips", "mouth", "tongue", "eye_left", "eye_right", "eye_sockets", "teeth_upper", "teeth_lower",
)  # fmt: skip
ON_SKIN = ("eyelids", "ears", "neck", "scalp")


@pytest.fixture(params=["mean_head", "mean_body"])
def rig(request):
    return request.getfixturevalue(request.param)


def centres(rig, name):
    return rig.template[rig.faces[rig.regions[name]]].mean(1)


def test_they_cover_the_mesh_once(rig):
    together = np.concatenate([rig.regions[name] for name in APART])
    np.testing.assert_array_equal(np.sort(together), np.arange(len(rig.faces)))


def test_parts_of_the_skin_are_skin(rig):
    for name in ON_SKIN:
        assert len(rig.regions[name])
        assert np.isin(rig.regions[name], rig.regions["skin"]).all()
    for first, second in (("ears", "scalp"), ("ears", "eyelids"), ("neck", "scalp"), ("neck", "eyelids")):
        assert not np.isin(rig.regions[first], rig.regions[second]).any()


def test_the_two_sides_are_mirror_images(rig):
    for name in ("lips", "eyelids", "ears", "neck", "scalp"):
        centre = centres(rig, name)
        distance = np.linalg.norm(centre[:, None] - centre * [-1, 1, 1], axis=2).min(1)
        assert np.quantile(distance, 0.95) < 5e-3, name
    left, right = centres(rig, "eye_left").mean(0), centres(rig, "eye_right").mean(0)
    assert left[0] > 0.02
    # Of the right eye the head has only the front half.
    np.testing.assert_allclose(left[:2] * [-1, 1], right[:2], atol=1e-3)


def test_they_lie_where_they_should(rig):
    eye = centres(rig, "eye_left").mean(0)
    lips, ears, scalp, neck = (centres(rig, name) for name in ("lips", "ears", "scalp", "neck"))
    assert lips[:, 1].max() < eye[1] - 0.03
    assert np.abs(ears[:, 0]).min() > np.abs(lips[:, 0]).max() + 0.02
    assert scalp[:, 1].max() > eye[1] + 0.08
    assert neck[:, 1].max() < eye[1]
    assert np.linalg.norm(centres(rig, "eyelids") * [1, 1, 0] - eye * [1, 1, 0], axis=1).min() < 0.01
    assert (centres(rig, "tongue")[:, 2] < lips[:, 2].max()).all()
    assert 0.015 < lips[:, 0].max() < 0.035


def test_components_join_faces_with_a_common_corner():
    faces = np.array([[0, 1, 2], [2, 3, 4], [5, 6, 7], [7, 8, 5]], np.int32)
    np.testing.assert_array_equal(components(faces), [0, 0, 1, 1])


def test_seam_is_what_two_sets_share():
    faces = np.array([[0, 1, 2], [1, 2, 3], [4, 5, 6]], np.int32)
    np.testing.assert_array_equal(seam(faces, np.array([0]), np.array([1, 2])), [1, 2])
