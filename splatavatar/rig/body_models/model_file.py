"""The files of FLAME and SMPL-X: what is in one, and whether it is sound."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from splatavatar.array_types import AnyArray
from splatavatar.arrays import npz_names, read_npz
from splatavatar.errors import RigError
from splatavatar.input import open_input
from splatavatar.printable import printable
from splatavatar.rig.body_models.model_pickle import array_of, read_model_pickle


@dataclass(frozen=True)
class Kind:
    """A body model by the shape of its arrays."""

    name: str
    vertices: int
    triangles: int
    expressions: dict[int, int]
    """how many columns of ``shapedirs``, the last, are expressions, by how many there are in an edition"""
    joint_names: tuple[str, ...]
    """in the order of its arrays"""
    eyes: tuple[int, int]
    """joints of the left and the right eye"""
    jaw: int
    """its joint"""

    @property
    def joints(self) -> int:
        """How many there are."""
        return len(self.joint_names)

    @property
    def pose_columns(self) -> int:
        """Of ``posedirs``: nine a joint but the root."""
        return 9 * (self.joints - 1)


FINGERS = tuple(
    f"{side}_{finger}{number}"
    for side in ("left", "right")
    for finger in ("index", "middle", "pinky", "ring", "thumb")
    for number in (1, 2, 3)
)
FLAME = Kind("FLAME", 5023, 9976, {400: 100}, ("root", "neck", "jaw", "left_eye", "right_eye"), eyes=(3, 4), jaw=2)
SMPLX = Kind(
    "SMPL-X",
    10475,
    20908,
    {400: 100, 20: 10},
    (
        *("pelvis", "left_hip", "right_hip", "spine1", "left_knee", "right_knee", "spine2", "left_ankle"),
        *("right_ankle", "spine3", "left_foot", "right_foot", "neck", "left_collar", "right_collar", "head"),
        *("left_shoulder", "right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist", "jaw"),
        *("left_eye", "right_eye", *FINGERS),
    ),
    eyes=(23, 24),
    jaw=22,
)
KINDS = (FLAME, SMPLX)
OTHERS = {6890: "SMPL or SMPL-H", 778: "MANO", 7774: "SKEL"}
"""by their vertices: models of the same family that are read by nobody here"""
NAMES = ("v_template", "shapedirs", "posedirs", "J_regressor", "kintree_table", "weights", "f")
"""the arrays that are read; official files have others, some of objects"""
ROOTS = (-1, 4294967295)
"""the parent of the root, as signed and unsigned numbers have it"""
WHOLE = ("kintree_table", "f")
"""arrays of indices"""
MOST_ROWS = 100_000
LARGE = 1e10
"""beyond which no number of a model lies; the root of a tree has 4294967295"""
UNREAL = 10.0
"""metres; nobody is larger"""
ROUNDING = 1e-3
"""by which weights of one vertex, or of one joint, may miss 1"""


@dataclass(frozen=True)
class ModelFile:
    """A body model as its file has it: metres, +Y up, facing +Z."""

    kind: Kind
    form: str
    """``pickle`` or ``npz``"""
    template: AnyArray
    """(V, 3)"""
    shape_basis: AnyArray
    """(V, 3, S) metres per unit coefficient"""
    expression_basis: AnyArray
    """(V, 3, E) the same"""
    pose_basis: AnyArray
    """(V, 3, 9 (J - 1)) metres per entry of R - I, row by row, of each joint but the root"""
    joint_regressor: AnyArray
    """(J, V) rest joints are this times the shaped vertices"""
    parents: AnyArray
    """(J) int64; -1 for the root"""
    weights: AnyArray
    """(V, J)"""
    faces: AnyArray
    """(F, 3) int64"""


def read_model_file(path: Path) -> ModelFile:
    """The body model in ``path``, a pickle or an npz of official form.

    Raises RigError for anything else, for a model of another kind and for arrays that make no sense; a pickle that does
    anything but hold arrays is not opened.
    """
    with open_input(path, RigError, "a body model") as stream:
        form = "npz" if stream.read(2) == b"PK" else "pickle"
    if form == "npz":
        names = npz_names(path, RigError, "a body model")
        take = _taker(path, read_npz(path, RigError, NAMES, "a body model of plain arrays"), names)
    else:
        entries = read_model_pickle(path)
        take = _taker(path, entries, tuple(entries))
    template = take("v_template", (None, 3))
    kind = next((known for known in KINDS if known.vertices == len(template)), None)
    if kind is None:
        said = OTHERS.get(len(template), f"a model of {len(template)} vertices")
        raise RigError(f"{path}: {said}, expected FLAME with 5023 vertices or SMPL-X with 10475")
    V, J = kind.vertices, kind.joints
    shapes = take("shapedirs", (V, 3, None))
    if shapes.shape[2] not in kind.expressions:
        known = " or ".join(f"{n} ({n - own} of shape, {own} of expression)" for n, own in kind.expressions.items())
        raise RigError(
            f"{path}: shapedirs has {shapes.shape[2]} columns, expected {known} of {kind.name}: which of a part are"
            " of expression the file does not say"
        )
    split = shapes.shape[2] - kind.expressions[shapes.shape[2]]
    model = ModelFile(
        kind=kind,
        form=form,
        template=template,
        shape_basis=shapes[..., :split],
        expression_basis=shapes[..., split:],
        pose_basis=take("posedirs", (V, 3, kind.pose_columns)),
        joint_regressor=take("J_regressor", (J, V)),
        parents=_parents(path, take("kintree_table", (2, J))),
        weights=take("weights", (V, J)),
        faces=take("f", (None, 3)),
    )
    _check(path, model)
    return model


def _check(path: Path, model: ModelFile) -> None:
    if np.abs(model.template).max() > UNREAL:
        raise RigError(f"{path}: v_template reaches {np.abs(model.template).max():.3g}, expected metres of one person")
    if len(model.faces) != model.kind.triangles:
        raise RigError(f"{path}: f has {len(model.faces)} triangles, expected {model.kind.triangles}")
    if model.faces.min() < 0 or model.faces.max() >= model.kind.vertices:
        raise RigError(f"{path}: f names vertices that there are not")
    for name, rows in (("weights", model.weights), ("J_regressor", model.joint_regressor)):
        missed = float(np.abs(rows.sum(1) - 1).max())
        if not missed <= ROUNDING:
            raise RigError(f"{path}: rows of {name} sum to something else than 1, by up to {missed:.3g}")
    if model.weights.min() < -ROUNDING:
        raise RigError(f"{path}: weights holds negative ones")


def _parents(path: Path, table: AnyArray) -> AnyArray:
    parents = table[0].astype(np.int64)
    parents[0] = -1 if parents[0] in ROOTS else parents[0]
    if parents[0] != -1 or not ((parents[1:] >= 0) & (parents[1:] < np.arange(1, len(parents)))).all():
        raise RigError(f"{path}: kintree_table is no tree whose parents come first")
    return np.asarray(parents)


def _taker(
    path: Path, entries: Mapping[str, Any], names: Sequence[str]
) -> Callable[[str, tuple[int | None, ...]], AnyArray]:
    """A function that takes an array by its name and shape, None for any length, and says what is wrong with it.

    ``names`` are all that are in the file.
    """

    def take(name: str, shape: tuple[int | None, ...]) -> AnyArray:
        if name not in entries:
            have = ", ".join(printable(known[:20]) for known in sorted(names)[:8]) or "nothing"
            raise RigError(f"{path}: no {name}, expected a body model of FLAME or SMPL-X; it has {have}")
        array = array_of(entries[name])
        if array is None:
            raise RigError(f"{path}: {name} is no array of numbers")
        if array.ndim != len(shape) or any(n not in (None, m) for n, m in zip(shape, array.shape, strict=True)):
            expected = "x".join("N" if n is None else str(n) for n in shape)
            raise RigError(f"{path}: {name} is of the shape {'x'.join(map(str, array.shape))}, expected {expected}")
        whole = name in WHOLE
        if array.dtype.kind not in ("iu" if whole else "f"):
            raise RigError(f"{path}: {name} holds {array.dtype}, expected {'whole numbers' if whole else 'numbers'}")
        if len(array) > MOST_ROWS:
            raise RigError(f"{path}: {name} has {len(array)} rows, expected a body model of FLAME or SMPL-X")
        values = array.astype(np.int64 if whole else np.float64)
        if values.size == 0 or not np.isfinite(values).all() or np.abs(values).max() > LARGE:
            raise RigError(f"{path}: {name} is empty or holds values that are too large or not finite")
        return np.asarray(values)

    return take
