"""What a file of a body model holds, in lines."""

from __future__ import annotations

from typing import Any

import numpy as np

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


def as_text(facts: dict[str, Any]) -> str:
    """One line a fact."""
    width = max(map(len, facts)) + 2
    return "\n".join(f"{name:{width}}{_said(value)}" for name, value in facts.items())


def _largest(basis: np.ndarray) -> float:
    """The farthest, in metres, that one coefficient of 1 moves any vertex."""
    return float(np.linalg.norm(basis, axis=1).max())


def _said(value: Any) -> str:
    return " x ".join(map(str, value)) if isinstance(value, list) else str(value)
