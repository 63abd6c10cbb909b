"""``splatavatar detect``, and the mark in what other commands write."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

import splatavatar as sa
from splatavatar.avatar.file import save_avatar
from splatavatar.avatar.library import DEMO
from splatavatar.drive.measuring.motion import moving_signal
from splatavatar.trust.marks import PictureMarks, short_id
from support.small_avatar import small_avatar

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    def start(*arguments: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "splatavatar", *map(str, arguments)]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    return start


def test_what_render_and_films_write_says_whose_avatar_it_is(run: Run, tmp_path: Path) -> None:
    avatar = sa.load_avatar(DEMO)
    assert run("render", DEMO, "-o", "a.png", "--size", "320x320").returncode == 0
    assert run("render", DEMO, "-o", "plain.png", "--size", "320x320", "--no-marks").returncode == 0
    sa.save_video(tmp_path / "film.mp4", avatar, moving_signal(0.5, 30), size=(320, 320))
    sa.save_video(tmp_path / "plain.mp4", avatar, moving_signal(0.5, 30), size=(320, 320), marks=False)
    done = run("detect", "a.png", "film.mp4", "--avatar", DEMO)
    assert (done.returncode, done.stderr) == (0, "")
    day = PictureMarks(avatar).payload.day
    lines = [line for line in done.stdout.splitlines() if "content credentials" not in line]
    for name, line in zip(("a.png", "film.mp4"), lines, strict=True):
        who = f"with avatar {short_id(avatar)}, the one asked for"
        assert line.startswith(f"{name}: made by splatavatar on {day} {who} (by chance at most once in ")
    done = run("detect", "plain.png", "plain.mp4", "a.png", "--json")
    assert done.returncode == 1
    first, second, third = json.loads(done.stdout)
    assert [one.pop("credentials") is not None for one in (first, second, third)] == [False, False, True]
    assert (first, second) == ({"file": "plain.png", "found": False}, {"file": "plain.mp4", "found": False})
    assert third.pop("false_alarm") < 1e-20 and third.pop("scale") == pytest.approx(1, abs=0.01)
    assert third == {
        "file": "a.png",
        "found": True,
        "mirrored": False,
        "tool": "splatavatar",
        "avatar": short_id(avatar),
        "date": str(day),
    }


def test_another_avatar_is_told(run: Run, tmp_path: Path) -> None:
    save_avatar(tmp_path / "other.splatavatar", small_avatar())
    performer = sa.Performer(sa.load_avatar(DEMO))
    picture = PictureMarks(performer.avatar)(performer.draw(None, performer.camera(320, 320)))
    cv2.imwrite(str(tmp_path / "a.jpg"), picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 75])
    done = run("detect", "a.jpg", "--avatar", "other.splatavatar")
    assert done.returncode == 1
    assert (
        f"with avatar {short_id(performer.avatar)}, not {short_id(sa.load_avatar(tmp_path / 'other.splatavatar'))} ("
        in (done.stdout)
    )


def test_files_that_are_none(run: Run, tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("no film\n")
    (tmp_path / "cut.png").write_bytes(b"\x89PNG\r\n\x1a\nrubbish")
    (tmp_path / "empty.jpg").write_bytes(b"")
    with av.open(str(tmp_path / "sound.mp4"), "w") as out:
        stream = out.add_stream("aac", rate=48000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 4800), np.float32), "fltp", "mono")
        frame.rate = 48000
        out.mux(stream.encode(frame))
        out.mux(stream.encode())
    for name, told in (
        ("text.mp4", "text.mp4: neither a picture nor a film, expected a picture (JPEG, PNG, WebP) or a film."),
        ("cut.png", "cut.png: not a picture, expected a picture (JPEG, PNG, WebP) or a film."),
        ("empty.jpg", "empty.jpg: neither a picture nor a film, expected a picture (JPEG, PNG, WebP) or a film."),
        ("sound.mp4", "sound.mp4: no picture is in it, expected a picture (JPEG, PNG, WebP) or a film."),
        ("nothing.mp4", "nothing.mp4: no such file, expected a picture (JPEG, PNG, WebP) or a film."),
    ):
        done = run("detect", name)
        assert (done.returncode, done.stdout, done.stderr) == (2, "", f"Error: {told}\n")


def test_a_file_that_cannot_be_read_hides_nothing_of_the_others(run: Run, tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("no film\n")
    assert run("render", "demo", "-o", "a.png").returncode == 0
    done = run("detect", "text.mp4", "a.png")
    assert done.returncode == 2
    assert done.stderr.startswith("Error: text.mp4: neither a picture nor a film")
    assert "a.png: made by splatavatar on" in done.stdout
    first, second = json.loads(run("detect", "--json", "text.mp4", "a.png").stdout)
    assert first == {"file": "text.mp4", "error": first["error"]}
    assert second["found"] is True
