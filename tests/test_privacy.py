"""Nothing leaves the machine, and nothing is written but output and cache: the commands run under a watcher in C, and
where the system has namespaces of networks in one that has nothing but loopback."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import sys
import wave
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest

from splatavatar import privacy
from splatavatar.folders import cache_folder
from splatavatar.privacy import import_rembg, unreported
from support.lam_bundle import head, write_bundle
from support.shared import SHARED, landmark_model, shared

DATA = Path(__file__).parents[1] / "data"
SAMPLE = DATA / "sample-capture"
LOOPBACK = ("127.", "::1")
NO_NETWORK = """
import fcntl, os, socket, struct, sys
with socket.socket() as any:  # ip link set lo up
    fcntl.ioctl(any, 0x8914, struct.pack("16sh14x", b"lo", 1 | 64))
os.environ[sys.argv[1]] = sys.argv[2]
os.execv(sys.argv[3], sys.argv[3:])
"""
"""Python: loopback is turned on, a variable of the environment set, and a command run"""
SERVED = """
import os, re, signal, subprocess, sys, urllib.request
server = subprocess.Popen([sys.executable, "-m", "splatavatar", *sys.argv[1:]], stdout=subprocess.PIPE, text=True)
address = re.search(r"http://[\\w.:]+/\\S*", next(line for line in server.stdout if "http://" in line))[0]
with urllib.request.urlopen(address, timeout=30) as page:
    assert b"<html" in page.read()
server.send_signal(signal.SIGINT)
server.stdout.close()
sys.exit(server.wait() not in (0, 130))
"""
"""Python: a server is asked for its page, and ended"""


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


@pytest.fixture(scope="session")
def apart() -> list[str]:
    """What a command begins with that runs where there is no network but loopback; nothing where that cannot be."""
    for start in (["unshare", "-n"], ["unshare", "-rn"]):
        command = [*start, sys.executable, "-c", NO_NETWORK, "X", "", "/bin/true"]
        if shutil.which("unshare") and subprocess.run(command, capture_output=True).returncode == 0:
            return command[:-3]
    return []


@pytest.fixture
def watch(watcher: Path, apart: list[str], tmp_path: Path) -> Watch:
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
            "WATCH_LOG": str(log),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        # Before the command itself, not before what makes a place without a network for it.
        watched = [*apart, "LD_PRELOAD", str(watcher)] if apart else ["env", f"LD_PRELOAD={watcher}"]
        start = [*watched, sys.executable, *([] if python else ["-m", "splatavatar"])]
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
        "with contextlib.suppress(OSError):\n"
        "    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(('192.0.2.1', 9))\n"
        "socket.socket().bind(('', 0))\n"
        "socket.create_server(('127.0.0.1', 0)).getsockname()\n",
        python=True,
    )
    assert {str(outside), str(tmp_path / "home" / "left")} <= set(seen.outside)
    assert {"host.invalid", "192.0.2.1", "0.0.0.0"} == set(seen.network)
    assert seen.left == [tmp_path / "home" / "left"]


def test_there_is_no_network(watch: Watch, apart: list[str]) -> None:
    if not apart:
        pytest.skip(
            "no namespace of networks for this user (unshare -n): the commands are watched, with the network there"
        )
    seen = watch(
        "-c",
        "import errno, socket\n"
        "server = socket.create_server(('127.0.0.1', 0))\n"
        "socket.create_connection(server.getsockname()).close()\n"
        "try:\n    socket.create_connection(('192.0.2.1', 80), timeout=5)\n"
        "except OSError as error:\n    print(error.errno == errno.ENETUNREACH)\n",
        python=True,
    )
    assert seen.output == "True\n"


def test_a_voice(watch: Watch, speech: str) -> None:
    pytest.importorskip("onnxruntime")
    clean(watch("drive", "demo", "--audio", speech, "-o", "film.mp4", "--size", "64x64"))


HELLO = str(DATA / "signals" / "hello.npz")
SMALL = (
    "info demo",
    "doctor",
    "models list",
    "render demo --size 64x64 -o side.png",
    f"drive demo --signal {HELLO} --size 64x64 -o film.mp4",
    "export demo -o me.ply",
    "export demo --mesh -o me.glb",
    "key show",
    "consent say",
    "cache list",
    "forget --remembered --yes",
)


@pytest.mark.parametrize("command", SMALL, ids=lambda command: " ".join(command.split()[:2]).replace("/", ""))
def test_small_commands(command: str, watch: Watch) -> None:
    clean(watch(*command.split()))


def test_a_signature(watch: Watch) -> None:
    clean(watch("sign", "demo", "-o", "me.splatavatar"))
    clean(watch("verify", "me.splatavatar"))


REMOTE = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="" xmlns:dcterms="http://purl.org/dc/terms/" '
    'dcterms:provenance="http://192.0.2.1/manifest.c2pa"/></rdf:RDF></x:xmpmeta>'
)


def test_marks(watch: Watch, tmp_path: Path) -> None:
    """Written, read and added, also to a picture of others that says that its credentials lie on a server."""
    clean(watch("render", "demo", "--size", "256x256", "-o", "side.png"))
    clean(watch("detect", "side.png"))
    plain = (tmp_path / "out" / "side.png").read_bytes()
    xmp = b"XML:com.adobe.xmp\0\0\0\0\0" + REMOTE.encode()
    chunk = struct.pack(">I", len(xmp)) + b"iTXt" + xmp + struct.pack(">I", zlib.crc32(b"iTXt" + xmp))
    header = plain[:33]
    image = plain[plain.index(b"IDAT") - 4 :]
    (tmp_path / "out" / "others.png").write_bytes(header + chunk + image)
    clean(watch("detect", "others.png"))
    clean(watch("mark", "others.png", "--avatar", "demo"))


def test_a_page_in_one_file(watch: Watch, built: None) -> None:
    clean(watch("export", "demo", "--signal", HELLO, "-o", "me.html"))


@pytest.mark.parametrize(
    "command",
    ["view demo --no-open", "room --people 2 --no-open", "drive demo --osc --view"],
    ids=["view", "room", "drive"],
)
def test_pages_are_served_to_this_machine_alone(command: str, watch: Watch, built: None) -> None:
    clean(watch("-c", SERVED, *command.split(), python=True))


def test_an_avatar_of_another_tool(watch: Watch, tmp_path: Path) -> None:
    bundle = write_bundle(tmp_path / "lam.zip", head())
    clean(watch("import", str(bundle), "me.splatavatar"))


@pytest.mark.slow
def test_a_bake(watch: Watch) -> None:
    clean(watch("bake", str(SAMPLE), "-o", "me.splatavatar", "--iterations", "2"))


@pytest.mark.slow
@pytest.mark.shared
def test_a_bake_of_a_video(watch: Watch) -> None:
    landmark_model()
    pytest.importorskip("mediapipe")
    clip = str(shared("videos/liveportrait-d18.mp4"))
    clean(watch("bake", clip, "-o", "me.splatavatar", "--iterations", "2", "--frames", "30", "--preset", "fast"))


@pytest.mark.slow
@pytest.mark.shared
def test_a_capture_that_is_looked_at(watch: Watch) -> None:
    landmark_model()
    pytest.importorskip("mediapipe")
    clean(watch("capture", "inspect", str(SAMPLE), "-o", "inspect.html"))


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


def test_a_voice_that_is_understood(watch: Watch) -> None:
    pytest.importorskip("pocketsphinx")
    program = (
        "import numpy\n"
        "from splatavatar.capture.proof.hearing import Ear\n"
        "noise = numpy.random.default_rng(0).normal(0, 0.1, 32000).astype(numpy.float32)\n"
        "print(Ear().hear(noise))\n"
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
    # First set: what the test imports is not to stay for those after it.
    monkeypatch.setitem(sys.modules, "rembg", ModuleType("rembg"))
    monkeypatch.delitem(sys.modules, "rembg")
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
