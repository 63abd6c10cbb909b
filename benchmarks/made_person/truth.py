"""The pictures of the truth cameras as a capture: ``python -m made_person.truth PERSON.npz PICTURES OUT``.

``PICTURES`` has what ``render truth`` and ``render hair`` drew. ``OUT`` gets ``transforms.json``, ``rig_params.npz``,
``images`` over grey, ``masks``, and in ``hair`` how much of each pixel is hair, for the first expression.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from made_person import cameras, person
from made_person.cameras import Camera
from splatavatar.capture.capture import RigParameters
from splatavatar.capture.readers.rig_params import write_rig_params
from splatavatar.rig.arkit import NAMES
from splatavatar.rig.loader import load_rig

GREY = 0.6
"""what the scores lay pictures over"""
QUALITY = 93
"""of the JPEGs"""
FILE_FROM_RIG = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])
"""captures have Z up and the face along -Y"""


def to_world(camera: Camera) -> list[list[float]]:
    """Camera to world as nerfstudio has it: x right, y up, z backwards; the world of the file."""
    matrix = np.eye(4)
    matrix[:3, :3] = FILE_FROM_RIG @ camera.rotation.T @ np.diag([1.0, -1.0, -1.0])
    matrix[:3, 3] = FILE_FROM_RIG @ camera.position
    return matrix.round(9).tolist()


def over_grey(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A picture (H, W, 4) with straight alpha over the grey of the scores."""
    alpha = picture[..., 3:] / 255
    return np.asarray(picture[..., :3] * alpha + 255 * GREY * (1 - alpha) + 0.5, np.uint8)


def parameters(arrays: dict[str, NDArray[np.float32]]) -> RigParameters:
    """Who the person is and what face each timestep has."""
    rig = load_rig(person.RIG, person.IDENTITY)
    clip = int(arrays["pictures"])
    rotations = arrays["joint_rotations"][clip:]
    return RigParameters(
        rig=person.RIG,
        identity=dict(person.IDENTITY),
        expression=arrays["expression"][clip:],
        expression_names=tuple(NAMES),
        joint_rotations={name: rotations[:, joint] for joint, name in enumerate(rig.joint_names)},
        template_offset=arrays["rest"] - rig.template,
    )


def main(source: Path, pictures: Path, out: Path) -> None:
    loaded = np.load(source)
    seen = cameras.truth()
    for name in ("images", "masks", "hair"):
        (out / name).mkdir(parents=True, exist_ok=True)
    frames = []
    for timestep, expression in enumerate(loaded["truth"]):
        for index, camera in enumerate(seen):
            stem = f"{expression}_{index:02d}"
            picture = cv2.imread(str(pictures / f"{stem}.png"), cv2.IMREAD_UNCHANGED)
            cv2.imwrite(str(out / "images" / f"{stem}.jpg"), over_grey(picture), [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
            cv2.imwrite(str(out / "masks" / f"{stem}.png"), picture[..., 3], [cv2.IMWRITE_PNG_COMPRESSION, 9])
            frames.append(
                {
                    "file_path": f"images/{stem}.jpg",
                    "mask_path": f"masks/{stem}.png",
                    "transform_matrix": to_world(camera),
                    "timestep_index": timestep,
                    "camera_index": index,
                }
            )
    for index in range(len(seen)):
        hair = cv2.imread(str(pictures / f"hair_{index:02d}.png"), cv2.IMREAD_UNCHANGED)[..., 3]
        cv2.imwrite(str(out / "hair" / f"{index:02d}.png"), hair, [cv2.IMWRITE_PNG_COMPRESSION, 9])
    names = [frame["file_path"] for frame in frames]
    width, height = cameras.TRUTH_SIZE
    document = {
        "camera_model": "OPENCV",
        "w": width,
        "h": height,
        "fl_x": seen[0].focal,
        "fl_y": seen[0].focal,
        "cx": width / 2,
        "cy": height / 2,
        "train_filenames": names,
        "val_filenames": [],
        "test_filenames": [],
        "frames": frames,
    }
    (out / "transforms.json").write_text(json.dumps(document, indent=1) + "\n")
    write_rig_params(out / "rig_params.npz", parameters({name: loaded[name] for name in loaded.files}))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
