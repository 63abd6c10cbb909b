"""How good a bake is after how many seconds: ours, and the same schedule without the fused parts."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np
import torch
from published.smaller_capture import write_smaller
from rich.console import Console

from gpu_figures.session import Session
from splatavatar.avatar.avatar import Avatar
from splatavatar.avatar.file import save_avatar
from splatavatar.avatar.renderers.cuda_renderer import CudaRenderer
from splatavatar.bake.engines.device import GPU_PICTURES, BakeDevice
from splatavatar.bake.engines.engine import Engine, Target
from splatavatar.bake.engines.gpu_engine import GpuEngine
from splatavatar.bake.engines.torch_engine import TorchEngine
from splatavatar.bake.inputs import spread_frames, timed_rig
from splatavatar.bake.reporting.monitor import Display
from splatavatar.bake.scene.targets import load_targets
from splatavatar.bake.scoring.metrics import composite, psnr, unit
from splatavatar.bake.settings import PRESETS, BakeSettings
from splatavatar.bake.training.job import Job
from splatavatar.capture import read_capture
from splatavatar.capture.capture import Capture, RigParameters
from splatavatar.capture.rig_pose import fitted_rig, pose_parameters
from splatavatar.render.gpu_check import gsplat_problem
from splatavatar.render.rasterize import Backend
from splatavatar.rig.rig import Rig

SPLITS = ("val", "test")
OURS, PLAIN = "ours", "without fused parts"
WARM_UP_STEPS = 60
"""that meet all kernels of a bake: correctives, densification, the rig"""
AFTERWARDS = 12.0
"""seconds that a bake may need beyond its budget: what is prepared, written and scored"""
SMALL, SMALL_STEPS, SMALL_GAUSSIANS = 32, 2, 120


@dataclass(frozen=True)
class Chosen(BakeDevice):
    """A device whose engine and number of pictures a step are those of a plan."""

    plain: Backend | None = None
    """backend of ``rasterize`` for the engine without fused parts"""
    shown: int = GPU_PICTURES

    @property
    def pictures(self) -> int:
        """That a step looks at."""
        return self.shown

    def engine(self, rig: Rig) -> Engine:
        """The one of the plan."""
        faces = torch.from_numpy(rig.faces)
        if self.plain is not None:
            return TorchEngine(faces, self.plain, self.torch_device)
        return GpuEngine(faces, self.torch_device)


@dataclass(frozen=True)
class Plan:
    """One bake."""

    method: str
    budget: float
    """seconds, as ``splatavatar bake --budget`` has them"""
    pictures: int
    steps: int | None = field(default=None)
    """instead of the budget"""


@dataclass(frozen=True)
class Input:
    """What every bake reads, read once."""

    capture: Capture
    parameters: RigParameters
    rig: Rig
    targets: list[Target]
    watched: list[Target]
    scored: dict[str, list[Target]]
    reading: float
    """seconds that reading took; every bake begins with them spent"""


def run(session: Session) -> None:
    """Prints and keeps a row a bake."""
    plain, why = plain_backend(session)
    session.keep(without_fused_parts=f"TorchEngine on {plain}", gsplat=why)
    session.say(f"without fused parts: torch autograd, one picture after another, rasterizer {plain}; gsplat: {why}")
    with tempfile.TemporaryDirectory() as folder:
        source = session.capture
        if session.rehearse:
            PRESETS["balanced"] = replace(PRESETS["balanced"], gaussians=SMALL_GAUSSIANS)
            source = Path(folder) / "capture"
            write_smaller(session.capture, source, SMALL)
        given = read(source)
        session.keep(reading_seconds=given.reading, pictures_trained=len(given.targets))
        found: list[dict[str, Any]] = []
        warm: dict[tuple[str, int], float] = {}
        for plan in plans(session.rehearse):
            # Each takes what it may take, so that a bake that has begun ends within the share.
            needed = plan.budget + AFTERWARDS + (0.0 if (plan.method, plan.pictures) in warm else AFTERWARDS)
            if session.left < (0.0 if session.rehearse else needed):
                session.say(f"{plan.method}, {plan.budget:g} s, {plan.pictures} pictures: no time left")
                continue
            device = Chosen(session.device.type, plain=plain if plan.method == PLAIN else None, shown=plan.pictures)
            if (plan.method, plan.pictures) not in warm:
                warm[plan.method, plan.pictures] = warmed_up(given, device, plan, Path(folder), session.rehearse)
            row = baked(given, device, plan, Path(folder))
            found.append({**row, "warm_up_seconds": warm[plan.method, plan.pictures]})
            session.keep(bakes=found)
            session.say(
                f"{plan.method}, {plan.budget:g} s, {plan.pictures} pictures a step: "
                f"{row['psnr']['val']:.2f} dB val, {row['psnr']['test']:.2f} dB test"
            )
    _print(session, found)


def plans(rehearse: bool) -> Iterator[Plan]:
    """Most wanted first: the targets, the twin at the same seconds, pictures a step at equal seconds, the curves."""
    if rehearse:
        yield Plan(OURS, 0.0, 2, SMALL_STEPS)
        yield Plan(PLAIN, 0.0, 2, SMALL_STEPS)
        return
    yield Plan(OURS, 40.0, GPU_PICTURES)
    yield Plan(OURS, 180.0, GPU_PICTURES)
    yield Plan(PLAIN, 40.0, GPU_PICTURES)
    for pictures in (1, 2, 4, 8):
        if pictures != GPU_PICTURES:
            yield Plan(OURS, 40.0, pictures)
    yield Plan(OURS, 20.0, GPU_PICTURES)
    yield Plan(OURS, 80.0, GPU_PICTURES)
    yield Plan(PLAIN, 20.0, GPU_PICTURES)
    yield Plan(PLAIN, 80.0, GPU_PICTURES)
    yield Plan(PLAIN, 180.0, GPU_PICTURES)


def plain_backend(session: Session) -> tuple[Backend, str]:
    """The rasterizer of the bake without fused parts, and why it is not gsplat."""
    problem = gsplat_problem()
    if problem is None and not session.rehearse:
        return "gsplat", "works"
    return "cpu" if session.rehearse else "cuda", problem or "works"


def read(source: Path) -> Input:
    """The capture, its rig and its pictures.

    Raises:
        SystemExit: it has no rig parameters.
    """
    began = monotonic()
    capture = read_capture(source)
    parameters = capture.rig_parameters
    if parameters is None:
        raise SystemExit(f"{source}: the bakes need a capture with rig parameters")
    display = Display(Console(stderr=True))
    rig, preparing = timed_rig(parameters.rig, parameters.identity, display)
    rig = fitted_rig(rig, parameters)
    frames = capture.split("train")
    targets = load_targets(frames, clean=len({frame.timestep for frame in frames}) == len(frames))
    watched = load_targets(spread_frames(capture, "val", 6) + spread_frames(capture, "test", 6))
    reading = monotonic() - began - preparing
    scored = {split: load_targets(capture.split(split)) for split in SPLITS}
    return Input(capture, parameters, rig, targets, watched, scored, reading)


def warmed_up(given: Input, device: Chosen, plan: Plan, folder: Path, rehearse: bool) -> float:
    """Seconds of a short bake before the first that counts, in which kernels are compiled."""
    if rehearse:
        return 0.0
    began = monotonic()
    baked(given, device, replace(plan, steps=WARM_UP_STEPS), folder)
    return monotonic() - began


def baked(given: Input, device: Chosen, plan: Plan, folder: Path) -> dict[str, Any]:
    """One bake, written, scored and told.

    Its seconds are those of ``splatavatar bake`` from the reading of the capture to the avatar file, the report aside.
    """
    out = folder / "baked.splatavatar"
    settings = BakeSettings(
        given.capture.root,
        out=out,
        budget_seconds=plan.budget or None,
        iterations=plan.steps,
        device=device.name,
        started=monotonic() - given.reading,
    )
    display = Display(Console(stderr=True))
    job = Job(settings, device, display, given.rig, given.parameters, given.targets, given.watched, out)
    began = monotonic()
    job.run()
    optimising = monotonic() - began
    avatar = job.avatar(given.capture)
    save_avatar(out, avatar)
    seconds = monotonic() - settings.started
    steps = job.trainer.state.iteration
    return {
        "method": plan.method,
        "budget": plan.budget,
        "pictures_a_step": plan.pictures,
        "seconds": seconds,
        "prepared_seconds": job.prepared,
        "optimising_seconds": optimising,
        "steps": steps,
        "steps_per_second": steps / optimising,
        "pictures_per_second": steps * plan.pictures / optimising,
        "gaussians": len(avatar.gaussians),
        "psnr": {split: mean_psnr(avatar, given, split, device.torch_device) for split in SPLITS},
        "curve": [asdict(point) for point in job.curve],
    }


def mean_psnr(avatar: Avatar, given: Input, split: str, device: torch.device) -> float:
    """As ``splatavatar eval`` scores a split, without its other scores."""
    renderer, scores = CudaRenderer(avatar, device), []
    targets = given.scored[split]
    for target in targets if device.type == "cuda" else targets[:2]:
        pose = pose_parameters(avatar.rig, given.parameters, target.timestep)
        render, truth = (unit(picture) for picture in (renderer.render(pose, target.camera), target.rgba))
        scores.append(psnr(*(composite(rgba[..., :3], rgba[..., 3]) for rgba in (render, truth))))
    return float(np.mean(scores))


def _print(session: Session, found: list[dict[str, Any]]) -> None:
    rows = [
        [
            row["method"],
            f"{row['budget']:g}",
            str(row["pictures_a_step"]),
            f"{row['psnr']['val']:.2f}",
            f"{row['psnr']['test']:.2f}",
            f"{row['seconds']:.1f}",
            f"{row['prepared_seconds']:.1f}",
            f"{row['steps']:,}",
            f"{row['steps_per_second']:.1f}",
            f"{row['pictures_per_second']:.1f}",
            f"{row['gaussians']:,}",
        ]
        for row in sorted(found, key=lambda row: (row["method"], row["pictures_a_step"], row["budget"]))
    ]
    columns = ["bake", "budget", "pictures", "val dB", "test dB", "seconds", "before", "steps", "steps/s"]
    session.table(f"Bake of {session.capture.name}", [*columns, "pictures/s", "Gaussians"], rows)
    session.say(
        "Each row is a bake of its own, its rates annealed over its budget. seconds: of the whole command but its\n"
        "report, with kernels compiled before; before: reading the capture and what the optimiser starts from."
    )
    val, test = session.goals
    for method in (OURS, PLAIN):
        there = [
            row["seconds"]
            for row in found
            if row["method"] == method and row["psnr"]["val"] >= val and row["psnr"]["test"] >= test
        ]
        shortest = min(there, default=None)
        answer = "in none of these bakes" if shortest is None else f"in {shortest:.1f} s, the shortest of these bakes"
        session.say(f"{method}: the CPU's quality of 5 minutes, {val:g} and {test:g} dB, {answer}")
        session.keep(**{f"goal_seconds_{method.replace(' ', '_')}": shortest})
    best = max((row for row in found if row["method"] == OURS), key=lambda row: row["budget"], default=None)
    if best is not None:
        more = best["psnr"]["val"] - val, best["psnr"]["test"] - test
        session.say(f"ours after {best['seconds']:.1f} s: {more[0]:+.2f} dB val, {more[1]:+.2f} dB test against that")
        session.keep(longest_against_goal={"seconds": best["seconds"], "val": more[0], "test": more[1]})
