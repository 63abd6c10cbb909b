from __future__ import annotations

import numpy as np

from splatavatar.rig.body_models.face.features import SAMPLES, features_of, lip_sides
from support.laid import Laid


def places(laid: Laid) -> np.ndarray:
    """(6, SAMPLES, 3) upper lip, lower lip, and both lids of the left and the right eye."""
    features = laid.head.features
    assert (features.corners >= 0).all()
    at = np.einsum("nk,nki->ni", features.shares, laid.head.vertices[features.corners])
    return at.reshape(6, SAMPLES, 3)


def test_lips_and_lids_are_where_the_persons_are(flame: Laid) -> None:
    person = flame.made.person
    upper, lower, left_upper, left_lower, right_upper, right_lower = places(flame)
    truth = flame.made.truth()
    # MediaPipe's corners of the mouth, and of the left and the right eye: on the skin around, a little further out.
    for found, (right, left) in ((upper, (61, 291)), (left_upper, (362, 263)), (right_upper, (33, 133))):
        assert np.linalg.norm(found[0] - truth[right]) < 6e-3 and np.linalg.norm(found[-1] - truth[left]) < 6e-3
    assert (upper[1:-1, 1] > lower[1:-1, 1]).all() and np.abs(upper[:, 0] - lower[:, 0]).max() < 1e-3
    for above, below in ((left_upper, left_lower), (right_upper, right_lower)):
        assert (above[2:-2, 1] - below[2:-2, 1] > 3e-3).all()
    assert (left_upper[:, 0] > 0.015).all() and (right_upper[:, 0] < -0.015).all()
    assert np.linalg.norm(left_upper - person.joints[person.eye_joints[0]], axis=1).max() < 0.02


def test_an_upper_lip_is_told_from_the_lower_that_it_touches(flame: Laid) -> None:
    from splatavatar.rig.landmarks import IBUG68

    side = flame.head.side
    person = flame.made.person
    truth = flame.made.truth()[list(IBUG68)]
    at = [int(np.linalg.norm(flame.head.vertices - truth[i], axis=1).argmin()) for i in (62, 66, 51, 57)]
    assert side[at[0]] > 0.7 and side[at[1]] < -0.7 and side[at[2]] > 0.5 and side[at[3]] < -0.5
    away = np.linalg.norm(flame.head.vertices - truth[62], axis=1) > 0.07
    assert np.abs(side[away]).max() < 0.01
    assert person.kind == "anny-head"


def test_a_head_without_a_mouth_has_no_lips(flame: Laid) -> None:
    head = flame.head
    lips = head.vertices[head.skin].mean(1)[:, 1] < head.eyes[0, 1] - 0.05
    features = features_of(head.vertices, head.skin[~lips], head.eyeballs, head.eyes)
    assert (features.corners[: 2 * SAMPLES] == -1).all() and (features.corners[2 * SAMPLES :] >= 0).all()
    assert not lip_sides(head.vertices, head.skin, features, 0.06).any()
