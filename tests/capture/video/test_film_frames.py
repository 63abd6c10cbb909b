from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from splatavatar.capture.video import film_frames
from splatavatar.capture.video.film_frames import Film, FilmFrame
from splatavatar.errors import CaptureError
from support.footage import write_video

COUNT = 12


@pytest.fixture
def film(tmp_path: Path) -> Film:
    return Film(written(tmp_path / "a.mp4"))


def written(path: Path) -> Path:
    """A film whose frames are ever brighter."""
    frames = [np.full((32, 48, 3), 20 * number, np.uint8) for number in range(COUNT)]
    return write_video(path, frames, options={"crf": "1"})


def seen(film: Film, index: int) -> float:
    return float(film.picture(index).mean())


def test_frames_in_any_order(film: Film) -> None:
    for index in (0, 1, 2, 5, 3, 4, 11, 7, 0, 11, 10):
        assert seen(film, index) == pytest.approx(20 * index, abs=3)
    with pytest.raises(CaptureError, match=r"a.mp4: frame 12 of 12 cannot be decoded"):
        film.picture(COUNT)


def test_frames_in_order_are_decoded_once(film: Film, monkeypatch: pytest.MonkeyPatch) -> None:
    passes = []
    frames = film.video.frames
    monkeypatch.setattr(film.video, "frames", lambda: (passes.append(1), frames())[1])
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda index: seen(film, index), range(COUNT)))
    np.testing.assert_allclose(found, 20.0 * np.arange(COUNT), atol=3)
    assert len(passes) == 1


def test_few_films_are_open_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(film_frames, "OPEN", 2)
    films = [Film(written(tmp_path / f"{number}.mp4")) for number in range(4)]
    for index in range(3):
        for film in films:
            assert seen(film, index) == pytest.approx(20 * index, abs=3)
    assert sum(film._frames is not None for film in films) == 2


def test_references(film: Film, tmp_path: Path) -> None:
    frame = FilmFrame(film, 3)
    with frame.opened() as image:
        assert (image.size, image.mode) == ((48, 32), "RGB")
    with FilmFrame(film, 3, grey=True).opened() as image:
        assert image.mode == "L" and np.asarray(image).mean() == pytest.approx(60, abs=3)
    small = Film(film.path, 5)
    assert small.size == (10, 7)
    with FilmFrame(small, 0).opened() as image:
        assert image.size == small.size
    assert str(frame) == f"{film.path}: frame 3"
    marks = {f.fingerprint() for f in (frame, FilmFrame(film, 4), FilmFrame(small, 3), FilmFrame(film, 3, True))}
    assert len(marks) == 4 and frame.fingerprint() == FilmFrame(Film(film.path), 3).fingerprint()


def test_what_is_no_film(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"text")
    with pytest.raises(CaptureError, match="not a video"):
        Film(tmp_path / "a.mp4")
