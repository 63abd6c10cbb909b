"""Pictures together with the rig as it stood in them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from splatavatar.array_types import AnyArray, Bytes, Doubles, Floats
from splatavatar.bake.engines.engine import Target
from splatavatar.bake.scoring.metrics import with_head
from splatavatar.bake.training.rig_motion import RigMotion
from splatavatar.capture.head_region import head_region
from splatavatar.rig.rig import Rig
from splatavatar.rotations import nearest_rotations


@dataclass(frozen=True)
class PosedView:
    """One picture."""

    target: Target
    vertices: Floats
    """(V, 3) metres, rig frame"""

    def pixels(self, points: AnyArray) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
        """Row and column of the pixels that show ``points`` (N, 3), clipped to the picture, and which lie inside."""
        camera = self.target.camera
        local = points @ camera.T_camera_world[:3, :3].T + camera.T_camera_world[:3, 3]
        pixel = (local @ camera.K.T)[:, :2] / np.maximum(local[:, 2:], 1e-6)
        column, row = np.floor(pixel).astype(np.int64).T
        inside = (column >= 0) & (column < camera.width) & (row >= 0) & (row < camera.height) & (local[:, 2] > 0)
        return row.clip(0, camera.height - 1), column.clip(0, camera.width - 1), inside

    @property
    def pixels_a_metre(self) -> float:
        """At the middle of the rig."""
        camera = self.target.camera
        return float(camera.K[0, 0] / max(float(np.linalg.norm(camera.position - self.vertices.mean(0))), 1e-3))

    def disc(self, radius: float) -> Bytes:
        """A kernel of about ``radius`` metres at the middle of the rig, of one pixel at least."""
        import cv2

        reach = max(1, round(radius * self.pixels_a_metre))
        return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1)), np.uint8)

    def with_head(self, rig: Rig, points: Doubles) -> Doubles:
        """Where ``points`` (N, 3) beside the resting head of ``rig`` are, if they go with the head; metres, rig
        frame."""
        skull = np.unique(rig.faces[rig.regions["scalp"]])
        rest, posed = rig.template[skull].astype(np.float64), self.vertices[skull].astype(np.float64)
        turn = nearest_rotations(((posed - posed.mean(0)).T @ (rest - rest.mean(0)))[None])[0]
        return np.asarray((points - rest.mean(0)) @ turn.T + posed.mean(0))


def looked_at(target: Target, motion: RigMotion) -> Target:
    """The ``target`` with a rectangle that holds all that the rig shows in the picture too.

    Where a frame was cropped or has bars the body goes on beyond the matte: what is there must learn to be clear.
    """
    view = PosedView(target, motion.vertices(target.timestep).numpy(force=True))
    rows, columns, inside = view.pixels(view.vertices)
    if not inside.any():
        return target
    x0, y0, x1, y1 = target.rectangle
    rows, columns = rows[inside], columns[inside]
    low = min(x0, int(columns.min())), min(y0, int(rows.min()))
    return replace(target, rectangle=(*low, max(x1, int(columns.max()) + 1), max(y1, int(rows.max()) + 1)))


def counting_head(target: Target, motion: RigMotion) -> Target:
    """The ``target`` with a matte that holds the head of the rig: for scores, in which an empty one must not count."""
    vertices = motion.vertices(target.timestep).numpy(force=True)
    matte = with_head(target.rgba[..., 3], head_region(motion.rig, vertices, target.camera))
    return replace(target, rgba=np.dstack([target.rgba[..., :3], matte]))


def all_round(targets: list[Target], motion: RigMotion, count: int) -> list[PosedView]:
    """Views that show the rig from as many sides as the pictures do.

    All of the first timestep where several cameras took it; else ``count`` pictures, each as far as can be from those
    before it in the direction that the head is seen from.
    """
    first = min(t.timestep for t in targets)
    facing = [t for t in targets if t.timestep == first]
    if len(facing) < 2:
        facing = _apart(targets, _turns(targets, motion), count)
    return [PosedView(t, motion.vertices(t.timestep).numpy(force=True)) for t in facing]


def sides(targets: list[Target], motion: RigMotion, count: int) -> list[PosedView]:
    """At most ``count`` of all pictures, each of a side of the head as far as can be from those before it."""
    # A camera that stands elsewhere shows another side as a turn of the head does.
    ways = np.array([t.camera.T_camera_world[2, :3] for t in targets])
    chosen = _apart(targets, np.concatenate([_turns(targets, motion), ways], 1), count)
    return [PosedView(t, motion.vertices(t.timestep).numpy(force=True)) for t in chosen]


def _turns(targets: list[Target], motion: RigMotion) -> NDArray[np.floating]:
    return np.asarray(motion.joint_rotations[[t.timestep for t in targets]].sum(1).numpy(force=True))


def _apart(targets: list[Target], ways: NDArray[np.floating], count: int) -> list[Target]:
    """At most ``count``, each as far as can be from those before it by its row of ``ways`` (T, D)."""
    chosen, distance = [0], np.full(len(targets), np.inf)
    while len(chosen) < min(count, len(targets)):
        distance = np.minimum(distance, np.linalg.norm(ways - ways[chosen[-1]], axis=1))
        chosen.append(int(distance.argmax()))
    return [targets[i] for i in chosen]
