"""One face from several sources."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from splatavatar.drive.face.channels import BROWS, EYES, FACE, GAZE, HEAD, MOUTH, VOICE
from splatavatar.drive.face.mixer import BLEND, Mixed, Mixer
from splatavatar.drive.face.vector import SLOTS, to_vector
from splatavatar.drive.live.mailbox import Mailbox
from splatavatar.drive.signal import FaceSignal, nobody
from splatavatar.drive.sources.source import Clock, Emit
from splatavatar.rig.arkit import INDEX

JAW, SMILE, BROW = INDEX["jawOpen"], INDEX["mouthSmileLeft"], INDEX["browInnerUp"]
FPS = 60.0


class Given:
    """A source whose signals the test puts into its mailbox."""

    ended = False

    def __init__(self, name: str, channels: frozenset[str], fps: float = FPS) -> None:
        self.name, self.channels, self.fps = name, channels, fps

    def start(self, emit: Emit, clock: Clock) -> None: ...

    def stop(self) -> None: ...


class Stage:
    """Sources, their mailboxes and a mixer on a clock of its own."""

    def __init__(self, *sources: Given) -> None:
        self.now = 0.0
        self.boxes = {source.name: Mailbox(source.fps, lambda: self.now) for source in sources}
        self.mixer = Mixer([(source, self.boxes[source.name]) for source in sources])

    def play(self, seconds: float, **faces: Callable[[float], FaceSignal | None]) -> list[Mixed]:
        mixed = []
        for _ in range(round(seconds * FPS)):
            self.now += 1 / FPS
            for name, face in faces.items():
                signal = face(self.now)
                if signal is not None:
                    self.boxes[name].put(replace(signal, time=self.now))
            mixed.append(self.mixer(self.now))
        return mixed


def face(**coefficients: float) -> FaceSignal:
    signal = nobody(0.0)
    for name, value in coefficients.items():
        signal.arkit[INDEX[name]] = value
    return replace(signal, head_rotation=np.array([0, 0.3, 0], np.float32), confidence=1.0)


def talking(t: float) -> FaceSignal:
    return face(jawOpen=0.25 + 0.2 * np.sin(2 * np.pi * 4 * t))


def still(t: float) -> FaceSignal:
    return face(mouthSmileLeft=0.5, browInnerUp=0.4)


def silent(t: float) -> FaceSignal:
    return face()


def gone(t: float) -> FaceSignal:
    return nobody(t)


def largest_step(mixed: list[Mixed], index: int) -> float:
    return float(np.abs(np.diff([m.signal.arkit[index] for m in mixed])).max())


CAMERA, MICROPHONE = Given("camera", FACE), Given("microphone", VOICE)


def test_one_source_goes_through_unchanged() -> None:
    stage = Stage(CAMERA)
    for mixed in stage.play(0.5, camera=talking):
        np.testing.assert_allclose(to_vector(mixed.signal), to_vector(talking(mixed.signal.time)), atol=1e-5)
        assert mixed.present == FACE and mixed.captured == mixed.signal.time
        assert mixed.signal.confidence == 1


def test_nobody_at_first() -> None:
    mixed = Stage(CAMERA, MICROPHONE).mixer(0.0)
    assert mixed.present == frozenset() and mixed.captured is None and mixed.signal.confidence == 0


def test_channels_come_from_the_first_that_has_them() -> None:
    stage = Stage(Given("body", frozenset({HEAD, GAZE})), Given("phone", FACE))
    mixed = stage.play(0.2, body=lambda t: replace(face(browInnerUp=1.0), head_rotation=np.ones(3)), phone=still)[-1]
    np.testing.assert_allclose(mixed.signal.head_rotation, 1.0)
    assert mixed.signal.arkit[BROW] == np.float32(0.4)


def test_a_face_that_moves_its_mouth_keeps_it_from_the_voice() -> None:
    stage = Stage(MICROPHONE, CAMERA)
    mixed = stage.play(3.0, camera=lambda t: replace(talking(t), arkit=talking(t).arkit * 0.8), microphone=talking)
    np.testing.assert_allclose(
        [m.signal.arkit[JAW] for m in mixed], [0.8 * talking(m.signal.time).arkit[JAW] for m in mixed], atol=1e-5
    )


def test_the_voice_has_the_mouth_of_a_face_that_does_not_move_it() -> None:
    stage = Stage(CAMERA, MICROPHONE)
    mixed = stage.play(3.0, camera=still, microphone=talking)
    last = mixed[-1].signal
    assert last.arkit[JAW] == pytest.approx(talking(last.time).arkit[JAW], abs=1e-5)
    assert last.arkit[SMILE] == 0
    # The rest of the face is the camera's.
    assert last.arkit[BROW] == np.float32(0.4) and last.head_rotation[1] == np.float32(0.3)
    assert largest_step(mixed, SMILE) <= 0.5 / (BLEND * FPS) + 1e-6


def test_a_silent_voice_leaves_the_mouth_to_the_face() -> None:
    stage = Stage(CAMERA, MICROPHONE)
    assert all(m.signal.arkit[SMILE] == np.float32(0.5) for m in stage.play(2.0, camera=still, microphone=silent))
    stage.play(3.0, camera=still, microphone=talking)
    # It has spoken and is silent: the smile comes back.
    assert stage.play(2.0, camera=still, microphone=silent)[-1].signal.arkit[SMILE] == np.float32(0.5)


def test_pauses_between_words_do_not_move_the_mouth_to_and_fro() -> None:
    stage = Stage(CAMERA, MICROPHONE)
    stage.play(2.0, camera=still, microphone=talking)
    words = stage.play(6.0, camera=still, microphone=lambda t: talking(t) if t % 1 < 0.7 else silent(t))
    assert max(m.signal.arkit[SMILE] for m in words) == 0


def test_a_mouth_that_moves_again_has_itself_back() -> None:
    stage = Stage(CAMERA, MICROPHONE)
    stage.play(3.0, camera=still, microphone=talking)
    loud = stage.play(2.0, camera=lambda t: face(jawOpen=0.4 + 0.3 * np.sin(2 * np.pi * 3 * t)), microphone=talking)
    signal = loud[-1].signal
    assert signal.arkit[JAW] == pytest.approx(0.4 + 0.3 * np.sin(2 * np.pi * 3 * signal.time), abs=1e-5)
    # From one mouth to another, at most the difference of both within the time of the blend, and their own speeds.
    assert largest_step(loud, JAW) < 0.8 / (BLEND * FPS) + 0.15


def test_the_voice_goes_on_where_the_face_is_lost() -> None:
    stage = Stage(CAMERA, MICROPHONE)
    stage.play(1.0, camera=lambda t: face(jawOpen=0.5), microphone=silent)
    lost = stage.play(2.0, camera=gone, microphone=talking)
    assert all(m.present == {MOUTH} for m in lost)
    signal = lost[-1].signal
    assert signal.arkit[JAW] == pytest.approx(talking(signal.time).arkit[JAW], abs=1e-5)
    assert largest_step(lost, JAW) < 0.5 / (BLEND * FPS) + 0.1
    # Back again, at once for what the voice does not have.
    assert {EYES, BROWS, HEAD} <= stage.play(0.1, camera=still, microphone=talking)[-1].present


def test_a_source_that_sends_no_more_is_gone() -> None:
    stage = Stage(CAMERA)
    stage.play(0.5, camera=still)
    assert stage.play(0.3, camera=lambda t: None)[-1].present == FACE
    assert stage.play(0.3, camera=lambda t: None)[-1].captured is None


def test_a_slow_source_is_not_taken_for_gone() -> None:
    stage = Stage(Given("camera", FACE, fps=5.0))
    mixed = stage.play(2.0, camera=lambda t: still(t) if round(t * FPS) % 36 == 0 else None)
    assert all(m.present == FACE for m in mixed[36:])


def test_changes_are_made_before_mixing_and_the_raw_face_is_kept() -> None:
    stage = Stage(CAMERA, MICROPHONE)
    stage.mixer.changes["camera"] = lambda signal: replace(signal, arkit=signal.arkit * 0.5)
    mixed = stage.play(0.2, camera=still, microphone=talking)[-1]
    assert mixed.signal.arkit[BROW] == np.float32(0.2)
    assert stage.mixer.raw["camera"].arkit[BROW] == np.float32(0.4)
    stage.play(0.1, camera=gone)
    assert "camera" not in stage.mixer.raw


def test_values_that_are_no_numbers_are_what_they_were() -> None:
    stage = Stage(CAMERA)
    stage.play(0.2, camera=still)
    mixed = stage.play(0.2, camera=lambda t: replace(still(t), arkit=np.full(52, np.nan, np.float32)))[-1]
    np.testing.assert_array_equal(mixed.signal.arkit, still(0.0).arkit)


def test_a_clock_that_goes_back_does_no_harm() -> None:
    stage = Stage(CAMERA, MICROPHONE)
    stage.play(1.0, camera=still, microphone=talking)
    stage.now = -100.0
    mixed = stage.play(1.0, camera=still, microphone=talking)[-1]
    assert np.isfinite(to_vector(mixed.signal)).all() and mixed.present == FACE


def test_every_channel_has_its_values() -> None:
    assert sorted(np.concatenate(list(SLOTS.values())).tolist()) == list(range(62))
