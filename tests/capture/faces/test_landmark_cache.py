from __future__ import annotations

import stat
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from splatavatar.capture.faces.landmark_cache import detect_once, kept, of_clips
from splatavatar.capture.video.clips import open_clips
from support.faces import good_landmarks
from support.footage import numbered, write_video


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPLATAVATAR_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "m.task"
    path.write_bytes(b"one")
    return path


def test_a_place_is_of_content_model_and_choice(tmp_path: Path, model: Path) -> None:
    frames = numbered(5)
    write_video(tmp_path / "a.mp4", frames)
    (tmp_path / "b.mp4").write_bytes((tmp_path / "a.mp4").read_bytes())
    write_video(tmp_path / "c.mp4", frames[::-1])
    a, b, c = (open_clips([tmp_path / name])[0] for name in ("a.mp4", "b.mp4", "c.mp4"))
    assert kept(a, model, None) == kept(b, model, None)
    places = {kept(a, model, None), kept(c, model, None), kept(a, model, 1), kept(a, model, 2)}
    assert len(places) == 4
    model.write_bytes(b"two")
    assert kept(a, model, None) not in places
    assert kept(a, model, None).parent == tmp_path / "cache" / "landmarks"


def test_the_times_of_pictures_are_what_was_said(tmp_path: Path, model: Path) -> None:
    (tmp_path / "p").mkdir()
    for number, image in enumerate(numbered(3)):
        Image.fromarray(image).save(tmp_path / "p" / f"{number}.png")
    slow, fast = (open_clips([tmp_path / "p"], fps)[0] for fps in (5, 25))
    assert kept(slow, model, None) != kept(fast, model, None)


def test_what_is_there_is_not_detected(tmp_path: Path, model: Path) -> None:
    """With a model that is none, detection would fail."""
    (clip,) = open_clips([write_video(tmp_path / "a.mp4", numbered(5))])
    place = kept(clip, model, None)
    place.parent.mkdir(parents=True)
    good_landmarks().part(0, 5).save(place)
    told: list[float] = []
    found = detect_once(clip, model, None, told.append)
    np.testing.assert_array_equal(found.points, good_landmarks().points[:5])
    assert told == [1.0]
    # Others could read it before; now nobody can.
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert stat.S_IMODE(place.parent.stat().st_mode) == 0o700


def test_the_landmarks_of_a_clip_are_found_by_its_content(tmp_path: Path, model: Path) -> None:
    (clip,) = open_clips([write_video(tmp_path / "a.mp4", numbered(5))])
    (other,) = open_clips([write_video(tmp_path / "b.mp4", numbered(4))])
    places = [kept(clip, model, None), kept(clip, model, 1), kept(other, model, None)]
    places[0].parent.mkdir(parents=True)
    for place in places:
        place.touch()
    assert sorted(of_clips([clip.info.sha256])) == sorted(places[:2])
    assert of_clips([]) == []
