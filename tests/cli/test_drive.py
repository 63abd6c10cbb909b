from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import av
import numpy as np
import pytest

from splatavatar.cli.optional_values import with_defaults
from splatavatar.drive.sources.recorded import read_signal

SHARED = Path(__file__).parents[3] / "shared"
ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        (["--webcam"], ["--webcam", "0"]),
        (["--webcam", "2"], ["--webcam", "2"]),
        (["--webcam", "--stats"], ["--webcam", "0", "--stats"]),
        (["me", "--livelink", "-o", "a.mp4"], ["me", "--livelink", "11111", "-o", "a.mp4"]),
        (["--other"], ["--other"]),
    ],
)
def test_values_that_may_be_left_out(given: list[str], meant: list[str]) -> None:
    assert with_defaults(given, {"--webcam": "0", "--livelink": "11111"}) == meant


def speak(path: Path, seconds: float = 1.0) -> Path:
    """Something like a voice: harmonics of 120 Hz that come and go four times a second."""
    t = np.arange(round(16000 * seconds)) / 16000
    tone = sum(np.sin(2 * np.pi * 120 * k * t) / k for k in range(1, 12))
    samples = (0.2 * tone * (np.sin(2 * np.pi * 4 * t) > 0) * 32767).astype(np.int16)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=16000, layout="mono")
        frame = av.AudioFrame.from_ndarray(samples[None], "s16", "mono")
        frame.sample_rate = 16000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def test_a_voice_becomes_a_video_with_its_sound(run, files: Path, tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    voice = speak(tmp_path / "voice.wav")
    done = run(
        "drive", files / "small.splatavatar", "--audio", voice, "-o", "a.mp4", "-o", "f/%03d.png", "--record", "a.npz",
        "--size", "64x64", "--background", "#00ff00",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    recording = read_signal(tmp_path / "a.npz")
    assert recording.fps == 60 and recording.arkit.max() > 0.05
    with av.open(str(tmp_path / "a.mp4")) as container:
        frames = sum(1 for _ in container.decode(video=0))
        assert container.streams.audio[0].duration * container.streams.audio[0].time_base == pytest.approx(1, abs=0.1)
    assert frames == len(list((tmp_path / "f").iterdir())) == pytest.approx(60, abs=2)


def test_the_mirror_image(run, files: Path, tmp_path: Path) -> None:
    arguments = ("drive", files / "small.splatavatar", "--signal", files / "signal.npz", "--record")
    assert run(*arguments, "a.npz").returncode == 0
    assert run(*arguments, "b.npz", "--mirror").returncode == 0
    plain, mirrored = read_signal(tmp_path / "a.npz"), read_signal(tmp_path / "b.npz")
    assert np.abs(plain.head_rotation[:, 1]).max() > 0.01
    np.testing.assert_allclose(mirrored.head_rotation[:, 1], -plain.head_rotation[:, 1], atol=1e-6)


def test_live_from_the_network_until_interrupted(files: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "splatavatar", "drive", str(files / "small.splatavatar"), "--livelink", "0"]
    command += ["-o", "a.mp4", "--record", "a.npz", "--size", "64x64", "--stats"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
    process = subprocess.Popen(
        command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    line = process.stderr.readline()  # the loop runs
    assert "render" in line, line + process.stderr.read()
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=60)
    assert "pictures of 64x64" in output, errors
    assert "Traceback" not in errors
    with av.open(str(tmp_path / "a.mp4")) as container:
        assert sum(1 for _ in container.decode(video=0)) > 3
    assert len(read_signal(tmp_path / "a.npz")) > 3


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ("-o", "a.mp4"),
            "nothing drives; give one of --webcam, --video, --livelink, --osc, --signal, --audio, --mic or --source",
        ),
        (("--signal", "none.npz", "-o", "a.mp4"), "none.npz: no such file."),
        (("--signal", "SIGNAL", "--record", "a.csv"), "a.csv: a recorded signal is an .npz file, such as signal.npz"),
        (
            ("--source", "fax", "-o", "a.mp4"),
            "there is no source 'fax'; expected one of audio, livelink, mic, osc, signal, video, webcam.",
        ),
        (
            ("--signal", "SIGNAL", "-o", "a.avi"),
            "a.avi: unknown kind of output, expected a video (out.mp4, out.webm) or numbered pictures "
            "(frames/%05d.png).",
        ),
        (("--signal", "SIGNAL", "-o", "a.mp4", "--background", "leaf.png", "--stats"), "leaf.png: "),
    ],
)
def test_bad_input(run, files: Path, tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    given = [str(files / "signal.npz") if argument == "SIGNAL" else argument for argument in arguments]
    done = run("drive", files / "small.splatavatar", *given)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1 and done.stderr.startswith(f"Error: {said}"), done.stderr
    assert not list(tmp_path.iterdir())


def test_no_screen(run, files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    done = run("drive", files / "small.splatavatar", "--webcam")
    assert done.returncode == 2
    assert done.stderr == (
        "Error: no screen (DISPLAY is not set), so no window can be shown; write a file instead (-o out.mp4).\n"
    )
