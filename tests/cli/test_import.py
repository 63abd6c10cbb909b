"""``splatavatar import``."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from splatavatar.avatar.file import load_avatar
from support.lam_bundle import head, write_bundle

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    return write_bundle(tmp_path / "in" / "me.zip", head())


def test_a_bundle_becomes_an_avatar_that_plays(run: Run, source: Path, files: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "me.splatavatar"
    done = run("import", source, out)
    assert (done.returncode, done.stderr) == (0, "")
    said = done.stdout.splitlines()
    assert said[:2] == ["read as lam: offset.ply and skin.glb", f"{out}: 92 Gaussians, 6 expressions"]
    assert said[2] == f"licence: {load_avatar(out).rig.licence}"
    done = run("render", out, "--signal", files / "signal.npz", "--frame", "5", "-o", tmp_path / "me.png")
    assert (done.returncode, done.stderr) == (0, "")
    done = run("info", out)
    assert "rig          lam" in done.stdout and "FLAME" in done.stdout


def test_one_sentence_and_nothing_written(run: Run, source: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "me.splatavatar"
    cut = source.with_name("cut.zip")
    cut.write_bytes(source.read_bytes()[:-30])
    (tmp_path / "text.txt").write_text("hello")
    expected = "expected a LAM bundle (skin.glb, offset.ply, vertex_order.json)"
    for given, target, sentence in (
        (cut, out, f"{cut}: no avatar of another tool, {expected}"),
        (tmp_path / "text.txt", out, f"{tmp_path}/text.txt: no avatar of another tool, {expected}"),
        (tmp_path / "absent", out, f"{tmp_path}/absent: no such file or folder."),
        (source, tmp_path / "me.ply", f"{tmp_path}/me.ply: an avatar is imported as .splatavatar."),
    ):
        done = run("import", given, target)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith(f"Error: {sentence}") and done.stderr.count("\n") == 1
    np.savez(tmp_path / "shape.npz", shape=np.zeros(300))
    (tmp_path / "a.frame").write_bytes(b"no frame")
    for person, sentence in (
        (tmp_path / "shape.npz", f"{source} says itself who it shows: a person is given for RGBAvatar alone."),
        (tmp_path / "a.frame", f"{tmp_path}/a.frame: "),
    ):
        done = run("import", source, out, "--person", person)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith(f"Error: {sentence}") and done.stderr.count("\n") == 1
    assert not out.parent.exists() and not (tmp_path / "me.ply").exists()
