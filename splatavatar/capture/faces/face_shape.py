"""The landmarks of a face laid over those of one person, and what they say once they lie there.

Which way a head is turned is found by laying its landmarks over the mean landmarks of that very person, not over a
canonical face: what is peculiar to the shape of the face, and to where the detector sees its landmarks, is in both.
The fit is that of S. Umeyama, "Least-squares estimation of transformation parameters between two point patterns"
(PAMI 1991), over landmarks that lie on bone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from splatavatar.array_types import Doubles
from splatavatar.rotations import axis_angles

BONY = np.array(
    [
        *(33, 133, 362, 263, 168, 6, 197, 195, 5, 4, 1, 2, 98, 327, 129, 358, 8, 9, 151, 10, 108, 337, 109, 338, 67),
        *(297, 103, 332, 54, 284, 21, 251, 127, 356, 234, 454, 162, 389, 50, 280, 116, 345, 117, 346, 123, 352, 93),
        *(323, 48, 278, 64, 294, 27, 257, 130, 359, 70, 300, 46, 276),
    ]
)
"""corners of the eyes, nose, forehead, temples and cheekbones: what a face hardly moves"""
EYES = np.array([33, 263])
"""outer corners of the eyes: the eye span, which lengths are measured in, lies between them"""
ROUNDS = 5
"""of laying all frames over their mean, and of taking the mean anew"""
LANDMARK_GAIN, TURN_GAIN = 3.0, 3.0
"""of eye spans and of radians among features whose scores count 1"""


@dataclass(frozen=True)
class AlignedFaces:
    """N faces laid over a shape."""

    points: Doubles
    """(N, L, 3) eye spans, in the axes of the shape"""
    rotation: Doubles
    """(N, 3, 3) from the axes of the shape to right, up, back of the camera"""

    def bones(self, shape: Doubles) -> Doubles:
        """(N, B, 3) eye spans by which the landmarks on bone lie off those of ``shape`` (L, 3)."""
        return np.asarray(self.points[:, BONY] - shape[BONY])


def aligned(points: Doubles, shape: Doubles) -> AlignedFaces:
    """The landmarks ``points`` (N, L, 3) laid over ``shape`` (L, 3), by turn, place and size.

    ``points`` are as MediaPipe has them: pixels right and down, and depth away from the camera in the same unit.
    """
    points = points * (1.0, -1.0, -1.0)
    bones, goal = points[:, BONY], shape[BONY]
    middle, about = bones.mean(1, keepdims=True), goal.mean(0)
    bones = bones - middle
    U, S, Vt = np.linalg.svd(np.einsum("nli,lj->nij", bones, goal - about))
    # A mirror image is no turn.
    sign = np.where(np.linalg.det(U @ Vt) < 0, -1.0, 1.0)
    U[:, :, 2] *= sign[:, None]
    S[:, 2] *= sign
    rotation = U @ Vt
    size = S.sum(1) / np.maximum((bones**2).sum((1, 2)), 1e-12)
    return AlignedFaces(size[:, None, None] * ((points - middle) @ rotation) + about, rotation)


def mean_shape(points: Doubles) -> Doubles:
    """The mean (L, 3) of the faces ``points`` (N, L, 3) of one person laid over each other, in eye spans.

    Its axes are those of the camera of the first frame. The origin is the middle of the landmarks on bone.
    """
    shape = points[0] * (1.0, -1.0, -1.0)
    for _ in range(ROUNDS):
        shape = aligned(points, shape).points.mean(0)
        shape = (shape - shape[BONY].mean(0)) / np.linalg.norm(shape[EYES[0]] - shape[EYES[1]])
    return np.asarray(shape)


def features(faces: AlignedFaces, scores: Doubles, shape: Doubles) -> Doubles:
    """What a likeness is a function of (N, 2 L + 52 + 3): how landmarks lie off ``shape`` (L, 3), scores, and the turn.

    ``scores`` (N, 52) are those of the detector. Depth is left out: a network guesses it.
    """
    off = (faces.points - shape)[..., :2].reshape(len(scores), -1)
    return np.concatenate([LANDMARK_GAIN * off, scores, TURN_GAIN * axis_angles(faces.rotation)], 1)
