from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from splatavatar.drive.measuring.motion import moving_signal
from splatavatar.drive.sources.recorded.signal_npz import write_signal


def test_drive_makes_a_video_at_the_rate_of_the_signal(run, files: Path, tmp_path: Path) -> None:
    done = run("drive", files / "small.splatavatar", "--signal", files / "signal.npz", "-o", "a.mp4", "--size", "96x64")
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r"a\.mp4: 12 frames of 96x64 at 24 a second, rendered at \d+ FPS\n", done.stdout)
    with av.open(str(tmp_path / "a.mp4")) as container:
        stream = container.streams.video[0]
        assert (stream.average_rate, stream.width, stream.height) == (24, 96, 64)
        pictures = [frame.to_ndarray(format="rgb24") for frame in container.decode(stream)]
    assert len(pictures) == 12
    assert (pictures[0][0, 0] > 250).all()  # white behind the head
    assert (pictures[0][32, 48] < 250).any()


def test_drive_makes_numbered_pictures_that_are_transparent(run, files: Path, tmp_path: Path) -> None:
    arguments = ("--signal", files / "signal.npz", "-o", "frames/%05d.png", "--size", "40x40")
    done = run("drive", files / "small.splatavatar", *arguments)
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in (tmp_path / "frames").iterdir()) == [f"{n:05d}.png" for n in range(12)]
    picture = cv2.imread(str(tmp_path / "frames" / "00007.png"), cv2.IMREAD_UNCHANGED)
    assert picture.shape == (40, 40, 4)
    assert picture[0, 0, 3] == 0 and picture[20, 20, 3] > 200


def test_render_follows_signal_camera_and_background(run, files: Path, tmp_path: Path) -> None:
    avatar = files / "small.splatavatar"

    def picture(*arguments: object) -> np.ndarray:
        done = run("render", avatar, "-o", "a.png", "--size", "64x64", "--background", "#ff0000", *arguments)
        assert done.returncode == 0, done.stderr
        assert re.fullmatch(r"a\.png: 64x64, rendered in [\d.]+ ms \(\d+ FPS\)\n", done.stdout)
        image: np.ndarray = cv2.imread(str(tmp_path / "a.png"))[..., ::-1]
        return image

    rest = picture()
    np.testing.assert_array_equal(rest[0, 0], [255, 0, 0])
    assert (rest != picture("--signal", files / "signal.npz", "--frame", "11")).any()
    assert (rest != picture("--yaw", "40", "--pitch", "-10")).any()
    near = picture("--distance", "0.4")
    assert (near[..., 0] != 255).sum() > (rest[..., 0] != 255).sum()
    camera = {
        "T_camera_world": [[1, 0, 0, 0], [0, -1, 0, 1.5], [0, 0, -1, 1], [0, 0, 0, 1]],
        "K": [[100, 0, 32], [0, 100, 32], [0, 0, 1]],
        "width": 64,
        "height": 64,
    }
    (tmp_path / "camera.json").write_text(json.dumps(camera))
    assert (rest != picture("--camera", "camera.json")).any()


def test_render_shows_a_mood(run, tmp_path: Path) -> None:
    pictures = []
    for number, mood in enumerate(([], ["--mood", "surprised"], ["--mood", "surprised:0"])):
        done = run("render", "demo", "-o", f"{number}.png", "--size", "96x96", "--no-marks", *mood)
        assert done.returncode == 0, done.stderr
        pictures.append(cv2.imread(str(tmp_path / f"{number}.png")).astype(int))
    rest, surprised, none = pictures
    assert np.abs(rest - surprised).max() > 20
    assert np.abs(rest - none).max() <= 1  # a limit of the expression rounds


def test_bench_prints_json_and_a_table(run, files: Path) -> None:
    done = run("bench", files / "small.splatavatar", "--json", "--frames", "5", "--size", "64x64")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert {"rig", "frames", "gaussians", "sort", "blend", "total"} <= result["stages"].keys()
    assert (result["width"], result["height"], result["frames"]) == (64, 64, 5)
    assert result["gaussians"] == 512 and result["fps"] > 0
    table = run("bench", files / "small.splatavatar", "--frames", "5", "--size", "64x64").stdout
    assert "512 Gaussians at 64x64" in table and "blend" in table


def test_info_and_export(run, files: Path, tmp_path: Path) -> None:
    done = run("info", files / "small.splatavatar")
    assert done.returncode == 0, done.stderr
    assert "512" in done.stdout and "test-head" in done.stdout
    assert json.loads(run("info", files / "small.splatavatar", "--json").stdout)["gaussians"] == 512
    done = run("export", files / "small.splatavatar", "-o", "a.ply", "--signal", files / "signal.npz", "--frame", "3")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "a.ply: 512 Gaussians\n"
    header = (tmp_path / "a.ply").read_bytes().split(b"end_header")[0]
    assert b"element vertex 512" in header and b"f_dc_0" in header


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["bake", "capture", "--budget", "0"], "the budget must be longer than 0 seconds, got 0"),
        (["bake", "capture", "--iterations", "0"], "the iterations must be at least 1, got 0"),
        (
            ["bake", "capture", "--iterations", "5", "--budget", "5m"],
            "--budget and --iterations exclude each other: give one of them.",
        ),
        (
            ["drive", "{avatar}", "--signal", "absent.npz", "-o", "a.mp4"],
            "absent.npz: no such file, expected a face signal (.json, .csv or .npz).",
        ),
        (
            ["drive", "{avatar}", "--signal", "{signal}", "-o", "a.avi"],
            "a.avi: unknown kind of output, expected a video (out.mp4, out.webm) or numbered pictures "
            "(frames/%05d.png).",
        ),
        (
            ["drive", "{avatar}", "--signal", "{signal}", "-o", "a.mp4", "--background", "transparent"],
            "a.mp4: an mp4 cannot be transparent; give a background colour, or write out.webm or frames/%05d.png.",
        ),
        (
            ["render", "{avatar}", "-o", "a.png", "--mood", "happy:2"],
            "the intensity of a mood is from 0 to 1, got 2.",
        ),
        (
            ["drive", "{avatar}", "--audio", "a.wav", "--mood", "joy"],
            "there is no mood 'joy'; expected one of neutral, happy, sad, angry, surprised, calm, serious.",
        ),
        (
            ["drive", "{avatar}", "--signal", "{signal}", "-o", "a.mp4", "--mood", "happy"],
            "--mood is that of a face which a voice drives; it needs --audio, --mic or --source.",
        ),
        (["render", "{avatar}", "-o", "a.jpg"], "a.jpg: a picture is written as .png."),
        (
            ["render", "{avatar}", "-o", "a.png", "--frame", "3"],
            "--frame needs --signal: without a signal the avatar rests.",
        ),
        (
            ["render", "{avatar}", "-o", "a.png", "--signal", "{signal}", "--frame", "12"],
            "no frame 12: the signal has 12 frames, counted from 0.",
        ),
        (
            ["render", "{avatar}", "-o", "a.png", "--camera", "c.json", "--yaw", "3"],
            "--camera excludes --yaw, --pitch and --distance: give one or the other.",
        ),
        (
            ["export", "{avatar}", "-o", "a.obj"],
            "a.obj: an avatar is exported as .ply, .spz, .splat, .glb, .gltf or .html.",
        ),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(run, files: Path, arguments: list[str], message: str) -> None:
    names = {"avatar": files / "small.splatavatar", "signal": files / "signal.npz"}
    done = run(*(argument.format(**names) for argument in arguments))
    assert (done.stderr, done.stdout, done.returncode) == (f"Error: {message}\n", "", 2)


def test_eval_views_says_how_much_skin_is_skin(run, tmp_path: Path) -> None:
    done = run("eval", "demo", "--views", "-o", "seen")
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in (tmp_path / "seen").iterdir()) == ["skin.json", "skin.png", "views.png"]
    figures = json.loads((tmp_path / "seen" / "skin.json").read_text())
    assert [view["yaw"] for view in figures["views"]] == [0, -30, 30, -60, 60, -90, 90, 180]
    said = f"{figures['not_skin']:.2%} of the skin"
    assert done.stdout.splitlines()[-1].startswith(f"seen/skin.json: beside the front, {said}")
    for view in figures["views"]:
        # From behind her hair hides all skin.
        share = "-" if view["not_skin"] is None else f"{view['not_skin']:.2%}"
        assert f"{view['yaw']:+d}" in done.stdout and share in done.stdout
    assert cv2.imread(str(tmp_path / "seen" / "views.png")).shape[1] > 1000


def test_eval_views_takes_an_avatar_alone(run, files: Path) -> None:
    done = run("eval", files / "small.splatavatar", "data", "--views")
    assert done.returncode == 2
    assert "--views takes an avatar alone, got 2 paths." in done.stderr
    done = run("eval", files / "small.splatavatar", "--views")
    assert done.returncode == 2
    assert "the rig test-head does not say where it has skin" in done.stderr


def test_eval_says_what_as_is_for(run, files: Path, sample_capture: Path) -> None:
    done = run("eval", files / "small.splatavatar", "--views", "--as", "live")
    assert done.returncode == 2
    assert "--as is for a capture; --views takes an avatar alone." in done.stderr
    done = run("eval", files / "small.splatavatar", sample_capture, "--as", "live")
    said = f"Error: --as live is for videos; {sample_capture} has cameras of its own\n"
    assert (done.stderr, done.returncode) == (said, 2)
    done = run("eval", files / "small.splatavatar", sample_capture, "--as", "dead")
    assert done.returncode == 2
    assert "'dead' is not one of 'live', 'landmarks', 'followed'" in done.stderr


def test_eval_takes_one_or_two_paths(run, files: Path) -> None:
    done = run("eval", "a", "b", "c")
    assert done.returncode == 2
    assert "expected [AVATAR] CAPTURE, got 3 paths." in done.stderr


def test_ctrl_c_exits_with_130_and_keeps_a_playable_part(files: Path, tmp_path: Path) -> None:
    write_signal(tmp_path / "long.npz", moving_signal(600, 30))
    arguments = ["drive", files / "small.splatavatar", "--signal", "long.npz", "-o", "a.mp4", "--size", "256x256"]
    path = os.pathsep.join(filter(None, [str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH")]))
    process = subprocess.Popen(
        [sys.executable, "-m", "splatavatar", *map(str, arguments)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": path},
        stderr=subprocess.PIPE,
        text=True,
        # A shell that runs the tests in the background has them ignore SIGINT, and children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    deadline = time.monotonic() + 60
    while not any(part.stat().st_size > 0 for part in tmp_path.glob(".a.mp4.*.part")):
        assert process.poll() is None and time.monotonic() < deadline, "the drive did not start to write"
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    assert re.fullmatch(r"a\.mp4: the first \d+ of 18000 frames\n", stderr)
    with av.open(str(tmp_path / "a.mp4")) as container:
        assert 0 < len(list(container.decode(video=0))) < 18_000
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["a.mp4", "long.npz"]


def test_bench_measures_latency(run, files: Path) -> None:
    done = run("bench", files / "small.splatavatar", "--latency", "--json", "--size", "64x64")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["source"] == "built-in motion" and result["render_fps"] > 0
    assert 0 <= result["latency_p50"] <= result["latency_p95"]
    refused = run("bench", files / "small.splatavatar", "--audio", "a.wav")
    assert (refused.returncode, refused.stderr) == (2, "Error: --video and --audio drive only with --latency\n")
