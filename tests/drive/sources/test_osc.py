from __future__ import annotations

import random
import struct
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from splatavatar.drive.sources import ifacialmocap
from splatavatar.drive.sources.notices import Notices
from splatavatar.drive.sources.osc import LARGEST, OscSource
from splatavatar.drive.sources.osc_packet import Message, NotOsc, messages
from splatavatar.drive.sources.vmc import VmcFace
from splatavatar.rig.arkit import INDEX, NAMES

Send = Callable[[int, bytes], None]

# Published by the maker of iFacialMocap as an example: a face below its phone that looks down.
MOCAP = (
    "mouthSmile_R-0|eyeLookOut_L-0|mouthUpperUp_L-11|eyeWide_R-0|mouthClose-8|mouthPucker-4|eyeLookDown_L-17|"
    "cheekSquint_R-11|eyeBlink_L-7|jawRight-0|eyeLookIn_R-6|jawForward-11|browInnerUp-20|jawOpen-12|"
    "=head#-21.488958,-6.038993,-6.6019735,-0.030653415,-0.10287084,-0.6584072|"
    "rightEye#6.0297494,2.4403017,0.25649446|leftEye#6.034903,-1.6660284,-0.17520553|"
)


def text(value: str) -> bytes:
    data = value.encode() + b"\0"
    return data + b"\0" * (-len(data) % 4)


def message(address: str, *arguments: Any) -> bytes:
    tags, body = ",", b""
    for argument in arguments:
        if isinstance(argument, str):
            tags, body = tags + "s", body + text(argument)
        elif isinstance(argument, int):
            tags, body = tags + "i", body + struct.pack(">i", argument)
        else:
            tags, body = tags + "f", body + struct.pack(">f", argument)
    return text(address) + text(tags) + body


def bundle(*elements: bytes) -> bytes:
    return b"#bundle\0" + struct.pack(">Q", 1) + b"".join(struct.pack(">i", len(e)) + e for e in elements)


def vmc_frame(jaw: float = 0.25) -> bytes:
    return bundle(
        message("/VMC/Ext/OK", 1, 3, 0, 1),
        message("/VMC/Ext/Bone/Pos", "Head", 0.0, 0.1, 0.0, 0.0, 0.0, 0.0, 1.0),
        message("/VMC/Ext/Blend/Val", "JawOpen", jaw),
        message("/VMC/Ext/Blend/Val", "EyeBlinkLeft", 0.75),
        message("/VMC/Ext/Blend/Apply"),
    )


def test_messages_and_bundles() -> None:
    nested = bundle(message("/a", 1, 2.5, "three"), bundle(message("/b")))
    assert messages(nested) == [Message("/a", (1, 2.5, "three")), Message("/b", ())]
    with_blob = text("/c") + text(",bTFNhd") + struct.pack(">i3sx", 3, b"xyz") + struct.pack(">qd", -5, 0.5)
    assert messages(with_blob) == [Message("/c", (b"xyz", True, False, None, -5, 0.5))]


@pytest.mark.parametrize(
    "packet",
    [
        b"",
        b"/a",
        b"/a\0\0;f\0\0",
        b"#bundle\0",
        text("/a") + text(",f") + b"\0\0",
        text("/a") + text(",q"),
        text("/a") + text(",i") + b"\0" * 8,
        bundle(b"xxxx"),
        b"#bundle\0" + bytes(8) + struct.pack(">i", -4),
        b"#bundle\0" + bytes(8) + struct.pack(">i", 400) + b"/a\0\0",
    ],
)
def test_damaged_packets(packet: bytes) -> None:
    with pytest.raises(NotOsc):
        messages(packet)


def test_bundles_too_deep() -> None:
    packet = message("/a")
    for _ in range(20):
        packet = bundle(packet)
    with pytest.raises(NotOsc):
        messages(packet)


def test_the_face_of_a_vmc_frame() -> None:
    face = VmcFace(Notices("osc"))
    signal = face.hear(messages(vmc_frame()), 2.0)
    assert signal is not None
    assert signal.time == 2.0
    assert signal.confidence == 1.0
    assert signal.arkit[INDEX["jawOpen"]] == 0.25
    assert signal.arkit[INDEX["eyeBlinkLeft"]] == 0.75
    assert np.count_nonzero(signal.arkit) == 2


def test_a_frame_in_several_packets() -> None:
    face = VmcFace(Notices("osc"))
    assert face.hear(messages(message("/VMC/Ext/Blend/Val", "jawOpen", 0.5)), 0.0) is None
    signal = face.hear(messages(message("/VMC/Ext/Blend/Apply")), 0.01)
    assert signal is not None
    assert signal.arkit[INDEX["jawOpen"]] == 0.5


def quaternion(axis: int, angle: float) -> list[float]:
    q = [0.0, 0.0, 0.0, float(np.cos(angle / 2))]
    q[axis] = float(np.sin(angle / 2))
    return q


@pytest.mark.parametrize(
    # In Unity +X is the model's right: a positive turn about +Y brings the nose to +X, the subject's right.
    ("axis", "rig"),
    [(0, [0.4, 0, 0]), (1, [0, -0.4, 0]), (2, [0, 0, -0.4])],
)
def test_the_head_is_in_unitys_axes(axis: int, rig: list[float]) -> None:
    face = VmcFace(Notices("osc"))
    bones = [
        Message("/VMC/Ext/Bone/Pos", ("Neck", 0.0, 0.0, 0.0, *quaternion(axis, 0.15))),
        Message("/VMC/Ext/Bone/Pos", ("Head", 0.0, 0.0, 0.0, *quaternion(axis, 0.25))),
        Message("/VMC/Ext/Blend/Apply", ()),
    ]
    signal = face.hear(bones, 0.0)
    assert signal is not None
    np.testing.assert_allclose(signal.head_rotation, rig, atol=1e-6)


def test_eye_bones_are_the_gaze_unless_coefficients_are() -> None:
    eyes = [
        Message("/VMC/Ext/Bone/Pos", ("LeftEye", 0.0, 0.0, 0.0, *quaternion(1, 0.2))),
        Message("/VMC/Ext/Bone/Pos", ("RightEye", 0.0, 0.0, 0.0, *quaternion(0, 0.1))),
        Message("/VMC/Ext/Blend/Apply", ()),
    ]
    signal = VmcFace(Notices("osc")).hear(eyes, 0.0)
    assert signal is not None
    np.testing.assert_allclose(signal.gaze, [[-0.2, 0.0], [0.0, -0.1]], atol=1e-6)
    look = Message("/VMC/Ext/Blend/Val", ("EyeLookInLeft", 0.5))
    signal = VmcFace(Notices("osc")).hear([look, *eyes], 0.0)
    assert signal is not None
    assert not signal.gaze.any()


def test_lost_tracking() -> None:
    face = VmcFace(Notices("osc"))
    face.hear(messages(vmc_frame()), 0.0)
    lost = face.hear(messages(message("/VMC/Ext/OK", 1, 3, 0, 0)), 1.0)
    assert lost is not None
    assert lost.confidence == 0
    again = face.hear(messages(vmc_frame()), 2.0)
    assert again is not None
    assert again.confidence == 1


def test_other_blendshapes_are_said_once(caplog: pytest.LogCaptureFixture) -> None:
    face = VmcFace(Notices("osc"))
    for _ in range(9):
        face.hear([Message("/VMC/Ext/Blend/Val", ("Fun", 1.0))], 0.0)
    assert len(caplog.records) == 1
    assert "'Fun'" in caplog.text


def test_mocap() -> None:
    signal = ifacialmocap.parse(MOCAP.encode(), 1.5)
    assert signal.arkit[INDEX["mouthUpperUpLeft"]] == pytest.approx(0.11)
    assert signal.arkit[INDEX["eyeLookInRight"]] == pytest.approx(0.06)
    # Nose up, eyes down, both eyes turned to the middle.
    assert signal.head_rotation[0] < -0.35
    assert (signal.gaze[:, 1] < -0.1).all()
    assert signal.gaze[0, 0] < 0 < signal.gaze[1, 0]
    np.testing.assert_allclose(np.degrees(signal.gaze), [[-1.666, -6.035], [2.440, -6.030]], atol=1e-3)


def test_mocap_of_version_2_may_be_negative() -> None:
    second = ifacialmocap.parse(
        (
            MOCAP.replace("-12|", "-50|").replace("-", "&").replace("#&", "#-").replace(",&", ",-") + "___iFacialMocap"
        ).encode(),
        0.0,
    )
    assert second.arkit[INDEX["jawOpen"]] == pytest.approx(0.5)
    np.testing.assert_allclose(second.head_rotation, ifacialmocap.parse(MOCAP.encode(), 0.0).head_rotation)
    negative = "|".join([*(f"{name}&5" for name in NAMES[:20]), "jawOpen&-7", ""])
    assert ifacialmocap.parse(negative.encode(), 0.0).arkit[INDEX["jawOpen"]] == 0


def test_mocap_without_a_face() -> None:
    assert ifacialmocap.parse(("trackingStatus-0|" + MOCAP).encode(), 0.0).confidence == 0


@pytest.mark.parametrize(
    "change", [("jawOpen-12", "jawOpen-nan"), ("-21.488958", "inf"), ("jawOpen-12", "jawOpen-9999"), ("6.0349", "x")]
)
def test_damaged_mocap(change: tuple[str, str]) -> None:
    with pytest.raises(ifacialmocap.NotMocap):
        ifacialmocap.parse(MOCAP.replace(*change).encode(), 0.0)


def test_both_on_one_port(heard: Any, send: Send) -> None:
    source = OscSource(0)
    source.start(heard, lambda: 5.0)
    try:
        send(source.port, vmc_frame())
        send(source.port, MOCAP.encode())
        vmc, mocap = heard.wait(2)
    finally:
        source.stop()
    assert vmc.arkit[INDEX["eyeBlinkLeft"]] == 0.75
    assert mocap.arkit[INDEX["eyeBlinkLeft"]] == pytest.approx(0.07)
    assert vmc.time == mocap.time == 5.0


def bombard(count: int, heard: Any, send: Send) -> int:
    rng = random.Random(3)
    seeds = [vmc_frame(), MOCAP.encode()]
    source = OscSource(0)
    source.start(heard, time.perf_counter)
    good = 0
    try:
        for number in range(count):
            if number % 2:
                bad = bytearray(seeds[number // 2 % 2])
                for _ in range(rng.randrange(1, 9)):
                    bad[rng.randrange(len(bad))] = rng.randrange(256)
            else:
                bad = bytearray(rng.randbytes(rng.randrange(LARGEST + 500)))
                bad[:1] = rng.choice([b"/", b"#", b"|", b""])
            send(source.port, bytes(bad))
            if number % 100 == 99:
                send(source.port, vmc_frame(jaw=0.125))
                deadline = time.monotonic() + 10
                while not any(s.arkit[INDEX["jawOpen"]] == 0.125 for s in heard.signals):
                    assert time.monotonic() < deadline
                    time.sleep(0.001)
                for signal in heard.signals:
                    assert np.isfinite(signal.arkit).all()
                    assert np.isfinite(signal.head_rotation).all()
                heard.signals.clear()
                good += 1
    finally:
        source.stop()
    return good


def test_random_and_mutated_packets(heard: Any, send: Send, caplog: pytest.LogCaptureFixture) -> None:
    assert bombard(3000, heard, send) == 30
    assert len(caplog.records) < 10


@pytest.mark.slow
def test_a_hundred_thousand_packets(heard: Any, send: Send, caplog: pytest.LogCaptureFixture) -> None:
    assert bombard(100_000, heard, send) == 1000
    assert len(caplog.records) < 60
