"""What every command needs."""

from __future__ import annotations

import os
import platform
import sys
from importlib import import_module
from typing import Any

from splatavatar import __version__
from splatavatar.doctor.part import Part
from splatavatar.errors import SettingsError
from splatavatar.extras import install

NATIVE = "splatavatar.render._native"


def load_native() -> tuple[Any, str | None]:
    """The native module, or None and the sentence that says why it is not there."""
    try:
        return import_module(NATIVE), None
    except ImportError as error:
        return None, f"the native module does not load ({error}): install splatavatar again with {sys.executable}"


def core_parts(native: Any, problem: str | None) -> list[Part]:
    """Python, the native module (as ``load_native`` returns it), cores and the libraries that pictures go through."""
    parts = [
        Part("splatavatar", "", "present", __version__),
        Part("Python", "", "present", f"{platform.python_version()} ({sys.executable})"),
    ]
    if problem is not None:
        parts.append(Part("native module", "everything", "broken", problem))
    else:
        others = ", ".join(native.instruction_sets())
        parts.append(
            Part("native module", "everything", "present", f"{native.instruction_set()} (of {others} on this machine)")
        )
        parts.append(_cores(native))
    return [*parts, _opencv(), _encoders()]


def _cores(native: Any) -> Part:
    try:
        found = f"{native.thread_count()} threads on {os.cpu_count()} cores"
    except SettingsError as error:
        return Part("cores", "everything", "broken", str(error))
    return Part("cores", "everything", "present", found)


def _opencv() -> Part:
    purpose = "pictures"
    try:
        import cv2
    except ImportError as error:
        lacks_library = "cannot open shared object" in str(error)
        command = "apt install libgl1 libglib2.0-0" if lacks_library else install("drive")
        return Part("OpenCV", purpose, "missing", str(error), command)
    return Part("OpenCV", purpose, "present", cv2.__version__)


def _encoders() -> Part:
    from splatavatar.drive.sinks.encoded import MP4, WEBM

    purpose = "films"
    try:
        import av
    except ImportError as error:
        return Part("PyAV", purpose, "missing", str(error), install("drive"))
    wanted = (MP4.codec, MP4.sound_codec, WEBM.codec, WEBM.sound_codec)
    lacking = [codec for codec in wanted if not _encodes(codec)]
    if lacking:
        # The wheels bring FFmpeg with all of them; one built against a system's FFmpeg may not.
        command = "pip install --force-reinstall --only-binary av av"
        return Part("PyAV", purpose, "missing", f"{av.__version__} without the encoders {', '.join(lacking)}", command)
    return Part("PyAV", purpose, "present", f"{av.__version__}, encodes {', '.join(wanted)}")


def _encodes(codec: str) -> bool:
    import av

    try:
        av.codec.Codec(codec, "w")
    except ValueError:  # av's UnknownCodecError is one
        return False
    return True
