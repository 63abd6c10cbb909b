from __future__ import annotations

import numpy as np

from splatavatar.gltf.colour import linear_colours


def test_the_transfer_function_of_srgb() -> None:
    colours = np.array([[0, 1, 0.5], [-0.2, 1.3, 0.04]], np.float32)
    found = linear_colours(colours) / 65535
    np.testing.assert_allclose(found, [[0, 1, 0.214041], [0, 1, 0.04 / 12.92]], atol=1e-5)
