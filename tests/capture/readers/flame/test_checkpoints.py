"""Checkpoints of metrical-tracker and pixel3dmm: FLAME, posed and seen as they are read, falls on the pixels."""

from __future__ import annotations

import contextlib
import io
import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from splatavatar.capture import read_capture
from splatavatar.capture.readers.flame.frame_file import LARGEST, read_frame_file
from splatavatar.capture.readers.table import reader_of
from splatavatar.errors import CaptureError, RigError
from support.flame_captures import flash_avatar, gaussian_blendshapes, metrical, pixel3dmm, saved
from support.flame_like import FlameLike, check_pixels
from support.shared import shared

MODEL = FlameLike()


def test_gaussian_blendshapes_and_rgbavatar(tmp_path: Path) -> None:
    capture = read_capture(gaussian_blendshapes(tmp_path / "a"))
    check_pixels(capture, MODEL)
    assert capture.recognised.startswith("metrical: .frame files in checkpoint (")
    assert [(frame.name, frame.timestep) for frame in capture.frames] == [(f"images/0000{n}.png", n) for n in range(3)]
    parameters = capture.rig_parameters
    assert parameters is not None and (parameters.rig, parameters.tracker) == ("flame", "metrical")
    assert len(parameters.identity) == 300 and parameters.expression.shape == (3, 100)
    assert list(parameters.joint_rotations) == ["jaw", "left_eye", "right_eye"]
    np.testing.assert_allclose(parameters.joint_rotations["jaw"][1], [0.25, 0.02, 0], atol=1e-6)


def test_flash_avatar_counts_pictures_from_the_second(tmp_path: Path) -> None:
    root = tmp_path / "dataset" / "someone"
    capture = read_capture(flash_avatar(root, root / "checkpoint"))
    check_pixels(capture, MODEL)
    assert [frame.name for frame in capture.frames] == [f"imgs/0000{n}.jpg" for n in (1, 2, 3)]
    assert all(frame.mask is not None and frame.mask.path.parent.name == "alpha" for frame in capture.frames)  # type: ignore[attr-defined]


def test_flash_avatar_beside_its_tracker(tmp_path: Path) -> None:
    root = tmp_path / "dataset" / "someone"
    check_pixels(read_capture(flash_avatar(root, tmp_path / "metrical-tracker/output/someone/checkpoint")), MODEL)


def test_pixel3dmm(tmp_path: Path) -> None:
    capture = read_capture(gaussian_blendshapes(tmp_path / "a", pixel3dmm))
    check_pixels(capture, MODEL)
    assert capture.rig_parameters is not None and capture.rig_parameters.tracker == "pixel3dmm"


def test_pictures_made_smaller_as_a_whole(tmp_path: Path) -> None:
    root = gaussian_blendshapes(tmp_path / "a")
    whole = read_capture(root).frames[0].camera
    for file in (root / "images").iterdir():
        with Image.open(file) as image:
            image.resize((64, 64)).save(file)
    half = read_capture(root).frames[0].camera
    np.testing.assert_allclose(half.K[:2] * 2, whole.K[:2])
    Image.new("RGBA", (64, 96)).save(root / "images" / "00001.png")
    with pytest.raises(CaptureError, match=r"00001.frame: the camera is of 128x128 pixels, the image 00001.png has 6"):
        read_capture(root)


@pytest.mark.shared
def test_real_frames_of_pixel3dmm() -> None:
    for name in ("00000", "00001", "00060", "00120"):
        frame = read_frame_file(shared(f"layouts/flame/pixel3dmm/{name}.frame"))
        assert (frame.tracker, frame.size) == ("pixel3dmm", (256, 256))
        assert 850 < frame.K[0, 0] < 890 and frame.K[0, 2] == pytest.approx(127, abs=1)
        # The head faces the camera, about a metre away.
        assert 0.9 < frame.T_camera_flame[2, 3] < 1.1 and frame.T_camera_flame[2, 2] < -0.9
        assert 0 < frame.turns["jaw"][0] < 0.8 and np.abs(frame.turns["jaw"][1:]).max() < 0.1  # it shouts


def changed(root: Path, change: Any, made: Any = metrical) -> str:
    """What is said of a capture whose second checkpoint is ``change(frame)``."""
    gaussian_blendshapes(root, made)
    frame = made(1)[0]
    saved(root / "checkpoint" / "00001.frame", change(frame) or frame)
    with pytest.raises((CaptureError, RigError)) as caught:
        read_capture(root)
    return str(caught.value).replace(f"{root}/", "")


def put(part: str, name: str, value: Any) -> Any:
    def change(frame: dict[str, Any]) -> None:
        frame[part][name] = value

    return change


SECOND = "checkpoint/00001.frame"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (put("opencv", "R", np.full((1, 3, 3), np.nan)), f"{SECOND}: R holds values that are not finite"),
        (put("opencv", "R", 1.1 * np.eye(3)[None]), f"{SECOND}: opencv.R is no rotation, its axes are not"),
        (put("opencv", "R", -np.eye(3)[None]), f"{SECOND}: opencv.R mirrors (its determinant is negative)"),
        (put("opencv", "R", np.eye(3)), f"{SECOND}: R is of the shape 3x3, expected 1x3x3"),
        (put("opencv", "t", np.full((1, 3), 1e12)), f"{SECOND}: the camera stands 1e+12 units from the origin"),
        (put("opencv", "K", np.ones((1, 3, 3))), f"{SECOND}: opencv.K is no matrix of a pinhole"),
        (put("opencv", "K", np.diag([1.0, 1, 1])[None]), f"{SECOND}: the focal length is 1 x 1 pixels"),
        (put("flame", "jaw", np.zeros((1, 6))), f"{SECOND}: jaw is no rotation, its rows are along one another"),
        (put("flame", "jaw", np.zeros((1, 3))), f"{SECOND}: jaw is of the shape 1x3, expected 1x6"),
        (
            put("flame", "exp", np.full((1, 100), 1e9)),
            "checkpoint: expression holds values up to 1e+09, expected",
        ),
        (put("flame", "exp", np.zeros((1, 50))), "checkpoint: checkpoints with different numbers of expressions"),
        (
            put("flame", "exp", "text"),
            f"{SECOND}: no array exp, expected a checkpoint of metrical-tracker",
        ),
        (lambda frame: frame.update(img_size=np.array([0, 9])), f"{SECOND}: img_size is 0x9, expected the height"),
        (lambda frame: frame.pop("opencv") and None, f"{SECOND}: no opencv in it, expected a checkpoint"),
        (lambda frame: [1, 2], f"{SECOND}: no dictionary, expected a checkpoint of metrical-tracker or pixel3dmm."),
        (lambda frame: pixel3dmm(1)[0], "checkpoint: checkpoints of several trackers, metrical and pixel3dmm"),
    ],
)
def test_values_that_make_no_sense(tmp_path: Path, change: Any, expected: str) -> None:
    assert changed(tmp_path / "a", change).startswith(expected)


def test_pictures_and_mattes_that_are_missing(tmp_path: Path) -> None:
    root = gaussian_blendshapes(tmp_path / "a")
    (root / "images" / "00001.png").unlink()
    with pytest.raises(CaptureError, match=r"no picture 00001, which checkpoint 00001 is of \(1 of 3 missing\)"):
        read_capture(root)
    root = flash_avatar(tmp_path / "b", tmp_path / "b" / "checkpoint")
    (root / "alpha" / "00002.jpg").unlink()
    with pytest.raises(CaptureError, match=r"1 of 3 frames have neither a mask_path nor an alpha channel"):
        read_capture(root)
    Image.new("L", (9, 9), 255).save(root / "alpha" / "00002.jpg")
    with pytest.raises(CaptureError, match=r"00002.jpg: the mask has 9x9 pixels, its image 00002.jpg has 128x128"):
        read_capture(root)
    os.symlink(root / "imgs" / "00001.jpg", tmp_path / "b" / "imgs" / "1.jpg")
    with pytest.raises(CaptureError, match=r"imgs: 00001.jpg and 1.jpg have one number"):
        read_capture(root)


def test_pictures_that_lie_elsewhere(tmp_path: Path) -> None:
    root = gaussian_blendshapes(tmp_path / "a")
    (root / "images" / "00001.png").rename(tmp_path / "other.png")
    os.symlink(tmp_path / "other.png", root / "images" / "00001.png")
    with pytest.raises(CaptureError, match=r"lies outside of the folder of the capture"):
        read_capture(root)
    assert len(read_capture(root, allow_outside=True).frames) == 3


def test_thousands_of_frames(tmp_path: Path) -> None:
    root = gaussian_blendshapes(tmp_path / "a", count=1)
    for number in range(1, 1500):
        os.link(root / "checkpoint" / "00000.frame", root / "checkpoint" / f"{number:05d}.frame")
        os.link(root / "images" / "00000.png", root / "images" / f"{number:05d}.png")
    capture = read_capture(root)
    assert len(capture.frames) == 1500 and capture.rig_parameters is not None
    assert capture.rig_parameters.expression.shape == (1500, 100)


def test_rig_parameters_of_a_file_go_before(tmp_path: Path, tiny_capture: Path) -> None:
    root = gaussian_blendshapes(tmp_path / "a")
    capture = read_capture(root, rig_params=tiny_capture / "rig_params.npz")
    assert capture.rig_parameters is not None and capture.rig_parameters.rig == "anny-head"


class Payload:
    def __init__(self, function: Any, *arguments: Any) -> None:
        self.reduced = function, arguments

    def __reduce__(self) -> Any:
        return self.reduced


@pytest.mark.parametrize("protocol", range(6))
def test_payloads_are_refused_and_do_not_run(tmp_path: Path, protocol: int) -> None:
    mark = tmp_path / "ran"
    for payload in (
        Payload(os.system, f"touch {mark}"),
        Payload(eval, f"open({str(mark)!r}, 'w')"),
        Payload(exec, f"open({str(mark)!r}, 'w')"),
        Payload(getattr, "text", "upper"),
        [[Payload(os.system, f"touch {mark}")]],
        np.array([Payload(os.system, f"touch {mark}")], dtype=object),
    ):
        frame = metrical(0)[0]
        for values in (payload, {**frame, "more": payload}, {**frame, "flame": {**frame["flame"], "exp": payload}}):
            with pytest.raises(CaptureError, match=r"and was not opened|no array exp"):
                read_frame_file(saved(tmp_path / "a.frame", values, protocol))
    assert not mark.exists()


def test_files_that_are_damaged_or_made_to_do_harm(tmp_path: Path) -> None:
    path, expected = tmp_path / "a.frame", r"expected a checkpoint of metrical-tracker or pixel3dmm"
    whole = saved(path, metrical(0)[0]).read_bytes()
    for length in (0, 1, 30, 200, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(CaptureError, match=expected):
            read_frame_file(path)
    rng = np.random.default_rng(0)
    for _ in range(150):
        data = bytearray(whole)
        for at in rng.integers(0, len(data), 3):
            data[at] = rng.integers(256)
        path.write_bytes(bytes(data))
        with contextlib.suppress(CaptureError):
            read_frame_file(path)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", b"\0" * (LARGEST + 1))
    with pytest.raises(CaptureError, match=r"a data.pkl of 1 MiB, expected a checkpoint"):
        read_frame_file(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("other", b"")
    with pytest.raises(CaptureError, match=r"no data.pkl in it, expected a checkpoint"):
        read_frame_file(path)
    path.write_bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n")
    with pytest.raises(CaptureError, match=r"a pointer of Git LFS to a file that was not fetched \(git lfs pull\)"):
        read_frame_file(path)


def test_files_of_old_torch_and_with_tensors(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    frame = metrical(0)[0]
    old, new = io.BytesIO(), io.BytesIO()
    torch.save(frame, old, _use_new_zipfile_serialization=False)
    (tmp_path / "a.frame").write_bytes(old.getvalue())
    with pytest.raises(CaptureError, match=r"saved by torch before 1.6, whose files are not read; load and save it"):
        read_frame_file(tmp_path / "a.frame")
    torch.save(frame, new)
    (tmp_path / "a.frame").write_bytes(new.getvalue())
    assert read_frame_file(tmp_path / "a.frame").tracker == "metrical"
    torch.save({**frame, "flame": {"exp": torch.zeros(1, 100)}}, tmp_path / "a.frame")
    with pytest.raises(CaptureError, match=r"was not opened"):
        read_frame_file(tmp_path / "a.frame")


def test_other_folders_are_not_taken_for_it(tmp_path: Path) -> None:
    (tmp_path / "checkpoint").mkdir()
    (tmp_path / "checkpoint" / "a.frame").write_bytes(b"")
    assert reader_of(tmp_path) is None  # no pictures
    (tmp_path / "images").mkdir()
    found = reader_of(tmp_path)
    assert found is not None and found.name == "metrical"
    (tmp_path / "checkpoint" / "a.frame").unlink()
    assert reader_of(tmp_path) is None
