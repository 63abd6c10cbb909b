"""How fast the drive path is: overlapped and one after another, with the way back and without."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict
from time import perf_counter
from typing import Any

from gpu_figures.clock import Pace, on_cpu, on_gpu
from gpu_figures.recorded import Recorded
from gpu_figures.scenes import WHITE, Motion, Scene, measured_avatar, motion, scenes
from gpu_figures.session import Session
from splatavatar.avatar.renderers.cuda_renderer import CudaRenderer
from splatavatar.avatar.renderers.renderer import IN_FLIGHT
from splatavatar.render.camera import Camera
from splatavatar.rig.rig import PoseParameters

Poses = Callable[[Scene, int], list[PoseParameters]]
SHARES = 8
"""parts that the time of a scene is cut into; six measurements, each for one, and the first picture"""


def run(session: Session) -> None:
    """Prints and keeps a row a scene."""
    avatar = measured_avatar(session)
    renderer, moving = CudaRenderer(avatar, session.device), motion(avatar, session.rehearse)
    found: list[dict[str, Any]] = []
    every = scenes(avatar, session.scenes, session.rehearse)
    for number, scene in enumerate(every):
        if session.left <= 0:
            session.say(f"{scene.name}: no time left")
            continue
        seconds = min(3.0, session.left / (len(every) - number) / SHARES)
        found.append(measured(renderer, moving, scene, Pace(0.0, 1) if session.rehearse else Pace(seconds, 20)))
        session.keep(gaussians=len(avatar.gaussians), scenes=found)
        speed = found[-1]["overlapped_per_second"]
        session.say(f"{scene.name}: {speed:,.1f} {scene.unit}/s overlapped, target {scene.target:,.0f}")
    _print(session, found, len(avatar.gaussians))


def measured(renderer: CudaRenderer, moving: Motion, scene: Scene, pace: Pace) -> dict[str, Any]:
    """All figures of a scene."""
    began = perf_counter()
    renderer.render_batch(moving.at(scene, 0), scene.cameras, WHITE, scene.pose)
    first = perf_counter() - began
    # Records the pictures in flight, with room for what any frame of the signal needs.
    _streamed(renderer, scene, moving.at, Pace(0.0, len(moving.poses) if pace.seconds else 1))
    with_way_back = _streamed(renderer, scene, moving.at, pace)
    retargeted = _streamed(renderer, scene, moving.retargeted, pace)
    slots = [
        Recorded(renderer.frame(moving.at(scene, 0), scene.cameras, WHITE, scene.pose, slot))
        for slot in range(IN_FLIGHT + 1)
    ]
    drawn = _drawn(slots, scene, moving.at, pace)
    numbers = iter(range(1_000_000))
    latency = on_cpu(
        lambda: renderer.render_batch(moving.at(scene, next(numbers)), scene.cameras, WHITE, scene.pose), pace
    )
    one = slots[0]
    prepare = on_cpu(lambda: one.prepare(moving.at(scene, next(numbers)), scene.cameras), pace)
    rounds = max(20, min(400, round(1000 * pace.seconds / max(latency.median, 1e-3))))
    replay = on_gpu(one.replay, one.frame.pixels.device, rounds, one.stream)
    read_back = on_gpu(one.read_back, one.frame.pixels.device, rounds, one.stream)
    return {
        "scene": scene.name,
        "drawn_at_once": scene.shape,
        "unit": scene.unit,
        "target_per_second": scene.target,
        "overlapped_per_second": with_way_back * scene.per_batch,
        "overlapped_from_signals_per_second": retargeted * scene.per_batch,
        "without_readback_per_second": drawn * scene.per_batch,
        "latency": asdict(latency),
        "prepare_numbers": asdict(prepare),
        "graph_replay": asdict(replay),
        "graph_replay_only_per_second": 1000 * scene.per_batch / replay.median,
        "readback": asdict(read_back),
        "readback_bytes": one.frame.pixels.numel(),
        "first_picture_seconds": first,
    }


def _streamed(renderer: CudaRenderer, scene: Scene, poses: Poses, pace: Pace) -> float:
    """Batches a second of ``stream``, to bytes on the CPU."""

    def frames() -> Iterator[tuple[list[PoseParameters], list[Camera]]]:
        for number in pace.counted():
            yield poses(scene, number), scene.cameras

    began = perf_counter()
    count = sum(1 for _ in renderer.stream(frames(), WHITE, scene.pose))
    return count / (perf_counter() - began)


def _drawn(slots: list[Recorded], scene: Scene, poses: Poses, pace: Pace) -> float:
    """Batches a second that stay on the GPU, as many in flight as in a stream."""
    began = perf_counter()
    count = 0
    for number in pace.counted():
        slots[number % len(slots)].draw_after(poses(scene, number), scene.cameras)
        count += 1
    for slot in slots:
        slot.wait()
    return count / (perf_counter() - began)


def _print(session: Session, found: list[dict[str, Any]], gaussians: int) -> None:
    def shown(times: dict[str, float]) -> str:
        return f"{times['median']:.3f}"

    rows = [
        [
            row["scene"],
            row["drawn_at_once"],
            row["unit"],
            f"{row['target_per_second']:,.0f}",
            f"{row['overlapped_per_second']:,.1f}",
            f"{row['overlapped_from_signals_per_second']:,.1f}",
            f"{row['without_readback_per_second']:,.1f}",
            f"{row['graph_replay_only_per_second']:,.1f}",
        ]
        for row in found
    ]
    columns = ["scene", "at once", "unit", "target", "overlapped", "from signals", "no read-back", "graph alone"]
    session.table(f"Drive, {gaussians:,} Gaussians: units a second", columns, rows)
    rows = [
        [
            row["scene"],
            shown(row["latency"]),
            f"{row['latency']['p95']:.3f}",
            str(row["latency"]["count"]),
            shown(row["prepare_numbers"]),
            shown(row["graph_replay"]),
            shown(row["readback"]),
            f"{row['readback_bytes'] / 1e6:.2f}",
            f"{row['first_picture_seconds']:.1f}",
        ]
        for row in found
    ]
    columns = ["scene", "latency", "p95", "of", "numbers", "graph", "read-back", "MB back", "first, s"]
    session.table("Drive: milliseconds of what is drawn at once, medians", columns, rows)
    session.say(
        "overlapped: rig parameters to bytes on the CPU, each made while the one before is on its way back;\n"
        "from signals: the same with retargeting of ARKit coefficients; no read-back: the pixels stay on the card;\n"
        "graph alone: replays back to back, one set of numbers. latency: one after another, waited for, with read-back."
    )
