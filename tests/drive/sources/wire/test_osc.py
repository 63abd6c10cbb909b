from __future__ import annotations

import random
import struct
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from splatavatar.drive.sources.notices import Notices
from splatavatar.drive.sources.wire import ifacialmocap
from splatavatar.drive.sources.wire.livelink_udp import LiveLinkSource
from splatavatar.drive.sources.wire.osc import OscSource
from splatavatar.drive.sources.wire.osc_packet import Message, NotOsc, messages
from splatavatar.drive.sources.wire.vmc import VmcFace
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
                bad = bytearray(rng.randbytes(rng.randrange(7000)))
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


def test_a_bundle_of_every_bone_and_shape(heard: Any, send: Send) -> None:
    turn = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0)
    bones = [message("/VMC/Ext/Bone/Pos", f"Bone number {number}", *turn) for number in range(600)]
    values = [message("/VMC/Ext/Blend/Val", name, 0.25) for name in NAMES]
    packet = bundle(*bones, *values, message("/VMC/Ext/Blend/Apply"))
    assert 50_000 < len(packet) < 65_507
    source = OscSource(0)
    source.start(heard, lambda: 5.0)
    try:
        send(source.port, packet)
        (signal,) = heard.wait(1)
    finally:
        source.stop()
    assert (signal.arkit == 0.25).all()


def test_mocap_that_repeats_its_last_packet_has_lost_the_face(heard: Any, caplog: pytest.LogCaptureFixture) -> None:
    source = OscSource(0)
    for step in range(90):
        moved = MOCAP.replace("-21.488958", f"-21.4889{min(step, 30):02d}")
        source.receive(moved.encode(), heard, step / 60)
    assert [signal.confidence for signal in heard.signals] == [1.0] * 60 + [0.0] * 30
    source.receive(MOCAP.encode(), heard, 1.5)
    assert heard.signals[-1].confidence == 1
    assert len(caplog.records) == 1
    assert "over and over" in caplog.text


def test_mocap_at_rest_is_there(heard: Any) -> None:
    """Every coefficient stands; only the last digits of the head differ."""
    source = OscSource(0)
    for step in range(300):
        source.receive(MOCAP.replace("-21.488958", f"-21.4889{step % 7}").encode(), heard, step / 60)
    assert all(signal.confidence == 1 for signal in heard.signals)


@pytest.mark.parametrize(
    ("bad", "text"),
    [
        (bundle(message("/a"))[:-2], "damaged packet of Open Sound Control"),
        (message("/avatar/parameters/JawOpen", 0.5), "for /avatar/parameters/JawOpen"),
        (b"FMV3" + bytes(36), "FMV3"),
        (b'{"BlendShapes": []}', "JSON"),
        (MOCAP.replace("jawOpen-12", "jawOpen-9999").encode(), "jawOpen at 9999, expected 0 to 100"),
        (MOCAP.replace("-21.488958", "900").encode(), "angles of head"),
        (b"jawOpen-12|cheekPuff-5|", "2 coefficients, expected 52"),
        (b"\x06\0\0\0\x02ab\0\0\0\x02cd" + bytes(16), "--livelink"),
        (b"\xff" * 40, "40 bytes of no protocol"),
    ],
)
def test_why_a_packet_is_dropped_is_said_once(
    bad: bytes, text: str, heard: Any, caplog: pytest.LogCaptureFixture
) -> None:
    source = OscSource(0)
    for _ in range(5):
        source.receive(bad, heard, 0.0)
    assert not heard.signals
    assert len(caplog.records) == 1
    assert text in caplog.text


def test_what_other_programs_add_to_mocap_does_no_harm() -> None:
    added = MOCAP + "hapihapi-x|deviceName-my phone|trackingStatus-1|"
    assert ifacialmocap.parse(added.encode(), 0.0).confidence == 1


@pytest.mark.parametrize("mocap", [True, False])
def test_of_two_senders_the_first_is_followed(mocap: bool, heard: Any, caplog: pytest.LogCaptureFixture) -> None:
    source = OscSource(0)
    for step in range(60):
        for sender, jaw in ((("127.0.0.1", 5000), 12), (("192.168.1.20", 5000), 50)):
            text = MOCAP.replace("jawOpen-12", f"jawOpen-{jaw}").replace("-21.4", f"-21.{step}")
            packet = text.encode() if mocap else vmc_frame(jaw=jaw / 100)
            source.receive(packet, heard, step / 30, sender)
    jaws = [round(float(signal.arkit[INDEX["jawOpen"]]), 2) for signal in heard.signals[12:]]
    assert jaws and set(jaws) == {0.12}
    assert len(caplog.records) == 1
    assert "127.0.0.1:5000 is followed and 192.168.1.20:5000 is left out" in caplog.text


def test_one_program_may_send_the_face_and_another_the_head(heard: Any, caplog: pytest.LogCaptureFixture) -> None:
    source = OscSource(0)
    for step in range(30):
        for name, jaw in (("jawOpen", step / 30), ("cheekPuff", 0.5)):
            source.receive(message("/VMC/Ext/Blend/Val", name, jaw), heard, step / 30, ("127.0.0.1", 5000))
        source.receive(message("/VMC/Ext/Blend/Apply"), heard, step / 30, ("127.0.0.1", 5000))
        head = message("/VMC/Ext/Bone/Pos", "Head", 0.0, 0.0, 0.0, *quaternion(1, 0.01 * step))
        source.receive(head, heard, step / 30, ("127.0.0.1", 6000))
    assert len(heard.signals) == 30
    assert heard.signals[-1].head_rotation[1] == pytest.approx(-0.28)
    assert not caplog.records


def test_nothing_of_a_sender_that_has_gone_is_left_to_the_next(heard: Any) -> None:
    """The first turns its head, sends eyeLook and a smile, and says at its end that nothing is there any more."""
    source, first, second = OscSource(0), ("192.168.1.20", 5000), ("192.168.1.21", 5000)
    for step in range(30):
        values = [message("/VMC/Ext/Blend/Val", name, 0.8) for name in ("eyeLookInLeft", "mouthSmileLeft")]
        head = message("/VMC/Ext/Bone/Pos", "Head", 0.0, 0.0, 0.0, *quaternion(1, 0.01 * step))
        source.receive(bundle(head, *values, message("/VMC/Ext/Blend/Apply")), heard, step / 30, first)
    source.receive(message("/VMC/Ext/OK", 0), heard, 1.0, first)
    assert heard.signals[-2].head_rotation[1] == pytest.approx(-0.29)
    assert heard.signals[-1].confidence == 0
    heard.signals.clear()
    for step in range(30):
        eye = message("/VMC/Ext/Bone/Pos", "LeftEye", 0.0, 0.0, 0.0, *quaternion(1, -0.2))
        jaw = message("/VMC/Ext/Blend/Val", "jawOpen", step / 30)
        source.receive(bundle(eye, jaw, message("/VMC/Ext/Blend/Apply")), heard, 10 + step / 30, second)
    assert len(heard.signals) == 30
    for step, signal in enumerate(heard.signals):
        assert signal.confidence == 1
        assert not signal.head_rotation.any()
        assert abs(signal.gaze[0, 0]) == pytest.approx(0.2)
        assert signal.arkit.sum() == pytest.approx(step / 30, abs=1e-5)


def mutated(packet: bytes, rng: random.Random) -> bytes:
    kind, bad = rng.randrange(5), bytearray(packet)
    if kind == 0:
        for _ in range(rng.randrange(1, 9)):
            bad[rng.randrange(len(bad))] = rng.randrange(256)
    elif kind == 1:
        bad = bad[: rng.randrange(len(bad))]
    elif kind == 2:
        at = rng.randrange(len(bad))
        bad[at:at] = rng.randbytes(rng.randrange(1, 40))
    elif kind == 3:
        at = rng.randrange(len(bad) - 3)
        bad[at : at + 4] = rng.choice(
            [b"\x7f\xc0\0\0", b"\x7f\x80\0\0", b"\xff\xff\xff\xff", b"\x7f\x7f\xff\xff", b"9e99"]
        )
    else:
        at = rng.randrange(len(bad))
        bad = bad[at:] + bad[:at]
    return bytes(bad)


@pytest.mark.parametrize("protocol", ["vmc", "mocap", "livelink"])
def test_ten_thousand_mutants(
    protocol: str, heard: Any, packet: Callable[..., bytes], caplog: pytest.LogCaptureFixture
) -> None:
    values = [0.01 * index for index in range(52)] + [0.1, -0.2, 0.3, 0.4, -0.5, 0.0, -0.1, 0.2, 0.0]
    whole = {"vmc": vmc_frame(), "mocap": MOCAP.encode(), "livelink": packet(values)}[protocol]
    source: OscSource | LiveLinkSource = LiveLinkSource(0) if protocol == "livelink" else OscSource(0)
    rng = random.Random(11)
    for number in range(10_000):
        source.receive(mutated(whole, rng), heard, number / 60, ("127.0.0.1", 5000 + number % 3))
    assert len(heard.signals) > 100
    arkit = np.array([signal.arkit for signal in heard.signals])
    assert arkit.min() >= 0 and arkit.max() <= 1
    angles = np.array([[*signal.head_rotation, *signal.gaze.ravel()] for signal in heard.signals])
    assert np.isfinite(angles).all() and np.abs(angles).max() < 20
    assert len(caplog.records) < 20
