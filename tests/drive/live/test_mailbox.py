from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from splatavatar.drive.live.mailbox import PREDICTION, Mailbox
from splatavatar.drive.signal import FaceSignal
from splatavatar.rig.arkit import INDEX

JAW, BLINK = INDEX["jawOpen"], INDEX["eyeBlinkLeft"]
FPS = 30.0


class Hand:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Hand:
    return Hand()


@pytest.fixture
def mailbox(clock: Hand) -> Mailbox:
    return Mailbox(FPS, clock)


def face(time: float, jaw: float, confidence: float = 1.0) -> FaceSignal:
    arkit = np.zeros(52, np.float32)
    arkit[JAW] = jaw
    return FaceSignal(
        time, arkit, np.full(3, jaw, np.float32), np.full(3, jaw, np.float32), np.full((2, 2), jaw), confidence
    )


def jaw(mailbox: Mailbox, now: float) -> float:
    signal, _ = mailbox.at(now)
    assert signal is not None
    return float(signal.arkit[JAW])


def deliver(mailbox: Mailbox, clock: Hand, signal: FaceSignal, arrival: float) -> None:
    clock.now = arrival
    mailbox.put(signal)


def test_there_is_nothing_before_the_first_signal(mailbox: Mailbox) -> None:
    assert mailbox.at(1.0) == (None, float("inf"))


def test_the_newest_signal_wins_and_knows_its_age(mailbox: Mailbox, clock: Hand) -> None:
    for n in range(10):
        deliver(mailbox, clock, face(n / FPS, n / 20), n / FPS + 0.01)
    signal, age = mailbox.at(9 / FPS + 0.01)
    assert signal is not None and signal.time == 9 / FPS
    assert signal.arkit[JAW] == pytest.approx(9 / 20)
    assert age == pytest.approx(0.01)
    assert mailbox.count == 10


def test_a_movement_goes_on_for_one_frame_of_the_source_at_most(mailbox: Mailbox, clock: Hand) -> None:
    deliver(mailbox, clock, face(0, 0.2), 0.02)
    deliver(mailbox, clock, face(1 / FPS, 0.3), 1 / FPS + 0.02)
    arrival = 1 / FPS + 0.02
    seen = [jaw(mailbox, arrival + part / FPS) for part in (0, 0.5, 1, 2, 100)]
    np.testing.assert_allclose(seen, 0.3 + PREDICTION * 0.1 * np.array([0, 0.5, 1, 1, 1]), atol=1e-6)
    signal, _ = mailbox.at(arrival + 0.5 / FPS)
    assert signal is not None
    for part in (signal.head_rotation, signal.head_translation, signal.gaze):
        np.testing.assert_allclose(part, seen[1], atol=1e-6)


def test_signals_from_the_future_are_interpolated(mailbox: Mailbox, clock: Hand) -> None:
    deliver(mailbox, clock, face(1.0, 0.2), 0.9)
    deliver(mailbox, clock, face(1.0 + 1 / FPS, 0.4), 0.9)
    assert jaw(mailbox, 0.95) == pytest.approx(0.2)
    assert jaw(mailbox, 1.0 + 0.25 / FPS) == pytest.approx(0.25)
    assert mailbox.at(0.95)[1] == 0.0


def test_coefficients_stay_within_their_range(mailbox: Mailbox, clock: Hand) -> None:
    deliver(mailbox, clock, face(0, 0.5), 0)
    deliver(mailbox, clock, face(1 / FPS, 1.0), 1 / FPS)
    assert jaw(mailbox, 2 / FPS) == 1.0


def test_a_gap_and_a_lost_face_are_not_movements(mailbox: Mailbox, clock: Hand) -> None:
    deliver(mailbox, clock, face(0, 0.2), 0)
    deliver(mailbox, clock, face(1.0, 0.4), 1.0)
    assert jaw(mailbox, 1.02) == pytest.approx(0.4)
    deliver(mailbox, clock, face(1.0 + 1 / FPS, 0.0, confidence=0), 1.0 + 1 / FPS)
    deliver(mailbox, clock, face(1.0 + 2 / FPS, 0.4), 1.0 + 2 / FPS)
    assert jaw(mailbox, 1.0 + 2.5 / FPS) == pytest.approx(0.4)


def test_what_is_no_number_stays_what_it_was(mailbox: Mailbox, clock: Hand) -> None:
    first, second = face(0, 0.2), face(1 / FPS, 0.3)
    first.arkit[BLINK] = np.nan
    deliver(mailbox, clock, first, 0)
    deliver(mailbox, clock, second, 1 / FPS)
    signal, _ = mailbox.at(1.5 / FPS)
    assert signal is not None and np.isfinite(signal.arkit).all()
    assert signal.arkit[BLINK] == 0 and signal.arkit[JAW] > 0.3
    third = face(2 / FPS, float("nan"))
    deliver(mailbox, clock, third, 2 / FPS)
    assert jaw(mailbox, 2.5 / FPS) == pytest.approx(0.3)
    mailbox.put(replace(second, time=float("nan")))
    assert mailbox.count == 3


def test_a_clock_that_goes_back_starts_anew(mailbox: Mailbox, clock: Hand) -> None:
    deliver(mailbox, clock, face(100, 0.2), 100)
    deliver(mailbox, clock, face(100 + 1 / FPS, 0.3), 100 + 1 / FPS)
    deliver(mailbox, clock, face(5, 0.6), 5)
    assert mailbox.at(5.01) == (mailbox.at(5.0)[0], pytest.approx(0.01))
    assert jaw(mailbox, 5.02) == pytest.approx(0.6)
    assert mailbox.at(4.0)[1] == 0.0
