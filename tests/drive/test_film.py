"""Films: several of one playback, all or none, with their sound."""

from __future__ import annotations

import wave
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from splatavatar.avatar.avatar import Avatar
from splatavatar.drive.film import film_background, save_video, write_films
from splatavatar.drive.label import Label
from splatavatar.drive.measuring.motion import moving_signal
from splatavatar.drive.offline import FileInput
from splatavatar.drive.performer import Performer
from splatavatar.drive.sinks.background import (
    BlurredBackground,
    BlurredCamera,
    ColourBackground,
    PictureBackground,
    Transparent,
)
from splatavatar.drive.sinks.soundtrack import FileSound
from splatavatar.errors import OutputError, SettingsError, SignalError

CLIP = moving_signal(0.2)


class Opened:
    """Opens the sound of a file, and keeps what it opened."""

    def __init__(self, folder: Path) -> None:
        self.path, self.sounds = folder / "voice.wav", list[FileSound]()
        with wave.open(str(self.path), "wb") as file:
            file.setparams((1, 2, 16000, 0, "NONE", ""))
            file.writeframes((8000 * np.sin(np.arange(8000) / 9)).astype("<i2").tobytes())

    def __call__(self) -> FileSound:
        self.sounds.append(FileSound(self.path))
        return self.sounds[-1]


def test_every_film_of_a_playback(avatar: Avatar, tmp_path: Path) -> None:
    performer, sound = Performer(avatar), Opened(tmp_path)
    camera = performer.camera(48, 40)
    paths = [tmp_path / "a.mp4", tmp_path / "b.webm", tmp_path / "c" / "%03d.png"]
    stats = write_films(performer, CLIP, paths, camera, (0.2, 0.4, 0.6), sound, marks=False)
    assert stats.frames == 6 and len(sound.sounds) == 2  # pictures are silent
    for path in paths[:2]:
        with av.open(str(path)) as container:
            assert len(container.streams.audio) == 1
            assert sum(1 for _ in container.decode(video=0)) == 6
    for number in range(6):
        picture = cv2.imread(str(tmp_path / "c" / f"{number:03d}.png"))
        assert picture is not None
        drawn = performer.draw(CLIP.frame(number), camera, (0.2, 0.4, 0.6))
        np.testing.assert_array_equal(picture[..., ::-1], drawn)


def test_where_one_cannot_be_opened_nothing_is_left(avatar: Avatar, tmp_path: Path) -> None:
    performer, sound = Performer(avatar), Opened(tmp_path)
    paths = [tmp_path / name for name in ("a.mp4", "b.webm", "c.avi")]
    with pytest.raises(OutputError, match=r"c\.avi: unknown kind of output"):
        write_films(performer, CLIP, paths, performer.camera(48, 40), sound=sound)
    assert [path.name for path in tmp_path.iterdir()] == ["voice.wav"]
    assert len(sound.sounds) == 3
    for opened in sound.sounds:  # a closed one has no more samples
        assert opened.read(10).shape[1] == 0


def test_where_the_sound_cannot_be_opened_nothing_is_left(avatar: Avatar, tmp_path: Path) -> None:
    (tmp_path / "voice.wav").write_text("no sound")
    before = set(tmp_path.iterdir())
    with pytest.raises(SignalError, match=r"voice\.wav: "):
        save_video(tmp_path / "new" / "a.mp4", avatar, CLIP, audio=tmp_path / "voice.wav", size=(48, 40))
    assert set(tmp_path.iterdir()) == before


def test_one_film_in_one_call(avatar: Avatar, tmp_path: Path) -> None:
    sound = Opened(tmp_path)
    stats = save_video(tmp_path / "new" / "a.webm", avatar, CLIP, sound.path, (48, 40), background=None)
    assert stats.frames == 6
    with av.open(str(tmp_path / "new" / "a.webm")) as container:
        assert dict(container.streams.video[0].metadata)["ALPHA_MODE"] == "1" and container.streams.audio


def test_a_label_is_on_every_frame(avatar: Avatar, tmp_path: Path) -> None:
    for name, label in (("plain", None), ("said", "Avatar")):
        path = tmp_path / name / "%03d.png"
        save_video(path, avatar, CLIP, size=(128, 96), background=(0.2, 0.4, 0.6), marks=False, label=label)
    shown = Label()
    for plain in sorted((tmp_path / "plain").iterdir()):
        expected = shown(cv2.cvtColor(cv2.imread(str(plain)), cv2.COLOR_BGR2RGB))
        said = cv2.cvtColor(cv2.imread(str(tmp_path / "said" / plain.name)), cv2.COLOR_BGR2RGB)
        np.testing.assert_array_equal(said, expected)


def test_what_is_behind_the_frames() -> None:
    voice = FileInput("audio", Path("voice.wav"))
    assert film_background(ColourBackground((1.0, 0.0, 0.0)), voice, 8, 6, False) == (1.0, 0.0, 0.0)
    assert film_background(Transparent(), voice, 8, 6, False) is None
    picture = np.zeros((6, 8, 3), np.uint8)
    picture[:, :4] = 200
    fixed = film_background(PictureBackground(picture), voice, 8, 6, True)
    assert callable(fixed)
    np.testing.assert_array_equal(fixed(3), picture)
    blurred = film_background(BlurredBackground(lambda: picture), voice, 8, 6, True)
    assert callable(blurred)
    assert blurred(0)[3, 7, 0] > blurred(0)[3, 0, 0]
    with pytest.raises(SettingsError, match="nothing here drives by pictures"):
        film_background(BlurredCamera(), voice, 8, 6, False)
