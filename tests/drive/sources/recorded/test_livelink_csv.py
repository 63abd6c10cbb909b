from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from splatavatar.drive.sources.recorded.read import read_signal
from splatavatar.errors import SignalError
from splatavatar.rig.arkit import NAMES
from support.shared import shared

ANGLES = ["HeadYaw", "HeadPitch", "HeadRoll"] + [
    f"{side}Eye{angle}" for side in ("Left", "Right") for angle in ("Yaw", "Pitch", "Roll")
]
HEADER = ["Timecode", "BlendShapeCount"] + [name[0].upper() + name[1:] for name in NAMES[::-1]] + ANGLES


def row(timecode: str, **values: float) -> list[str]:
    return [timecode, "61"] + [str(values.get(name, 0.0)) for name in HEADER[2:]]


def write(tmp_path: Path, *rows: list[str]) -> Path:
    path = tmp_path / "take.csv"
    path.write_text("\n".join(",".join(cells) for cells in rows) + "\n")
    return path


def test_maps_by_header(tmp_path: Path) -> None:
    path = write(tmp_path, HEADER, row("10:00:00:00.0", JawLeft=0.3, MouthRight=0.6))
    recording = read_signal(path)
    expected = np.zeros(52, np.float32)
    expected[NAMES.index("jawLeft")], expected[NAMES.index("mouthRight")] = 0.3, 0.6
    np.testing.assert_array_equal(recording.arkit[0], expected)


def test_timecode_counts_sixty_frames_a_second_over_midnight(tmp_path: Path) -> None:
    codes = ["23:59:59:56.5", "23:59:59:58.5", "00:00:00:00.5", "00:00:00:02.5"]
    recording = read_signal(write(tmp_path, HEADER, *(row(code) for code in codes)))
    np.testing.assert_allclose(recording.time, np.arange(4) / 30, atol=1e-9)
    assert recording.fps == 30.0


@pytest.mark.parametrize(("name", "axis"), [("HeadPitch", (1, 0, 0)), ("HeadYaw", (0, 1, 0)), ("HeadRoll", (0, 0, 1))])
def test_head_angles_turn_about_the_rig_axes(tmp_path: Path, name: str, axis: tuple[int, int, int]) -> None:
    recording = read_signal(write(tmp_path, HEADER, row("10:00:00:00.0", **{name: 0.2})))
    np.testing.assert_allclose(recording.head_rotation[0], 0.2 * np.array(axis), atol=1e-7)


def test_gaze_grows_to_the_left_and_up(tmp_path: Path) -> None:
    angles = {"LeftEyeYaw": 0.1, "LeftEyePitch": 0.2, "RightEyeYaw": -0.3, "RightEyePitch": -0.4, "LeftEyeRoll": 0.5}
    recording = read_signal(write(tmp_path, HEADER, row("10:00:00:00.0", **angles)))
    np.testing.assert_allclose(recording.gaze[0], [[-0.1, -0.2], [0.3, 0.4]], rtol=1e-6)


def test_rows_without_a_face_rest_with_no_confidence(tmp_path: Path) -> None:
    rows = [row("10:00:00:00.0", JawOpen=1), ["10:00:00:02.0", "0"], row("10:00:00:04.0", JawOpen=1)]
    recording = read_signal(write(tmp_path, HEADER, *rows))
    np.testing.assert_array_equal(recording.confidence, [1, 0, 1])
    np.testing.assert_array_equal(recording.arkit[:, NAMES.index("jawOpen")], [1, 0, 1])


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "no names of ARKit's coefficients in it, expected its 52, such as jawOpen."),
        ([HEADER[1:]], "no column 'Timecode'; expected a take of the Live Link Face app."),
        ([HEADER], "no frames."),
        ([HEADER, row("12 o'clock")], 'line 2 has the timecode "12 o\'clock", expected HH:MM:SS:FF.sub or seconds.'),
        ([HEADER, row("1:00:00:00.0")[:-1]], "line 2 has 62 values, expected 63."),
        ([HEADER, [*row("1:00:00:00.0")[:2], "x", *row("")[3:]]], "line 2 holds something that is not a number."),
        ([HEADER, [*row("1:00:00:00.0")[:2], "nan", *row("")[3:]]], "arkit is not a finite number in frame 0."),
        ([HEADER, row("1:00:00:02.0"), row("1:00:00:02.0")], "time does not increase at frame 1."),
        (
            [HEADER[:2] + HEADER[4:], row("1:00:00:02.0")[:2] + row("")[4:]],
            f"coefficients missing: {NAMES[50]}.",
        ),
    ],
)
def test_refuses(tmp_path: Path, rows: list[list[str]], message: str) -> None:
    path = write(tmp_path, *rows)
    with pytest.raises(SignalError) as caught:
        read_signal(path)
    assert str(caught.value) == f"{path}: {message}"


def test_refuses_a_binary_file(tmp_path: Path) -> None:
    path = tmp_path / "take.csv"
    path.write_bytes(b"\x80\xfe\x00\x80" * 10)
    with pytest.raises(SignalError) as caught:
        read_signal(path)
    assert (
        str(caught.value) == f"{path}: not a text in UTF-8 or UTF-16, expected a table of the coefficients of a face."
    )


@pytest.mark.parametrize("count", ["BlendshapeCount", "BLENDSHAPECOUNT", "Blend Shape Count"])
def test_the_header_of_newer_takes(tmp_path: Path, count: str) -> None:
    rows = [row("10:00:00:00.0", JawOpen=1), ["10:00:00:02.0", "0"], row("10:00:00:04.0", JawOpen=1)]
    path = write(tmp_path, [HEADER[0], count, *HEADER[2:]], *rows)
    recording = read_signal(path.rename(tmp_path / "MySlate_1_iPhone_cal.csv"))
    np.testing.assert_array_equal(recording.confidence, [1, 0, 1])


def test_the_field_counts_at_the_rate_of_the_take(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    codes = [f"10:00:0{index // 30}:{index % 30:02d}.0" for index in range(90)]
    recording = read_signal(write(tmp_path, HEADER, *(row(code) for code in codes)))
    assert recording.fps == 30 and recording.time[-1] == pytest.approx(89 / 30)
    assert not caplog.records


def test_columns_of_other_tools_are_left_out_with_one_line(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    more = ["Angry", "Disgusted", "Fearful", "Happy", "Neutral", "Sad", "Surprised"]
    codes = [f"10:00:00:{index:02d}.0" for index in range(60)]
    recording = read_signal(write(tmp_path, [*HEADER, *more], *([*row(code), *"0000000"] for code in codes)))
    assert recording.fps == 60
    assert len(caplog.records) == 1 and "'Angry', 'Disgusted', 'Fearful' and 4 more" in caplog.text


def test_a_take_that_a_spreadsheet_saved(tmp_path: Path) -> None:
    codes = [f"10:00:00:{index:02d}.5" for index in range(60)]
    path = write(tmp_path, HEADER, *(row(code, JawOpen=0.25) for code in codes))
    text = "sep=;\n" + path.read_text().replace(",", ";").replace("0.25", "0,25")
    path.write_bytes(text.replace("\n", "\r\n").encode("utf-16"))
    recording = read_signal(path)
    assert recording.fps == 60 and len(recording) == 60
    assert (recording.arkit[:, NAMES.index("jawOpen")] == 0.25).all()


@pytest.mark.shared
def test_reads_a_real_one() -> None:
    recording = read_signal(shared("livelink/alex_rom_3.csv"))
    assert len(recording) == 4030
    assert recording.fps == 30.0
    # Where the eyes look, by the coefficients and by the angles, is the same side and the same height.
    coefficient = {name: recording.arkit[:, NAMES.index(name)] for name in NAMES if name.startswith("eyeLook")}
    left = coefficient["eyeLookOutLeft"] - coefficient["eyeLookInLeft"]
    up = coefficient["eyeLookUpLeft"] - coefficient["eyeLookDownLeft"]
    assert np.corrcoef(left, recording.gaze[:, 0, 0])[0, 1] > 0.9
    assert np.corrcoef(up, recording.gaze[:, 0, 1])[0, 1] > 0.9
