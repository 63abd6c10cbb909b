"""The packages of others that report to their makers, or write where nobody looks: imported here, and kept from it.

What is done in a picture, a voice or a file is nobody else's business. ``splatavatar models pull`` is what goes to the
network, where it is asked to. `tests/test_privacy.py` watches what the commands open.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import importlib.util
import logging
import os
import secrets
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from splatavatar.folders import cache_folder

LOG = logging.getLogger("splatavatar")

NOWHERE = {b"https_proxy": b"off://off", b"no_proxy": b"off"}
"""what libcurl is told: it refuses the scheme before it looks up a name or opens a connection"""

RAY = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_enable_metrics_collection": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_BACKEND_LOG_LEVEL": "fatal",
}
"""what Ray is told: it reports nothing, collects no figures for a dashboard, leaves variables of GPUs as they are and
writes pages of what it tries to no terminal"""
# The second is Ray's switch for systems on which it has no clusters: its servers then listen on loopback alone.
RAY_ALONE = {"RAY_AUTH_MODE": "token", "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}
"""what it is told beside that where it is for one process alone"""


def import_onnxruntime() -> Any:
    """The package, which otherwise keeps a device id in ``~/.cache/Microsoft`` and sends what it runs to its maker.

    Raises ModuleNotFoundError.
    """
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    onnxruntime: Any = importlib.import_module("onnxruntime")
    # For a program that had imported it before.
    with contextlib.suppress(AttributeError):
        onnxruntime.disable_telemetry_events()
    return onnxruntime


def import_rembg(model: str) -> Any:
    """The package, whose networks are kept in our cache; says so where it is about to fetch ``model``.

    Raises ImportError.
    """
    with contextlib.suppress(ModuleNotFoundError):
        import_onnxruntime()
    before = Path(os.environ.get("U2NET_HOME", "~/.u2net")).expanduser()
    if not (before / f"{model}.onnx").is_file():
        folder = Path(os.environ.setdefault("U2NET_HOME", str(cache_folder() / "rembg")))
        if importlib.util.find_spec("rembg") is not None and not (folder / f"{model}.onnx").is_file():
            LOG.warning("rembg fetches its network %s from github.com/danielgatis/rembg, once, into %s", model, folder)
    return importlib.import_module("rembg")


def import_anny() -> Any:
    """The package, which keeps some 0.8 GB in the home folder; with us in our cache. Raises ImportError."""
    folder = cache_folder()
    os.environ.setdefault("ANNY_CACHE_DIR", str(folder / "anny"))
    os.environ.setdefault("WARP_CACHE_PATH", str(folder / "warp"))
    with _some_home():
        return importlib.import_module("anny")


def import_mediapipe() -> tuple[Any, Any]:
    """Imports ``mediapipe`` and ``mediapipe.tasks.python``; what they make is to live within ``unreported``.

    Its drawing, which we do not use, imports matplotlib, which lists the fonts of the machine in the home folder: that
    is put off until somebody draws. Raises ImportError.
    """
    late = [name for name in ("matplotlib", "matplotlib.pyplot") if name not in sys.modules]
    if len(late) == 2:
        outer, inner = _Later("matplotlib"), _Later("matplotlib.pyplot")
        outer.__path__ = []
        outer.pyplot = inner  # type: ignore[attr-defined]
        sys.modules.update({"matplotlib": outer, "matplotlib.pyplot": inner})
    try:
        return importlib.import_module("mediapipe"), importlib.import_module("mediapipe.tasks.python")
    finally:
        for name in late if len(late) == 2 else ():
            if isinstance(sys.modules.get(name), _Later):
                del sys.modules[name]


def import_ray(alone: bool = False) -> Any:
    """The package, which otherwise reports how a cluster is used to ``usage-stats.ray.io``.

    ``alone``: what is started is for this process and answers loopback alone, and nobody but those who know a token
    that is made now; Ray would listen on every network, and keep one in the home folder. The processes that it starts
    have the variables from this one. Raises ModuleNotFoundError.
    """
    os.environ.update(RAY)
    if alone:
        os.environ.update(RAY_ALONE, RAY_AUTH_TOKEN=secrets.token_hex(32))
    return importlib.import_module("ray")


def keep_triton() -> None:
    """Has Triton, which is imported after this, keep its kernels in our cache, unless the user has said where."""
    if "TRITON_HOME" not in os.environ:
        os.environ.setdefault("TRITON_CACHE_DIR", str(cache_folder() / "triton"))


class _Later(ModuleType):
    """A module that is imported once something is asked of it."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(importlib.import_module(self.__name__), name)


_guard = threading.Lock()
_open = 0
_before: dict[bytes, bytes | None] = {}


@contextlib.contextmanager
def unreported() -> Iterator[None]:
    """While this is open, native code that reports by libcurl goes nowhere.

    MediaPipe sends what it ran to ``play.googleapis.com`` whenever a task is closed, and has no switch for it. The
    environment that C sees says meanwhile that HTTPS goes through a proxy that does not exist; ``os.environ``, and so
    everything in Python, stays as it is.
    """
    global _open
    with _guard:
        if _open == 0:
            for name, value in NOWHERE.items():
                _before[name] = _C.getenv(name)
                _C.setenv(name, value, 1)
        _open += 1
    try:
        yield
    finally:
        with _guard:
            _open -= 1
            if _open == 0:
                for name, value_before in _before.items():
                    if value_before is None:
                        _C.unsetenv(name)
                    else:
                        _C.setenv(name, value_before, 1)


_C = ctypes.CDLL(None)
_C.getenv.restype = ctypes.c_char_p
_C.getenv.argtypes = _C.unsetenv.argtypes = [ctypes.c_char_p]
_C.setenv.argtypes = [ctypes.c_char_p, ctypes.c_char_p, ctypes.c_int]


@contextlib.contextmanager
def _some_home() -> Iterator[None]:
    """Anny asks for the home folder when it is imported, whether it needs one or not."""
    try:
        Path.home()
    except RuntimeError:
        os.environ["HOME"] = str(cache_folder())
        try:
            yield
        finally:
            del os.environ["HOME"]
        return
    yield
