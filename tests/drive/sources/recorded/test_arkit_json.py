from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from splatavatar.drive.sources.recorded.read import read_signal
from splatavatar.errors import SignalError
from splatavatar.rig.arkit import NAMES
from support.shared import shared

NAMES_BACKWARDS = list(NAMES[::-1])


def write(tmp_path: Path, document: Any) -> Path:
    path = tmp_path / "signal.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return path


def frame(value: float = 0.5, **more: Any) -> dict[str, Any]:
    return {"weights": [value] * 52, **more}


def test_maps_by_name_and_clips(tmp_path: Path) -> None:
    weights = [0.0] * 52
    weights[NAMES_BACKWARDS.index("jawOpen")] = 0.25
    weights[NAMES_BACKWARDS.index("mouthLeft")] = 1.5
    weights[NAMES_BACKWARDS.index("mouthRight")] = -0.5
    recording = read_signal(write(tmp_path, {"names": NAMES_BACKWARDS, "frames": [{"weights": weights}] * 3}))
    expected = np.zeros((3, 52), np.float32)
    expected[:, NAMES.index("jawOpen")], expected[:, NAMES.index("mouthLeft")] = 0.25, 1.0
    np.testing.assert_array_equal(recording.arkit, expected)
    assert recording.fps == 30.0
    np.testing.assert_allclose(recording.time, [0, 1 / 30, 2 / 30])


def test_frame_rate_and_start_come_from_the_times(tmp_path: Path) -> None:
    frames = [frame(time=7 + i / 24) for i in range(5)]
    recording = read_signal(write(tmp_path, {"names": NAMES, "frames": frames}))
    assert recording.fps == 24.0
    assert recording.time[0] == 0


def test_names_may_start_with_a_capital_and_mediapipes_set_is_enough(tmp_path: Path) -> None:
    names = ["_neutral"] + [name[0].upper() + name[1:] for name in NAMES if name != "tongueOut"]
    recording = read_signal(write(tmp_path, {"names": names, "frames": [frame(1.0)]}))
    assert recording.arkit[0].sum() == 51
    assert recording.arkit[0, NAMES.index("tongueOut")] == 0


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("{", 'not valid JSON (line 1), expected a JSON object with "names" and "frames".'),
        ("[" * 100000, 'not valid JSON: lists too deep, expected a JSON object with "names" and "frames".'),
        ([], 'expected a JSON object with "names" and "frames".'),
        ({"names": 3, "frames": []}, '"names" must be a list of coefficient names.'),
        ({"names": NAMES, "frames": [1]}, '"frames" must be a list of objects with "weights".'),
        ({"names": NAMES, "frames": []}, "no frames."),
        ({"names": NAMES, "frames": [frame(), {}]}, "frame 1 has no weights, expected 52."),
        ({"names": NAMES, "frames": [{"weights": [0.0]}]}, "frame 0 has 1 weights, expected 52."),
        ({"names": NAMES, "frames": [{"weights": ["a"] * 52}]}, "frame 0 holds something that is not a number."),
        ({"names": NAMES, "frames": [frame(time="x")]}, "frame 0 holds something that is not a number."),
        ({"names": NAMES, "frames": [frame(float("nan"))]}, "arkit is not a finite number in frame 0."),
        ({"names": NAMES, "frames": [frame(time=1), frame(time=1)]}, "time does not increase at frame 1."),
        ({"names": [*NAMES[:51], NAMES[0]], "frames": [frame()]}, f"the coefficient {NAMES[0]!r} occurs twice."),
        (
            {"names": NAMES[4:], "frames": [{"weights": [0.0] * 48}]},
            f"coefficients missing: {NAMES[0]}, {NAMES[1]}, {NAMES[2]} and 1 more.",
        ),
    ],
)
def test_refuses(tmp_path: Path, document: Any, message: str) -> None:
    path = write(tmp_path, document)
    with pytest.raises(SignalError) as caught:
        read_signal(path)
    assert str(caught.value) == f"{path}: {message}"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le"])
def test_any_encoding(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(json.dumps({"names": NAMES, "frames": [frame(0.5)] * 3}).encode(encoding))
    assert len(read_signal(path)) == 3


def test_frames_without_times_follow_the_rate_of_the_file(tmp_path: Path) -> None:
    recording = read_signal(write(tmp_path, {"names": NAMES, "fps": 60, "frames": [frame()] * 61}))
    assert recording.fps == 60 and recording.time[-1] == pytest.approx(1)


def test_milliseconds(tmp_path: Path) -> None:
    frames = [frame(time=1_700_000_000_000 + 40 * index) for index in range(50)]
    recording = read_signal(write(tmp_path, {"names": NAMES, "frames": frames}))
    assert recording.fps == 25 and recording.time[-1] == pytest.approx(49 / 25)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('"time": 1e999', "time is not a finite number in frame 1."),
        (f'"time": {10**400}', "time is not a finite number in frame 1."),
        ('"time": 1e308', "time is 1e+308 in frame 1; expected seconds."),
        ('"time": 5e-324', "1e+09 frames a second; expected between 0.1 and 1000."),
        ('"time": true', "frame 1 holds something that is not a number."),
        ('"time": null', "frame 1 has no time and others have; give it to all of them or to none."),
        ('"time": 1', "its frames are 1 seconds apart, as those of a face are not;"),
        ('"weights": [1e999]', "frame 1 has 1 weights, expected 52."),
    ],
)
def test_times_that_make_no_sense(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "a.json"
    zeros = json.dumps([0.0] * 52)
    first = f'{{"weights": {zeros}, "time": 0}}'
    path.write_text(f'{{"names": {json.dumps(NAMES)}, "frames": [{first}, {{"weights": {zeros}, {text}}}]}}')
    with pytest.raises(SignalError) as caught:
        read_signal(path)
    assert str(caught.value).startswith(f"{path}: {message}")


@pytest.mark.parametrize("fps", [0, -1, 1e999, 10**400, "x", [30]])
def test_a_rate_that_makes_no_sense(tmp_path: Path, fps: object) -> None:
    path = write(tmp_path, {"names": NAMES, "fps": fps, "frames": [frame()]})
    with pytest.raises(SignalError):
        read_signal(path)


@pytest.mark.shared
def test_reads_a_real_one() -> None:
    recording = read_signal(shared("livelink/lam-expression-1s.json"))
    assert len(recording) == 973
    assert recording.fps == 30.0
    assert recording.arkit[:, NAMES.index("jawOpen")].max() == np.float32(0.3)
