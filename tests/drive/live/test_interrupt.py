"""Ctrl-C, at any moment, leaves files that play."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import av
import numpy as np
import pytest

from splatavatar.drive.sources.recorded.read import read_signal

PROGRAM = """
import sys
from pathlib import Path
from support.clip import Clip
from support.small_avatar import small_avatar
out, how = sys.argv[1:]
from splatavatar.drive.live.loop import Files, Loop, LoopSettings
from splatavatar.drive.measuring.motion import moving_signal
from splatavatar.drive.performer import Performer
from splatavatar.drive.playback import play
from splatavatar.drive.sinks.signal_record import SignalRecord
from splatavatar.drive.sinks.opening import open_sink
from splatavatar.avatar.framing import default_camera
avatar, out = small_avatar(), Path(out)
camera = default_camera(avatar, 48, 48)
sinks = {name: open_sink(out / name, 30, 48, 48, False) for name in ("a.mp4", "b.webm", "%05d.png")}
print("ready", flush=True)
if how == "play":
    try:
        play(Performer(avatar), moving_signal(10000.0), camera, list(sinks.values()), (1, 1, 1))
    except KeyboardInterrupt:
        print("interrupted", flush=True)
else:
    files = Files(sinks, [SignalRecord(out / "signal.npz", 30)])
    Loop(Performer(avatar), [Clip(10000.0)], [], LoopSettings((48, 48)), files).run()
    print("ended", flush=True)
"""


def frames_of(path: Path) -> int:
    with av.open(str(path)) as container:
        return len(list(container.decode(video=0)))


@pytest.mark.parametrize(("how", "said"), [("play", "interrupted"), ("loop", "ended")])
@pytest.mark.parametrize("seed", [0, 1])
def test_files_play_after_interrupts(tmp_path: Path, how: str, said: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(tmp_path), how],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None and process.stdout.readline().strip() == "ready"
        end = time.monotonic() + 60
        while not list(tmp_path.glob("00*.png")):
            assert process.poll() is None and time.monotonic() < end
            time.sleep(0.01)
        time.sleep(rng.uniform(0, 0.3))
        # More than once, as people do: the later ones fall into the closing of the files.
        for _ in range(4):
            process.send_signal(signal.SIGINT)
            time.sleep(rng.uniform(0, 0.02))
        output, _ = process.communicate(timeout=60)
        # The last one may come when everything is closed, and end the program as it always does.
        assert process.returncode != 0 or output.strip() == said
    finally:
        process.kill()
        process.wait()
    pictures = sorted(tmp_path.glob("*.png"))
    counts = [frames_of(tmp_path / "a.mp4"), frames_of(tmp_path / "b.webm"), len(pictures)]
    assert min(counts) > 0
    if how == "play":
        assert counts == [len(pictures)] * 3
    else:
        assert len(read_signal(tmp_path / "signal.npz")) > 0
    assert not list(tmp_path.glob(".*"))
