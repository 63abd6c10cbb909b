"""From a signal to a picture."""

from __future__ import annotations

import numpy as np

from splatavatar.avatar.avatar import Avatar
from splatavatar.avatar.limits import DEFAULT_LIMIT, expression_limit
from splatavatar.avatar.renderers.cpu_renderer import CpuRenderer
from splatavatar.drive.measuring.motion import moving_signal
from splatavatar.drive.performer import Performer
from splatavatar.drive.retarget import retarget
from splatavatar.drive.signal import FaceSignal
from splatavatar.rig.rig import PoseParameters


def test_a_picture_is_limited_retargeted_and_drawn(avatar: Avatar) -> None:
    performer, camera = Performer(avatar), Performer(avatar).camera(48, 40)
    signal = moving_signal(1.0).frame(9)
    parameters = retarget(signal, avatar.rig, expression_limit(avatar, DEFAULT_LIMIT))
    np.testing.assert_array_equal(performer.pose(signal).expression, parameters.expression)
    expected = CpuRenderer(avatar).render(parameters, camera, (0.2, 0.4, 0.6))
    np.testing.assert_array_equal(performer.draw(signal, camera, (0.2, 0.4, 0.6)), expected)
    out = np.empty_like(expected)
    assert performer.draw(signal, camera, (0.2, 0.4, 0.6), out) is out
    np.testing.assert_array_equal(out, expected)


def test_rest(avatar: Avatar) -> None:
    performer = Performer(avatar)
    camera = performer.camera(32, 32)
    rest = CpuRenderer(avatar).render(PoseParameters.neutral(avatar.rig), camera)
    np.testing.assert_array_equal(performer.draw(None, camera, None), rest)
    np.testing.assert_array_equal(performer.draw(FaceSignal.neutral(), camera, None), rest)


def test_a_stream_is_the_single_pictures(avatar: Avatar) -> None:
    performer = Performer(avatar)
    camera, recording = performer.camera(48, 40), moving_signal(0.3)
    faces = [recording.frame(index) for index in range(len(recording))]
    streamed = list(performer.stream(iter(faces), camera))
    assert len(streamed) == len(faces)
    for picture, face in zip(streamed, faces, strict=True):
        np.testing.assert_array_equal(picture, performer.draw(face, camera))


def test_what_is_begun_is_what_is_drawn(avatar: Avatar) -> None:
    performer = Performer(avatar)
    camera, face = performer.camera(48, 40), moving_signal(1.0).frame(9)
    drawings = [performer.begin(signal, camera, (0.2, 0.4, 0.6)) for signal in (face, None)]
    for drawing, signal in zip(drawings, (face, None), strict=True):
        np.testing.assert_array_equal(drawing.finish(), performer.draw(signal, camera, (0.2, 0.4, 0.6)))


def test_posing_needs_no_device(avatar: Avatar) -> None:
    assert Performer(avatar, device="none such").pose(None).expression.shape == (len(avatar.rig.expression_names),)
