"""What one camera makes of a person whom others saw too: ``python benchmarks/one_camera.py CAPTURE --out DIR``.

The capture needs rig parameters. Its most frontal camera alone is baked, over the timesteps of the training split, with
the rig parameters of the capture; a preset, ``--budget`` or ``--iterations`` says how long. Every other camera is then
scored at ``--timesteps`` of these timesteps, and the camera itself at unseen ones where the capture has a test split.

Azimuth and elevation are those of the camera around the middle of the head, in degrees, means over the timesteps; to
the subject's left and up they are positive. The most frontal camera has the least elevation among those within five
degrees of the least azimuth to the way the face looks; the azimuths of all are given from that camera on. Scores are
those of ``splatavatar eval``, means over the pictures of a camera; alpha is the mean alpha of the render where the true
matte is opaque.

``DIR`` gets the avatar and its report, ``figures.json``, ``sheet.png`` with truth and render of every camera at the
first timestep, and a folder for each camera as ``splatavatar eval`` writes it.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from rich import box
from rich.console import Console
from rich.table import Table

from splatavatar.avatar.avatar import Avatar
from splatavatar.avatar.renderers.open_renderer import open_renderer
from splatavatar.bake.run import bake
from splatavatar.bake.scoring.contact_sheet import spread
from splatavatar.bake.scoring.picture_grid import Cell, on_grey, picture_grid
from splatavatar.bake.scoring.split import frame_renderer, score_split
from splatavatar.bake.settings import PRESETS, BakeSettings
from splatavatar.capture import read_capture
from splatavatar.capture.capture import Capture, Frame, RigParameters
from splatavatar.capture.head_region import head_faces
from splatavatar.capture.rig_pose import fitted_rig, pose_parameters
from splatavatar.cli.values import parse_duration
from splatavatar.errors import CaptureError, SplatAvatarError
from splatavatar.rig.loader import load_rig
from splatavatar.rig.posing import joint_transforms, pose_numpy
from splatavatar.rig.rig import PoseParameters, Rig

FRONTAL = 5.0
"""degrees of azimuth by which a camera may be less frontal than another and still be preferred"""
ALIKE = 3.0
"""degrees between azimuths to either side that make one row of the summary"""
CELL = 224
"""pixels of the longer side of a picture on the sheet"""
SCORES = {"psnr": ".2f", "psnr_masked": ".2f", "flip": ".4f", "alpha": ".4f"}


@dataclass(frozen=True)
class View:
    """One camera of the capture."""

    index: int
    azimuth: float
    """degrees from the way the face looks, mean over its pictures"""
    elevation: float


def views(capture: Capture, rig: Rig, parameters: RigParameters) -> list[View]:
    """The cameras of ``capture`` by their azimuth around the head of ``rig``, which ``parameters`` pose."""
    above_neck, joint = np.unique(head_faces(rig)), rig.head_chain[-1][0]
    seen: dict[int, list[NDArray[np.float64]]] = {}
    for frame in capture.frames:
        pose = pose_parameters(rig, parameters, frame.timestep)
        turn = joint_transforms(rig, pose.joint_rotations[None], pose.expression[None])[0][0, joint]
        middle = pose_numpy(rig, pose)[above_neck].mean(0)
        towards = turn.T @ (frame.camera.position - middle)
        seen.setdefault(frame.camera_index, []).append(towards / np.linalg.norm(towards))
    means = {index: np.mean(directions, 0) for index, directions in seen.items()}
    return sorted(
        (
            View(
                index,
                float(np.degrees(np.arctan2(x, z))),
                float(np.degrees(np.arctan2(y, np.hypot(x, z)))),
            )
            for index, (x, y, z) in means.items()
        ),
        key=lambda view: view.azimuth,
    )


def most_frontal(found: Sequence[View]) -> View:
    """The camera to bake."""
    least = min(abs(view.azimuth) for view in found)
    return min((v for v in found if abs(v.azimuth) <= least + FRONTAL), key=lambda v: abs(v.elevation))


def write_part(capture: Path, folder: Path, camera: int, timesteps: set[int]) -> None:
    """Writes a capture to ``folder`` with the pictures of ``camera`` at ``timesteps`` alone, all to train on."""
    document = json.loads((capture / "transforms.json").read_text())
    frames = [
        frame
        for position, frame in enumerate(document["frames"])
        if frame.get("camera_index", position) == camera and frame.get("timestep_index", 0) in timesteps
    ]
    for frame in frames:
        for key in ("file_path", "mask_path", "fg_mask_path"):
            if key in frame:
                frame[key] = str((capture / frame[key]).resolve())
    splits = {
        "train_filenames": [frame["file_path"] for frame in frames],
        "val_filenames": [],
        "test_filenames": [],
    }
    (folder / "transforms.json").write_text(json.dumps({**document, "frames": frames, **splits}))


def stored_timesteps(capture: Path, read: Capture, split: str) -> set[int]:
    """The ``timestep_index`` of the pictures of a split, as the file counts them."""
    names = {frame.name for frame in read.split(split)}
    document = json.loads((capture / "transforms.json").read_text())
    return {frame.get("timestep_index", 0) for frame in document["frames"] if str(Path(frame["file_path"])) in names}


def baked(capture: Path, read: Capture, camera: int, options: argparse.Namespace) -> Avatar:
    """The avatar that ``camera`` alone gives."""
    with TemporaryDirectory() as folder:
        write_part(capture, Path(folder), camera, stored_timesteps(capture, read, "train"))
        settings = BakeSettings(
            Path(folder),
            out=options.out / "one-camera.splatavatar",
            rig_params=capture / "rig_params.npz",
            preset=options.preset,
            budget_seconds=options.budget,
            iterations=options.iterations,
            device=options.device,
            seed=options.seed,
            fix_rig=options.fix_rig,
            allow_outside=True,
        )
        return bake(settings).avatar


def scored(
    avatar: Avatar, capture: Capture, parameters: RigParameters, frames: list[int], out: Path
) -> dict[str, float | None]:
    """The mean scores of some frames of ``capture``."""

    def pose(frame: Frame) -> PoseParameters:
        return pose_parameters(avatar.rig, parameters, frame.timestep)

    chosen = replace(capture, splits={"val": tuple(frames)})
    render = frame_renderer(open_renderer(avatar), parameters)
    means: dict[str, float | None] = score_split(avatar, chosen, "val", out, render, pose=pose)["mean"]
    return means


def chosen_frames(capture: Capture, camera: int, timesteps: list[int]) -> list[int]:
    """Indices of the pictures of ``camera`` at ``timesteps``."""
    wanted = set(timesteps)
    return [i for i, f in enumerate(capture.frames) if f.camera_index == camera and f.timestep in wanted]


def measured(capture: Path, options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """One row a camera: its azimuth, elevation and scores; the sheet is written at the end."""
    read = read_capture(capture)
    parameters = read.rig_parameters
    if parameters is None:
        raise CaptureError(f"{capture}: no rig parameters, which say where the head is; expected rig_params.npz")
    rig = fitted_rig(load_rig(parameters.rig, parameters.identity), parameters)
    found = views(read, rig, parameters)
    front = most_frontal(found)
    avatar = baked(capture, read, front.index, options)
    trained = sorted({frame.timestep for frame in read.split("train")})
    few = [trained[i] for i in spread(len(trained), options.timesteps)]
    unseen = sorted({frame.timestep for frame in read.split("test")} - set(trained))
    columns: list[tuple[Cell, Cell]] = []
    for view in found:
        own = view.index == front.index
        frames = chosen_frames(read, view.index, unseen if own else few)
        if not frames:
            continue
        folder = options.out / f"camera-{view.index:02d}"
        means = scored(avatar, read, parameters, frames, folder)
        aside = view.azimuth - front.azimuth
        name = f"{aside:+.0f}, {view.elevation:+.0f}"
        columns.append(pair(folder, name + (" baked" if own else "")))
        yield {"camera": view.index, "azimuth": aside, "elevation": view.elevation, "baked": own, **means}
    rows = [[column[kind] for column in columns] for kind in (0, 1)]
    Image.fromarray(picture_grid(rows)).save(options.out / "sheet.png")


def pair(folder: Path, name: str) -> tuple[Cell, Cell]:
    """Truth and render of the first picture in ``folder``, over the grey of the scores."""
    first = min(path.name for path in (folder / "renders").iterdir())
    truth = np.dstack([opened(folder / "truth" / first), opened(folder / "masks" / first)])
    render = opened(folder / "renders" / first)
    factor = CELL / max(render.shape[:2])
    small = [cv2.resize(on_grey(p), None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA) for p in (truth, render)]
    return Cell(name, np.asarray(small[0], np.uint8)), Cell("render", np.asarray(small[1], np.uint8))


def opened(path: Path) -> NDArray[np.uint8]:
    """The pixels of a picture."""
    return np.asarray(Image.open(path))


def summary(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The cameras that were not baked, both sides of about one azimuth in a row."""
    groups: list[list[dict[str, Any]]] = []
    for row in sorted((row for row in rows if not row["baked"]), key=lambda row: abs(row["azimuth"])):
        if groups and abs(row["azimuth"]) - abs(groups[-1][0]["azimuth"]) <= ALIKE:
            groups[-1].append(row)
        else:
            groups.append([row])
    out = []
    for group in groups:
        line: dict[str, Any] = {"azimuth": float(np.mean([abs(row["azimuth"]) for row in group]))}
        for name in SCORES:
            values = [row[name] for row in group if row[name] is not None]
            line[name] = float(np.mean(values)) if values else None
        out.append(line)
    return out


def printed(title: str, rows: Sequence[dict[str, Any]], first: Sequence[str]) -> None:
    """Prints a table."""
    table = Table(*first, "PSNR", "in matte", "FLIP", "alpha", title=title, box=box.SIMPLE)
    for row in rows:
        scores = ("-" if row[name] is None else format(row[name], form) for name, form in SCORES.items())
        table.add_row(
            *(f"{row[name]:.0f}{' baked' if name == 'camera' and row['baked'] else ''}" for name in first), *scores
        )
    Console(width=120).print(table)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("capture", type=Path, metavar="CAPTURE")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    parser.add_argument("--preset", default="balanced", choices=list(PRESETS))
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--iterations", type=int, metavar="N")
    length.add_argument("--budget", type=lambda text: parse_duration(text, "budget"), metavar="TIME")
    parser.add_argument("--timesteps", type=int, default=6, metavar="N", help="scored for each camera")
    parser.add_argument("--fix-rig", action="store_true", help="as bake --fix-rig")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    try:
        rows = list(measured(options.capture, options))
    except SplatAvatarError as error:
        parser.error(str(error))
    (options.out / "figures.json").write_text(json.dumps({"cameras": rows, "sides": summary(rows)}, indent=1) + "\n")
    printed("each camera", rows, ("camera", "azimuth", "elevation"))
    printed("both sides", summary(rows), ("azimuth",))


if __name__ == "__main__":
    main()
