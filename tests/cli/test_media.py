"""Films and sounds as they come, from end to end."""

from __future__ import annotations

import os
import wave
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from support.footage import write_video
from support.shared import landmark_model, shared

ROOT = Path(__file__).parents[2]


def write_tone(path: Path) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 16000, 0, "NONE", ""))
        file.writeframes((8000 * np.sin(np.arange(8000) * 0.2)).astype("<i2").tobytes())
    return path


def film_of_a_face(path: Path, frames: int = 8) -> Path:
    """With two tracks of sound, of which nobody can decode the first."""
    with av.open(str(shared("videos/liveportrait-d18.mp4"))) as given, av.open(str(path), "w") as made:
        picture = made.add_stream("libx264", rate=30)
        picture.width = picture.height = 480
        sounds = [made.add_stream("aac", rate=48000, layout="mono") for _ in range(2)]
        for number, frame in zip(range(frames), given.decode(video=0), strict=False):
            frame.pts, frame.time_base = number, Fraction(1, 30)
            made.mux(picture.encode(frame.reformat(480, 480)))
        for number in range(12):
            for sound in sounds:
                samples = np.sin(np.arange(1024) * 0.1, dtype=np.float32)[None]
                piece = av.AudioFrame.from_ndarray(samples, "fltp", "mono")
                piece.sample_rate, piece.pts = 48000, 1024 * number
                made.mux(sound.encode(piece))
        for stream in (picture, *sounds):
            made.mux(stream.encode(None))
    return path


def spoil(path: Path, count: int) -> None:
    content = path.read_bytes()
    path.write_bytes(content.replace(b"mp4a\0", b"zzzz\0", count).replace(b"esds", b"zsds", count))


@pytest.mark.parametrize("name", ["take2:30.mp4", "%05d.mp4", "\u9577" * 80 + ".webm", os.fsdecode(b"K\xf6ln.mp4")])
def test_names_of_outputs(run, files: Path, tmp_path: Path, name: str) -> None:
    done = run("drive", files / "small.splatavatar", "--signal", files / "signal.npz", "-o", name, "--size", "64x64")
    assert done.returncode == 0, done.stderr
    # A webm has its content credentials beside it.
    assert [path.name for path in tmp_path.iterdir() if path.suffix != ".c2pa"] == [name]
    with open(tmp_path / name, "rb") as file, av.open(file) as container:
        assert sum(1 for _ in container.decode(video=0)) == 12


@pytest.mark.parametrize("name", ["2026-09-14T10:22:31.wav", "-a.wav", os.fsdecode(b"\xe7a.wav")])
def test_names_of_sounds(run, files: Path, tmp_path: Path, name: str) -> None:
    pytest.importorskip("onnxruntime")
    write_tone(tmp_path / "a.wav").rename(tmp_path / name)
    done = run("drive", files / "small.splatavatar", "--audio", name, "-o", "a.mp4", "--size", "64x64")
    assert done.returncode == 0, done.stderr
    with av.open(str(tmp_path / "a.mp4")) as container:
        assert container.streams.audio


@pytest.mark.shared
@pytest.mark.parametrize(("spoilt", "heard"), [(1, True), (2, False)])
def test_a_film_whose_sound_nobody_decodes(
    run, files: Path, tmp_path: Path, spoilt: int, heard: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPLATAVATAR_MODELS", str(landmark_model().parent))
    film = film_of_a_face(tmp_path / "film.mp4")
    spoil(film, spoilt)
    done = run("drive", files / "small.splatavatar", "--video", "film.mp4", "-o", "out.mp4", "--size", "64x64")
    assert done.returncode == 0, done.stderr
    said = [line for line in done.stderr.splitlines() if line.startswith("film.mp4: ")]
    assert len(said) == 1 and ("track 2 is taken" if heard else "goes on without sound") in said[0]
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert bool(container.streams.audio) is heard
        assert sum(1 for _ in container.decode(video=0)) == 8
    done = run("drive", files / "small.splatavatar", "--audio", "film.mp4", "-o", "b.mp4", "--size", "64x64")
    if not heard:
        assert done.returncode == 2
        assert done.stderr == (
            "Error: film.mp4: its sound cannot be decoded here, in none of its 2 tracks; "
            "convert it to AAC or WAV first.\n"
        )


@pytest.mark.shared
def test_an_unreadable_film_is_one_sentence(run, files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPLATAVATAR_MODELS", str(landmark_model().parent))
    (tmp_path / "notes.mp4").write_text("hello\n")
    (tmp_path / "list.mp4").write_text("#EXTM3U\nhttp://127.0.0.1:9/a.ts\n")
    (tmp_path / "loop.mp4").symlink_to("loop.mp4")
    os.mkfifo(tmp_path / "pipe.mp4")
    for name, said in (
        ("notes.mp4", "not a video that can be read (damaged, cut off, or something else)"),
        (
            "list.mp4",
            "a list that names other files or addresses, none of which is opened, "
            "expected a video or a folder of pictures",
        ),
        ("loop.mp4", "a symbolic link that leads back to itself, expected a video."),
        ("pipe.mp4", "a pipe or a device, expected a video."),
    ):
        done = run("drive", files / "small.splatavatar", "--video", name, "--record", "v.npz")
        assert (done.returncode, done.stderr) == (2, f"Error: {name}: {said}\n")
    done = run("bake", "pipe.mp4", "-o", "x.splatavatar")
    assert (done.returncode, done.stderr) == (2, "Error: pipe.mp4: a pipe or a device, expected a video.\n")


@pytest.mark.shared
def test_models_that_are_none(run, files: Path, tmp_path: Path) -> None:
    whole = landmark_model().read_bytes()
    (tmp_path / "cut.task").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "bad.task").write_bytes(whole[:900_000] + b"x" * 1000 + whole[901_000:])
    (tmp_path / "text.task").write_text("a text\n")
    os.mkfifo(tmp_path / "pipe.task")
    write_video(tmp_path / "a.mp4", [np.zeros((48, 64, 3), np.uint8)] * 60)
    for name in ("cut.task", "bad.task", "text.task", "pipe.task"):
        if name in ("cut.task", "pipe.task"):
            done = run("drive", files / "small.splatavatar", "--video", "a.mp4", "--model", name, "--record", "v.npz")
        else:
            done = run("capture", "extract", "a.mp4", "-o", "out", "--model", name)
        assert done.returncode == 2 and len(done.stderr.splitlines()) == 1, done.stderr
        assert done.stderr.startswith(f"Error: {name}: "), done.stderr


@pytest.mark.shared
def test_a_film_and_a_folder_whose_names_are_no_text(run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPLATAVATAR_MODELS", str(landmark_model().parent))
    monkeypatch.setenv("SPLATAVATAR_CACHE", str(tmp_path / "cache"))
    name = os.fsdecode(b"Fran\xe7ois.mp4")
    (tmp_path / name).write_bytes(film_of_a_face(tmp_path / "me.mp4", 80).read_bytes())
    folder = os.fsdecode(b"K\xf6pfe")
    done = run("capture", "extract", name, "-o", folder, "--frames", "8")
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / folder / "images").iterdir())) == 8
