"""Milliseconds of each stage of a picture, beside what it moves and computes at least."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from gpu_figures.floors import counts, floors
from gpu_figures.recorded import Recorded
from gpu_figures.scenes import WHITE, measured_avatar, motion, scenes
from gpu_figures.session import Session
from splatavatar.avatar.renderers.cuda_frame import STAGES
from splatavatar.avatar.renderers.cuda_renderer import CudaRenderer

MOMENT = 77
"""frame of the moving signal that is looked at: lips, brows and head are away from rest"""


def run(session: Session) -> None:
    """Prints and keeps a table a scene."""
    machine = session.of_part("machine")
    bandwidth, rate = machine.get("copy_bytes_per_second"), machine.get("float32_operations_per_second")
    upload = machine.get("upload_bytes_per_second")
    if bandwidth is None or rate is None or upload is None:
        session.say("stages: without the part machine there are no ceilings to compare to; times alone")
    avatar = measured_avatar(session)
    path, moving = CudaRenderer(avatar, session.device), motion(avatar, session.rehearse)
    found: list[dict[str, Any]] = []
    for scene in scenes(avatar, session.scenes, session.rehearse):
        if session.left <= 0:
            session.say(f"{scene.name}: no time left")
            continue
        poses = moving.at(scene, MOMENT)
        measured = path.stage_milliseconds(poses, scene.cameras, WHITE, scene.pose)
        recorded = Recorded(path.frame(poses, scene.cameras, WHITE, scene.pose))
        c = counts(recorded)
        rows: dict[str, dict[str, float | None]] = {}
        for name, floor in floors(c).items():
            by_bytes = upload if name == "upload" else bandwidth
            rows[name] = {
                "milliseconds": measured[name],
                "bytes": floor.bytes,
                "operations": floor.operations,
                "bytes_floor_milliseconds": 1000 * floor.bytes / by_bytes if by_bytes else None,
                "operations_floor_milliseconds": 1000 * floor.operations / rate if rate else None,
            }
        found.append({"scene": scene.name, "drawn_at_once": scene.shape, "counts": asdict(c), "stages": rows})
        session.keep(gaussians=len(avatar.gaussians), scenes=found)
        _print(session, found[-1])
    session.say(
        "Each stage alone, many times over in a graph of its own: what it reads is in the caches, so that it can lie\n"
        "below the floor of the bytes, which counts every array once over the measured copy rate (upload: the bus).\n"
        "Of a sort one pass is counted. The operations of blend are an upper count, every pixel with every entry of\n"
        "its tile; a tile stops where it is opaque: the share of the entries before that is of sampled tiles."
    )


def _print(session: Session, found: dict[str, Any]) -> None:
    def shown(value: float | None, digits: int = 4) -> str:
        return "-" if value is None else f"{value:,.{digits}f}"

    rows = []
    total = {key: 0.0 for key in ("milliseconds", "bytes_floor_milliseconds", "operations_floor_milliseconds")}
    for name in STAGES:
        stage = found["stages"][name]
        bounds = [stage["bytes_floor_milliseconds"], stage["operations_floor_milliseconds"]]
        higher = max((bound for bound in bounds if bound is not None), default=None)
        for key in total:
            total[key] += stage[key] or 0.0
        rows.append(
            [
                name,
                shown(stage["milliseconds"]),
                shown(stage["bytes"] / 1e6, 3),
                shown(bounds[0]),
                shown(stage["operations"] / 1e6, 2),
                shown(bounds[1]),
                shown(stage["milliseconds"] / higher if higher else None, 1),
            ]
        )
    sums = [shown(value or None) for value in total.values()]  # nothing where there are no ceilings
    rows.append(["sum", sums[0], "", sums[1], "", sums[2], ""])
    c = found["counts"]
    share = c["entries_blended_share"]
    title = (
        f"Stages, scene {found['scene']} ({found['drawn_at_once']}): {c['gaussians']:,} Gaussians, "
        f"{c['entries_wanted']:,} entries, {c['entries']:,} reached, "
        f"{'-' if share is None else f'{share:.0%}'} of them before the tile is opaque"
    )
    columns = ["stage", "ms", "MB", "floor, ms", "Mflop", "floor, ms", "x the higher floor"]
    session.table(title, columns, rows)
