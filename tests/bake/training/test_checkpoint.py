"""A checkpoint with odd contents is one sentence, and stays where it is."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
import torch
from safetensors.torch import load, save
from torch import Tensor

from splatavatar.bake.events import Measured
from splatavatar.bake.settings import BakeSettings
from splatavatar.bake.training import checkpoint
from splatavatar.bake.training.checkpoint import Checkpoint, _nothing, _sum
from splatavatar.bake.training.rig_motion import RigMotion
from splatavatar.bake.training.trainer import fresh_state
from splatavatar.capture.preparation.prepare import PrepareOptions
from splatavatar.capture.video.extract import FRAMES, ExtractOptions
from splatavatar.capture.video.holdout import Holdout
from splatavatar.errors import SettingsError

POINT = Measured(1.0, 0.5, 0.1)


@pytest.fixture
def motion() -> RigMotion:
    """Tensors of two timesteps, three expressions, two joints, four vertices and one triangle, which is all that a
    checkpoint asks of it."""
    named = {"expression": (2, 3), "joint_rotations": (2, 2, 3), "translation": (2, 3), "template_offset": (4, 3)}
    tensors = {name: torch.zeros(shape) for name, shape in named.items()}
    rig = SimpleNamespace(faces=np.zeros((1, 3), np.int32))
    made = SimpleNamespace(rig=rig, device=torch.device("cpu"), forget_poses=lambda: None, **tensors)
    return cast(RigMotion, made)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "a.splatavatar"


@pytest.fixture
def settings(tmp_path: Path) -> BakeSettings:
    return BakeSettings(tmp_path)


@pytest.fixture
def kept(out: Path, settings: BakeSettings, motion: RigMotion) -> bytes:
    """A good one, on disk."""
    state = fresh_state(_nothing(5, 2), motion)
    checkpoint.save(out, settings, Checkpoint(state, 12.5, 2.5, [POINT]), motion)
    return checkpoint.path_of(out).read_bytes()


def test_it_is_read_and_may_have_another_budget(
    kept: bytes, out: Path, settings: BakeSettings, motion: RigMotion
) -> None:
    found = checkpoint.load(out, replace(settings, budget_seconds=99.0), motion, 2)
    assert (found.elapsed, found.prepared, found.curve, len(found.state.splats)) == (12.5, 2.5, [POINT], 5)


def test_a_capture_may_be_known_by_another_name_than_its_path(
    out: Path, settings: BakeSettings, motion: RigMotion
) -> None:
    """One that was fetched lies elsewhere on another machine."""
    state, named = fresh_state(_nothing(5, 2), motion), replace(settings, known_as="s3://captures/ann 0123")
    checkpoint.save(out, named, Checkpoint(state, 1.0, 0.0, [POINT]), motion)
    checkpoint.check(out, replace(named, capture=Path("/elsewhere")))
    for other in (settings, replace(named, known_as="s3://captures/ann 4567")):
        with pytest.raises(SettingsError, match="of a bake with capture 's3://captures/ann 0123', this one asks for"):
            checkpoint.check(out, other)


@pytest.mark.parametrize(
    ("footage", "said"),
    [
        (PrepareOptions(ExtractOptions(frames=40)), f"with frames {FRAMES}, this one asks for 40"),
        (PrepareOptions(holdout=Holdout(last=0.2)), "with holdout last 0.0, this one asks for 0.2"),
        (PrepareOptions(matting="rembg"), "with matting 'grabcut', this one asks for 'rembg'"),
    ],
)
def test_what_differs_is_said_and_nothing_else(
    kept: bytes, out: Path, settings: BakeSettings, footage: PrepareOptions, said: str
) -> None:
    with pytest.raises(SettingsError) as other:
        checkpoint.check(out, replace(settings, prepare=footage))
    assert str(other.value) == f"{out}.checkpoint is of a bake {said}; they must agree to resume"


def test_how_many_steps_one_has(kept: bytes, out: Path, settings: BakeSettings, motion: RigMotion) -> None:
    path = checkpoint.path_of(out)
    state = replace(fresh_state(_nothing(5, 2), motion), iteration=321)
    checkpoint.save(out, settings, Checkpoint(state, 1.0, 0.0, [POINT]), motion)
    assert checkpoint.steps_of(path) == 321
    for content in (b"", b"\xff" * 100, path.read_bytes()[:60], b"\x02" + bytes(7) + b"{}"):
        path.write_bytes(content)
        assert checkpoint.steps_of(path) is None
    path.unlink()
    assert checkpoint.steps_of(path) is None


def test_mutants_are_damaged_or_whole(kept: bytes, out: Path, settings: BakeSettings, motion: RigMotion) -> None:
    rng, path, whole = np.random.default_rng(0), checkpoint.path_of(out), 0
    for _ in range(400):
        content = bytearray(kept)
        for _ in range(rng.integers(1, 4)):
            kind, at = rng.integers(4), int(rng.integers(len(content))) if content else 0
            if kind == 0:
                content[at : at + 1] = bytes([content[at] ^ 1 << rng.integers(8)]) if content else b"x"
            elif kind == 1:
                del content[at:]
            elif kind == 2:
                content[at : at + 8] = rng.bytes(8)
            else:
                content[at:at] = rng.bytes(int(rng.integers(1, 9)))
        path.write_bytes(content)
        try:
            checkpoint.load(out, settings, motion, 2)
            whole += 1
        except SettingsError as error:
            assert str(error).count("\n") == 0
        assert path.read_bytes() == content
    assert whole < 8  # such as names of settings that nobody asks for


Change = Callable[[dict[str, Any], dict[str, Tensor]], object]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda header, tensors: header.update(iteration="3"), "is damaged"),
        (lambda header, tensors: header.update(iteration=-1), "is damaged"),
        (lambda header, tensors: header.update(rounds=True), "is damaged"),
        (lambda header, tensors: header.update(elapsed=float("nan")), "is damaged"),
        (lambda header, tensors: header.update(elapsed=10**400), "is damaged"),
        (lambda header, tensors: header.update(curve=[{"seconds": "x"}]), "is damaged"),
        (lambda header, tensors: header.update(curve=7), "is damaged"),
        (lambda header, tensors: header.update(settings=[]), "is damaged"),
        (lambda header, tensors: header.pop("prepared"), "is damaged"),
        (lambda header, tensors: tensors.pop("seen"), "does not fit"),
        (lambda header, tensors: tensors.update(more=torch.zeros(1)), "does not fit"),
        (lambda header, tensors: tensors.update(seen=torch.zeros(4)), "does not fit"),
        (lambda header, tensors: tensors.update(seen=torch.zeros(5, dtype=torch.float64)), "does not fit"),
        (lambda header, tensors: tensors["value.colour"].fill_(float("nan")), "does not fit"),
        (lambda header, tensors: tensors["value.log_scale"].fill_(99.0), "does not fit"),
        (lambda header, tensors: tensors["value.face"].fill_(1), "does not fit"),
        (lambda header, tensors: tensors["rig.expression"].fill_(float("inf")), "does not fit"),
    ],
)
def test_odd_values_under_a_right_sum(
    kept: bytes, out: Path, settings: BakeSettings, motion: RigMotion, change: Change, said: str
) -> None:
    tensors = load(kept)
    length = int.from_bytes(kept[:8], "little")
    header = json.loads(json.loads(kept[8 : 8 + length])["__metadata__"]["bake"])
    change(header, tensors)
    text = json.dumps(header)
    path = checkpoint.path_of(out)
    path.write_bytes(save(tensors, {"bake": text, "sum": _sum(text, tensors)}))
    with pytest.raises(SettingsError, match=said):
        checkpoint.load(out, settings, motion, 2)
    assert path.exists()


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff" * 8, (1 << 62).to_bytes(8, "little") + b"{}", b"\x02" + bytes(7) + b"[]", b"\x02" + bytes(7) + b"{}"],
)
def test_what_is_no_checkpoint(out: Path, settings: BakeSettings, content: bytes) -> None:
    checkpoint.path_of(out).write_bytes(content)
    with pytest.raises(SettingsError, match="is damaged and cannot be resumed"):
        checkpoint.check(out, settings)


def test_pipes_and_links_are_not_waited_for(out: Path, settings: BakeSettings) -> None:
    path = checkpoint.path_of(out)
    os.mkfifo(path)
    with pytest.raises(SettingsError, match="a pipe or a device"):
        checkpoint.check(out, settings)
    path.unlink()
    path.symlink_to(path.name)
    with pytest.raises(SettingsError, match="a symbolic link that leads back to itself"):
        checkpoint.check(out, settings)
