"""``rig_params.npz``: the parameters of the rig, known for every timestep.

Two layouts are read. The one that tracking writes holds, for any rig: ``rig`` (a string), ``identity`` (I) with
``identity_names``, ``expression`` (T, E) with ``expression_names``, ``joint_rotations`` (T, J, 3) with ``joint_names``,
``translation`` (T, 3) and ``template_offset`` (V, 3); also, or not, ``expression_offset`` (E, V, 3), ``seen`` (T), 0
where no face told how the rig stood, and ``placement`` (4, 4) where the world of the cameras is not the rig frame
(older files have a factor ``camera_scale``); axis-angle in radians, metres, rig axes. The other, of captures rendered
with Anny, is described at ``read_rig_params``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from splatavatar.arrays import read_npz
from splatavatar.capture.capture import RigParameters
from splatavatar.errors import RigError
from splatavatar.output import atomic_write

ANNY_RIG = "anny-head"
NECK_JOINTS = ("neck03", "head")
"""each of them takes half of ``neck_rotvec``"""
MOST = 1e6
"""of any value but the placement of the world, whose origin and unit may be anything"""
ARRAYS = (
    *("rig", "identity", "identity_names", "expression", "expression_names", "joint_rotations", "joint_names"),
    *("translation", "template_offset", "expression_offset", "placement", "camera_scale", "seen"),
)
ANNY_ARRAYS = (
    *("rig", "phenotype", "phenotype_names", "local_changes", "local_change_names"),
    *("facial_actions", "facial_action_names", "neck_rotvec"),
)


RIG_PARAMS = "rig_params.npz"
"""the name of the file beside the cameras"""


def read_rig_params(path: Path, timesteps: int, pictured: int | None = None) -> RigParameters:
    """Rig parameters over ``timesteps`` (T) timesteps, in rig axes; or over the ``pictured`` ones of them alone, where
    the file has as many.

    Arrays of a file of Anny's (it is one if it has ``facial_actions``): ``rig`` (a string), ``phenotype`` (P) and
    ``local_changes`` (L) with ``phenotype_names`` and ``local_change_names``, ``facial_actions`` (T, E) with
    ``facial_action_names``, ``neck_rotvec`` (T, 3) axis-angle in radians, Anny's axes (Z up, facing -Y). Other arrays
    are ignored.

    Raises:
        RigError: no such file, not such a file, another rig, another number of timesteps, values that are not finite.
    """
    arrays = _load(path)
    of_anny = "facial_actions" in arrays or "expression" not in arrays
    rows = arrays.get("facial_actions" if of_anny else "expression")
    if rows is not None and rows.ndim and len(rows) == pictured:
        timesteps = pictured
    return (_anny if of_anny else _any)(path, arrays, timesteps)


def write_rig_params(path: Path, parameters: RigParameters) -> None:
    """Writes what ``read_rig_params`` reads.

    Raises:
        OutputError: the file cannot be written.
    """
    T = len(parameters.expression)
    joints = parameters.joint_rotations
    translation, offset = parameters.translation, parameters.template_offset
    optional = {"placement": parameters.placement, "expression_offset": parameters.expression_offset}
    given: dict[str, Any] = {name: value for name, value in optional.items() if value is not None}
    if parameters.seen is not None:
        given["seen"] = parameters.seen.astype(np.uint8)
    with atomic_write(path) as file:
        np.savez_compressed(
            file,
            **given,
            rig=np.array(parameters.rig),
            identity=np.array(list(parameters.identity.values()), np.float64),
            identity_names=np.array(list(parameters.identity), np.str_),
            expression=parameters.expression,
            expression_names=np.array(parameters.expression_names, np.str_),
            joint_rotations=np.stack(list(joints.values()), 1) if joints else np.zeros((T, 0, 3), np.float32),
            joint_names=np.array(list(joints), np.str_),
            translation=np.zeros((T, 3), np.float32) if translation is None else translation,
            template_offset=np.zeros((0, 3), np.float32) if offset is None else offset,
        )


def _any(path: Path, arrays: dict[str, NDArray[Any]], timesteps: int) -> RigParameters:
    words = {name: _words(arrays, name, path) for name in ("identity_names", "expression_names", "joint_names")}
    identity, expression = _array(arrays, "identity", path, "f", 1), _array(arrays, "expression", path, "f", 2)
    rotations, translation = (
        _array(arrays, "joint_rotations", path, "f", 3),
        _array(arrays, "translation", path, "f", 2),
    )
    offset = _array(arrays, "template_offset", path, "f", 2)
    for name, array, axis, names in (
        ("identity", identity, 0, "identity_names"),
        ("expression", expression, 1, "expression_names"),
        ("joint_rotations", rotations, 1, "joint_names"),
    ):
        if array.shape[axis] != len(words[names]):
            raise RigError(f"{path}: {name} has {array.shape[axis]} values for {len(words[names])} {names}")
    for name, array in (("joint_rotations", rotations), ("translation", translation), ("template_offset", offset)):
        if array.shape[-1] != 3:
            raise RigError(f"{path}: {name} has {array.shape[-1]} columns, expected 3")
    expressions = _array(arrays, "expression_offset", path, "f", 3) if "expression_offset" in arrays else None
    expressions = expressions if expressions is not None and len(expressions) else None
    if expressions is not None and (len(expressions), expressions.shape[2]) != (expression.shape[1], 3):
        raise RigError(
            f"{path}: expression_offset has the shape {expressions.shape}, "
            f"expected ({expression.shape[1]}, vertices, 3)"
        )
    _check_timesteps(path, timesteps, expression=expression, joint_rotations=rotations, translation=translation)
    return RigParameters(
        rig=str(_array(arrays, "rig", path, "U", 0)),
        identity=dict(zip(words["identity_names"], map(float, identity), strict=True)),
        expression=expression.astype(np.float32),
        expression_names=tuple(words["expression_names"]),
        joint_rotations={n: rotations[:, j].astype(np.float32) for j, n in enumerate(words["joint_names"])},
        translation=translation.astype(np.float32),
        template_offset=offset.astype(np.float32) if len(offset) else None,
        expression_offset=None if expressions is None else expressions.astype(np.float32),
        placement=_placement(path, arrays),
        seen=_seen(path, arrays, timesteps),
    )


def _anny(path: Path, arrays: dict[str, NDArray[Any]], timesteps: int) -> RigParameters:
    found = str(_array(arrays, "rig", path, "U", 0))
    if found != ANNY_RIG:
        raise RigError(f"{path}: rig parameters of the rig {found!r}, expected {ANNY_RIG!r}")
    identity: dict[str, float] = {}
    for values, names in (("phenotype", "phenotype_names"), ("local_changes", "local_change_names")):
        numbers, words = _array(arrays, values, path, "f", 1), _array(arrays, names, path, "U", 1)
        _check_length(path, values, numbers, names, words)
        identity |= {str(name): float(value) for name, value in zip(words, numbers, strict=True)}
    actions, action_names = (
        _array(arrays, "facial_actions", path, "f", 2),
        _array(arrays, "facial_action_names", path, "U", 1),
    )
    _check_length(path, "facial_actions", actions.T, "facial_action_names", action_names)
    neck = _array(arrays, "neck_rotvec", path, "f", 2)
    _check_timesteps(path, timesteps, facial_actions=actions, neck_rotvec=neck)
    if neck.shape[1] != 3:
        raise RigError(f"{path}: neck_rotvec has {neck.shape[1]} columns, expected 3")
    x, y, z = neck.T
    half = (0.5 * np.stack([x, z, -y], axis=1)).astype(np.float32)
    return RigParameters(
        rig=ANNY_RIG,
        identity=identity,
        expression=actions.astype(np.float32),
        expression_names=tuple(str(name) for name in action_names),
        joint_rotations={joint: half.copy() for joint in NECK_JOINTS},
    )


def _check_timesteps(path: Path, timesteps: int, **arrays: NDArray[Any]) -> None:
    for name, values in arrays.items():
        if len(values) != timesteps:
            raise RigError(f"{path}: {name} has {len(values)} timesteps, the capture has {timesteps}")


def _seen(path: Path, arrays: dict[str, NDArray[Any]], timesteps: int) -> NDArray[np.bool_] | None:
    if "seen" not in arrays:
        return None
    seen = np.asarray(_array(arrays, "seen", path, "f", 1) != 0)
    _check_timesteps(path, timesteps, seen=seen)
    if not seen.any():
        raise RigError(f"{path}: seen says that no timestep shows a face")
    return seen


def _placement(path: Path, arrays: dict[str, NDArray[Any]]) -> NDArray[np.float64] | None:
    if "placement" in arrays:
        T = _array(arrays, "placement", path, "f", 2).astype(np.float64)
        if T.shape != (4, 4) or not np.array_equal(T[3], [0, 0, 0, 1]):
            raise RigError(f"{path}: placement is no 4x4 matrix whose last row is 0 0 0 1")
        square = T[:3, :3].T @ T[:3, :3]
        factor = np.trace(square) / 3
        if not (factor > 1e-18 and np.abs(square / factor - np.eye(3)).max() < 1e-6 and np.linalg.det(T[:3, :3]) > 0):
            raise RigError(f"{path}: placement is no rotation times a factor and a shift")
        return T
    if "camera_scale" not in arrays:
        return None
    scale = float(_array(arrays, "camera_scale", path, "f", 0))
    if not scale > 0:
        raise RigError(f"{path}: camera_scale is {scale:g}, expected more than 0")
    return None if scale == 1 else np.diag([scale, scale, scale, 1.0])


def _load(path: Path) -> dict[str, NDArray[Any]]:
    return read_npz(path, RigError, {*ARRAYS, *ANNY_ARRAYS}, "rig parameters as .npz")


def _words(arrays: dict[str, NDArray[Any]], name: str, path: Path) -> list[str]:
    return [str(word) for word in _array(arrays, name, path, "U", 1)]


def _array(arrays: dict[str, NDArray[Any]], name: str, path: Path, kind: str, dimensions: int) -> NDArray[Any]:
    """``arrays[name]``, numbers (``f``) or text (``U``) with so many dimensions."""
    if name not in arrays:
        raise RigError(f"{path}: no array {name!r}, expected the rig parameters of a capture")
    array = arrays[name]
    numeric = kind == "f" and array.dtype.kind in "fiu"
    if array.ndim != dimensions or not (numeric or array.dtype.kind == kind):
        what = "numbers" if kind == "f" else "text"
        raise RigError(
            f"{path}: {name} is {array.dtype} with {array.ndim} dimensions, expected {what} with {dimensions}"
        )
    if numeric and array.size:
        # Compared before anything is computed: many become infinite as float32.
        largest = float(np.abs(array.astype(np.float64)).max())
        if not np.isfinite(largest):
            raise RigError(f"{path}: {name} holds values that are not finite")
        if largest > MOST and name != "placement":
            raise RigError(f"{path}: {name} holds values up to {largest:.3g}, expected metres, radians or coefficients")
    return array


def _check_length(path: Path, values: str, numbers: NDArray[Any], names: str, words: NDArray[Any]) -> None:
    if len(numbers) != len(words):
        raise RigError(f"{path}: {values} has {len(numbers)} values for {len(words)} {names}")
