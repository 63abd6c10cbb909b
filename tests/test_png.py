from __future__ import annotations

import cv2
import numpy as np
import pytest

from splatavatar.png import encode_png


@pytest.mark.parametrize("shape", [(7, 1), (5, 9), (6, 4, 3), (1, 1, 4), (33, 20, 4)], ids=str)
def test_another_decoder_reads_the_same_pixels(shape: tuple[int, ...]) -> None:
    picture = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    found = cv2.imdecode(np.frombuffer(encode_png(picture), np.uint8), cv2.IMREAD_UNCHANGED)
    order = {2: slice(None), 3: [2, 1, 0], 4: [2, 1, 0, 3]}[2 if picture.ndim == 2 else shape[2]]
    np.testing.assert_array_equal(found if picture.ndim == 2 else found[..., order], picture)


def test_views_of_larger_pictures_are_written_too() -> None:
    whole = np.random.default_rng(1).integers(0, 256, (8, 8, 4), np.uint8)
    assert encode_png(whole[::2, 1:5, :3]) == encode_png(np.ascontiguousarray(whole[::2, 1:5, :3]))
