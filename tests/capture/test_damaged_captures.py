"""Captures damaged at random are read or refused, and never anything else."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path
from typing import Any

import numpy as np

from splatavatar.capture import read_capture
from splatavatar.capture.images import load_frame
from splatavatar.errors import SplatAvatarError

MUTANTS = 150
ODD: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 10**6, 10**400, 1e308, -1e308, 5e-324, 1e-300, math.nan, math.inf, -0.0, "", "1"),
    *("../x", "/etc/passwd", "images", "\0", "\ud800", "a" * 5000, [], {}, [1], [[1]], {"a": 1}, [None] * 4),
    *([[1, 0, 0, 0]] * 4, [[math.nan] * 4] * 4, [[1e200] * 4] * 4, "images/t000_cam00.png", "masks/t000_cam00.png"),
)


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every (container, key) within ``value``."""
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    found = [(value, key) for key in keys]
    for key in keys:
        found += places(value[key])
    return found


def mutated(root: Path, rng: np.random.Generator) -> None:
    """Damages ``root`` in one or two places."""
    for _ in range(rng.integers(1, 3)):
        kind = rng.integers(6)
        if kind < 3:
            path = root / "transforms.json"
            try:
                data = json.loads(path.read_text())
            except ValueError:
                continue
            spots = places(data)
            if not spots:
                continue
            container, key = spots[rng.integers(len(spots))]
            odd = ODD[rng.integers(len(ODD))]
            if kind == 0 and isinstance(container, dict):
                del container[key]
            elif kind == 1 and isinstance(container, dict):
                container[rng.choice(["k5", "camera_model", "fl_y", "camera_angle_y", "mask_path", "K"])] = odd
            else:
                container[key] = odd
            path.write_text(json.dumps(data))
        else:
            files = sorted(file for file in root.rglob("*") if file.is_file())
            path = files[rng.integers(len(files))] if kind < 5 else root / "rig_params.npz"
            content = bytearray(path.read_bytes())
            if not content:
                continue
            if rng.random() < 0.3:
                del content[rng.integers(len(content)) :]
            else:
                for at in rng.integers(len(content), size=rng.integers(1, 9)):
                    content[at] = rng.integers(256)
            path.write_bytes(content)


def survey(source: Path, root: Path, seeds: range) -> dict[str, int]:
    """How many mutants of ``source`` were read, and how many refused."""
    outcome = {"read": 0, "refused": 0}
    for seed in seeds:
        shutil.rmtree(root, ignore_errors=True)
        shutil.copytree(source, root)
        mutated(root, np.random.default_rng(seed))
        try:
            capture = read_capture(root)
            for frame in capture.frames:
                picture, matte = load_frame(frame)
                assert picture.shape[:2] == matte.shape and picture.dtype == matte.dtype == np.uint8
                assert np.isfinite(frame.camera.K).all() and np.isfinite(frame.camera.T_camera_world).all()
            outcome["read"] += 1
        except SplatAvatarError as error:
            assert "\n" not in str(error)
            outcome["refused"] += 1
    return outcome


def test_damage_is_read_or_refused(tiny_capture: Path, tmp_path: Path) -> None:
    outcome = survey(tiny_capture, tmp_path / "mutant", range(MUTANTS))
    assert outcome["read"] >= 4 and outcome["refused"] >= 60
