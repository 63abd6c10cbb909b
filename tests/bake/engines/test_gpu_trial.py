"""The trial step of a GPU, interpreted where there is none."""

from __future__ import annotations

import os

import pytest
import torch

if not torch.cuda.is_available():
    os.environ.setdefault("TRITON_INTERPRET", "1")  # read when Triton is first imported
pytest.importorskip("triton", reason="the kernels need Triton")

from splatavatar.bake.engines import gpu_trial
from splatavatar.bake.engines.gpu_engine import GpuEngine
from splatavatar.bake.engines.gpu_trial import trial_step

DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")


def test_the_kernels_pass() -> None:
    assert trial_step(DEVICE) is None


def test_a_wrong_gradient_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    class Wrong(GpuEngine):
        def gradients(self, *arguments):  # type: ignore[no-untyped-def]
            found = super().gradients(*arguments)
            found.parameters["log_scale"] *= 1.5
            return found

    monkeypatch.setattr("splatavatar.bake.engines.gpu_engine.GpuEngine", Wrong)
    assert trial_step(DEVICE) == "the log scale of a step of a bake come out wrong by 50%"


def test_what_cannot_run_is_told() -> None:
    told = trial_step(torch.device("meta"))
    assert told is not None and told.startswith("a step of a bake fails (")
    assert gpu_trial.TOLERANCE < 0.5
