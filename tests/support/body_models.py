"""Body models of the official form with content of our own: names, types and shapes of FLAME, pickled as Python 2 did.

The real files may not be passed on. Content is smooth and has nobody's face.
"""

from __future__ import annotations

import pickle
import sys
import types
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

import numpy as np
import scipy.sparse

from splatavatar.rig.body_models.model_file import Kind


def arrays_of(kind: Kind, columns: int, seed: int = 0) -> dict[str, Any]:
    """The arrays of a model of ``kind``, by their official names: a sphere, and waves over it."""
    V, J = kind.vertices, kind.joints
    turn = np.arange(V) * np.pi * (3 - np.sqrt(5))
    height = 1 - 2 * (np.arange(V) + 0.5) / V
    round_ = np.sqrt(1 - height**2)
    template = 0.1 * np.stack([round_ * np.sin(turn), height, round_ * np.cos(turn)], 1)
    rng = np.random.default_rng(seed)

    def waves(count: int, size: float) -> np.ndarray:
        out = np.empty((V, 3, count))
        for column in range(count):
            way, phase = rng.normal(0, 15, 3), rng.random(3) * 6
            out[:, :, column] = size * np.sin((template @ way)[:, None] + phase)
        return out

    parents = np.array([-1, *np.maximum(np.arange(J - 1) - 1, 0)])
    near = np.exp(-np.abs(height[:, None] - np.linspace(1, -0.9, J)) * 4)
    weights = np.where(near >= np.sort(near, 1)[:, -min(4, J), None], near, 0)
    regressor = np.zeros((J, V))
    for joint in range(J):
        regressor[joint, rng.choice(V, 20, replace=False)] = 1 / 20
    first = np.arange(kind.triangles)
    corners = np.stack([first % V, (first + 1) % V, (7 * first + 2) % V], 1)
    return {
        "v_template": template,
        "shapedirs": waves(columns, 1e-3),
        "posedirs": waves(kind.pose_columns, 1e-4),
        "J_regressor": regressor,
        "kintree_table": np.stack([parents % (1 << 32), np.arange(J)]).astype(np.uint32),
        "weights": weights / weights.sum(1, keepdims=True),
        "f": corners.astype(np.uint32),
    }


@contextmanager
def chumpy() -> Iterator[tuple[type, type]]:
    """The classes ``chumpy.ch.Ch`` and ``chumpy.reordering.Select``, as far as a pickle of them goes."""
    modules = {name: types.ModuleType(name) for name in ("chumpy", "chumpy.ch", "chumpy.reordering")}
    Ch = type("Ch", (), {"__module__": "chumpy.ch"})
    Select = type("Select", (), {"__module__": "chumpy.reordering"})
    modules["chumpy.ch"].Ch = Ch  # type: ignore[attr-defined]
    modules["chumpy.reordering"].Select = Select  # type: ignore[attr-defined]
    sys.modules.update(modules)
    try:
        yield Ch, Select
    finally:
        for name in modules:
            del sys.modules[name]


_Python: Any = pickle._Pickler


class _Python2Pickler(_Python):  # type: ignore[misc]
    """Writes bytes as Python 2 wrote its strings, which were both bytes and text."""

    dispatch: ClassVar[dict[Any, Any]] = dict(_Python.dispatch)

    def save_bytes(self, value: bytes) -> None:
        if self.proto == 0:
            text = repr(value)[1:]
            self.write(pickle.STRING + text.encode("ascii") + b"\n")
        else:
            self.write(pickle.BINSTRING + len(value).to_bytes(4, "little") + value)
        self.memoize(value)

    dispatch[bytes] = save_bytes


def pickled(entries: dict[str, Any], protocol: int, python2: bool = False) -> bytes:
    """``entries`` as the official files are pickled: ``shapedirs`` picked by chumpy, the regressor sparse."""
    import io

    with chumpy() as (Ch, Select):
        whole = Ch()
        whole.__dict__ = {"x": entries["shapedirs"], "_dirty_vars": {"x"}, "_itr": None, "_depends_on_deps": {}}
        picked = Select()
        size = entries["shapedirs"].size
        picked.__dict__ = {
            "a": whole,
            "idxs": np.arange(size, dtype=np.int64),
            "preferred_shape": entries["shapedirs"].shape,
            "_dirty_vars": {"a"},
        }
        official = {
            **entries,
            "shapedirs": picked,
            "v_template": _with(Ch(), entries["v_template"]),
            "J_regressor": scipy.sparse.csc_matrix(entries["J_regressor"]),
            "J": _with(Ch(), np.zeros((2, 3))),
            "bs_style": "lbs",
            "bs_type": "lrotmin",
        }
        out = io.BytesIO()
        (_Python2Pickler if python2 else pickle.Pickler)(out, protocol).dump(official)
    return out.getvalue()


def _with(node: Any, value: np.ndarray) -> Any:
    node.__dict__ = {"x": value, "_dirty_vars": set()}
    return node
