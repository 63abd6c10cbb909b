from __future__ import annotations

import numpy as np
import pytest

from splatavatar.doctor.examine import picture_sentence
from splatavatar.render.trial import (
    PictureCheck,
    _as_tensors,
    camera,
    check_pictures,
    judged,
    scene,
    written_out,
)


def test_the_formula_without_torch_is_that_of_the_reference() -> None:
    pytest.importorskip("torch")
    assert np.abs(written_out(scene(), camera()) - _as_tensors("cpu", "reference")).max() < 1e-9


@pytest.mark.parametrize("with_torch", [False, True])
def test_the_native_picture_is_right(instruction_set: str, with_torch: bool) -> None:
    [check] = check_pictures(["cpu"], with_torch)
    assert check.problem is None and check.levels is not None and 0 < check.levels < 0.1


def test_the_scene_fills_the_picture_with_what_can_go_wrong() -> None:
    picture = written_out(scene(), camera())
    assert (np.abs(picture - (0.2, 0.5, 0.9)).max(2) > 1 / 255).mean() > 0.5


def test_a_wrong_picture() -> None:
    assert judged("cpu", 1.0).problem is None
    assert judged("cuda", 2.0).problem is None
    assert judged("cuda", 2.1).problem == "its picture is wrong by 2.1 levels of 255"
    assert judged("cpu", float("nan")).problem == "its picture is wrong by nan levels of 255"
    assert picture_sentence(judged("cpu", 12.34)) == (
        "the native rasterizer does not work (its picture is wrong by 12.3 levels of 255): "
        "install splatavatar again on this machine"
    )
    assert picture_sentence(PictureCheck("cuda", None, "it fails (RuntimeError: out of memory)")) == (
        "the cuda backend does not work (it fails (RuntimeError: out of memory)): use --device cpu, and report it"
    )
    assert picture_sentence(judged("cpu", 0.0)) is None


def test_a_backend_that_fails_is_told_of() -> None:
    torch = pytest.importorskip("torch")
    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    [check] = check_pictures(["cuda"], with_torch=True)
    assert check.levels is None
    assert check.problem is not None and check.problem.startswith("it fails (")


@pytest.mark.gpu
def test_the_picture_of_the_gpu_is_right() -> None:
    [check] = check_pictures(["cuda"], with_torch=True)
    assert check.problem is None and check.levels is not None and check.levels <= 2
