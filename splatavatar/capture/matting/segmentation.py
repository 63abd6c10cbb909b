"""Person or not, pixel by pixel, by a network: MediaPipe's selfie segmentation (Apache-2.0; see ``data/NOTICE.md``).

An encoder of inverted residuals with squeeze-and-excitation (Howard et al., "Searching for MobileNetV3", ICCV 2019) and
a decoder that goes back up by bilinear steps. Its weights are those of Google's file, 16 bits each;
``training/person_segmentation`` brings them into the form that is read here and compares both.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from splatavatar.array_types import Bytes, Floats

if TYPE_CHECKING:
    from torch import Tensor

WEIGHTS = Path(__file__).parent / "data" / "selfie_segmentation.safetensors"
SIZE = 256
"""pixels of the pictures that the network has learnt from"""
BLOCKS = (
    # stride, activation, whether channels are squeezed and excited, whether what goes in is added
    (2, "relu", True, False),
    (2, "relu", False, False),
    (1, "relu", False, True),
    (2, "hardswish", True, False),
    *((1, "hardswish", True, True),) * 4,
)
"""the inverted residuals of the encoder"""
SKIPS = (2, 0)
"""blocks whose output the decoder takes up again, the last first; then that of the stem"""


def person_odds(image: Bytes) -> Floats:
    """The log odds (SIZE, SIZE) of a person in the ``image`` (H, W, 3), RGB."""
    import cv2
    import torch

    small = cv2.resize(image, (SIZE, SIZE), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    with torch.inference_mode():
        picture = torch.from_numpy(small).permute(2, 0, 1)[None].contiguous(memory_format=torch.channels_last)
        return np.asarray(_forward(_weights(), picture)[0, 0].numpy(), np.float32)


@contextmanager
def one_thread_each() -> Iterator[None]:
    """Within it torch takes one core a picture: several pictures at once are faster than one on several cores."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


@cache
def _weights() -> dict[str, Tensor]:
    import torch
    from safetensors.torch import load_file

    layers = {name: value.float() for name, value in load_file(WEIGHTS).items()}
    return {n: v.contiguous(memory_format=torch.channels_last) if v.ndim == 4 else v for n, v in layers.items()}


def _forward(weights: dict[str, Tensor], picture: Tensor) -> Tensor:
    """From (B, 3, SIZE, SIZE) in [0, 1] to log odds (B, 1, SIZE, SIZE)."""
    from torch.nn import functional as F

    stem = F.hardswish(_convolved(weights, "stem", picture, 2))
    x, outputs = stem, []
    for number, (stride, activation, excited, added) in enumerate(BLOCKS):
        y = _block(weights, f"block{number}", x, stride, activation, excited)
        x = x + y if added else y
        outputs.append(x)
    gate = _convolved(weights, "context.gate", x.mean((2, 3), keepdim=True)).sigmoid()
    x = F.relu(_convolved(weights, "context.features", x)) * gate
    for level, skip in enumerate((*(outputs[k] for k in SKIPS), stem)):
        x = _risen(weights, f"decoder{level}", x, skip)
    return F.conv_transpose2d(x, weights["mask.kernel"], weights["mask.bias"], stride=2)


def _block(weights: dict[str, Tensor], name: str, x: Tensor, stride: int, activation: str, excited: bool) -> Tensor:
    """An inverted residual: wider, filtered, narrower."""
    from torch.nn import functional as F

    bend = F.relu if activation == "relu" else F.hardswish
    x = bend(_convolved(weights, f"{name}.expand", x))
    x = bend(_convolved(weights, f"{name}.filter", x, stride))
    if excited:
        x = x * _gates(weights, name, x)
    return _convolved(weights, f"{name}.project", x)


def _risen(weights: dict[str, Tensor], name: str, x: Tensor, skip: Tensor) -> Tensor:
    """Twice as large, with the details of ``skip``."""
    from torch.nn import functional as F

    x = F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
    x = _convolved(weights, f"{name}.narrow", x)
    x = x + skip * _gates(weights, name, skip + x)
    x = F.relu(_convolved(weights, f"{name}.mix", x))
    return x + F.relu(_convolved(weights, f"{name}.filter", x))


def _gates(weights: dict[str, Tensor], name: str, x: Tensor) -> Tensor:
    """How much each channel counts (B, C, 1, 1), by the means of all: squeeze and excitation."""
    squeezed = _convolved(weights, f"{name}.squeeze", x.mean((2, 3), keepdim=True)).relu()
    return _convolved(weights, f"{name}.excite", squeezed).sigmoid()


def _convolved(weights: dict[str, Tensor], name: str, x: Tensor, stride: int = 1) -> Tensor:
    """By one kernel a channel where kernels have a single input; padded as TensorFlow does, more behind than before."""
    from torch.nn import functional as F

    kernel = weights[f"{name}.kernel"]
    rim = kernel.shape[-1] - stride
    if rim > 0:
        x = F.pad(x, (rim // 2, rim - rim // 2) * 2)
    return F.conv2d(x, kernel, weights[f"{name}.bias"], stride, groups=x.shape[1] // kernel.shape[1])
