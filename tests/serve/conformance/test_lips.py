from __future__ import annotations

import numpy as np
import pytest

from splatavatar.serve.conformance.lips import shift
from splatavatar.serve.conformance.recorder import Seen


def test_the_shift_of_lips_is_found() -> None:
    random = np.random.default_rng(0)
    grid = np.arange(0, 20, 0.005)
    loud = np.convolve(random.standard_normal(len(grid)), np.hanning(40), "same")
    times = np.arange(1.0, 19.0, 0.04)
    for late in (-0.1, 0.0, 0.06):
        openings: list[float | None] = list(np.interp(times - late, grid, loud))
        openings[3] = None
        found, correlation = shift([Seen(float(at) - 0.02, None) for at in times], openings, (grid, loud))
        assert found == pytest.approx(late, abs=0.003)
        assert correlation > 0.99


def test_a_mouth_that_never_moves_has_no_shift() -> None:
    times = [Seen(n / 25, None) for n in range(50)]
    with pytest.raises(ValueError, match="never moved its mouth"):
        shift(times, [0.1] * 50, (np.arange(10.0), np.arange(10.0)))
