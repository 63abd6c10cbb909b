"""What a room costs and how far it is behind: bytes a face, latency, and the distance of lips and voice.

    python benchmarks/room_table.py [--seconds N] [--members N ...] [--direct|--relay]

Every member is a process of its own on this machine, as is the server. Bytes are those of IP packets as they go over
the loopback interface, all headers of IP, TCP or UDP, TLS or DTLS counted; reading them off the interface needs the
right to open raw sockets (root).
"""

from __future__ import annotations

import argparse
import multiprocessing
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from splatavatar.drive.signal import FaceSignal
from splatavatar.rig.arkit import NAMES
from splatavatar.viewer.certificate import fingerprint, own_certificate
from splatavatar.viewer.room.app import create_room_app
from splatavatar.viewer.room.listener import RoomListener
from splatavatar.viewer.room.member import RoomMember
from splatavatar.viewer.room.messages import LONGEST_TEXT, Person
from splatavatar.viewer.room.opus import RATE
from splatavatar.viewer.room.room import Room
from splatavatar.viewer.server import listen, serving

JAW = NAMES.index("jawOpen")
FPS = 30
SETTLE = 4.0
"""seconds before anything is measured: direct connections are found, buffers fill"""
EVERY = 15
"""frames from one word to the next; the first three of them have an open mouth"""


class Timed(RoomListener):
    """Keeps when faces and words arrive; the clock of all processes is the same one of the machine."""

    def __init__(self) -> None:
        self.latencies: list[float] = []
        self.mouths: list[tuple[float, float]] = []
        self.words: list[tuple[float, float]] = []
        self.measuring = False
        self._open, self._loud = False, False

    def face(self, person: Person, signal: FaceSignal) -> None:
        now = time.monotonic()
        if not self.measuring:
            return
        # The head's translation carries the low part of the time at which it was sent.
        sent = (signal.head_translation[0] + 4) / 8 * SPAN
        self.latencies.append((now % SPAN - sent) % SPAN)
        opened = bool(signal.arkit[JAW] > 0.5)
        if opened and not self._open:
            self.mouths.append((signal.time, now))
        self._open = opened

    def sound(self, person: Person, samples: np.ndarray, moment: float) -> None:
        now = time.monotonic()
        loud = np.flatnonzero(np.abs(samples) > 0.2)
        if self.measuring and len(loud) and not self._loud:
            self.words.append((moment + loud[0] / RATE, now + loud[0] / RATE))
        self._loud = bool(len(loud)) or (self._loud and len(samples) == 0)


SPAN = 8.0
"""seconds after which the time that a face carries begins anew: 0.24 ms a step"""


def attend(
    link: str, number: int, members: int, direct: bool, seconds: float, speaks: bool, begin: Any, results: Any
) -> None:
    """One member: the first also speaks, the others listen."""
    heard = Timed()
    with RoomMember(link, name=f"{number}", listener=heard, direct=direct, clock=time.monotonic) as member:
        while len(member.people) < members - 1:
            time.sleep(0.05)
        end = time.monotonic() + 60
        while direct and len(member.direct) < members - 1 and time.monotonic() < end:
            time.sleep(0.05)
        found = len(member.direct)
        begin.wait()
        start = time.monotonic()
        frames = round((SETTLE + seconds) * FPS)
        if number == 0 and speaks:
            member.say(words(frames), start)
        for frame in range(frames):
            time.sleep(max(start + frame / FPS - time.monotonic(), 0))
            heard.measuring = frame > SETTLE * FPS
            jaw = 1.0 if number == 0 and frame % EVERY < 3 else 0.0
            face = FaceSignal.neutral(jawOpen=jaw)
            face.head_translation[0] = time.monotonic() % SPAN / SPAN * 8 - 4
            member.show(face, start + frame / FPS)
        time.sleep(0.5)
    results.put((number, found, heard.latencies, heard.mouths, heard.words))


def words(frames: int) -> np.ndarray:
    """Tones of 100 ms, as often as the mouth opens."""
    time_of = np.arange(round(frames / FPS * RATE)) / RATE
    return np.where(time_of % (EVERY / FPS) < 0.1, 0.7 * np.sin(2 * np.pi * 600 * time_of + 1.5), 0).astype(np.float32)


def host(people: int, folder: str, links: Any, over: Any) -> None:
    """The server, encrypted as one that is shared."""
    room = Room(people)
    certificate = own_certificate(["127.0.0.1"], Path(folder))
    with listen(0) as listening, serving(create_room_app({}, room), listening, certificate, LONGEST_TEXT):
        port, pinned = listening.getsockname()[1], fingerprint(certificate)
        for invitation in room.invitations.valid():
            links.put(f"https://127.0.0.1:{port}/room.html?token={invitation.token.text}#certificate={pinned}")
        over.wait()


@contextmanager
def counted(bytes_of: Counter[tuple[str, int, int]]) -> Iterator[None]:
    """Counts the bytes of every IPv4 packet of the loopback interface by protocol and ports; nothing without rights.

    DTLS, by which faces and what confirms them go, is told from what else a direct connection sends (RFC 7983).
    """
    try:
        raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0003))
        raw.bind(("lo", 0))
    except (AttributeError, OSError):
        yield
        return
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
    raw.settimeout(0.2)
    over = threading.Event()

    def read() -> None:
        while not over.is_set():
            try:
                packet, where = raw.recvfrom(65536)
            except TimeoutError:
                continue
            if where[2] != socket.PACKET_OUTGOING or packet[12:14] != b"\x08\x00":
                continue
            header = (packet[14] & 15) * 4
            kind = {6: "TCP", 17: "UDP"}.get(packet[23], "")
            if kind:
                ports = struct.unpack_from(">HH", packet, 14 + header)
                if kind == "UDP" and 20 <= packet[14 + header + 8] < 64:
                    kind = "DTLS"
                bytes_of[kind, ports[0], ports[1]] += int.from_bytes(packet[16:18], "big")

    thread = threading.Thread(target=read)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        raw.close()


@contextmanager
def meeting(members: int, direct: bool, seconds: float, speaks: bool) -> Iterator[tuple[int, Any]]:
    """So many members in a room, settled: the port of the server, and a queue of what each has measured."""
    spawn = multiprocessing.get_context("spawn")
    links, results, over, begin = spawn.Queue(), spawn.Queue(), spawn.Event(), spawn.Barrier(members + 1)
    with TemporaryDirectory() as folder:
        server = spawn.Process(target=host, args=(members, folder, links, over))
        server.start()
        given = [links.get(timeout=60) for _ in range(members)]
        everybody = [
            spawn.Process(target=attend, args=(link, number, members, direct, seconds, speaks, begin, results))
            for number, link in enumerate(given)
        ]
        for process in everybody:
            process.start()
        begin.wait(180)
        time.sleep(SETTLE)
        yield int(given[0].split(":")[2].partition("/")[0]), results
        for process in everybody:
            process.join()
        over.set()
        server.join()


def measured(members: int, direct: bool, seconds: float) -> str:
    """One row of the table."""
    with meeting(members, direct, seconds, speaks=True) as (_, results):
        found = [results.get(timeout=120) for _ in range(members)]
    latencies = 1000 * np.concatenate([np.asarray(latency) for _, _, latency, _, _ in found])
    arrival, placed = [], []
    for number, _, _, mouths, spoken in found:
        if number == 0:
            continue
        for moment, arrived in spoken:
            nearest = min(mouths, key=lambda mouth: abs(mouth[0] - moment), default=None)
            if nearest is not None and abs(nearest[0] - moment) < 0.2:
                placed.append(1000 * (moment - nearest[0]))
                arrival.append(1000 * (arrived - nearest[1]))
    received = sum(len(latency) for _, _, latency, _, _ in found)
    expected = members * (members - 1) * seconds * FPS
    reached = sum(direct_ones for _, direct_ones, _, _, _ in found)
    cells = [
        f"{members}",
        f"{reached} of {members * (members - 1)}",
        f"{100 * received / expected:.0f} %",
        f"{np.percentile(latencies, 50):.1f} / {np.percentile(latencies, 95):.1f}",
        f"{np.median(arrival):+.0f} ({np.percentile(np.abs(arrival), 95):.0f})" if arrival else "-",
        f"{np.median(placed):+.0f} ({np.percentile(np.abs(placed), 95):.0f})" if placed else "-",
    ]
    return "| " + " | ".join(cells) + " |"


def kilobits(direct: bool, seconds: float) -> str:
    """What two silent members cost: the packets that bring one of them the other's face, and those back for it."""
    with meeting(2, direct, seconds, speaks=False) as (port, results):
        bytes_of: Counter[tuple[str, int, int]] = Counter()
        began = time.monotonic()
        with counted(bytes_of):
            time.sleep(max(seconds - 1, 1))
        took = time.monotonic() - began
        for _ in range(2):
            results.get(timeout=120)
    whole, faces = Counter[tuple[int, int]](), Counter[tuple[int, int]]()
    for (kind, source, target), total in bytes_of.items():
        if direct != (kind == "TCP") and (direct or source == port):
            whole[source, target] += total
            faces[source, target] += total if kind in ("DTLS", "TCP") else 0
    busy = sorted(line for line, total in whole.items() if total > 2000 * took)
    rates = ", ".join(f"{8 * whole[line] / took / 1000:.1f} ({8 * faces[line] / took / 1000:.1f})" for line in busy)
    return (
        f"{'direct' if direct else 'relayed'}: {rates or 'no right to read packets'} kbit/s to each of two members"
        " (faces and what confirms them)"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--members", type=int, nargs="+", default=[2, 8])
    ways = parser.add_mutually_exclusive_group()
    ways.add_argument("--direct", action="store_true")
    ways.add_argument("--relay", action="store_true")
    asked = parser.parse_args()
    chosen = [direct for direct in (False, True) if not (asked.relay if direct else asked.direct)]
    for direct in chosen:
        print(kilobits(direct, asked.seconds), flush=True)
    print("| members | direct | faces that came | latency p50 / p95, ms | sound after face (p95), ms | by `moment` |")
    print("|---|---|---|---|---|---|")
    for members in asked.members:
        for direct in chosen:
            print(measured(members, direct, asked.seconds), flush=True)


if __name__ == "__main__":
    main()
