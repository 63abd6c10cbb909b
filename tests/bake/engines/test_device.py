from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from splatavatar.bake.engines import device
from splatavatar.bake.engines.device import BakeDevice, choose_device
from splatavatar.bake.engines.native_engine import NativeEngine
from splatavatar.errors import DependencyError, SettingsError
from splatavatar.render.gpu_check import cuda_problem


@pytest.fixture(autouse=True)
def restore_threads() -> Any:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def test_an_unknown_device() -> None:
    with pytest.raises(SettingsError) as error:
        choose_device("tpu")
    assert str(error.value) == "unknown device 'tpu'; the devices are auto, cpu, cuda"


def test_the_cpu_keeps_torch_to_one_thread() -> None:
    torch.set_num_threads(2)
    assert choose_device("cpu") == BakeDevice("cpu")
    assert torch.get_num_threads() == 1


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_without_a_gpu() -> None:
    assert choose_device("auto") == BakeDevice("cpu")
    with pytest.raises(DependencyError) as error:
        choose_device("cuda")
    assert str(error.value) == f"--device cuda cannot work here: {cuda_problem()}"


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_a_gpu_that_draws_wrong_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "cuda_problem", lambda: None)  # as on a machine where all is there, and does not work
    chosen = choose_device("auto")
    assert chosen == BakeDevice("cpu")
    assert chosen.remark.startswith("the bake runs on the CPU, for on the GPU of this machine a step of a bake fails (")
    with pytest.raises(DependencyError, match=r"^--device cuda cannot work here: a step of a bake fails \("):
        choose_device("cuda")


@pytest.mark.gpu
def test_with_a_gpu() -> None:
    assert choose_device("auto") == choose_device("cuda") == BakeDevice("cuda")


def test_the_engine_of_the_cpu_is_the_native_one() -> None:
    rig = SimpleNamespace(faces=np.array([[0, 1, 2]], np.int32))
    assert isinstance(BakeDevice("cpu").engine(rig), NativeEngine)  # type: ignore[arg-type]
