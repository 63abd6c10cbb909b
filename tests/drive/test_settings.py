"""What the settings of a session say before anything is opened."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from splatavatar.drive.measuring.motion import moving_signal
from splatavatar.drive.offline import FileInput
from splatavatar.drive.settings import SessionSettings
from splatavatar.drive.signal import FaceSignal
from splatavatar.drive.sources.live.playback_source import RecordingSource
from splatavatar.drive.sources.registry import make_from as open_source
from splatavatar.errors import SplatAvatarError


class Taker:
    """Takes pictures and faces, and does nothing with them."""

    name, main_thread = "taker", False

    def write(self, image: NDArray[np.uint8], moment: float, age: float | None) -> None:
        """See ``LiveSink``."""

    def take(self, signal: FaceSignal, now: float) -> None:
        """See ``SignalSink``."""

    def close(self) -> None:
        """See both."""


def test_what_is_live() -> None:
    given, out = FileInput("signal", Path("face.npz")), [Path("a.mp4")]
    assert SessionSettings([given], out).frame_by_frame is given
    assert SessionSettings([given], record="b.npz").frame_by_frame is given
    for live in (
        SessionSettings([given]),
        SessionSettings([given, "mic"], out),
        SessionSettings(["signal:face.npz"], out),
        SessionSettings([RecordingSource(moving_signal(0.1))], out),
        SessionSettings([given], out, window=True),
        SessionSettings([given], out, virtual_camera=True),
        SessionSettings([given], out, sinks=["lamp"]),
        SessionSettings([given], out, live_sinks=[Taker()]),
        SessionSettings([given], out, signal_sinks=[Taker()]),
        SessionSettings([given], out, realtime=True),
    ):
        assert live.frame_by_frame is None


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"outputs": ["a.mp4", "b/../a.mp4"]}, "b/../a.mp4: two outputs of one name; give each its own."),
        ({"record": "face.npz"}, "face.npz: the file that drives would be overwritten; give the output another name."),
        ({"record": "a.txt"}, "a.txt: unknown kind of recorded face, expected .npz, .csv, .json."),
        ({"behaviour": 3.0}, "the amount of behaviour is from 0 to 2, got 3."),
        ({"outputs": ["a.avi"]}, "a.avi: unknown kind of output, expected a video"),
    ],
)
def test_what_cannot_be(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(SplatAvatarError) as caught:
        SessionSettings([FileInput("signal", Path("face.npz"))], **settings).check()
    assert str(caught.value).startswith(said)


@pytest.mark.parametrize(
    ("source", "settings"),
    [
        ("signal:face.npz", {"record": "face.npz"}),
        ("video:me.mp4", {"outputs": ["b/../me.mp4"]}),
        ("audio:talk.webm", {"outputs": ["talk.webm"]}),
        (open_source("video:me.mp4"), {"outputs": ["me.mp4"]}),
        (open_source("audio:talk.webm"), {"outputs": ["talk.webm"]}),
    ],
)
def test_a_source_by_its_name_keeps_its_file_too(source: Any, settings: dict[str, Any]) -> None:
    with pytest.raises(SplatAvatarError, match="the file that drives would be overwritten"):
        SessionSettings([source], **settings).check()
    SessionSettings([source, "livelink:11111", "osc"], record="other.npz").check()
