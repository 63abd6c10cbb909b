"""All of it, in the order in which it is shown."""

from __future__ import annotations

from dataclasses import dataclass

from splatavatar.doctor.core import core_parts, load_native
from splatavatar.doctor.extras import extra_parts
from splatavatar.doctor.gpu import gpu_parts
from splatavatar.doctor.part import Part
from splatavatar.render.gpu_check import cuda_sentence, gsplat_sentence
from splatavatar.render.gpu_facts import cuda_facts, gsplat_facts
from splatavatar.render.rasterize import BACKENDS
from splatavatar.render.trial import PictureCheck, check_pictures


@dataclass(frozen=True)
class Examination:
    """What a machine has and what keeps it from working."""

    parts: list[Part]
    pictures: list[PictureCheck]
    core_problem: str | None
    """why nothing can work"""
    cuda_problem: str | None
    """why ``--device cuda`` cannot"""


def examine() -> Examination:
    """Imports torch where it is installed; draws a small picture on what can work."""
    native, native_problem = load_native()
    cuda, gsplat = cuda_facts(), gsplat_facts()
    without = {
        "cpu": native_problem,
        "cuda": cuda_sentence(cuda),
        "gsplat": gsplat_sentence(gsplat, cuda),
        "reference": "what the others are compared with",
        "auto": "one of the others",
    }
    able = [backend for backend in BACKENDS if without[backend] is None]
    pictures = check_pictures(able, with_torch=cuda.torch is not None and cuda.torch_error is None)
    wrong = {check.backend: picture_sentence(check) for check in pictures}
    core = core_parts(native, native_problem)
    broken = next((part.found for part in core if part.state == "broken"), None)
    return Examination(
        parts=[*core, *gpu_parts(cuda, gsplat), *extra_parts()],
        pictures=pictures,
        core_problem=broken or wrong.get("cpu"),
        cuda_problem=without["cuda"] or wrong.get("cuda"),
    )


def picture_sentence(check: PictureCheck) -> str | None:
    """What a picture that is not right means for whoever wants to use its backend."""
    if check.problem is None:
        return None
    if check.backend == "cpu":
        return f"the native rasterizer does not work ({check.problem}): install splatavatar again on this machine"
    return f"the {check.backend} backend does not work ({check.problem}): use --device cpu, and report it"
