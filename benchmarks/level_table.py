"""What levels of detail cost: ``python benchmarks/level_table.py AVATAR CAPTURE [--split test]``.

Draws every frame of the split of a capture with known rig parameters, or of the video that the avatar was baked from,
with all Gaussians and with those of each level as the page makes them (`src/detail`), in the same pose: of a video the
one in which the whole avatar fits best. PSNR in dB inside the face, which is the hull of its landmarks, of frames that
show it from no more than 60 degrees to the side: against the picture of the capture, and against all Gaussians; the
same on the rest of the person. Means over the frames.
"""

from __future__ import annotations

import argparse
import base64
import json
import math
import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

from splatavatar import load_avatar
from splatavatar.array_types import Floats, Mask
from splatavatar.avatar.avatar import Avatar
from splatavatar.avatar.format.quantise import LOG_STEP
from splatavatar.avatar.renderers.open_renderer import open_renderer
from splatavatar.bake.scoring.footage import evaluate_footage
from splatavatar.bake.scoring.metrics import composite, psnr, unit
from splatavatar.bake.scoring.split import frame_renderer, score_split
from splatavatar.capture import read_capture
from splatavatar.capture.preparation.prepare import is_footage
from splatavatar.render.camera import Camera
from splatavatar.rig.landmarks import positions
from splatavatar.rig.posing import pose_numpy
from splatavatar.rig.rig import PoseParameters
from splatavatar.viewer import site

LEVELS = (1, 2, 3)
AWAY = 60.0
"""degrees"""
WEB = Path(site.__file__).parent / "web"


class Recorder:
    """Draws an avatar, and remembers what of."""

    def __init__(self, avatar: Avatar) -> None:
        self.avatar = avatar
        self._renderer = open_renderer(avatar)
        self.drawn: list[tuple[PoseParameters, Camera]] = []

    def render(self, pose: PoseParameters, camera: Camera) -> Any:
        self.drawn.append((pose, camera))
        return self._renderer.render(pose, camera)


def level(path: Path, avatar: Avatar, number: int) -> Avatar:
    """The avatar at a level of detail, as the page makes it."""
    command = ["node", "show_level.mjs", str(path.absolute()), str(number)]
    shown = json.loads(subprocess.run(command, cwd=WEB, check=True, capture_output=True).stdout)
    kept = np.array(shown["kept"])
    scale = np.frombuffer(base64.b64decode(shown["scale"]), "<i2").reshape(-1, 3)
    colour = np.frombuffer(base64.b64decode(shown["colour"]), "<f2").reshape(-1, 3)
    g, c = avatar.gaussians, avatar.correctives
    gaussians = replace(
        g,
        **{name: getattr(g, name)[kept] for name in ("face", "barycentric", "position", "rotation", "opacity")},
        scale=np.exp(scale * np.float32(LOG_STEP)),
        colour=colour.astype(np.float32),
        sh=np.zeros_like(g.sh[kept]),
    )
    return replace(
        avatar,
        gaussians=gaussians,
        correctives=replace(c, position=c.position[:, kept].copy(), colour=c.colour[:, kept].copy()),
    )


def face(avatar: Avatar, pose: PoseParameters, camera: Camera) -> Mask | None:
    """The pixels (H, W) within the hull of the landmarks; None where the face looks away from the camera."""
    points = positions(avatar.rig.landmarks["mediapipe"], pose_numpy(avatar.rig, pose), avatar.rig.faces)
    middle = points.mean(0)
    ahead = np.linalg.svd(points - middle)[2][2]
    ahead = ahead * np.sign(ahead[2])
    R, t = camera.T_camera_world[:3, :3], camera.T_camera_world[:3, 3]
    towards = -R.T @ t - middle
    if towards @ ahead < np.linalg.norm(towards) * math.cos(math.radians(AWAY)):
        return None
    seen = (points @ R.T + t) @ camera.K.T
    mask = np.zeros((camera.height, camera.width), np.uint8)
    hull = cv2.convexHull((seen[:, :2] / seen[:, 2:]).astype(np.float32))
    cv2.fillConvexPoly(mask, hull.astype(np.int32), 1)
    return mask > 0


def picture(rgba: Any) -> Floats:
    values = unit(np.asarray(rgba))
    return composite(values[..., :3], values[..., 3])


def read(path: Path) -> Any:
    with Image.open(path) as image:
        return np.asarray(image)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("avatar", type=Path)
    parser.add_argument("capture", type=Path)
    parser.add_argument("--split", default="test")
    options = parser.parse_args()
    avatar = load_avatar(options.avatar)
    recorder = Recorder(avatar)
    with tempfile.TemporaryDirectory() as name:
        out = Path(name)
        if is_footage(options.capture):
            found = evaluate_footage(avatar, options.capture, options.split, out, renderer=recorder)  # type: ignore[arg-type]
        else:
            capture = read_capture(options.capture)
            assert capture.rig_parameters is not None
            render = frame_renderer(recorder, capture.rig_parameters)  # type: ignore[arg-type]
            found = score_split(avatar, capture, options.split, out, render)
        stems = list(found["images"])
        frames = []
        for stem, (pose, camera) in zip(stems, recorder.drawn[-len(stems) :], strict=True):
            inside = face(avatar, pose, camera)
            if inside is None:
                continue
            matte = read(out / "masks" / f"{stem}.png")
            truth = composite(unit(read(out / "truth" / f"{stem}.png")), unit(matte))
            frames.append((pose, camera, truth, inside, (matte > 0) & ~inside))
    whole = [picture(recorder.render(pose, camera)) for pose, camera, *_ in frames]
    print(f"{len(frames)} frames; PSNR, dB           face: truth  all Gaussians    rest: truth  all Gaussians")
    for number in (0, *LEVELS):
        shown = level(options.avatar, avatar, number) if number else avatar
        renderer = open_renderer(shown)
        scores = []
        for (pose, camera, truth, inside, rest), reference in zip(frames, whole, strict=True):
            drawn = picture(renderer.render(pose, camera))
            scores.append([psnr(drawn[where], to[where]) for where in (inside, rest) for to in (truth, reference)])
        mean = np.mean(scores, axis=0)
        print(
            f"level {number}, {len(shown.gaussians):6,} Gaussians "
            f"{mean[0]:18.2f} {mean[1]:14.2f} {mean[2]:14.2f} {mean[3]:14.2f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
