"""What of SMPL, SMPL-H and SMPL-X parameters over time a face shows, by the names that programs give them.

AMASS, GVHMR as it is converted, BEAT2 and WHAM write one array of all poses, (T, 72), (T, 156) or (T, 165); SMPLer-X,
ExAvatar, NeuMan and ROMP write one for each part of the body. Rotations are axis-angle in radians, of each joint
against its parent. At rest all joints have the axes of the body, which are the rig's: +X to the left, +Y up, +Z ahead.
Whether the world's Z is up, as in AMASS, or the world is a camera's, is of the root alone, which no face shows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from splatavatar.array_types import Doubles
from splatavatar.drive.sources.recorded.checked import MOST_TURN, as_doubles, bounded_numbers, check_rate
from splatavatar.errors import SignalError

BodyArrays = Mapping[str, NDArray[Any]]

NECK, HEAD, JAW, LEFT_EYE = 12, 15, 22, 23
"""joints of SMPL-X; SMPL and SMPL-H have the first two"""
WIDTHS = {66: "SMPL", 72: "SMPL", 156: "SMPL-H", 165: "SMPL-X"}
"""models by the numbers of a pose; 66 are SMPL-X without hands and face, or SMPL without its hands"""
BODY_WIDTHS = (63, 69)
"""numbers of the joints from 1 on: 21, or SMPL's 23"""
POSES = ("poses", "fullpose", "smpl_poses", "smpl_thetas", "pose")
"""of all joints, root first"""
BODY = ("body_pose", "pose_body")
JAWS = ("jaw_pose", "pose_jaw")
EYES = ("pose_eye",)
LEFT_EYES, RIGHT_EYES = ("leye_pose", "left_eye_pose"), ("reye_pose", "right_eye_pose")
EXPRESSIONS = ("expression", "expressions", "expr", "face_expr")
RATES = ("mocap_framerate", "mocap_frame_rate", "fps", "frame_rate")
COMPANY = ("trans", "betas", *RATES)
"""one of which stands beside poses of bodies, and none beside those of cameras"""
NAMES = (*POSES, *BODY, *JAWS, *EYES, *LEFT_EYES, *RIGHT_EYES, *EXPRESSIONS, *COMPANY)
"""what is read of a file"""
NOT_BODIES = ("arkit", "exp", "neck_pose")
"""names of what other recordings hold beside one of these: our own and FLAME's"""


@dataclass(frozen=True)
class BodyMotion:
    """T frames of a body, as far as a face shows them; axis-angle, radians."""

    model: str
    neck: Doubles
    """(T, 3) of joint 12, against the upper body"""
    head: Doubles
    """(T, 3) of joint 15, against the neck"""
    jaw: Doubles | None
    """(T, 3)"""
    eyes: Doubles | None
    """(T, 6) of the left and the right one; None where they were not measured, or never moved"""
    expression: NDArray[Any] | None
    """(T, N) the first components"""
    fps: float | None
    """frames a second; None where nothing says so"""


def is_body(arrays: BodyArrays) -> bool:
    """Whether the arrays of a file are poses of a body."""
    if any(name in arrays for name in NOT_BODIES):
        return False
    return any(name in arrays for name in BODY) or _poses(arrays) is not None


def body_motion(arrays: BodyArrays, source: str) -> BodyMotion:
    """The motion in arrays that ``is_body`` knows.

    Poses may be (T, J, 3), too. Raises SignalError for numbers that are no poses, and for parts of different lengths.
    """
    poses = _poses(arrays)
    jaw = eyes = None
    if poses is not None:
        name, flat = poses
        if flat.ndim != 2 or flat.shape[1] not in WIDTHS:
            wanted = "66, 72, 156 or 165"
            raise SignalError(
                f"{source}: {name} has the shape {arrays[name].shape}, expected (frames, {wanted}): the joints of "
                "SMPL, SMPL-H or SMPL-X in axis-angle."
            )
        model = WIDTHS[flat.shape[1]]
        neck, head = (_turns(flat, name, joint, source) for joint in (NECK, HEAD))
        if model == "SMPL-X":
            jaw, eyes = _turns(flat, name, JAW, source), _turns(flat, name, LEFT_EYE, source, 6)
    else:
        name = next(name for name in BODY if name in arrays)
        flat = _flat(arrays[name])
        if flat.ndim != 2 or flat.shape[1] not in BODY_WIDTHS:
            raise SignalError(
                f"{source}: {name} has the shape {arrays[name].shape}, expected (frames, 63 or 69): the joints of "
                "SMPL-X or SMPL but the root in axis-angle."
            )
        model = "SMPL"
        neck, head = (_turns(flat, name, joint - 1, source) for joint in (NECK, HEAD))
        jaw = _part(arrays, JAWS, 3, source)
        eyes = _part(arrays, EYES, 6, source)
        sides = [_part(arrays, names, 3, source) for names in (LEFT_EYES, RIGHT_EYES)]
        if eyes is None and sides[0] is not None and sides[1] is not None:
            _same_length(sides, source)
            eyes = np.concatenate([sides[0], sides[1]], 1)
        model = "SMPL-X" if jaw is not None or eyes is not None else model
    _same_length([head, jaw, eyes], source)
    if eyes is not None and not eyes.any():  # most fits never look at them
        eyes = None
    return BodyMotion(model, neck, head, jaw, eyes, _expression(arrays, len(head)), _rate(arrays, source))


def _poses(arrays: BodyArrays) -> tuple[str, NDArray[Any]] | None:
    """The array of all joints and its name, (T, C) where it was (T, J, 3)."""
    for name in POSES:
        if name in arrays:
            flat = _flat(arrays[name])
            if (flat.ndim == 2 and flat.shape[1] in WIDTHS) or (
                name == "poses" and any(other in arrays for other in COMPANY)
            ):
                return name, flat
    return None


def _flat(array: NDArray[Any]) -> NDArray[Any]:
    """(T, 3 J) of an array (T, J, 3); others as they are."""
    return array.reshape(len(array), -1) if array.ndim == 3 and array.shape[2] == 3 and array.size else array


def _turns(flat: NDArray[Any], name: str, joint: int, source: str, columns: int = 3) -> Doubles:
    return bounded_numbers(flat[:, 3 * joint : 3 * joint + columns], name, source, MOST_TURN)


def _part(arrays: BodyArrays, names: tuple[str, ...], columns: int, source: str) -> Doubles | None:
    name = next((name for name in names if name in arrays), None)
    if name is None:
        return None
    flat = _flat(arrays[name])
    if flat.ndim != 2 or flat.shape[1] != columns:
        raise SignalError(f"{source}: {name} has the shape {arrays[name].shape}, expected (frames, {columns}).")
    return bounded_numbers(flat, name, source, MOST_TURN)


def _same_length(parts: list[Doubles | None], source: str) -> None:
    lengths = {len(part) for part in parts if part is not None}
    if len(lengths) > 1:
        few, many = sorted(lengths)[:2]
        raise SignalError(f"{source}: {few} frames of one part of the body but {many} of another.")


def _expression(arrays: BodyArrays, frames: int) -> NDArray[Any] | None:
    """Components (T, N); None for those of no frame, as files have them that never measured any."""
    for name in EXPRESSIONS:
        if name in arrays and arrays[name].ndim == 2 and len(arrays[name]) == frames and arrays[name].shape[1]:
            return arrays[name]
    return None


def _rate(arrays: BodyArrays, source: str) -> float | None:
    name = next((name for name in RATES if name in arrays), None)
    if name is None:
        return None
    if arrays[name].size != 1 or arrays[name].dtype.kind not in "fiu":
        raise SignalError(f"{source}: {name} does not hold one number.")
    return check_rate(float(as_doubles(arrays[name]).reshape(-1)[0]), source)
