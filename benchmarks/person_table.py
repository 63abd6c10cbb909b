"""How much of a person a phone clip gives: ``python benchmarks/person_table.py --out DIR``.

The clip of ``data/made-person`` is baked as any video, by the command's own code, which knows nothing else. The avatar
is then compared with the pictures of twelve cameras around that made person, at rest, smiling with teeth and with an
open jaw (``data/made-person/truth``); ``--folder`` takes another folder of the same kind, as ``python -m made_person``
makes it, and ``--avatar`` an avatar that was baked before.

The avatar has its own idea of size and place. So the similarity that best takes the 478 face points of the true rig to
those of the avatar's, both at rest, takes the cameras along (Umeyama). From the true coefficients on, the pose of each
of the three faces is then refined by the photometric follower in the five pictures within 30 degrees of the front, as
``splatavatar eval`` does it: coefficients, head, place. The other cameras say nothing of the pose.

PSNR is that inside the true matte, of render and truth over the grey of the scores, mean over expressions and both
sides; *mouth* is a box around the lips up to 45 degrees, *hair* where the truth is hair by more than half, *alpha* the
mean alpha of the render where the matte is opaque. ``DIR`` gets the avatar, ``figures.json`` and a sheet a face.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from rich import box
from rich.console import Console
from rich.table import Table

from splatavatar.avatar.avatar import Avatar
from splatavatar.avatar.file import load_avatar
from splatavatar.avatar.renderers.cpu_renderer import CpuRenderer
from splatavatar.avatar.renderers.renderer import Renderer
from splatavatar.bake.run import bake
from splatavatar.bake.scene.targets import load_targets
from splatavatar.bake.scoring.follow import PhotometricFollower
from splatavatar.bake.scoring.footage import SEVERAL
from splatavatar.bake.scoring.metrics import OPAQUE, composite, psnr_masked, unit
from splatavatar.bake.scoring.picture_grid import Cell, on_grey, picture_grid
from splatavatar.bake.settings import PRESETS, BakeSettings
from splatavatar.capture import read_capture
from splatavatar.capture.capture import Capture, Frame
from splatavatar.capture.images import load_frame
from splatavatar.capture.rig_pose import fitted_rig, pose_parameters
from splatavatar.errors import SplatAvatarError
from splatavatar.rig.loader import load_rig
from splatavatar.rig.posing import pose_numpy
from splatavatar.rig.rig import PoseParameters, Rig

FOLDER = Path(__file__).parents[1] / "data" / "made-person"
FACES = ("neutral", "smile", "open")
"""the timesteps of the truth"""
FRONTAL, MOUTH_SEEN = 31.0, 46.0
"""degrees of azimuth up to which pictures are followed, and up to which the mouth is scored"""
CELL = 200
"""pixels of the longer side of a picture on a sheet"""

Doubles = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Row:
    """The scores of one picture; PSNR in dB, None where there is nothing of the kind."""

    face: str
    azimuth: float
    inside: float | None
    hair: float | None
    mouth: float | None
    alpha: float


def similarity(points: Doubles, targets: Doubles) -> Doubles:
    """The rotation times a factor, with a shift (4, 4), that best takes ``points`` (N, 3) to ``targets`` (N, 3).

    After Umeyama, "Least-squares estimation of transformation parameters between two point patterns", PAMI 1991.
    """
    centre, target = points.mean(0), targets.mean(0)
    p, q = points - centre, targets - target
    left, values, right = np.linalg.svd(q.T @ p)
    signs = np.array([1.0, 1.0, np.linalg.det(left @ right)])
    matrix = np.eye(4)
    matrix[:3, :3] = (left * signs) @ right * ((values * signs).sum() / (p**2).sum())
    matrix[:3, 3] = target - matrix[:3, :3] @ centre
    return matrix


def face_points(rig: Rig) -> Doubles:
    """The points (478, 3) of MediaPipe's face on ``rig`` at rest."""
    found = rig.landmarks["mediapipe"]
    corners = rig.template[rig.faces[found.face]].astype(np.float64)
    return np.asarray(np.einsum("nc,nci->ni", found.barycentric, corners))


def azimuth(frame: Frame) -> float:
    """Degrees around the head to the subject's left, of a world whose head looks along +Z."""
    # What rounding leaves of nothing would make the back +180 degrees or -180.
    x, _, z = 0.0 - frame.camera.T_camera_world[2, :3].round(9)
    return float(np.degrees(np.arctan2(x, z)))


def mouth_box(rig: Rig, pose: PoseParameters, frame: Frame) -> Mask:
    """Where the lips are in a picture, and as far around them as they are from their middle by a quarter."""
    lips = pose_numpy(rig, pose)[np.unique(rig.faces[rig.regions["lips"]])]
    camera = frame.camera
    seen = (lips @ camera.T_camera_world[:3, :3].T + camera.T_camera_world[:3, 3]) @ camera.K.T
    pixels = seen[:, :2] / seen[:, 2:]
    low, high = pixels.min(0), pixels.max(0)
    margin = (high - low) / 8
    (left, top), (right, bottom) = np.floor(low - margin).astype(int), np.ceil(high + margin).astype(int)
    mask = np.zeros((camera.height, camera.width), bool)
    mask[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)] = True
    return mask


def followed(avatar: Avatar, capture: Capture) -> list[PoseParameters]:
    """The pose of ``avatar`` for each face, see the top of this file."""
    assert capture.rig_parameters is not None
    follower, poses = PhotometricFollower(avatar, SEVERAL), []
    for timestep in range(len(FACES)):
        start = PoseParameters.neutral(avatar.rig)
        start.expression[:] = pose_parameters(avatar.rig, capture.rig_parameters, timestep).expression
        views = [f for f in capture.frames if f.timestep == timestep and abs(azimuth(f)) < FRONTAL]
        poses.append(follower.follow(start, load_targets(views)))
    return poses


def compared(
    renderer: Renderer, truth: Rig, world: Frame, frame: Frame, pose: PoseParameters, real: PoseParameters, hair: Mask
) -> tuple[Row, tuple[Cell, Cell]]:
    """The scores of ``frame``, whose camera is in the frame of the avatar as that of ``world`` is in that of the
    ``truth``; and both pictures."""
    image, matte = load_frame(frame)
    rgba = np.rint(np.clip(renderer.render(pose, frame.camera), 0, 255)).astype(np.uint8)
    shown = composite(unit(rgba[..., :3]), unit(rgba[..., 3]))
    right = composite(unit(image), unit(matte))
    aside = azimuth(world)
    inside = matte > 0

    def scored(where: Mask) -> float | None:
        return psnr_masked(shown, right, (where & inside).view(np.uint8))

    mouth = scored(mouth_box(truth, real, world)) if abs(aside) < MOUTH_SEEN else None
    row = Row(
        FACES[frame.timestep],
        aside,
        scored(inside),
        scored(hair),
        mouth,
        float(unit(rgba[..., 3])[matte >= OPAQUE].mean()),
    )
    label = "-" if row.inside is None else f"{row.inside:.1f} dB"
    cells = Cell(f"{aside:+.0f}", _small(np.dstack([image, matte]))), Cell(label, _small(rgba))
    return row, cells


def _small(rgba: NDArray[np.uint8]) -> NDArray[np.uint8]:
    factor = CELL / max(rgba.shape[:2])
    return np.asarray(cv2.resize(on_grey(rgba), None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA), np.uint8)


def measured(avatar: Avatar, folder: Path, out: Path) -> list[Row]:
    """The scores of all pictures of the truth in ``folder``; a sheet for each face in ``out``."""
    world = read_capture(folder)
    parameters = world.rig_parameters
    assert parameters is not None
    truth = fitted_rig(load_rig(parameters.rig, parameters.identity), parameters)
    placed = world.placed(similarity(face_points(truth), face_points(avatar.rig)))
    poses, renderer = followed(avatar, placed), CpuRenderer(avatar)
    rows: list[Row] = []
    sheets: dict[str, list[tuple[Cell, Cell]]] = {name: [] for name in FACES}
    order = sorted(range(len(world.frames)), key=lambda i: (world.frames[i].timestep, azimuth(world.frames[i])))
    for index in order:
        before, frame = world.frames[index], placed.frames[index]
        hair = np.asarray(Image.open(folder / "hair" / f"{frame.camera_index:02d}.png")) > 127
        real = pose_parameters(truth, parameters, frame.timestep)
        row, cells = compared(renderer, truth, before, frame, poses[frame.timestep], real, hair)
        rows.append(row)
        sheets[row.face].append(cells)
    for name, columns in sheets.items():
        Image.fromarray(picture_grid([[column[kind] for column in columns] for kind in (0, 1)])).save(
            out / f"{name}.png"
        )
    return rows


def summary(rows: Sequence[Row]) -> list[dict[str, float | str | None]]:
    """A line for each azimuth, both sides together; the mouth by face."""
    lines: list[dict[str, float | str | None]] = []
    for aside in sorted({round(abs(row.azimuth)) for row in rows}):
        own = [row for row in rows if round(abs(row.azimuth)) == aside]
        line: dict[str, float | str | None] = {"azimuth": f"{aside}", "inside": _mean([row.inside for row in own])}
        line["hair"] = _mean([row.hair for row in own])
        for face in FACES:
            line[f"mouth, {face}"] = _mean([row.mouth for row in own if row.face == face])
        line["alpha"] = _mean([row.alpha for row in own])
        lines.append(line)
    return lines


def _mean(values: Sequence[float | None]) -> float | None:
    there = [value for value in values if value is not None]
    return float(np.mean(there)) if there else None


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="with clip.mp4 and truth")
    parser.add_argument("--avatar", type=Path, help="baked from the clip before")
    parser.add_argument("--preset", default="balanced", choices=list(PRESETS))
    parser.add_argument("--iterations", type=int, metavar="N")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    try:
        if options.avatar is None:
            settings = BakeSettings(
                options.folder / "clip.mp4",
                out=options.out / "person.splatavatar",
                preset=options.preset,
                iterations=options.iterations,
                seed=options.seed,
            )
            avatar = bake(settings).avatar
        else:
            avatar = load_avatar(options.avatar)
        rows = measured(avatar, options.folder / "truth", options.out)
    except SplatAvatarError as error:
        parser.error(str(error))
    lines = summary(rows)
    figures = {"pictures": [vars(row) for row in rows], "azimuths": lines}
    (options.out / "figures.json").write_text(json.dumps(figures, indent=1) + "\n")
    table = Table(*lines[0], title="the made person, inside its matte", box=box.SIMPLE)
    for line in lines:
        cells = (line["azimuth"], *(_cell(value) for name, value in line.items() if name != "azimuth"))
        table.add_row(*map(str, cells))
    Console(width=120).print(table)


def _cell(value: float | str | None) -> str:
    if value is None:
        return "-"
    return f"{value:.3f}" if float(value) <= 1 else f"{value:.2f}"


if __name__ == "__main__":
    main()
