"""Score an avatar on one split of a capture and leave the evidence in a folder."""

from __future__ import annotations

import json
from collections import Counter, deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from splatavatar.array_types import Bytes, Floats, Mask
from splatavatar.avatar.avatar import Avatar
from splatavatar.avatar.renderers.renderer import Renderer
from splatavatar.bake.scoring.contact_sheet import SheetRow, contact_sheet, spread
from splatavatar.bake.scoring.metrics import FrameScore, composite, score, unit, with_head
from splatavatar.capture.capture import Capture, Frame, RigParameters
from splatavatar.capture.head_region import head_region
from splatavatar.capture.images import load_frame
from splatavatar.capture.rig_pose import pose_parameters
from splatavatar.errors import CaptureError
from splatavatar.output import atomic_write, fitting, make_folder
from splatavatar.printable import printable
from splatavatar.progress import Progress, unheard
from splatavatar.rig.posing import pose_numpy
from splatavatar.rig.rig import PoseParameters

THREADS = 2
SCORING = "scoring"
"""the stage that is told of"""
SHEET_ROWS = 8


def score_split(
    avatar: Avatar,
    capture: Capture,
    split: str,
    out: Path | None,
    render: Callable[[Frame], Floats],
    progress: Progress = unheard,
    remarks: Mapping[str, Any] | None = None,
    pose: Callable[[Frame], PoseParameters] | None = None,
) -> dict[str, Any]:
    """Render every frame of ``split`` and compare it with its picture.

    ``render`` gives (H, W, 4) RGB with straight alpha, any range (it is cut to [0, 1]), at the size of the frame's
    camera; it is called from this thread, one frame at a time. ``progress`` is told of each frame.

    With ``out``, writes ``out/renders/STEM.png`` (RGBA, 8 bits, straight alpha), the pictures and mattes that they were
    compared with as ``out/truth/STEM.png`` and ``out/masks/STEM.png``, ``out/metrics.json`` and
    ``out/contact_sheet.png``. Scores are those of the 8-bit values, with ``out`` or without.

    ``remarks`` are added to what metrics.json holds. ``pose`` says how the rig stands in a frame: within its head the
    picture counts, whatever the matte (see ``metrics``).

    Returns what metrics.json holds: ``avatar`` (name and number of Gaussians), ``split``, ``mean`` and, by stem,
    ``images``; the last two with psnr, psnr_masked, psnr_head, ssim, flip and alpha (see ``metrics.FrameScore``; a
    mean is over the pictures that have the value).

    Raises:
        CaptureError: the split is empty, a picture cannot be read, or none shows the head.
        OutputError: a result cannot be written.
    """
    frames = capture.split(split)
    if not frames:
        filled = [name for name, indices in capture.splits.items() if indices]
        raise CaptureError(f"{capture.root}: the split {split!r} has no frames, expected one of {', '.join(filled)}")
    stems = _stems(frames)
    chosen = set(spread(len(frames), SHEET_ROWS))
    if out is not None:
        for folder in ("renders", "truth", "masks"):
            make_folder(out / folder)
    results: list[tuple[FrameScore, SheetRow | None]] = []

    def finish(jobs: deque[Future[tuple[FrameScore, SheetRow | None]]], left: int) -> None:
        while len(jobs) > left:
            results.append(jobs.popleft().result())
            progress(SCORING, len(results) / len(frames))

    with ThreadPoolExecutor(THREADS) as pool:
        jobs: deque[Future[tuple[FrameScore, SheetRow | None]]] = deque()
        try:
            for position, frame in enumerate(frames):
                rgba = _quantise(render(frame))
                on_sheet = out is not None and position in chosen
                head = None if pose is None else _head(avatar, pose(frame), frame)
                name = fitting(stems[position], ".png")
                jobs.append(pool.submit(_compare, frame, rgba, head, out, name, on_sheet))
                finish(jobs, left=2 * THREADS)
            finish(jobs, left=0)
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    if pose is not None and all(result[0].psnr_head is None for result in results):
        raise CaptureError(
            f"{capture.root}: no camera of the split {split!r} sees the head of the rig: the cameras and the rig "
            "parameters do not belong together"
        )
    images = {stem: asdict(result[0]) for stem, result in zip(stems, results, strict=True)}
    described = {"name": avatar.metadata.get("name", ""), "gaussians": len(avatar.gaussians)}
    summary = {
        "avatar": described,
        "split": split,
        "mean": _means(list(images.values())),
        "images": images,
        **(remarks or {}),
    }
    if out is not None:
        with atomic_write(out / "metrics.json") as stream:
            stream.write((json.dumps(summary, indent=1) + "\n").encode())
        _write_png(out / "contact_sheet.png", contact_sheet([row for _, row in results if row is not None]))
    return summary


def frame_renderer(renderer: Renderer, parameters: RigParameters) -> Callable[[Frame], Floats]:
    """Renders the avatar as a frame of a capture shows it: RGBA (H, W, 4) in [0, 1], straight alpha."""

    def render(frame: Frame) -> Floats:
        pose = pose_parameters(renderer.avatar.rig, parameters, frame.timestep)
        return unit(renderer.render(pose, frame.camera))

    return render


def _head(avatar: Avatar, pose: PoseParameters, frame: Frame) -> Mask:
    return head_region(avatar.rig, pose_numpy(avatar.rig, pose), frame.camera)


def _compare(
    frame: Frame, rgba: Bytes, head: Mask | None, out: Path | None, name: str, on_sheet: bool
) -> tuple[FrameScore, SheetRow | None]:
    image, matte = load_frame(frame)
    floats = unit(rgba)
    result = score(floats, image, matte, head)
    matte = matte if head is None else with_head(matte, head)
    if out is not None:
        for folder, picture in (("renders", rgba), ("truth", image), ("masks", matte)):
            _write_png(out / folder / name, picture)
    if not on_sheet:
        return result, None
    masked = "" if result.psnr_masked is None else f", {result.psnr_masked:.2f} dB inside the matte"
    truth = composite(unit(image), unit(matte))
    label = f"{printable(frame.name)}   {result.psnr:.2f} dB{masked}"
    return result, SheetRow(label, composite(floats[..., :3], floats[..., 3]), truth)


def _quantise(rgba: Floats) -> Bytes:
    return np.rint(np.clip(np.nan_to_num(rgba), 0, 1) * 255).astype(np.uint8)


def _stems(frames: list[Frame]) -> list[str]:
    """The stem of each picture's name, with its folders where two pictures have the same stem; no two are the same."""
    paths = [PurePosixPath(frame.name) for frame in frames]
    uses = Counter(path.stem for path in paths)
    found: dict[str, None] = {}
    for path in paths:
        stem = path.stem if uses[path.stem] == 1 else "_".join(path.with_suffix("").parts)
        # Folders do not tell a.jpg from a.png, nor x/y.png from x_y.png.
        name, number = stem, 1
        while name in found:
            name, number = f"{stem}_{number + 1}", number + 1
        found[name] = None
    return list(found)


def _means(scores: list[dict[str, float | None]]) -> dict[str, float | None]:
    means: dict[str, float | None] = {}
    for name in scores[0]:
        values = [value for one in scores if (value := one[name]) is not None]
        means[name] = float(np.mean(values)) if values else None
    return means


def _write_png(path: Path, picture: Bytes) -> None:
    from PIL import Image

    with atomic_write(path) as stream:
        Image.fromarray(picture).save(stream, "PNG", compress_level=4)
