"""What a file of a body model holds, in lines."""

from __future__ import annotations

from typing import Any

import numpy as np

from splatavatar.rig.arkit import NAMES
from splatavatar.rig.body_models.face.face_map import FaceMap
from splatavatar.rig.body_models.model_file import ModelFile

FOUR = 4
"""joints that move a vertex of a rig, at most"""


def describe(model: ModelFile) -> dict[str, Any]:
    """The facts of ``model`` by name; lengths in metres."""
    kept = np.sort(model.weights, 1)[:, -FOUR:].sum(1)
    size = np.ptp(model.template, axis=0)
    return {
        "model": model.kind.name,
        "form": model.form,
        "vertices": len(model.template),
        "triangles": len(model.faces),
        "joints": len(model.parents),
        "shape coefficients": model.shape_basis.shape[2],
        "expression coefficients": model.expression_basis.shape[2],
        "pose correctives": model.pose_basis.shape[2],
        "width, height, depth": [round(float(length), 4) for length in size],
        "largest expression": round(_largest(model.expression_basis), 5),
        "largest pose corrective": round(_largest(model.pose_basis), 5),
        "most joints of a vertex": int((model.weights > 0).sum(1).max()),
        "weight beyond four joints": round(float((1 - kept).max().clip(0)), 5),
    }


def describe_face(face: FaceMap) -> dict[str, Any]:
    """The facts of what was carried over from Anny, by name."""
    moving = np.flatnonzero(face.missed)
    return {
        "triangles of regions": {name: len(part) for name, part in face.regions.items() if len(part)},
        "condition of the map": round(face.condition, 1),
        "largest coefficient": round(float(np.abs(face.arkit_map).max()), 2),
        "not shown": {
            NAMES[k]: {"share": round(float(face.share[k]), 3), "mm": round(float(face.missed[k]) * 1e3, 2)}
            for k in moving
        },
        "without effect": [name for k, name in enumerate(NAMES) if k not in moving],
    }


def as_text(facts: dict[str, Any]) -> str:
    """One line a fact, and then one a coefficient that the face shows: what of it the model cannot."""
    rows = facts.get("not shown", {})
    plain = {name: value for name, value in facts.items() if name != "not shown"}
    width = max(map(len, (*plain, *rows))) + 2
    lines = [f"{name:{width}}{_said(value)}" for name, value in plain.items()]
    if rows:
        lines += ["", f"{'not shown of':{width}}share     mm"]
        lines += [f"{name:{width}}{row['share']:>5.1%} {row['mm']:6.2f}" for name, row in rows.items()]
    return "\n".join(lines)


def _largest(basis: np.ndarray) -> float:
    """The farthest, in metres, that one coefficient of 1 moves any vertex."""
    return float(np.linalg.norm(basis, axis=1).max())


def _said(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {number}" for name, number in value.items())
    if isinstance(value, list) and value and isinstance(value[0], str):
        return ", ".join(value)
    return " x ".join(map(str, value)) if isinstance(value, list) else str(value)
