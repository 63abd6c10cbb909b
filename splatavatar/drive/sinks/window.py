"""A window on the screen, by OpenCV."""

from __future__ import annotations

import os
import re
import socket
import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

from splatavatar.drive.live.controls import Controls
from splatavatar.drive.sinks.background import over
from splatavatar.errors import DependencyError
from splatavatar.extras import required

ESCAPE = 27
SQUARE = 16
"""pixels of the squares that stand for nothing behind the avatar"""
LIGHT, DARK = 204, 153
X_SOCKETS = "/tmp/.X11-unix/X"
X_PORT = 6000
KEYS = "F full screen, M mirror, C calibrate, B background, Esc or Q quit"


class Window:
    """Shows pictures in a window that can be resized. Its keys are those of ``KEYS``.

    Made and used on the main thread, and made before anything that reads or writes videos. Closing it ends the loop.
    """

    main_thread = True

    def __init__(self, controls: Controls, title: str = "splatavatar") -> None:
        """``controls`` takes what the keys ask for. Raises DependencyError where there is no screen, and on Linux where
        PyAV was imported before OpenCV.
        """
        check_display()
        check_order()
        self.name = "window"
        self._cv = _import_cv2()
        self._controls = controls
        self._title = title
        self._open = False
        self._full = False
        self._checks: NDArray[np.uint8] = np.empty((0, 0, 3), np.uint8)

    def write(self, image: NDArray[np.uint8], moment: float, age: float | None) -> None:
        """Show ``image`` and do what has been typed."""
        cv = self._cv
        height, width = image.shape[:2]
        if not self._open:
            cv.namedWindow(self._title, cv.WINDOW_NORMAL | cv.WINDOW_KEEPRATIO | cv.WINDOW_GUI_NORMAL)
            cv.resizeWindow(self._title, width, height)
            self._open = True
        if image.shape[2] == 4:
            if self._checks.shape[:2] != (height, width):
                self._checks = checks(width, height)
            image = over(image, self._checks)
        cv.imshow(self._title, cv.cvtColor(image, cv.COLOR_RGB2BGR))
        self._act(cv.pollKey())
        if not self._visible():
            self._open = False
            self._controls.stop()

    def close(self) -> None:
        """Close the window."""
        if self._open and self._visible():
            self._cv.destroyWindow(self._title)
            self._cv.pollKey()
        self._open = False

    def _act(self, key: int) -> None:
        # Key codes carry the modifiers above the low byte; no key is -1.
        pressed = "" if key < 0 else chr(key & 0xFF).lower()
        if pressed == "f":
            self._full = not self._full
            flag = self._cv.WINDOW_FULLSCREEN if self._full else self._cv.WINDOW_NORMAL
            self._cv.setWindowProperty(self._title, self._cv.WND_PROP_FULLSCREEN, flag)
        elif pressed == "m":
            self._controls.toggle_mirror()
        elif pressed == "c":
            self._controls.calibrate.set()
        elif pressed == "b":
            self._controls.next_background()
        elif pressed in ("q", chr(ESCAPE)):
            self._controls.stop()

    def _visible(self) -> bool:
        try:
            return bool(self._cv.getWindowProperty(self._title, self._cv.WND_PROP_VISIBLE) >= 1)
        except self._cv.error:
            return False


def checks(width: int, height: int) -> NDArray[np.uint8]:
    """A picture (height, width, 3) of light and dark grey squares."""
    y, x = np.arange(height) // SQUARE, np.arange(width) // SQUARE
    squares = np.where((y[:, None] + x) % 2 == 0, LIGHT, DARK).astype(np.uint8)
    return np.repeat(squares[..., None], 3, axis=2)


def check_display() -> None:
    """Raises DependencyError where no window can be shown; OpenCV would end the whole program instead."""
    if not sys.platform.startswith("linux"):
        return
    display = os.environ.get("DISPLAY", "")
    if not display:
        # The OpenCV wheels bring no support of Wayland; X programs run there through XWayland, which sets DISPLAY.
        where = "no screen (DISPLAY is not set)"
    elif not _answers(display):
        where = f"no screen at DISPLAY={display}"
    else:
        return
    raise DependencyError(f"{where}, so no window can be shown; write a file instead (-o out.mp4).")


def check_order() -> None:
    """Raises DependencyError where a window would never open.

    The wheels of PyAV and OpenCV bring libraries of X of the same names, PyAV's on a libxcb of its own. Whichever is
    imported first provides them for both, and Qt waits for ever on PyAV's.
    """
    imported = list(sys.modules)
    if not sys.platform.startswith("linux") or "av" not in imported:
        return
    if "cv2" not in imported or imported.index("av") < imported.index("cv2"):
        raise DependencyError("no window can be shown once PyAV was imported before OpenCV; import cv2 first.")


def _answers(display: str) -> bool:
    """Whether an X server takes connections at ``display``, such as ``:0``, ``:1.0`` or ``host:10.0``."""
    host, _, number = display.rpartition(":")
    number = number.split(".")[0]
    if not re.fullmatch(r"[0-9]{1,5}", number):
        return False
    try:
        if host in ("", "unix"):
            return any(_connects(socket.AF_UNIX, name + number) for name in (X_SOCKETS, "\0" + X_SOCKETS))
        with socket.create_connection((host.removesuffix("/unix"), X_PORT + int(number)), timeout=5):
            return True
    except (OSError, OverflowError):
        return False


def _connects(family: int, address: str) -> bool:
    with socket.socket(family, socket.SOCK_STREAM) as connection:
        return connection.connect_ex(address) == 0


def _import_cv2() -> Any:
    return required("cv2")
