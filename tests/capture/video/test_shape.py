"""Pictures of every way of storing them come out with square pixels."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from splatavatar.capture.video.shape import pixel_aspect
from splatavatar.capture.video.video import Video
from support.footage import add_clean_aperture, disc, extent, write_video

SIZE, RADIUS = (160, 240), 60.0


def first(path: Path) -> np.ndarray:
    video = Video(path)
    image = next(video.frames())[2]
    assert image.shape == (video.height, video.width, 3)
    return image


@pytest.mark.parametrize("rotation", [0, 90, 180])
@pytest.mark.parametrize("aspect", [Fraction(4, 3), Fraction(3, 4), Fraction(15, 16), Fraction(16, 11)])
@pytest.mark.parametrize("name", ["v.mp4", "v.mkv"])
def test_a_disc_is_round_and_loses_no_detail(tmp_path: Path, name: str, aspect: Fraction, rotation: int) -> None:
    pictures = [disc(SIZE, aspect, RADIUS)] * 3
    image = first(write_video(tmp_path / name, pictures, aspect=aspect, rotation=rotation if name == "v.mp4" else 0))
    across, down = extent(image)
    assert across == pytest.approx(down, abs=2)
    # The narrow side of a pixel is made as long as the other.
    assert across == pytest.approx(2 * RADIUS * max(1, 1 / float(aspect)), abs=3)
    width, height = image.shape[1::-1] if rotation != 90 or name == "v.mkv" else image.shape[:2]
    assert (width, height) == (max(SIZE[0], round(SIZE[0] * aspect)), max(SIZE[1], round(SIZE[1] / aspect)))


def test_key_frames_have_the_same_shape(tmp_path: Path) -> None:
    video = Video(write_video(tmp_path / "v.mp4", [disc(SIZE, Fraction(4, 3), RADIUS)] * 3, aspect=Fraction(4, 3)))
    assert [image.shape for image in video.key_frames(3)] == [(240, 213, 3)]


@pytest.mark.parametrize("aspect", [Fraction(1, 200), Fraction(200, 1), Fraction(5, 1)])
def test_nonsense_is_no_shape(tmp_path: Path, aspect: Fraction, caplog: pytest.LogCaptureFixture) -> None:
    path = write_video(tmp_path / "v.mp4", [disc(SIZE, Fraction(1), RADIUS)] * 3, aspect=aspect)
    assert first(path).shape == (240, 160, 3)
    if aspect == 5:
        assert caplog.messages == [f"{path}: states pixels 5 times as wide as high, which is taken for a mistake."]


def test_no_shape_at_all() -> None:
    for stated in (None, 0, Fraction(0), Fraction(-4, 3)):
        assert pixel_aspect(stated, "v.mp4") == 1


def test_only_the_clean_aperture_is_shown(tmp_path: Path) -> None:
    """Cut as stored, then squared, then turned."""
    aspect = Fraction(4, 3)
    path = write_video(tmp_path / "v.mp4", [disc(SIZE, aspect, RADIUS)] * 3, aspect=aspect, rotation=90)
    add_clean_aperture(path, 140, 220, -4, 6)
    image = first(path)
    assert image.shape == (187, 220, 3)
    assert extent(image) == (pytest.approx(119, abs=2), pytest.approx(119, abs=2))
    rows, columns = np.nonzero(image[..., 0] > 128)
    # The middle of the disc, from the corner of what is shown: (79.5 - 6, 119.5 - 16) as stored, turned to the left.
    assert columns.mean() == pytest.approx(103.5, abs=1)
    assert rows.mean() == pytest.approx(187 - 73.5 * 4 / 3, abs=1.5)


def test_a_shape_that_changes_on_the_way(tmp_path: Path) -> None:
    """As in broadcasts, where nothing but the codec says how wide pixels are."""
    parts = []
    for number, aspect in enumerate((Fraction(4, 3), Fraction(16, 9))):
        path = tmp_path / f"{number}.h264"
        write_video(path, [disc(SIZE, aspect, RADIUS)] * 12, aspect=aspect, options={"bf": "2"})
        parts.append(path.read_bytes())
    (tmp_path / "both.h264").write_bytes(b"".join(parts))
    with av.open(str(tmp_path / "both.h264")) as given, av.open(str(tmp_path / "v.ts"), "w") as made:
        stream = given.streams.video[0]
        out = made.add_stream_from_template(stream)
        packets = [packet for packet in given.demux(stream) if packet.size]
        for number, packet in enumerate(packets):
            packet.dts, packet.pts, packet.time_base = 3600 * number, 3600 * (number + 2), Fraction(1, 90000)
            packet.stream = out
            made.mux(packet)
    video = Video(tmp_path / "v.ts")
    seen = [extent(image) for _, _, image in video.frames()]
    assert (video.width, video.height, len(seen)) == (213, 240, 24)
    assert all(across == pytest.approx(down, abs=2) for across, down in seen)
    # What is wider then is scaled to fit.
    assert (seen[11][1], seen[12][1]) == (pytest.approx(119, abs=2), pytest.approx(89, abs=2))
