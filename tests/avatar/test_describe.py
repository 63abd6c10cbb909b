"""The facts about an avatar."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np

from splatavatar.avatar.avatar import Avatar
from splatavatar.avatar.describe import as_text, describe
from splatavatar.avatar.file import load_avatar, save_avatar
from splatavatar.avatar.format.container import read_container


def test_facts(tmp_path: Path, make_avatar: Callable[..., Avatar], rng: np.random.Generator) -> None:
    path = tmp_path / "face.splatavatar"
    metadata = {"name": "Ada", "metrics": {"psnr": 33.123456}, "thumbnail": "..."}
    save_avatar(path, make_avatar(rng, metadata=metadata))
    facts = describe(load_avatar(path), path)
    assert json.loads(json.dumps(facts)) == facts
    assert facts == {
        **{"name": "Ada", "file": str(path), "bytes": path.stat().st_size, "format": 1},
        "sha256": read_container(path)[1]["sha256"],
        **{"gaussians": 40, "correctives": 2, "rig": "random", "vertices": 30, "triangles": 20, "joints": 3},
        **{"expressions": 5, "regions": ["lips", "skin"], "landmarks": {"ibug68": 6}, "licence": "made up"},
        "metrics": {"psnr": 33.123456},
    }
    lines = as_text(facts).splitlines()
    assert lines[0].split() == ["name", "Ada"]
    assert "  psnr  33.12" in lines


def test_an_avatar_without_metadata_is_named_after_its_file(
    tmp_path: Path, make_avatar: Callable[..., Avatar], rng: np.random.Generator
) -> None:
    path = tmp_path / "face.splatavatar"
    save_avatar(path, make_avatar(rng, metadata={}))
    assert describe(load_avatar(path), path)["name"] == "face"
