from __future__ import annotations

import ctypes
import ctypes.util
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest

from splatavatar.drive.sinks.window import SQUARE, check_display, checks
from splatavatar.errors import DependencyError

XVFB = shutil.which("Xvfb")
XDOTOOL = shutil.which("xdotool")
PROGRAM = """
import sys
import numpy as np
from splatavatar.drive.live.controls import Controls
from splatavatar.drive.sinks.window import Window
controls = Controls()
window = Window(controls, "avatar of a test")
for n in range(3000):
    window.write(np.full((64, 96, 3 + n % 2), (200, 60, 20, 255)[: 3 + n % 2], np.uint8), 0.0, 0.01)
    state = controls.mirror, controls.background, controls.calibrate.is_set(), window._full
    print(n, *state, flush=True)
    if controls.stopping.is_set():
        print("stopped", flush=True)
        break
    import time; time.sleep(0.01)
window.close()
window.close()
"""

LIVE = """
import sys
from pathlib import Path
from support.small_avatar import small_avatar
from splatavatar.drive.live.controls import Controls
from splatavatar.drive.live.loop import Files, Loop, LoopSettings
from splatavatar.drive.measuring.motion import moving_signal
from splatavatar.drive.performer import Performer
from splatavatar.drive.sinks.opening import open_sink
from splatavatar.drive.sinks.window import Window
from splatavatar.drive.sources.live.playback_source import RecordingSource
avatar, controls = small_avatar(), Controls()
window = Window(controls, "avatar of a test")
files = Files({"a.mp4": open_sink(Path(sys.argv[1]), 30, 64, 64, False)})
source, settings = RecordingSource(moving_signal(), loop=True), LoopSettings((64, 64))
loop = Loop(Performer(avatar), [source], [window], settings, files, controls=controls)
loop.run(lambda stats: print(stats.rendered, *((False, 0, False, False) if stats.rendered else ()), flush=True))
print("stopped", flush=True)
"""


@pytest.fixture(scope="module")
def display() -> Iterator[str]:
    if XVFB is None:
        pytest.skip("Xvfb is not installed")
    reading, writing = os.pipe()
    server = subprocess.Popen(
        [XVFB, "-displayfd", str(writing), "-screen", "0", "640x480x24", "-nolisten", "tcp"],
        pass_fds=[writing],
        stderr=subprocess.DEVNULL,
    )
    os.close(writing)
    with os.fdopen(reading) as pipe:
        number = pipe.readline().strip()
    try:
        yield f":{number}"
    finally:
        server.terminate()
        server.wait()


class Shown:
    """The window in a program of its own, as Qt holds on to the display of a process."""

    def __init__(self, display: str, program: str = PROGRAM, *arguments: str) -> None:
        self.environment = {**os.environ, "DISPLAY": display, "PYTHONPATH": os.pathsep.join(sys.path)}
        self.process = subprocess.Popen(
            [sys.executable, "-c", program, *arguments], env=self.environment, stdout=subprocess.PIPE, text=True
        )
        self.lines: list[str] = []
        threading.Thread(target=self._read, daemon=True).start()
        try:
            self.wait_for("False 0 False False")
        except BaseException:
            self.end()
            raise

    def end(self) -> None:
        self.process.kill()
        self.process.wait()

    def _read(self) -> None:
        assert self.process.stdout is not None
        self.lines += [""]
        for line in self.process.stdout:
            self.lines.append(line.strip())

    def wait_for(self, state: str) -> None:
        end = time.monotonic() + 60
        while not any(line.endswith(state) for line in self.lines):
            assert time.monotonic() < end and self.process.poll() is None, self.lines[-1]
            time.sleep(0.02)
        self.lines.clear()

    def do(self, *command: str) -> str:
        assert XDOTOOL is not None
        return subprocess.run(
            [XDOTOOL, *command], env=self.environment, check=True, capture_output=True, text=True
        ).stdout


class ClientMessage(ctypes.Structure):
    """XClientMessageEvent, padded to the size of an XEvent."""

    _fields_ = (
        ("type", ctypes.c_int),
        ("serial", ctypes.c_ulong),
        ("send_event", ctypes.c_int),
        ("display", ctypes.c_void_p),
        ("window", ctypes.c_ulong),
        ("message_type", ctypes.c_ulong),
        ("format", ctypes.c_int),
        ("data", ctypes.c_long * 5),
        ("padding", ctypes.c_long * 16),
    )


def ask_to_close(display: str, window: int) -> None:
    """What a window manager sends when the cross of a window is clicked."""
    name = ctypes.util.find_library("X11")
    if name is None:
        pytest.skip("libX11 is not installed")
    x = ctypes.CDLL(name)
    x.XOpenDisplay.restype = ctypes.c_void_p
    x.XInternAtom.restype = ctypes.c_ulong
    connection = ctypes.c_void_p(x.XOpenDisplay(display.encode()))
    protocols, delete = (x.XInternAtom(connection, name, 0) for name in (b"WM_PROTOCOLS", b"WM_DELETE_WINDOW"))
    event = ClientMessage(33, 0, 1, connection.value, window, protocols, 32, (ctypes.c_long * 5)(delete))
    x.XSendEvent(connection, ctypes.c_ulong(window), 0, ctypes.c_long(0), ctypes.byref(event))
    x.XCloseDisplay(connection)


@pytest.fixture
def shown(display: str) -> Iterator[Shown]:
    if XDOTOOL is None:
        pytest.skip("xdotool is not installed")
    shown = Shown(display)
    yield shown
    shown.end()


def test_keys_reach_the_controls_and_escape_ends(shown: Shown) -> None:
    number = shown.do("search", "--sync", "--name", "avatar of a test").split()[-1]
    shown.do("windowfocus", "--sync", number)
    for key, state in (
        ("m", "True 0 False False"),
        ("b", "True 1 False False"),
        ("shift+B", "True 2 False False"),
        ("c", "True 2 True False"),
        ("f", "True 2 True True"),
    ):
        shown.do("key", key)
        shown.wait_for(state)
    shown.do("key", "Escape")
    assert shown.process.wait(60) == 0


def test_closing_the_window_ends(shown: Shown) -> None:
    number = shown.do("search", "--sync", "--name", "avatar of a test").split()[-1]
    ask_to_close(shown.environment["DISPLAY"], int(number))
    shown.wait_for("stopped")
    assert shown.process.wait(60) == 0


def test_the_loop_shows_on_the_main_thread_and_writes_beside(display: str, tmp_path: Path) -> None:
    if XDOTOOL is None:
        pytest.skip("xdotool is not installed")
    shown = Shown(display, LIVE, str(tmp_path / "a.mp4"))
    try:
        number = shown.do("search", "--sync", "--name", "avatar of a test").split()[-1]
        shown.do("windowfocus", "--sync", number)
        shown.do("key", "q")
        shown.wait_for("stopped")
        assert shown.process.wait(60) == 0
    finally:
        shown.end()
    with av.open(str(tmp_path / "a.mp4")) as container:
        assert len(list(container.decode(video=0))) > 0


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="windows need DISPLAY on Linux only")
@pytest.mark.parametrize(
    ("display", "where"),
    [
        ("", "no screen (DISPLAY is not set)"),
        (":4711", "no screen at DISPLAY=:4711"),
        ("nonsense", "no screen at DISPLAY=nonsense"),
        ("127.0.0.1:4711.0", "no screen at DISPLAY=127.0.0.1:4711.0"),
    ],
)
def test_without_a_screen_it_says_so(monkeypatch: pytest.MonkeyPatch, display: str, where: str) -> None:
    monkeypatch.setenv("DISPLAY", display)
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    with pytest.raises(DependencyError) as caught:
        check_display()
    assert str(caught.value) == f"{where}, so no window can be shown; write a file instead (-o out.mp4)."


def test_pyav_before_opencv_is_refused_instead_of_waiting_for_ever(display: str) -> None:
    program = (
        "import av, sys\nfrom splatavatar.drive.live.controls import Controls\n"
        "from splatavatar.drive.sinks.window import Window\nfrom splatavatar.errors import DependencyError\n"
        "try: Window(Controls())\nexcept DependencyError as error: print(error)"
    )
    environment = {**os.environ, "DISPLAY": display, "PYTHONPATH": os.pathsep.join(sys.path)}
    said = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert said.stdout == "no window can be shown once PyAV was imported before OpenCV; import cv2 first.\n"


def test_checks_alternate(tmp_path: Path) -> None:
    squares = checks(5 * SQUARE, 3 * SQUARE)
    assert squares.shape == (3 * SQUARE, 5 * SQUARE, 3)
    corners = squares[::SQUARE, ::SQUARE, 0].astype(int)
    assert (np.diff(corners, axis=0) != 0).all() and (np.diff(corners, axis=1) != 0).all()
