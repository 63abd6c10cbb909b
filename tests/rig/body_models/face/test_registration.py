"""Anny on templates: where the truth is known, where there is no face, and on a head in the topology of FLAME."""

from __future__ import annotations

import zipfile
from dataclasses import replace

import numpy as np
import pytest

from splatavatar.errors import RigError
from splatavatar.rig.arkit import NAMES
from splatavatar.rig.body_models.face.registration import Head, head_of, register
from splatavatar.rig.body_models.model_file import FLAME, ModelFile
from splatavatar.rig.landmarks import positions
from splatavatar.rig.regions import components
from splatavatar.rig.rig import Rig
from splatavatar.rotations import rotation_matrices
from support.body_models import arrays_of
from support.laid import Laid
from support.shared import shared


@pytest.mark.parametrize("which", ["flame", "smplx_body"])
def test_landmarks_lie_where_they_are(which: str, anny: Rig, request: pytest.FixtureRequest) -> None:
    one: Laid = request.getfixturevalue(which)
    for name, median, most in (("mediapipe", 0.9e-3, 3.5e-3), ("ibug68", 0.9e-3, 3.5e-3)):
        found = positions(anny.landmarks[name], one.laid.vertices.astype(np.float32), anny.faces)
        missed = np.linalg.norm(found - one.made.truth(name), axis=1)
        assert np.median(missed) < median and np.quantile(missed, 0.95) < most, name


def test_lips_lie_on_lips(anny: Rig, flame: Laid) -> None:
    """No vertex of a lip lies where the other one is."""
    for name, most in (("lips", 1.5e-3), ("eyelids", 2e-3), ("ears", 2.5e-3)):
        rows = np.unique(anny.faces[anny.regions[name]])
        missed = np.linalg.norm(flame.laid.vertices[rows] - flame.made.person.template[rows], axis=1)
        assert np.quantile(missed, 0.95) < most, name
        assert np.nanmedian(flame.laid.distance[rows]) < 0.5e-3, name
    assert flame.laid.scale == pytest.approx(1.02, abs=0.03)


def test_a_face_of_another_size_and_place(anny: Rig, flame: Laid) -> None:
    """As where a model stands elsewhere, in other proportions and looks a little down."""
    head = flame.head
    turn = rotation_matrices(np.array([0.06, 0, 0]))

    def moved(points: np.ndarray) -> np.ndarray:
        return 1.15 * (points @ turn.T) + [0.1, 1.5, -0.2]

    other = Head(moved(head.vertices), head.skin, head.eyeballs, moved(head.eyes))
    heard: list[float] = []
    laid = register(anny, other, lambda _, fraction: heard.append(fraction))
    assert heard == sorted(heard) and heard[0] == 0 and heard[-1] > 0.9
    found = positions(anny.landmarks["mediapipe"], laid.vertices.astype(np.float32), anny.faces)
    missed = np.linalg.norm(found - moved(flame.made.truth()), axis=1)
    assert np.median(missed) < 1.2e-3 and laid.scale / flame.laid.scale == pytest.approx(1.15, abs=0.02)


def test_what_is_no_face_is_refused(anny: Rig, flame: Laid) -> None:
    head = flame.head
    about = rotation_matrices(np.array([0, np.pi, 0]))
    behind = Head(head.vertices @ about.T, head.skin, head.eyeballs, head.eyes @ about.T)
    with pytest.raises(RigError, match="it is -61, 0, 0 mm, expected some 60 to the subject's left"):
        register(anny, behind)
    with pytest.raises(RigError, match="it has no eyeballs"):
        register(anny, replace(head, eyeballs=head.eyeballs[:0]))
    mask = head.vertices[head.skin].mean(1)[:, 1] > head.eyes[0, 1] + 0.03
    with pytest.raises(RigError, match="neither lips nor lids"):
        register(anny, replace(head, skin=head.skin[mask]))
    ball = arrays_of(FLAME, 400)
    joints = ball["J_regressor"]
    model = ModelFile(
        FLAME, "npz", ball["v_template"], ball["shapedirs"][..., :300], ball["shapedirs"][..., 300:],
        ball["posedirs"], joints, np.array([-1, 0, 1, 1, 1]), ball["weights"], ball["f"].astype(np.int64),
    )  # fmt: skip
    with pytest.raises(RigError, match="no face was found on the template"):
        register(anny, head_of(model))


@pytest.mark.shared
def test_the_head_of_another_tool_in_the_topology_of_flame(anny: Rig) -> None:
    """A personal head with ARKit's shapes: lips keep apart, and ours move as the shapes of that name do."""
    from splatavatar.avatar.importers.lam_bundle.glb import parse_glb
    from splatavatar.avatar.importers.lam_bundle.skinned_mesh import read_skinned_mesh
    from splatavatar.rig.body_models.face.carried import carried_deformations, corresponding

    with zipfile.ZipFile(shared("interop/lam-p2-1.zip")) as bundle:
        mesh = read_skinned_mesh(parse_glb(bundle.read("p2-1/skin.glb")), NAMES)
    faces, vertices = mesh.faces.astype(np.int64), mesh.vertices.astype(np.float64)
    piece = components(mesh.faces)
    sizes = np.argsort(-np.bincount(piece))
    middle = [vertices[np.unique(faces[piece == one])].mean(0) for one in sizes[1:3]]
    skin = piece == sizes[0]
    eyes = np.array(sorted(middle, key=lambda eye: -eye[0]))
    head = Head(vertices, faces[skin], faces[np.isin(piece, sizes[1:3])], eyes)
    laid = register(anny, head)
    lips = np.unique(anny.faces[anny.regions["lips"]])
    assert np.nanquantile(laid.distance[lips], 0.95) < 3e-3
    assert np.nanquantile(laid.distance, 0.5) < 0.3e-3
    ours = carried_deformations(anny, laid, corresponding(anny, laid, head), anny.expression_basis)
    theirs = dict(zip(mesh.target_names, mesh.targets.astype(np.float64), strict=True))
    alike = []
    for number, name in enumerate(anny.expression_names):
        if name in theirs and not name.startswith("eyeLook"):
            one, other = ours[number], theirs[name]
            seen = np.unique(head.skin)
            cosine = (one[seen] * other[seen]).sum() / np.linalg.norm(one[seen]) / np.linalg.norm(other[seen])
            alike.append(cosine)
            assert cosine > 0.4, name
    assert len(alike) > 40 and np.median(alike) > 0.75
