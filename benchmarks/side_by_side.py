"""Our bake beside the schedules of two published methods: ``python benchmarks/side_by_side.py CAPTURE --device cuda``.

All of them see the same capture, rig, rasterizer and device, each for the seconds it is given, reading the capture
included; see ``published.gaussian_avatars`` and ``published.rgbavatar`` for what is as published and what is not.
Scores are those of ``splatavatar eval`` for splits val and test. What the published methods are scored and timed by is
what comes back from their file, in which every number has 16 bits. At timesteps of the training split GaussianAvatars
uses the parameters of the rig that it has fine-tuned, as published.
"""

from __future__ import annotations

import argparse
import json
import platform
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import torch
from published import gaussian_avatars, rgbavatar
from published.comparison import Row, frames_a_second, scores
from published.ours import OurAvatar, own_frames_a_second
from published.player import load_halves, save_halves
from published.scene import Pace, Scene, load_scene
from published.smaller_capture import write_smaller
from rich import box
from rich.console import Console
from rich.table import Table

from splatavatar.avatar.file import load_avatar
from splatavatar.bake.run import bake
from splatavatar.bake.scoring.evaluate import evaluate
from splatavatar.bake.settings import BakeSettings

SPLITS = ("val", "test")
SCORES = {"psnr": ("PSNR", 2), "psnr_masked": ("masked", 2), "ssim": ("SSIM", 4), "flip": ("FLIP", 4)}


def ours(capture: Path, seconds: float, device: str, out: Path) -> Row:
    """``splatavatar bake`` with a budget, and ``splatavatar eval``."""
    began = time.monotonic()
    path = bake(BakeSettings(capture, out=out / "ours.splatavatar", budget_seconds=seconds, device=device)).path
    spent = time.monotonic() - began
    avatar = load_avatar(path)
    scene = load_scene(capture, torch.device(device))
    camera = scene.capture.frames[0].camera
    return Row(
        "ours",
        {split: evaluate(avatar, capture, split, None)["mean"] for split in SPLITS},
        spent,
        int(avatar.metadata["bake"]["iterations"]),
        len(avatar.gaussians),
        frames_a_second(OurAvatar.of(avatar, scene.device), scene, camera),
        path.stat().st_size,
        own_frames_a_second(avatar, camera, device),
    )


def gaussian_avatars_row(capture: Path, seconds: float, device: str, out: Path) -> Row:
    """GaussianAvatars' schedule, compressed into ``seconds``."""
    scene, pace = _begin(capture, seconds, device)
    trained, fitted, steps = gaussian_avatars.train(scene, pace)
    path = out / "gaussian-avatars.safetensors"
    save_halves(path, trained.tensors())
    spent = time.monotonic() - pace.began
    player = trained.with_tensors(load_halves(path, scene.device))
    found = {split: scores(player, scene, fitted, split, out / f"gaussian-avatars-{split}") for split in SPLITS}
    fps = frames_a_second(player, scene, scene.capture.frames[0].camera)
    return Row("GaussianAvatars", found, spent, steps, len(player), fps, path.stat().st_size)


def rgbavatar_row(capture: Path, seconds: float, device: str, out: Path) -> Row:
    """RGBAvatar's schedule, compressed into or stretched over ``seconds``."""
    scene, pace = _begin(capture, seconds, device)
    trained, steps = rgbavatar.train(scene, pace)
    path = out / "rgbavatar.safetensors"
    save_halves(path, trained.tensors())
    spent = time.monotonic() - pace.began
    player = trained.with_tensors(load_halves(path, scene.device))
    found = {split: scores(player, scene, scene.poses, split, out / f"rgbavatar-{split}") for split in SPLITS}
    fps = frames_a_second(player, scene, scene.capture.frames[0].camera)
    return Row("RGBAvatar", found, spent, steps, len(player), fps, path.stat().st_size)


def _begin(capture: Path, seconds: float, device: str) -> tuple[Scene, Pace]:
    pace = Pace(seconds)
    return load_scene(capture, torch.device(device)), pace


METHODS: dict[str, tuple[Callable[[Path, float, str, Path], Row], float]] = {
    "ours": (ours, 180.0),
    "gaussian-avatars": (gaussian_avatars_row, 600.0),
    "rgbavatar": (rgbavatar_row, 80.0),
}
"""by the name of the option: what runs it, and the seconds it has"""


def table(rows: list[Row], title: str) -> Table:
    """One line a method."""
    shown = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left")
    shown.add_column("")
    for split in SPLITS:
        for label, _ in SCORES.values():
            shown.add_column(f"{split}\n{label}", justify="right")
    for label in ("bake\ns", "steps", "Gaussians", "FPS\nsame code", "FPS\nown path", "file\nMB"):
        shown.add_column(label, justify="right")
    for row in rows:
        cells = []
        for split in SPLITS:
            for name, (_, digits) in SCORES.items():
                value = row.scores[split][name]
                cells.append("-" if value is None else f"{value:.{digits}f}")
        own = "-" if row.own_fps is None else f"{row.own_fps:.0f}"
        cells += [f"{row.bake_seconds:.0f}", f"{row.steps:,}", f"{row.gaussians:,}", f"{row.fps:.1f}", own]
        shown.add_row(row.method, *cells, f"{row.file_bytes / 1e6:.2f}")
    return shown


def machine(device: str) -> str:
    """What the figures were measured on."""
    if device == "cuda":
        return f"{torch.cuda.get_device_name()}, torch {torch.__version__}, CUDA {torch.version.cuda}"
    return f"{platform.processor() or platform.machine()}, torch {torch.__version__}"


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("capture", type=Path, help="folder of a capture with rig parameters")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cuda")
    for name, (_, seconds) in METHODS.items():
        parser.add_argument(
            f"--{name}", type=float, default=seconds, metavar="SECONDS", help=f"0: without it (default {seconds:g})"
        )
    parser.add_argument("--size", type=int, help="height of the pictures, for a short run on the CPU; default: theirs")
    parser.add_argument("--out", type=Path, help="folder that keeps the avatars and, beside the truth, the pictures")
    parser.add_argument("--json", action="store_true", help="print numbers instead of a table")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        out = arguments.out or Path(temporary) / "out"
        out.mkdir(parents=True, exist_ok=True)
        capture = arguments.capture
        if arguments.size is not None:
            capture = Path(temporary) / "capture"
            write_smaller(arguments.capture, capture, arguments.size)
        rows = []
        for name, (run, _) in METHODS.items():
            seconds = getattr(arguments, name.replace("-", "_"))
            if seconds > 0:
                rows.append(run(capture, seconds, arguments.device, out))
    if arguments.json:
        print(json.dumps({"machine": machine(arguments.device), "rows": [asdict(row) for row in rows]}, indent=1))
    else:
        Console(width=200).print(table(rows, f"{arguments.capture.name} on {machine(arguments.device)}"))


if __name__ == "__main__":
    main()
