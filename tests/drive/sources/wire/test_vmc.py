"""When values become faces. What the values mean is in test_osc.py."""

from __future__ import annotations

import math
from collections.abc import Iterator

import pytest

from splatavatar.drive.signal import FaceSignal
from splatavatar.drive.sources.notices import Notices
from splatavatar.drive.sources.wire.osc_packet import Message
from splatavatar.drive.sources.wire.vmc import VmcFace
from splatavatar.rig.arkit import INDEX, NAMES

APPLY = Message("/VMC/Ext/Blend/Apply", ())
RATE = 30


def value(name: str, number: float) -> Message:
    return Message("/VMC/Ext/Blend/Val", (name, number))


def bone(angle: float) -> Message:
    turn = (0.0, math.sin(angle / 2), 0.0, math.cos(angle / 2))
    return Message("/VMC/Ext/Bone/Pos", ("Head", 0.0, 0.0, 0.0, *turn))


def frames(seconds: float) -> Iterator[tuple[float, list[Message]]]:
    """Times, and values that are all the same number within a frame."""
    for frame in range(round(seconds * RATE)):
        number = (frame % 50) / 50
        yield frame / RATE, [value(name, number) for name in NAMES]


def one_by_one(face: VmcFace, time: float, messages: list[Message]) -> list[FaceSignal]:
    """A datagram for each message, a tenth of a millisecond apart."""
    heard = [face.hear([message], time + 1e-4 * place) for place, message in enumerate(messages)]
    return [signal for signal in heard if signal is not None]


def whole(signals: list[FaceSignal]) -> bool:
    return all(signal.arkit.min() == signal.arkit.max() for signal in signals)


def test_values_that_nobody_applies() -> None:
    face = VmcFace(Notices("osc"))
    signals = [one_by_one(face, time, messages) for time, messages in frames(3.0)]
    assert not any(signals[: RATE // 2])
    # The first one may be of two frames; then there is one for each, and at once.
    assert [len(heard) for heard in signals[20:]] == [1] * 70
    assert whole(signals[20] + signals[-1])
    assert signals[-1][0].arkit[0] == pytest.approx(39 / 50)


def test_values_that_are_applied_are_never_half_a_face() -> None:
    face = VmcFace(Notices("osc"))
    signals = [one_by_one(face, time, [*messages, APPLY]) for time, messages in frames(3.0)]
    assert [len(heard) for heard in signals] == [1] * 90
    assert whole([heard[0] for heard in signals])


@pytest.mark.parametrize("mark", [Message("/VMC/Ext/T", (1.0,)), Message("/VMC/Ext/OK", (1,))])
def test_marks_end_a_frame_that_nobody_applies(mark: Message) -> None:
    face = VmcFace(Notices("osc"))
    face.hear([value("jawOpen", 0.1)], 0.0)
    assert face.hear([mark], 0.1) is None
    face.hear([value("jawOpen", 0.3)], 1.0)
    face.hear([value("cheekPuff", 0.4)], 1.0)
    signal = face.hear([mark], 1.0)
    assert signal is not None
    assert signal.arkit[INDEX["jawOpen"]] == pytest.approx(0.3)
    assert signal.arkit[INDEX["cheekPuff"]] == pytest.approx(0.4)


def test_a_sender_of_changes_alone() -> None:
    face = VmcFace(Notices("osc"))
    face.hear([value("jawOpen", 0.1)], 0.0)
    assert face.flush(0.2) is None
    signal = face.flush(0.6)
    assert signal is not None and signal.arkit[INDEX["jawOpen"]] == pytest.approx(0.1)
    assert face.flush(0.7) is None
    face.hear([value("cheekPuff", 0.5)], 2.0)
    signal = face.flush(2.1)
    assert signal is not None
    assert signal.arkit[INDEX["jawOpen"]] == pytest.approx(0.1)
    assert signal.arkit[INDEX["cheekPuff"]] == pytest.approx(0.5)


def test_bundles_that_nobody_applies() -> None:
    face = VmcFace(Notices("osc"))
    signals = [(time, face.hear(messages, time)) for time, messages in frames(2.0)]
    late = [signal for time, signal in signals if time > 0.6]
    assert None not in late
    assert whole([signal for signal in late[1:] if signal is not None])


@pytest.mark.parametrize("lost", [(0,), (0, 3, 0, 1), (1, 3, 0, 0), (False,), (0.0,)])
@pytest.mark.parametrize("there", [(1,), (1, 3, 0, 1)])
def test_a_face_that_is_lost(lost: tuple[int, ...], there: tuple[int, ...]) -> None:
    face = VmcFace(Notices("osc"))
    values = [value("jawOpen", 0.5), APPLY]
    signals = [face.hear([*values, Message("/VMC/Ext/OK", said)], 0.1) for said in (there, lost, lost, there)]
    assert [signal is not None and signal.confidence for signal in signals] == [1.0, 0.0, 0.0, 1.0]


def test_what_ok_may_hold() -> None:
    face = VmcFace(Notices("osc"))
    for odd in ((), ("0",), (None,), (1, 0), (1, 0, 0)):
        face.hear([Message("/VMC/Ext/OK", odd)], 0.0)
        signal = face.hear([value("jawOpen", 0.5), APPLY], 0.0)
        assert signal is not None and signal.confidence == 1


def test_a_puppet_may_hold_still_but_not_for_ever(caplog: pytest.LogCaptureFixture) -> None:
    face = VmcFace(Notices("osc"))
    frame = [value("jawOpen", 0.5), bone(0.1), APPLY]
    signals = [face.hear(frame, step / RATE) for step in range(4 * RATE)]
    there = [signal is not None and signal.confidence for signal in signals]
    assert there[: 3 * RATE] == [1.0] * 3 * RATE
    assert there[-1] == 0.0
    assert len(caplog.records) == 1
    signal = face.hear([value("jawOpen", 0.5), bone(0.11), APPLY], 5.0)
    assert signal is not None and signal.confidence == 1


def test_values_in_percent_are_said(caplog: pytest.LogCaptureFixture) -> None:
    face = VmcFace(Notices("osc"))
    for _ in range(3):
        face.hear([value("jawOpen", 50.0), value("cheekPuff", math.nan), APPLY], 0.0)
    assert len(caplog.records) == 1
    assert "jawOpen of 50; expected 0 to 1" in caplog.text


def test_presets_of_vrm_are_said(caplog: pytest.LogCaptureFixture) -> None:
    face = VmcFace(Notices("osc"))
    for _ in range(3):
        face.hear([*(value(name, 0.5) for name in ("A", "I", "U", "E", "O\x1b[0m")), APPLY], 0.0)
    assert len(caplog.records) == 1
    assert "'A', 'E', 'I', 'O\\x1b[0m', 'U'" in caplog.text
    assert "PerfectSync" in caplog.text


def test_presets_beside_arkits_names_are_not(caplog: pytest.LogCaptureFixture) -> None:
    face = VmcFace(Notices("osc"))
    for step in range(20):
        for message in (value("A", 0.5), value("jawOpen", step / 20), APPLY):
            face.hear([message], step / RATE)
    assert not caplog.records


def test_bones_without_blendshapes_are_said(caplog: pytest.LogCaptureFixture) -> None:
    face = VmcFace(Notices("osc"))
    signals = [face.hear([bone(0.01 * step)], step / RATE) for step in range(5 * RATE)]
    assert all(signal is not None and signal.head_rotation[1] <= 0 for signal in signals)
    assert len(caplog.records) == 1
    assert "no blendshapes" in caplog.text
