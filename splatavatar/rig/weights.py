"""Skinning weights on the joints that something drives, from weights on all bones of a body model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from splatavatar.array_types import AnyArray


def driven_ancestors(parents: AnyArray, kept: Sequence[int]) -> AnyArray:
    """The position (B) in ``kept`` of each bone or of its nearest ancestor there. ``kept`` has the root."""
    owner = np.zeros(len(parents), np.int64)
    place = {bone: position for position, bone in enumerate(kept)}
    for bone, parent in enumerate(parents):
        owner[bone] = place[bone] if bone in place else owner[parent]
    return owner


def collapse(weights: AnyArray, joints: AnyArray, count: int) -> AnyArray:
    """The dense weights (V, count) of sparse ones (V, W) on ``joints`` (V, W), repeated joints added up."""
    dense = np.zeros((len(weights), count))
    np.add.at(dense, (np.arange(len(weights))[:, None], joints), weights)
    return dense


def largest_weights(dense: AnyArray, heads: AnyArray, count: int = 4) -> tuple[AnyArray, AnyArray]:
    """Joints (V, count) int32 and weights (V, count) float32 from dense weights (V, J).

    A vertex keeps its ``count`` largest; each other one goes to the nearest of these by joint position ``heads``
    (J, 3). Where there are fewer joints than that, joint 0 without a weight fills the rows.
    """
    missing = max(count - dense.shape[1], 0)
    order = np.argsort(-dense, 1, kind="stable")
    joints, weights = order[:, :count], np.take_along_axis(dense, order[:, :count], 1)
    distance = np.linalg.norm(heads[:, None] - heads, axis=2)
    for vertex, place in zip(*np.nonzero(np.take_along_axis(dense, order, 1)[:, count:] > 0), strict=True):
        other = order[vertex, count + place]
        weights[vertex, distance[other, joints[vertex]].argmin()] += dense[vertex, other]
    joints, weights = (np.pad(part, ((0, 0), (0, missing))) for part in (joints, weights))
    return joints.astype(np.int32), (weights / weights.sum(1, keepdims=True)).astype(np.float32)
