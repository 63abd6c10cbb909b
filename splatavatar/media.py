"""Films and sounds: the one place where FFmpeg is given a file to read or to write.

FFmpeg takes names for addresses, patterns and scripts ("a:b.mp4", "concat:a|b", "%05d.mp4"), cannot take those that are
no UTF-8, and follows what playlists name, files and addresses alike. So it never learns a name: it gets open files.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO

from splatavatar.extras import required
from splatavatar.input import Failure, open_input

FORMATS = (
    # Films.
    *("mov", "matroska", "avi", "mpeg", "mpegts", "mpegvideo", "flv", "asf", "mxf", "gxf", "rm", "nut", "dv", "wtv"),
    *("h264", "hevc", "vvc", "m4v", "obu", "av1", "ivf", "yuv4mpegpipe", "mjpeg", "gif", "apng", "avif", "vc1", "h263"),
    *("dirac", "live_flv", "webp"),
    # Sounds; "ogg" is either.
    *("ogg", "wav", "w64", "aiff", "caf", "au", "flac", "mp3", "aac", "latm", "ac3", "eac3", "dts", "dtshd", "truehd"),
    *("mlp", "amr", "amrnb", "amrwb", "ape", "wv", "tta", "tak", "mpc", "mpc8", "dsf", "iff", "shn", "voc", "iamf"),
    *("apac", "ac4", "sox", "avr", "oma", "qcp", "spdif"),
)
"""what FFmpeg may take a file for, by the names of its demuxers: each a film or a sound in that very file. Playlists,
descriptions of streams, patterns of pictures, texts and devices are left out."""
NOTHING = "none"
"""the protocols by which a file may have FFmpeg open others: there is none of that name"""
BUFFER = 1 << 16
"""bytes that are read or written at a time"""
RETRIES = 10
"""times that is read on behind damage, before the rest of a file is given up"""
HEAD = 512
"""bytes by which is told what a file is instead"""
PLAYLISTS = (b"#EXTM3U", b"ffconcat", b"[playlist]", b"<?xml", b"<MPD", b"<smil", b"<ASX", b"v=0", b"[Reference]")
"""how files begin that only name others"""
PICTURES = (b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"BM", b"II*\0", b"MM\0*", b"8BPS", b"\0\0\x01\0")
FILMS = (".mp4", ".mov", ".m4v", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".3gp", ".ts", ".mts", ".m2ts")


class Media:
    """An open container of PyAV, with the file that it reads or writes."""

    def __init__(self, container: Any, file: BinaryIO) -> None:
        self.container = container
        self._file = file

    def close(self) -> None:
        """Finish and close both. Raises OSError or PyAV's errors where what is written cannot be finished."""
        try:
            self.container.close()
        finally:
            self._file.close()

    def __enter__(self) -> Media:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def open_media(path: str | Path, failure: Failure, expected: str, unreadable: Callable[[str], str]) -> Media:
    """The film or sound in the regular file at ``path``, for reading; nothing but this file is opened.

    ``unreadable(found)`` is what is said, after the name and a colon, of a file that is no film and no sound: ``found``
    is what it is instead, or empty.

    Raises:
        failure: as ``open_input``, or for what is no film and no sound.
    """
    av = required("av")
    file = open_input(path, failure, expected)
    try:
        container = av.open(
            _Nameless(file, _suffix(path)),
            "r",
            container_options={"format_whitelist": ",".join(FORMATS), "protocol_whitelist": NOTHING},
            metadata_errors="replace",
            buffer_size=BUFFER,
        )
    except (av.FFmpegError, OSError, ValueError) as error:
        found = _instead(file, _suffix(path))
        file.close()
        raise failure(f"{path}: {unreadable(found)}") from error
    except BaseException:
        file.close()
        raise
    return Media(container, file)


def create_media(path: Path, container: str, options: dict[str, str]) -> Media:
    """An empty container of the format ``container`` in a new file at ``path``, whatever its name.

    What FFmpeg lets go of is in the file at once, whatever becomes of this process.

    Raises OSError, among them FileExistsError, or PyAV's errors.
    """
    av = required("av")
    file = open(path, "x+b")  # noqa: SIM115

    def again(address: str, flags: int, options: dict[str, str]) -> BinaryIO:
        """The same file, where FFmpeg reads what it has written in order to put an index before it."""
        file.flush()
        return open(path, "rb")

    try:
        made = av.open(_Nameless(file, ""), "w", format=container, options=options, buffer_size=BUFFER, io_open=again)
    except BaseException:
        file.close()
        raise
    return Media(made, file)


def remux(source: Path, target: Path, container: str, options: dict[str, str], failure: Failure) -> None:
    """Write pictures and sound of the film ``source`` as they are into a new file: their packets, at their times.

    Of a film that was cut off this keeps what is whole.

    Raises:
        failure: it is no film that can be read, or not one for that container.
        OSError, or PyAV's errors: it cannot be written.
    """
    with open_media(source, failure, "a film", lambda found: found or "no film that can be read") as read:
        made = create_media(target, container, options)
        try:
            streams = {}
            for stream in (*read.container.streams.video, *read.container.streams.audio):
                streams[stream.index] = made.container.add_stream_from_template(stream)
                streams[stream.index].metadata.update(stream.metadata)
            for packet in read.container.demux(*read.container.streams.video, *read.container.streams.audio):
                if packet.dts is not None:
                    packet.stream = streams[packet.stream.index]
                    made.container.mux(packet)
        except (ValueError, LookupError) as error:  # a codec without a name, a stream that changes
            raise failure(f"{source}: no film for {container} ({error})") from error
        finally:
            made.close()


def packets_of(container: Any, stream: Any, lost: Callable[[], None]) -> Iterator[tuple[Any, list[Any]]]:
    """The packets of ``stream``, each with the frames that came out of the decoder with it, which may be earlier ones.

    ``lost`` is called for each piece of damage that is passed over.
    """
    from av.error import FFmpegError

    packets, failures = container.demux(stream), 0
    while True:
        try:
            packet = next(packets, None)
        except (FFmpegError, OSError):
            lost()
            failures += 1
            if failures > RETRIES:
                return  # cut off: what came before is good
            packets = container.demux(stream)  # on behind the damage, if there is anything
            continue
        if packet is None:
            return
        failures = 0
        try:
            frames = packet.decode()
        except (FFmpegError, OSError, ValueError):
            lost()
            continue
        good = [frame for frame in frames if not frame.is_corrupt]
        if len(good) < len(frames):
            lost()
        yield packet, good


def frames_of(container: Any, stream: Any, lost: Callable[[], None]) -> Iterator[Any]:
    """Every frame of ``stream`` that can be decoded; ``lost`` as for ``packets_of``."""
    for _, frames in packets_of(container, stream, lost):
        yield from frames


@lru_cache(maxsize=1024)
def warn_once(text: str) -> None:
    """A warning that the user sees once, however often its cause is met."""
    logging.getLogger("splatavatar").warning(text)


class _Nameless:
    """An open file under a name that says nothing but what kind it claims to be, which helps to tell short ones."""

    def __init__(self, file: BinaryIO, suffix: str) -> None:
        self.name = f"media{suffix}"
        self.read = file.read
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable
        self.readable, self.writable = file.readable, file.writable
        self._file = file

    def write(self, content: bytes) -> int:
        """Write all of it, through to the system: FFmpeg has a buffer of its own."""
        written = self._file.write(content)
        self._file.flush()
        return written

    @property
    def closed(self) -> bool:
        """PyAV writes no end to a file that is closed."""
        return self._file.closed


def _suffix(path: str | Path) -> str:
    suffix = os.path.splitext(path)[1].lower()
    return suffix if suffix[1:].isascii() and suffix[1:].isalnum() and len(suffix) <= 6 else ""


def _instead(file: BinaryIO, suffix: str) -> str:
    """What a file is that is no film; empty where that cannot be told."""
    try:
        file.seek(0)
        head = file.read(HEAD)
    except OSError:
        return ""
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith(PLAYLISTS):
        return "a list that names other files or addresses, none of which is opened"
    if head.startswith(PICTURES) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP"):
        return "a single picture"
    return "a text" if suffix not in FILMS and _is_text(head) else ""


def _is_text(head: bytes) -> bool:
    try:
        text = head.decode()
    except UnicodeDecodeError:
        return False
    return bool(text) and all(character.isprintable() or character.isspace() for character in text)
