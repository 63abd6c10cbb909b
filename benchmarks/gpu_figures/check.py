"""Whether the GPU draws and differentiates what the CPU does, and how far from it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from published.ours import OurAvatar
from published.smaller_capture import write_smaller
from torch import Tensor

from gpu_figures.clock import on_gpu
from gpu_figures.scenes import WHITE, Motion, measured_avatar, motion
from gpu_figures.session import Session
from splatavatar.avatar.avatar import Avatar
from splatavatar.avatar.framing import default_camera
from splatavatar.avatar.renderers.cpu_renderer import CpuRenderer
from splatavatar.avatar.renderers.cuda_renderer import CudaRenderer
from splatavatar.bake.engines.engine import Engine, Gradients, LossWeights, Shots
from splatavatar.bake.engines.gpu_engine import GpuEngine
from splatavatar.bake.engines.native_engine import NativeEngine
from splatavatar.bake.engines.splats import PARAMETERS
from splatavatar.bake.scene.targets import load_targets
from splatavatar.bake.scoring.contact_sheet import spread
from splatavatar.capture import read_capture
from splatavatar.capture.rig_pose import pose_parameters
from splatavatar.gaussians.gaussians import Gaussians
from splatavatar.render.camera import Camera, Image
from splatavatar.render.gpu.rasterize import rasterize_gpu
from splatavatar.render.gpu_check import gsplat_problem
from splatavatar.render.rasterize import rasterize

Floats = NDArray[np.float32]
Draw = Callable[[Gaussians[Tensor], Tensor, Camera], Image[Tensor]]
LEVELS, RELATIVE = 2.0, 1e-3
"""what the issue allows: of 255, and of the length of a gradient"""
NAMES = (*(field.name for field in fields(Gaussians)), "T_camera_world")
LOSS = LossWeights(l1=0.8, dssim=0.2, matte=0.1)
SMALL = 32
"""pixels of the pictures of a rehearsal"""


def run(session: Session) -> None:
    """Prints and keeps three tables, each with the worst of all frames."""
    avatar = measured_avatar(session)
    moving = motion(avatar, session.rehearse)
    size = SMALL if session.rehearse else 512
    at = spread(len(moving.poses), 1 if session.rehearse else 6)
    backends: dict[str, Draw] = {"cuda": _cuda}
    if (problem := gsplat_problem()) is None:
        backends["gsplat"] = lambda g, T, camera: rasterize(g, camera, (0.0, 0.0, 0.0), "gsplat", T)
    else:
        session.keep(gsplat=problem)
        session.say(f"gsplat: {problem}")
    camera = default_camera(avatar, size, size)
    kept: dict[str, Any] = {}
    for name, draw in backends.items():
        try:
            kept[name] = rasterizer(draw, avatar, moving, at, camera, session.device)
        except Exception as error:
            if name == "cuda":
                raise
            # Another library that does not work is worth a line, not the rest.
            kept[name] = {"problem": (str(error).splitlines() or [type(error).__name__])[0]}
            session.say(f"{name}: {kept[name]['problem']}")
        session.keep(rasterize=kept)
    _print_rasterizers(session, kept)
    if session.left > 0:
        session.keep(drive_path=drive_paths(avatar, moving, at, size, session.device))
        _print_levels(session, session.figures["drive_path"])
    if session.left > 0:
        session.keep(engine=engines(session, avatar))
        _print_engines(session, session.figures["engine"])


def rasterizer(
    draw: Draw, avatar: Avatar, moving: Motion, at: list[int], camera: Camera, device: torch.device
) -> dict[str, Any]:
    """Worst levels and relative errors of gradients against the CPU; milliseconds of one picture and of its gradients.

    The gradients are those of a random linear function of colour and alpha.
    """
    renderer, levels, errors = CpuRenderer(avatar), 0.0, dict.fromkeys(NAMES, 0.0)
    random = torch.Generator().manual_seed(0)
    weight = torch.rand(camera.height, camera.width, 4, generator=random) - 0.3
    for number in at:
        bound = in_world(renderer, moving, number, camera)
        want, want_gradients = _with_gradients(_cpu, bound, camera, weight, torch.device("cpu"))
        got, gradients = _with_gradients(draw, bound, camera, weight, device)
        levels = max(levels, 255 * float((got.cpu() - want).abs().max()))
        for name in NAMES:
            errors[name] = max(errors[name], relative(gradients[name].cpu(), want_gradients[name]))
    times = _times(draw, bound, camera, weight, device)
    return {"frames": len(at), "size": camera.height, "levels": levels, "gradients": errors, **times}


def _times(
    draw: Draw, bound: Gaussians[Floats], camera: Camera, weight: Tensor, device: torch.device
) -> dict[str, float]:
    """Milliseconds of a picture, and of a picture with its gradients, on the GPU."""
    (leaves, T), weight = _leaves(bound, camera, device), weight.to(device)

    def forward() -> None:
        with torch.no_grad():
            draw(leaves, T, camera)

    def both() -> None:
        (_joined(draw(leaves, T, camera)) * weight).sum().backward()  # type: ignore[no-untyped-call]

    return {
        "forward_milliseconds": on_gpu(forward, device, 50).median,
        "forward_and_backward_milliseconds": on_gpu(both, device, 50).median,
    }


def in_world(renderer: CpuRenderer, moving: Motion, number: int, camera: Camera) -> Gaussians[Floats]:
    """The posed Gaussians, coloured as ``camera`` sees them."""
    bare, sh = renderer.gaussians(moving.poses[number])
    way = bare.mean - camera.position.astype(np.float32)
    way /= np.linalg.norm(way, axis=1, keepdims=True)
    colour = np.maximum(bare.colour + np.einsum("nci,ni->nc", sh, way), 0).astype(np.float32)
    return replace(bare, colour=colour)


def relative(got: Tensor, want: Tensor) -> float:
    """Length of the difference over the length of ``want``."""
    return float((got.double() - want.double()).norm() / want.double().norm().clamp(min=1e-30))


def drive_paths(avatar: Avatar, moving: Motion, at: list[int], size: int, device: torch.device) -> dict[str, float]:
    """Worst levels of ``CudaRenderer`` against ``CpuRenderer``, over white and transparent where it shows."""
    native, renderer, camera = CpuRenderer(avatar), CudaRenderer(avatar, device), default_camera(avatar, size, size)
    found = {}
    for label, background in (("over white", WHITE), ("transparent", None)):
        worst = 0.0
        for number in at:
            want = native.render(moving.poses[number], camera, background).astype(float)
            away = np.abs(renderer.render(moving.poses[number], camera, background) - want)
            if background is None:
                away[..., :3] *= want[..., 3:] / 255
            worst = max(worst, float(away.max()))
        found[label] = worst
    return found


def engines(session: Session, avatar: Avatar) -> dict[str, Any]:
    """Relative errors of the gradients of a step on pictures of the capture: ``GpuEngine`` against ``NativeEngine``.

    A batch of several pictures and timesteps, with gradients of the vertices; the avatar need not be of this capture.
    """
    with tempfile.TemporaryDirectory() as folder:
        source = session.capture
        if session.rehearse:
            source = Path(folder) / "capture"
            write_smaller(session.capture, source, SMALL)
        capture = read_capture(source)
        frames = capture.split("train")
        targets = load_targets([frames[i] for i in spread(len(frames), 2 if session.rehearse else 6)])
    parameters = capture.rig_parameters
    if parameters is None:
        raise SystemExit(f"{session.capture}: the check needs a capture with rig parameters")
    native, timesteps = CpuRenderer(avatar), sorted({target.timestep for target in targets})
    poses = [pose_parameters(avatar.rig, parameters, t) for t in timesteps]
    c = avatar.correctives
    inputs = np.stack([np.concatenate([p.expression, p.joint_rotations.ravel()]) for p in poses])
    psi = np.clip(inputs @ c.weights.T + c.bias, -3, 3).astype(np.float32)
    vertices = np.stack([native.vertices(p).copy() for p in poses])
    results: list[Gradients] = []
    faces = torch.from_numpy(avatar.rig.faces)
    here: tuple[Engine, Engine] = (NativeEngine(faces), GpuEngine(faces, session.device))
    for engine in here:
        splats = OurAvatar.of(avatar, engine.device).splats
        shots = Shots(
            tuple(targets),
            tuple(timesteps.index(target.timestep) for target in targets),
            torch.from_numpy(vertices).to(engine.device),
            torch.from_numpy(psi).to(engine.device),
            tuple((0.2 + 0.1 * (i % 5), 0.5, 0.7) for i in range(len(targets))),
        )
        engine.prepare(targets)
        results.append(engine.gradients(splats, shots, LOSS, 0.05, True))
    want, got = results
    errors = {name: relative(got.parameters[name].cpu(), want.parameters[name]) for name in PARAMETERS}
    for name in ("shared", "vertices", "motion", "weight", "losses"):
        errors[name] = relative(getattr(got, name).cpu(), getattr(want, name))
    return {"pictures": len(targets), "timesteps": len(timesteps), "gradients": errors}


def _cuda(g: Gaussians[Tensor], T: Tensor, camera: Camera) -> Image[Tensor]:
    # Not through rasterize(): that refuses tensors of the CPU, which a rehearsal has.
    return rasterize_gpu(g, T, camera, (0.0, 0.0, 0.0))


def _cpu(g: Gaussians[Tensor], T: Tensor, camera: Camera) -> Image[Tensor]:
    return rasterize(g, camera, (0.0, 0.0, 0.0), "cpu", T)


def _leaves(bound: Gaussians[Floats], camera: Camera, device: torch.device) -> tuple[Gaussians[Tensor], Tensor]:
    def leaf(values: Floats) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(values)).to(device).requires_grad_()

    return Gaussians(*(leaf(values) for values in vars(bound).values())), leaf(camera.T_camera_world.astype(np.float32))


def _joined(image: Image[Tensor]) -> Tensor:
    return torch.cat([image.colour, image.alpha[..., None]], -1)


def _with_gradients(
    draw: Draw, bound: Gaussians[Floats], camera: Camera, weight: Tensor, device: torch.device
) -> tuple[Tensor, dict[str, Tensor]]:
    leaves, T = _leaves(bound, camera, device)
    picture = _joined(draw(leaves, T, camera))
    every = [*vars(leaves).values(), T]
    found = torch.autograd.grad((picture * weight.to(device)).sum(), every)
    return picture.detach(), dict(zip(NAMES, found, strict=True))


def _print_rasterizers(session: Session, kept: dict[str, Any]) -> None:
    good = {name: one for name, one in kept.items() if "problem" not in one}
    rows = [
        [
            name,
            f"{one['levels']:.3f}",
            *(f"{one['gradients'][field]:.1e}" for field in NAMES),
            f"{one['forward_milliseconds']:.3f}",
            f"{one['forward_and_backward_milliseconds']:.3f}",
        ]
        for name, one in good.items()
    ]
    one = good["cuda"]
    title = (
        f"rasterize against cpu, {one['size']}x{one['size']}, worst of {one['frames']} poses: levels of 255 "
        f"(allowed {LEVELS:g}), relative errors of gradients (allowed {RELATIVE:g})"
    )
    session.table(title, ["backend", "levels", *NAMES, "ms", "ms with backward"], rows)


def _print_levels(session: Session, found: dict[str, float]) -> None:
    rows = [[label, f"{worst:.1f}"] for label, worst in found.items()]
    session.table("CudaRenderer against CpuRenderer, worst of all poses", ["", "levels"], rows)


def _print_engines(session: Session, found: dict[str, Any]) -> None:
    title = (
        f"GpuEngine against NativeEngine, relative errors, {found['pictures']} pictures of {found['timesteps']} "
        f"timesteps of {session.capture.name}"
    )
    session.table(title, list(found["gradients"]), [[f"{error:.1e}" for error in found["gradients"].values()]])
