"""Descriptions of every layout, damaged at random, are read or refused with one line, and never anything else."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from splatavatar.capture import read_capture
from splatavatar.errors import SplatAvatarError
from support.exavatar import custom
from support.flame_captures import imavatar, insta, vhap
from support.nersemble import benchmark, version_1, version_2

ODD: tuple[Any, ...] = (
    *(None, True, -1, 0, 10**30, 1e308, math.nan, math.inf, -0.0, "", "x", "../a", "/etc/passwd", "\0", "\ud800"),
    *([], {}, [[]], [None], [1, [2]], [[1, 2], [3]], {"a": 1}, [[math.nan] * 4] * 4, [[1e200] * 4] * 4),
)

LAYOUTS: dict[str, tuple[Callable[[Path], Path], str, int]] = {
    "vhap": (vhap, "transforms.json", 80),
    "insta": (lambda root: insta(root, ("shape", "jaw", "eyes")), "transforms.json", 80),
    "imavatar": (imavatar, "flame_params.json", 80),
    "version_1": (version_1, "../../camera_params/074/camera_params.json", 80),
    "version_2": (lambda root: version_2(root, ("A",), 2), "calibration/color_calibration.json", 30),
    "benchmark": (benchmark, "calibration/camera_params.json", 30),
    "custom": (custom, "cam_params/4.json", 80),
}


def places(value: Any) -> list[tuple[Any, Any]]:
    """Some (container, key) within ``value``, those of long lists at their beginning."""
    keys = list(value) if isinstance(value, dict) else range(min(len(value), 5)) if isinstance(value, list) else ()
    return [(value, key) for key in keys] + [place for key in keys for place in places(value[key])]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_it_is_read_or_refused(tmp_path: Path, layout: str) -> None:
    write, name, mutants = LAYOUTS[layout]
    root = write(tmp_path / "a")
    path, rng = root / name, np.random.default_rng(len(layout))
    text, read = path.read_text(), 0
    for _ in range(mutants):
        data = json.loads(text)
        for _ in range(rng.integers(1, 3)):
            spots = places(data)
            container, key = spots[rng.integers(len(spots))]
            if isinstance(container, dict) and rng.random() < 0.2:
                del container[key]
            else:
                container[key] = ODD[rng.integers(len(ODD))]
        path.write_text(json.dumps(data))
        try:
            read_capture(root)
            read += 1
        except SplatAvatarError as error:
            assert str(error).isprintable(), repr(str(error))
    assert read < mutants
    path.write_text(text)
    assert read_capture(root).frames
