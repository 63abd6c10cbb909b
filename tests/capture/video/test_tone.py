from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from splatavatar.capture.video.tone import HLG, PQ, to_srgb
from splatavatar.capture.video.video import Video
from support.footage import write_video

pytest.importorskip("cv2")

BT2020 = 9
"""primaries and matrix, in ITU-T H.273"""
WHITE_CODE = {PQ: 0.58, HLG: 0.75}
"""of diffuse white, after ITU-R BT.2408 table 1"""


def grey(code: float, curve: int) -> list[int]:
    values: list[int] = to_srgb(np.full((1, 1, 3), round(65535 * code), np.uint16), curve)[0, 0].tolist()
    return values


@pytest.mark.parametrize("curve", [PQ, HLG])
def test_black_is_black_and_diffuse_white_is_nearly_white(curve: int) -> None:
    assert grey(0.0, curve) == [0, 0, 0]
    white = grey(WHITE_CODE[curve], curve)
    assert min(white) >= 240 and max(white) < 255


@pytest.mark.parametrize("curve", [PQ, HLG])
def test_a_grey_card(curve: int) -> None:
    """BT.2408, table 1: a card of 18 % is at the code 0.38 of either curve: 26 cd/m2 beside a white of 203."""
    shown = 1.055 * (26 / 203) ** (1 / 2.4) - 0.055
    assert grey(0.38, curve) == pytest.approx([255 * shown] * 3, abs=3)


@pytest.mark.parametrize("curve", [PQ, HLG])
def test_highlights_stay_apart(curve: int) -> None:
    codes = np.linspace(0, 65535, 64).astype(np.uint16)
    values = to_srgb(np.repeat(codes[None, :, None], 3, 2), curve)[0].astype(int)
    assert (np.diff(values, axis=0) >= 0).all()
    assert (np.ptp(values, axis=1) <= 1).all(), "grey stays grey"
    assert grey(0.9, curve)[0] > grey(WHITE_CODE[curve], curve)[0] + 4


def test_all_lines_of_a_picture() -> None:
    rng = np.random.default_rng(0)
    image = rng.integers(0, 65536, (75, 11, 3)).astype(np.uint16)
    rows = np.concatenate([to_srgb(image[y : y + 1], HLG) for y in range(75)])
    assert np.array_equal(to_srgb(image, HLG), rows)


@pytest.mark.parametrize("curve", [PQ, HLG])
def test_hdr_video(tmp_path: Path, curve: int) -> None:
    """A colour inside of sRGB comes back through BT.2020 codes of ten bits, computed here from the standards."""
    srgb = np.array([180, 90, 60]) / 255
    light = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    to_2020 = [[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]]  # BT.2087
    nits = 203 * np.array(to_2020) @ light
    if curve == PQ:
        power = (nits / 10000) ** (2610 / 16384)
        code = ((3424 / 4096 + 2413 / 128 * power) / (1 + 2392 / 128 * power)) ** (2523 / 32)
    else:
        scene = (nits / 1000) ** (1 / 1.2)
        high = 0.17883277 * np.log(np.maximum(12 * scene - 0.28466892, 1e-9)) + 0.55991073
        code = np.where(scene <= 1 / 12, np.sqrt(3 * scene), high)
    luma = code @ [0.2627, 0.6780, 0.0593]
    blue, red = (code[2] - luma) / 1.8814, (code[0] - luma) / 1.4746
    planes = np.rint([64 + 876 * luma, 512 + 896 * blue, 512 + 896 * red])
    frame = np.broadcast_to(planes[:, None, None], (3, 48, 64)).astype(np.uint16)
    path = write_video(
        tmp_path / "v.mp4",
        [frame] * 3,
        codec="libx265",
        pixels="yuv444p10le",
        planes=True,
        tags={"colorspace": BT2020, "color_primaries": BT2020, "color_trc": curve, "color_range": 1},
        options={"x265-params": "log-level=none:lossless=1"},
    )
    video = Video(path)
    assert video.hdr
    image = next(video.frames())[2]
    assert image.dtype == np.uint8
    assert image[24, 32].tolist() == pytest.approx([180, 90, 60], abs=3)
