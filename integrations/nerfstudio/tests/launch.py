"""Runs a command of nerfstudio: ``python launch.py train ...`` is ``ns-train ...``.

Where torch is built without CUDA the torchvision of PyPI, which is built with it, cannot load its operators, and its
import fails for want of their declarations: they are made here.
"""

from __future__ import annotations

import importlib
import sys

import torch


def declare_torchvision_operators() -> object:
    """Declares what ``import torchvision`` looks up; whoever calls it keeps what it returns."""
    if torch.version.cuda is not None:
        return None
    library = torch.library.Library("torchvision", "DEF")  # type: ignore[no-untyped-call]
    for name in ("nms", "qnms"):
        library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")  # type: ignore[no-untyped-call]
    return library


if __name__ == "__main__":
    declared = declare_torchvision_operators()
    command = sys.argv.pop(1)
    sys.argv[0] = f"ns-{command}"
    importlib.import_module(f"nerfstudio.scripts.{command}").entrypoint()
