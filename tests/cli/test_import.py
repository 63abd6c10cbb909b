"""``splatavatar import``."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from splatavatar.avatar.file import load_avatar
from splatavatar.trust.keys import new_key, own_key_path, write_key
from support.lam_bundle import head, write_bundle

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(autouse=True)
def config(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SPLATAVATAR_CONFIG", str(tmp_path / "config"))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    return write_bundle(tmp_path / "in" / "me.zip", head())


def test_a_bundle_becomes_an_avatar_that_plays(run: Run, source: Path, files: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "face.splatavatar"
    done = run("import", source, out)
    assert done.returncode == 0
    assert done.stderr == f"A key that signs your avatars was made: {own_key_path()} (yours alone; keep a copy).\n"
    said = done.stdout.splitlines()
    assert said[:2] == ["read as lam: offset.ply and skin.glb", f"{out}: 92 Gaussians, 6 expressions"]
    avatar = load_avatar(out)
    assert said[2] == f"licence: {avatar.rig.licence}"
    assert avatar.metadata["name"] == "face" and avatar.metadata["imported"] == {"tool": "lam"}
    assert "FAILS" not in run("verify", out).stdout
    write_key(tmp_path / "ann.pem", new_key("Ann"))
    done = run("import", source, out, "--key", tmp_path / "ann.pem")
    assert (done.returncode, done.stderr) == (0, "")
    assert run("verify", out).stdout.splitlines()[1].startswith("signed    by Ann on ")
    done = run("render", out, "--signal", files / "signal.npz", "--frame", "5", "-o", tmp_path / "me.png")
    assert done.returncode == 0 and (tmp_path / "me.png").is_file()
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
