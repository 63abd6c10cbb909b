"""One command on a GPU machine without a network: ``python benchmarks/gpu_session.py KIT OUT --minutes 9``.

KIT is the folder that ``benchmarks/gpu_kit.py`` packed. Phases, each in processes of its own:

install   unpacks the wheels and the arrays of the rig, builds splatavatar from this checkout; never left out
doctor    ``splatavatar doctor``
tests     the tests of the kernels and those that need a GPU
gsplat    awaits its compilation, which began with the session, and runs the test that compares to it
figures   ``benchmarks/gpu.py``, with the time that is left; ``--parts`` is handed on

Everything printed is also in OUT/session.log as soon as it is printed; OUT/phases.json has the seconds of each phase,
OUT/gpu.json the figures (a further call writes gpu-2.json). What is built lies in ``--work``: a further call builds
what has changed, and leaves out phases that went well before on the same sources.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from selectors import EVENT_READ, DefaultSelector
from zipfile import ZipFile

ROOT = Path(__file__).resolve().parents[1]
PHASES = ("doctor", "tests", "gsplat", "figures")
SOURCES = ("CMakeLists.txt", "pyproject.toml", "splatavatar", "tests", "benchmarks")
"""what the outcome of a phase depends on"""
NOT_COPIED = ("splatavatar", "build", "out")
"""folders of a checkout that its copy does without"""
KERNELS = ("tests/render/gpu", "tests/avatar/renderers/test_cuda_renderer.py", "tests/bake/engines/test_gpu_engine.py")
"""tests of kernels that run on the GPU if there is one, else under Triton's interpreter"""
AHEAD = "tests/render/gpu/test_compiles.py"
"""compiles for cards that are not here: left out"""
WORKERS = 6
"""processes that share the tests where pytest-xdist is here: most of their time goes into compiling"""
TESTS_SHARE = 0.4
"""of the time that is left: the tests are ended after it"""
WIND_UP = 60.0
"""seconds of the figures' time that they may need to end"""
COMPILE_GSPLAT = "from gsplat.cuda._backend import _C; assert _C is not None, 'gsplat was not compiled'"


@dataclass
class Session:
    """Where things are, until when, and what has run."""

    kit: Path
    out: Path
    work: Path
    until: float
    """``time.monotonic()``"""
    rehearse: bool
    """without a GPU: everything tiny and interpreted"""
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)
    phases: dict[str, dict[str, object]] = field(default_factory=dict)

    @property
    def checkout(self) -> Path:
        """The copy of this checkout that everything is run from."""
        return self.work / "checkout"

    @property
    def left(self) -> float:
        """Seconds."""
        return max(0.0, self.until - time.monotonic())

    def say(self, text: str) -> None:
        """A line on the screen and in the log."""
        self.show((text + "\n").encode())

    def show(self, output: bytes) -> None:
        """On the screen and in the log, at once."""
        sys.stdout.buffer.write(output)
        sys.stdout.buffer.flush()
        with open(self.out / "session.log", "ab") as log:
            log.write(output)

    def environment(self, *more: Path, **variables: str) -> dict[str, str]:
        """Of every process: what is installed, and caches that a further call finds again."""
        programs = (self.work / "site" / "bin", Path(sys.executable).parent, os.environ.get("PATH", os.defpath))
        set_here = {
            "PYTHONPATH": os.pathsep.join(map(str, (self.work / "site", *more))),
            "PATH": os.pathsep.join(map(str, programs)),
            "PYTHONUNBUFFERED": "1",
            "SPLATAVATAR_CACHE": str(self.work / "rig"),
            "TRITON_CACHE_DIR": str(self.work / "triton"),
            "TORCH_EXTENSIONS_DIR": str(self.work / "extensions"),
        }
        return {**os.environ, **set_here, **variables}

    def start(self, command: list[str], environment: dict[str, str], output: int) -> subprocess.Popen[bytes]:
        """A process in a group of its own; not in a checkout, which Python would import from."""
        process = subprocess.Popen(
            command, cwd=self.work, env=environment, stdout=output, stderr=subprocess.STDOUT, preexec_fn=os.setpgrp
        )
        self.running.append(process)
        return process

    def run(self, command: list[str], limit: float, environment: dict[str, str] | None = None) -> int:
        """Shows what a command prints as it does; its exit status, 124 where it was ended after ``limit`` seconds."""
        self.say("$ " + " ".join(command))
        process = self.start(command, environment or self.environment(), subprocess.PIPE)
        assert process.stdout is not None
        until, late = time.monotonic() + limit, False
        with DefaultSelector() as ready, process.stdout:
            ready.register(process.stdout, EVENT_READ)
            while True:
                if not late and time.monotonic() > until:
                    late = True
                    self.say(f"Ended after {limit:.0f} s")
                    end(process)
                if ready.select(0.5):
                    if not (output := os.read(process.stdout.fileno(), 1 << 16)):
                        break
                    self.show(output)
                elif process.poll() is not None:
                    break
        return 124 if late else process.wait()

    def phase(self, name: str, work: Callable[[], int], key: str) -> bool:
        """Runs ``work``, unless it went well before with the same ``key``; whether it went well."""
        notes = self.work / "done.json"
        done = json.loads(notes.read_text()) if notes.is_file() else {}
        if key and done.get(name) == key:
            self.say(f"=== {name}: done before")
            return True
        self.say(f"=== {name}: {self.left:.0f} s left")
        began = time.monotonic()
        code = work()
        self.note(name, code, time.monotonic() - began)
        if code == 0 and key:
            notes.write_text(json.dumps({**done, name: key}))
        return code == 0

    def note(self, name: str, code: int, seconds: float) -> None:
        """Prints and keeps how a phase ended."""
        self.phases[name] = {"exit": code, "seconds": round(seconds, 1)}
        (self.out / "phases.json").write_text(json.dumps(self.phases, indent=1) + "\n")
        self.say(f"=== {name}: exit {code}, {seconds:.1f} s")

    def stop(self) -> None:
        """Ends whatever still runs."""
        for process in self.running:
            end(process)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kit", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--minutes", type=float, default=9.0, help="for everything (default %(default)g)")
    parser.add_argument("--phases", default=",".join(PHASES), help="some of %(default)s")
    parser.add_argument("--parts", help="of benchmarks/gpu.py (default: all)")
    parser.add_argument("--avatar", help="of the figures, a file or a file of the kit (default: demo)")
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "splatavatar-gpu")
    parser.add_argument("--rehearse", action="store_true", help="without a GPU: everything tiny and interpreted")
    options = parser.parse_args()
    chosen = options.phases.split(",")
    if unknown := [name for name in chosen if name not in PHASES]:
        parser.error(f"unknown phase {unknown[0]!r}; the phases are {', '.join(PHASES)}")
    if not (options.kit / "kit.json").is_file():
        parser.error(f"{options.kit} is no kit: it has no kit.json")
    for folder in (options.out, options.work):
        folder.mkdir(parents=True, exist_ok=True)
    session = Session(
        options.kit.resolve(),
        options.out.resolve(),
        options.work.resolve(),
        time.monotonic() + 60 * options.minutes,
        options.rehearse,
    )
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(143))
    try:
        failed = run(session, chosen, options)
    finally:
        session.stop()
        session.say("seconds: " + ", ".join(f"{name} {it['seconds']}" for name, it in session.phases.items()))
    sys.exit(1 if failed else 0)


def run(session: Session, chosen: list[str], options: argparse.Namespace) -> list[str]:
    """All ``chosen`` phases; the names of those that failed. Nothing can follow a failed installation."""
    key = fingerprint(ROOT / name for name in SOURCES)
    # Its kernels need a card to be compiled for, and one to run on.
    gsplat = Gsplat(session) if "gsplat" in chosen and not session.rehearse else None
    if not session.phase("install", lambda: install(session), key + fingerprint([session.kit])):
        return ["install"]
    compared: list[Path] = []
    failed = []
    if "doctor" in chosen and not session.phase("doctor", lambda: doctor(session, gsplat), key):
        failed.append("doctor")
    if "tests" in chosen and not session.phase("tests", lambda: tests(session), key):
        failed.append("tests")
    if gsplat is not None:
        if session.phase("gsplat", gsplat.compare, key):
            compared = [gsplat.folder]
        else:
            failed.append("gsplat")
    if "figures" in chosen and not session.phase("figures", lambda: figures(session, options, compared), ""):
        failed.append("figures")
    return failed


def install(session: Session) -> int:
    """Wheels, the rig's arrays and splatavatar itself in folders of the session; the build is kept for the next."""
    site = session.work / "site"
    rig = session.kit / "rig"
    for path in rig.rglob("*"):
        if path.is_file():
            target = (session.work / "rig" if path.parent == rig else site) / path.relative_to(rig)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-index", "--no-deps"]
    pip += ["--no-compile", "--upgrade", "--target", str(site)]
    if wheels := [str(wheel) for wheel in sorted((session.kit / "wheels").glob("*.whl"))]:
        session.run([*pip, *wheels], session.left)
    build = ["--no-build-isolation", f"--config-settings=build-dir={session.work / 'native'}"]
    code = session.run([*pip, *build, str(ROOT)], session.left)
    copy_checkout(session.checkout, site)
    return code


def copy_checkout(target: Path, site: Path) -> None:
    """A checkout whose package is the installed one: tests that start programs have these import from the checkout."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    for path in ROOT.iterdir():
        if path.is_dir() and not path.name.startswith(".") and path.name not in NOT_COPIED:
            shutil.copytree(path, target / path.name, ignore=shutil.ignore_patterns("__pycache__"))
        elif path.is_file():
            shutil.copy(path, target)
    (target / "splatavatar").symlink_to(site / "splatavatar")


def doctor(session: Session, gsplat: Gsplat | None) -> int:
    """What is here and what is not; that something lacks, such as PyAV for films, is no failure of the session."""
    environment = session.environment(*([gsplat.folder] if gsplat else []))
    code = session.run([sys.executable, "-m", "splatavatar", "doctor"], min(60.0, session.left), environment)
    return 0 if code == 1 else code


def tests(session: Session) -> int:
    """The tests of the kernels, and unless it is a rehearsal those marked gpu."""
    until = session.left * (1 - TESTS_SHARE)
    kernels = session.run(pytest(session, *KERNELS), session.left - until)
    if session.rehearse:
        return kernels
    marked_gpu = session.run(pytest(session, "-m", "gpu", *marked(session.checkout)), session.left - until)
    return max(kernels, marked_gpu)


def figures(session: Session, options: argparse.Namespace, more: list[Path]) -> int:
    """``benchmarks/gpu.py`` with the capture of the kit; ``more`` is where else it finds packages."""
    minutes = (session.left - WIND_UP) / 60
    if minutes <= 0:
        session.say("no time left for figures")
        return 1
    packed = session.kit / "avatars" / (options.avatar or "")
    avatar = str(packed) if packed.is_file() else options.avatar or "demo"
    command = [sys.executable, str(session.checkout / "benchmarks" / "gpu.py"), avatar]
    for capture in (session.kit / "capture").iterdir():
        command += ["--capture", str(capture)]
    command += ["--parts", options.parts] if options.parts else []
    command += ["--minutes", f"{minutes:.2f}", "--out", str(unused(session.out / "gpu.json"))]
    command += ["--rehearse"] * session.rehearse
    return session.run(command, session.left, session.environment(*more))


def pytest(session: Session, *arguments: str) -> list[str]:
    """The command for some tests, given relative to the checkout."""
    root = session.checkout
    command = [sys.executable, "-m", "pytest", "-c", str(root / "pyproject.toml"), "--rootdir", str(root), "-v"]
    command += ["-p", "no:cacheprovider", "--durations=10", "-rfEs", "--tb=short", f"--ignore={root / AHEAD}"]
    command += ["-n", str(WORKERS)] if find_spec("xdist") and not session.rehearse else []
    return command + [str(root / word) if word.startswith("tests") else word for word in arguments]


def marked(root: Path) -> list[str]:
    """Files with tests marked gpu: others may import what is not here, and pytest runs nothing if one fails to."""
    files = sorted((root / "tests").rglob("test_*.py"))
    return [str(path.relative_to(root)) for path in files if "mark.gpu" in path.read_text()]


class Gsplat:
    """gsplat, which is compiled in the background.

    It has a folder of its own, where nothing else looks until it is compiled: a process that imports gsplat while
    another one compiles it removes what that one has made. The figures wait: compilers would disturb them.
    """

    def __init__(self, session: Session) -> None:
        """Starts the compilation, which finds what an earlier session has compiled."""
        self.session, self.folder = session, session.work / "gsplat"
        for wheel in (session.kit / "gsplat").glob("*.whl"):
            with ZipFile(wheel) as archive:
                archive.extractall(self.folder)
        variables = {"MAX_JOBS": str(os.cpu_count() or 1), "VERBOSE": "1"}
        if capability := card_capability():
            variables["TORCH_CUDA_ARCH_LIST"] = capability
        with open(session.out / "gsplat.log", "wb") as log:
            environment = session.environment(self.folder, **variables)
            self.process = session.start([sys.executable, "-c", COMPILE_GSPLAT], environment, log.fileno())

    def compare(self) -> int:
        """Waits for the compilation, for at most a third of the time that is left, and runs the test."""
        try:
            code = self.process.wait(self.session.left / 3)
        except subprocess.TimeoutExpired:
            end(self.process)
            code = 124
        self.session.say(f"gsplat.log ends with exit {code}")
        if code:
            return code
        command = pytest(self.session, "-m", "gpu", "tests/render/test_gsplat.py")
        return self.session.run(command, self.session.left / 3, self.session.environment(self.folder))


def card_capability() -> str | None:
    """Compute capability of the first card, such as 9.0; None where nvidia-smi does not say."""
    command = ["nvidia-smi", "--query-gpu=compute_cap", "--format=csv,noheader"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.split()[0] if done.returncode == 0 and done.stdout.split() else None


def fingerprint(paths: Iterable[Path]) -> str:
    """Of the names and contents of all files there."""
    seen = hashlib.sha256()
    for path in paths:
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file() and file.suffix not in (".pyc", ".so"):
                seen.update(str(file).encode() + file.read_bytes())
    return seen.hexdigest()[:16]


def unused(path: Path) -> Path:
    """``path``, or the first of path-2, path-3 ... that is not there."""
    number, free = 1, path
    while free.exists():
        number += 1
        free = path.with_name(f"{path.stem}-{number}{path.suffix}")
    return free


def end(process: subprocess.Popen[bytes]) -> None:
    """Ends a process and those it started: interrupted, which pytest answers with its summary, then made to."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        if process.poll() is None:
            try:
                os.killpg(process.pid, number)
                process.wait(5)
            except (ProcessLookupError, subprocess.TimeoutExpired):
                continue


if __name__ == "__main__":
    main()
