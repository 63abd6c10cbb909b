"""The word in the corner."""

from __future__ import annotations

import numpy as np
import pytest

from splatavatar.drive.label import Label
from splatavatar.errors import SettingsError


@pytest.mark.parametrize("size", [(256, 256), (512, 512), (720, 1280), (1080, 1920)])
def test_it_is_dark_and_light_at_the_lower_left(size: tuple[int, int]) -> None:
    height, width = size
    picture = np.full((height, width, 3), 130, np.uint8)
    shown = Label()(picture.copy())
    rows, columns = np.nonzero((shown != picture).any(-1))
    shorter = min(size)
    assert columns.min() == pytest.approx(0.03 * shorter, abs=1.5) and rows.max() < height - 0.03 * shorter + 1.5
    assert columns.max() < width / 2 and rows.min() > 0.85 * height
    # Letters of 9 pixels and more, in white.
    light = np.nonzero((shown > 230).all(-1))[0]
    assert light.max() - light.min() + 1 >= 8 and light.max() - light.min() + 1 == pytest.approx(0.028 * shorter, abs=3)
    patch = shown[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    assert 0.08 < (patch > 200).mean() < 0.4 and (patch < 80).mean() > 0.5


def test_over_nothing_it_has_a_plate_of_its_own() -> None:
    clear = Label()(np.zeros((256, 256, 4), np.uint8))
    there = clear[..., 3] > 0
    assert 0.005 < there.mean() < 0.03
    assert set(np.unique(clear[~there])) == {0}
    solid = np.full((256, 256, 3), 200, np.uint8)
    alpha = clear[..., 3:] / 255
    over = clear[..., :3] * alpha + solid * (1 - alpha)
    assert np.abs(over - Label()(solid.copy())).max() < 2  # as if it had been put on what comes to lie behind it
    opaque = np.concatenate([solid, np.full((256, 256, 1), 255, np.uint8)], -1)
    shown = Label()(opaque)
    assert (shown[..., 3] == 255).all() and np.abs(shown[..., :3].astype(int) - Label()(solid.copy())).max() <= 1


def test_other_words() -> None:
    plain = np.full((240, 320, 3), 130, np.uint8)
    short, long = (Label(text)(plain.copy()) for text in ("A", "A synthetic person, made by splatavatar"))
    width = [np.nonzero((shown != plain).any((0, 2)))[0] for shown in (short, long)]
    assert np.ptp(width[0]) < 40 and 200 < np.ptp(width[1]) < 320 - 12
    assert Label("  Ann\n speaks ").text == "Ann speaks"
    for text in ("", "  ", "x" * 41, "a\x00b"):
        with pytest.raises(SettingsError, match=r"^a label has 1 to 40 characters that can be seen$"):
            Label(text)


@pytest.mark.parametrize("size", [(1, 1), (2, 40), (16, 16), (33, 500)])
def test_small_pictures_hold_what_they_can(size: tuple[int, int]) -> None:
    picture = np.full((*size, 3), 130, np.uint8)
    assert Label()(picture.copy()).shape == picture.shape


def test_a_picture_of_others_stays_as_it_is() -> None:
    picture = np.full((64, 64, 3), 130, np.uint8)
    picture.flags.writeable = False
    assert not np.array_equal(Label()(picture), picture) and (picture == 130).all()
