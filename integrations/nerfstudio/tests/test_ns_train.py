"""ns-train on the CPU: what comes of it is what ``splatavatar bake`` makes."""

from __future__ import annotations

import json
import socket
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from commands import begun, run

import splatavatar as sa
from splatavatar.avatar.avatar import Avatar

pytestmark = pytest.mark.slow

STEPS, SAVED = 300, 150
METHOD = ("train", "splat-avatar", "--pipeline.model.preset", "fast", "--vis", "tensorboard")


@dataclass(frozen=True)
class Trained:
    folder: Path
    """where the commands ran"""
    capture: Path
    said: str

    def models(self, run: str) -> Path:
        return self.folder / "outputs" / "ada" / "splat-avatar" / run / "nerfstudio_models"

    def config(self, run: str) -> str:
        return str(self.models(run).with_name("config.yml"))

    def avatar(self, run: str) -> Path:
        return self.models(run) / f"step-{STEPS - 1:09d}.splatavatar"


@pytest.fixture(scope="module")
def trained(capture: Path, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """A run of 300 steps, with its checkpoints in the middle and at the end."""
    folder = tmp_path_factory.mktemp("run")
    steps = ("--max-num-iterations", str(STEPS), "--steps-per-save", str(SAVED))
    every = ("--save-only-latest-checkpoint", "False", "--timestamp", "first")
    code, said = run(folder, *METHOD, "--data", str(capture), *steps, *every)
    assert code == 0, said
    return Trained(folder, capture, said)


@pytest.fixture(scope="module")
def baked(trained: Trained) -> Avatar:
    """The same by our own command."""
    return sa.bake(
        trained.capture, trained.folder / "baked.splatavatar", iterations=STEPS, preset="fast", device="cpu"
    ).avatar


def assert_same(a: Avatar, b: Avatar) -> None:
    for part in ("gaussians", "correctives"):
        for name, value in vars(getattr(a, part)).items():
            np.testing.assert_array_equal(getattr(getattr(b, part), name), value, err_msg=f"{part}.{name}")
    np.testing.assert_array_equal(b.rig.template, a.rig.template)
    assert a.metadata["bake"] == b.metadata["bake"]


def test_the_avatar_is_that_of_a_bake(trained: Trained, baked: Avatar) -> None:
    path = trained.avatar("first")
    assert f"The avatar: {path.relative_to(trained.folder)}" in trained.said
    found = sa.load_avatar(path)
    assert_same(sa.load_avatar(trained.folder / "baked.splatavatar"), found)
    assert found.metadata["bake"]["iterations"] == STEPS
    assert found.metadata["bake"]["held_out_psnr"] > 31
    assert found.metadata["name"] == "ada"


def test_an_avatar_lies_beside_every_checkpoint(trained: Trained) -> None:
    names = sorted(path.name for path in trained.models("first").iterdir())
    assert names == [f"step-{step:09d}.{suffix}" for step in (SAVED, STEPS - 1) for suffix in ("ckpt", "splatavatar")]
    half = sa.load_avatar(trained.models("first") / f"step-{SAVED:09d}.splatavatar")
    assert half.metadata["bake"]["iterations"] == SAVED + 1


def test_a_run_that_was_cut_off_comes_to_the_same_end(trained: Trained) -> None:
    left = str(STEPS - SAVED - 1)
    given = ("--load-dir", str(trained.models("first")), "--load-step", str(SAVED), "--max-num-iterations", left)
    code, said = run(trained.folder, *METHOD, "--data", str(trained.capture), *given, "--timestamp", "second")
    assert code == 0, said
    assert_same(sa.load_avatar(trained.avatar("first")), sa.load_avatar(trained.avatar("second")))
    assert [path.suffix for path in sorted(trained.models("second").iterdir())] == [".ckpt", ".splatavatar"]


def test_it_is_drawn_and_driven_as_any_other(trained: Trained) -> None:
    avatar = sa.load_avatar(trained.avatar("first"))
    performer = sa.Performer(avatar)
    camera = performer.camera(128, 128)
    rest, open_mouth = (performer.draw(sa.FaceSignal.neutral(jawOpen=value), camera) for value in (0.0, 0.9))
    assert rest.shape == (128, 128, 3)
    assert rest.std() > 20
    assert np.abs(rest.astype(int) - open_mouth).max() > 60


def scores(trained: Trained, name: str, *arguments: str) -> dict[str, float]:
    out = trained.folder / f"{name}.json"
    code, said = run(
        trained.folder, "eval", "--load-config", trained.config("first"), "--output-path", str(out), *arguments
    )
    assert code == 0, said
    results: dict[str, float] = json.loads(out.read_text())["results"]
    return results


def test_ns_eval_says_what_splatavatar_eval_says(trained: Trained) -> None:
    renders = trained.folder / "renders"
    found = scores(trained, "scores", "--render-output-path", str(renders))
    ours = sa.evaluate(sa.load_avatar(trained.avatar("first")), trained.capture, "test")["mean"]
    # The file has rounded values, and skin that ends in a line.
    assert found["psnr"] == pytest.approx(ours["psnr"], abs=0.1)
    assert found["ssim"] == pytest.approx(ours["ssim"], abs=0.001)
    assert found["psnr"] > 31
    assert "lpips" not in found
    assert len(list(renders.iterdir())) == 10


def test_the_viewers_server_starts_and_stops(trained: Trained) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}/"
    # The last of what is given twice counts.
    given = ("--vis", "viewer", "--viewer.websocket-port", str(port), "--viewer.quit-on-train-completion", "True")
    steps = ("--max-num-iterations", "60", "--timestamp", "viewed")
    process = begun(trained.folder, *METHOD, "--data", str(trained.capture), *given, *steps)
    try:
        page, end = b"", time.monotonic() + 240
        while not page and process.poll() is None and time.monotonic() < end:
            try:
                with urllib.request.urlopen(address, timeout=5) as answer:
                    page = answer.read()
            except (urllib.error.URLError, OSError):
                time.sleep(0.2)
        said, _ = process.communicate(timeout=240)
    finally:
        process.kill()
    assert b"<html" in page, said
    assert process.returncode == 0, said
    assert f"http://127.0.0.1:{port}" in said
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(address, timeout=5)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--data", "nowhere"), "splat-avatar: nowhere: no such folder, expected the folder of a capture"),
        (
            ("--pipeline.model.backend", "gsplat"),
            "splat-avatar: the backend gsplat needs --machine.device-type cuda, got cpu",
        ),
        (("--load-dir", "other"), "splat-avatar: the checkpoint is not one of splat-avatar"),
        (
            ("--load-dir", "torn"),
            "splat-avatar: the checkpoint does not fit the rig and the timesteps of this capture; train anew",
        ),
    ],
)
def test_mistakes_are_one_line_and_exit_code_2(
    trained: Trained, tmp_path: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    state: dict[str, Any] = torch.load(trained.models("first") / f"step-{SAVED:09d}.ckpt", weights_only=True)
    extra = state["pipeline"]["_model._extra_state"]
    extra["tensors"]["value.face"][-1] = 10**6
    (tmp_path / "torn").mkdir()
    torch.save(state, tmp_path / "torn" / "step-000000150.ckpt")
    extra["weights"] = 3
    (tmp_path / "other").mkdir()
    torch.save(state, tmp_path / "other" / "step-000000150.ckpt")
    code, said = run(tmp_path, *METHOD, "--data", str(trained.capture), *arguments)
    assert (code, "Traceback" in said) == (2, False), said
    assert sentence in said
