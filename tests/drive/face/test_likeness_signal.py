"""Faces before an avatar that knows its person: whose they are, and what becomes of them."""

from __future__ import annotations

import logging
from dataclasses import replace

import numpy as np
import pytest

from splatavatar.avatar.avatar import Avatar
from splatavatar.avatar.likeness import Likeness
from splatavatar.drive.face.landmark_signal import LandmarkSignal
from splatavatar.drive.face.likeness_signal import MINE, STRANGER, LikenessSignal, any_face, reading_of
from splatavatar.drive.face.seen import Seen, seen_at
from splatavatar.drive.signal import FaceSignal
from splatavatar.errors import AvatarFileError, SettingsError
from splatavatar.rig.arkit import INDEX
from splatavatar.rotations import axis_angles, rotation_matrices
from support.likenesses import filmed, likeness, turns_of
from support.small_avatar import small_avatar

STEPS = 100


@pytest.fixture
def known() -> Likeness:
    return likeness("ada")


@pytest.fixture
def avatar(known: Likeness) -> Avatar:
    return replace(small_avatar(), metadata={"likeness": known.to_json()})


def sights(who: str, begin: float = 0.0) -> list[tuple[Seen | None, float]]:
    """Frames that no likeness was learnt from."""
    landmarks = filmed(who, first=200, steps=STEPS)[1]
    return [(seen_at(landmarks, frame), begin + float(landmarks.time[frame])) for frame in range(STEPS)]


def played(reader: LikenessSignal | LandmarkSignal, who: str, begin: float = 0.0) -> list[FaceSignal]:
    return [reader(face, time) for face, time in sights(who, begin)]


def same(one: FaceSignal, other: FaceSignal) -> bool:
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in vars(one))


def turn_error(signals: list[FaceSignal]) -> float:
    """Degrees by which the heads are off, in the median."""
    turns = rotation_matrices(np.stack([signal.head_rotation for signal in signals]).astype(np.float64))
    off = axis_angles(turns_of(filmed("ada", first=200, steps=STEPS)[0]).transpose(0, 2, 1) @ turns)
    return float(np.degrees(np.median(np.linalg.norm(off, axis=1))))


def smile_error(signals: list[FaceSignal]) -> float:
    name = INDEX["mouthSmileLeft"]
    true = filmed("ada", first=200, steps=STEPS)[0].expression[:, name]
    return float(np.abs(np.array([signal.arkit[name] for signal in signals]) - true).mean())


def test_the_own_face_is_followed_better_than_as_any_face(known: Likeness) -> None:
    mine, plain = played(LikenessSignal(known, True), "ada"), played(LandmarkSignal(), "ada")
    assert turn_error(plain) > 3
    assert turn_error(mine) < 0.8
    assert smile_error(plain) > 0.1
    assert smile_error(mine) < 0.06
    assert all(np.isfinite(signal.arkit).all() and signal.gaze.all() for signal in mine)


def test_who_it_is_is_found_out_and_said_once(known: Likeness, caplog: pytest.LogCaptureFixture) -> None:
    reader = LikenessSignal(known)
    with caplog.at_level(logging.WARNING, "splatavatar"):
        signals, plain = played(reader, "ada"), played(LandmarkSignal(), "ada")
    assert [record.message for record in caplog.records] == [MINE]
    second = 25
    assert all(same(*both) for both in zip(signals[:second], plain[:second], strict=True))
    # It takes over within half a second, without a leap.
    settled = played(LikenessSignal(known, True), "ada")
    assert same(signals[-1], settled[-1])
    ways = [np.linalg.norm(a.head_rotation - b.head_rotation) for a, b in zip(signals, settled, strict=True)]
    assert 0.2 * ways[second] < ways[second + 7] < 0.8 * ways[second]


def test_somebody_else_is_followed_as_any_face(known: Likeness, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "splatavatar"):
        signals = played(LikenessSignal(known), "bob")
    assert [record.message for record in caplog.records] == [STRANGER]
    assert all(same(*both) for both in zip(signals, played(LandmarkSignal(), "bob"), strict=True))


def test_a_recording_is_known_from_its_first_frame(known: Likeness) -> None:
    for who, mine in (("ada", True), ("bob", False)):
        reader = LikenessSignal(known, None, sights(who))
        assert same(played(reader, who)[0], played(LikenessSignal(known, mine), who)[0])


def test_a_short_recording_is_known_by_all_of_it(known: Likeness) -> None:
    for frames, mine in ((9, False), (12, True)):
        (face, time), *_ = sights("ada")
        reader = LikenessSignal(known, None, sights("ada")[:frames])
        assert same(reader(face, time), LikenessSignal(known, mine)(face, time))


def test_who_comes_after_a_while_is_looked_at_anew(known: Likeness, caplog: pytest.LogCaptureFixture) -> None:
    reader = LikenessSignal(known)
    with caplog.at_level(logging.WARNING, "splatavatar"):
        played(reader, "ada")
        played(reader, "ada", 10.0)
        assert reader(None, 19.0).confidence == 0
        later, plain = played(reader, "bob", 20.0), LandmarkSignal()
    assert [record.message for record in caplog.records] == [MINE, STRANGER]
    assert same(later[-1], played(plain, "bob", 20.0)[-1])


def test_a_face_unlike_all_that_was_seen_is_followed_as_any_face(known: Likeness) -> None:
    landmarks = filmed("ada")[1]
    face = seen_at(landmarks, 3)
    assert face is not None
    rng = np.random.default_rng(0)
    torn = replace(face, points=face.points + rng.normal(0, 60, face.points.shape).astype(np.float32))
    assert same(LikenessSignal(known, True)(torn, 0.0), LandmarkSignal()(torn, 0.0))


def test_what_goes_beyond_all_that_was_seen_comes_on_top(known: Likeness) -> None:
    """A clip without blinks does not keep eyes from closing."""
    blinks = [INDEX["eyeBlinkLeft"], INDEX["eyeBlinkRight"]]
    high = known.usual_high.copy()
    high[blinks] = 0.1
    calm = replace(known, usual_high=high)
    face = seen_at(filmed("ada")[1], 16)
    assert face is not None
    plain = LandmarkSignal()(face, 0.0).arkit[blinks]
    assert plain.min() > 0.3
    said = LikenessSignal(known, True)(face, 0.0).arkit[blinks]
    np.testing.assert_allclose(
        LikenessSignal(calm, True)(face, 0.0).arkit[blinks], np.minimum(said + plain - 0.1, 1), atol=1e-5
    )


def test_what_is_no_number_is_nobody(known: Likeness) -> None:
    face = seen_at(filmed("ada")[1], 0)
    assert face is not None
    broken = replace(face, points=np.full((478, 3), np.nan, np.float32))
    for reader in (LikenessSignal(known, True), LikenessSignal(known), LikenessSignal(known, None, [(broken, 0.0)])):
        assert reader(broken, 0.0).confidence == 0
        assert reader(None, 0.1).confidence == 0
        scoreless = replace(face, scores=np.full(52, np.nan, np.float32))
        assert np.isfinite(reader(scoreless, 0.2).arkit).all()


def test_how_faces_are_read_goes_by_the_avatar_and_who_it_is(avatar: Avatar) -> None:
    assert isinstance(reading_of(avatar, "me")(()), LikenessSignal)
    assert isinstance(reading_of(avatar)(()), LikenessSignal)
    assert reading_of(avatar, "other") is any_face
    assert reading_of(small_avatar()) is any_face
    assert isinstance(any_face(), LandmarkSignal)


def test_what_cannot_be_asked_for_is_said(avatar: Avatar) -> None:
    with pytest.raises(SettingsError, match="--as 'you': expected one of auto, me, other"):
        reading_of(avatar, "you")
    with pytest.raises(SettingsError, match="--as me: the avatar does not know its person's face"):
        reading_of(small_avatar(), "me")
    with pytest.raises(AvatarFileError, match="the person of the avatar cannot be known: its likeness is not a table"):
        reading_of(replace(avatar, metadata={"likeness": 1}))
