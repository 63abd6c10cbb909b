"""A head that is posed as FLAME is, of 80 points of our own, and pictures that show where its points are.

Linear blend skinning as the model of Li et al., "Learning a model of facial shape and expression from 4D scans" (2017),
has it: shape and expression are added to the template, joints are regressed from that, correctives are linear in the
entries of R - I of all joints but the root, and the joints turn about one another.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image

from splatavatar.capture.capture import Capture, RigParameters
from splatavatar.capture.images import load_frame
from splatavatar.rotations import rotation_matrices

JOINTS = ("root", "neck", "jaw", "left_eye", "right_eye")
PARENTS = (-1, 0, 1, 1, 1)
POINTS, SHAPES, EXPRESSIONS = 80, 300, 100


class FlameLike:
    """The model; points are (P, 3) metres, +Y up, facing +Z, 80 of them unless they come from elsewhere."""

    def __init__(self) -> None:
        rng = np.random.default_rng(5)
        self.template = rng.uniform([-0.08, -0.12, -0.09], [0.08, 0.12, 0.11], (POINTS, 3))
        self.shape_basis = rng.normal(0, 0.002, (POINTS, 3, SHAPES)) / np.sqrt(1 + np.arange(SHAPES))
        self.expression_basis = rng.normal(0, 0.002, (POINTS, 3, EXPRESSIONS)) / np.sqrt(1 + np.arange(EXPRESSIONS))
        self.pose_basis = rng.normal(0, 0.003, (POINTS, 3, 36))
        # Joints lie low in the neck, in the neck, in the jaw and in the eyes: each is the mean of points near there.
        places = np.array(
            [[0, -0.11, -0.03], [0, -0.06, -0.02], [0, -0.02, 0.02], [0.03, 0.03, 0.06], [-0.03, 0.03, 0.06]]
        )
        near = np.exp(-(np.linalg.norm(self.template - places[:, None], axis=2) ** 2) / 2e-3)
        self.regressor = near / near.sum(1, keepdims=True)
        self.weights = near.T / near.sum(0)[:, None]

    @staticmethod
    def of_file(arrays: Mapping[str, np.ndarray]) -> FlameLike:
        """The same of the arrays of a file of FLAME, by their official names."""
        model = FlameLike()
        model.template, model.pose_basis = arrays["v_template"], arrays["posedirs"]
        model.shape_basis, model.expression_basis = np.split(arrays["shapedirs"], [SHAPES], axis=2)
        model.regressor, model.weights = arrays["J_regressor"], arrays["weights"]
        return model

    def points(
        self,
        shape: np.ndarray,
        expression: np.ndarray,
        turns: Mapping[str, np.ndarray],
        translation: np.ndarray | None = None,
        offset: np.ndarray | None = None,
    ) -> np.ndarray:
        """(P, 3) posed; ``turns`` are matrices (3, 3) by joint."""
        shaped = self.template + self.shape_basis[..., : len(shape)] @ shape
        shaped = shaped + self.expression_basis[..., : len(expression)] @ expression
        shaped = shaped + (0 if offset is None else offset[: len(shaped)])
        joints = self.regressor @ shaped
        R = np.stack([turns.get(name, np.eye(3)) for name in JOINTS])
        posed = shaped + self.pose_basis @ (R[1:] - np.eye(3)).ravel()
        world: list[np.ndarray] = []
        for joint, parent in enumerate(PARENTS):
            T = np.eye(4)
            T[:3, :3], T[:3, 3] = R[joint], joints[joint] - R[joint] @ joints[joint]
            world.append(T if parent < 0 else world[parent] @ T)
        T = np.einsum("vj,jab->vab", self.weights, np.stack(world))
        moved = np.einsum("vab,vb->va", T[:, :3, :3], posed) + T[:, :3, 3]
        return np.asarray(moved + (0 if translation is None else translation))

    def of(self, parameters: RigParameters, timestep: int) -> np.ndarray:
        """(P, 3) as ``parameters`` say that a rig called flame stands."""
        assert parameters.rig == "flame"
        shape = np.zeros(SHAPES)
        for name, value in parameters.identity.items():
            shape[int(name.removeprefix("shape_"))] = value
        expression = np.zeros(EXPRESSIONS)
        for name, value in zip(parameters.expression_names, parameters.expression[timestep], strict=True):
            expression[int(name.removeprefix("expression_"))] = value
        turns = {name: rotation_matrices(rows[timestep]) for name, rows in parameters.joint_rotations.items()}
        translation = None if parameters.translation is None else parameters.translation[timestep]
        return self.points(shape, expression, turns, translation, parameters.template_offset)


def projected(points: np.ndarray, T_camera_world: np.ndarray, K: np.ndarray) -> np.ndarray:
    """(P, 2) pixels of ``points`` (P, 3), by a pinhole with OpenCV's axes."""
    seen = (points @ T_camera_world[:3, :3].T + T_camera_world[:3, 3]) @ K.T
    assert (seen[:, 2] > 0).all()
    return np.asarray(seen[:, :2] / seen[:, 2:])


def draw(path: Path, pixels: np.ndarray, size: tuple[int, int], alpha: bool = False) -> None:
    """A black picture of ``size`` (width, height) with a white dot of 3x3 pixels at each of ``pixels`` (P, 2)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = dots(pixels, size)
    matte = np.full((*image.shape[:2], 1), 255, np.uint8)
    Image.fromarray(np.concatenate([image, matte], 2) if alpha else image).save(path, quality=98, subsampling=0)


def dots(pixels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The picture (H, W, 3) of ``draw``."""
    image = np.zeros((size[1], size[0], 3), np.uint8)
    inside = 0
    for x, y in np.floor(pixels).astype(int).tolist():
        if 1 < x < size[0] - 2 and 1 < y < size[1] - 2:
            image[y - 1 : y + 2, x - 1 : x + 2] = 255
            inside += 1
    assert inside > len(pixels) / 2, "the head is not in its picture"
    return image


def check_pixels(capture: Capture, model: FlameLike, frames: int | None = None) -> None:
    """The points of ``model``, posed and seen as ``capture`` says, lie on the dots of its pictures."""
    parameters = capture.rig_parameters
    assert parameters is not None
    for frame in capture.frames[:frames]:
        picture = load_frame(frame)[0]
        height, width = picture.shape[:2]
        camera = frame.camera
        assert (camera.width, camera.height) == (width, height)
        pixels = projected(model.of(parameters, frame.timestep), camera.T_camera_world, camera.K)
        inside = ((pixels > 3) & (pixels < np.array([width, height]) - 3)).all(1)
        assert inside.sum() > POINTS / 2
        x, y = np.floor(pixels[inside]).astype(int).T
        assert picture[y, x].min() > 150, f"points of {frame.name} lie beside their pixels"
        assert picture.mean() < 60  # and it is not white all over
