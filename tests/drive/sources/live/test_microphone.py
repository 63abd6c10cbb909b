"""Opening a microphone, of a PortAudio that stands in for one: machines that test have no sound card."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import pytest

from splatavatar.drive.sources.live.microphone import open_microphone
from splatavatar.errors import SourceError


class Refused(Exception):
    """As ``sounddevice.PortAudioError``."""


class Device:
    """One that a single stream may have, and that runs at one rate alone, which it says when it starts."""

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self.open: list[Any] = []

    def module(self) -> ModuleType:
        device = self

        class InputStream:
            def __init__(self, samplerate: int, **settings: Any) -> None:
                if device.open:
                    raise Refused("Device unavailable")
                self.samplerate = samplerate
                device.open.append(self)

            def start(self) -> None:
                if self.samplerate != device.rate:
                    raise Refused("Invalid sample rate")

            def close(self, ignore_errors: bool = True) -> None:
                device.open.remove(self)

        module: Any = ModuleType("sounddevice")
        module.PortAudioError, module.InputStream = Refused, InputStream
        module.query_devices = lambda *which: {"default_samplerate": 48000.0}
        return module  # type: ignore[no-any-return]


@pytest.mark.parametrize("rate", [16000, 48000])
def test_a_stream_that_does_not_start_lets_go_of_the_device(rate: int, monkeypatch: pytest.MonkeyPatch) -> None:
    device = Device(rate)
    monkeypatch.setitem(sys.modules, "sounddevice", device.module())
    stream = open_microphone(None, lambda samples, ago: None)
    assert stream.samplerate == rate
    assert device.open == [stream]


def test_nothing_is_left_open_where_no_rate_will_do(monkeypatch: pytest.MonkeyPatch) -> None:
    device = Device(44100)
    monkeypatch.setitem(sys.modules, "sounddevice", device.module())
    with pytest.raises(SourceError, match="invalid sample rate"):
        open_microphone(None, lambda samples, ago: None)
    assert not device.open
