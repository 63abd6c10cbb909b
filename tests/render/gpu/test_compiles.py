"""Every kernel of the rasterizer compiles for every generation of GPU, and keeps its values in registers."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("triton", reason="the kernels need Triton")

from splatavatar.render.gpu import blend, bound, frames, pose, tiles, world
from support.compiled_kernels import ARCHITECTURES, compiled

F, I32, I64, I16, U8 = "*fp32", "*i32", "*i64", "*i16", "*u8"
n, x = "i32", "fp32"
KERNELS: list[tuple[Any, list[str], dict[str, Any], int]] = [
    (frames.frames_kernel, [F, I32, F, n, n], {"BLOCK": 128}, 4),
    (pose.pose_kernel, [F, F, I32, F, F, F, n, n, n], {"INFLUENCES": 4, "BLOCK": 128}, 4),
    (bound.bound_kernel, [I32, *[F] * 9, F, I32, F, F, I32, F, *[n] * 6], {"RAW": True, "BLOCK": 64}, 2),
    (bound.bound_kernel, [I32, *[F] * 7, "*fp16", F, F, I32, F, F, I32, F, *[n] * 6], {"RAW": False, "BLOCK": 64}, 2),
    (
        bound.bound_backward_kernel,
        [I32, *[F] * 10, I32, *[F] * 14, *[n] * 7, x],
        {"WITH_SHARED": True, "WITH_FRAMES": True, "BLOCK": 64},
        2,
    ),
    (world.world_kernel, [*[F] * 7, I32, F, n, n, n], {"BLOCK": 64}, 2),
    (world.world_backward_kernel, [*[F] * 13, n], {"BLOCK": 64}, 2),
    (tiles.count_kernel, [I32, I64, I32, n, n], {"BLOCK": 256}, 4),
    (tiles.entry_kernel, [I64, I64, I32, F, I16, I32, I64, *[n] * 6], {"BLOCK": 256}, 4),
    (tiles.gather_kernel, [I16, I64, I32, F, I32, I32, I32, F, n], {"BLOCK": 256}, 4),
    (blend.planes_kernel, [F, I32, I32, F, n, n, n, n], {"CUT": 1e-4, "TILE": 16}, 1),
    (blend.planes_kernel, [F, I32, I32, F, n, n, n, n], {"CUT": 1e-4, "TILE": 16}, 4),
    (blend.bytes_kernel, [F, I32, I32, U8, n, n, n, n, x, x, x], {"CUT": 2e-3, "CHANNELS": 3, "TILE": 16}, 2),
    (blend.bytes_kernel, [F, I32, I32, U8, n, n, n, n, x, x, x], {"CUT": 2e-3, "CHANNELS": 4, "TILE": 16}, 4),
    (blend.backward_kernel, [F, I32, I32, I32, F, F, F, n, n, n, n], {"CUT": 1e-4, "TILE": 16}, 1),
]


@pytest.mark.parametrize("cc", ARCHITECTURES)
@pytest.mark.parametrize(("fn", "types", "constexprs", "warps"), KERNELS, ids=[k[0].fn.__name__ for k in KERNELS])
def test_compiles(fn: Any, types: list[str], constexprs: dict[str, Any], warps: int, cc: int) -> None:
    names = [name for name in fn.arg_names if name not in constexprs]
    made = compiled(fn, dict(zip(names, types, strict=True)), constexprs, cc, warps)
    assert ".entry" in made.ptx
    assert made.stack == 0
