"""A page that is one file: the player, an avatar, a face and a voice, to be opened from a disk or sent by mail."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from splatavatar.avatar.format.container import LARGEST_FILE
from splatavatar.drive.signal import Recording
from splatavatar.drive.sources.recorded.signal_npz import write_signal
from splatavatar.errors import AvatarFileError, OutputError, SignalError
from splatavatar.extras import required
from splatavatar.input import read_bytes
from splatavatar.output import atomic_write, scratch_folder
from splatavatar.printable import printable
from splatavatar.sounds import Sound
from splatavatar.viewer.site import INDEX, SiteFile

RATE, CHANNELS, BIT_RATE = 48000, 2, 96_000
BLOCK = 1024
"""samples of a frame of AAC"""
_SCRIPT = re.compile(r'<script type="module"[^>]*\ssrc="\./([^"]+)"></script>')
_STYLE = re.compile(r'<link rel="stylesheet"[^>]*\shref="\./([^"]+)"\s*/?>')
_ICON = re.compile(r'<link rel="icon"[^>]*\shref="\./([^"]+)"\s*/?>')


@dataclass(frozen=True)
class Embedded:
    """A file inside the page."""

    kind: str
    """what it is to the page: avatar, signal, sound"""
    name: str
    media_type: str
    content: bytes


def embedded_avatar(path: Path) -> Embedded:
    """The avatar file at ``path`` as it is. Raises AvatarFileError."""
    content = read_bytes(path, AvatarFileError, "a .splatavatar file", LARGEST_FILE)
    return Embedded("avatar", path.name, "application/octet-stream", content)


def embedded_signal(recording: Recording) -> Embedded:
    """A recording in the package's own format. Raises OutputError."""
    with scratch_folder() as folder:
        path = folder / "signal.npz"
        write_signal(path, recording)
        return Embedded("signal", path.name, "application/octet-stream", path.read_bytes())


def embedded_sound(path: Path) -> Embedded:
    """The sound of a film or a sound file as AAC, which every browser plays.

    Raises SignalError where there is none, DependencyError without the extra ``drive``.
    """
    av = required("av")
    sound = Sound(path, CHANNELS, RATE)
    try:
        with scratch_folder() as folder:
            file = folder / "sound.m4a"
            with av.open(str(file), "w", format="mp4") as container:
                stream = container.add_stream("aac", rate=RATE)
                stream.bit_rate = BIT_RATE
                stream.layout = "stereo"
                written, rest = 0, np.empty((CHANNELS, 0), np.float32)
                for piece in sound.pieces():
                    rest = np.concatenate([rest, piece], axis=1)
                    whole = rest.shape[1] - rest.shape[1] % BLOCK
                    for at in range(0, whole, BLOCK):
                        container.mux(stream.encode(_frame(av, rest[:, at : at + BLOCK], written)))
                        written += BLOCK
                    rest = rest[:, whole:]
                if rest.shape[1]:
                    container.mux(stream.encode(_frame(av, rest, written)))
                container.mux(stream.encode(None))
            return Embedded("sound", f"{path.stem}.m4a", "audio/mp4", file.read_bytes())
    except av.error.FFmpegError as error:
        raise SignalError(f"{path}: its sound cannot be encoded ({error}).") from error
    finally:
        sound.close()


def write_page(path: Path, site: dict[str, SiteFile], title: str, files: list[Embedded]) -> int:
    """Write the built page ``site`` with ``files`` inside as one HTML file; returns its size in bytes.

    It loads nothing from anywhere, and its own policy forbids it to. Raises OutputError.
    """
    text = site[INDEX].content.decode()
    script, style = _inlined(text, _SCRIPT, site), _inlined(text, _STYLE, site)
    # In a script only these two could end it or change how it is read, and both mean the same with the escape.
    script = script.replace("</script", "<\\/script").replace("<!--", "<\\!--")
    policy = (
        f"default-src 'none'; script-src {_hash(script)}; style-src {_hash(style)}; img-src data: blob:; "
        "media-src blob:; connect-src blob: data:; base-uri 'none'; form-action 'none'"
    )
    text = _SCRIPT.sub(lambda _: f'<script type="module">{script}</script>', text)
    text = _STYLE.sub(lambda _: f"<style>{style}</style>", text)
    text = _ICON.sub(lambda found: f'<link rel="icon" href="{_data(site, found[1])}">', text)
    text = re.sub(r"<title>.*?</title>", lambda _: f"<title>{_text(title)}</title>", text)
    meta = f'<meta http-equiv="content-security-policy" content="{html.escape(policy)}">'
    text = text.replace('<meta charset="utf-8" />', f'<meta charset="utf-8" />\n    {meta}', 1)
    inside = "".join(
        f'    <script type="text/plain" class="embedded" data-kind="{file.kind}" data-name="{_text(file.name)}" '
        f'data-type="{file.media_type}">{base64.b64encode(file.content).decode()}</script>\n'
        for file in files
    )
    head, mark, tail = text.rpartition("</body>")
    if not mark or meta not in text:
        raise OutputError(f"{path}: the built page is not one that can be put into a file; build it again.")
    content = f"{head.rstrip()}\n{inside}  {mark}{tail}".encode()
    with atomic_write(path) as out:
        out.write(content)
    return len(content)


def _inlined(text: str, pattern: re.Pattern[str], site: dict[str, SiteFile]) -> str:
    return "".join(site[name].content.decode() for name in pattern.findall(text))


def _text(name: str) -> str:
    """A name, of a file perhaps that is no UTF-8, as a page may hold it."""
    return html.escape(printable(name))


def _hash(content: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"


def _data(site: dict[str, SiteFile], name: str) -> str:
    return f"data:{site[name].kind};base64,{base64.b64encode(site[name].content).decode()}"


def _frame(av: object, samples: np.ndarray, at: int) -> object:
    frame = av.AudioFrame.from_ndarray(  # type: ignore[attr-defined]
        np.ascontiguousarray(samples, np.float32), format="fltp", layout="stereo"
    )
    frame.sample_rate = RATE
    frame.pts = at
    return frame
