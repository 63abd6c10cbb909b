"""Names and contents with which FFmpeg does strange things, and that it must not see or follow."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from splatavatar.errors import CaptureError, SignalError
from splatavatar.media import create_media, frames_of, open_media
from support.footage import numbered, write_sound, write_video

av = pytest.importorskip("av")
NAMES = [
    "take2:30.mp4",
    "2026-09-14T10:22:31.mp4",
    "file:a.mp4",
    "http:a.mp4",
    "pipe:0",
    "concat:a|b.mp4",
    "%05d.mp4",
    "-i.mp4",
    " a b.mp4",
    "a\nb.mp4",
    "e\u0301.mp4",
    "\u9577" * 80 + ".mp4",
    os.fsdecode(b"Fran\xe7ois.mp4"),
]
SAYS = "something else"


def opened(path: Path) -> int:
    """How many frames are in it."""
    with open_media(path, CaptureError, "a video", lambda found: found or SAYS) as media:
        container = media.container
        return sum(1 for _ in frames_of(container, container.streams.video[0], lambda: None))


@pytest.mark.parametrize("name", NAMES)
def test_any_name_is_a_name(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As given on a command line: from the folder that it lies in."""
    plain = write_video(tmp_path / "plain.mp4", numbered(5))
    monkeypatch.chdir(tmp_path)
    Path(name).write_bytes(plain.read_bytes())
    assert opened(Path(name)) == 5


@pytest.mark.parametrize("name", NAMES)
def test_any_name_is_written(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the index before the pictures, for which FFmpeg reads the file again."""
    monkeypatch.chdir(tmp_path)
    with create_media(Path(name), "mp4", {"movflags": "+faststart"}) as media:
        stream = media.container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for number, image in enumerate(numbered(6)):
            frame = av.VideoFrame.from_ndarray(image, "rgb24")
            frame.pts = number
            media.container.mux(stream.encode(frame))
        media.container.mux(stream.encode(None))
    content = Path(name).read_bytes()
    assert 0 < content.index(b"moov") < content.index(b"mdat")
    assert [entry.name for entry in tmp_path.iterdir()] == [name]
    assert opened(Path(name)) == 6


@pytest.fixture
def visits() -> Iterator[tuple[int, list[bytes]]]:
    """A port of this machine, and what comes to it."""
    came: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.05)
        ended = threading.Event()

        def serve() -> None:
            while not ended.is_set():
                try:
                    with server.accept()[0] as connection:
                        came.append(connection.recv(100))
                except TimeoutError:
                    continue

        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()[1], came
        ended.set()
        thread.join()


@pytest.mark.parametrize("suffix", [".mp4", ".m3u8", ".mpd", ".txt", ".sdp", ""])
@pytest.mark.parametrize(
    "text",
    [
        "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{address}\n#EXT-X-ENDLIST\n",
        "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{file}\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile {address}\n",
        "ffconcat version 1.0\nfile {file}\n",
        '<?xml version="1.0"?>\n<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
        'mediaPresentationDuration="PT9S"><Period><AdaptationSet mimeType="video/mp4"><Representation id="1" '
        'bandwidth="9"><BaseURL>{address}</BaseURL></Representation></AdaptationSet></Period></MPD>',
        "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 9 RTP/AVP 0\n",
    ],
    ids=["hls-net", "hls-file", "concat-net", "concat-file", "dash", "sdp"],
)
def test_lists_of_other_files_are_not_followed(
    tmp_path: Path, text: str, suffix: str, visits: tuple[int, list[bytes]]
) -> None:
    port, came = visits
    other = write_video(tmp_path / "other.mp4", numbered(5))
    path = tmp_path / f"list{suffix}"
    path.write_text(text.format(address=f"http://127.0.0.1:{port}/a.mp4", file=other))
    with pytest.raises(CaptureError) as caught:
        opened(path)
    assert str(caught.value) == f"{path}: a list that names other files or addresses, none of which is opened"
    assert came == []


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_what_is_no_file_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp4")
    (tmp_path / "loop.mp4").symlink_to("loop.mp4")
    (tmp_path / "folder.mp4").mkdir()
    for name, said in (
        ("pipe.mp4", "a pipe or a device, expected a video."),
        ("loop.mp4", "a symbolic link that leads back to itself, expected a video."),
        ("folder.mp4", "a folder, expected a video."),
        ("gone.mp4", "no such file, expected a video."),
    ):
        with pytest.raises(CaptureError) as caught:
            opened(tmp_path / name)
        assert str(caught.value) == f"{tmp_path / name}: {said}"
    with pytest.raises(CaptureError, match="a pipe or a device"):
        opened(Path("/dev/zero"))


def test_an_empty_file_and_a_picture(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"")
    (tmp_path / "b.mp4").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    for name, said in (("a.mp4", SAYS), ("b.mp4", "a single picture")):
        with pytest.raises(CaptureError, match=f"{said}$"):
            opened(tmp_path / name)


def test_files_are_closed(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "a.mp4")
    before = len(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").is_dir() else 0
    for _ in range(5):
        open_media(path, SignalError, "sound", str).close()
        with pytest.raises(SignalError):
            open_media(tmp_path / "b.mp4", SignalError, "sound", str)
    assert before in (0, len(os.listdir("/proc/self/fd")))


def test_metadata_that_is_no_text(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mkv", [np.zeros((48, 64, 3), np.uint8)] * 3)
    path.write_bytes(path.read_bytes().replace(b"Lavf", b"\xff\xfe\xe7\xff"))
    assert opened(path) == 3
