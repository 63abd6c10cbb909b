"""What ``splatavatar info`` says about an avatar."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from splatavatar.avatar.avatar import Avatar
from splatavatar.avatar.calibration import Calibration
from splatavatar.avatar.schema import VERSION


def describe(avatar: Avatar, path: str | Path) -> dict[str, Any]:
    """The facts about an avatar loaded from ``path``, in the order to show them; JSON types only.

    ``created``, ``bake`` (settings), ``metrics`` and ``learnt`` (of expressions) are there when the metadata has them.
    """
    rig, metadata = avatar.rig, avatar.metadata
    path = Path(path)
    facts: dict[str, Any] = {
        "name": metadata.get("name", path.stem),
        "file": str(path),
        "bytes": path.stat().st_size,
        "format": VERSION,
        "gaussians": len(avatar.gaussians),
        "correctives": len(avatar.correctives),
        "rig": rig.kind,
        "vertices": len(rig.template),
        "triangles": len(rig.faces),
        "joints": len(rig.joint_names),
        "expressions": len(rig.expression_names),
        "regions": sorted(rig.regions),
        "landmarks": {name: len(points.face) for name, points in sorted(rig.landmarks.items())},
        "licence": rig.licence,
    }
    facts.update({key: metadata[key] for key in ("created", "capture", "bake", "metrics") if key in metadata})
    if "calibration" in metadata:
        facts["learnt"] = _learnt(Calibration.from_json(metadata["calibration"]))
    return facts


def _learnt(calibration: Calibration) -> dict[str, Any]:
    """Frames, the least and largest angles of the head, and the coefficients that the footage says nothing of."""
    degrees = np.degrees(calibration.head).round().astype(int).tolist()
    turns = {f"{angle}_degrees": span for angle, span in zip(("yaw", "pitch", "roll"), degrees, strict=True)}
    return {"frames": calibration.frames, **turns, "never_moved": calibration.still()}


def as_text(facts: dict[str, Any]) -> str:
    """``describe``'s facts, a line each, nested tables indented below their name."""
    return "\n".join(_lines(facts, ""))


def _lines(facts: dict[str, Any], indent: str) -> list[str]:
    width = max((len(str(key)) for key in facts), default=0) + 2
    lines = []
    for key, value in facts.items():
        if isinstance(value, dict):
            lines += [f"{indent}{key}", *_lines(value, indent + "  ")]
        else:
            lines.append(f"{indent}{key:<{width}}{_value(key, value)}".rstrip())
    return lines


def _value(key: str, value: Any) -> str:
    if key == "bytes":
        return f"{value} ({value / 1e6:.2f} MB)"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return f"{value:.4g}" if isinstance(value, float) else str(value)
