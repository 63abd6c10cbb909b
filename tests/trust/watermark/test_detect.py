from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from trust.watermark.conftest import over

from splatavatar.array_types import Bytes, Floats
from splatavatar.trust.watermark.detect import FALSE_ALARM, STRETCH, Detection, detect, detect_frames
from splatavatar.trust.watermark.embed import marked
from splatavatar.trust.watermark.pattern import tile, tile_of
from splatavatar.trust.watermark.pattern import waves as waves_of_the_key
from splatavatar.trust.watermark.payload import Payload


def grey(picture: Bytes) -> Floats:
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.float32)


def jpeg(picture: Bytes, quality: int = 75) -> Bytes:
    data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


def scaled(picture: Bytes, factor: float) -> Bytes:
    kind = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, None, fx=factor, fy=factor, interpolation=kind), np.uint8)


def turned(picture: Bytes) -> Bytes:
    height, width = picture.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), 0.7, 1.03)
    return np.asarray(cv2.warpAffine(picture, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE), np.uint8)


def darker(picture: Bytes) -> Bytes:
    return np.asarray(cv2.LUT(picture, (255 * (np.arange(256) / 255) ** 1.3).astype(np.uint8)), np.uint8)


@pytest.fixture(scope="module")
def waves(said: Payload) -> np.ndarray:
    return tile(said)


ATTACKS: dict[str, tuple[Callable[[Bytes], Bytes], float]] = {
    "none": (lambda picture: picture, 1),
    "jpeg": (jpeg, 1),
    "cropped": (lambda picture: picture[45:352, 61:368], 1),
    "smaller": (lambda picture: scaled(picture, 0.6), 0.6),
    "larger": (lambda picture: scaled(picture, 1.7), 1.7),
    "turned": (turned, 1.03),
    "darker": (darker, 1),
    "mirrored": (lambda picture: picture[:, ::-1], 1),
    "on its side": (lambda picture: np.rot90(picture), 1),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_is_said_is_read_after(attack: str, picture: Bytes, said: Payload, waves: np.ndarray) -> None:
    change, scale = ATTACKS[attack]
    found = detect(grey(np.ascontiguousarray(change(marked(picture, waves)))))
    assert found is not None and found.payload == said
    assert found.chance < 1e-12
    assert found.scale == pytest.approx(scale, rel=0.02)
    assert found.mirrored == (attack == "mirrored")


@pytest.mark.parametrize("behind", [0, 90, 255])
def test_a_transparent_picture_is_read_over_anything(
    behind: int, transparent: Bytes, said: Payload, waves: np.ndarray
) -> None:
    found = detect(grey(over(marked(transparent, waves), behind)))
    assert found is not None and found.payload == said


@pytest.mark.parametrize("attack", ["none", "jpeg"])
def test_nothing_is_found_where_nothing_is(attack: str, picture: Bytes) -> None:
    assert detect(grey(ATTACKS[attack][0](picture))) is None


@pytest.mark.parametrize(
    "picture",
    [
        np.zeros((40, 50), np.float32),
        np.full((300, 20), 255, np.float32),
        np.zeros((3, 3), np.float32),
        np.tile(np.array([[0, 255], [255, 0]], np.float32), (64, 64)),
        (np.indices((256, 256)).sum(0) // 6 % 2 * 255).astype(np.float32),
        np.random.default_rng(0).normal(128, 60, (256, 256)).astype(np.float32),
    ],
    ids=["black", "white", "tiny", "chequered", "striped", "noise"],
)
def test_nothing_is_found_in_odd_pictures(picture: Floats) -> None:
    assert detect(picture) is None


def test_the_pattern_alone_is_found_and_another_key_is_not(said: Payload, waves: np.ndarray) -> None:
    whole = np.tile(waves, (3, 3)).astype(np.float32) + 128
    found = detect(whole)
    assert found is not None and found.payload == said and found.chance < 1e-100
    other = np.fft.fft2(waves)
    other *= np.exp(2j * np.pi * np.random.default_rng(0).random(other.shape))
    assert detect(np.tile(np.fft.ifft2(other).real, (3, 3)).astype(np.float32) + 128) is None


def test_a_mark_that_is_too_faint_to_be_read_is_told_as_that(said: Payload) -> None:
    """The waves of synchronisation alone: sure, but they say nothing."""
    chips = waves_of_the_key().chips.copy()
    chips[waves_of_the_key().free :] *= np.random.default_rng(0).choice([-1, 1], chips[waves_of_the_key().free :].shape)
    found = detect(np.tile(tile_of(chips), (2, 2)).astype(np.float32) + 128)
    assert found is not None and found.payload is None and found.chance <= FALSE_ALARM


def noisy(picture: Bytes, count: int, seed: int = 0) -> list[Bytes]:
    """Grey frames in which the mark drowns, one by one."""
    random = np.random.default_rng(seed)
    return [
        np.clip(np.rint(grey(picture) + random.normal(0, 40, picture.shape[:2])), 0, 255).astype(np.uint8)
        for _ in range(count)
    ]


def test_a_film_says_what_none_of_its_frames_does(picture: Bytes, said: Payload, waves: np.ndarray) -> None:
    frames = noisy(marked(picture, waves), 60)
    assert all(found is None or found.payload is None for found in map(detect, [frames[0].astype(np.float32)]))
    found = detect_frames(frames)
    assert found is not None and found.payload == said


def test_a_film_is_looked_at_no_longer_than_needed(picture: Bytes, said: Payload, waves: np.ndarray) -> None:
    taken = 0

    def frames() -> object:
        nonlocal taken
        for _ in range(3 * STRETCH):
            taken += 1
            yield grey(marked(picture, waves)).astype(np.uint8)

    found: Detection | None = detect_frames(frames())  # type: ignore[arg-type]
    assert found is not None and found.payload == said
    assert taken == STRETCH + 1


def test_frames_of_another_size_begin_anew(picture: Bytes, said: Payload, waves: np.ndarray) -> None:
    with_mark = grey(marked(picture, waves)).astype(np.uint8)
    found = detect_frames([np.zeros((50, 60), np.uint8)] * 3 + [with_mark] * 3)
    assert found is not None and found.payload == said
    assert detect_frames([]) is None
