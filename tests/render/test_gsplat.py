"""What reaches gsplat, as far as a machine without CUDA can tell, and its picture where there is a GPU."""

from __future__ import annotations

import inspect

import numpy as np
import pytest
import torch

from splatavatar.errors import DependencyError
from splatavatar.gaussians.gaussians import Gaussians
from splatavatar.render.gpu_check import gsplat_problem
from splatavatar.render.gsplat import gsplat_arguments
from splatavatar.render.rasterize import rasterize
from support.scenes import FIELDS, camera, scene


def test_arguments() -> None:
    s, view = scene(12), camera()
    pose = torch.tensor(view.T_camera_world)
    given = gsplat_arguments(s, pose, view, (0.1, 0.2, 0.3))
    shapes = {k: tuple(v.shape) for k, v in given.items() if isinstance(v, torch.Tensor)}
    assert shapes == {
        "means": (12, 3),
        "quats": (12, 4),
        "scales": (12, 3),
        "opacities": (12,),
        "colors": (12, 3),
        "viewmats": (1, 4, 4),
        "Ks": (1, 3, 3),
        "backgrounds": (1, 3),
    }
    assert torch.equal(given["viewmats"][0], pose)
    assert np.array_equal(given["Ks"][0].numpy(), view.K)
    assert (given["width"], given["height"], given["eps2d"], given["near_plane"]) == (75, 53, 0.3, 0.01)
    assert given["sh_degree"] is None and given["rasterize_mode"] == "classic"


def test_arguments_exist_in_gsplat() -> None:
    gsplat = pytest.importorskip("gsplat", reason="gsplat is an optional extra")
    known = inspect.signature(gsplat.rasterization).parameters
    assert set(gsplat_arguments(scene(1), torch.eye(4), camera(), (0.0, 0.0, 0.0))) <= set(known)


@pytest.mark.skipif(gsplat_problem() is None, reason="gsplat works on this machine")
def test_where_it_cannot_work() -> None:
    with pytest.raises(DependencyError, match=r"^the gsplat backend cannot work here: .+"):
        rasterize(scene(1), camera(), backend="gsplat")


@pytest.mark.gpu
@pytest.mark.skipif(gsplat_problem() is not None, reason=f"gsplat: {gsplat_problem()}")
@pytest.mark.parametrize("seed", range(3))
def test_picture_and_gradients_match_cpu(seed: int) -> None:
    view, results = camera(160, 128), []
    for device, backend in (("cpu", "cpu"), ("cuda", "gsplat")):
        leaves = [getattr(scene(2000, seed), f).float().to(device).requires_grad_() for f in FIELDS]
        image = rasterize(Gaussians(*leaves), view, (0.2, 0.5, 0.9), backend)
        image.colour.square().sum().backward()
        results.append([image.colour.detach().cpu(), *(x.grad.cpu() for x in leaves)])
    assert float((results[0][0] - results[1][0]).abs().max()) <= 2 / 255
    for a, b in zip(results[0][1:], results[1][1:], strict=True):
        assert float((a - b).norm() / a.norm()) <= 1e-3
