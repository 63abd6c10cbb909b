"""The network that finds persons."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from splatavatar.capture.matting.segmentation import person_odds

GOLDEN = Path(__file__).parents[2] / "golden" / "segmentation.npz"


def test_gives_what_litert_gives() -> None:
    with np.load(GOLDEN) as golden:
        picture, expected = golden["picture"], golden["probability"] / 65535
    found = 1 / (1 + np.exp(-person_odds(picture).astype(np.float64)))
    assert 0.1 < expected.mean() < 0.9
    assert np.abs(found - expected).max() < 1e-3


def test_pictures_of_any_size_are_the_same_person() -> None:
    with np.load(GOLDEN) as golden:
        picture = golden["picture"]
    large = picture.repeat(2, 0).repeat(2, 1)
    assert np.abs(person_odds(large) - person_odds(picture)).max() < 1e-3
