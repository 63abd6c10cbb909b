from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from splatavatar.drive.measuring.motion import moving_signal
from splatavatar.drive.sources.recorded.read import read_signal
from splatavatar.drive.sources.recorded.signal_npz import write_signal
from splatavatar.errors import OutputError, SignalError
from splatavatar.rig.arkit import NAMES


def arrays(**changes: Any) -> dict[str, Any]:
    recording = moving_signal(0.5)
    whole = {field.name: getattr(recording, field.name) for field in fields(recording)}
    return {
        name: value for name, value in {**whole, "arkit_names": np.array(NAMES), **changes}.items() if value is not None
    }


def test_round_trip_is_exact(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    recording = replace(
        moving_signal(0.5, fps=30000 / 1001),
        head_translation=rng.normal(size=(15, 3)).astype(np.float32),
        gaze=rng.normal(size=(15, 2, 2)).astype(np.float32),
        confidence=rng.uniform(size=15).astype(np.float32),
    )
    write_signal(tmp_path / "a.npz", recording)
    again = read_signal(tmp_path / "a.npz")
    for field in fields(recording):
        np.testing.assert_array_equal(getattr(again, field.name), getattr(recording, field.name))
    assert [path.name for path in tmp_path.iterdir()] == ["a.npz"]


def test_time_coefficients_and_names_are_enough_and_names_decide_the_order(tmp_path: Path) -> None:
    recording = moving_signal(0.5)
    path = tmp_path / "a.npz"
    np.savez(path, time=recording.time + 5, arkit=recording.arkit[:, ::-1], arkit_names=np.array(NAMES[::-1]))
    again = read_signal(path)
    np.testing.assert_array_equal(again.arkit, recording.arkit)
    np.testing.assert_allclose(again.time, recording.time)
    assert again.fps == 30.0
    assert not again.head_rotation.any() and not again.gaze.any() and again.confidence.all()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"arkit": None},
            "no array 'arkit'; found arkit_names, confidence, fps, gaze, head_rotation, head_translation, time.",
        ),
        ({"arkit_names": np.arange(52)}, "arkit_names does not hold names."),
        ({"head_rotation": np.array(["a"])}, "head_rotation does not hold numbers."),
        ({"time": np.zeros(3)}, "arkit has the shape (15, 52), expected (3, 52) from time and arkit_names."),
        ({"gaze": np.zeros((15, 2))}, "gaze has the shape (15, 2), expected (15, 2, 2)."),
        ({"time": np.zeros(15)}, "time does not increase at frame 1."),
        ({"time": np.empty(0), "arkit": np.empty((0, 52))}, "no frames."),
        ({"fps": np.array([30.0, 60.0])}, "fps does not hold one number."),
        ({"fps": np.array("30")}, "fps does not hold numbers."),
        ({"fps": np.array(np.nan)}, "nan frames a second; expected between 0.1 and 1000."),
        ({"time": np.full(15, np.inf)}, "time is not a finite number in frame 0."),
        ({"time": np.arange(15) * np.longdouble("1e4000")}, "time is not a finite number in frame 1."),
        ({"head_translation": np.full((15, 3), 1e300)}, "head_translation is not a finite number in frame 0."),
        (
            {"time": np.arange(15), "fps": None},
            "its frames are 1 seconds apart, as those of a face are not; give the "
            "time in seconds with their fractions, or leave it out where frames are 30 a second.",
        ),
    ],
)
@pytest.mark.filterwarnings("error")
def test_refuses(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    path = tmp_path / "a.npz"
    np.savez(path, **arrays(**changes))
    with pytest.raises(SignalError) as caught:
        read_signal(path)
    assert str(caught.value) == f"{path}: {message}"


class Bomb:
    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (Path("exploded"),))


def test_never_unpickles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    np.savez("a.npz", **arrays(confidence=np.array([Bomb()], dtype=object)), allow_pickle=True)
    with pytest.raises(SignalError) as caught:
        read_signal(Path("a.npz"))
    assert str(caught.value) == (
        "a.npz: pickled objects in 'confidence', which are never read, expected an intact npz file of plain arrays."
    )
    assert not Path("exploded").exists()


@pytest.mark.parametrize(
    ("content", "found"), [(b"", "an empty file"), (b"PK\x03\x04", "damaged"), (b"not a zip", "damaged")]
)
def test_refuses_what_is_no_npz(tmp_path: Path, content: bytes, found: str) -> None:
    path = tmp_path / "a.npz"
    path.write_bytes(content)
    with pytest.raises(SignalError) as caught:
        read_signal(path)
    assert str(caught.value) == f"{path}: {found}, expected an intact npz file of plain arrays."


def test_refuses_a_truncated_file(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    write_signal(path, moving_signal(0.5))
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(SignalError):
        read_signal(path)


def test_says_where_it_cannot_write(tmp_path: Path) -> None:
    path = tmp_path / "missing" / "a.npz"
    with pytest.raises(OutputError) as caught:
        write_signal(path, moving_signal(0.5))
    assert str(caught.value) == f"cannot write {path}: its folder does not exist"


@pytest.mark.parametrize("order", "<>")
def test_refuses_names_of_what_is_no_character(tmp_path: Path, order: str) -> None:
    names = np.array(NAMES).astype(f"{order}U20")
    np.savez(tmp_path / "a.npz", **arrays(arkit_names=names))
    assert len(read_signal(tmp_path / "a.npz")) == 15
    codes = names.view(f"{order}u4")
    codes[7] = 0x110000
    np.savez(tmp_path / "a.npz", **arrays(arkit_names=names))
    with pytest.raises(SignalError, match="texts in 'arkit_names' that are no Unicode, expected an intact npz file"):
        read_signal(tmp_path / "a.npz")
