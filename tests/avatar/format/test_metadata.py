"""What the metadata of an avatar may hold, and what of it reaches a terminal."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from splatavatar.avatar.avatar import Avatar, Defect
from splatavatar.avatar.describe import as_text, describe
from splatavatar.avatar.file import load_avatar, save_avatar
from splatavatar.avatar.format.container import canonical_json, read_container, write_container
from splatavatar.avatar.format.digest import digest
from splatavatar.avatar.format.metadata import check_metadata
from splatavatar.cli.app import app
from splatavatar.errors import AvatarFileError

Make = Callable[..., Avatar]

KNOWN: dict[str, Any] = {
    "name": "Ada",
    "created": "2024-05-01T12:00:00Z",
    "capture": {
        **{"pictures": 3, "timesteps": 2, "clips": ["a.mp4"], "reprojection_median": None},
        **{"holdout": 0.2, "holdout_yaw": None},
    },
    "bake": {"preset": "fast", "seed": 0, "iterations": 5, "fixed_rig": False, "held_out_psnr": 37.15},
    "metrics": {"psnr": 33.1, "val": {"ssim": 0.9, "flip": None}},
    "footage": {
        "sha256": ["0" * 64],
        "window": {"size": 600, "scale": 0.85},
        "tracking": {
            "rig": "anny-head",
            "focal": [1200.5],
            "T_camera_rig": [np.eye(4).tolist()],
            "habits": [[0.0, 0.001, 0]],
            "reprojection_median": 0.01,
        },
    },
    "camera": {"target": [0, 0.13, 0.04], "distance": 1.04, "fov_y": 0.3},
    "thumbnail": "",
    "of others": {"path": "../../etc/passwd", "list": [[1], {"a": None}]},
}


def test_all_that_a_bake_writes_and_more_survives(tmp_path: Path, make_avatar: Make, rng: np.random.Generator) -> None:
    save_avatar(tmp_path / "a", make_avatar(rng, metadata=KNOWN))
    back = load_avatar(tmp_path / "a")
    assert back.metadata == KNOWN
    save_avatar(tmp_path / "b", back)
    assert (tmp_path / "b").read_bytes() == (tmp_path / "a").read_bytes()


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "name": ({"name": 3}, "name of its metadata is not a text of up to 1024 characters"),
    "long name": ({"name": "x" * 1025}, "name of its metadata is not a text of up to 1024 characters"),
    "created": ({"created": None}, "created of its metadata is not a text of up to 64 characters"),
    "capture": ({"capture": []}, "capture of its metadata is not a table"),
    "pictures": (
        {"capture": {"pictures": -1}},
        "pictures in capture of its metadata is not a whole number from 0 to 1000000000000",
    ),
    "true is no count": (
        {"capture": {"timesteps": True}},
        "timesteps in capture of its metadata is not a whole number from 0 to 1000000000000",
    ),
    "clips": ({"capture": {"clips": "a"}}, "clips in capture of its metadata is not a list of 0 to 65536 values"),
    "clip": (
        {"capture": {"clips": [1]}},
        "an item in clips in capture of its metadata is not a text of up to 4096 characters",
    ),
    "holdout": ({"capture": {"holdout": 1.5}}, "holdout in capture of its metadata is not a number from 0 to 1"),
    "holdout yaw": (
        {"capture": {"holdout_yaw": -0.4}},
        "holdout_yaw in capture of its metadata is not a number from 0 to 4",
    ),
    "holdout text": ({"capture": {"holdout": "x"}}, "holdout in capture of its metadata is not a number from 0 to 1"),
    "bake": ({"bake": "fast"}, "bake of its metadata is not a table"),
    "iterations": (
        {"bake": {"iterations": 1.5}},
        "iterations in bake of its metadata is not a whole number from 0 to 1000000000000",
    ),
    "fixed": ({"bake": {"fixed_rig": 1}}, "fixed_rig in bake of its metadata is neither true nor false"),
    "psnr": (
        {"bake": {"held_out_psnr": {}}},
        "held_out_psnr in bake of its metadata is not a number from -1e+15 to 1e+15",
    ),
    "metrics": ({"metrics": {"psnr": "33"}}, "'psnr' in metrics of its metadata is not a number from -1e+15 to 1e+15"),
    "an odd metric": (
        {"metrics": {"\x1b[2J": "33"}},
        "'\\x1b[2J' in metrics of its metadata is not a number from -1e+15 to 1e+15",
    ),
    "footage": ({"footage": [1]}, "footage of its metadata is not a table"),
    "tracking": ({"footage": {"tracking": [1]}}, "tracking in footage of its metadata is not a table"),
    "habits": (
        {"footage": {"tracking": {"habits": [[0, 0]]}}},
        "an item in habits in tracking in footage of its metadata is not a list of 3 values",
    ),
    "focal": (
        {"footage": {"tracking": {"focal": [0]}}},
        "an item in focal in tracking in footage of its metadata is not a number from 0.001 to 1e+07",
    ),
    "window": (
        {"footage": {"window": {"size": 10**18}}},
        "size in window in footage of its metadata is not a whole number from 0 to 65536",
    ),
    "sha256": (
        {"footage": {"sha256": "abc"}},
        "sha256 in footage of its metadata is not a list of 0 to 4096 values",
    ),
    "camera": ({"camera": 1}, "camera of its metadata is not a table"),
    "a camera without distance": (
        {"camera": {"target": [0, 0, 0], "fov_y": 0.3}},
        "camera of its metadata has no distance",
    ),
    "no distance": (
        {"camera": {"target": [0, 0, 0], "distance": 0, "fov_y": 0.3}},
        "distance in camera of its metadata is not a number from 1e-06 to 1e+06",
    ),
    "target": (
        {"camera": {"target": [0, 0, 1e300], "distance": 1, "fov_y": 0.3}},
        "an item in target in camera of its metadata is not a number from -1e+06 to 1e+06",
    ),
    "thumbnail": ({"thumbnail": [1]}, "thumbnail of its metadata is not a text of up to 1048576 characters"),
    "calibration": ({"calibration": None}, "its calibration is not a table"),
    "an odd version": (
        {"calibration": {"version": "\x1b]0;x\x07"}},
        "its calibration has the version \\x1b]0;x\\x07, expected 1",
    ),
    "depth": (
        {"x": json.loads("[" * 40 + "]" * 40)},
        "its metadata has lists and tables more than 32 deep",
    ),
    "size": ({"x": "x" * (5 << 20)}, "its metadata takes 5242888 characters, the limit is 4194304"),
}


@pytest.mark.parametrize(("metadata", "message"), WRONG.values(), ids=WRONG.keys())
def test_wrong_metadata_is_refused_in_one_sentence(
    tmp_path: Path, avatar: Avatar, metadata: dict[str, Any], message: str
) -> None:
    path = tmp_path / "x.splatavatar"
    save_avatar(path, avatar)
    tensors, texts = read_container(path)
    texts["metadata"] = canonical_json(metadata)
    texts["sha256"] = digest(tensors, texts)
    with open(path, "wb") as file:
        write_container(file, tensors, texts)
    with pytest.raises(AvatarFileError) as error:
        load_avatar(path)
    assert str(error.value) == f"{path} is not an intact avatar: {message}"


@pytest.mark.parametrize("value", [None, [], "x", 3])
def test_metadata_is_a_table(value: Any) -> None:
    with pytest.raises(Defect, match="its metadata is not a table"):
        check_metadata(value)


HARM = "\x1b[2J\x1b]0;title\x07\r\n\x00\x7f\x9b31m‮[red]markup[/red]\t é"
SHOWN = r"\x1b[2J\x1b]0;title\x07\r\n\x00\x7f\x9b31m\u202e[red]markup[/red]\t é"


def test_nothing_in_a_file_reaches_the_terminal_but_visible_text(
    tmp_path: Path, make_avatar: Make, rng: np.random.Generator
) -> None:
    path = tmp_path / "x.splatavatar"
    metadata = {
        "name": HARM,
        "created": HARM,
        "capture": {HARM: HARM, "clips": [HARM]},
        "bake": {"preset": HARM, "deep": {"bytes": HARM, "sha256": None, "list": [{HARM: [HARM]}]}},
        "metrics": {HARM: {HARM: 1.0}},
    }
    made = make_avatar(rng, metadata=metadata)
    rig = made.rig
    object.__setattr__(rig, "licence", HARM)
    object.__setattr__(rig, "kind", HARM)
    object.__setattr__(rig, "joint_names", (HARM, *rig.joint_names[1:]))
    save_avatar(path, made)
    for arguments in ([], ["--json"]):
        result = CliRunner().invoke(app, ["info", str(path), *arguments])
        assert result.exit_code == 0
        odd = {c for c in result.stdout if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Cn") and c != "\n"}
        assert odd == set()
    lines = as_text(describe(load_avatar(path), path)).splitlines()
    assert lines[0] == f"name         {SHOWN}"
    assert f"licence      {SHOWN}" in lines
    assert json.loads(result.stdout)["name"] == HARM


def test_long_texts_do_not_flood_the_terminal(tmp_path: Path, make_avatar: Make, rng: np.random.Generator) -> None:
    path = tmp_path / "x.splatavatar"
    capture = {"text": "x" * 2_000_000, "list": list(range(200_000)), "k" * 10_000: 1}
    save_avatar(path, make_avatar(rng, metadata={"capture": capture, "bake": {str(i): i for i in range(9000)}}))
    text = as_text(describe(load_avatar(path), path))
    assert "... (2000000 characters)" in text and "... (10000 characters)" in text
    assert text.endswith(" more lines") and len(text.splitlines()) == 201
    assert len(text) < 50_000
