from __future__ import annotations

import numpy as np
import pytest

from splatavatar.rig.arkit import INDEX, NAMES
from splatavatar.rig.body_models.face.picture import LARGE, SMALL, draw_model, posed
from splatavatar.rig.landmarks import positions
from support.laid import Laid

BOTH = pytest.mark.parametrize("which", ["flame", "smplx_body"])


@BOTH
def test_the_face_moves_as_told(which: str, request: pytest.FixtureRequest) -> None:
    one: Laid = request.getfixturevalue(which)

    def gap(upper: int, lower: int, **coefficients: float) -> float:
        arkit = np.zeros(len(NAMES))
        for name, value in coefficients.items():
            arkit[INDEX[name]] = value
        vertices = posed(one.model, one.face, arkit).astype(np.float32)
        places = positions(one.face.landmarks["mediapipe"], vertices, one.model.faces.astype(np.int32))
        return float(places[upper, 1] - places[lower, 1])

    assert gap(13, 14, jawOpen=1) > gap(13, 14) + 0.025  # lips
    assert gap(13, 14, jawOpen=0.4, mouthClose=0.4) < gap(13, 14, jawOpen=0.4) - 0.005
    assert gap(386, 374, eyeBlinkLeft=1) < 0.35 * gap(386, 374)  # lids
    assert gap(159, 145, eyeBlinkLeft=1) == pytest.approx(gap(159, 145), abs=1e-3)
    assert gap(291, 14, mouthSmileLeft=1) > gap(291, 14) + 0.006  # a corner of the mouth


def test_a_picture_of_the_face(flame: Laid) -> None:
    picture = draw_model(flame.model, flame.face)
    assert picture.shape == (LARGE + SMALL, 2 * LARGE, 3) and picture.dtype == np.uint8
    above = picture[:LARGE].astype(int)
    reddish = (above[..., 0] > above[..., 1] + 60) & (above[..., 0] > above[..., 2] + 60)
    bluish = above[..., 2] > above[..., 0] + 30
    rows, columns = np.nonzero(bluish[:, :LARGE])
    assert reddish.sum() > 1500 and len(rows) > 500
    assert abs(columns.mean() - LARGE / 2) < 5 and 0.3 * LARGE < rows.mean() < 0.5 * LARGE
    # No two of the expressions below look the same.
    small = [picture[LARGE:, SMALL * k : SMALL * (k + 1)].astype(int) for k in range(4)]
    assert all((np.abs(a - b) > 20).any(2).sum() > 50 for k, a in enumerate(small) for b in small[k + 1 :])
