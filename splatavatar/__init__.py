"""Bake a person into a rigged 3D-Gaussian-splat avatar, then drive it in real time on a CPU.

The names below are the public API. Each is imported on first use, so ``import splatavatar`` costs nothing.
"""

from __future__ import annotations

import warnings
from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from splatavatar.avatar.avatar import Avatar
    from splatavatar.avatar.consent import Consent
    from splatavatar.avatar.file import load_avatar, save_avatar
    from splatavatar.avatar.framing import default_camera
    from splatavatar.avatar.importers.table import import_avatar
    from splatavatar.avatar.mesh.rigged_gltf import write_rigged_mesh
    from splatavatar.avatar.renderers.open_renderer import open_renderer
    from splatavatar.avatar.torch_avatar import TensorAvatar, bind, tensor_avatar
    from splatavatar.bake.api import bake
    from splatavatar.bake.events import Baked
    from splatavatar.bake.scoring.evaluate import evaluate
    from splatavatar.bake.training.trainer import BakeStep
    from splatavatar.capture import read_capture
    from splatavatar.capture.capture import Capture
    from splatavatar.drive.face.behaviour import Behaviour
    from splatavatar.drive.face.mood import Mood
    from splatavatar.drive.film import save_video
    from splatavatar.drive.live.controls import Controls
    from splatavatar.drive.performer import Performer
    from splatavatar.drive.playback import play
    from splatavatar.drive.retarget import retarget
    from splatavatar.drive.session import Session
    from splatavatar.drive.settings import SessionSettings
    from splatavatar.drive.signal import FaceSignal, Recording
    from splatavatar.drive.sinks.opening import open_sink
    from splatavatar.drive.sinks.signals.write import write_recording as write_signal
    from splatavatar.drive.sources.recorded.read import read_signal
    from splatavatar.drive.sources.registry import make_from as open_source
    from splatavatar.drive.view import camera_from_file
    from splatavatar.errors import (
        AvatarFileError,
        CaptureError,
        DependencyError,
        OutputError,
        RigError,
        RoomError,
        SettingsError,
        SignalError,
        SourceError,
        SplatAvatarError,
        TrustError,
    )
    from splatavatar.gaussians.formats.ply import write_ply
    from splatavatar.gaussians.formats.write import write_splats
    from splatavatar.gaussians.gaussians import BoundGaussians, Correctives, Gaussians
    from splatavatar.render.camera import Camera, Image, look_at
    from splatavatar.render.rasterize import rasterize
    from splatavatar.rig.arkit import NAMES as ARKIT_NAMES
    from splatavatar.rig.loader import load_rig
    from splatavatar.rig.rig import PoseParameters, Rig
    from splatavatar.rig.skinning import TensorRig, pose, tensor_rig
    from splatavatar.trust.credentials.mark import add_credentials
    from splatavatar.trust.credentials.read import credentials_of
    from splatavatar.trust.policy import why_not
    from splatavatar.trust.revocation import read_revocation
    from splatavatar.trust.signing import sign_avatar
    from splatavatar.trust.verification import Verdict, verify_avatar
    from splatavatar.viewer.room.host import open_room
    from splatavatar.viewer.room.listener import RoomListener
    from splatavatar.viewer.room.member import RoomMember
    from splatavatar.viewer.room.messages import Person

_MODULES = {
    "ARKIT_NAMES": "rig.arkit:NAMES",
    "Avatar": "avatar.avatar",
    "AvatarFileError": "errors",
    "BakeStep": "bake.training.trainer",
    "Baked": "bake.events",
    "Behaviour": "drive.face.behaviour",
    "BoundGaussians": "gaussians.gaussians",
    "Camera": "render.camera",
    "Capture": "capture.capture",
    "CaptureError": "errors",
    "Consent": "avatar.consent",
    "Controls": "drive.live.controls",
    "Correctives": "gaussians.gaussians",
    "DependencyError": "errors",
    "FaceSignal": "drive.signal",
    "Gaussians": "gaussians.gaussians",
    "Image": "render.camera",
    "Mood": "drive.face.mood",
    "OutputError": "errors",
    "Performer": "drive.performer",
    "Person": "viewer.room.messages",
    "PoseParameters": "rig.rig",
    "Recording": "drive.signal",
    "Rig": "rig.rig",
    "RigError": "errors",
    "RoomError": "errors",
    "RoomListener": "viewer.room.listener",
    "RoomMember": "viewer.room.member",
    "Session": "drive.session",
    "SessionSettings": "drive.settings",
    "SettingsError": "errors",
    "SignalError": "errors",
    "SourceError": "errors",
    "SplatAvatarError": "errors",
    "TensorAvatar": "avatar.torch_avatar",
    "TensorRig": "rig.skinning",
    "TrustError": "errors",
    "Verdict": "trust.verification",
    "add_credentials": "trust.credentials.mark",
    "bake": "bake",
    "bind": "avatar.torch_avatar",
    "camera_from_file": "drive.view",
    "credentials_of": "trust.credentials.read",
    "default_camera": "avatar.framing",
    "evaluate": "bake.scoring.evaluate",
    "import_avatar": "avatar.importers.table",
    "load_avatar": "avatar.file",
    "load_rig": "rig.loader",
    "look_at": "render.camera",
    "open_renderer": "avatar.renderers.open_renderer",
    "open_room": "viewer.room.host",
    "open_sink": "drive.sinks.opening",
    "open_source": "drive.sources.registry:make_from",
    "play": "drive.playback",
    "pose": "rig.skinning",
    "rasterize": "render.rasterize",
    "read_capture": "capture",
    "read_revocation": "trust.revocation",
    "read_signal": "drive.sources.recorded.read",
    "retarget": "drive.retarget",
    "save_avatar": "avatar.file",
    "save_video": "drive.film",
    "sign_avatar": "trust.signing",
    "tensor_avatar": "avatar.torch_avatar",
    "tensor_rig": "rig.skinning",
    "verify_avatar": "trust.verification",
    "why_not": "trust.policy",
    "write_ply": "gaussians.formats.ply",
    "write_rigged_mesh": "avatar.mesh.rigged_gltf",
    "write_signal": "drive.sinks.signals.write:write_recording",
    "write_splats": "gaussians.formats.write",
}

_OLD = {
    "DrivePath": "avatar.renderers.cpu_renderer:CpuRenderer",
    "open_path": "avatar.renderers.open_renderer:open_renderer",
}
"""names of before that stay for one version"""

__all__ = [
    "ARKIT_NAMES",
    "Avatar",
    "AvatarFileError",
    "BakeStep",
    "Baked",
    "Behaviour",
    "BoundGaussians",
    "Camera",
    "Capture",
    "CaptureError",
    "Consent",
    "Controls",
    "Correctives",
    "DependencyError",
    "FaceSignal",
    "Gaussians",
    "Image",
    "Mood",
    "OutputError",
    "Performer",
    "Person",
    "PoseParameters",
    "Recording",
    "Rig",
    "RigError",
    "RoomError",
    "RoomListener",
    "RoomMember",
    "Session",
    "SessionSettings",
    "SettingsError",
    "SignalError",
    "SourceError",
    "SplatAvatarError",
    "TensorAvatar",
    "TensorRig",
    "TrustError",
    "Verdict",
    "__version__",
    "add_credentials",
    "bake",
    "bind",
    "camera_from_file",
    "credentials_of",
    "default_camera",
    "evaluate",
    "import_avatar",
    "load_avatar",
    "load_rig",
    "look_at",
    "open_renderer",
    "open_room",
    "open_sink",
    "open_source",
    "play",
    "pose",
    "rasterize",
    "read_capture",
    "read_revocation",
    "read_signal",
    "retarget",
    "save_avatar",
    "save_video",
    "sign_avatar",
    "tensor_avatar",
    "tensor_rig",
    "verify_avatar",
    "why_not",
    "write_ply",
    "write_rigged_mesh",
    "write_signal",
    "write_splats",
]


def __getattr__(name: str) -> Any:
    place = _MODULES.get(name) or _OLD.get(name)
    if place is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module_name, _, attribute = place.partition(":")
    if name in _OLD:
        warnings.warn(f"{__name__}.{name} is now {attribute}", DeprecationWarning, stacklevel=2)
    module = import_module(f"{__name__}.{module_name}")
    # ``bake`` is a folder that can be called.
    value = module if name == place else getattr(module, attribute or name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
