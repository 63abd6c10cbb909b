from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from splatavatar.drive.face.chain import Chain, ChainSettings
from splatavatar.drive.face.channels import FACE, VOICE
from splatavatar.drive.face.mood import Mood
from splatavatar.drive.face.user_calibration import UserCalibration
from splatavatar.drive.live.controls import Controls
from splatavatar.drive.live.mailbox import Mailbox
from splatavatar.drive.measuring.motion import moving_signal
from splatavatar.drive.signal import FaceSignal, nobody
from splatavatar.drive.sources.live.voice import spoken
from splatavatar.drive.sources.source import Clock, Emit
from splatavatar.rig.arkit import INDEX
from support.spoken_sound import talk

SMILE = INDEX["mouthSmileLeft"], INDEX["mouthSmileRight"]
BLINK = INDEX["eyeBlinkLeft"]


class Silent:
    name, fps, channels, ended = "camera", 30.0, FACE, False

    def start(self, emit: Emit, clock: Clock) -> None:
        """Nothing."""

    def stop(self) -> None:
        """Nothing."""


class Session:
    """A chain behind one source, at 60 pictures a second of 30 signals."""

    def __init__(self, settings: ChainSettings | None = None) -> None:
        self.now, self.controls = 50.0, Controls()
        self.mailbox = Mailbox(30.0, lambda: self.now)
        self.chain = Chain([(Silent(), self.mailbox)], settings)

    def show(self, signals: list[FaceSignal]) -> list[FaceSignal]:
        shown = []
        for signal in signals:
            self.mailbox.put(replace(signal, time=self.now))
            shown += self.wait(2)
        return shown

    def wait(self, ticks: int) -> list[FaceSignal]:
        shown = []
        for _ in range(ticks):
            shown.append(self.chain(self.now, self.controls)[0])
            self.now += 1 / 60
        return shown


def motion(seconds: float) -> list[FaceSignal]:
    recording = moving_signal(seconds)
    return [recording.frame(n) for n in range(len(recording))]


def still(seconds: float, smile: float = 0.0, yaw: float = 0.0) -> list[FaceSignal]:
    face = replace(nobody(0.0), confidence=1.0, arkit=np.zeros(52, np.float32))
    face.arkit[list(SMILE)] = smile
    return [replace(face, head_rotation=np.array([0, yaw, 0], np.float32))] * round(seconds * 30)


def vectors(signals: list[FaceSignal]) -> np.ndarray:
    return np.array([np.concatenate([s.arkit, s.head_rotation, 10 * s.head_translation]) for s in signals])


def test_the_face_follows_its_source() -> None:
    signals = motion(6.0)
    shown = Session(ChainSettings(idle_seed=None)).show(signals)
    for name in ("jawOpen", "mouthSmileLeft", "eyeBlinkLeft", "browInnerUp"):
        given = np.array([signal.arkit[INDEX[name]] for signal in signals])
        # The second of the two pictures of each signal; the first half second is the face coming in.
        seen = np.array([signal.arkit[INDEX[name]] for signal in shown[::2]])
        assert np.corrcoef(given[20:], seen[20:])[0, 1] > 0.97


def test_a_face_that_goes_and_comes_does_not_jump() -> None:
    session = Session()
    session.show(still(1.0))
    shown = session.show(still(2.0, smile=0.9, yaw=0.3))
    lost = session.show([nobody(0.0)] * 90)
    back = session.show(still(2.0, smile=0.9, yaw=0.3))
    assert shown[-1].arkit[SMILE[0]] == pytest.approx(0.9, abs=0.02)
    assert lost[-1].arkit[SMILE[0]] < 0.05
    assert back[-1].arkit[SMILE[0]] == pytest.approx(0.9, abs=0.02)
    row = vectors(shown[-1:] + lost + back)
    blinks = [INDEX["eyeBlinkLeft"], INDEX["eyeBlinkRight"]]
    steps = np.abs(np.diff(np.delete(row, blinks, axis=1), axis=0))
    assert steps.max() < 0.15


def test_nobody_blinks_by_itself_and_the_same_for_the_same_seed() -> None:
    first, again, other, off = (Session(ChainSettings(idle_seed=seed)).wait(1200) for seed in (3, 3, 4, None))
    np.testing.assert_array_equal(vectors(first), vectors(again))
    assert (vectors(first) != vectors(other)).any()
    assert max(signal.arkit[BLINK] for signal in first) > 0.7
    assert not vectors(off).any()


class Speaking(Silent):
    """A source that hears a voice."""

    channels = VOICE  # type: ignore[assignment]

    def __init__(self) -> None:
        self.listeners: list[Callable[[NDArray[np.float32], float], None]] = []


def spoken_by(
    sound: NDArray[np.float32] | None, settings: ChainSettings, channels: frozenset[str] = VOICE
) -> np.ndarray:
    """The faces (T, 58) of a voice with a closed mouth, at 60 a second."""
    source, now = Speaking(), 50.0
    source.channels = channels
    mailbox = Mailbox(60.0, lambda: now)
    chain, controls, shown = Chain([(source, mailbox)], settings), Controls(), []
    for n in range(480):
        now = 50.0 + n / 60
        mailbox.put(spoken(now, np.zeros(52, np.float32)))
        for listener in source.listeners if sound is not None and n % 15 == 0 else ():
            listener(sound[n // 15 * 4000 : (n // 15 + 1) * 4000], now)
        shown.append(chain(now, controls)[0])
    return vectors(shown)


def test_a_voice_moves_the_head_and_its_mood_the_face() -> None:
    sound = talk(4, 2.0, 0.2)
    quiet, said, again, half, happy, off = (
        spoken_by(heard, settings)
        for heard, settings in (
            (None, ChainSettings()),
            (sound, ChainSettings()),
            (sound, ChainSettings()),
            (sound, ChainSettings(behaviour=0.5)),
            (sound, ChainSettings(mood=Mood("happy", 0.5))),
            (sound, ChainSettings(idle_seed=None, mood=Mood("happy", 0.5))),
        )
    )
    head = slice(52, 55)
    np.testing.assert_array_equal(said, again)
    assert said[60:, head].std() > 1.3 * quiet[60:, head].std()
    assert half[60:, head].std() < 0.7 * said[60:, head].std()
    for faces in (happy, off):
        assert faces[60:, SMILE[0]].min() == pytest.approx(0.3, abs=0.02)
    assert not off[:, head].any() and not off[:, BLINK].any()


def test_a_face_that_is_seen_has_neither() -> None:
    shown = spoken_by(talk(4, 2.0, 0.2), ChainSettings(mood=Mood("happy")), FACE)
    assert np.abs(shown[120:]).max() < 1e-3


def test_the_mirror_swaps_the_sides() -> None:
    session = Session(ChainSettings(filter=None, idle_seed=None))
    face = still(1.0, yaw=0.3)
    for signal in face:
        signal.arkit[SMILE[0]] = 0.8
    plain = session.show(face)[-1]
    session.controls.toggle_mirror()
    mirrored = session.show(face)[-1]
    assert plain.arkit[list(SMILE)] == pytest.approx([0.8, 0])
    assert mirrored.arkit[list(SMILE)] == pytest.approx([0, 0.8])
    assert mirrored.head_rotation[1] == pytest.approx(-plain.head_rotation[1])


def test_calibrates_while_running() -> None:
    learnt: dict[str, UserCalibration] = {}
    session = Session(ChainSettings(idle_seed=None, calibrated=learnt.__setitem__))
    session.show(still(1.0, smile=0.3, yaw=0.2))
    session.controls.calibrate.set()
    session.show(still(2.1, smile=0.3, yaw=0.2))
    assert not session.controls.calibrate.is_set()
    assert learnt["camera"].neutral[SMILE[0]] == pytest.approx(0.3, abs=0.01)
    rest = session.show(still(1.0, smile=0.3, yaw=0.2))[-1]
    assert rest.arkit[SMILE[0]] == pytest.approx(0, abs=0.02) and rest.head_rotation[1] == pytest.approx(0, abs=0.01)
    kept = Session(ChainSettings(idle_seed=None, calibrations=learnt)).show(still(1.0, smile=0.3, yaw=0.2))[-1]
    assert kept.arkit[SMILE[0]] == pytest.approx(0, abs=0.02)


def test_a_calibration_without_a_face_says_so(caplog: pytest.LogCaptureFixture) -> None:
    session = Session()
    session.controls.calibrate.set()
    session.wait(180)
    assert "camera: calibration needs a face in view" in caplog.text
