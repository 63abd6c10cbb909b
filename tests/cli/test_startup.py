from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEAVY = {"numpy", "torch", "av", "cv2", "safetensors", "scipy", "anny", "trimesh", "mediapipe"}


def modules_after(code: str, cwd: Path) -> set[str]:
    """Names of the modules that a fresh interpreter holds after ``code``."""
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys\nprint('\\nMODULES', *sys.modules)"],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.rsplit("MODULES", 1)[1].split())


def command(*arguments: object) -> str:
    return (
        f"import sys\nsys.argv = {['splatavatar', *map(str, arguments)]!r}\n"
        "from splatavatar.cli.app import main\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code, end.code"
    )


@pytest.mark.parametrize(
    "arguments", [["--help"], ["bake", "--help"], ["drive", "--help"], ["--version"]], ids=" ".join
)
def test_help_imports_nothing_heavy(tmp_path: Path, arguments: list[str]) -> None:
    assert not HEAVY & modules_after(command(*arguments), tmp_path)


def test_the_package_itself_imports_nothing_heavy(tmp_path: Path) -> None:
    assert not HEAVY & modules_after("import splatavatar", tmp_path)


@pytest.mark.parametrize(
    "arguments",
    [
        ["drive", "small.splatavatar", "--signal", "signal.npz", "-o", "out.mp4", "--size", "64x64"],
        ["render", "small.splatavatar", "-o", "out.png", "--size", "64x64"],
        ["bench", "small.splatavatar", "--frames", "2", "--size", "64x64"],
        ["info", "small.splatavatar"],
        ["export", "small.splatavatar", "-o", "out.ply"],
    ],
    ids=lambda arguments: arguments[0],
)
def test_playing_never_imports_torch(files: Path, tmp_path: Path, arguments: list[str]) -> None:
    for name in ("small.splatavatar", "signal.npz"):
        (tmp_path / name).symlink_to(files / name)
    loaded = modules_after(command(*arguments), tmp_path)
    assert "numpy" in loaded
    assert not {"torch", "scipy", "anny", "trimesh"} & loaded


def test_playing_works_where_torch_cannot_be_imported(files: Path, tmp_path: Path) -> None:
    block = "import sys\nfor name in ('torch', 'scipy', 'anny', 'trimesh'):\n    sys.modules[name] = None\n"
    modules_after(block + command("render", files / "small.splatavatar", "-o", "out.png"), tmp_path)
    assert (tmp_path / "out.png").stat().st_size > 0
