"""What the card can do at most, measured: bytes a second of its memory and of its bus, float32 operations a second."""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

from gpu_figures.clock import on_gpu

LANES = 1024
CHAINS = 4
"""independent accumulators of a lane"""
UNROLLED = 16

_CHAINS = tl.constexpr(CHAINS)
_UNROLLED = tl.constexpr(UNROLLED)


@triton.jit  # type: ignore[untyped-decorator]
def fma_kernel(out, steps, factor, addend, LANES: tl.constexpr):  # type: ignore[no-untyped-def]
    """Fused multiply-adds that wait for nothing but their own chain; the result is written once."""
    a = tl.arange(0, LANES).to(tl.float32) * 1e-3
    b, c, d = a + 1.0, a + 2.0, a + 3.0
    step = 0
    while step < steps:
        for _unrolled in tl.static_range(_UNROLLED):
            a = tl.fma(a, factor, addend)
            b = tl.fma(b, factor, addend)
            c = tl.fma(c, factor, addend)
            d = tl.fma(d, factor, addend)
        step += 1
    tl.store(out + tl.program_id(0) * LANES + tl.arange(0, LANES), a + b + c + d)


def copy_rate(device: torch.device, megabytes: int) -> float:
    """Bytes a second of a copy within the device's memory, those read and those written."""
    source = torch.empty(megabytes << 20, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    times = on_gpu(lambda: target.copy_(source), device, 20)
    return 2 * source.numel() / (times.median / 1000)


def bus_rates(device: torch.device, megabytes: int) -> tuple[float, float]:
    """Bytes a second to the device and back, from and to pinned memory."""
    here = torch.empty(megabytes << 20, dtype=torch.uint8, pin_memory=device.type == "cuda")
    there = torch.empty(here.shape, dtype=torch.uint8, device=device)
    up = on_gpu(lambda: there.copy_(here, non_blocking=True), device, 10)
    down = on_gpu(lambda: here.copy_(there, non_blocking=True), device, 10)
    return here.numel() / (up.median / 1000), here.numel() / (down.median / 1000)


def fma_rate(device: torch.device, programs: int, steps: int) -> float:
    """Float32 operations a second; a fused multiply-add is two."""
    out: Tensor = torch.empty(programs * LANES, device=device)
    times = on_gpu(lambda: fma_kernel[(programs,)](out, steps, 0.999, 1e-3, LANES=LANES), device, 10)
    return 2.0 * programs * LANES * CHAINS * UNROLLED * steps / (times.median / 1000)
