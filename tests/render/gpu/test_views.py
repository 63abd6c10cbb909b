"""Packed cameras."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("triton", reason="the package of the kernels needs Triton")

from splatavatar.errors import SettingsError
from splatavatar.render.camera import look_at
from splatavatar.render.gpu.views import pack_views


def test_layout() -> None:
    camera = look_at(np.array([0.1, 0.2, 0.9]), np.zeros(3), 0.5, 64, 48)
    row = pack_views([camera])[0]
    assert np.allclose(row[:9].reshape(3, 3), camera.T_camera_world[:3, :3])
    assert np.allclose(row[9:12], camera.T_camera_world[:3, 3])
    assert np.allclose(row[12:16], [camera.K[0, 0], camera.K[1, 1], 32, 24])
    assert np.allclose(row[16:19], [0.1, 0.2, 0.9])
    # The picture's own borders lie inside of the limits by 0.15 of its size.
    assert np.allclose(row[12] * row[19:21] + row[14], [-0.15 * 64, 1.15 * 64])
    assert np.allclose(row[13] * row[21:23] + row[15], [-0.15 * 48, 1.15 * 48])


def test_sizes_must_agree() -> None:
    wide, tall = (look_at(np.array([0, 0, 1.0]), np.zeros(3), 0.5, *size) for size in ((64, 48), (48, 64)))
    with pytest.raises(SettingsError, match=r"^the views of a batch must have one size, got 48x64, 64x48$"):
        pack_views([wide, tall])
    with pytest.raises(SettingsError, match=r"^the views of a batch must have one size, got no camera$"):
        pack_views([])
