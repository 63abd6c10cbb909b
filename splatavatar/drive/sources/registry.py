"""Sources by name: those of the package, and those that other packages add.

A plug-in declares an entry point of the group ``splatavatar.sources``: its name is that of the source, its object takes
the argument behind the colon of ``--source NAME:ARGUMENT`` (None without one) and returns a ``Source``.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from splatavatar.drive.sources.source import Source
from splatavatar.errors import SourceError
from splatavatar.plugins import called, plugins

GROUP = "splatavatar.sources"

DIGITS = 6
"""of the number of a port or a device, at most"""

Factory = Callable[[str | None], Source]


def make(name: str, argument: str | None = None, model: Path | None = None) -> Source:
    """The source ``name``, not started. Raises SourceError for an unknown name or an argument that makes no sense.

    ``model`` is MediaPipe's face_landmarker.task, for what sees pictures; None looks where ``models pull`` puts it.
    """
    if name in SEEING:
        return SEEING[name](argument, model)
    if name in BUILTIN:
        return BUILTIN[name](argument)
    added = plugins(GROUP)
    if name not in added:
        raise SourceError(f"there is no source {name!r}; expected one of {', '.join(names())}.")
    source: Source = called(added[name], f"the source {name!r}", SourceError, argument)
    return source


def make_from(text: str, model: Path | None = None) -> Source:
    """The source of ``NAME`` or ``NAME:ARGUMENT``, not started: webcam, video, livelink, osc, signal, audio, mic ...

    >>> import splatavatar as sa
    >>> sa.open_source("webcam:1").name
    'webcam 1'

    ``model`` is that of ``make``. Raises SourceError for an unknown name or an argument that makes no sense.
    """
    name, mark, argument = text.partition(":")
    return make(name, argument if mark else None, model)


def file_of(text: str) -> str | None:
    """The file that the source of ``NAME:ARGUMENT`` reads; None where its argument is none."""
    name, _, argument = text.partition(":")
    return argument if name in FILES and argument else None


def names() -> list[str]:
    """The names of all sources that can be made, sorted."""
    return sorted({*SEEING, *BUILTIN, *plugins(GROUP)})


def _webcam(argument: str | None, model: Path | None) -> Source:
    from splatavatar.drive.sources.live.camera import Webcam

    return Webcam(_number("webcam", argument, 0) if _is_number(argument or "0") else argument or 0, model)


def _video(argument: str | None, model: Path | None) -> Source:
    from splatavatar.drive.sources.live.video_source import VideoCamera

    return VideoCamera(_file("video", argument), model)


def _livelink(argument: str | None) -> Source:
    from splatavatar.drive.sources.wire.livelink_udp import PORT, LiveLinkSource

    return LiveLinkSource(*_address("livelink", argument, PORT))


def _osc(argument: str | None) -> Source:
    from splatavatar.drive.sources.wire.osc import PORT, OscSource

    return OscSource(*_address("osc", argument, PORT))


def _signal(argument: str | None) -> Source:
    from splatavatar.drive.sources.live.playback_source import RecordingSource
    from splatavatar.drive.sources.recorded.read import read_signal

    path = _file("signal", argument)
    return RecordingSource(read_signal(path), f"signal {path}")


def _audio(argument: str | None) -> Source:
    from splatavatar.drive.sources.live.audio_file import AudioFile

    return AudioFile(_file("audio", argument))


def _mic(argument: str | None) -> Source:
    from splatavatar.drive.sources.live.microphone import Microphone

    return Microphone(_number("mic", argument, 0) if argument and _is_number(argument) else argument or None)


BUILTIN: dict[str, Factory] = {
    "audio": _audio,
    "livelink": _livelink,
    "mic": _mic,
    "osc": _osc,
    "signal": _signal,
}
SEEING: dict[str, Callable[[str | None, Path | None], Source]] = {"video": _video, "webcam": _webcam}
"""those that find a face in pictures, by a model"""
FILES = ("audio", "signal", "video")
"""those whose argument is a file"""


def _file(name: str, argument: str | None) -> str:
    if not argument:
        raise SourceError(f"the source {name!r} needs a file: {name}:FILE.")
    return argument


def _address(name: str, argument: str | None, port: int) -> tuple[int, str]:
    """Port and address of ``PORT`` or ``ADDRESS:PORT``."""
    from splatavatar.drive.sources.wire.udp import LOOPBACK

    if argument is None:
        return port, LOOPBACK
    address, _, number = argument.rpartition(":")
    if not _is_number(number):
        raise SourceError(f"the source {name!r} got {argument!r}, expected a port or ADDRESS:PORT.")
    return _number(name, number, port), address.strip("[]") or LOOPBACK


def _is_number(text: str) -> bool:
    """Whether it is meant as one: other digits than 0 to 9, such as ``²``, are none."""
    return text.isascii() and text.isdigit()


def _number(name: str, text: str | None, default: int) -> int:
    """Of a port or a device. Raises SourceError where it is larger than any is."""
    if not text:
        return default
    if len(text.lstrip("0")) > DIGITS:
        raise SourceError(f"the source {name!r} got the number {text[:20]}, which is larger than any port or device.")
    return int(text)
