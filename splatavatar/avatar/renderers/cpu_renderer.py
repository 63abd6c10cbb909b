"""The renderer of the CPU: from rig parameters to pixels in one native call. Needs no torch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from splatavatar.array_types import Floats
from splatavatar.avatar.avatar import Avatar
from splatavatar.avatar.renderers.renderer import Colour, Picture, picture_out, pose_of_each, posed_gaussians
from splatavatar.gaussians.gaussians import Gaussians
from splatavatar.render import _native
from splatavatar.render.camera import Camera
from splatavatar.render.drawable import check_size
from splatavatar.rig.rig import PoseParameters

STAGES = ("rig", "frames", "gaussians", "sort", "blend")
"""rig: blendshapes and skinning; frames: of the triangles; gaussians: to the world and onto the picture; sort: by depth
and into tiles; blend: tiles to pixels"""


@dataclass(frozen=True)
class Drawn:
    """A picture that was made as soon as it was begun; see ``Drawing``."""

    picture: Picture
    done = True

    def finish(self) -> Picture:
        """See ``Drawing``."""
        return self.picture


class CpuRenderer:
    """An avatar that the CPU draws; see ``Renderer``.

    Pictures of one size allocate nothing but themselves, unless a pose or a camera fills more tiles than all before.
    Threads may share an instance: their pictures are made one after the other.
    """

    kind = "cpu"

    def __init__(self, avatar: Avatar) -> None:
        rig, g, c = avatar.rig, avatar.gaussians, avatar.correctives
        self.avatar = avatar
        body = (rig.template, rig.expression_basis, rig.joints, rig.parents)
        skin = (rig.skin_joints, rig.skin_weights, rig.pose_basis, rig.joint_expression_basis)
        self._rig = _native.RigPose(*body, *skin)
        self._native = _native.DrivePath(
            *body,
            *skin,
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

    def render(
        self,
        parameters: PoseParameters,
        camera: Camera,
        background: Colour | None = None,
        out: Picture | None = None,
    ) -> Picture:
        """See ``Renderer``."""
        shape = (camera.height, camera.width, 4 if background is None else 3)
        check_size(camera.width, camera.height, shape[2] if out is None else 0)
        image = picture_out(out, shape)
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

    def begin(
        self,
        parameters: PoseParameters,
        camera: Camera,
        background: Colour | None = None,
        out: Picture | None = None,
    ) -> Drawn:
        """See ``Renderer``; it is made at once."""
        return Drawn(self.render(parameters, camera, background, out))

    def render_batch(
        self,
        poses: Sequence[PoseParameters],
        cameras: Sequence[Camera],
        background: Colour | None = None,
        pose: Sequence[int] | None = None,
        out: Picture | None = None,
    ) -> Picture:
        """See ``Renderer``; one picture after the other."""
        which = pose_of_each(poses, cameras, pose)
        width, height = cameras[0].width, cameras[0].height
        pictures = picture_out(out, (len(cameras), height, width, 4 if background is None else 3))
        for picture, index, camera in zip(pictures, which, cameras, strict=True):
            self.render(poses[index], camera, background, picture)
        return pictures

    def stream(
        self,
        frames: Iterable[tuple[Sequence[PoseParameters], Sequence[Camera]]],
        background: Colour | None = None,
        pose: Sequence[int] | None = None,
    ) -> Iterator[Picture]:
        """See ``Renderer``."""
        for poses, cameras in frames:
            yield self.render_batch(poses, cameras, background, pose)

    def timings(self) -> dict[str, float]:
        """Milliseconds of the last picture, of whichever thread, by stage (``STAGES``), and ``total``."""
        stages = dict(zip(STAGES, self._native.milliseconds(), strict=True))
        return {**stages, "total": sum(stages.values())}

    def stage_milliseconds(
        self,
        poses: Sequence[PoseParameters],
        cameras: Sequence[Camera],
        background: Colour | None = None,
        pose: Sequence[int] | None = None,
    ) -> dict[str, float]:
        """See ``Renderer``; the sum over the pictures, one of which is made after the other in any case."""
        milliseconds = dict.fromkeys(STAGES, 0.0)
        for index, camera in zip(pose_of_each(poses, cameras, pose), cameras, strict=True):
            self.render(poses[index], camera, background)
            for stage, taken in zip(STAGES, self._native.milliseconds(), strict=True):
                milliseconds[stage] += taken
        return milliseconds

    @property
    def device(self) -> str:
        """What computes, in words."""
        return f"CPU: {_native.thread_count()} threads, {_native.instruction_set()}"

    @property
    def visible(self) -> int:
        """Gaussians that touched a pixel of the last picture, of whichever thread."""
        return int(self._native.visible)

    def vertices(self, parameters: PoseParameters) -> Floats:
        """See ``Renderer``."""
        posed = np.empty(self.avatar.rig.template.shape, np.float32)
        self._rig.pose(parameters.expression, parameters.joint_rotations, parameters.translation, posed)
        return posed

    def gaussians(self, parameters: PoseParameters) -> tuple[Gaussians[Floats], Floats]:
        """See ``Renderer``."""
        return posed_gaussians(self.avatar, self.vertices(parameters), parameters)
