"""What videos become: bakes each from its first 80 %, tracks and renders the rest, and measures the result.

``python benchmarks/video_table.py VIDEO... --out DIR [--preset P] [--budget D] [--reuse]``: some six minutes each. In
``DIR/NAME``: the avatar, its report, ``eval/`` and ``live/`` as ``splatavatar eval`` writes them, followed and ``--as
live``, ``figures.json`` and ``views.png``.

Landmark distance: MediaPipe on render and truth, mean over its 478 points and all frames, as a share of the distance
between the outer corners of the eyes. Correlations are over time, between the scores of render and truth, of what
moves (standard deviation in the truth of at least 0.05). Alpha: the mean inside the silhouette of the rig, from 30
degrees to either side.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from rich.console import Console
from rich.table import Table

from splatavatar import load_avatar
from splatavatar.avatar.avatar import Avatar
from splatavatar.avatar.framing import default_camera
from splatavatar.avatar.renderers.cpu_renderer import CpuRenderer
from splatavatar.bake.scoring.views import views_picture
from splatavatar.capture.faces.landmarks import detect_pictures
from splatavatar.models import locate
from splatavatar.render.silhouette import silhouette
from splatavatar.rig.arkit import INDEX
from splatavatar.rig.posing import pose_numpy
from splatavatar.rig.rig import PoseParameters

GREY = 0.6
MOVES = 0.05
SIDE = 320
GROUPS = {
    "jaw": ("jawOpen",),
    "smile": ("mouthSmileLeft", "mouthSmileRight"),
    "blink": ("eyeBlinkLeft", "eyeBlinkRight"),
    "brow": ("browInnerUp", "browOuterUpLeft", "browOuterUpRight", "browDownLeft", "browDownRight"),
}


def command(*arguments: object) -> float:
    """Wall seconds of a ``splatavatar`` command; what it prints goes on."""
    started = perf_counter()
    status = subprocess.run([sys.executable, "-m", "splatavatar", *map(str, arguments)], check=False).returncode
    if status:
        sys.exit(status)
    return perf_counter() - started


def on_grey(pictures: list[Path], masks: list[Path] | None) -> Iterator[NDArray[np.uint8]]:
    """The pictures over grey, by their own alpha or by ``masks``."""
    for number, path in enumerate(pictures):
        image = np.asarray(Image.open(path), np.float32) / 255
        alpha = image[..., 3:] if masks is None else np.asarray(Image.open(masks[number]), np.float32)[..., None] / 255
        yield np.rint(255 * (alpha * image[..., :3] + (1 - alpha) * GREY)).astype(np.uint8)


def compared(folder: Path) -> dict[str, float]:
    """Distance of the landmarks on renders and truth, and correlations of the scores that move."""
    model = locate("face_landmarker")
    names = [path.name for path in sorted((folder / "renders").iterdir())]
    masks = [folder / "masks" / name for name in names]
    seen = [
        list(detect_pictures(on_grey([folder / kind / name for name in names], used), model))
        for kind, used in (("renders", None), ("truth", masks))
    ]
    pairs = [(a, b) for a, b in zip(*seen, strict=True) if a is not None and b is not None]
    out = {"faces_found": len(pairs) / len(names)}
    distance = [
        np.linalg.norm(a["points"][:, :2] - b["points"][:, :2], axis=1).mean()
        / np.linalg.norm(b["points"][33, :2] - b["points"][263, :2])
        for a, b in pairs
    ]
    out["landmark_distance"] = float(np.mean(distance))
    for group, members in GROUPS.items():
        columns = [INDEX[name] for name in members]
        mine, true = (np.array([p[i]["scores"][columns] for p in pairs]) for i in range(2))
        moving = true.std(0) >= MOVES
        if moving.any():
            out[group] = float(np.corrcoef(mine[:, moving].mean(1), true[:, moving].mean(1))[0, 1])
    return out


def side_alpha(avatar: Avatar) -> float:
    """The lesser of the mean alphas inside the silhouette of the rig at rest, from 30 degrees to either side."""
    renderer, rest, rig = CpuRenderer(avatar), PoseParameters.neutral(avatar.rig), avatar.rig
    torso = np.unique(rig.faces[rig.regions.get("torso", np.zeros(0, np.int32))])
    alphas = []
    for yaw in (-30, 30):
        camera = default_camera(avatar, SIDE, SIDE, math.radians(yaw))
        inside = silhouette(pose_numpy(rig, rest), rig.faces, camera) & ~below(avatar, rest, torso, yaw)
        alphas.append(float(renderer.render(rest, camera)[..., 3][inside].mean() / 255))
    return min(alphas)


def below(avatar: Avatar, parameters: PoseParameters, torso: NDArray[np.int32], yaw: float) -> NDArray[np.bool_]:
    """(H, W) the rows from the highest vertex of the torso on: what lies there ends where the video ended."""
    out = np.zeros((SIDE, SIDE), bool)
    if len(torso):
        camera = default_camera(avatar, SIDE, SIDE, math.radians(yaw))
        local = (
            pose_numpy(avatar.rig, parameters)[torso] @ camera.T_camera_world[:3, :3].T + camera.T_camera_world[:3, 3]
        )
        out[max(int((local @ camera.K.T)[:, 1].min() / local[:, 2].max()), 0) :] = True
    return out


def measured(video: Path, folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """All figures of one video."""
    folder.mkdir(parents=True, exist_ok=True)
    avatar_file, figures = folder / f"{video.stem}.splatavatar", folder / "figures.json"
    result: dict[str, Any] = json.loads(figures.read_text()) if options.reuse and figures.is_file() else {}
    if not (options.reuse and avatar_file.is_file()):
        budget = ["--budget", options.budget] if options.budget else []
        result["bake_seconds"] = command(
            "bake",
            video,
            "-o",
            avatar_file,
            "--preset",
            options.preset,
            "--holdout",
            "last:20%",
            "--record-sources",
            *budget,
        )
    if not (options.reuse and (folder / "eval" / "metrics.json").is_file()):
        command("eval", avatar_file, video, "--split", "test", "-o", folder / "eval")
    if not (options.reuse and (folder / "live" / "metrics.json").is_file()):
        command("eval", avatar_file, video, "--split", "test", "--as", "live", "-o", folder / "live")
    avatar = load_avatar(avatar_file)
    metrics = json.loads((folder / "eval" / "metrics.json").read_text())
    result |= {name: metrics["mean"][name] for name in ("psnr", "psnr_masked", "ssim", "flip")}
    result |= {f"landmarks_alone_{name}": value for name, value in metrics["landmarks_alone"].items()}
    live = json.loads((folder / "live" / "metrics.json").read_text())["mean"]
    result |= {f"live_{name}": live[name] for name in ("psnr", "psnr_masked")}
    result["reprojection"] = avatar.metadata["capture"]["reprojection_median"]
    result |= compared(folder / "eval")
    result["alpha"] = side_alpha(avatar)
    Image.fromarray(views_picture(CpuRenderer(avatar))).save(folder / "views.png")
    figures.write_text(json.dumps(result, indent=1) + "\n")
    return result


def cell(result: dict[str, Any], name: str, form: str) -> str:
    return format(result[name], form) if name in result else "-"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("videos", type=Path, nargs="+", metavar="VIDEO")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    parser.add_argument("--preset", default="balanced")
    parser.add_argument("--budget")
    parser.add_argument("--reuse", action="store_true", help="measure what DIR holds instead of baking it again")
    options = parser.parse_args()
    columns = (
        ("bake s", "bake_seconds", ".0f"),
        ("landmark error", "reprojection", ".2%"),
        ("PSNR", "psnr", ".1f"),
        ("in matte", "psnr_masked", ".1f"),
        ("from landmarks", "landmarks_alone_psnr", ".1f"),
        ("in matte", "landmarks_alone_psnr_masked", ".1f"),
        ("live", "live_psnr", ".1f"),
        ("in matte", "live_psnr_masked", ".1f"),
        ("SSIM", "ssim", ".3f"),
        ("FLIP", "flip", ".3f"),
        ("same face", "landmark_distance", ".1%"),
        *((group, group, ".2f") for group in GROUPS),
        ("alpha", "alpha", ".3f"),
    )
    table = Table("video", *(heading for heading, _, _ in columns))
    for video in options.videos:
        result = measured(video, options.out / video.stem, options)
        table.add_row(video.stem, *(cell(result, name, form) for _, name, form in columns))
    Console(width=180).print(table)


if __name__ == "__main__":
    main()
