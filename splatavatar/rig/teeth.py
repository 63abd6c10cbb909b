"""Two rows of teeth, made here because Anny's head has none: its mouth is an empty bag with a tongue.

A row is one strip: a cross-section (gum, labial surface, edge, lingual surface) swept along an elliptic arch behind the
lips of the mean person, drawn in between the teeth. An affine map fitted to the inside of the mouth carries it to
anybody else, so the teeth are linear in the vertices around them and follow an identity basis like these do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from splatavatar.array_types import AnyArray, Ints
from splatavatar.rig.regions import seam
from splatavatar.rig.rig import Rig

COLUMNS = 4
"""strips of quads a tooth"""

LABIAL, EDGE, LINGUAL = 2, 4, 5
"""places in a cross-section: most prominent point of the crown, lingual side of the edge, middle of the lingual side"""

MOVES = 1e-4
"""metres: displacements below this are none"""


@dataclass(frozen=True)
class ToothRow:
    """One row. Tooth sizes are millimetres of an average adult, from the middle backwards; only their ratios count."""

    widths: tuple[float, ...]
    crowns: tuple[float, ...]
    depths: tuple[float, ...]
    """from the labial to the lingual surface"""
    up: float
    """direction from the edge to the gum, +1 or -1"""
    setback: float
    """how far the front teeth stand behind the line where the lips meet; in half mouth widths, as are the next two"""
    edge: float
    """height of the edge above that line"""
    half_width: float
    """of the arch at its back end"""
    uv_corner: tuple[float, float]
    """lower left corner of its patch of the texture, which nothing else of Anny uses"""


UPPER = ToothRow(
    widths=(8.6, 6.6, 7.6, 7.1, 6.6, 10.2, 9.6),
    crowns=(10.5, 9.0, 10.0, 8.5, 7.8, 7.2, 6.8),
    depths=(6.5, 6.0, 7.5, 8.6, 8.6, 10.0, 9.6),
    up=1.0,
    setback=0.26,
    edge=0.0,
    half_width=1.16,
    uv_corner=(0.86, 0.95),
)
LOWER = ToothRow(
    widths=(5.3, 5.8, 6.8, 7.0, 7.1, 11.0, 10.4),
    crowns=(8.5, 8.7, 9.6, 8.4, 7.6, 7.0, 6.6),
    depths=(5.8, 6.2, 7.4, 7.8, 8.2, 9.8, 9.6),
    up=-1.0,
    setback=0.36,
    edge=-0.07,
    half_width=1.09,
    uv_corner=(0.86, 0.90),
)
ARCH_LENGTH = 1.6
"""of the arch from front to back, half mouth widths"""

UV_SIZE = (0.12, 0.04)


def append_teeth(rig: Rig, mean: AnyArray) -> Rig:
    """The ``rig`` with both rows appended to its vertices and faces, and the regions teeth_upper and teeth_lower.

    ``rig`` has the regions of ``regions.derive``; ``mean`` (V, 3) are the vertices of the mean person, metres.
    The upper row moves with the joint ``head``, the lower one with ``jaw`` where there is one, and with each facial
    action that moves the jaw.
    """
    outside = np.concatenate([rig.regions["lips"], rig.regions["skin"]])
    lips = mean[seam(rig.faces, outside, rig.regions["mouth"])]
    inside = np.unique(rig.faces[rig.regions["mouth"]])
    head = rig.joint_names.index("head")
    jaw = rig.joint_names.index("jaw") if "jaw" in rig.joint_names else head
    return with_teeth(rig, mean, lips, inside, (head, jaw), lambda teeth: jaw_motion(rig, teeth))


def with_teeth(
    rig: Rig,
    mean: AnyArray,
    lips: AnyArray,
    inside: Ints,
    joints: tuple[int, int],
    motion_of: Callable[[AnyArray], AnyArray],
) -> Rig:
    """The ``rig`` with both rows appended, as ``append_teeth``.

    Args:
        mean: (V, 3) the vertices of the mean person, metres.
        lips: (L, 3) the line on the mean person that the lips meet in.
        inside: vertices near the mouth that the teeth follow where the person is another.
        joints: that the upper and the lower row move with.
        motion_of: takes the lower row (T, 3), returns how each expression moves it (E, T, 3).
    """
    rows = [strip(row, lips) for row in (UPPER, LOWER)]
    count = [len(vertices) for vertices, _, _ in rows]
    drawn = np.concatenate([vertices for vertices, _, _ in rows])
    # An affine map fitted by least squares, written as weights of the vertices inside the mouth.
    follow = _homogeneous(drawn) @ np.linalg.pinv(_homogeneous(mean[inside]))
    teeth = follow @ rig.template[inside].astype(np.float64)
    identity = np.einsum("tk,ikc->itc", follow.astype(np.float32), rig.identity_basis[:, inside], optimize=True)
    motion = np.zeros((len(rig.expression_names), sum(count), 3), np.float32)
    motion[:, count[0] :] = motion_of(teeth[count[0] :])
    influences = rig.skin_joints.shape[1]
    skin_joints = np.zeros((sum(count), influences), np.int32)
    skin_joints[:, 0] = np.repeat(joints, count)
    start = np.cumsum([len(rig.template), count[0]])
    faces = [faces + first for (_, faces, _), first in zip(rows, start, strict=True)]
    ends = np.cumsum([len(rig.faces), *map(len, faces)])
    return replace(
        rig,
        template=np.concatenate([rig.template, teeth]).astype(np.float32),
        faces=np.concatenate([rig.faces, *faces]).astype(np.int32),
        uv=np.concatenate([rig.uv, *(uv for _, _, uv in rows)]).astype(np.float32),
        identity_basis=np.concatenate([rig.identity_basis, identity], axis=1),
        expression_basis=np.concatenate([rig.expression_basis, motion], axis=1),
        pose_basis=None if rig.pose_basis is None else np.pad(rig.pose_basis, ((0, 0), (0, sum(count)), (0, 0))),
        skin_joints=np.concatenate([rig.skin_joints, skin_joints]),
        skin_weights=np.concatenate(
            [rig.skin_weights, np.eye(influences, dtype=np.float32)[np.zeros(sum(count), int)]]
        ),
        regions={
            **rig.regions,
            "teeth_upper": np.arange(ends[0], ends[1], dtype=np.int32),
            "teeth_lower": np.arange(ends[1], ends[2], dtype=np.int32),
        },
    )


def jaw_motion(rig: Rig, points: AnyArray) -> AnyArray:
    """The displacements (52, T, 3) of ``points`` (T, 3), metres, that are fixed to the lower jaw.

    The tongue of Anny rides on the jaw: the rotation and translation that best explain what a facial action does to
    the tongue (Kabsch) move the points, exactly rigidly at coefficient 1. A facial action that leaves the skin alone
    moves the tongue in the mouth, not the jaw.
    """
    skin, tongue = (np.unique(rig.faces[rig.regions[name]]) for name in ("skin", "tongue"))
    amount = np.abs(rig.expression_basis).max(2)
    motion = np.zeros((len(amount), *points.shape))
    rest = rig.template[tongue].astype(np.float64)
    for action in np.flatnonzero((amount[:, skin].max(1) > MOVES) & (amount[:, tongue].min(1) > MOVES)):
        moved = rest + rig.expression_basis[action, tongue]
        centre, target = rest.mean(0), moved.mean(0)
        left, _, right = np.linalg.svd((moved - target).T @ (rest - centre))
        left[:, 2] *= np.linalg.det(left @ right)
        motion[action] = (points - centre) @ (left @ right).T + target - points
    return motion


def strip(row: ToothRow, lips: AnyArray) -> tuple[AnyArray, Ints, AnyArray]:
    """Vertices (T, 3), faces (N, 3), texture coordinates (N, 3, 2) of a row behind the line ``lips`` (L, 3) meet in."""
    unit = (lips[:, 0].max() - lips[:, 0].min()) / 2
    middle = lips[np.abs(lips[:, 0]) < unit / 4].mean(0)
    sections, at, scale = _sections(row, row.half_width * unit, ARCH_LENGTH * unit)
    front = middle[2] - row.setback * unit - ARCH_LENGTH * unit
    out, height = sections[..., 0] * scale, sections[..., 1] * scale * row.up + middle[1] + row.edge * unit
    x = at[:, None, 0] + out * at[:, None, 2]
    z = at[:, None, 1] + out * at[:, None, 3] + front
    vertices = np.stack([x, height, z], -1)
    columns, points = vertices.shape[:2]
    grid = np.arange(columns * points).reshape(columns, points)
    quads = np.stack([grid[:-1, :-1], grid[1:, :-1], grid[1:, 1:], grid[:-1, 1:]], -1).reshape(-1, 4)
    if row.up > 0:
        quads = quads[:, ::-1]
    faces = quads[:, [[0, 1, 2], [0, 2, 3]]].reshape(-1, 3)
    across, down = np.meshgrid(np.linspace(0, 1, columns), np.linspace(0, 1, points), indexing="ij")
    uv = np.array(row.uv_corner) + np.stack([across, down], -1).reshape(-1, 2) * UV_SIZE
    return vertices.reshape(-1, 3), faces.astype(np.int32), uv[faces]


def _sections(row: ToothRow, half_width: float, length: float) -> tuple[AnyArray, AnyArray, float]:
    """Cross-sections along an arch of ``half_width`` and ``length`` (metres), from the right to the left.

    Returns (C, P, 2) outward and gumward coordinates in the millimetres of ``row``, (C, 4) place x, z and outward
    direction x, z of each section, and the size of one such millimetre in metres.
    """
    mirrored = [np.array(sizes[::-1] + sizes) for sizes in (row.widths, row.crowns, row.depths)]
    widths = mirrored[0]
    ends = np.concatenate([[0], np.cumsum(widths)])
    place = np.interp(np.arange(len(widths) * COLUMNS + 1) / COLUMNS, np.arange(len(ends)), ends)
    # An ellipse by its arc length; a little short of a half, for the last molars stand side by side.
    angle = np.linspace(-0.45 * np.pi, 0.45 * np.pi, 2001)
    curve = np.stack([half_width * np.sin(angle), length * np.cos(angle)], 1)
    travelled = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(curve, axis=0), axis=1))])
    scale = travelled[-1] / ends[-1]
    angle = np.interp(place * scale, travelled, angle)
    normal = np.stack([length * np.sin(angle), half_width * np.cos(angle)], 1)
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    at = np.concatenate([np.stack([half_width * np.sin(angle), length * np.cos(angle)], 1), normal], 1)
    sections = np.stack([_section(mirrored, column) for column in range(len(place))])
    return sections, at, float(scale)


def _section(sizes: list[AnyArray], column: int) -> AnyArray:
    """(P, 2) outward and gumward coordinates, millimetres, of one cross-section; between two teeth it is drawn in."""
    teeth = len(sizes[0])
    here = np.clip([(column - 1) // COLUMNS, column // COLUMNS], 0, teeth - 1)
    width, crown, depth = (float(size[here].mean()) for size in sizes)
    backwards = abs(np.mean(here) - (teeth - 1) / 2) / (teeth / 2)  # 0 between the front teeth, 1 at the last molars
    blunt = float(np.interp(backwards, [0.35, 0.6], [0.25, 0.62]))  # thickness of the edge, share of the depth
    between = column % COLUMNS == 0
    groove = 0.13 * width if between else 0.0
    notch = 0.1 * crown if between else 0.0
    gum = crown * (0.78 if between else 1.0)  # gums reach further down between the teeth
    slope = 0.1 * depth
    section = np.array(
        [
            [-0.15 * depth, 1.45 * crown],
            [-0.03 * depth, gum],
            [0.0, 0.5 * crown],
            [-slope, notch],
            [-slope - blunt * depth, notch],
            [-0.95 * depth, 0.5 * crown],
            [-depth, 1.2 * crown],
        ]
    )
    section[LABIAL : EDGE + 1, 0] -= groove
    section[LINGUAL, 0] += groove
    return section


def _homogeneous(points: AnyArray) -> AnyArray:
    return np.concatenate([points, np.ones((len(points), 1))], 1).astype(np.float64)
