"""Live and signal sinks of other packages, by name; those of the document among them."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from splatavatar.drive.measuring.motion import moving_signal
from splatavatar.drive.sinks.named import open_named
from splatavatar.drive.sinks.sink import LiveSink, SignalSink
from splatavatar.drive.sources.recorded.signal_npz import write_signal
from splatavatar.errors import OutputError
from splatavatar.rig.arkit import INDEX

ROOT = Path(__file__).parents[3]
CODE = """
from splatavatar.errors import OutputError

class Faces:
    def __init__(self, argument):
        self.argument = argument
    def take(self, signal, now):
        pass
    def close(self):
        pass

class Both(Faces):
    name, main_thread = "both", False
    def write(self, image, moment, age):
        pass

def busy(argument):
    raise OutputError(f"the stage {argument} is taken.")

def broken(argument):
    raise RuntimeError("no such device")
"""
POINTS = {
    "faces": "a_stage:Faces",
    "both": "a_stage:Both",
    "busy": "a_stage:busy",
    "broken": "a_stage:broken",
    "neither": "a_stage:OutputError",
    "elsewhere": "no_such_module:one",
    ".stage": "a_stage:Faces",
}


def test_what_they_take_is_known_by_their_methods(installed: Callable[..., None]) -> None:
    installed(POINTS, a_stage=CODE)
    faces, both = open_named("faces:host:5000"), open_named("both")
    assert vars(faces) == {"argument": "host:5000"} and vars(both) == {"argument": None}
    assert isinstance(faces, SignalSink) and not isinstance(faces, LiveSink)
    assert isinstance(both, SignalSink) and isinstance(both, LiveSink)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("fax", "there is no sink 'fax'; expected one of both, broken, busy, elsewhere, faces, neither."),
        (".stage", "there is no sink '.stage'; expected one of "),
        ("busy:4", "the stage 4 is taken."),
        ("broken", "the sink 'broken' of the package 'a-stage' cannot be used: no such device."),
        ("neither", "the sink 'neither' of the package 'a-stage' is neither a LiveSink nor a SignalSink."),
        (
            "elsewhere",
            "the sink 'elsewhere' of the package 'a-stage' cannot be used: No module named 'no_such",
        ),
    ],
)
def test_what_cannot_be_opened_is_one_sentence(installed: Callable[..., None], text: str, said: str) -> None:
    installed(POINTS, a_stage=CODE)
    with pytest.raises(OutputError) as caught:
        open_named(text)
    assert str(caught.value).startswith(said)


def test_where_no_package_adds_any() -> None:
    with pytest.raises(OutputError, match=r"^there is no sink 'fax'; no package that is installed adds one\.$"):
        open_named("fax")


def test_those_of_the_document(installed: Callable[..., None], tmp_path: Path) -> None:
    document = (ROOT / "docs" / "drive.md").read_text("utf-8")
    code = next(block for block in re.findall(r"```python\n(.*?)```", document, re.S) if "class Lamp" in block)
    points = re.search(r'entry-points."splatavatar.sinks"\]\n(.*?)```', document, re.S)
    assert points is not None
    installed(dict(line.replace('"', "").split(" = ") for line in points[1].splitlines()), stage=code)
    recording = moving_signal(1.0)
    recording.arkit[:, INDEX["jawOpen"]] = 0.6
    write_signal(tmp_path / "short.npz", recording)
    (tmp_path / "shots").mkdir()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as lamp:
        lamp.bind(("127.0.0.1", 0))
        lamp.settimeout(30)
        command = [sys.executable, "-m", "splatavatar", "drive", "demo", "--signal", "short.npz", "--size", "64x64"]
        command += ["--sink", f"lamp:127.0.0.1:{lamp.getsockname()[1]}", "--sink", "snapshots:shots"]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(tmp_path)])}
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        assert re.match(r"\d+ pictures of 64x64: ", done.stdout)
        pictures = int(done.stdout.split()[0])
        shone = [lamp.recv(16)[0] for _ in range(pictures)]
    assert shone[0] == 0 and max(shone) == pytest.approx(0.6 * 255, abs=20)
    shot = cv2.imread(str(tmp_path / "shots" / "00000.png"))
    assert shot is not None and shot.shape == (64, 64, 3) and np.std(shot) > 5
