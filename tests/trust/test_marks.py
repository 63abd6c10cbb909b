from __future__ import annotations

import datetime
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

import splatavatar as sa
from splatavatar.avatar.avatar import Avatar
from splatavatar.avatar.file import digest_of
from splatavatar.avatar.library import DEMO
from splatavatar.drive.live.loop import Files, Loop, LoopSettings
from splatavatar.drive.measuring.motion import moving_signal
from splatavatar.drive.signal import FaceSignal
from splatavatar.drive.sinks.background import ColourBackground, PictureBackground, Transparent
from splatavatar.serve.stage import Stage
from splatavatar.trust import marks as module
from splatavatar.trust.marks import PictureMarks, short_id
from splatavatar.trust.watermark.detect import Detection, detect


class Clock(datetime.datetime):
    """A clock that stands at ``at``."""

    at = datetime.datetime(2026, 1, 1, 23, 59, tzinfo=datetime.timezone.utc)

    @classmethod
    def now(cls, tz: datetime.tzinfo | None = None) -> Clock:
        return cls.fromtimestamp(cls.at.timestamp(), tz)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> type[Clock]:
    monkeypatch.setattr(module, "datetime", SimpleNamespace(datetime=Clock, timezone=datetime.timezone))
    monkeypatch.setattr(Clock, "at", Clock.at)
    return Clock


class Kept:
    """A sink that keeps pictures."""

    name, main_thread = "kept", False

    def __init__(self) -> None:
        self.images: list[np.ndarray] = []

    def write(self, image: np.ndarray, *rest: object) -> None:
        self.images.append(image)

    def close(self) -> None:
        pass

    def discard(self) -> None:
        pass


def found_in(image: np.ndarray, behind: int = 255) -> Detection | None:
    if image.shape[2] == 4:
        alpha = image[..., 3:] / 255
        image = np.rint(image[..., :3] * alpha + behind * (1 - alpha)).astype(np.uint8)
    return detect(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32))


def test_a_picture_says_whose_avatar_it_is_and_when() -> None:
    performer = sa.Performer(sa.load_avatar(DEMO))
    picture = performer.draw(None, performer.camera(320, 320))
    before = picture.copy()
    found = found_in(PictureMarks(performer.avatar, datetime.date(2027, 1, 2))(picture))
    np.testing.assert_array_equal(picture, before)
    assert found is not None and found.payload is not None
    assert found.payload.avatar == short_id(performer.avatar) == digest_of(performer.avatar)[:10]
    assert found.payload.day == datetime.date(2027, 1, 2)
    assert found_in(picture) is None


def test_the_day_is_today_by_universal_time() -> None:
    before = datetime.datetime.now(datetime.timezone.utc).date()
    marks = PictureMarks(sa.load_avatar(DEMO))
    assert before <= marks.payload.day <= datetime.datetime.now(datetime.timezone.utc).date()


def test_what_runs_over_midnight_marks_pictures_with_their_own_day(clock: type[Clock]) -> None:
    avatar = sa.load_avatar(DEMO)
    stage, fixed = Stage(avatar, b""), PictureMarks(avatar, datetime.date(2026, 1, 1))
    for day in (1, 2, 30):
        clock.at = clock.at.replace(day=day)
        with ThreadPoolExecutor(4) as pool:
            pictures = list(pool.map(lambda _: stage.draw(None, 320, 320), range(4)))
        for picture in pictures:
            np.testing.assert_array_equal(picture, pictures[0])
        found = found_in(pictures[0])
        assert found is not None and found.payload is not None
        assert found.payload.day == datetime.date(2026, 1, day)
        assert fixed.payload.day == datetime.date(2026, 1, 1)


def test_play_marks_only_where_it_is_told_to() -> None:
    performer = sa.Performer(sa.load_avatar(DEMO))
    recording = moving_signal(0.1, 30)
    marks = PictureMarks(performer.avatar)
    for background in ((1.0, 1.0, 1.0), None, lambda frame: np.full((320, 320, 3), 90, np.uint8)):
        plain, with_mark = Kept(), Kept()
        sa.play(performer, recording, performer.camera(320, 320), [plain], background)
        sa.play(performer, recording, performer.camera(320, 320), [with_mark], background, marks=marks)
        assert found_in(plain.images[0]) is None
        found = found_in(with_mark.images[0])
        assert found is not None and found.payload == marks.payload
        np.testing.assert_array_equal(marks(plain.images[-1]), with_mark.images[-1])


def test_the_live_loop_marks_what_sinks_take() -> None:
    performer = sa.Performer(sa.load_avatar(DEMO))
    marks = PictureMarks(performer.avatar)
    for background in (
        ColourBackground((1.0, 1.0, 1.0)),
        Transparent(),
        PictureBackground(np.full((320, 320, 3), 120, np.uint8)),
    ):
        shown, filmed = Kept(), Kept()
        settings = LoopSettings((320, 320), (background,), marks=marks)
        loop = Loop(performer, [], [shown], settings, Files({"film": filmed}))
        loop.prepare()
        loop.step(0.0)
        loop.flush()
        assert found_in(loop.draw(FaceSignal.neutral())) is None, "what a program asks for is as it is drawn"
        loop.close()
        for image in (shown.images[0], filmed.images[0]):
            found = found_in(image)
            assert found is not None and found.payload == marks.payload


def test_a_wrong_clock_says_the_nearest_day_that_a_mark_can(small: Avatar) -> None:
    for clock, said in (((1970, 1, 1), (2020, 1, 1)), ((9999, 12, 31), (2199, 6, 6))):
        assert PictureMarks(small, datetime.date(*clock)).payload.day == datetime.date(*said)
