from __future__ import annotations

import os
import re
import signal
import ssl
import subprocess
import sys
import time
from pathlib import Path

import av
import numpy as np
import pytest

from splatavatar.cli.optional_values import with_defaults
from splatavatar.drive.measuring.motion import moving_signal
from splatavatar.drive.sources.recorded.read import read_signal
from splatavatar.drive.sources.recorded.signal_npz import write_signal
from support.shared import landmark_model, shared

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        (["--webcam"], ["--webcam", "0"]),
        (["--webcam", "2"], ["--webcam", "2"]),
        (["--webcam", "--stats"], ["--webcam", "0", "--stats"]),
        (["me", "--livelink", "-o", "a.mp4"], ["me", "--livelink", "11111", "-o", "a.mp4"]),
        (["--other"], ["--other"]),
        (["--label", "me", "--label=Ann"], ["--label=Avatar", "me", "--label=Ann"]),
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
        (
            ("--signal", "none.npz", "-o", "a.mp4"),
            "none.npz: no such file, expected a face signal (.json, .csv or .npz).",
        ),
        (
            ("--signal", "SIGNAL", "--record", "a.txt"),
            "a.txt: unknown kind of recorded face, expected .npz, .csv, .json.",
        ),
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
        (("--signal", "SIGNAL", "-o", "a.mp4", "--background", "leaf.png"), "leaf.png: "),
        (
            ("--signal", "SIGNAL", "-o", "a.mp4", "--background", "blur"),
            "the blurred background is made of what a camera or a video sees, and nothing here drives by pictures.",
        ),
        (
            ("--livelink", "0", "-o", "a.mp4", "--background", "blur"),
            "the blurred background is made of what a camera or a video sees, and nothing here drives by pictures.",
        ),
        (
            ("--livelink", "0", "-o", "a.mp4", "--background", "mauve"),
            "the background must be R,G,B from 0 to 255, #RRGGBB, transparent, blur or a picture file, got 'mauve'.",
        ),
        (
            ("--signal", "SIGNAL", "-o", "a.mp4", "--fps", "30"),
            "--fps is the frame rate of files that are driven live; a file that is played keeps its own.",
        ),
        (
            ("--signal", "SIGNAL", "-o", "a.mp4", "--calibrate"),
            "--calibrate learns a live face; it needs --webcam, --livelink, --osc or --source.",
        ),
        (("--signal", "SIGNAL", "-o", "a.mp4", "--listen", "0.0.0.0"), "--listen is for --livelink and --osc."),
        (
            ("--signal", "SIGNAL", "-o", "a.mp4", "--certificate", "a"),
            "--certificate is for the page that --view serves.",
        ),
        (("--signal", "SIGNAL", "-o", "a.mp4", "--key", "a"), "--key is for the page that --view serves."),
        (("--signal", "SIGNAL", "-o", "a.mp4", "--share"), "--share lets others open the page that --view serves."),
        (
            ("--signal", "SIGNAL", "--record", "a.npz", "--label"),
            "--label is in a corner of pictures; it needs -o, --window, --virtual-camera or --sink.",
        ),
        (
            ("--signal", "SIGNAL", "-o", "a.mp4", "--label=" + "x" * 41),
            "a label has 1 to 40 characters that can be seen",
        ),
        (
            ("--signal", "SIGNAL", "--view", "--allow-origin", "example.org"),
            "example.org is no origin; name one as https://example.org, without a path.",
        ),
        (("--signal", "SIGNAL", "-o", "a.mp4", "--model", "x.task"), "--model is for --webcam and --video."),
        (("--signal", "SIGNAL", "-o", "a.mp4", "--as", "me"), "--as says whose face --webcam and --video show."),
        (
            ("--video", "SIGNAL", "-o", "a.mp4", "--as", "me"),
            "--as me: the avatar does not know its person's face; bake it of a video of one camera",
        ),
        (("--source", "livelink", "-o", "a.mp4", "--model", "x.task"), "--model is for --webcam and --video."),
        (("--source", "video:none.mp4", "--model", "x.task", "--record", "a.npz"), "x.task: no such file"),
        (("--signal", "SIGNAL", "--sink", "fax"), "there is no sink 'fax'; no package that is installed adds one."),
        (("--signal", "SIGNAL", "-o", "a.mp4", "-o", "./a.mp4"), "a.mp4: two outputs of one name; give each its own."),
        (
            ("--signal", "SIGNAL", "--record", "SIGNAL"),
            "SIGNAL: the file that drives would be overwritten; give the output another name.",
        ),
        (("--signal", "SIGNAL", "-o", "a.mp4", "--size", "63x64"), "a.mp4: a video needs an even width and height"),
        (("--signal", "SIGNAL", "-o", "a.mp4", "--size", "9x"), "the size must be WIDTHxHEIGHT in pixels"),
        (("--livelink", "70000", "-o", "a.mp4"), "livelink: the port 70000 does not exist, expected 1 to 65535."),
        (("--osc", "0", "--listen", "nonsense", "-o", "a.mp4"), "osc: no address 'nonsense', expected one such as"),
        (
            ("--livelink", "0", "-o", "a.mp4", "-o", "b.webm", "-o", "c.png"),
            "c.png: a sequence of pictures needs one number in its name, such as frames/%05d.png.",
        ),
        (
            ("--signal", "SIGNAL", "-o", "a.mp4", "-o", "b.webm", "-o", "c.png"),
            "c.png: a sequence of pictures needs one number in its name, such as frames/%05d.png.",
        ),
    ],
)
def test_bad_input(run, files: Path, tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    given = [str(files / "signal.npz") if argument == "SIGNAL" else argument for argument in arguments]
    done = run("drive", files / "small.splatavatar", *given)
    assert done.returncode == 2
    said = said.replace("SIGNAL", str(files / "signal.npz"))
    assert len(done.stderr.splitlines()) == 1 and done.stderr.startswith(f"Error: {said}"), done.stderr
    assert not list(tmp_path.iterdir())


def test_files_without_sound(run, files: Path, tmp_path: Path) -> None:
    import wave

    with wave.open(str(tmp_path / "empty.wav"), "wb") as sound:
        sound.setparams((1, 2, 16000, 0, "NONE", ""))
    write_grey(tmp_path / "grey.mp4")
    for name, said in (("empty.wav", "an audio track without samples."), ("grey.mp4", "no audio track in it.")):
        for more in ((), ("--stats",)):
            done = run("drive", files / "small.splatavatar", "--audio", name, "-o", "a.mp4", *more)
            assert (done.returncode, done.stderr) == (2, f"Error: {name}: {said}\n")
    assert not (tmp_path / "a.mp4").exists()


def test_no_virtual_camera(run, files: Path, tmp_path: Path) -> None:
    if list(Path("/dev").glob("video*")):
        pytest.skip("there may be one")
    done = run("drive", files / "small.splatavatar", "--livelink", "0", "--virtual-camera", "-o", "a.mp4")
    assert done.returncode == 2 and len(done.stderr.splitlines()) == 1, done.stderr
    assert "virtual camera" in done.stderr and not list(tmp_path.iterdir())


def write_grey(path: Path) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        for _ in range(4):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.full((64, 64, 3), 90, np.uint8), format="rgb24")))
        container.mux(stream.encode(None))


@pytest.mark.parametrize("live", [False, True])
def test_an_interrupt_as_soon_as_an_output_is_there(files: Path, tmp_path: Path, live: bool) -> None:
    write_signal(tmp_path / "long.npz", moving_signal(300.0))
    command = [sys.executable, "-m", "splatavatar", "drive", str(files / "small.splatavatar"), "--signal", "long.npz"]
    command += ["-o", "a.mp4", "-o", "b.webm", "-o", "c.mp4", "--size", "64x64", *(["--stats"] if live else [])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
    process = subprocess.Popen(
        command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    end = time.monotonic() + 60
    while not list(tmp_path.glob(".a.mp4*.part")):
        assert process.poll() is None and time.monotonic() < end
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == (0 if live else 130) and "Traceback" not in errors, errors
    assert not list(tmp_path.glob(".*"))
    for path in (tmp_path / name for name in ("a.mp4", "b.webm", "c.mp4")):
        if path.exists():
            with av.open(str(path)) as container:
                assert sum(1 for _ in container.decode(video=0)) > 0


@pytest.mark.shared
def test_a_video_before_its_own_blurred_pictures(run, tmp_path: Path) -> None:
    face, model = shared("videos/liveportrait-d0.mp4"), landmark_model()
    cut_to(tmp_path / "face.mp4", face, 12)
    arguments = ("drive", "demo", "--video", "face.mp4", "--model", model, "--size", "64x64", "--background", "blur")
    for name, more in (("a.mp4", ()), ("live.mp4", ("--stats",))):
        done = run(*arguments, "-o", name, *more)
        assert done.returncode == 0, done.stderr
        with av.open(str(tmp_path / name)) as container:
            last = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)][-1]
        red, green, blue = (int(value) for value in last[2, 2])  # the man stands before a green wall
        assert green > red + 40 and green > blue + 20


def cut_to(path: Path, source: Path, frames: int) -> None:
    with av.open(str(source)) as given, av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width = stream.height = 256
        stream.pix_fmt = "yuv420p"
        for _, frame in zip(range(frames), given.decode(video=0), strict=False):
            container.mux(stream.encode(frame.reformat(256, 256, "yuv420p")))
        container.mux(stream.encode(None))


def test_no_screen(run, files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    done = run("drive", files / "small.splatavatar", "--webcam")
    assert done.returncode == 2
    assert done.stderr == (
        "Error: no screen (DISPLAY is not set), so no window can be shown; write a file instead (-o out.mp4).\n"
    )


def test_viewers_follow_a_drive(built: None, files: Path, tmp_path: Path) -> None:
    from websockets.sync.client import connect

    from splatavatar.viewer.protocol import decode

    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", "SPLATAVATAR_HOME": str(tmp_path)}
    command = [sys.executable, "-m", "splatavatar", "drive", str(files / "consenting.splatavatar"), "--view", "--share"]
    command += ["--signal", str(files / "signal.npz"), "--source", f"signal:{ROOT}/data/signals/hello.npz"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, cwd=tmp_path
    ) as running:
        assert running.stdout is not None and running.stderr is not None
        said = running.stdout.readline()
        match = re.search(r"at https://\S+:(\d+)/\?token=(\S+)&signal=live \(Ctrl-C ends\)", said)
        assert match is not None, said + running.stderr.read()
        trusting = ssl.create_default_context(cafile=str(tmp_path / "certificate" / "certificate.pem"))
        address = f"wss://localhost:{match[1]}/live"
        with connect(f"{address}?token={match[2]}", ssl=trusting, compression=None) as viewer:
            sequence = [decode(viewer.recv())[1] for _ in range(5)]
        assert sequence == sorted(set(sequence))
        with pytest.raises(Exception, match="HTTP 403"):
            connect(address, ssl=trusting)
        running.send_signal(signal.SIGINT)
        out, errors = running.communicate(timeout=60)
    assert running.returncode == 0 and " faces: " in out, errors
