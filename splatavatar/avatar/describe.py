"""What ``splatavatar info`` says about an avatar."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from splatavatar.avatar.avatar import Avatar
from splatavatar.avatar.calibration import Calibration
from splatavatar.avatar.file import read_digest
from splatavatar.avatar.format.encoding import optional_tensors
from splatavatar.avatar.format.schema import version_of
from splatavatar.printable import printable

SHOWN = ("created", "imported", "capture", "bake", "metrics")
"""of the metadata"""
MOST_LINES, MOST_TEXT, MOST_KEY = 200, 2000, 60
"""of what a file says of itself that is shown: lines, characters of a line and of a name"""


def describe(avatar: Avatar, path: str | Path) -> dict[str, Any]:
    """The facts about an avatar loaded from ``path``, in the order to show them; JSON types only.

    ``created``, ``imported`` (from where), ``bake`` (settings), ``metrics`` and ``learnt`` (of expressions) are there
    when the metadata has them; ``sha256`` is None for a file without a checksum. Texts are as the file has them, for
    ``as_text`` to make fit for a terminal. Raises AvatarFileError where the file is gone.
    """
    rig, metadata = avatar.rig, avatar.metadata
    path = Path(path)
    digest, size = read_digest(path)
    facts: dict[str, Any] = {
        "name": metadata.get("name", path.stem),
        "file": str(path),
        "bytes": size,
        "format": version_of({**optional_tensors(rig), "rig.skin_joints": rig.skin_joints}),
        "sha256": digest,
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
    facts.update({key: metadata[key] for key in SHOWN if key in metadata})
    if "calibration" in metadata:
        facts["learnt"] = _learnt(Calibration.from_json(metadata["calibration"]))
    return facts


def _learnt(calibration: Calibration) -> dict[str, Any]:
    """Frames, the least and largest angles of the head, and the coefficients that the footage says nothing of."""
    degrees = np.degrees(calibration.head).round().astype(int).tolist()
    turns = {f"{angle}_degrees": span for angle, span in zip(("yaw", "pitch", "roll"), degrees, strict=True)}
    return {"frames": calibration.frames, **turns, "never_moved": calibration.still()}


def as_text(facts: dict[str, Any]) -> str:
    """The facts of ``describe``, a line each, nested tables indented below their name.

    Nothing in them reaches a terminal as anything but visible text, and no more of it than fits on a few screens.
    """
    lines = _lines(facts, "")
    if len(lines) > MOST_LINES:
        lines = [*lines[:MOST_LINES], f"... and {len(lines) - MOST_LINES} more lines"]
    return "\n".join(lines)


def _lines(facts: dict[str, Any], indent: str) -> list[str]:
    shown = {key: _cut(key, MOST_KEY) for key in facts}
    width = max(map(len, shown.values()), default=0) + 2
    lines = []
    for key, value in facts.items():
        if isinstance(value, dict):
            lines += [f"{indent}{shown[key]}", *_lines(value, indent + "  ")]
        else:
            # Only what ``describe`` itself found: the metadata may have keys of the same names.
            text = _found(key, value) if not indent else None
            lines.append(f"{indent}{shown[key]:<{width}}{text or _value(value)}".rstrip())
    return lines


def _found(key: str, value: Any) -> str | None:
    if key == "bytes":
        return f"{value} ({value / 1e6:.2f} MB)"
    if key == "sha256" and value is None:
        return "none, made before avatars had a checksum: damage to it may not be found"
    return None


def _value(value: Any) -> str:
    if isinstance(value, list):
        return _cut(", ".join(map(str, value)), MOST_TEXT)
    return f"{value:.4g}" if isinstance(value, float) else _cut(str(value), MOST_TEXT)


def _cut(text: str, most: int) -> str:
    """One printable line of ``text``, its first ``most`` characters where it is longer."""
    return printable(text) if len(text) <= most else f"{printable(text[:most])}... ({len(text)} characters)"
