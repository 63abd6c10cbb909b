"""A body model as a picture: its face with what was carried over to it, and some of its expressions."""

from __future__ import annotations

import numpy as np

from splatavatar.array_types import Bytes, Doubles
from splatavatar.rig.arkit import INDEX, NAMES
from splatavatar.rig.body_models.face.face_map import FaceMap
from splatavatar.rig.body_models.face.shaded import Side, shaded
from splatavatar.rig.body_models.model_file import ModelFile
from splatavatar.rig.landmarks import positions
from splatavatar.rotations import rotation_matrices

LARGE, SMALL = 640, 320
"""pixels of a picture of the upper row, which has two, and of the lower, which has four"""
HEAD = 5.4
"""height of what is seen, in distances between the eyes"""
BELOW = 0.55
"""how far below the eyes its middle is"""
ASIDE = np.radians(60.0)
SHOWN = (
    ("jawOpen",),
    ("mouthSmileLeft", "mouthSmileRight"),
    ("eyeBlinkLeft", "eyeBlinkRight"),
    ("browInnerUp", "browOuterUpLeft", "browOuterUpRight"),
)
"""coefficients at 1 in the pictures of the lower row"""
SKIN = (0.85, 0.68, 0.58)
COLOURS = {
    **{"scalp": (0.45, 0.36, 0.30), "neck": (0.75, 0.72, 0.40), "ears": (0.45, 0.75, 0.45)},
    **{"eyelids": (0.45, 0.60, 0.90), "lips": (0.85, 0.35, 0.35), "mouth": (0.50, 0.15, 0.30)},
    **{"eye_sockets": (0.35, 0.65, 0.65), "eye_left": (0.95,) * 3, "eye_right": (0.95,) * 3},
}
"""of the regions, the later ones over the earlier"""
IRIS, IRIS_COLOUR = 0.9, (0.25, 0.17, 0.12)
"""cosine to the axis of the eye within which it is dark"""
DOTS = (("mediapipe", 0, (20, 90, 30)), ("ibug68", 1, (220, 30, 40)))
"""landmarks, how many pixels they are wide around their middle, and their colours"""


def draw_model(model: ModelFile, face: FaceMap) -> Bytes:
    """A picture (H, W, 3) of the ``model``.

    Above it is seen from the front and from its left, regions in colours and landmarks as dots; below with jawOpen, a
    smile, a blink and raised brows, each coefficient at 1.
    """
    eyes = (model.joint_regressor @ model.template)[list(model.kind.eyes)]
    unit = float(np.linalg.norm(eyes[0] - eyes[1]))
    middle = eyes.mean(0) - [0, BELOW * unit, 0.8 * unit]
    regions = np.tile(np.array(SKIN), (len(model.faces), 1))
    for name, colour in COLOURS.items():
        regions[face.regions[name]] = colour
    plain = np.tile(np.array(SKIN), (len(model.faces), 1))
    for name, joint in zip(("eye_left", "eye_right"), range(2), strict=True):
        ball = face.regions[name]
        way = model.template[model.faces[ball]].mean(1) - eyes[joint]
        dark = way[:, 2] > IRIS * np.linalg.norm(way, axis=1)
        for colours in (regions, plain):
            colours[ball] = np.where(dark[:, None], IRIS_COLOUR, 0.95)
    above = []
    for yaw in (0.0, ASIDE):
        side = Side(middle, LARGE / HEAD / unit, LARGE, LARGE, yaw)
        above.append(_dotted(shaded(model.template, model.faces, regions, side), model, face, side))
    below = []
    for names in SHOWN:
        arkit = np.zeros(len(NAMES))
        arkit[[INDEX[name] for name in names]] = 1
        side = Side(middle, SMALL / HEAD / unit, SMALL, SMALL)
        below.append(shaded(posed(model, face, arkit), model.faces, plain, side))
    return np.concatenate([np.concatenate(above, 1), np.concatenate(below, 1)])


def posed(model: ModelFile, face: FaceMap, arkit: Doubles) -> Doubles:
    """The vertices (V, 3) of ``model`` that show the coefficients ``arkit`` (52)."""
    turns = rotation_matrices(face.arkit_joint_map.astype(np.float64) @ arkit)
    vertices = model.template + model.expression_basis @ (face.arkit_map @ arkit)
    vertices = vertices + model.pose_basis @ (turns[1:] - np.eye(3)).ravel()
    joints = model.joint_regressor @ model.template
    turn, shift = turns.copy(), np.zeros(joints.shape)
    for joint, parent in enumerate(model.parents.tolist()):
        moved = joints[joint]
        if parent >= 0:
            turn[joint] = turn[parent] @ turns[joint]
            moved = turn[parent] @ joints[joint] + shift[parent]
        shift[joint] = moved - turn[joint] @ joints[joint]
    blended = np.einsum("vj,jik->vik", model.weights, turn)
    return np.asarray(np.einsum("vik,vk->vi", blended, vertices) + model.weights @ shift)


def _dotted(picture: Bytes, model: ModelFile, face: FaceMap, side: Side) -> Bytes:
    """``picture`` with the landmarks that face the viewer."""
    a, b, c = (model.template[model.faces[:, corner]] for corner in range(3))
    towards = np.cross(b - a, c - a) @ side.turn[2] > 0
    for name, around, colour in DOTS:
        points = face.landmarks[name]
        places = positions(points, model.template.astype(np.float32), model.faces.astype(np.int32))
        for column, row, _ in side.project(places.astype(np.float64))[towards[points.face]]:
            x, y = int(column), int(row)
            if around <= x < side.width - around and around <= y < side.height - around:
                picture[y - around : y + around + 1, x - around : x + around + 1] = colour
    return picture
