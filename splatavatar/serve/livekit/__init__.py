"""A face in LiveKit's rooms: for an agent in its own process, and as a worker on another machine.

The names below are imported when they are first used, and LiveKit with them: ``pip install "splatavatar[livekit]"``.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from splatavatar.extras import required

if TYPE_CHECKING:
    from splatavatar.serve.livekit.avatar import SplatAvatar
    from splatavatar.serve.livekit.face_options import FaceOptions
    from splatavatar.serve.livekit.generator import SplatVideoGenerator
    from splatavatar.serve.livekit.runner import SplatRunner
    from splatavatar.serve.livekit.worker import work

_MODULES = {
    "FaceOptions": "face_options",
    "SplatAvatar": "avatar",
    "SplatRunner": "runner",
    "SplatVideoGenerator": "generator",
    "work": "worker",
}

__all__ = ["FaceOptions", "SplatAvatar", "SplatRunner", "SplatVideoGenerator", "work"]


def __getattr__(name: str) -> Any:
    module = _MODULES.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if module != "face_options":
        required("livekit")
    value = getattr(import_module(f"{__name__}.{module}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
