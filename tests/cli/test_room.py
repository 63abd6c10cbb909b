from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import numpy as np
import pytest

from splatavatar.drive.signal import FaceSignal
from splatavatar.errors import RoomError
from splatavatar.rig.arkit import NAMES
from splatavatar.viewer.room.listener import RoomListener
from splatavatar.viewer.room.member import RoomMember
from splatavatar.viewer.room.messages import Person
from splatavatar.viewer.room.room import Room
from support.rooms import running, token

ROOT = Path(__file__).parents[2]
SPEECH = ROOT / "data" / "speech"
Run = Callable[..., "subprocess.CompletedProcess[str]"]


def started(*arguments: object) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    return subprocess.Popen(
        [sys.executable, "-m", "splatavatar", *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )


@contextmanager
def room(*arguments: object) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """The command, and the links that it has printed; told to end at the end."""
    running = started("room", "--no-open", *arguments)
    try:
        said = _line(running.stdout)
        match = re.fullmatch(r"A room for (\d), one link for each person \(Ctrl-C ends\):\n", said)
        assert match is not None, said + (running.stderr.read() if running.stderr else "")
        links = [_line(running.stdout).split(maxsplit=1)[1].strip() for _ in range(int(match[1]))]
        yield running, links
        running.send_signal(signal.SIGINT)
        assert running.wait(30) == 0
    finally:
        running.kill()
        running.communicate()


def _line(stream: IO[str] | None) -> str:
    assert stream is not None
    return stream.readline()


def _until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def typed(running: subprocess.Popen[str], text: str) -> None:
    assert running.stdin is not None
    running.stdin.write(text + "\n")
    running.stdin.flush()


def test_a_host_invites_and_withdraws(built: None) -> None:
    with room("--people", 3) as (host, links):
        assert len(set(links)) == 3 and all("/room.html?token=" in link for link in links)
        typed(host, "people")
        assert _line(host.stdout) == "Nobody is there.\n"
        with RoomMember(links[0], name="Ann", direct=False) as ann, RoomMember(links[1], name="Bob", direct=False):
            typed(host, "people")
            assert _line(host.stdout) + _line(host.stdout) == "1  Ann\n2  Bob\n"
            typed(host, "revoke 1")
            assert _line(host.stdout) == "The invitation 1 is withdrawn.\n"
            with pytest.raises(RoomError, match="withdrawn"):
                for _ in range(500):
                    ann.show(FaceSignal.neutral())
                    time.sleep(0.01)
        typed(host, "invite")
        number, link = _line(host.stdout).split()
        assert number == "4" and link not in links
        RoomMember(link, direct=False).close()
        for text, sentence in (("revoke 9", "There is no invitation 9.\n"), ("dance", "Type: people, invite, revoke")):
            typed(host, text)
            assert _line(host.stderr).startswith(sentence)


def test_a_shared_room_is_known_by_its_certificate(built: None, tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPLATAVATAR_HOME", str(tmp_path))
        with room("--share") as (_, links):
            assert all(re.fullmatch(r"https://\S+/room\.html\?token=\S+#certificate=\S{43}", link) for link in links)
            RoomMember(links[0], direct=False).close()


class Heard(RoomListener):
    def __init__(self) -> None:
        self.faces: list[tuple[float, float]] = []
        self.sounds: list[tuple[float, float]] = []

    def face(self, person: Person, signal: FaceSignal) -> None:
        self.faces.append((signal.time, float(signal.arkit[NAMES.index("jawOpen")])))

    def sound(self, person: Person, samples: np.ndarray, moment: float) -> None:
        self.sounds.append((moment, float(np.abs(samples).mean())))


@pytest.mark.parametrize("direct", [False, True])
def test_a_voice_drives_somebody_in_a_room(files: Path, direct: bool) -> None:
    if direct:
        pytest.importorskip("aiortc")
    meeting, heard = Room(2), Heard()
    speech = next(path for path in sorted(SPEECH.iterdir()) if path.suffix in (".wav", ".flac", ".ogg", ".mp3"))
    with running(meeting) as port:
        links = [f"http://127.0.0.1:{port}/room.html?token={token(meeting, number)}" for number in (1, 2)]
        with RoomMember(links[0], listener=heard, direct=direct) as listening:
            driving = started(
                "drive", files / "consenting.splatavatar", "--audio", speech, "--room", links[1], "--name", "A"
            )
            errors: list[str] = []
            reading = threading.Thread(target=lambda: errors.append(driving.communicate()[1]))
            reading.start()
            end = time.monotonic() + 60
            while sum(level > 0.01 for _, level in heard.sounds) < 50:
                assert time.monotonic() < end and driving.poll() is None, errors
                time.sleep(0.05)
            assert [person.name for person in listening.people] == ["A"]
            assert bool(listening.direct) == direct
            driving.send_signal(signal.SIGINT)
            reading.join(30)
            assert driving.returncode == 0, errors
    assert len(heard.faces) > 20 and max(jaw for _, jaw in heard.faces) > 0.05
    # Sound belongs to a time at which there were faces.
    assert heard.faces[0][0] - 0.2 < heard.sounds[0][0] and heard.sounds[-1][0] < heard.faces[-1][0] + 0.2


def test_a_drive_comes_back_to_its_room_until_it_is_uninvited(files: Path) -> None:
    meeting, heard = Room(2), list[str]()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        phone = other.getsockname()[1]
    with running(meeting) as port:
        link = f"http://127.0.0.1:{port}/room.html?token={token(meeting, 1)}"
        person = files / "consenting.splatavatar"
        driving = started("drive", person, "--livelink", phone, "--room", link, "--name", "Ann")
        said = threading.Thread(target=lambda: heard.extend(driving.stderr or ()))
        said.start()
        assert _line(driving.stdout) == "in the room with nobody else yet (Ctrl-C leaves)\n"
    try:
        with running(meeting, port=port):
            _until(lambda: "in the room again\n" in heard)
            assert [person.name for _, person in meeting.people] == ["Ann"]
        _until(lambda: sum("on the way back" in line for line in heard) == 2)
        meeting.withdraw(1)
        with running(meeting, port=port):
            assert driving.wait(30) == 2
    finally:
        driving.kill()
        said.join(30)
    assert heard[-1] == "Error: This invitation is not valid (any more): ask the host for a new link.\n"


def test_bad_input_is_one_sentence(built: None, run: Run, files: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = run("room", "--no-open", "--port", port)
    assert (done.returncode, done.stderr) == (
        2,
        f"Error: the port {port} is taken by another program; name another one\n",
    )
    for arguments, sentence in (
        (("room", "--stun", "a b"), "--stun takes HOST or HOST:PORT, not 'a b'"),
        (("room", "--turn", "turn.example"), "--turn takes USER:PASSWORD@HOST or USER:PASSWORD@HOST:PORT"),
        (("drive", "--signal", "x.npz", "--name", "Ann"), "--name is who sits in the room of --room."),
        (
            ("drive", files / "consenting.splatavatar", "--signal", files / "signal.npz", "--room", "x"),
            "this is no link of a room; expected the whole link of an invitation, as splatavatar room prints it",
        ),
    ):
        done = run(*arguments)
        assert (done.returncode, done.stderr) == (2, f"Error: {sentence}\n")
