"""Looking for the face in the pictures of many cameras."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from splatavatar.capture.calibration.sightings import faces_in
from splatavatar.capture.capture import Frame
from splatavatar.capture.video import film_frames
from splatavatar.capture.video.film_frames import Film, FilmFrame
from splatavatar.progress import unheard
from splatavatar.render.camera import Camera
from support.footage import write_video
from support.people import portrait, scaled
from support.shared import landmark_model

STEPS, CAMERAS, SIDE = 4, 3, 160


@pytest.mark.shared
def test_films_of_many_cameras_are_decoded_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Taken in turn, more films than may be open at once were each decoded from the beginning for every picture."""
    monkeypatch.setattr(film_frames, "OPEN", 2)
    passes = Counter[str]()
    begin = Film._restart
    monkeypatch.setattr(Film, "_restart", lambda film: (passes.update([film.path.name]), begin(film))[1])
    pictures = [scaled(image, SIDE) for image in portrait()[:STEPS]]
    films = [Film(write_video(tmp_path / f"{number}.mp4", pictures)) for number in range(CAMERAS)]
    camera = Camera(np.eye(4), np.diag([200.0, 200.0, 1.0]), SIDE, SIDE)
    frames = [
        Frame(f"{number}/{step}", FilmFrame(film, step), None, camera, number, step)
        for step in range(STEPS)
        for number, film in enumerate(films)
    ]
    found = faces_in(frames, landmark_model(), unheard)
    assert [frame.name for frame, _ in found] == [frame.name for frame in frames]
    assert passes == {f"{number}.mp4": 1 for number in range(CAMERAS)}
