from __future__ import annotations

import hashlib
import json
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from splatavatar.array_types import Bytes
from splatavatar.render import _native
from splatavatar.trust.watermark.embed import LARGEST, LEVELS, busyness, gains, marked, marked_reference
from splatavatar.trust.watermark.pattern import tile
from splatavatar.trust.watermark.payload import Payload

GOLDEN = json.loads((Path(__file__).parents[2] / "golden" / "watermark.json").read_text())["picture"]
WAVES = tile(Payload("0123456789", date(2026, 11, 27)))


def some(shape: tuple[int, ...], seed: int = 0) -> Bytes:
    """Noise beside what is flat, and for RGBA holes."""
    random = np.random.default_rng(seed)
    made = random.integers(0, 256, shape, np.uint8)
    made[: shape[0] // 2, : shape[1] // 2, :3] = 250
    made[shape[0] // 3 :, : shape[1] // 4, :3] //= 16
    if shape[2] == 4:
        made[..., 3] *= random.integers(0, 2, shape[:2], np.uint8)
    return made


@pytest.mark.parametrize("shape", [(512, 512, 3), (97, 300, 3), (1, 1, 3), (8, 9, 4), (130, 259, 4)], ids=str)
def test_the_native_code_is_the_definition_to_the_bit(instruction_set: str, shape: tuple[int, int, int]) -> None:
    picture = some(shape)
    busy = np.empty((-(-shape[0] // 8), -(-shape[1] // 8)), np.uint8)
    _native.mark_busyness(picture, busy)
    np.testing.assert_array_equal(busy, busyness(picture))
    np.testing.assert_array_equal(marked(picture, WAVES), marked_reference(picture, WAVES))


def test_golden_picture() -> None:
    y, x = np.mgrid[:40, :52]
    picture = np.stack([(x * x + 3 * y) % 256, (x * 5 + y * y) % 256, (x * y) % 256], -1).astype(np.uint8)
    picture[8:24, 8:32] = 200
    assert busyness(picture).tolist() == GOLDEN["busyness"]
    assert gains(np.bincount(busyness(picture).ravel(), minlength=LEVELS)).tolist() == GOLDEN["gains"]
    assert hashlib.sha256(marked(picture, WAVES).tobytes()).hexdigest() == GOLDEN["marked_sha256"]


def test_busyness_by_hand() -> None:
    picture = np.zeros((8, 16, 3), np.uint8)
    picture[:, 2:4], picture[:, 6:8] = 10, 10  # each pair in a row differs by 10: 8 rows of 6
    picture[:, 8:] = 77
    assert busyness(picture).tolist() == [[480 >> 5, 0]]
    picture[:, 2:4], picture[:, 6:8] = 100, 100  # held to 24
    assert busyness(picture).tolist() == [[8 * 6 * 24 >> 5, 0]]


def test_nobody_sees_it(picture: Bytes) -> None:
    flip = pytest.importorskip("flip_evaluator")
    with_mark = marked(picture, WAVES)
    error = np.mean((with_mark.astype(float) - picture) ** 2)
    assert 44 < 10 * np.log10(255**2 / error) < 50
    a, b = (one.astype(np.float32) / 255 for one in (picture, with_mark))
    assert flip.evaluate(a, b, "LDR")[1] < 0.01


def test_both_bounds_hold_for_any_picture() -> None:
    random = np.random.default_rng(0)
    for _ in range(200):
        counts = random.integers(0, 1000, LEVELS) * (random.random(LEVELS) < random.random())
        counts[0] += 1
        change = gains(counts) * 30 / 2048
        assert change.max() <= LARGEST + 0.01
        assert counts @ change**2 <= 2.4 * counts.sum()
        assert counts @ (0.016 * change**0.7) <= 0.0099 * counts.sum()
        assert (np.diff(change) >= 0).all()


def test_what_is_flat_stays_as_it_is() -> None:
    for value in (0, 128, 255):
        flat = np.full((64, 64, 3), value, np.uint8)
        np.testing.assert_array_equal(marked(flat, WAVES), flat)


def test_nothing_wraps_around_at_black_and_white() -> None:
    picture = np.random.default_rng(0).choice(np.array([0, 255], np.uint8), (128, 128, 1)).repeat(3, 2)
    change = marked(picture, WAVES).astype(int) - picture
    assert 0 < np.abs(change).max() < 30
    assert (change[picture == 0] >= 0).all() and (change[picture == 255] <= 0).all()


def test_over_nothing_only_the_person_carries_it(transparent: Bytes) -> None:
    with_mark = marked(transparent, WAVES)
    np.testing.assert_array_equal(with_mark[..., 3], transparent[..., 3])
    clear = transparent[..., 3] == 0
    np.testing.assert_array_equal(with_mark[clear], transparent[clear])
    assert (with_mark != transparent)[~clear].any()


def test_pictures_are_copied(picture: Bytes) -> None:
    before = picture.copy()
    assert not np.shares_memory(marked(picture, WAVES), picture)
    np.testing.assert_array_equal(picture, before)
    np.testing.assert_array_equal(marked(picture[::2, ::2], WAVES), marked(picture[::2, ::2].copy(), WAVES))


def test_the_native_module_refuses_what_does_not_fit() -> None:
    picture, busy, out = np.zeros((16, 24, 3), np.uint8), np.zeros((2, 3), np.uint8), np.zeros((16, 24, 3), np.uint8)
    gain = np.zeros(64, np.int16)
    for wrong in (
        (picture[..., :2].copy(), busy, gain, WAVES, out),
        (picture, busy[:1].copy(), gain, WAVES, out),
        (picture, busy + np.uint8(64), gain, WAVES, out),
        (picture, busy, gain[:63].copy(), WAVES, out),
        (picture, busy, gain - np.int16(1), WAVES, out),
        (picture, busy, gain, WAVES[:64].copy(), out),
        (picture, busy, gain, WAVES, out[:8].copy()),
    ):
        with pytest.raises(ValueError, match=r"shape|must be|out of range"):
            _native.mark(*wrong)
