"""What ``splatavatar bake`` says about bad input: the exact line, exit code 2, and before anything that takes long."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from splatavatar.bake import inputs
from splatavatar.bake.settings import BakeSettings
from splatavatar.capture import read_capture
from splatavatar.cli.app import main
from splatavatar.render.gpu_check import cuda_problem
from splatavatar.rig.loader import names
from support.flame_captures import gaussian_blendshapes

Said = Callable[..., str]


@pytest.fixture
def said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Said:
    """``said(*options, capture=...)``: the line on stderr, with paths relative to ``tmp_path``.

    Fails where the bake goes as far as loading the rig or decoding pictures.
    """
    monkeypatch.chdir(tmp_path)

    def never(*_: object, **__: object) -> None:
        pytest.fail("the bake went on")

    monkeypatch.setattr(inputs, "load_rig", never)
    monkeypatch.setattr(inputs, "load_targets", never)
    return lambda *options, capture="tiny": line(tmp_path, monkeypatch, capsys, capture, *options)


def line(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    capture: str,
    *options: object,
) -> str:
    monkeypatch.setattr(sys, "argv", ["splatavatar", "bake", str(folder / capture), *map(str, options)])
    with pytest.raises(SystemExit) as exit_:
        main()
    assert exit_.value.code == 2
    output, errors = capsys.readouterr()
    assert output == ""
    return errors.splitlines()[-1].replace(f"{folder}/", "")


def test_no_such_folder(said: Said, tmp_path: Path) -> None:
    assert said(capture="nowhere") == "Error: nowhere: no such folder, expected the folder of a capture"
    assert not list(tmp_path.iterdir())


def test_a_folder_without_images(said: Said, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    expected = "Error: empty: no images in this folder, expected transforms.json and the images it names"
    assert said(capture="empty") == expected


def test_an_unreadable_image(said: Said, tiny_capture: Path) -> None:
    (tiny_capture / "images" / "t001_cam00.png").write_bytes(b"not a picture")
    assert said() == "Error: tiny/images/t001_cam00.png: not a readable image"


def test_an_image_that_breaks_off(
    tiny_capture: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its header is sound: that is seen when it is decoded."""
    path = tiny_capture / "images" / "t001_cam00.png"
    path.write_bytes(path.read_bytes()[:200])
    out = tmp_path / "a.splatavatar"
    told = line(tmp_path, monkeypatch, capsys, "tiny", "-o", out)
    assert told == "Error: tiny/images/t001_cam00.png: not a readable image"
    assert not out.exists()


def test_no_intrinsics(said: Said, edit_transforms: Any) -> None:
    edit_transforms(lambda data: data.pop("fl_x"))
    assert said() == (
        "Error: tiny/transforms.json: images/t000_cam00.png: no intrinsics, expected fl_x, fl_y, cx and cy in pixels,"
        " global or in each frame"
    )


def test_a_missing_picture(said: Said, tiny_capture: Path) -> None:
    (tiny_capture / "images" / "t002_cam01.png").unlink()
    assert said() == ("Error: tiny/images/t002_cam01.png: no such image, named by transforms.json (1 of 6 missing)")


def test_a_singular_matrix(said: Said, edit_transforms: Any) -> None:
    edit_transforms(lambda data: data["frames"][2].update(transform_matrix=np.diag([1, 0, 1, 1]).tolist()))
    assert said() == (
        "Error: tiny/transforms.json: images/t001_cam00.png: transform_matrix is singular, expected a rotation and a"
        " translation"
    )


def test_a_mask_of_another_size(said: Said, tiny_capture: Path) -> None:
    Image.new("L", (12, 8)).save(tiny_capture / "masks" / "t000_cam01.png")
    assert said() == ("Error: tiny/masks/t000_cam01.png: the mask has 12x8 pixels, its image t000_cam01.png has 24x16")


def test_rig_parameters_of_another_length(said: Said, edit_rig_params: Any) -> None:
    edit_rig_params(facial_actions=np.zeros((7, 2), np.float32))
    assert said() == "Error: tiny/rig_params.npz: facial_actions has 7 timesteps, the capture has 3"


def test_rig_parameters_of_another_rig(said: Said, edit_rig_params: Any) -> None:
    edit_rig_params(rig=np.array("flame"))
    assert said() == "Error: tiny/rig_params.npz: rig parameters of the rig 'flame', expected 'anny-head'"


def test_parameters_of_the_head_for_the_body(said: Said, tiny_capture: Path) -> None:
    assert said("--rig", "anny-body") == (
        "Error: the rig parameters are of anny-head, the bake asks for anny-body; ask for anny-head"
    )


def test_no_rig_parameters(said: Said, tiny_capture: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """They are then found from landmarks, which takes the model."""
    monkeypatch.setenv("SPLATAVATAR_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("SPLATAVATAR_MODELS", raising=False)
    (tiny_capture / "rig_params.npz").unlink()
    assert said() == (
        "Error: the model face_landmarker.task is not here: run `splatavatar models pull`, "
        "or name the file with --model or SPLATAVATAR_MODELS"
    )
    assert said("--rig-params", "else.npz") == "Error: else.npz: no such file, expected rig parameters as .npz."


def test_parameters_of_another_program_are_left_out(
    said: Said, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The head is tracked anew then, which takes the model."""
    monkeypatch.setenv("SPLATAVATAR_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("SPLATAVATAR_MODELS", raising=False)
    capture = read_capture(gaussian_blendshapes(tmp_path / "tracked"))
    assert capture.rig_parameters is not None and capture.rig_parameters.rig == "flame"
    assert said(capture="tracked").startswith("Error: the model face_landmarker.task is not here")
    for rig in ("auto", "anny-head"):
        kept, left_out = inputs.without_others(capture, BakeSettings(capture.root, rig=rig))
        assert kept.rig_parameters is None and left_out is capture.rig_parameters
    kept, left_out = inputs.without_others(capture, BakeSettings(capture.root, rig="flame"))
    assert kept.rig_parameters is capture.rig_parameters and left_out is None
    # A file of ours that is asked for is never left out in silence.
    ours = replace(capture, rig_parameters=replace(capture.rig_parameters, tracker=""))
    assert inputs.without_others(ours, BakeSettings(capture.root)) == (ours, None)


def test_an_unknown_rig(said: Said, tiny_capture: Path) -> None:
    assert said("--rig", "flam") == f"Error: unknown rig 'flam'; the rigs are {', '.join(names())}"


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--budget", "0"), "the budget must be longer than 0 seconds, got 0"),
        (("--budget", "-5m"), "the budget must be longer than 0 seconds, got -300"),
        (("--budget", "soon"), "the budget must be a duration such as 90s, 5m or 1h, got 'soon'"),
        (("--iterations", "0"), "the iterations must be at least 1, got 0"),
        (("--iterations", "-3"), "the iterations must be at least 1, got -3"),
        (("--seed", "-1"), "the seed must not be negative, got -1"),
    ],
)
def test_values_that_make_no_sense(said: Said, tiny_capture: Path, options: tuple[str, str], expected: str) -> None:
    assert said(*options) == f"Error: {expected}"


def test_a_budget_and_iterations(said: Said, tiny_capture: Path) -> None:
    told = said("--budget", "5m", "--iterations", "9")
    assert told == "Error: --budget and --iterations exclude each other: give one of them."


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_cuda_where_there_is_none(said: Said, tiny_capture: Path) -> None:
    assert said("--device", "cuda") == f"Error: --device cuda cannot work here: {cuda_problem()}"


def test_an_output_that_cannot_be_written(said: Said, tiny_capture: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    below = "file/a.splatavatar"
    assert said("-o", below) == "Error: cannot make the folder file: file is a file"
    assert said("-o", "no/a.splatavatar", "--resume").startswith("Error: nothing to resume")
    assert not (tmp_path / "no").exists()
    assert said("-o", "tiny") == "Error: cannot write tiny: it is a folder, expected the name of a file"
    (tmp_path / "out").write_text("")
    assert said() == "Error: cannot make the folder out: out is a file"


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs /proc, where not even root can make a file")
def test_a_folder_that_is_not_writable(said: Said, tiny_capture: Path) -> None:
    assert said("-o", "/proc/a.splatavatar").startswith("Error: cannot write /proc/a.splatavatar: ")


def test_nothing_to_resume(said: Said, tiny_capture: Path) -> None:
    assert said("--resume", "-o", "a.splatavatar") == (
        "Error: nothing to resume: a.splatavatar.checkpoint does not exist; bake anew, without resuming"
    )


def test_a_damaged_checkpoint(said: Said, tiny_capture: Path, tmp_path: Path) -> None:
    (tmp_path / "a.splatavatar.checkpoint").write_bytes(b"\x80\x04pickle")
    assert said("--resume", "-o", "a.splatavatar") == (
        "Error: a.splatavatar.checkpoint is damaged and cannot be resumed; bake anew, without resuming"
    )
