"""A bake as a library: what it returns, what it tells, and where others may reach in."""

from __future__ import annotations

import hashlib
import inspect
import json
import os
import shutil
import signal
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import splatavatar as sa
from splatavatar.avatar.consent import consent_of
from splatavatar.bake.api import bake
from splatavatar.bake.events import (
    AvatarWritten,
    Baked,
    CaptureRecognised,
    DeviceChosen,
    Event,
    Interrupted,
    Measured,
    Preparing,
    ReportWritten,
    Resumed,
)
from splatavatar.bake.reporting.monitor import sentences
from splatavatar.bake.settings import PRESETS
from splatavatar.bake.training.trainer import BakeStep
from support.consents import ANN


@pytest.fixture
def small(sample_capture: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The sample capture without its pictures but for a few, and bakes of few Gaussians."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SPLATAVATAR_HOME", str(tmp_path / "home"))
    monkeypatch.setitem(PRESETS, "fast", replace(PRESETS["fast"], gaussians=2000))
    data = json.loads((sample_capture / "transforms.json").read_text())
    names = [data[f"{split}_filenames"][:2] for split in ("train", "val")]
    data |= {"train_filenames": names[0], "val_filenames": names[1], "test_filenames": []}
    data["frames"] = [frame for frame in data["frames"] if frame["file_path"] in {*names[0], *names[1]}]
    root = tmp_path / "small"
    for frame in data["frames"]:
        for name in (frame["file_path"], frame["mask_path"]):
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(sample_capture / name, root / name)
    shutil.copy(sample_capture / "rig_params.npz", root)
    (root / "transforms.json").write_text(json.dumps(data))
    return root


def test_two_bakes_into_one_new_folder_keep_both_reports_and_tell_what_happens(small: Path) -> None:
    events: list[Event] = []
    for name in ("a", "b"):
        events.clear()
        baked = sa.bake(small, f"new/folder/{name}.splatavatar", preset="fast", iterations=3, on_event=events.append)
    assert sorted(path.name for path in Path("new/folder").iterdir()) == [
        f"{name}.{kind}" for name in "ab" for kind in ("report.html", "splatavatar")
    ]
    kinds = [type(event) for event in events]
    assert list(dict.fromkeys(kinds)) == [
        DeviceChosen,
        CaptureRecognised,
        Preparing,
        Measured,
        AvatarWritten,
        ReportWritten,
        Baked,
    ]
    assert events[-1] is baked and baked.unfinished is None
    assert (baked.path, baked.report) == (Path("new/folder/b.splatavatar"), Path("new/folder/b.report.html"))
    points = [event for event in events if isinstance(event, Measured)]
    assert [point.progress for point in points] == sorted(point.progress for point in points)
    assert points[-1].progress == 1.0 and points[-1].psnr is not None and 5 < points[-1].psnr < 60
    saved = sa.load_avatar(baked.path)
    assert len(saved.gaussians) == len(baked.avatar.gaussians)
    scores = sa.evaluate(baked.avatar, small, "val")
    assert set(scores["mean"]) == {"psnr", "psnr_masked", "psnr_head", "ssim", "flip", "alpha"}
    assert len(scores["images"]) == 2


def test_a_hook_adds_a_loss_of_its_own(small: Path) -> None:
    steps: list[int] = []

    def redder(step: BakeStep) -> None:
        steps.append(step.iteration)
        assert step.gradients.parameters["colour"].shape == step.splats.colour.shape
        step.gradients.parameters["colour"] += torch.tensor([-1.0, 0.0, 0.0])  # pulls all colours towards red

    plain = sa.bake(small, "plain.splatavatar", preset="fast", iterations=4)
    red = sa.bake(small, "red.splatavatar", preset="fast", iterations=4, on_step=redder)
    assert steps == [1, 2, 3, 4]
    more = (red.avatar.gaussians.colour.mean(0) - plain.avatar.gaussians.colour.mean(0)).round(4)
    assert more[0] > 0.001 and np.all(np.abs(more[1:]) < more[0] / 5)


def test_a_listener_may_end_a_bake_and_another_bake_goes_on(small: Path) -> None:
    class Enough(Exception):
        pass

    def ends(step: BakeStep) -> None:
        if step.iteration == 3:
            raise Enough

    events: list[Event] = []
    with pytest.raises(Enough):
        sa.bake(small, "a.splatavatar", preset="fast", iterations=4, on_step=ends)
    assert not Path("a.splatavatar").exists()
    baked = sa.bake(small, "a.splatavatar", preset="fast", iterations=4, resume=True, on_event=events.append)
    resumed = [event for event in events if isinstance(event, Resumed)]
    assert [event.iteration for event in resumed] == [1]  # the checkpoint after the first step
    assert not any(isinstance(event, Interrupted) for event in events)
    assert baked.avatar.metadata["bake"]["iterations"] == 4


def test_who_interrupts_the_last_step_finds_all_of_them_in_the_checkpoint(small: Path) -> None:
    def ends(step: BakeStep) -> None:
        if step.iteration == 3:
            os.kill(os.getpid(), signal.SIGINT)

    events: list[Event] = []
    with pytest.raises(KeyboardInterrupt):
        sa.bake(small, "a.splatavatar", preset="fast", iterations=3, on_step=ends, on_event=events.append)
    assert events[-1] == Interrupted(3) and not Path("a.splatavatar").exists()
    sa.bake(small, "a.splatavatar", preset="fast", iterations=3, resume=True, on_event=events.append)
    assert [event.iteration for event in events if isinstance(event, Resumed)] == [3]
    sa.bake(small, "b.splatavatar", preset="fast", iterations=3)
    assert_same_gaussians("a.splatavatar", "b.splatavatar")


def test_pictures_that_cannot_be_scored_cost_neither_the_report_nor_the_avatar(small: Path) -> None:
    data = json.loads((small / "transforms.json").read_text())
    for frame in data["frames"]:
        if frame["file_path"] in data["val_filenames"]:
            turned = np.array(frame["transform_matrix"]) @ np.diag([-1.0, 1.0, -1.0, 1.0])  # looks the other way
            frame["transform_matrix"] = turned.tolist()
    (small / "transforms.json").write_text(json.dumps(data))
    baked = sa.bake(small, "a.splatavatar", preset="fast", iterations=2)
    said = baked.report.read_text()
    assert "not scored: " in said and "no camera of the split &#x27;val&#x27; sees the head of the rig" in said
    with pytest.raises(sa.CaptureError, match="no camera of the split 'val' sees the head of the rig"):
        sa.evaluate(baked.avatar, small, "val")


@pytest.mark.parametrize("kept_out", [True, False])
def test_what_is_scored_is_called_held_out_where_it_was(small: Path, kept_out: bool) -> None:
    """Of a video everything that the bake has is trained on."""
    if not kept_out:
        data = json.loads((small / "transforms.json").read_text())
        (small / "transforms.json").write_text(json.dumps(data | {"val_filenames": []}))
    events: list[Event] = []
    baked = sa.bake(small, "a.splatavatar", preset="fast", iterations=2, on_event=events.append)
    named, other = ("held_out_psnr", "training_psnr")[:: 1 if kept_out else -1]
    assert 5 < baked.avatar.metadata["bake"][named] < 60 and other not in baked.avatar.metadata["bake"]
    assert sa.load_avatar(baked.path).metadata["bake"] == baked.avatar.metadata["bake"]
    (line,) = (sentences(event)[0] for event in events if isinstance(event, AvatarWritten))
    assert (" dB held out, " in line, " dB of pictures trained on, " in line) == (kept_out, not kept_out)
    report = baked.report.read_text()
    assert ("PSNR of pictures held out" in report, "PSNR of pictures trained on" in report) == (kept_out, not kept_out)


def test_a_larger_budget_has_a_curve_of_its_own(small: Path) -> None:
    """The curve of a bake without time ends at once: what follows is measured all the same."""

    class Enough(Exception):
        pass

    events: list[Event] = []

    def ends(event: Event) -> None:
        events.append(event)
        if isinstance(event, Measured):
            raise Enough

    first = sa.bake(small, "a.splatavatar", preset="fast", budget=0.1)
    assert first.unfinished is not None
    with pytest.raises(Enough):
        sa.bake(small, "a.splatavatar", preset="fast", budget=90.0, resume=True, on_event=ends)
    resumed, point = next(event for event in events if isinstance(event, Resumed)), events[-1]
    assert resumed.curve[-1].progress == 1.0
    assert isinstance(point, Measured) and 0.02 <= point.progress < 1


def assert_same_gaussians(one: str, other: str) -> None:
    for name, values in vars(sa.load_avatar(one).gaussians).items():
        assert np.array_equal(values, getattr(sa.load_avatar(other).gaussians, name)), name


def test_a_resumed_bake_keeps_what_was_said_at_first(small: Path) -> None:
    class Enough(Exception):
        pass

    def ends(step: BakeStep) -> None:
        if step.iteration == 3:
            raise Enough

    Path("ann.toml").write_text(
        'subject = "Ann"\ngiven_by = "Ann"\nhow = "asked"\ndate = 2026-03-01\nhash_sources = true\nscope.calls = true\n'
    )
    with pytest.raises(Enough):
        sa.bake(small, "a.splatavatar", preset="fast", iterations=4, on_step=ends, consent="ann.toml")
    resumed = sa.bake(small, "a.splatavatar", preset="fast", iterations=4, resume=True)
    names = json.loads((small / "transforms.json").read_text())["frames"]
    pictures = {hashlib.sha256((small / frame["file_path"]).read_bytes()).hexdigest() for frame in names}
    found = consent_of(resumed.avatar.metadata)
    assert found is not None and replace(found, sources=()) == ANN and set(found.sources) == pictures
    assert consent_of(sa.load_avatar(resumed.path).metadata) == found
    with pytest.raises(sa.TrustError, match=r"^none\.toml: no such file, expected a record of consent in TOML\.$"):
        sa.bake(small, "b.splatavatar", consent="none.toml")


def test_without_a_word_an_avatar_is_private(small: Path) -> None:
    assert "consent" not in sa.bake(small, "a.splatavatar", preset="fast", iterations=2).avatar.metadata
    said = sa.bake(small, "a.splatavatar", preset="fast", iterations=2, consent=ANN).avatar
    assert consent_of(said.metadata) == ANN and sa.why_not(said, "publication") is not None


def test_what_cannot_be_baked(small: Path) -> None:
    with pytest.raises(sa.SettingsError, match="no capture to bake"):
        sa.bake([])
    with pytest.raises(sa.SettingsError, match="exclude each other"):
        sa.bake(small, budget=9.0, iterations=9)
    with pytest.raises(sa.CaptureError, match="no such folder"):
        sa.bake("nowhere")


def test_the_folder_and_the_function_have_one_name() -> None:
    assert inspect.signature(sa.bake) == inspect.signature(bake)


def test_where_the_time_of_a_preset_is_short_the_bake_takes_more_of_it(
    small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = replace(PRESETS["fast"], budget_seconds=0.1, promised_steps=120)
    monkeypatch.setitem(PRESETS, "fast", short)
    baked = sa.bake(small, "me.splatavatar", preset="fast")
    assert baked.avatar.metadata["bake"]["iterations"] == 120
