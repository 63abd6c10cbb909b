"""Cameras: the address of a stream is one to OpenCV too, and it is unplugged where its server is gone."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from splatavatar.drive.sources.live.camera import Webcam, absence
from splatavatar.drive.sources.live.video_source import VideoCamera, VideoPictures, video_recording
from splatavatar.drive.sources.source import PictureSource
from splatavatar.errors import DependencyError, SourceError
from support.shared import landmark_model, shared

FRAMES, FPS, SIZE = 16, 25, 256


@pytest.fixture(scope="module")
def model() -> Path:
    return landmark_model()


def encode(path: Path, pictures: list[Any]) -> Path:
    import av

    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=FPS, options={"crf": "20", "preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = SIZE, SIZE, "yuv420p"
        for picture in pictures:
            file.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        file.mux(stream.encode(None))
    return path


@pytest.fixture(scope="module")
def face(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A short cut of a real video of a face."""
    import av

    pictures = []
    with av.open(str(shared("videos/liveportrait-d18.mp4"))) as file:
        for frame in file.decode(video=0):
            pictures.append(frame.reformat(SIZE, SIZE, "rgb24").to_ndarray())
            if len(pictures) == FRAMES:
                break
    return encode(tmp_path_factory.mktemp("face") / "face.mp4", pictures)


@pytest.fixture(scope="module")
def nobody(tmp_path_factory: pytest.TempPathFactory) -> Path:
    grey = np.full((SIZE, SIZE, 3), 128, np.uint8)
    return encode(tmp_path_factory.mktemp("nobody") / "grey.mp4", [grey] * 4)


def until(condition: Any) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.shared
def test_a_video_is_a_camera(face: Path, model: Path, heard: Any) -> None:
    source = VideoCamera(face, model)
    # Time goes on when a frame has been looked at, however slow this machine is.
    source.start(heard, lambda: 10.0 + len(heard.signals) / FPS)
    try:
        until(lambda: source.ended)
    finally:
        source.stop()
        source.stop()
    assert source.fps == FPS
    assert len(heard.signals) == FRAMES
    np.testing.assert_allclose([signal.time for signal in heard.signals], 10 + np.arange(FRAMES) / FPS, atol=1e-3)
    assert all(signal.confidence > 0 for signal in heard.signals)
    assert max(float(signal.arkit.max()) for signal in heard.signals) > 0.1


@pytest.mark.shared
def test_all_of_a_video_at_once(face: Path, model: Path) -> None:
    progress: list[tuple[int, int]] = []
    recording = video_recording(face, model, lambda done, total: progress.append((done, total)))
    assert len(recording) == FRAMES
    assert recording.fps == FPS
    np.testing.assert_allclose(recording.time, np.arange(FRAMES) / FPS, atol=1e-3)
    assert (recording.confidence > 0).all()
    assert np.isfinite(recording.head_rotation).all()
    # A head that looks about into the camera.
    assert np.abs(recording.head_rotation).max() < 1.0
    assert progress == [(index + 1, FRAMES) for index in range(FRAMES)]


@pytest.mark.shared
def test_late_frames_of_a_video_are_left_out(face: Path, model: Path, heard: Any) -> None:
    source = VideoCamera(face, model)
    looks = iter(range(10**9))
    source.start(heard, lambda: 0.05 * next(looks))
    try:
        until(lambda: source.ended)
    finally:
        source.stop()
    assert len(heard.signals) < FRAMES


@pytest.mark.shared
def test_a_video_without_a_face(nobody: Path, model: Path, heard: Any) -> None:
    with pytest.raises(SourceError, match="no face in any of its 4 frames"):
        video_recording(nobody, model)
    source = VideoCamera(nobody, model)
    source.start(heard, time.perf_counter)
    until(lambda: source.ended)
    source.stop()
    assert heard.signals
    assert all(signal.confidence == 0 for signal in heard.signals)


@contextmanager
def served(folder: Path, port: int = 0) -> Iterator[int]:
    """The port of a web server of the files in ``folder``."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", port), partial(Quiet, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


def as_stream(video: Path, path: Path) -> None:
    """``video`` in a container that can be read from its beginning on."""
    import av

    with av.open(str(video)) as file, av.open(str(path), "w", format="mpegts") as out:
        stream = out.add_stream_from_template(file.streams.video[0])
        for packet in file.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                out.mux(packet)


@pytest.mark.shared
def test_a_camera_that_goes_and_comes_back(
    face: Path, model: Path, heard: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    as_stream(face, tmp_path / "face.ts")
    with served(tmp_path) as port:
        source = Webcam(f"http://127.0.0.1:{port}/face.ts", model)
        source.start(heard, time.perf_counter)
    try:
        until(lambda: "no more pictures" in caplog.text)
        time.sleep(1.2)  # it stays away for longer than a second
        back = time.perf_counter()
        with served(tmp_path, port):
            until(lambda: heard.signals and heard.signals[-1].time > back)
            until(lambda: "is back" in caplog.text)
    finally:
        source.stop()
        source.stop()
    assert not source.ended
    assert caplog.text.count("no more pictures") == 1
    assert heard.signals[-1].confidence > 0


@pytest.mark.shared
def test_a_video_shows_its_newest_picture(face: Path, model: Path, heard: Any) -> None:
    source = VideoCamera(face, model)
    assert isinstance(source, PictureSource) and source.picture() is None
    source.start(heard, lambda: 10.0 + len(heard.signals) / FPS)
    try:
        until(lambda: source.ended)
    finally:
        source.stop()
    pictures = VideoPictures(face)
    pictures.go_to(FRAMES - 1)
    last = pictures.picture()
    assert last is not None and last.shape == (SIZE, SIZE, 3)
    np.testing.assert_array_equal(source.picture(), last)
    pictures.go_to(FRAMES + 10)  # more than there are
    assert pictures.picture() is last


def test_why_there_is_no_camera(tmp_path: Path) -> None:
    if not sys.platform.startswith("linux"):
        pytest.skip("only Linux has a file for each camera")
    assert "no camera was found" in absence(0, tmp_path)
    (tmp_path / "video2").touch()
    assert absence(0, tmp_path).startswith("there is no camera 0; found 2.")
    assert absence(2, tmp_path).startswith("camera 2 gives no pictures; another program is using it")


@pytest.mark.shared
def test_no_camera(model: Path) -> None:
    with pytest.raises(SourceError, match=r"no camera 97.*--video FILE"):
        Webcam(97, model).start(lambda signal: None, time.perf_counter)
    with pytest.raises(SourceError, match="cannot be opened"):
        Webcam("/dev/zero", model).start(lambda signal: None, time.perf_counter)


def test_names_that_are_no_cameras(tmp_path: Path) -> None:
    def refusal(name: str) -> str:
        with pytest.raises(SourceError) as error:
            Webcam(name).start(lambda signal: None, time.perf_counter)
        return str(error.value)

    expected = "expected a camera: its number, its device file or the address of a stream"
    (tmp_path / "clip.mp4").touch()
    os.mkfifo(tmp_path / "pipe.mp4")
    assert refusal(f"{tmp_path}/clip.mp4") == (
        f"{tmp_path}/clip.mp4: a file, {expected}; a recorded video goes in with --video FILE."
    )
    assert refusal(f"{tmp_path}/pipe.mp4") == f"{tmp_path}/pipe.mp4: no camera, {expected}."
    assert refusal(str(tmp_path)) == f"{tmp_path}: a folder, {expected}."
    assert refusal("/dev/no-such-camera") == f"/dev/no-such-camera: no such file, {expected}."
    assert refusal("concat:/etc/hostname") == f"concat:/etc/hostname: no such file, {expected}."


@pytest.mark.shared
def test_files_that_are_no_videos(tmp_path: Path, model: Path) -> None:
    with pytest.raises(SourceError, match="no such file"):
        VideoCamera(tmp_path / "a.mp4", model).start(lambda signal: None, time.perf_counter)
    (tmp_path / "a.mp4").write_bytes(b"something else")
    with pytest.raises(SourceError, match="not a video"):
        video_recording(tmp_path / "a.mp4", model)


def test_no_model(tmp_path: Path) -> None:
    with pytest.raises(DependencyError):
        VideoCamera(tmp_path / "a.mp4", tmp_path / "face_landmarker.task").start(lambda signal: None, time.perf_counter)
    (tmp_path / "face_landmarker.task").write_bytes(b"something else")
    with pytest.raises(DependencyError, match=r"not MediaPipe's face_landmarker\.task"):
        video_recording(tmp_path / "a.mp4", tmp_path / "face_landmarker.task")
