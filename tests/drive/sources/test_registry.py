from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from splatavatar.drive.sources.live.camera import Webcam
from splatavatar.drive.sources.registry import make, make_from, names
from splatavatar.drive.sources.wire.livelink_udp import LiveLinkSource
from splatavatar.drive.sources.wire.osc import OscSource
from splatavatar.errors import SourceError


def test_every_source_of_the_package_is_there() -> None:
    assert {"audio", "livelink", "mic", "osc", "signal", "video", "webcam"} <= set(names())


def test_ports_and_addresses() -> None:
    source = make_from("livelink:0.0.0.0:12000")
    assert isinstance(source, LiveLinkSource)
    assert (source.listen, source.port) == ("0.0.0.0", 12000)
    source = make("osc", "49983")
    assert isinstance(source, OscSource)
    assert (source.listen, source.port) == ("127.0.0.1", 49983)
    source = make_from("livelink")
    assert isinstance(source, LiveLinkSource)
    assert (source.listen, source.port) == ("127.0.0.1", 11111)
    source = make_from("osc:[::1]:5")
    assert isinstance(source, OscSource)
    assert (source.listen, source.port) == ("::1", 5)


def test_names() -> None:
    assert make("webcam").name == "webcam 0"
    assert make("webcam", "2").name == "webcam 2"
    assert make("mic").channels == {"mouth"}
    assert make("video", "some/clip.mp4").name == "video clip.mp4"
    # Digits elsewhere, but no numbers.
    assert make("mic", "²").name == "mic ²"
    assert make("webcam", "²").name == "webcam ²"


@pytest.mark.parametrize("device", [-1, 2**31, 10**20])
def test_numbers_that_no_camera_has(device: int) -> None:
    with pytest.raises(SourceError, match=f"no camera {device}"):
        Webcam(device).start(lambda signal: None, time.perf_counter)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("kinect", "no source 'kinect'; expected one of audio, livelink"),
        ("livelink:abc", "'abc'"),
        ("livelink:²", "got '²', expected a port or ADDRESS:PORT"),
        ("osc:0.0.0.0:①", "expected a port or ADDRESS:PORT"),
        ("video", "video:FILE"),
        ("osc:²", "expected a port"),
        ("osc:[::1]", "expected a port"),
        ("osc:999999999999999999999", "larger than any port"),
        ("livelink:" + "9" * 5000, "larger than any port"),
        ("webcam:99999999999999999999", "larger than any port or device"),
        ("mic:" + "9" * 5000, "larger than any port or device"),
    ],
)
def test_what_makes_no_sense(text: str, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        make_from(text)


@pytest.fixture
def plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installed package with one plug-in that works and one that does not."""
    (tmp_path / "my_sources.py").write_text(
        "from splatavatar.drive.sources.wire.livelink_udp import LiveLinkSource\n"
        "def one(argument):\n    return LiveLinkSource(int(argument))\n"
        "def two(argument):\n    raise RuntimeError('no licence')\n"
    )
    about = tmp_path / "my_sources-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: my-sources\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[splatavatar.sources]\none = my_sources:one\ntwo = my_sources:two\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "my_sources", raising=False)


@pytest.mark.usefixtures("plugins")
def test_plugins() -> None:
    assert {"one", "two", "webcam"} <= set(names())
    assert make_from("one:12345").name == "livelink 12345"
    with pytest.raises(SourceError, match="'two' of the package 'my-sources' cannot be used: no licence"):
        make("two")
