"""Motions of bodies whose heads turn in a known way, in the layouts that programs write."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

T = 8
NECK, HEAD, JAW, LEFT_EYE, RIGHT_EYE = 12, 15, 22, 23, 24
"""joints of SMPL-X"""
TURN = {"yaw": (0.0, 1.0, 0.0), "pitch": (1.0, 0.0, 0.0), "roll": (0.0, 0.0, 1.0)}
"""axes by which a head turns to its left, down, and towards its right shoulder, by the right hand"""


def parts(axis: str = "yaw") -> dict[str, np.ndarray]:
    """(T, J, 3) of the joints that a face shows, and random turns of all others.

    Neck and head turn by 0.1 and 0.3 about ``axis`` in the last frame, the jaw opens by 0.185, the eyes look 0.2 to the
    left and 0.1 down.
    """
    turns = np.random.default_rng(0).normal(0, 0.8, (T, 55, 3))
    way = np.linspace(0, 1, T)[:, None]
    turns[:, NECK], turns[:, HEAD] = 0.1 * way * TURN[axis], 0.3 * way * TURN[axis]
    turns[:, JAW] = way * (0.185, 0.0, 0.0)
    turns[:, LEFT_EYE] = turns[:, RIGHT_EYE] = (0.1, 0.2, 0.0)
    return {
        "root": turns[:, 0],
        "body": turns[:, 1:22],
        "jaw": turns[:, JAW],
        "left_eye": turns[:, LEFT_EYE],
        "right_eye": turns[:, RIGHT_EYE],
        "hands": turns[:, 25:],
        "trans": np.linspace([0, 0, 0.9], [9, 3, 0.9], T),
    }


def poses(width: int, axis: str = "yaw") -> np.ndarray:
    """(T, width) of SMPL (72, the hands at rest), SMPL-H (156) or SMPL-X (165)."""
    made = parts(axis)
    hands = {72: np.zeros((T, 2, 3)), 156: made["hands"]}
    rest = np.concatenate([made[name][:, None] for name in ("jaw", "left_eye", "right_eye")], 1)
    last = hands.get(width, np.concatenate([rest, made["hands"]], 1))
    return np.concatenate([made["root"][:, None], made["body"], last], 1).reshape(T, width)


def amass(width: int = 156, axis: str = "yaw", **changes: Any) -> dict[str, Any]:
    """The arrays of AMASS; a change to None leaves one out."""
    arrays = {
        "poses": poses(width, axis),
        "trans": parts()["trans"],
        "betas": np.zeros(16),
        "gender": np.array("female"),
        "mocap_framerate": np.array(120.0),
        "dmpls": np.zeros((T, 8)),
    }
    return {name: array for name, array in (arrays | changes).items() if array is not None}


def exavatar(frame: int, axis: str = "yaw") -> dict[str, Any]:
    """The JSON of a frame of ExAvatar."""
    made = {name: part[frame] for name, part in parts(axis).items()}
    return {
        "root_pose": made["root"].tolist(),
        "body_pose": made["body"].tolist(),
        "jaw_pose": made["jaw"].tolist(),
        "leye_pose": made["left_eye"].tolist(),
        "reye_pose": made["right_eye"].tolist(),
        "lhand_pose": made["hands"][:15].tolist(),
        "rhand_pose": made["hands"][15:].tolist(),
        "expr": [0.1] * 50,
        "trans": made["trans"].tolist(),
    }


def smplerx(frame: int, axis: str = "yaw") -> dict[str, np.ndarray]:
    """The arrays of a person in a frame of SMPLer-X."""
    made = {name: part[frame].astype(np.float32) for name, part in parts(axis).items()}
    return {
        "global_orient": made["root"][None],
        "body_pose": made["body"],
        "jaw_pose": made["jaw"][None],
        "leye_pose": made["left_eye"][None],
        "reye_pose": made["right_eye"][None],
        "betas": np.zeros((1, 10), np.float32),
        "expression": np.full((1, 10), 0.1, np.float32),
        "transl": made["trans"][None],
    }


def talkshow(axis: str = "yaw") -> np.ndarray:
    """(T, 265) of TalkSHOW."""
    made = parts(axis)
    order = ("jaw", "left_eye", "right_eye", "root", "body", "hands")
    rows = [made[name].reshape(T, -1) for name in order]
    return np.concatenate([*rows, np.full((T, 100), 0.1)], 1).astype(np.float32)


def save(path: Path, arrays: dict[str, Any]) -> Path:
    np.savez(path, **arrays)
    return path
