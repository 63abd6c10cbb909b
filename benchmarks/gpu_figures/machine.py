"""Which card, driver and versions; and its two ceilings, to which the other parts compare."""

from __future__ import annotations

import os
import platform
import subprocess
from pathlib import Path
from typing import Any

import torch

from gpu_figures.ceilings import bus_rates, copy_rate, fma_rate
from gpu_figures.session import Session
from splatavatar.render.gpu_facts import cuda_facts, installed

ASKED = ("driver_version", "clocks.max.sm", "clocks.max.mem", "power.limit")


def run(session: Session) -> None:
    """Prints and keeps both."""
    facts = described(session.device)
    session.keep(**facts)
    session.table("Machine", ["", "value"], [[name.replace("_", " "), str(value)] for name, value in facts.items()])
    megabytes, programs, steps = (1, 1, 1) if session.rehearse else (4096, 16 * facts["multiprocessors"], 4000)
    ceilings = {"copy_bytes_per_second": copy_rate(session.device, megabytes)}
    ceilings["upload_bytes_per_second"], ceilings["readback_bytes_per_second"] = bus_rates(
        session.device, max(megabytes // 16, 1)
    )
    ceilings["float32_operations_per_second"] = fma_rate(session.device, programs, steps)
    session.keep(**ceilings)
    rows = [
        ["copy within the card, read + written", f"{ceilings['copy_bytes_per_second'] / 1e9:,.1f} GB/s"],
        ["to the card, pinned", f"{ceilings['upload_bytes_per_second'] / 1e9:,.2f} GB/s"],
        ["back, pinned", f"{ceilings['readback_bytes_per_second'] / 1e9:,.2f} GB/s"],
        ["float32, fused multiply-adds", f"{ceilings['float32_operations_per_second'] / 1e12:,.4f} TFLOP/s"],
    ]
    session.table("Ceilings, measured", ["", "rate"], rows)


def described(device: torch.device) -> dict[str, Any]:
    """Card, driver, versions; of the CPU where kernels are interpreted."""
    facts = cuda_facts()
    found: dict[str, Any] = {
        "card": "none: the interpreter of Triton on the CPU",
        "cpu": _cpu(),
        "cpu_threads": os.cpu_count(),
        "driver": facts.driver,
        "driver_cuda": facts.driver_cuda,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "torch_cuda": torch.version.cuda,
        "triton": installed("triton"),
        "gsplat": installed("gsplat"),
        "splatavatar": installed("splatavatar"),
        "multiprocessors": 1,
    }
    if device.type == "cuda":
        card = torch.cuda.get_device_properties(device)
        found |= {
            "card": card.name,
            "compute_capability": f"{card.major}.{card.minor}",
            "multiprocessors": card.multi_processor_count,
            "memory_bytes": card.total_memory,
            "l2_bytes": getattr(card, "L2_cache_size", None),
            **_asked(),
        }
    return found


def _asked() -> dict[str, str]:
    """What nvidia-smi says beside; nothing where it does not run."""
    command = ["nvidia-smi", f"--query-gpu={','.join(ASKED)}", "--format=csv,noheader", "--id=0"]
    try:
        told = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return {}
    values = [value.strip() for value in told.strip().split(",")]
    return {f"nvidia_smi_{name.replace('.', '_')}": value for name, value in zip(ASKED, values, strict=False)}


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
