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
        "from splatavatar.cli.start import main\n"
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


LACKING = ("torch", "scipy", "anny", "PIL", "cv2", "av", "mediapipe", "c2pa", "cryptography")
LIGHT = f"import sys\nfor name in {LACKING}:\n    sys.modules[name] = None\n"


def test_playing_to_pictures_needs_no_extra(files: Path, tmp_path: Path) -> None:
    modules_after(LIGHT + command("render", "demo", "-o", "out.png", "--size", "64x64"), tmp_path)
    assert (tmp_path / "out.png").read_bytes().startswith(b"\x89PNG")
    signal = files / "signal.npz"
    modules_after(LIGHT + command("drive", "demo", "--signal", signal, "-o", "f/%02d.png", "--size", "64x64"), tmp_path)
    assert len(list((tmp_path / "f").iterdir())) == 12


@pytest.mark.parametrize(
    ("arguments", "package", "extra"),
    [
        (("--signal", "signal.npz", "-o", "a.mp4"), "av", "drive"),
        (("--signal", "signal.npz", "--background", "a.jpg", "-o", "a/%d.png"), "cv2", "drive"),
        (("--webcam", "-o", "a/%d.png"), "cv2", "drive"),
        (("--audio", "a.wav", "-o", "a/%d.png"), "av", "drive"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_a_light_installation_lacks_is_named_with_the_command_that_adds_it(
    files: Path, tmp_path: Path, arguments: tuple[str, ...], package: str, extra: str
) -> None:
    (tmp_path / "signal.npz").symlink_to(files / "signal.npz")
    for name in ("a.jpg", "a.wav"):
        (tmp_path / name).write_bytes(b"x" * 99)
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    code = LIGHT + "sys.argv[1:] = ['drive', 'demo', *sys.argv[1:]]\nfrom splatavatar.cli.app import main\nmain()"
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": path, "SPLATAVATAR_MODELS": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    said = f'Error: the package {package!r} is not installed; add it by: pip install ".[{extra}]"'
    marks = "written without content credentials: the package 'cryptography' is not installed; add it by: pip install"
    *before, last = done.stderr.splitlines()
    assert (done.returncode, last) == (2, said)
    assert before in ([], [f'{marks} ".[trust]"'])
    assert not list(tmp_path.glob("a.*.p*")) and not (tmp_path / "a").exists()


def test_an_interrupt_while_its_modules_are_read_is_quiet(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys\n"
        "class Interrupting:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'typer':\n"
        "            os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Interrupting())\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from splatavatar.cli.start import main\n"
        "sys.argv[1:] = ['--version']\n"
        "main()"
    )
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")
