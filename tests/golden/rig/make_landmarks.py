"""make_landmarks.py CAPTURE MODEL.task: measure MediaPipe's 478 landmarks on anny-head, write the package's table.

CAPTURE is a folder with rig parameters; MODEL.task is MediaPipe's face_landmarker model. anny-body is cut from the same
mesh, so its faces are found by their texture coordinates.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from splatavatar.capture.readers.transforms import read_transforms
from splatavatar.rig.landmarks import DATA, IBUG68, View, measure
from splatavatar.rig.loader import load_rig
from splatavatar.rig.posing import pose_numpy
from splatavatar.rig.rig import PoseParameters, Rig, SurfacePoints

CARRIES = ((("skin", "lips"), slice(0, 468)), (("eye_left", "eye_right"), slice(468, 478)))
"""regions that carry landmarks, and which: the skin of the face, then the irises"""


def part(rig: Rig, views: list[View], regions: tuple[str, ...], rows: slice) -> tuple[SurfacePoints, np.ndarray]:
    allowed = np.unique(np.concatenate([rig.regions[name] for name in regions]))
    return measure(rig, [replace(view, pixels=view.pixels[rows]) for view in views], allowed)


def posed(rig: Rig, parameters, timestep: int) -> np.ndarray:
    pose = PoseParameters.neutral(rig)
    columns = [rig.expression_names.index(name) for name in parameters.expression_names]
    pose.expression[columns] = parameters.expression[timestep]
    for name, rotations in parameters.joint_rotations.items():
        pose.joint_rotations[rig.joint_names.index(name)] = rotations[timestep]
    return pose_numpy(rig, pose)


def observations(rig: Rig, capture, model: Path):
    import mediapipe
    from mediapipe.tasks.python import BaseOptions, vision

    options = vision.FaceLandmarkerOptions(base_options=BaseOptions(model_asset_path=str(model)))
    meshes: dict[int, np.ndarray] = {}
    with vision.FaceLandmarker.create_from_options(options) as landmarker:
        for frame in capture.frames:
            found = landmarker.detect(mediapipe.Image.create_from_file(str(frame.picture))).face_landmarks
            if found:
                if frame.timestep not in meshes:
                    meshes[frame.timestep] = posed(rig, capture.rig_parameters, frame.timestep)
                size = np.array([frame.camera.width, frame.camera.height])
                pixels = np.array([[p.x, p.y] for p in found[0]]) * size
                yield View(meshes[frame.timestep], frame.camera.T_camera_world, frame.camera.K, pixels)


def carried_over(points: SurfacePoints, source: Rig, target: Rig) -> SurfacePoints:
    """The same points on a rig that has the same faces among others, maybe with their corners in another order."""

    def corner_keys(rig: Rig, face: int) -> list[tuple[int, int]]:
        return [tuple(corner) for corner in np.round(rig.uv[face] * 1e6).astype(int).tolist()]

    index = {frozenset(corner_keys(target, face)): face for face in range(len(target.faces))}
    faces, weights = [], []
    for face, barycentric in zip(points.face, points.barycentric, strict=True):
        keys = corner_keys(source, face)
        found = index[frozenset(keys)]
        faces.append(found)
        weights.append([barycentric[keys.index(key)] for key in corner_keys(target, found)])
    return SurfacePoints(np.array(faces, np.int32), np.array(weights, np.float32))


def main() -> None:
    capture, model = read_transforms(Path(sys.argv[1])), Path(sys.argv[2])
    rig = load_rig("anny-head", capture.rig_parameters.identity)
    views = list(observations(rig, capture, model))
    # A ray at the edge of a lid may pass it and hit the eye, and one at the edge of the iris may hit a lid.
    found = [part(rig, views, names, rows) for names, rows in CARRIES]
    points = SurfacePoints(*(np.concatenate([getattr(p, name) for p, _ in found]) for name in ("face", "barycentric")))
    spread = np.concatenate([each for _, each in found])
    body = carried_over(points, rig, load_rig("anny-body", {}))
    arrays = {"anny-head.face": points.face, "anny-head.barycentric": points.barycentric}
    arrays |= {"anny-body.face": body.face, "anny-body.barycentric": body.barycentric}
    np.savez_compressed(DATA, **arrays)
    for name, chosen in (("mediapipe", spread), ("ibug68", spread[list(IBUG68)])):
        middle, high = np.percentile(chosen * 1e3, [50, 90])
        print(f"{name}: {len(views)} views, observations spread by {middle:.2f} mm (median), {high:.2f} mm (90 %)")


if __name__ == "__main__":
    main()
