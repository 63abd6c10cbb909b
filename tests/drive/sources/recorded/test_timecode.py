from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from splatavatar.drive.sources.recorded.timecode import seconds_of
from splatavatar.errors import SignalError


def codes(count: int, rate: int, step: float = 1.0, start: float = 0.0, sub: bool = True, mark: str = ":") -> list[str]:
    """Labels of frames that are ``step`` counts of ``rate`` a second apart, the first ``start`` after midnight."""
    out = []
    for index in range(count):
        total = start + index * step
        whole, frame = int(total // rate), total % rate
        field = f"{frame:06.3f}" if sub else f"{int(frame):02d}"
        out.append(f"{whole // 3600 % 24:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}{mark}{field}")
    return out


def read(labels: list[str], folder: Path = Path("nowhere")) -> np.ndarray[Any, np.dtype[np.float64]]:
    return seconds_of(labels, range(2, 2 + len(labels)), folder / "take.csv")


@pytest.mark.parametrize("rate", [24, 25, 30, 48, 50, 60, 120])
@pytest.mark.parametrize(("step", "sub"), [(1.0, False), (1.001, True), (2.0, False), (1.9998, True)])
def test_the_field_counts_at_the_rate_at_which_it_wraps(
    rate: int, step: float, sub: bool, caplog: pytest.LogCaptureFixture
) -> None:
    time = read(codes(3 * rate, rate, step, 41_234 * rate + 7.4, sub))
    np.testing.assert_allclose(np.diff(time), step / rate, atol=2e-3 / rate)
    assert not caplog.records


def test_milliseconds_are_a_field_as_well() -> None:
    time = read([f"00:00:{ms // 1000:02d}:{ms % 1000:03d}" for ms in range(0, 4000, 33)])
    np.testing.assert_allclose(np.diff(time), 0.033, atol=1e-9)


def test_dropped_and_repeated_frames_and_uneven_rows_do_not_change_the_rate() -> None:
    rng = np.random.default_rng(0)
    kept = np.sort(rng.choice(900, 700))
    labels = codes(900, 30, 1.001)
    np.testing.assert_allclose(read([labels[index] for index in kept]), kept * 1.001 / 30, atol=1e-4)
    uneven = np.cumsum(rng.uniform(0.5, 1.5, 600))
    labels = [codes(1, 60, 1.0, float(at))[0] for at in uneven]
    np.testing.assert_allclose(read(labels), uneven / 60, atol=1e-4)


def test_a_label_that_was_rounded_up_is_no_other_rate(caplog: pytest.LogCaptureFixture) -> None:
    labels = codes(180, 60)
    labels[59] = "00:00:00:60.000"
    time = read(labels)
    assert time[59] == pytest.approx(1.0)
    np.testing.assert_allclose(np.delete(time, 59), np.delete(np.arange(180), 59) / 60, atol=1e-6)
    assert not caplog.records


def test_midnight_is_passed() -> None:
    time = read(codes(75, 25, start=24 * 3600 * 25 - 30, sub=False))
    np.testing.assert_allclose(time - time[0], np.arange(75) / 25, atol=1e-9)


@pytest.mark.parametrize(("rate", "skipped"), [(30, 2), (60, 4)])
@pytest.mark.parametrize("mark", [":", ";"])
def test_drop_frame_skips_labels_and_no_time(rate: int, skipped: int, mark: str) -> None:
    labels = [
        label
        for label in codes(22 * 60 * rate, rate, sub=False, mark=mark)
        if label[6:8] != "00" or int(label[9:]) >= skipped or int(label[3:5]) % 10 == 0
    ]
    time = read(labels)
    np.testing.assert_allclose(time, np.arange(len(labels)) * 1001 / 1000 / rate, atol=1e-6)


def test_a_short_take_cannot_show_its_rate_and_that_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    time = read(codes(15, 30, 1.001, 2))
    np.testing.assert_allclose(np.diff(time), 1.001 / 60, atol=1e-4)
    assert len(caplog.records) == 1 and caplog.records[0].levelno == logging.WARNING
    assert "60 is assumed" in caplog.text


def test_a_field_beyond_thirty_can_only_count_sixty(caplog: pytest.LogCaptureFixture) -> None:
    np.testing.assert_allclose(np.diff(read(codes(15, 60, 1.0, 20))), 1 / 60, atol=1e-6)
    assert not caplog.records


def take(**changes: Any) -> dict[str, Any]:
    """What the app writes beside a take that begins at 10:00:00:02 and ends half a second later, counted in 30."""
    start, end = ({"value": value, "timescale": 1_000_000_000} for value in (5_000_000_000, 5_500_000_000))
    return {
        "startTimecode": "10:00:00:02.000",
        "endTimecode": "10:00:00:17.000",
        "startTimestamp": start,
        "endTimestamp": end,
        "videoTargetFrameRate": 60,
    } | changes


@pytest.mark.parametrize(
    ("described", "rate"),
    [
        (take(), 30),
        (take(startTimestamp=None, videoTargetFrameRate=25), 25),
        (take(startTimestamp=None, videoTargetFrameRate=29.97), 30),
        (take(endTimestamp={"value": 1, "timescale": 0}, videoTargetFrameRate=24), 24),
        ({"videoTargetFrameRate": 30}, 30),
    ],
)
def test_the_description_beside_a_short_take_shows_it(
    tmp_path: Path, described: dict[str, Any], rate: int, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "take.json").write_bytes(b"\xef\xbb\xbf" + json.dumps(described).encode())
    time = read(codes(15, 30, 1.0, 36_000 * 30 + 2), tmp_path)
    np.testing.assert_allclose(np.diff(time), 1 / rate, atol=1e-6)
    assert not caplog.records


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "[]",
        "1",
        json.dumps(take(startTimecode="11:00:00:02.000", endTimecode="11:00:00:17.000")),
        json.dumps({"startTimecode": 5, "startTimestamp": {"value": "x", "timescale": []}}),
        json.dumps({"videoTargetFrameRate": "thirty"}),
        '{"videoTargetFrameRate": 1e999, "startTimestamp": {"value": 1e999, "timescale": 5e-324}}',
    ],
)
def test_a_description_that_says_nothing_of_it_is_passed_over(
    tmp_path: Path, content: str, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "take.json").write_text(content)
    np.testing.assert_allclose(np.diff(read(codes(15, 30, 1.0, 36_000 * 30 + 2), tmp_path)), 1 / 60, atol=1e-6)
    assert "60 is assumed" in caplog.text


def test_a_clock_without_frames_is_one_as_well() -> None:
    np.testing.assert_allclose(read(["0:59:59.9", "0:59:59,95", "1:00:00.0"]), [3599.9, 3599.95, 3600])


def test_a_field_that_never_counts_says_nothing(caplog: pytest.LogCaptureFixture) -> None:
    np.testing.assert_array_equal(read(["00:00:01:00", "00:00:02:00", "00:00:03:00"]), [1, 2, 3])
    assert not caplog.records


@pytest.mark.parametrize("code", ["", "1", "00:61:00:00", "00:00:99:00", "a:b:c:d", "00:00:00:00:00", "²:00:00:00"])
def test_refuses(code: str) -> None:
    with pytest.raises(SignalError, match=r"line 3 has the timecode .*, expected HH:MM:SS:FF.sub or seconds."):
        read(["00:00:00:00", code])
