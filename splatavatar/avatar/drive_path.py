"""From rig parameters to pixels in one native call. Needs no torch."""

from __future__ import annotations

from threading import local

import numpy as np
from numpy.typing import NDArray

from splatavatar.avatar.avatar import Avatar
from splatavatar.gaussians.binding import corrected, to_world, world_sh
from splatavatar.gaussians.gaussians import Gaussians
from splatavatar.render import _native
from splatavatar.render.camera import Camera
from splatavatar.render.drawable import check_size
from splatavatar.rig.rig import PoseParameters

Floats = NDArray[np.float32]
STAGES = ("rig", "frames", "gaussians", "sort", "blend")
"""rig: blendshapes and skinning; frames: of the triangles; gaussians: to the world and onto the picture; sort: by depth
and into tiles; blend: tiles to pixels"""


class DrivePath:
    """An avatar prepared for playing.

    Pictures of one size allocate nothing after the first, unless a pose or a camera fills more tiles than all before.
    Threads may share an instance: their pictures are made one after the other, each into a buffer of its thread.
    """

    def __init__(self, avatar: Avatar) -> None:
        rig, g, c = avatar.rig, avatar.gaussians, avatar.correctives
        self.avatar = avatar
        body = (rig.template, rig.expression_basis, rig.joints, rig.parents, rig.skin_joints, rig.skin_weights)
        self._rig = _native.RigPose(*body)
        self._native = _native.DrivePath(
            *body,
            rig.faces,
            g.face,
            g.barycentric,
            g.position,
            g.rotation,
            g.scale,
            g.opacity,
            g.colour,
            g.sh,
            c.position,
            c.colour,
            c.weights,
            c.bias,
        )
        self._own = local()
        """``image``: the picture of each thread"""

    def render(
        self, parameters: PoseParameters, camera: Camera, background: tuple[float, float, float] | None = None
    ) -> NDArray[np.uint8]:
        """One picture.

        Args:
            parameters: of the avatar's rig.
            camera: where to look from; its size is the size of the picture.
            background: RGB in [0, 1] behind the avatar; None leaves it transparent.

        Returns:
            uint8 (H, W, 3) over the background, or (H, W, 4) with straight alpha. The next call of the same thread
            overwrites it.

        Raises:
            SettingsError: a size or a camera that cannot be drawn, too many large Gaussians, or too little memory.
        """
        shape = (camera.height, camera.width, 4 if background is None else 3)
        image: NDArray[np.uint8] | None = getattr(self._own, "image", None)
        if image is None or image.shape != shape:
            check_size(camera.width, camera.height, shape[2])
            image = self._own.image = np.empty(shape, np.uint8)
        self._native.render(
            parameters.expression,
            parameters.joint_rotations,
            parameters.translation,
            camera.T_camera_world,
            camera.K,
            background or (0.0, 0.0, 0.0),
            image,
        )
        return image

    def timings(self) -> dict[str, float]:
        """Milliseconds of the last picture, of whichever thread, by stage (``STAGES``), and ``total``."""
        stages = dict(zip(STAGES, self._native.milliseconds(), strict=True))
        return {**stages, "total": sum(stages.values())}

    @property
    def device(self) -> str:
        """What computes, in words."""
        return f"CPU: {_native.thread_count()} threads, {_native.instruction_set()}"

    @property
    def visible(self) -> int:
        """Gaussians that touched a pixel of the last picture, of whichever thread."""
        return int(self._native.visible)

    def vertices(self, parameters: PoseParameters) -> Floats:
        """(V, 3) posed vertices of the rig, metres."""
        posed = np.empty(self.avatar.rig.template.shape, np.float32)
        self._rig.pose(parameters.expression, parameters.joint_rotations, parameters.translation, posed)
        return posed

    def gaussians(self, parameters: PoseParameters) -> tuple[Gaussians[Floats], Floats]:
        """The posed Gaussians in the world with the part of their colour that does not depend on the view.

        Second, the part that does: spherical harmonics (N, 3, 3) [channel, axis] for directions in the world frame.
        """
        vertices, faces = self.vertices(parameters), self.avatar.rig.faces
        inputs = np.concatenate([parameters.expression, parameters.joint_rotations.ravel()])
        bound = corrected(self.avatar.gaussians, self.avatar.correctives, inputs)
        return to_world(bound, vertices, faces), world_sh(bound, vertices, faces)
