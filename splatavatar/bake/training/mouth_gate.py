"""What lies in a mouth learns from pictures in which the mouth is open: what shines through lips is lips."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from splatavatar.capture.tracking.landmark_model import LIPS
from splatavatar.rig.rig import Rig

WITHIN = ("mouth", "tongue", "teeth_upper", "teeth_lower")
OPEN = 0.003
"""metres between the inner edges of the lips, where they are farthest apart, from which a mouth is open"""


@dataclass(frozen=True)
class MouthGate:
    """Which triangles learn, by how far a posed rig opens its mouth."""

    within: Tensor
    """(F) whether a triangle lies in the mouth"""
    corner: Tensor
    """(2, P, 3) vertices of the triangles on which upper and lower lip are measured, in P pairs; P = 0: never open"""
    weight: Tensor
    """(2, P, 3) barycentric coordinates there"""

    @staticmethod
    def of(rig: Rig, device: torch.device) -> MouthGate:
        """The gate of ``rig``; one without landmarks or a mouth always learns."""
        within = torch.zeros(len(rig.faces), dtype=torch.bool)
        corner, weight = np.zeros((2, 0, 3), np.int64), np.zeros((2, 0, 3), np.float32)
        if "mediapipe" in rig.landmarks:
            points, pairs = rig.landmarks["mediapipe"], np.array(LIPS).T
            corner, weight = rig.faces[points.face[pairs]].astype(np.int64), points.barycentric[pairs]
            for region in WITHIN:
                within[torch.from_numpy(rig.regions.get(region, np.zeros(0, np.int32))).long()] = True
        return MouthGate(within.to(device), torch.from_numpy(corner).to(device), torch.from_numpy(weight).to(device))

    def learning(self, vertices: Tensor) -> Tensor:
        """(F) uint8: 1 for the triangles that learn from pictures of the posed ``vertices`` (P, V, 3), metres.

        Does not wait for the device.
        """
        lips = (vertices[:, self.corner] * self.weight[..., None]).sum(-2)
        apart = (lips[:, 0] - lips[:, 1]).norm(dim=-1).flatten()
        # A maximum of nothing is none.
        widest = torch.cat([apart, apart.new_zeros(1)]).max()
        return (~self.within | (widest > OPEN)).to(torch.uint8)
