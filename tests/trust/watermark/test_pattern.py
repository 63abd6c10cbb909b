from __future__ import annotations

import base64
import hashlib
import json
from datetime import date
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from splatavatar.trust.watermark.pattern import HIGHEST, KEY, LOWEST, TILE, chips_of, random_words, tile, waves
from splatavatar.trust.watermark.payload import CODED_BITS, Payload, data_of

GOLDEN = json.loads((Path(__file__).parents[2] / "golden" / "watermark.json").read_text())


def test_the_generator_gives_the_words_of_its_authors() -> None:
    # The first words of the reference code of xoshiro128++ for the state 1, 2, 3, 4.
    assert list(islice(random_words((1, 2, 3, 4)), 6)) == [641, 1573767, 3222811527, 3517856514, 836907274, 4247214768]
    assert list(islice(random_words(KEY), 8)) == GOLDEN["words"]


def test_waves_are_all_those_between_and_in_the_order_of_the_key() -> None:
    known = waves()
    every = {(u, s * v) for u in range(LOWEST, HIGHEST + 1) for v in range(LOWEST, HIGHEST + 1) for s in (1, -1)}
    assert set(zip(known.u.tolist(), known.v.tolist(), strict=True)) == every
    assert known.free == len(every) - CODED_BITS
    first = [[int(u), int(v), int(a), int(b)] for u, v, (a, b) in zip(known.u, known.v, known.chips, strict=True)]
    assert first[:12] == GOLDEN["waves"]
    assert abs(known.chips.mean()) < 0.1


@pytest.mark.parametrize("of", GOLDEN["payloads"], ids=lambda of: of["avatar"])
def test_tiles_are_the_golden_ones_to_the_bit(of: dict[str, object]) -> None:
    made = tile(Payload(str(of["avatar"]), date.fromisoformat(str(of["day"]))))
    assert made[0].tolist() == of["first_row"]
    assert hashlib.sha256(made.tobytes()).hexdigest() == of["tile_sha256"]


def test_one_tile_is_kept_whole() -> None:
    kept = np.frombuffer(base64.b64decode(GOLDEN["tile"]), np.int8).reshape(TILE, TILE)
    np.testing.assert_array_equal(tile(Payload("0123456789", date(2026, 11, 27))), kept)


def test_the_waves_of_a_tile_have_the_signs_of_its_chips() -> None:
    said = Payload("5a5a5a5a5a", date(2031, 1, 1))
    known, chips = waves(), chips_of(data_of(said))
    found = np.fft.fft2(tile(said).astype(float))[known.v, known.u]
    np.testing.assert_array_equal(np.sign(found.real), chips[:, 0])
    np.testing.assert_array_equal(np.sign(-found.imag), chips[:, 1])
    loud = np.abs(found)
    assert loud.std() / loud.mean() < 0.05, "all are about as loud"
    np.testing.assert_array_equal(chips[: known.free], known.chips[: known.free])


def test_another_payload_has_other_signs_in_half_of_its_waves() -> None:
    one, other = (chips_of(data_of(Payload(avatar, date(2026, 1, 1)))) for avatar in ("0000000001", "ffffffffff"))
    assert 0.35 < (one != other)[waves().free :].mean() < 0.65
