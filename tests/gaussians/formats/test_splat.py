"""The .splat of antimatter15."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from splatavatar.gaussians.formats.ply import read_ply
from splatavatar.gaussians.formats.splat import RECORD, write_splat
from splatavatar.rotations import matrices_of_quaternions
from support.random_splats import random_gaussians
from support.shared import shared


def test_32_bytes_a_gaussian_in_their_order(tmp_path: Path) -> None:
    gaussians, sh = random_gaussians(1, 40)
    write_splat(tmp_path / "x.splat", gaussians, sh)
    content = (tmp_path / "x.splat").read_bytes()
    assert len(content) == 40 * 32
    for index in range(40):
        *floats, r, g, b, a, w, x, y, z = struct.unpack_from("<6f8B", content, 32 * index)
        np.testing.assert_array_equal(floats, [*gaussians.mean[index], *gaussians.scale[index]])
        np.testing.assert_allclose(np.array([r, g, b]) / 255, np.clip(gaussians.colour[index], 0, 1), atol=0.501 / 255)
        assert abs(a / 255 - gaussians.opacity[index]) < 0.501 / 255
        turned, expected = (
            matrices_of_quaternions(q) for q in ((np.array([w, x, y, z]) - 128.0) / 128, gaussians.rotation[index])
        )
        np.testing.assert_allclose(turned, expected, atol=4.5 / 128)


@pytest.mark.shared
def test_a_file_of_others_has_this_layout() -> None:
    splats = shared("layouts/splats")
    gaussians, _ = read_ply(splats / "metalsplatter-3pt.ply")
    records = np.frombuffer((splats / "metalsplatter-3pt.splat").read_bytes(), RECORD)
    np.testing.assert_allclose(records["mean"], gaussians.mean, rtol=1e-6)
    np.testing.assert_allclose(records["scale"], gaussians.scale, rtol=1e-6)
    shown = np.column_stack([gaussians.colour, gaussians.opacity]) * 255
    np.testing.assert_allclose(records["colour"], shown, atol=1.01)
    unit = gaussians.rotation / np.linalg.norm(gaussians.rotation, axis=1, keepdims=True)
    np.testing.assert_allclose(records["rotation"], unit * 128 + 128, atol=1.01)
