"""``rig_params.npz``: the parameters of the rig, known for every timestep."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from splatavatar.capture.capture import RigParameters
from splatavatar.errors import RigError

RIG = "anny-head"
NECK_JOINTS = ("neck03", "head")
"""each of them takes half of ``neck_rotvec``"""


def read_rig_params(path: Path, timesteps: int) -> RigParameters:
    """Rig parameters of ``anny-head`` over ``timesteps`` (T) timesteps, turned from Anny's axes into rig axes.

    Arrays of the file: ``rig`` (a string), ``phenotype`` (P) and ``local_changes`` (L) with ``phenotype_names`` and
    ``local_change_names``, ``facial_actions`` (T, E) with ``facial_action_names``, ``neck_rotvec`` (T, 3) axis-angle in
    radians, Anny's axes (Z up, facing -Y). Other arrays are ignored.

    Raises:
        RigError: no such file, not such a file, another rig, another number of timesteps, values that are not finite.
    """
    arrays = _load(path)
    found = str(_array(arrays, "rig", path, "U", 0))
    if found != RIG:
        raise RigError(f"{path}: rig parameters of the rig {found!r}, expected {RIG!r}")
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
    for name, values_in_time in (("facial_actions", actions), ("neck_rotvec", neck)):
        if len(values_in_time) != timesteps:
            raise RigError(f"{path}: {name} has {len(values_in_time)} timesteps, the capture has {timesteps}")
    if neck.shape[1] != 3:
        raise RigError(f"{path}: neck_rotvec has {neck.shape[1]} columns, expected 3")
    x, y, z = neck.T
    half = (0.5 * np.stack([x, z, -y], axis=1)).astype(np.float32)
    return RigParameters(
        rig=RIG,
        identity=identity,
        expression=actions.astype(np.float32),
        expression_names=tuple(str(name) for name in action_names),
        joint_rotations={joint: half.copy() for joint in NECK_JOINTS},
    )


def _load(path: Path) -> dict[str, NDArray[Any]]:
    if not path.is_file():
        raise RigError(f"{path}: no such file, expected rig parameters as .npz")
    wanted = (
        "rig phenotype phenotype_names local_changes local_change_names facial_actions facial_action_names neck_rotvec"
    )
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {name: archive[name] for name in wanted.split() if name in archive}
    except (OSError, ValueError, TypeError, AttributeError, EOFError, zipfile.BadZipFile) as error:
        raise RigError(f"{path}: not a readable .npz file of plain arrays") from error


def _array(arrays: dict[str, NDArray[Any]], name: str, path: Path, kind: str, dimensions: int) -> NDArray[Any]:
    """``arrays[name]``, numbers (``f``) or text (``U``) with so many dimensions."""
    if name not in arrays:
        raise RigError(f"{path}: no array {name!r}, expected the rig parameters of {RIG}")
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
