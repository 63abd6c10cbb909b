"""The gsplat that nerfstudio asks for takes what our backend gives it."""

from __future__ import annotations

import inspect

import gsplat
import pytest
import torch
from splatavatar_nerfstudio.training import bake_device

from splatavatar.errors import DependencyError, SettingsError
from splatavatar.gaussians.gaussians import Gaussians
from splatavatar.render.camera import look_at
from splatavatar.render.gsplat import gsplat_arguments


def test_it_knows_every_argument() -> None:
    one = Gaussians(torch.zeros(1, 3), torch.ones(1, 4), torch.ones(1, 3), torch.ones(1), torch.ones(1, 3))
    camera = look_at([0, 0, 1], [0, 0, 0], 0.5, 16, 16)  # type: ignore[arg-type]
    given = gsplat_arguments(one, torch.eye(4), camera, (0.0, 0.0, 0.0))
    assert set(given) <= set(inspect.signature(gsplat.rasterization).parameters)


def test_it_needs_a_gpu() -> None:
    with pytest.raises(SettingsError, match=r"the backend gsplat needs --machine\.device-type cuda, got cpu"):
        bake_device("cpu", "gsplat")
    if not torch.cuda.is_available():
        with pytest.raises(DependencyError, match="the backend gsplat cannot work here: "):
            bake_device("cuda:0", "gsplat")


def test_the_cpu_is_ours() -> None:
    assert bake_device("cpu", "auto").name == "cpu"
    with pytest.raises(SettingsError, match="unknown device 'mps'"):
        bake_device("mps", "auto")
