"""A session: what its settings open, and what is handed to the sinks of a program."""

from __future__ import annotations

import wave
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from splatavatar.avatar.avatar import Avatar
from splatavatar.avatar.file import load_avatar
from splatavatar.avatar.library import DEMO
from splatavatar.drive.face.likeness_signal import LikenessSignal, any_face
from splatavatar.drive.live.controls import Controls
from splatavatar.drive.measuring.motion import moving_signal
from splatavatar.drive.offline import FileInput
from splatavatar.drive.performer import Performer
from splatavatar.drive.session import Session
from splatavatar.drive.settings import SessionSettings
from splatavatar.drive.signal import FaceSignal
from splatavatar.drive.sinks.background import BlurredCamera, ColourBackground, Transparent
from splatavatar.drive.sinks.live_sound import LiveSoundtrack
from splatavatar.drive.sinks.soundtrack import RATE
from splatavatar.drive.sources.live.audio_file import AudioFile
from splatavatar.drive.sources.live.playback_source import RecordingSource
from splatavatar.drive.sources.live.tracking import CameraSource
from splatavatar.drive.sources.live.video_source import VideoCamera
from splatavatar.drive.sources.recorded.read import read_signal
from splatavatar.drive.sources.recorded.signal_npz import write_signal
from splatavatar.errors import DependencyError, OutputError, SettingsError, SourceError
from splatavatar.trust.credentials.marker import Marker, marker_of
from splatavatar.trust.credentials.read import credentials_of
from support.likenesses import likeness

SECONDS = 1.0
TONE = 1000.0


class Screen:
    """Keeps what a live sink is shown."""

    name, main_thread = "screen", False

    def __init__(self) -> None:
        self.images: list[NDArray[np.uint8]] = []
        self.moments: list[float] = []
        self.closed = False

    def write(self, image: NDArray[np.uint8], moment: float, age: float | None) -> None:
        self.images.append(image)
        self.moments.append(moment)

    def close(self) -> None:
        self.closed = True


class Speaker(Screen):
    """Plays sound as well: as much as belongs to the time from the first picture to this one."""

    def __init__(self) -> None:
        super().__init__()
        self.sound: LiveSoundtrack | None = None
        self.samples = [np.zeros((2, 0), np.float32)]

    def hear(self, sound: LiveSoundtrack) -> None:
        assert not self.images
        self.sound = sound

    def write(self, image: NDArray[np.uint8], moment: float, age: float | None) -> None:
        super().write(image, moment, age)
        if self.sound is not None:
            due = round((moment - self.moments[0]) * RATE)
            self.samples.append(self.sound.read(due - sum(piece.shape[1] for piece in self.samples)))

    def close(self) -> None:
        super().close()
        if self.sound is not None:
            self.sound.close()


class Room:
    """Keeps the faces that it is sent."""

    def __init__(self) -> None:
        self.faces: list[tuple[FaceSignal, float]] = []
        self.closed = False

    def take(self, signal: FaceSignal, now: float) -> None:
        self.faces.append((signal, now))

    def close(self) -> None:
        self.closed = True


@pytest.fixture(scope="module")
def demo() -> Avatar:
    return load_avatar(DEMO)


def clip() -> RecordingSource:
    return RecordingSource(moving_signal(SECONDS), "clip")


def test_a_live_sink_gets_the_moment_of_each_picture(demo: Avatar) -> None:
    screen, room = Screen(), Room()
    settings = SessionSettings([clip()], live_sinks=[screen], signal_sinks=[room], size=(64, 64))
    Session(demo, settings).run()
    moments = [now for _, now in room.faces]
    assert len(screen.moments) > 1 and (np.diff(screen.moments) > 0).all()
    assert set(screen.moments) <= set(moments)  # the sink may miss some, the face's taker misses none
    assert screen.closed and room.closed


def test_a_session_may_run_again(demo: Avatar, tmp_path: Path) -> None:
    record = tmp_path / "a.npz"
    session = Session(demo, SessionSettings([clip()], record=record))
    for _ in range(2):
        assert session.run().rendered > 1
        assert len(read_signal(record)) > 1
        record.unlink()
    session.controls.stop()  # before it begins
    assert session.run().rendered == 0


def test_every_picture_has_the_label(demo: Avatar) -> None:
    screen = Screen()
    settings = SessionSettings([clip()], live_sinks=[screen], size=(96, 96), label="Ann", marks=False)
    Session(demo, settings).run()
    assert len(screen.images) > 1
    # White letters on a dark plate, before the white background.
    for image in screen.images:
        assert (image[-20:, :40] > 230).all(-1).any() and (image[-20:, :40] < 90).all(-1).any()
    with pytest.raises(SettingsError, match="a label has 1 to 40 characters"):
        Session(demo, SessionSettings([clip()], live_sinks=[screen], label=""))


def test_faces_alone_open_no_renderer(demo: Avatar) -> None:
    room = Room()
    # No such device is ever asked for: nothing draws.
    settings = SessionSettings([clip()], signal_sinks=[room], size=(64, 64), device="none")
    Session(demo, settings).run()
    assert room.closed and any(signal.arkit.any() for signal, _ in room.faces)


def test_a_live_sink_takes_the_sound_of_a_voice(demo: Avatar, tmp_path: Path) -> None:
    path = tmp_path / "tone.wav"
    tone = 0.5 * np.sin(2 * np.pi * TONE * np.arange(round(SECONDS * RATE)) / RATE)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1), file.setsampwidth(2), file.setframerate(RATE)
        file.writeframes(np.rint(32767 * tone).astype("<i2").tobytes())
    speaker = Speaker()
    settings = SessionSettings([AudioFile(path)], live_sinks=[speaker], size=(64, 64))
    Session(demo, settings).run()
    heard = np.concatenate(speaker.samples, 1)[0]
    assert heard.shape[0] > RATE / 4
    spectrum = np.abs(np.fft.rfft(heard))
    assert abs(spectrum.argmax() * RATE / heard.shape[0] - TONE) < 20


def test_a_live_sink_is_given_no_sound_where_there_is_none(demo: Avatar) -> None:
    speaker = Speaker()
    Session(demo, SessionSettings([clip()], live_sinks=[speaker], size=(64, 64))).run()
    assert speaker.images and speaker.sound is None


KEPT: list[Screen | Room] = []


def kept_screen(argument: str | None) -> Screen:
    KEPT.append(Speaker())
    return KEPT[-1]


def kept_room(argument: str | None) -> Room:
    KEPT.append(Room())
    return KEPT[-1]


def test_sinks_by_name(demo: Avatar, installed: Callable[..., None]) -> None:
    installed({"screen": f"{__name__}:kept_screen", "room": f"{__name__}:kept_room"})
    KEPT.clear()
    settings = SessionSettings([clip()], sinks=["screen:1", "room"], size=(64, 64))
    stats = Session(demo, settings).run()
    screen, room = KEPT
    assert isinstance(screen, Speaker) and isinstance(room, Room)
    assert screen.images and set(screen.moments) <= {now for _, now in room.faces}
    assert screen.closed and room.closed and list(stats.dropped) == ["screen"]


def test_sinks_by_name_are_closed_where_another_cannot_be_opened(demo: Avatar, installed: Callable[..., None]) -> None:
    installed({"screen": f"{__name__}:kept_screen", "room": f"{__name__}:kept_room"})
    KEPT.clear()
    with pytest.raises(OutputError, match=r"^there is no sink 'fax'; expected one of room, screen\.$"):
        Session(demo, SessionSettings([clip()], sinks=["screen", "room", "fax"])).run()
    assert [sink.closed for sink in KEPT] == [True, True]


def test_a_file_alone_is_played_frame_by_frame(demo: Avatar, tmp_path: Path) -> None:
    write_signal(tmp_path / "face.npz", moving_signal(0.2))
    given = FileInput("signal", tmp_path / "face.npz")
    outputs, record = [tmp_path / "%02d.png"], tmp_path / "again.npz"
    settings = SessionSettings([given], outputs, record=record, size=(48, 40), backgrounds=[Transparent()], marks=False)
    seen = list[tuple[int, int]]()
    film = Session(demo, settings, Controls(mirror=True)).film(drawing=lambda *at: seen.append(at))
    assert (film.frames, film.fps) == (6, 30.0) and film.played is not None and film.played.frames == 6
    assert seen == [(n, 6) for n in range(1, 7)]
    mirrored, performer = read_signal(record), Performer(demo)
    np.testing.assert_allclose(mirrored.head_rotation[:, 1], -moving_signal(0.2).head_rotation[:, 1], atol=1e-6)
    picture = cv2.imread(str(tmp_path / "05.png"), cv2.IMREAD_UNCHANGED)
    drawn = performer.draw(mirrored.frame(5), performer.camera(48, 40), None)
    assert picture is not None
    np.testing.assert_array_equal(cv2.cvtColor(picture, cv2.COLOR_BGRA2RGBA), drawn)


def test_what_signs_a_film_is_opened_once(demo: Avatar, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_signal(tmp_path / "face.npz", moving_signal(0.1))
    made = list[Sequence[str]]()

    def counted(avatar: Avatar, driven_by: Sequence[str] = ()) -> Marker | None:
        made.append(driven_by)
        return marker_of(avatar, driven_by)

    for place in ("session", "film"):
        monkeypatch.setattr(f"splatavatar.drive.{place}.marker_of", counted)
    settings = SessionSettings([FileInput("signal", tmp_path / "face.npz")], [tmp_path / "a.mp4"], size=(32, 32))
    Session(demo, settings).film()
    assert made == [["recording"]]
    found = credentials_of(tmp_path / "a.mp4")
    assert found is not None and found.holds and found.driven_by == ("recording",)


def test_what_cannot_be_is_said_before_anything_is_opened(demo: Avatar) -> None:
    given = FileInput("signal", Path("face.npz"))
    with pytest.raises(OutputError, match=r"^a\.avi: unknown kind of output"):
        Session(demo, SessionSettings([given], ["a.avi"]))
    with pytest.raises(SettingsError, match=r"^unknown device 'tpu'; the devices are cpu, cuda$"):
        Session(demo, SessionSettings([given], ["a.mp4"], device="tpu"))


def test_a_live_session_makes_no_film(demo: Avatar) -> None:
    with pytest.raises(SettingsError, match="a film is made of one file that drives"):
        Session(demo, SessionSettings([clip()], record="a.npz")).film()


def test_a_file_may_drive_live(demo: Avatar, tmp_path: Path) -> None:
    write_signal(tmp_path / "face.npz", moving_signal(0.2))
    room = Room()
    Session(demo, SessionSettings([FileInput("signal", tmp_path / "face.npz")], signal_sinks=[room])).run()
    assert any(signal.arkit.any() for signal, _ in room.faces)


def test_a_blurred_camera_where_there_is_none(demo: Avatar) -> None:
    screen = Screen()
    with pytest.raises(SettingsError, match="nothing here drives by pictures"):
        Session(demo, SessionSettings([clip()], live_sinks=[screen], backgrounds=[BlurredCamera()])).run()
    later = [ColourBackground((1.0, 1.0, 1.0)), BlurredCamera()]
    Session(demo, SessionSettings([clip()], live_sinks=[screen], backgrounds=later, size=(48, 40))).run()
    assert screen.images


def test_sources_by_name_take_the_model(demo: Avatar, tmp_path: Path) -> None:
    write_grey(tmp_path / "grey.mp4")
    settings = SessionSettings([f"video:{tmp_path / 'grey.mp4'}"], signal_sinks=[Room()], model=tmp_path / "none.task")
    with pytest.raises(DependencyError, match=r"none\.task: "):
        Session(demo, settings).run()


def write_grey(path: Path) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), 90, np.uint8), format="rgb24")
        container.mux([*stream.encode(frame), *stream.encode(None)])


def test_sources_by_name_that_are_none(demo: Avatar) -> None:
    with pytest.raises(SourceError, match="there is no source 'nodding'"):
        Session(demo, SessionSettings(["nodding"])).run()


def test_cameras_know_the_person_of_the_avatar(avatar: Avatar) -> None:
    """Those that are made by name, files, and those that a program brings."""
    knowing = replace(avatar, metadata={**avatar.metadata, "likeness": likeness().to_json()})
    sources = ["webcam:0", FileInput("video", Path("a.mp4")), VideoCamera("b.mp4"), "livelink:0"]
    for face_as, kind in (("auto", LikenessSignal), ("me", LikenessSignal), ("other", None)):
        session = Session(knowing, SessionSettings(sources, window=True, face_as=face_as))
        for given in sources[:3]:
            source = session._source(given)
            assert isinstance(source, CameraSource)
            assert source.reading is any_face if kind is None else isinstance(source.reading(()), kind)
        assert not isinstance(session._source(sources[3]), CameraSource)


def test_nobody_is_the_person_of_an_avatar_that_knows_none(avatar: Avatar) -> None:
    with pytest.raises(SettingsError, match="--as me: the avatar does not know its person's face"):
        Session(avatar, SessionSettings(["webcam:0"], window=True, face_as="me"))
    with pytest.raises(SettingsError, match="--as 'you': expected one of auto, me, other"):
        Session(avatar, SessionSettings(["webcam:0"], window=True, face_as="you"))
