from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

Run = Callable[..., "subprocess.CompletedProcess[str]"]


def test_a_page_in_one_file(built: None, run: Run, files: Path, tmp_path: Path) -> None:
    out = tmp_path / "me.html"
    done = run("export", files / "small.splatavatar", "--signal", files / "signal.npz", "-o", out)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{out}: {out.stat().st_size / 1e6:.1f} MB, opens in a browser\n"
    for options, sentence in (
        (["--frame", "3"], "--frame and --expression-limit are for .ply; the page has controls for both."),
        (["--expression-limit", "off"], "--frame and --expression-limit are for .ply; the page has controls for both."),
    ):
        done = run("export", files / "small.splatavatar", *options, "-o", out)
        assert (done.returncode, done.stderr) == (2, f"Error: {sentence}\n")
    done = run("export", files / "small.splatavatar", "--audio", files / "signal.npz", "-o", tmp_path / "a.ply")
    assert (done.returncode, done.stderr) == (2, "Error: --audio is for .html: a .ply holds one pose.\n")
    done = run("export", files / "small.splatavatar", "-o", tmp_path / "a.txt")
    assert done.stderr == f"Error: {tmp_path}/a.txt: an avatar is exported as .ply or .html.\n"
    assert [path.name for path in tmp_path.iterdir()] == ["me.html"]
