from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from splatavatar.trust.watermark.payload import (
    BITS,
    CODED_BITS,
    Payload,
    check_of,
    data_of,
    decode,
    encode,
    encode_message,
    payload_of,
)

GOLDEN = json.loads((Path(__file__).parents[2] / "golden" / "watermark.json").read_text())


def test_what_is_said_lies_where_it_is_documented_to() -> None:
    said = Payload("0123456789", date(2020, 1, 2), tool=0xA, spare=0xC)
    assert data_of(said) == 0xA_0123456789_0001_C
    assert payload_of(data_of(said)) == said


@pytest.mark.parametrize("of", GOLDEN["payloads"], ids=lambda of: of["avatar"])
def test_golden_values(of: dict[str, object]) -> None:
    said = Payload(str(of["avatar"]), date.fromisoformat(str(of["day"])))
    assert f"{data_of(said):016x}" == of["data"]
    assert check_of(data_of(said)) == of["check"]
    assert "".join(map(str, encode(data_of(said)))) == of["coded"]


@pytest.mark.parametrize(
    "wrong",
    [
        Payload("012345678", date(2026, 1, 1)),
        Payload("0123456789", date(2019, 12, 31)),
        Payload("0123456789", date(2199, 6, 7)),
        Payload("0123456789", date(2026, 1, 1), tool=16),
        Payload("0123456789", date(2026, 1, 1), spare=-1),
    ],
)
def test_what_does_not_fit_is_refused(wrong: Payload) -> None:
    with pytest.raises(ValueError, match=r"hexadecimal digits|are from 0 to"):
        data_of(wrong)


def test_the_check_is_crc_8() -> None:
    # That of the SMBus, which is F4 of "123456789".
    assert check_of(int.from_bytes(b"12345678", "big")) == 0xC7
    assert check_of(0) == 0


def test_the_code_is_linear_cyclic_and_far_apart() -> None:
    """The least weight is that of a message with few ones: none of those with one or two is light."""
    one = encode_message(1 << (BITS - 1))
    for t in range(BITS):
        np.testing.assert_array_equal(encode_message(1 << (BITS - 1 - t)), np.roll(one, 6 * t))
    two = [encode_message(1 << 71 | 1 << (71 - t)) for t in range(1, BITS)]
    np.testing.assert_array_equal(two[4], one ^ np.roll(one, 30))
    assert min(int(one.sum()), *(int(word.sum()) for word in two)) >= 50


def test_noise_is_corrected() -> None:
    random = np.random.default_rng(0)
    for _ in range(4):
        data = data_of(Payload(f"{int(random.integers(1 << 40)):010x}", date(2026, 5, 4)))
        signs = 1.0 - 2.0 * encode(data)
        soft = signs * 13 / np.sqrt(CODED_BITS) + random.standard_normal(CODED_BITS)
        assert (np.sign(soft) != signs).mean() > 0.2, "a quarter of the bits is wrong"
        assert decode(soft.astype(np.float32)) == data


def test_noise_alone_seldom_passes_the_check_and_never_fits() -> None:
    random = np.random.default_rng(1)
    for _ in range(6):
        soft = random.standard_normal(CODED_BITS).astype(np.float32)
        data = decode(soft)
        if data is not None:
            assert (1.0 - 2.0 * encode(data)) @ soft / np.linalg.norm(soft) < 11.5
