"""Landmarks of made-up faces, and the folder of a capture that might have been prepared from them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np

from splatavatar.capture.capture import RigParameters
from splatavatar.capture.faces.landmarks import Landmarks
from splatavatar.capture.inspection.critique import LIDS, LIPS
from splatavatar.capture.inspection.overlay import project
from splatavatar.capture.preparation.folder import Extraction, landmarks_path, write_extraction, write_json
from splatavatar.capture.readers.camera_fields import T_opengl_opencv, T_rig_world
from splatavatar.capture.readers.rig_params import write_rig_params
from splatavatar.capture.rig_pose import posed_vertices
from splatavatar.capture.video.crop import Crop
from splatavatar.render.camera import Camera
from splatavatar.rig.arkit import INDEX, NAMES
from splatavatar.rig.loader import load_rig
from splatavatar.rotations import rotation_matrices

FPS = 25.0
SPAN = 120.0
"""pixels between the eyes"""
FRAMES = 250


def good_landmarks() -> Landmarks:
    """A clip of ten seconds that lacks nothing: turns, nods, and every expression for a few frames."""
    t = np.arange(FRAMES)
    turned = np.zeros((FRAMES, 3))
    turned[:50, 1] = np.radians(35) * np.sin(2 * np.pi * t[:50] / 50)
    turned[50:100, 0] = -np.radians(15) * np.sin(2 * np.pi * t[50:100] / 50)
    transform = np.tile(np.eye(4), (FRAMES, 1, 1))
    transform[:, :3, :3] = rotation_matrices(turned.astype(np.float32))
    points = np.zeros((FRAMES, 478, 3), np.float32)
    points[:, :, :2] = [320.0, 240.0]
    cosine = np.cos(turned[:, 1])
    points[:, 33, 0] -= SPAN / 2 * cosine
    points[:, 263, 0] += SPAN / 2 * cosine
    lids, lips = np.full(FRAMES, 0.09), np.full(FRAMES, 0.01)
    lids[100:110], lips[110:120], lips[120:130] = 0.015, 0.4, 0.15
    for pair in LIDS:
        points[:, pair[1], 1] += lids * SPAN
    points[:, LIPS[1], 1] += lips * SPAN
    scores = np.zeros((FRAMES, len(NAMES)), np.float32)
    for names, frames in (
        (("mouthSmileLeft", "mouthSmileRight"), 120),
        (("browInnerUp",), 130),
        (("mouthPucker",), 140),
    ):
        scores[frames : frames + 10, [INDEX[name] for name in names]] = 0.9
    return Landmarks(
        time=t / FPS,
        found=np.ones(FRAMES, bool),
        points=points,
        scores=scores,
        transform=transform.astype(np.float32),
        faces=np.ones(FRAMES, np.int64),
        sharpness=np.full(FRAMES, 100.0, np.float32),
        brightness=np.full(FRAMES, 0.5, np.float32),
        width=640,
        height=480,
    )


def without(landmarks: Landmarks, name: str, frames: slice, value: float) -> Landmarks:
    """``landmarks`` with other values of an array in some frames."""
    changed = getattr(landmarks, name).copy()
    changed[frames] = value
    return replace(landmarks, **{name: changed})


def prepared_folder(root: Path) -> tuple[Path, float]:
    """A tracked capture of 40 frames, 6 of them pictures; the landmarks are 3 pixels to the left of where the mesh is.

    Returned with the error in eye spans. In the frames 10 to 14 there is no face.
    """
    import cv2

    root.mkdir()
    (root / "images").mkdir()
    (root / "masks").mkdir()
    (root / "landmarks").mkdir()
    T, size = 40, 160
    rig = load_rig("anny-head")
    expression = np.zeros((T, len(rig.expression_names)), np.float32)
    expression[:, rig.expression_names.index("jawOpen")] = np.linspace(0, 0.8, T)
    parameters = RigParameters(
        rig=rig.kind,
        identity={},
        expression=expression,
        expression_names=rig.expression_names,
        joint_rotations={"head": np.linspace([0, -0.3, 0], [0, 0.3, 0], T).astype(np.float32)},
        translation=np.tile(np.array([0.01, 0, 0], np.float32), (T, 1)),
    )
    centre = rig.template[rig.faces[rig.landmarks["mediapipe"].face]].mean((0, 1))
    T_camera_rig = np.diag([1.0, -1.0, -1.0, 1.0])
    T_camera_rig[:3, 3] = [-centre[0], centre[1], 0.6]
    whole = Camera(T_camera_rig, np.array([[600.0, 0, 160], [0, 600, 120], [0, 0, 1]]), 320, 240)
    window = Crop(60, 20, 200, size)
    points = np.zeros((T, 478, 3), np.float32)
    surface = rig.landmarks["mediapipe"]
    for t in range(T):
        corners = posed_vertices(rig, parameters, t)[rig.faces[surface.face]]
        points[t, :, :2] = project(np.einsum("lkj,lk->lj", corners, surface.barycentric), whole)[0] - [3.0, 0.0]
    span = float(np.linalg.norm(points[T // 2, 33, :2] - points[T // 2, 263, :2]))
    found = np.ones(T, bool)
    found[10:15] = False
    transform = np.tile(np.eye(4), (T, 1, 1))
    transform[:, :3, :3] = rotation_matrices(parameters.joint_rotations["head"])
    Landmarks(
        time=np.arange(T) / FPS,
        found=found,
        points=points,
        scores=np.zeros((T, len(NAMES)), np.float32),
        transform=transform.astype(np.float32),
        faces=found.astype(np.int64),
        sharpness=np.full(T, 50.0, np.float32),
        brightness=np.full(T, 0.4, np.float32),
        width=320,
        height=240,
    ).save(landmarks_path(root, 0))
    chosen = [0, 7, 16, 23, 30, 39]
    clip = {"name": "me <1>.mp4", "sha256": "0", "width": 320, "height": 240, "fps": FPS, "frames": T, "rotation": 0}
    clip |= {"hdr": False, "duration": T / FPS}
    extraction = Extraction([clip], False, [100], [(0, f) for f in chosen], [window] * len(chosen), 0.44)
    write_extraction(root, extraction)
    world = np.linalg.inv(T_rig_world) @ np.linalg.inv(T_camera_rig) @ np.linalg.inv(T_opengl_opencv)
    frames = []
    for number in range(len(chosen)):
        name = extraction.image_name(number)
        mask = name.replace("images", "masks")
        matte = np.zeros((size, size), np.uint8)
        matte[40:120, 40:120] = 255
        cv2.imwrite(str(root / name), np.full((size, size, 3), 120, np.uint8))
        cv2.imwrite(str(root / mask), matte)
        frames.append(
            {
                "file_path": name,
                "mask_path": mask,
                "transform_matrix": world.tolist(),
                "timestep_index": number,
                "camera_index": 0,
                "fl_x": 600 * window.scale,
                "cx": (160 - window.x) * window.scale,
                "cy": (120 - window.y) * window.scale,
                "w": size,
                "h": size,
                "matte_weight": 0.2 if number == 2 else 0.95,
            }
        )
    (root / "transforms.json").write_text(json.dumps({"frames": frames}))
    rows = np.array(chosen)
    write_rig_params(
        root / "rig_params.npz",
        replace(
            parameters,
            expression=expression[rows],
            joint_rotations={"head": parameters.joint_rotations["head"][rows]},
            translation=np.zeros((len(rows), 3), np.float32) + np.array([0.01, 0, 0], np.float32),
        ),
    )
    error = 3.0 / span
    np.savez(
        root / "track.npz",
        clip=np.zeros(found.sum(), np.int64),
        frame=np.flatnonzero(found),
        time=np.flatnonzero(found) / FPS,
        expression=expression[found],
        head_rotation=parameters.joint_rotations["head"][found],
        head_translation=np.zeros((found.sum(), 3), np.float32),
        reprojection=np.full(found.sum(), error, np.float32),
        chosen=np.isin(np.flatnonzero(found), chosen),
    )
    write_json(
        root / "capture.json", {"version": 1, "tracking": {"focal": [600.0], "reprojection_median": error}, "lost": {}}
    )
    return root, error
