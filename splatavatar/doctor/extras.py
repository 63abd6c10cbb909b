"""What single commands need: bodies, faces, sound, cameras, mattes, marks, a page, rooms, servers, clusters."""

from __future__ import annotations

import sys
from ctypes.util import find_library

from splatavatar.doctor.part import Part, package
from splatavatar.extras import install
from splatavatar.render.gpu_facts import installed


def extra_parts() -> list[Part]:
    """Imports none of the packages."""
    names = ("audio", "live", "matting", "colmap", "trust", "viewer")
    audio, live, matting, colmap, trust, viewer = map(install, names)
    return [
        _anny(),
        package("mediapipe", "video, webcams", installed("mediapipe"), install("drive")),
        _face_landmarker(),
        package("onnxruntime", "--audio, --mic", installed("onnxruntime", "onnxruntime", "onnxruntime-gpu"), audio),
        _sounddevice(live),
        package("pyvirtualcam", "--virtual-camera", installed("pyvirtualcam"), live),
        package("rembg", "--matting rembg", installed("rembg"), matting),
        package("pycolmap", "capture solve", installed("pycolmap"), colmap),
        package("c2pa", "marks of films", installed("c2pa", "c2pa-python"), trust),
        package("pocketsphinx", "spoken consent", installed("pocketsphinx"), install("bake")),
        package("fastapi", "view", installed("fastapi"), viewer),
        package("aiortc", "room, serve", installed("aiortc"), install("room")),
        package("prometheus", "serve", installed("prometheus_client", "prometheus-client"), install("serve")),
        package("livekit", "agent", installed("livekit", "livekit-agents"), install("livekit")),
        package("pipecat", "Pipecat agents", installed("pipecat", "pipecat-ai"), install("pipecat")),
        package("ray", "bakes", installed("ray"), install("cluster")),
    ]


def _anny() -> Part:
    from splatavatar.rig.anny_data import cache_path
    from splatavatar.rig.loader import BUILTIN

    purpose, version = "bake", installed("anny")
    if version is None:
        return Part("anny", purpose, "missing", "not installed", install("bake"))
    prepared = [kind for kind in BUILTIN if cache_path(kind, "data").is_file()]
    how = f"prepared: {', '.join(prepared)}" if prepared else "not prepared yet: the first bake does so in a minute"
    return Part("anny", purpose, "present", f"{version}, {how}")


def _face_landmarker() -> Part:
    from splatavatar.errors import DependencyError
    from splatavatar.models import LANDMARKER, MODELS, intact, locate

    purpose, model = "video, webcams", MODELS[LANDMARKER]
    try:
        path = locate(model.name)
    except DependencyError:
        return Part("face landmarker", purpose, "missing", "not here", model.command)
    if not intact(path, model):
        why = f"{path} is another file (its SHA-256 differs)"
        return Part("face landmarker", purpose, "broken", why, model.command)
    return Part("face landmarker", purpose, "present", str(path))


def _sounddevice(command: str) -> Part:
    purpose, version = "--mic", installed("sounddevice")
    if version is None:
        return Part("sounddevice", purpose, "missing", "not installed", command)
    # On other systems the package brings the library.
    if sys.platform.startswith("linux") and find_library("portaudio") is None:
        return Part("sounddevice", purpose, "missing", f"{version} without PortAudio", "apt install libportaudio2")
    return Part("sounddevice", purpose, "present", version)
