"""``rig_params.npz``: the parameters of the rig, known for every timestep.

Two layouts are read. The one that tracking writes holds, for any rig: ``rig`` (a string), ``identity`` (I) with
``identity_names``, ``expression`` (T, E) with ``expression_names``, ``joint_rotations`` (T, J, 3) with ``joint_names``,
``translation`` (T, 3), ``template_offset`` (V, 3) and ``camera_scale`` (1 where absent); axis-angle in radians, metres,
rig axes. The other, of captures rendered with Anny, is described at ``read_rig_params``.
"""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from splatavatar.capture.capture import RigParameters
from splatavatar.errors import RigError
from splatavatar.output import atomic_write

ANNY_RIG = "anny-head"
NECK_JOINTS = ("neck03", "head")
"""each of them takes half of ``neck_rotvec``"""
ARRAYS = (
    *("rig", "identity", "identity_names", "expression", "expression_names", "joint_rotations", "joint_names"),
    *("translation", "template_offset", "camera_scale"),
)
ANNY_ARRAYS = (
    *("rig", "phenotype", "phenotype_names", "local_changes", "local_change_names"),
    *("facial_actions", "facial_action_names", "neck_rotvec"),
)


def read_rig_params(path: Path, timesteps: int) -> RigParameters:
    """Rig parameters over ``timesteps`` (T) timesteps, in rig axes.

    Arrays of a file of Anny's (it is one if it has ``facial_actions``): ``rig`` (a string), ``phenotype`` (P) and
    ``local_changes`` (L) with ``phenotype_names`` and ``local_change_names``, ``facial_actions`` (T, E) with
    ``facial_action_names``, ``neck_rotvec`` (T, 3) axis-angle in radians, Anny's axes (Z up, facing -Y). Other arrays
    are ignored.

    Raises:
        RigError: no such file, not such a file, another rig, another number of timesteps, values that are not finite.
    """
    arrays = _load(path)
    of_anny = "facial_actions" in arrays or "expression" not in arrays
    return (_anny if of_anny else _any)(path, arrays, timesteps)


def write_rig_params(path: Path, parameters: RigParameters) -> None:
    """Writes what ``read_rig_params`` reads.

    Raises:
        OutputError: the file cannot be written.
    """
    T = len(parameters.expression)
    joints = parameters.joint_rotations
    translation, offset = parameters.translation, parameters.template_offset
    with atomic_write(path) as file:
        np.savez_compressed(
            file,
            rig=np.array(parameters.rig),
            identity=np.array(list(parameters.identity.values()), np.float64),
            identity_names=np.array(list(parameters.identity), np.str_),
            expression=parameters.expression,
            expression_names=np.array(parameters.expression_names, np.str_),
            joint_rotations=np.stack(list(joints.values()), 1) if joints else np.zeros((T, 0, 3), np.float32),
            joint_names=np.array(list(joints), np.str_),
            translation=np.zeros((T, 3), np.float32) if translation is None else translation,
            template_offset=np.zeros((0, 3), np.float32) if offset is None else offset,
            camera_scale=np.array(parameters.camera_scale, np.float64),
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
    _check_timesteps(path, timesteps, expression=expression, joint_rotations=rotations, translation=translation)
    scale = float(_array(arrays, "camera_scale", path, "f", 0)) if "camera_scale" in arrays else 1.0
    if not scale > 0:
        raise RigError(f"{path}: camera_scale is {scale:g}, expected more than 0")
    return RigParameters(
        rig=str(_array(arrays, "rig", path, "U", 0)),
        identity=dict(zip(words["identity_names"], map(float, identity), strict=True)),
        expression=expression.astype(np.float32),
        expression_names=tuple(words["expression_names"]),
        joint_rotations={n: rotations[:, j].astype(np.float32) for j, n in enumerate(words["joint_names"])},
        translation=translation.astype(np.float32),
        template_offset=offset.astype(np.float32) if len(offset) else None,
        camera_scale=scale,
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


def _load(path: Path) -> dict[str, NDArray[Any]]:
    if not path.is_file():
        raise RigError(f"{path}: no such file, expected rig parameters as .npz")
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {name: archive[name] for name in {*ARRAYS, *ANNY_ARRAYS} if name in archive}
    except (OSError, ValueError, TypeError, AttributeError, EOFError, zipfile.BadZipFile) as error:
        raise RigError(f"{path}: not a readable .npz file of plain arrays") from error


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
    if numeric and not np.isfinite(array.astype(np.float64)).all():
        raise RigError(f"{path}: {name} holds values that are not finite")
    return array


def _check_length(path: Path, values: str, numbers: NDArray[Any], names: str, words: NDArray[Any]) -> None:
    if len(numbers) != len(words):
        raise RigError(f"{path}: {values} has {len(numbers)} values for {len(words)} {names}")
