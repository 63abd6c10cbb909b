"""The thread pool alone (``thread_pool_check.cpp``), and what Python sees of it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from splatavatar.render import _native
from support.native_build import SANITIZED, compiled, run

FILES = ("thread_pool.cpp", "calls.cpp")


def kept(program: Path) -> None:
    done = subprocess.run([program], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout) == (0, "kept\n"), done.stdout + done.stderr


def test_promises(tmp_path: Path) -> None:
    kept(compiled("thread_pool_check.cpp", FILES, ("-O1",), tmp_path))


@pytest.mark.slow
@pytest.mark.parametrize("sanitizer", ["thread", "address,undefined"])
def test_promises_under_a_sanitizer(sanitizer: str, tmp_path: Path) -> None:
    flags = ("-O1", "-g", f"-fsanitize={sanitizer}", "-fno-sanitize-recover=all")
    kept(compiled("thread_pool_check.cpp", FILES, flags, tmp_path))


PICTURE = """
import numpy as np
from splatavatar.gaussians.gaussians import Gaussians
from splatavatar.render import _native
from splatavatar.render.camera import Camera
from splatavatar.render.rasterize import rasterize
camera = Camera(np.eye(4), np.array([[90.0, 0, 32], [0, 90, 32], [0, 0, 1]]), 64, 64)
rng = np.random.default_rng(1)
fields = rng.normal(0, 0.2, (500, 3)) + [0, 0, 1], rng.normal(0, 1, (500, 4)), np.full((500, 3), 0.02), np.ones(500)
scene = Gaussians(*(field.astype(np.float32) for field in (*fields, rng.random((500, 3)))))
def picture():
    return rasterize(scene, camera).colour
"""


@pytest.mark.skipif(SANITIZED, reason="a sanitizer needs all addresses")
def test_threads_that_cannot_be_made() -> None:
    # A thread's stack is 8 MiB of addresses: where there are 64 MiB more, a few of 200 threads can be made.
    limited = """
import resource
_native.set_thread_count(1)
one = picture()
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + (64 << 20), used + (64 << 20)))
_native.set_thread_count(200)
assert np.array_equal(picture(), one)
assert 1 <= _native.thread_count() < 200, _native.thread_count()
assert np.array_equal(picture(), one)
"""
    done = run(PICTURE + limited)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "value", ["abc", "0", "-1", "257", "1000", "", " 4 ", "1e3", "4.0", "+4", "0x4", "٣", "9" * 400, "4\x1b[31m"]
)
def test_a_number_of_threads_that_is_none(value: str) -> None:
    done = run(
        "import splatavatar\n"
        "from splatavatar.errors import SettingsError\n"
        "from splatavatar.render import _native\n"
        "for _ in range(2):\n"
        "    try:\n"
        "        print(_native.thread_count())\n"
        "    except SettingsError as error:\n"
        "        print(error)\n",
        SPLATAVATAR_THREADS=value,
    )
    shown = "".join(character if " " <= character <= "~" else "?" for character in value)
    shown = "??" if value == "٣" else shown[:40]
    sentence = (
        f"SPLATAVATAR_THREADS is '{shown}'; expected a whole number from 1 to 256, or leave it unset for all cores\n"
    )
    assert (done.returncode, done.stdout) == (0, 2 * sentence), done.stderr


@pytest.mark.parametrize(("value", "threads"), [("1", 1), ("3", 3), ("04", 4), ("256", 256)])
def test_threads_from_the_environment(value: str, threads: int) -> None:
    code = "from splatavatar.render import _native; print(_native.thread_count())"
    assert int(run(code, SPLATAVATAR_THREADS=value).stdout) == threads


@pytest.mark.parametrize("threads", [0, -1, 257])
def test_a_number_of_threads_that_cannot_be_set(threads: int) -> None:
    with pytest.raises(ValueError, match="threads out of range 1 to 256"):
        _native.set_thread_count(threads)


def test_two_threads_draw_at_once() -> None:
    code = """
import threading
right, wrong = picture(), []
def draw():
    for _ in range(100):
        if not np.array_equal(picture(), right):
            wrong.append(1)
threads = [threading.Thread(target=draw) for _ in range(3)]
for thread in threads: thread.start()
for count in (1, 2, 3, 4) * 5: _native.set_thread_count(count)
for thread in threads: thread.join()
assert not wrong
"""
    done = run(PICTURE + code, SPLATAVATAR_THREADS="2")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("drawing", [0, 1, 2])
def test_forks_while_threads_draw(drawing: int) -> None:
    code = f"""
import os, signal, threading
right, stop = picture(), threading.Event()
def draw():
    while not stop.is_set(): picture()
threads = [threading.Thread(target=draw) for _ in range({drawing})]
for thread in threads: thread.start()
for _ in range(20):
    child = os.fork()
    if child == 0:
        signal.alarm(30)
        os._exit(0 if np.array_equal(picture(), right) else 1)
    status = os.waitpid(child, 0)[1]
    assert status == 0, status
stop.set()
for thread in threads: thread.join()
assert np.array_equal(picture(), right)
"""
    done = run(PICTURE + code, SPLATAVATAR_THREADS="2")
    assert done.returncode == 0, done.stderr


def test_processes_that_fork_draw() -> None:
    code = """
import multiprocessing
right = picture()
def same(_): return np.array_equal(picture(), right)
with multiprocessing.get_context("fork").Pool(2) as pool:
    assert all(pool.map(same, range(20)))
"""
    done = run(PICTURE + code, SPLATAVATAR_THREADS="2")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("drawing", [1, 2])
def test_the_interpreter_ends_while_threads_draw(drawing: int) -> None:
    code = f"""
import threading, time
def draw():
    while True: picture()
picture()
for _ in range({drawing}): threading.Thread(target=draw, daemon=True).start()
time.sleep(0.2)
"""
    for _ in range(5):
        done = run(PICTURE + code, SPLATAVATAR_THREADS="2")
        assert (done.returncode, done.stderr) == (0, "")
