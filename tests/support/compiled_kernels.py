"""Kernels compiled ahead of time for GPUs that need not be here."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TextIO

import pytest

ARCHITECTURES = (75, pytest.param(80, marks=pytest.mark.slow), 90, pytest.param(100, marks=pytest.mark.slow))
"""compute capabilities times ten: Turing, Ampere, Hopper, Blackwell"""


@dataclass(frozen=True)
class Compiled:
    """What the compiler made of a kernel."""

    ptx: str
    registers: int
    """of a thread"""
    stack: int
    """bytes of local memory a thread has on its stack: where registers are spilled to"""
    shared: int
    """bytes of shared memory of a block"""


def compiled(
    fn: Any, signature: Mapping[str, Any], constexprs: Mapping[str, Any], cc: int, num_warps: int = 4
) -> Compiled:
    """The ``@triton.jit`` function ``fn`` compiled for compute capability ``cc`` (90 is 9.0).

    Another process does it: here Triton may be interpreting, where nothing compiles.

    Args:
        signature: type of each argument by its name, as "*fp32", "i32", "fp32", or a tuple of them; "constexpr" for
            those in ``constexprs``, which may be left out.

    Raises:
        RuntimeError: it does not compile.
    """
    types = {**signature, **dict.fromkeys(constexprs, "constexpr")}
    request = {
        "module": fn.fn.__module__,
        "name": fn.fn.__name__,
        "signature": {name: types[name] for name in fn.arg_names},
        "constexprs": dict(constexprs),
        "cc": cc,
        "num_warps": num_warps,
    }
    worker = _worker()
    assert worker.stdin is not None and worker.stdout is not None
    worker.stdin.write(json.dumps(request) + "\n")
    worker.stdin.flush()
    reply = json.loads(worker.stdout.readline())
    if "error" in reply:
        raise RuntimeError(reply["error"])
    return Compiled(**reply)


@functools.cache
def _worker() -> subprocess.Popen[str]:
    """One process for the whole session; it ends when its input does."""
    environment = {name: value for name, value in os.environ.items() if name != "TRITON_INTERPRET"}
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
    return subprocess.Popen(
        [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    )


def _compile(request: Mapping[str, Any]) -> dict[str, Any]:
    import importlib
    import re
    import tempfile

    import triton
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource

    fn = getattr(importlib.import_module(request["module"]), request["name"])
    signature = {name: tuple(t) if isinstance(t, list) else t for name, t in request["signature"].items()}
    source = ASTSource(fn, signature, request["constexprs"])
    options = {"num_warps": request["num_warps"]}
    result = triton.compile(source, target=GPUTarget("cuda", request["cc"], 32), options=options)
    with tempfile.NamedTemporaryFile(suffix=".cubin") as file:
        file.write(result.asm["cubin"])
        file.flush()
        command = [triton.knobs.nvidia.cuobjdump.path, "-res-usage", file.name]
        usage = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    used = {name: int(count) for name, count in re.findall(r"(REG|STACK|SHARED):(\d+)", usage)}
    return {
        "ptx": result.asm["ptx"],
        "registers": used["REG"],
        "stack": used["STACK"],
        "shared": result.metadata.shared,
    }


def _serve(requests: TextIO, replies: TextIO) -> None:
    for line in requests:
        try:
            reply = _compile(json.loads(line))
        except Exception:
            reply = {"error": traceback.format_exc()}
        replies.write(json.dumps(reply) + "\n")
        replies.flush()


if __name__ == "__main__":
    replies = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what the compiler prints is no reply
    _serve(sys.stdin, replies)
