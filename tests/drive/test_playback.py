from __future__ import annotations

import threading
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from splatavatar.avatar.avatar import Avatar
from splatavatar.avatar.framing import default_camera
from splatavatar.avatar.renderers.cpu_renderer import CpuRenderer
from splatavatar.drive.measuring.motion import moving_signal
from splatavatar.drive.performer import Performer
from splatavatar.drive.playback import play, schedule
from splatavatar.drive.retarget import retarget
from splatavatar.drive.sinks.encoded import MP4, EncodedVideo
from splatavatar.drive.sinks.sink import Beginning
from splatavatar.errors import OutputError


class Memory:
    """A sink that keeps what it gets, and breaks at frame ``breaks_at``."""

    def __init__(self, breaks_at: int = -1, error: BaseException | None = None) -> None:
        self.images: list[NDArray[np.uint8]] = []
        self.ended = ""
        self.breaks_at, self.error = breaks_at, error

    def write(self, image: NDArray[np.uint8]) -> None:
        if len(self.images) == self.breaks_at and self.error is not None:
            raise self.error
        self.images.append(image.copy())

    def close(self) -> None:
        self.ended = "closed"

    def keep(self) -> Beginning:
        self.ended = "kept"
        return Beginning(Path("memory"))

    def discard(self) -> None:
        self.ended = "discarded"


def test_every_frame_reaches_every_sink_in_order(avatar: Avatar) -> None:
    recording, camera = moving_signal(1.0), default_camera(avatar, 48, 40)
    first, second, seen = Memory(), Memory(), list[tuple[int, int]]()
    stats = play(Performer(avatar), recording, camera, [first, second], (0.2, 0.4, 0.6), lambda *at: seen.append(at))
    assert stats.frames == 30 and stats.render_fps > 0
    assert {"rig", "blend", "total"} <= stats.stages.keys()
    assert seen == [(n, 30) for n in range(1, 31)]
    assert first.ended == second.ended == "closed"
    renderer = CpuRenderer(avatar)
    for index in range(30):
        expected = renderer.render(retarget(recording.frame(index), avatar.rig), camera, (0.2, 0.4, 0.6))
        np.testing.assert_array_equal(first.images[index], expected)
        np.testing.assert_array_equal(second.images[index], expected)
    assert any((first.images[0] != image).any() for image in first.images)


def test_an_avatar_in_the_place_of_the_performer_plays_with_a_warning(avatar: Avatar) -> None:
    recording, camera, new, old = moving_signal(0.2), default_camera(avatar, 48, 40), Memory(), Memory()
    play(Performer(avatar, limit=None), recording, camera, [new], None)
    with pytest.warns(
        DeprecationWarning, match=r"^play takes a Performer, sa\.play\(sa\.Performer\(avatar\), \.\.\.\)"
    ) as seen:
        stats = play(avatar, recording, camera, [old], None, None, None, None, CpuRenderer(avatar))
    assert [warning.filename for warning in seen] == [__file__]
    assert stats.frames == len(old.images) == 6 and old.ended == "closed"
    np.testing.assert_array_equal(old.images, new.images)
    with pytest.raises(TypeError, match="a Performer has its own"):
        play(Performer(avatar), recording, camera, [], None, limit=1.0)


def test_an_interrupt_from_before_it_began_ends_it(avatar: Avatar) -> None:
    sink, interrupted = Memory(), threading.Event()
    interrupted.set()
    with pytest.raises(KeyboardInterrupt):
        play(
            Performer(avatar), moving_signal(1.0), default_camera(avatar, 48, 40), [sink], None, interrupted=interrupted
        )
    assert sink.ended == "kept" and len(sink.images) == 1


def test_a_picture_behind_every_frame(avatar: Avatar) -> None:
    sink = Memory()
    play(
        Performer(avatar), moving_signal(0.2), default_camera(avatar, 48, 40), [sink],
        lambda frame: np.full((40, 48, 3), 10 * frame, np.uint8),
    )  # fmt: skip
    assert [int(image[0, 0, 1]) for image in sink.images] == [10 * frame for frame in range(len(sink.images))]
    assert all(image.shape == (40, 48, 3) and image[20, 24].any() for image in sink.images)


def test_pictures_without_background_have_alpha(avatar: Avatar) -> None:
    sink = Memory()
    play(Performer(avatar), moving_signal(0.1), default_camera(avatar, 48, 40), [sink], None)
    assert sink.images[0].shape == (40, 48, 4)
    assert sink.images[0][..., 3].min() == 0 and sink.images[0][..., 3].max() > 150


def test_an_error_discards_and_goes_on(avatar: Avatar) -> None:
    broken, other = Memory(3, OutputError("disk full")), Memory()
    with pytest.raises(OutputError, match="disk full"):
        play(Performer(avatar), moving_signal(0.5), default_camera(avatar, 48, 40), [broken, other], None)
    assert broken.ended == other.ended == "discarded"


def test_a_keyboard_interrupt_keeps_the_part_that_is_done(avatar: Avatar, tmp_path: Path) -> None:

    def interrupt(done: int, total: int) -> None:
        if done == 8:
            raise KeyboardInterrupt

    path = tmp_path / "a.mp4"
    sink = EncodedVideo(path, Fraction(30), 48, 40, MP4)
    with pytest.raises(KeyboardInterrupt):
        play(Performer(avatar), moving_signal(1.0), default_camera(avatar, 48, 40), [sink], (1, 1, 1), interrupt)
    with av.open(str(path)) as container:
        assert len(list(container.decode(video=0))) == 8
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.mp4"]


def test_a_steady_recording_is_played_frame_by_frame() -> None:
    np.testing.assert_array_equal(schedule(moving_signal(2.0, 29.97)), np.arange(60))


def test_a_gap_holds_the_last_frame() -> None:
    recording = replace(moving_signal(5 / 30), time=np.array([0, 1, 2, 5, 6]) / 30)
    np.testing.assert_array_equal(schedule(recording), [0, 1, 2, 2, 2, 3, 4])


def test_jitter_neither_drops_nor_repeats() -> None:
    jitter = np.random.default_rng(0).uniform(-0.01, 0.01, 60)
    recording = moving_signal(2.0)
    recording = replace(recording, time=recording.time + jitter - jitter[0])
    steps = np.diff(schedule(recording))
    assert (steps >= 0).all() and (steps <= 2).all()
