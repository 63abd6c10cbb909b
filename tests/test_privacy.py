"""Nothing leaves the machine, and nothing is written but output and cache: the commands run under a watcher in C."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import wave
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from splatavatar import privacy
from splatavatar.folders import cache_folder
from splatavatar.privacy import import_rembg, unreported
from support.shared import SHARED, landmark_model

SAMPLE = Path(__file__).parents[1] / "data" / "sample-capture"
LOOPBACK = ("127.", "::1")


@dataclass(frozen=True)
class Watched:
    """What a program did."""

    outside: list[str]
    """paths that it wrote, outside its output, the cache and its own temporary files"""
    network: list[str]
    """names that it looked up and addresses beyond loopback"""
    left: list[Path]
    """files that it left in its home folder and among the temporary ones"""
    output: str


Watch = Callable[..., Watched]


@pytest.fixture(scope="session")
def watcher(tmp_path_factory: pytest.TempPathFactory) -> Path:
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None or not sys.platform.startswith("linux"):
        pytest.skip("no C compiler, or another system than Linux")
    library = tmp_path_factory.mktemp("watcher") / "watcher.so"
    source = Path(__file__).with_name("watcher.c")
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"], check=True)
    return library


@pytest.fixture
def watch(watcher: Path, tmp_path: Path) -> Watch:
    """``watch(*arguments, python=False)`` runs the command, or Python, in the folder ``out``."""
    home, temporary, out = (tmp_path / name for name in ("home", "temporary", "out"))
    for folder in (home, temporary, out):
        folder.mkdir()
    log, cache = tmp_path / "log", cache_folder().absolute()

    def run(*arguments: str, python: bool = False) -> Watched:
        log.write_text("")
        keep = ("PATH", "LANG", "PYTHONPATH", "LD_LIBRARY_PATH")
        environment = {name: os.environ[name] for name in keep if name in os.environ}
        environment |= {
            "HOME": str(home),
            "TMPDIR": str(temporary),
            "SPLATAVATAR_CACHE": str(cache),
            "SPLATAVATAR_HOME": str(out / "remembered"),
            "SPLATAVATAR_CONFIG": str(out / "config"),
            "SPLATAVATAR_MODELS": str(SHARED / "models"),
            "LD_PRELOAD": str(watcher),
            "WATCH_LOG": str(log),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        start = [sys.executable] if python else [sys.executable, "-m", "splatavatar"]
        done = subprocess.run([*start, *arguments], cwd=out, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        notes = [line.split(" ", 1) for line in log.read_text(errors="replace").splitlines()]
        allowed = (f"{out}/", f"{cache}", f"{temporary}/", "/dev/", "/proc/")
        written = [path for what, path in notes if what == "write"]
        return Watched(
            [path for path in written if path != str(out) and not path.startswith(allowed)],
            [text for what, text in notes if what != "write" and not text.startswith(LOOPBACK)],
            [*home.rglob("*"), *temporary.rglob("*")],
            done.stdout + done.stderr,
        )

    return run


def clean(watched: Watched) -> None:
    assert not watched.network
    assert not watched.outside
    assert not watched.left


@pytest.fixture
def speech(tmp_path: Path) -> str:
    path = tmp_path / "speech.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        file.writeframes(bytes(16000))
    return str(path)


def test_the_watcher_sees(watch: Watch, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    seen = watch(
        "-c",
        "import contextlib, pathlib, socket\n"
        f"open({str(outside)!r}, 'w').close()\n"
        "pathlib.Path.home().joinpath('left').mkdir()\n"
        "with contextlib.suppress(OSError):\n    socket.getaddrinfo('host.invalid', 80)\n"
        "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(('192.0.2.1', 9))\n",
        python=True,
    )
    assert {str(outside), str(tmp_path / "home" / "left")} <= set(seen.outside)
    assert {"host.invalid", "192.0.2.1"} <= set(seen.network)
    assert seen.left == [tmp_path / "home" / "left"]


def test_a_voice(watch: Watch, speech: str) -> None:
    pytest.importorskip("onnxruntime")
    clean(watch("drive", "demo", "--audio", speech, "-o", "film.mp4", "--size", "64x64"))


@pytest.mark.parametrize(
    "command",
    [["info", "demo"], ["doctor"], ["models", "list"], ["render", "demo", "--size", "64x64", "-o", "side.png"]],
    ids=lambda command: command[0],
)
def test_small_commands(command: list[str], watch: Watch) -> None:
    clean(watch(*command))


@pytest.mark.slow
def test_a_bake(watch: Watch) -> None:
    clean(watch("bake", str(SAMPLE), "-o", "me.splatavatar", "--iterations", "2"))


@pytest.mark.shared
def test_a_face_that_is_tracked(watch: Watch) -> None:
    model = landmark_model()
    pytest.importorskip("mediapipe")
    program = (
        "import pathlib, time, numpy\n"
        "from splatavatar.drive.sources.live.tracking import Landmarker\n"
        f"landmarker = Landmarker(pathlib.Path({str(model)!r}))\n"
        "for frame in range(3):\n    landmarker.detect(numpy.zeros((64, 64, 3), numpy.uint8), 33 * frame)\n"
        "landmarker.close()\n"
    )
    clean(watch("-c", program, python=True))


def test_native_code_is_told_of_no_way_out_and_python_is_not() -> None:
    def told() -> bytes | None:
        value: bytes | None = privacy._C.getenv(b"https_proxy")
        return value

    before, python = told(), os.environ.get("https_proxy")
    with unreported():
        with unreported():
            assert told() == b"off://off"
        assert told() == b"off://off"
        assert os.environ.get("https_proxy") == python
    assert told() == before


def test_rembg_keeps_its_networks_in_our_cache_and_says_that_it_fetches_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "rembg.py").write_text("import os\nhome = os.environ.get('U2NET_HOME')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "rembg", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SPLATAVATAR_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("U2NET_HOME", "")
    monkeypatch.delenv("U2NET_HOME")
    assert import_rembg("net").home == str(tmp_path / "cache" / "rembg")
    assert "github.com" in caplog.text
    # A network that is there already is used where it is.
    monkeypatch.delitem(sys.modules, "rembg")
    monkeypatch.delenv("U2NET_HOME")
    caplog.clear()
    (tmp_path / "home" / ".u2net").mkdir(parents=True)
    (tmp_path / "home" / ".u2net" / "net.onnx").touch()
    assert import_rembg("net").home is None
    assert not caplog.records


def test_everything_that_reports_is_imported_in_one_place() -> None:
    root = Path(privacy.__file__).parent
    for path in root.rglob("*.py"):
        if path.name == "privacy.py":
            continue
        text = path.read_text()
        for name in ("onnxruntime", "mediapipe", "anny", "rembg"):
            found = any(
                line.strip().startswith((f"import {name}", f"from {name} ", f"from {name}."))
                or f'import_module("{name}' in line
                for line in text.splitlines()
            )
            assert not found, f"{path} imports {name}"
