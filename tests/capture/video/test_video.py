from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from splatavatar.capture.video.video import Video
from splatavatar.errors import CaptureError
from support.footage import BLUE, GREEN, GREY, RED, SIZE, corners, numbered, quarters, write_sound, write_video

pytest.importorskip("av")


def pictures(path: Path) -> list[np.ndarray]:
    return [image for _, _, image in Video(path).frames()]


@pytest.mark.parametrize(
    ("rotation", "mirrored", "shown"),
    [
        (0, False, [RED, GREEN, BLUE, GREY]),
        (90, False, [GREEN, GREY, RED, BLUE]),
        (180, False, [GREY, BLUE, GREEN, RED]),
        (-90, False, [BLUE, RED, GREY, GREEN]),
        (0, True, [GREEN, RED, GREY, BLUE]),
        (90, True, [GREY, GREEN, BLUE, RED]),
    ],
)
def test_pictures_are_upright(tmp_path: Path, rotation: int, mirrored: bool, shown: list[tuple[int, ...]]) -> None:
    video = Video(write_video(tmp_path / "v.mp4", [quarters()] * 3, rotation=rotation, mirrored=mirrored))
    image = next(video.frames())[2]
    assert image.shape == (video.height, video.width, 3)
    assert (video.width, video.height) == (SIZE if rotation % 180 == 0 else SIZE[::-1])
    assert np.abs(np.subtract(corners(image), shown)).max() <= 3
    if not mirrored:
        assert video.rotation == rotation % 360


@pytest.mark.parametrize(
    ("name", "codec", "pixels"),
    [
        ("v.mp4", "libx264", "yuv420p"),
        ("v.mov", "libx265", "yuv420p"),
        ("v.mp4", "libx265", "yuv420p10le"),
        ("v.webm", "libvpx-vp9", "yuv420p"),
        ("v.avi", "mpeg4", "yuv420p"),
        ("v.mkv", "ffv1", "yuv444p"),
    ],
)
def test_codecs_of_phones_and_browsers(tmp_path: Path, name: str, codec: str, pixels: str) -> None:
    video = Video(write_video(tmp_path / name, [quarters()] * 5, codec=codec, pixels=pixels))
    shown = [image for _, _, image in video.frames()]
    assert (video.count, len(shown), video.hdr) == (5, 5, False)
    assert video.fps == pytest.approx(25, abs=0.05)
    assert np.abs(np.subtract(corners(shown[2]), [RED, GREEN, BLUE, GREY])).max() <= 5


@pytest.mark.parametrize("name", ["v.mp4", "v.mkv"])
def test_times_are_those_of_the_frames(tmp_path: Path, name: str) -> None:
    times = [0.0, 0.033, 0.1, 0.133, 0.333, 0.4, 0.45]
    video = Video(write_video(tmp_path / name, [quarters()] * 7, times=times))
    assert [time for _, time, _ in video.frames()] == pytest.approx(times, abs=0.002)
    assert video.count == 7
    assert video.fps == pytest.approx(6 / 0.45, rel=0.01)


def test_some_of_the_frames_in_order_and_again(tmp_path: Path) -> None:
    video = Video(write_video(tmp_path / "v.mp4", numbered(60)))
    for _ in range(2):
        found = [(index, time, image.mean()) for index, time, image in video.frames([41, 7, 20])]
        assert [index for index, _, _ in found] == [7, 20, 41]
        assert [time for _, time, _ in found] == pytest.approx([0.28, 0.8, 1.64])
        assert [mean for _, _, mean in found] == pytest.approx([15, 41, 83], abs=2)


def test_a_file_that_ends_too_early_gives_what_is_there(tmp_path: Path) -> None:
    whole = write_video(tmp_path / "whole.mkv", numbered(60, (160, 120)), options={"g": "10", "bf": "0"})
    cut = tmp_path / "cut.mkv"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    shown = pictures(cut)
    assert 15 < len(shown) < 45
    assert Video(cut).count == pytest.approx(len(shown), abs=1)
    assert np.array_equal(shown[10], pictures(whole)[10])


def test_damage_in_the_middle_costs_the_frames_it_hits(tmp_path: Path) -> None:
    whole = write_video(tmp_path / "whole.mp4", numbered(60, (160, 120)), options={"g": "10", "bf": "0"})
    content = bytearray(whole.read_bytes())
    middle = content.index(b"mdat") + len(content) // 3
    content[middle : middle + 400] = b"\xa5" * 400
    damaged = tmp_path / "damaged.mp4"
    damaged.write_bytes(content)
    times = [time for _, time, _ in Video(damaged).frames()]
    assert 45 <= len(times) < 60
    assert times[-1] == pytest.approx(59 / 25)


def test_frames_that_change_their_size_are_made_alike(tmp_path: Path) -> None:
    small = np.full((48, 64, 3), 60, np.uint8)
    large = np.full((96, 128, 3), 200, np.uint8)
    path = write_video(tmp_path / "v.ivf", [small] * 2, codec="libvpx-vp9")
    other = write_video(tmp_path / "w.ivf", [large] * 2, codec="libvpx-vp9")
    header = 32  # bytes of an IVF file
    second = bytearray(other.read_bytes()[header:])
    at = 0
    for number in (2, 3):  # the frames of the second file come after those of the first
        second[at + 4 : at + 12] = number.to_bytes(8, "little")
        at += 12 + int.from_bytes(second[at : at + 4], "little")
    path.write_bytes(path.read_bytes() + bytes(second))
    shown = pictures(path)
    assert [image.shape for image in shown] == [(48, 64, 3)] * 4
    assert [float(image.mean()) for image in shown] == pytest.approx([60, 60, 200, 200], abs=3)


def test_bt709_and_full_range(tmp_path: Path) -> None:
    """Codes computed here, by the matrix of BT.709 and the full range."""
    colour = np.array([200, 60, 30]) / 255
    luma = colour @ [0.2126, 0.7152, 0.0722]
    codes = np.array([luma, (colour[2] - luma) / 1.8556 + 0.5, (colour[0] - luma) / 1.5748 + 0.5])
    frame = np.broadcast_to(np.rint(1023 * codes)[:, None, None], (3, 48, 64)).astype(np.uint16)
    tags = {"colorspace": 1, "color_primaries": 1, "color_trc": 1, "color_range": 2}
    path = write_video(
        tmp_path / "v.mkv",
        [frame] * 2,
        codec="libx265",
        pixels="yuv444p10le",
        planes=True,
        tags=tags,
        options={"x265-params": "log-level=none:pools=none:frame-threads=1:lossless=1"},
    )
    assert pictures(path)[0][24, 32].tolist() == pytest.approx([200, 60, 30], abs=2)


def test_a_sound_file(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "v.mp4")
    with pytest.raises(CaptureError) as caught:
        Video(path)
    assert str(caught.value) == f"{path}: sound but no pictures in this file, expected a video"


def test_a_codec_that_nobody_knows(tmp_path: Path) -> None:
    path = write_video(tmp_path / "v.mp4", [quarters()] * 3)
    path.write_bytes(path.read_bytes().replace(b"avc1", b"zzzz"))
    with pytest.raises(CaptureError) as caught:
        Video(path)
    assert str(caught.value) == f"{path}: its codec cannot be decoded here; convert it to H.264 first"


@pytest.mark.parametrize("content", [b"", b"hello " * 500, bytes(5000)], ids=["empty", "text", "zeros"])
def test_something_else(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "v.mp4"
    path.write_bytes(content)
    with pytest.raises(CaptureError) as caught:
        Video(path)
    assert str(caught.value) == f"{path}: not a video that can be read (damaged, cut off, or something else)"


def test_an_mp4_whose_end_is_missing_and_with_it_its_index(tmp_path: Path) -> None:
    path = write_video(tmp_path / "v.mp4", numbered(60))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(CaptureError, match=r"not a video that can be read \(damaged, cut off, or something else\)$"):
        Video(path)


def test_text_and_pictures_that_a_decoder_would_take(tmp_path: Path) -> None:
    from PIL import Image

    text = tmp_path / "notes.txt"
    text.write_text("hello " * 400)
    with pytest.raises(CaptureError, match=r"notes\.txt: a text, expected a video or a folder of pictures$"):
        Video(text)
    for name in ("p.jpg", "p.png"):
        Image.fromarray(quarters()).save(tmp_path / name)
        with pytest.raises(CaptureError, match=r"a single picture, expected a video or a folder of pictures$"):
            Video(tmp_path / name)


def test_a_single_frame(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match=r"v\.mp4: 1 frame in it, expected a video$"):
        Video(write_video(tmp_path / "v.mp4", [quarters()]))


def test_a_video_without_frames(tmp_path: Path) -> None:
    """Its index is there and says that there are none."""
    path = write_video(tmp_path / "v.mp4", [quarters()] * 5)
    content = bytearray(path.read_bytes())
    for table in (b"stts", b"ctts", b"stsz", b"stsc", b"stco", b"stss"):
        if (at := content.find(table)) >= 0:
            entries = at + (12 if table == b"stsz" else 8)
            content[entries : entries + 4] = bytes(4)
    path.write_bytes(content)
    with pytest.raises(CaptureError, match=r"v\.mp4: no frames in it, expected a video$"):
        Video(path)


def test_frames_without_a_rate(tmp_path: Path) -> None:
    """All at the same moment."""
    path = write_video(tmp_path / "v.mp4", [quarters()] * 5, options={"bf": "0"})
    content = path.read_bytes()
    at = content.index(b"stts")
    count = int.from_bytes(content[at + 8 : at + 12], "big")
    still = content[: at + 12] + b"".join(content[at + 12 + 8 * k : at + 16 + 8 * k] + bytes(4) for k in range(count))
    path.write_bytes(still + content[at + 12 + 8 * count :])
    with pytest.raises(CaptureError, match=r"5 frames at 0 frames a second, expected a video$"):
        Video(path)


def test_pictures_that_nobody_can_decode(tmp_path: Path) -> None:
    path = write_video(tmp_path / "v.mkv", numbered(5), options={"bf": "0"})
    # The parameters without which no picture can be decoded, wherever they are.
    content = path.read_bytes()
    path.write_bytes(content.replace(b"\x67\x64\x00", b"\x1f\xff\xff"))
    with pytest.raises(CaptureError) as caught:
        Video(path)
    assert str(caught.value) == f"{path}: not one of its 5 frames can be decoded (h264)"


def write_streams(path: Path, values: list[int], sizes: list[tuple[int, int]], default: int) -> Path:
    """Sound first, then streams of pictures of one grey value each."""
    import av
    from av.stream import Disposition

    with av.open(str(path), "w") as container:
        sound = container.add_stream("aac", rate=44100, layout="mono")
        streams = []
        for number, (width, height) in enumerate(sizes):
            stream = container.add_stream("libx264", rate=25)
            stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
            stream.disposition = Disposition.default if number == default else Disposition(0)
            streams.append(stream)
        for number in range(5):
            piece = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
            piece.sample_rate, piece.pts = 44100, 1024 * number
            container.mux(sound.encode(piece))
            for stream, value, (width, height) in zip(streams, values, sizes, strict=True):
                frame = av.VideoFrame.from_ndarray(np.full((height, width, 3), value, np.uint8), "rgb24")
                frame.pts = number
                container.mux(stream.encode(frame))
        for stream in (sound, *streams):
            container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize(("default", "shown"), [(0, 40), (1, 90), (2, 160), (None, 90)])
def test_previews_and_maps_of_depth_are_not_the_film(tmp_path: Path, default: int | None, shown: int) -> None:
    sizes = [(32, 32), (96, 64), (64, 48)]
    path = write_streams(tmp_path / "v.mkv", [40, 90, 160], sizes, -1 if default is None else default)
    assert [float(image.mean()) for image in pictures(path)] == pytest.approx([shown] * 5, abs=3)


def test_a_film_may_begin_at_any_time(tmp_path: Path) -> None:
    """Sound may begin before it, and camcorders do not count from 0."""
    path = write_video(tmp_path / "v.ts", numbered(20), times=[7000 + k / 25 for k in range(20)])
    video = Video(path)
    assert video.start == pytest.approx(0, abs=0.001)
    assert [time for _, time, _ in video.frames()][-1] == pytest.approx(19 / 25, abs=0.002)


def test_damage_is_said_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = write_video(tmp_path / "v.mp4", numbered(60, (160, 120)), options={"g": "10", "bf": "0"})
    content = bytearray(path.read_bytes())
    middle = content.index(b"mdat") + len(content) // 3
    content[middle : middle + 400] = b"\xa5" * 400
    path.write_bytes(content)
    video = Video(path)
    for _ in range(2):
        assert 45 <= len(list(video.frames())) < 60
    assert len(caplog.messages) == 1
    assert caplog.messages[0].startswith(f"{path}: damaged; what cannot be decoded is left out (")
