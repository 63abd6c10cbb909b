"""What the command line says of footage that cannot be used: one exact line, exit code 2, and nothing lost."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from splatavatar.cli.app import main
from support.footage import SIZE, numbered, quarters, write_sound, write_video
from support.people import MODELS, on_grey, own_cache, portrait, scaled
from support.shared import landmark_model

Run = Callable[..., "subprocess.CompletedProcess[str]"]
Said = Callable[..., str]

UNREADABLE = "not a video that can be read (damaged, cut off, or something else)"


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of things that are no use."""
    folder = tmp_path_factory.mktemp("videos")
    write_sound(folder / "song.mp4")
    whole = write_video(folder / "long.mp4", numbered(60)).read_bytes()
    (folder / "cut.mp4").write_bytes(whole[: len(whole) // 2])
    codec = write_video(folder / "codec.mp4", [quarters()] * 3)
    codec.write_bytes(codec.read_bytes().replace(b"avc1", b"zzzz"))
    (folder / "notes.txt").write_text("hello " * 400)
    (folder / "noise.mp4").write_bytes(np.random.default_rng(0).bytes(5000))
    timeless(write_video(folder / "timeless.mp4", [quarters()] * 5, options={"bf": "0"}))
    (folder / "empty").mkdir()
    (folder / "cameras").mkdir()
    write_video(folder / "cameras" / "left.mp4", numbered(20))
    write_video(folder / "cameras" / "right.mp4", numbered(30))
    return folder


@pytest.fixture(scope="module")
def faces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of videos with faces, of which none will do."""
    folder, frames = tmp_path_factory.mktemp("faces"), portrait()
    write_video(folder / "brief.mp4", frames[:24], fps=24)
    half = [scaled(image, 240) for image in frames[:26]]
    write_video(folder / "alone.mp4", half, fps=12)
    write_video(folder / "late.mp4", [np.full_like(image, 120) for image in half[:22]] + half[22:], fps=12)
    write_video(folder / "two.mp4", [np.concatenate([a, b], 1) for a, b in zip(half, half[::-1], strict=True)], fps=12)
    small = [on_grey(scaled(image, 108), 144, 144) for image in frames[:26]]
    write_video(folder / "far.mp4", small, fps=12)
    return folder


def timeless(path: Path) -> None:
    """All frames at the same moment."""
    content = path.read_bytes()
    at = content.index(b"stts")
    count = int.from_bytes(content[at + 8 : at + 12], "big")
    still = content[: at + 12] + b"".join(content[at + 12 + 8 * k : at + 16 + 8 * k] + bytes(4) for k in range(count))
    path.write_bytes(still + content[at + 12 + 8 * count :])


@pytest.fixture
def said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Said:
    """``said(*arguments)``: what the command prints, where nothing is cached; fails unless it is one line of error."""
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    monkeypatch.setenv("SPLATAVATAR_CACHE", str(own_cache(tmp_path / "cache")))
    monkeypatch.setenv("SPLATAVATAR_MODELS", str(MODELS))

    def line(*arguments: object) -> str:
        monkeypatch.setattr(sys, "argv", ["splatavatar", *map(str, arguments)])
        before = everything(work)
        with pytest.raises(SystemExit) as exit_:
            main()
        output, errors = capsys.readouterr()
        # A bake also says what it is at.
        errors = errors.removeprefix("finding the face\n") if arguments[0] == "bake" else errors
        assert (exit_.value.code, output, errors.count("\n")) == (2, "", 1), errors
        assert everything(work) == before
        return errors.removesuffix("\n")

    return line


def everything(folder: Path) -> dict[str, bytes | None]:
    """Names and contents below ``folder``."""
    return {str(p.relative_to(folder)): p.read_bytes() if p.is_file() else None for p in folder.rglob("*")}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("song.mp4", "sound but no pictures in this file, expected a video"),
        ("cut.mp4", UNREADABLE),
        ("noise.mp4", UNREADABLE),
        ("notes.txt", "a text, expected a video or a folder of pictures"),
        ("codec.mp4", "its codec cannot be decoded here; convert it to H.264 first"),
        ("timeless.mp4", "5 frames at 0 frames a second, expected a video"),
        ("absent.mp4", "no such file or folder, expected a video"),
        (
            "empty",
            "no videos and no pictures in this folder, expected .jpg, .jpeg, .png, .webp, .tif, .tiff, .bmp",
        ),
        (
            "cameras",
            "its videos differ in length, left.mp4 has 20 frames and right.mp4 has 30; "
            "the cameras of one take must run together",
        ),
        pytest.param("long.mp4", "no face found in any of its 60 frames", marks=pytest.mark.shared),
    ],
)
def test_extract(said: Said, videos: Path, name: str, expected: str) -> None:
    assert said("capture", "extract", videos / name, "-o", "out") == f"Error: {videos / name}: {expected}"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("song.mp4", "sound but no pictures in this file, expected a video"),
        ("cut.mp4", UNREADABLE),
        pytest.param("long.mp4", "no face found in any of its 60 frames", marks=pytest.mark.shared),
    ],
)
def test_bake(said: Said, videos: Path, name: str, expected: str) -> None:
    Path("me.splatavatar").write_bytes(b"earlier")
    assert said("bake", videos / name, "-o", "me.splatavatar") == f"Error: {videos / name}: {expected}"


@pytest.mark.shared
def test_eval_without_a_face(said: Said, videos: Path, files: Path) -> None:
    expected = f"Error: {videos / 'long.mp4'}: no face found in any of its 60 frames"
    assert said("eval", files / "small.splatavatar", videos / "long.mp4", "--split", "test") == expected


def test_eval(said: Said, videos: Path, files: Path) -> None:
    avatar = files / "small.splatavatar"
    assert said("eval", avatar, "absent.mp4") == "Error: absent.mp4: no such folder, expected the folder of a capture"
    assert said("eval", avatar, videos / "long.mp4", "--face", 0) == "Error: --face counts from 1, got 0"


@pytest.mark.shared
def test_one_bad_clip_of_several(said: Said, videos: Path, faces: Path) -> None:
    expected = f"Error: {videos / 'cut.mp4'}: {UNREADABLE}"
    assert said("capture", "extract", faces / "two.mp4", videos / "cut.mp4", "-o", "out") == expected


@pytest.mark.shared
def test_two_faces_ask_for_a_choice(said: Said, faces: Path) -> None:
    where = faces / "two.mp4"
    expected = f"Error: {where}: more than one face in 26 of its 26 frames; say which one with --face N, counted from "
    assert said("capture", "extract", where, "-o", "out") == expected + "the left"
    expected = f"Error: {where}: --face 3, but its frames show no more than 2 faces"
    assert said("capture", "extract", where, "-o", "out", "--face", 3) == expected
    where = faces / "alone.mp4"
    expected = f"Error: {where}: --face 2, but its frames show no more than 1 face"
    assert said("capture", "extract", where, "-o", "out", "--face", 2) == expected


@pytest.mark.shared
def test_a_face_in_the_end_that_is_kept_out(said: Said, faces: Path) -> None:
    where = faces / "late.mp4"
    assert said("bake", where, "-o", "me.splatavatar", "--holdout", "last:20%") == (
        f"Error: {where}: no face found in the frames 0 to 20"
    )


@pytest.mark.shared
def test_a_face_that_is_too_small(said: Said, faces: Path) -> None:
    where = faces / "far.mp4"
    assert said("capture", "extract", where, "-o", "out") == (
        f"Error: {where}: the face is too small, 31 pixels between the outer corners of the eyes, "
        "expected at least 40; film closer"
    )


@pytest.mark.shared
def test_a_video_that_is_too_short(said: Said, faces: Path) -> None:
    where = faces / "brief.mp4"
    expected = f"Error: {where}: 1.0 seconds are too short, expected at least 2"
    assert said("capture", "extract", where, "-o", "out") == expected
    assert said("bake", where, "-o", "me.splatavatar") == expected


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--frames", 0), "--frames must be at least 8, got 0"),
        (("--face", 0), "--face counts from 1, got 0"),
        (
            ("--holdout", "20%"),
            "--holdout '20%': expected last:P%, with P above 0 and not above 50, as in last:20%, "
            "or yaw:D, with D from 5 to 60 degrees, as in yaw:25",
        ),
        (
            ("--holdout", "last:80%"),
            "--holdout 'last:80%': expected last:P%, with P above 0 and not above 50, as in last:20%, "
            "or yaw:D, with D from 5 to 60 degrees, as in yaw:25",
        ),
        (("--matting", "scissors"), "unknown matting method 'scissors'; known are grabcut, rembg"),
        (
            ("--rig", "smpl"),
            "unknown rig 'smpl'; the rigs are anny-head, anny-bust, anny-body, flame, flame-head, smplx",
        ),
        (("--rig-params", "p.npz"), "rig parameters go with a capture of known cameras; {0} is footage"),
        (("--model", "nowhere.task"), "nowhere.task: no such file, expected the model face_landmarker.task"),
    ],
)
def test_options_of_a_bake(said: Said, videos: Path, options: tuple[object, ...], expected: str) -> None:
    where = videos / "long.mp4"
    assert said("bake", where, "-o", "me.splatavatar", *options) == f"Error: {expected.format(where)}"


def test_options_of_an_extraction(said: Said, videos: Path) -> None:
    call = ("capture", "extract", videos / "long.mp4", "-o", "out")
    assert said(*call, "--frames", 0) == "Error: --frames must be at least 8, got 0"
    assert said(*call, "--fps", 0) == "Error: --fps must be above 0 and not above 1000, got 0"


def test_a_file_that_is_no_model(said: Said, videos: Path) -> None:
    Path("m.task").write_bytes(b"nothing")
    expected = "Error: m.task: not MediaPipe's face_landmarker.task; run `splatavatar models pull`"
    assert said("capture", "extract", videos / "long.mp4", "-o", "out", "--model", "m.task") == expected


@pytest.mark.shared
def test_folders_of_others_are_left_alone(said: Said, videos: Path, faces: Path) -> None:
    Path("mine/images").mkdir(parents=True)
    Path("mine/images/1.png").write_bytes(b"x")
    expected = "Error: mine: holds images, which was not extracted from video; name another folder"
    assert said("capture", "extract", videos / "long.mp4", "-o", "mine") == expected
    Path("file").write_bytes(b"x")
    assert said("capture", "extract", faces / "two.mp4", "-o", "file") == (
        "Error: cannot make the folder file: file is a file"
    )


def test_a_capture_with_mattes_refuses_an_unknown_method_all_the_same(said: Said, sample_capture: Path) -> None:
    assert said("bake", sample_capture, "-o", "me.splatavatar", "--iterations", 1, "--matting", "scissors") == (
        "Error: unknown matting method 'scissors'; known are grabcut, rembg"
    )


def test_a_capture_has_no_end_to_keep_out(said: Said, sample_capture: Path) -> None:
    assert said("bake", sample_capture, "-o", "me.splatavatar", "--holdout", "last:20%") == (
        f"Error: only video can be held out; {sample_capture} is a capture, whose pictures are chosen"
    )


def test_nothing_to_track(said: Said) -> None:
    Path("none").mkdir()
    expected = "Error: none: no extract.json, expected a capture prepared from video"
    assert said("capture", "track", "none") == expected
    assert said("capture", "track", "absent") == expected.replace("none", "absent")


def missing_model(
    run: Run, tmp_path: Path, videos: Path, monkeypatch: pytest.MonkeyPatch, out: str, *command: str
) -> None:
    monkeypatch.setenv("SPLATAVATAR_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("SPLATAVATAR_MODELS", raising=False)
    done = run(*command, videos / "long.mp4", "-o", out)
    assert done.stderr == (
        "Error: the model face_landmarker.task is not here: run `splatavatar models pull`, "
        "or name the file with --model or SPLATAVATAR_MODELS\n"
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert not (tmp_path / out).exists()


def test_without_the_model(run: Run, tmp_path: Path, videos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a process of its own: native libraries may write to stderr past Python."""
    missing_model(run, tmp_path, videos, monkeypatch, "out", "capture", "extract")
    missing_model(run, tmp_path, videos, monkeypatch, "out.splatavatar", "bake")


@pytest.mark.shared
def test_nobody_in_a_process_of_its_own(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPLATAVATAR_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("SPLATAVATAR_MODELS", str(landmark_model().parent))
    write_video(tmp_path / "v.mp4", numbered(60, (SIZE[0] * 2, SIZE[1] * 2)))
    done = run("capture", "extract", "v.mp4", "-o", "out")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "Error: v.mp4: no face found in any of its 60 frames\n"
    assert os.listdir(tmp_path) == ["v.mp4"]
